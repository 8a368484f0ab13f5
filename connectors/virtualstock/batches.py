"""Several SKUs written one call after the other, since there is no bulk call."""

from collections.abc import Callable, Collection, Sequence

from connectors.canonical.deliveries import Delivery, DeliveryState, RefusedLine
from connectors.canonical.errors import PermanentError, TransientError, UnknownOutcomeError
from connectors.virtualstock.catalogue import ProductIds
from connectors.virtualstock.refusals import PUBLISHING, RefusedFieldsError

UNKNOWN_PRODUCT = "The retailer has no product with this part number."
LOCKED = "The retailer is publishing this product, which locks it for some minutes. The hub sends it again."
CUT_OFF = "The call budget was used up before it was its turn. The hub sends it with the next batch."
GONE = frozenset({"PRODUCT_NOT_FOUND", "not_found"})
ENVELOPE = frozenset({"part_number", "category", "client", "supplier", "data"})  # no fields of a data model


class Batch:
    """One run of it. A SKU that is refused, locked or lost leaves the others alone.

    Once nobody may call, the rest is named as busy: it was not tried, and goes out with the next batch. Raises, in this
    order of weight: UnknownOutcomeError when any call was lost (the very same may be sent again: it sets states);
    TransientError when nothing was written.
    """

    def __init__(
        self,
        ids: ProductIds,
        write: Callable[[str, str], None],
        *,
        refused: Sequence[RefusedLine],
        absent: Collection[str],
    ) -> None:
        self._ids, self._write, self._absent = ids, write, absent  # absent: written although no product has it
        self._refused = list(refused)
        self._lost: UnknownOutcomeError | None = None
        self._cut_off = False  # nobody may call now
        self._written = 0

    def run(self, skus: Sequence[str]) -> Delivery:
        ids = self._ids.of(skus)
        for sku in [sku for sku in skus if self._send(sku, ids[sku]) is False]:
            if self._send(sku, ids[sku]) is False:  # locked a moment ago, and still at the end of the run
                self._refused.append(RefusedLine(sku=sku, message=LOCKED, code=PUBLISHING, busy=True))
        if self._lost is not None:
            raise self._lost
        taken = len(skus) - len({line.sku for line in self._refused} & set(skus))
        return Delivery(state=DeliveryState.DONE, refused=tuple(self._refused), taken=taken)

    def _send(self, sku: str, numbers: Sequence[str]) -> bool:
        """False: the retailer is publishing one of its products, so it is not all written."""
        if self._cut_off:
            self._refused.append(RefusedLine(sku=sku, message=CUT_OFF, busy=True))
            return True
        if not numbers and sku not in self._absent:
            self._refused.append(RefusedLine(sku=sku, message=UNKNOWN_PRODUCT, code="PRODUCT_NOT_FOUND"))
            return True
        try:
            for number in numbers or ("",):
                self._send_one(sku, number)
        except UnknownOutcomeError as error:
            self._lost = error
        except PermanentError as error:
            self._refused += _lines(sku, error)
        except TransientError as error:
            if error.code == PUBLISHING:
                return False
            if self._lost is None and not self._written:
                raise
            self._cut_off = True
            self._refused.append(RefusedLine(sku=sku, message=CUT_OFF, busy=True))
        return True

    def _send_one(self, sku: str, number: str) -> None:
        try:
            self._write(sku, number)
        except PermanentError as error:
            if not number or error.code not in GONE:
                raise
            fresh = [other for other in self._ids.look_again(sku) if other != number]
            if not fresh:
                raise
            self._write(sku, fresh[0])
        self._written += 1


def _lines(sku: str, error: PermanentError) -> list[RefusedLine]:
    """One for each field that the answer names, else one of the whole."""
    named = error.fields if isinstance(error, RefusedFieldsError) else {"": error}
    return [
        RefusedLine(sku=sku, message=_words(one), code=one.code, attribute="" if field in ENVELOPE else field)
        for field, one in named.items()
    ]


def _words(error: PermanentError) -> str:
    return f"{error.message} It says: {error.platform_words}" if error.platform_words else error.message
