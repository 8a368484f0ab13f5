"""Centra as a channel of stock that another system owns: what is free in one warehouse is set there, and read back.

The hub knows how many units are FREE to sell. `setStock` takes what is on the shelf (PHYSICAL) and Centra takes its own
allocations off: on the shelf = free + what is allocated there, read just before. It sets a state, so it may be repeated;
`changeStock`, which adds and takes off, is never used. What is as it should be already costs no mutation: 1,000 an hour
is what a tenant has for everything.
Source: Integration API pages Stock and setStock; rate limits.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from connectors.base import Capability
from connectors.canonical.deliveries import Delivery, DeliveryState, RefusedLine
from connectors.canonical.errors import ConfigurationError, DataError, TransientError, UnknownOutcomeError
from connectors.canonical.offers import Offer, OfferPage
from connectors.canonical.payload import JSON
from connectors.canonical.stock import StockUpdate
from connectors.centra import documents, translate_stock
from connectors.centra.client import CentraClient
from connectors.centra.documents import LIST_ROWS, SET_STOCK
from connectors.centra.paging import Position
from connectors.centra.translate_stock import OnShelf

SKUS_A_CALL = 40
LINES_MAX = LIST_ROWS  # one mutation, and one page to read back
WHY = "Set by the integration hub"
# One batch: the shelf of every SKU, the mutation, and one page to see what became of it.
COSTS: Mapping[str, int] = {
    "requests": LINES_MAX // SKUS_A_CALL + 2,
    "mutations": SET_STOCK.mutations,
    "complexity": 150 * LINES_MAX + SET_STOCK.complexity + documents.READ_WAREHOUSE_STOCK.complexity,
}

NOT_KNOWN = "Centra knows no product with this SKU."
SEVERAL = "Several sizes in Centra carry this SKU. Give each its own there."
NO_ROW = "Centra shows no stock of it in the warehouse that the hub writes."
LEFT_MEANWHILE = "Units left the shelf while it was written."


@dataclass(frozen=True, kw_only=True)
class Line:
    """One SKU of a batch: what shall be free, and what must be on the shelf for that."""

    sku: str
    free: int
    size_id: int
    physical: int

    def as_input(self) -> dict[str, JSON]:
        return {"productSize": {"id": self.size_id}, "quantity": self.physical}


class Shelf:
    def __init__(self, client: CentraClient, *, zone: ZoneInfo, warehouse: int | None) -> None:
        self.client = client
        self.zone = zone
        self._warehouse = warehouse

    @property
    def warehouse(self) -> int:
        if self._warehouse is None:
            words = (
                "No warehouse is named that the hub may write stock into. Enter “Warehouse that the hub writes” on the "
                "Centra connection."
            )
            raise ConfigurationError(words, operation=Capability.SEND_STOCK, code="no_stock_warehouse")
        return self._warehouse

    # --- setting --------------------------------------------------------------------------------------------------
    def send(self, updates: Sequence[StockUpdate]) -> Delivery:
        """Have Centra show so many units free. Repeatable: it sets a state.

        A SKU that Centra does not know, or shows otherwise afterwards, is named as refused; the others stand. Raises
        ConfigurationError without a warehouse, UnknownOutcomeError when it may have been set.
        """
        refused, lines = list[RefusedLine](), list[Line]()
        for update, found in self._shelves(updates):
            if isinstance(found, str):
                refused.append(RefusedLine(sku=update.sku, message=found))
                continue
            wanted = update.quantity + found.allocated
            if found.physical != wanted:
                lines.append(Line(sku=update.sku, free=update.quantity, size_id=found.size_id, physical=wanted))
        written, words = self._set(lines)
        if words:
            return Delivery(state=DeliveryState.FAILED, words=words)
        refused += [RefusedLine(sku=line.sku, message=told) for line, told in written.items() if told]
        refused += self._not_as_set([line for line, told in written.items() if not told])
        return Delivery(state=DeliveryState.DONE, refused=tuple(refused), taken=len(updates) - len(refused))

    def _shelves(self, updates: Sequence[StockUpdate]) -> Iterator[tuple[StockUpdate, OnShelf | str]]:
        """Each update with what Centra has of the SKU, or with why it can have none of it."""
        for start in range(0, len(updates), SKUS_A_CALL):
            part = updates[start : start + SKUS_A_CALL]
            data = self._read([update.sku for update in part])
            for index, update in enumerate(part):
                yield update, _shelf(update.sku, data[f"s{index}"])

    def _read(self, skus: Sequence[str]) -> Mapping[str, JSON]:
        variables: dict[str, JSON] = {f"s{index}": sku for index, sku in enumerate(skus)}
        return self.client.execute(documents.shelf_of(len(skus)), {**variables, "warehouse": [self.warehouse]}).data

    def _set(self, lines: Sequence[Line]) -> tuple[dict[Line, str], str]:
        """Each line with why Centra refused it, "" for none; and why it refused them all, "" when it did not.

        A refused mutation changes nothing: the lines that were not at fault go once more.
        """
        told, left = dict.fromkeys(lines, ""), list(lines)
        for _ in range(2):
            if not left:
                break
            levels = [line.as_input() for line in left]
            answer = self.client.execute(SET_STOCK, {"warehouse": self.warehouse, "why": WHY, "levels": levels})
            if not answer.refusals:
                return told, ""
            faults = self._faults(answer.data["set"].get("userErrors") or (), len(left))
            if not faults:
                return told, answer.refused("set")
            told |= {line: faults[index] for index, line in enumerate(left) if index in faults}
            left = [line for index, line in enumerate(left) if index not in faults]
        return told, "Centra refused other lines when the first were left out." if left else ""

    def _faults(self, errors: Sequence[JSON], count: int) -> dict[int, str]:
        """By the place of a line in what was sent: why Centra refused it. None when an error names no line."""
        found: dict[int, str] = {}
        for error in errors:
            path = [str(part) for part in error.get("path") or ()]
            if path[1:2] == ["warehouse"]:
                words = (
                    f"Centra does not take stock for warehouse {self.warehouse}. Correct “Warehouse that the hub writes” on "
                    "the Centra connection."
                )
                theirs = str(error.get("message", ""))
                raise ConfigurationError(
                    words, operation=Capability.SEND_STOCK, platform_words=theirs, code="stock_warehouse"
                )
            if path[1:2] != ["productSizes"] or not (path[2:] and path[2].isdecimal() and int(path[2]) < count):
                return {}
            found[int(path[2])] = str(error.get("message", ""))
        return found

    def _not_as_set(self, lines: Sequence[Line]) -> Iterator[RefusedLine]:
        if not lines:
            return
        shown = self._read_back([line.size_id for line in lines])
        for line in lines:
            if told := _differs(line, shown.get(line.size_id)):
                yield RefusedLine(sku=line.sku, message=told, busy=told == LEFT_MEANWHILE)

    def _read_back(self, sizes: Sequence[int]) -> Mapping[int, OnShelf]:
        asked = {"warehouse": [self.warehouse], "sizes": list(sizes), "limit": len(sizes)}
        try:
            rows = self.client.execute(documents.READ_WAREHOUSE_STOCK, asked).data["warehouses"]
        except TransientError as error:
            words = "Centra was told the stock, and could not be asked what it shows now."
            raise UnknownOutcomeError(words, platform_words=error.platform_words, code="not_read_back") from error
        return translate_stock.parse_shelf_rows(rows)

    # --- what it shows --------------------------------------------------------------------------------------------
    def page(self, *, token: str | None) -> OfferPage:
        """One page of what is free, SKU by SKU. Sizes that are switched off are not on offer; prices are not told."""
        position = Position.from_token(token)
        asked = {"where": {"isActive": True, **position.where()}, "limit": LIST_ROWS, "page": position.page}
        data = self.client.execute(documents.READ_OFFERED_SIZES, {**asked, "warehouse": [self.warehouse]}).data
        rows = data["productSizes"]
        following = position.after(rows, limit=LIST_ROWS, zone=self.zone)
        return OfferPage(
            offers=translate_stock.parse_offers(rows), next_token=None if following is None else following.token()
        )

    def offers_of(self, skus: Sequence[str]) -> tuple[Offer, ...]:
        """The same of a few SKUs. One that Centra does not know, or that several sizes carry, is left out."""
        wanted = [sku for sku in dict.fromkeys(skus) if sku]
        found: list[Offer] = []
        for start in range(0, len(wanted), SKUS_A_CALL):
            part = wanted[start : start + SKUS_A_CALL]
            data = self._read(part)
            for index, sku in enumerate(part):
                same = [offer for offer in translate_stock.parse_offers(data[f"s{index}"]) if offer.sku == sku]
                found += same if len(same) == 1 else []
        return tuple(found)


def _shelf(sku: str, sizes: JSON) -> OnShelf | str:
    try:
        found = translate_stock.parse_shelf(sku, sizes)
    except DataError:
        return SEVERAL
    return NOT_KNOWN if found is None else found


def _differs(line: Line, now: OnShelf | None) -> str:
    """Why what Centra shows is not what was set; "" when it is, or when only an order came in since."""
    if now is None:
        return "" if line.physical == 0 else NO_ROW
    if now.free == line.free or (now.physical == line.physical and now.free < line.free):
        return ""
    if now.physical == line.physical:
        return LEFT_MEANWHILE
    told = f"Centra shows {now.physical} on the shelf where {line.physical} were set"
    return f"{told}: somebody else changes the stock of this warehouse."
