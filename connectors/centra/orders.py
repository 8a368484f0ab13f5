"""What the hub does with orders at Centra once they exist: find, read, finish, hold, release, cancel.

`confirmOrder` is the commit point: until then an order cannot ship. Mutations are the scarce thing (1,000 an hour by
default), so every command reads first and sends only what is missing; an order takes two: its external id, and the
confirmation.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from zoneinfo import ZoneInfo

from connectors.canonical.cursor import NO_TIME
from connectors.canonical.destinations import Destination
from connectors.canonical.errors import HubError, PermanentError, TransientError, UnknownOutcomeError
from connectors.canonical.orders import Order, TargetOrder, TargetState
from connectors.canonical.payload import JSON
from connectors.centra import documents, translate, translate_sold
from connectors.centra.client import Answer, CentraClient
from connectors.centra.documents.sold import READ_DESTINATION
from connectors.centra.reading import read_moment

PAGE_ROWS = 50
MAX_INT = 2**31 - 1  # GraphQL's Int

COMMITTED = frozenset({TargetState.CONFIRMED, TargetState.PROCESSING, TargetState.SHIPPED})


@dataclass(frozen=True, kw_only=True)
class Goal:
    """What a mutation is for. Centra refuses in prose without codes ("already confirmed"), so its words decide nothing:
    a refusal is benign when the order, read again, shows the goal reached.
    """

    name: str  # "confirm": makes the refusal's code
    field: str  # the mutation's name in the document
    words: str  # "confirm order {}", to be filled with its number
    reached: Callable[[TargetOrder], bool]


# The closed table of benign refusals, with `tagged` and `lines_cancelled` below.
HELD = Goal(name="hold", field="update", words="put order {} on hold", reached=lambda order: order.on_hold)
RELEASED = Goal(name="release", field="update", words="release order {}", reached=lambda order: not order.on_hold)
CONFIRMED = Goal(
    name="confirm", field="confirm", words="confirm order {}", reached=lambda order: order.state in COMMITTED
)
CANCELLED = Goal(
    name="cancel",
    field="cancel",
    words="cancel order {}",
    reached=lambda order: order.state is TargetState.CANCELLED,
)


def tagged(reference: str) -> Goal:
    return Goal(
        name="tag",
        field="update",
        words="set the external id of order {}",
        reached=lambda order: order.reference == reference,
    )


READDRESSED = Goal(
    name="readdress", field="update", words="change the address of order {}", reached=lambda order: False
)


def lines_cancelled(expected: Mapping[str, int]) -> Goal:
    """`expected`: line id → units that must be cancelled in all."""

    def reached(order: TargetOrder) -> bool:
        cancelled = {line.line_id: line.cancelled_quantity for line in order.lines}
        return all(cancelled.get(line_id, 0) >= units for line_id, units in expected.items())

    return Goal(name="cancel_lines", field="update", words="cancel the lines of order {}", reached=reached)


class Orders:
    def __init__(self, client: CentraClient, *, zone: ZoneInfo) -> None:
        self._client, self._zone = client, zone
        self.notices: list[str] = []  # what Centra remarked on while it did what it was asked

    # --- reading --------------------------------------------------------------------------------------------------
    def find(self, reference: str) -> tuple[TargetOrder, ...]:
        """By external id, comment and payment transaction, compared exactly. Oldest first."""
        numbers = sorted(self._search(reference))
        chunks = (numbers[start : start + PAGE_ROWS] for start in range(0, len(numbers), PAGE_ROWS))
        rows = [row for chunk in chunks for row in self._rows({"number": chunk}, limit=PAGE_ROWS)]
        rows.sort(key=lambda row: (read_moment(row["createdAt"], zone=self._zone) or NO_TIME, row["number"]))
        return tuple(translate.parse_target_order(row, zone=self._zone) for row in rows)

    def read(self, external_id: str) -> TargetOrder | None:
        rows = self._rows({"number": [whole_id(external_id)]}, limit=1)
        return translate.parse_target_order(rows[0], zone=self._zone) if rows else None

    def need(self, external_id: str) -> TargetOrder:
        found = self.read(external_id)
        if found is None:
            raise PermanentError(f"Centra has no order {external_id}.", subject=external_id, code="order_gone")
        return found

    def _search(self, reference: str) -> set[int]:
        numbers: set[int] = set()
        for page in count(1):
            data = self._client.execute(
                documents.FIND_ORDERS, {**_searched(reference), "limit": PAGE_ROWS, "page": page}
            ).data
            numbers |= translate.carriers_of(data, reference).keys()
            if all(len(rows) < PAGE_ROWS for rows in data.values()):
                break
        return numbers

    def _rows(self, where: Mapping[str, JSON], *, limit: int) -> list[dict[str, JSON]]:
        answer = self._client.execute(documents.READ_ORDERS, {"where": dict(where), "limit": limit})
        rows: list[dict[str, JSON]] = answer.data["orders"]
        return rows

    # --- finishing ------------------------------------------------------------------------------------------------
    def finish(self, external_id: str, *, reference: str, hold_reason: str, confirm: bool) -> None:
        """Tag, hold and confirm, sending what is missing: at most two mutations, in one call.

        A hold goes ahead in a call of its own, since an order whose hold was refused must not be confirmed. It is set
        while the order is half-made only, and never lifted here: a hold that a person lifted stays lifted.
        """
        number = whole_id(external_id)
        found = self._read_before_finish(number, reference)
        _refuse_unfinishable(found, reference)
        tag, pending = found.reference != reference, found.state is TargetState.PENDING
        wanted: dict[str, JSON] = {"externalId": reference} if tag else {}
        goals = [tagged(reference)] if tag else []
        if hold_reason and not found.on_hold and (tag or pending):
            held = {**wanted, "isOnHold": True, "holdStatusChangeReason": hold_reason}
            self._do(documents.UPDATE_ORDER, number, [*goals, HELD], input=held)
            wanted, goals = {}, []
        if confirm and pending:
            self._confirm(number, wanted, goals)
        elif wanted:
            self._do(documents.UPDATE_ORDER, number, goals, input=wanted)
        if tag and not pending:
            self.notices.append(
                f"Order {number} was confirmed before the hub confirmed it. Auto-confirm seems to be on in Centra: "
                "switch it off, or a late duplicate may ship."
            )

    def _confirm(self, number: int, wanted: Mapping[str, JSON], goals: Sequence[Goal]) -> None:
        if wanted:
            self._do(documents.UPDATE_AND_CONFIRM_ORDER, number, [*goals, CONFIRMED], input=dict(wanted))
        else:
            self._do(documents.CONFIRM_ORDER, number, [CONFIRMED])

    def _read_before_finish(self, number: int, reference: str) -> TargetOrder:
        """The order; a duplicate of an order that is already committed is refused."""
        data = self._client.execute(documents.READ_BEFORE_FINISH, {"number": number, **_searched(reference)}).data
        if not data["this"]:
            raise PermanentError(f"Centra has no order {number}.", subject=str(number), code="order_gone")
        found = translate.parse_target_order(data["this"][0], zone=self._zone)
        if found.state is TargetState.PENDING:
            _refuse_rival(number, reference, translate.carriers_of(data, reference))
        return found

    # --- holding and cancelling -----------------------------------------------------------------------------------
    def hold(self, external_id: str, *, reason: str) -> None:
        if not self.need(external_id).on_hold:
            wanted = {"isOnHold": True, "holdStatusChangeReason": reason}
            self._do(documents.UPDATE_ORDER, whole_id(external_id), [HELD], input=wanted)

    def release(self, external_id: str, *, reason: str) -> None:
        """Lift a hold that a person or the hub set; one that Centra itself set stays, with its reason told."""
        found = self.need(external_id)
        if not found.on_hold:
            return
        if found.hold_reason:
            why = found.hold_reason.replace("_", " ").lower()
            words = f"Centra itself holds order {external_id}: {why}. Settle that in Centra."
            raise PermanentError(words, subject=external_id, platform_words=found.hold_reason, code="held_by_centra")
        wanted = {"isOnHold": False, "holdStatusChangeReason": reason}
        self._do(documents.UPDATE_ORDER, whole_id(external_id), [RELEASED], input=wanted)

    def cancel(self, external_id: str, *, comment: str) -> None:
        found = self.need(external_id)
        if found.state is not TargetState.CANCELLED:
            self._do(documents.CANCEL_ORDER, whole_id(external_id), [CANCELLED], id=found.internal_id, comment=comment)

    def cancel_lines(self, external_id: str, *, quantities: Mapping[str, int], comment: str) -> None:
        if not quantities:
            return
        found = self.need(external_id)
        _refuse_uncancellable(found, quantities)
        before = {line.line_id: line.cancelled_quantity for line in found.lines}
        goal = lines_cancelled({line_id: before[line_id] + units for line_id, units in quantities.items()})
        wanted = {
            "cancelLines": [self._cancel_line(line_id, units) for line_id, units in quantities.items()],
            "cancellationComment": comment,
        }
        self._do(documents.UPDATE_ORDER, whole_id(external_id), [goal], input=wanted)

    def destination(self, external_id: str) -> Destination:
        rows = self._client.execute(READ_DESTINATION, {"number": whole_id(external_id)}).data["orders"]
        if not rows:
            raise PermanentError(f"Centra has no order {external_id}.", subject=external_id, code="order_gone")
        return translate_sold.parse_destination(rows[0])

    def readdress(self, external_id: str, order: Order, *, email: str) -> None:
        """What it came to is read back by who asked; so a mere warning decides nothing."""
        wanted = {"number": whole_id(external_id), "input": translate_sold.build_addresses(order, email)}
        answer = self._client.execute(documents.UPDATE_ORDER, wanted)
        if answer.refusals:
            raise _missed(READDRESSED, self.need(external_id), theirs=answer.refused(READDRESSED.field))
        self.notices.extend(said.message for said in answer.warnings)

    def _cancel_line(self, line_id: str, units: int) -> dict[str, JSON]:
        policy: dict[str, JSON] = (
            {"stockAction": "RELEASE_BACK_TO_WAREHOUSE"}
            if self._speaks_stock_action
            else {"stockActionPolicy": {"releaseItemsBackToWarehouse": True}}
        )
        return {"line": {"id": int(line_id)}, "quantity": units, **policy}

    @cached_property
    def _speaks_stock_action(self) -> bool:
        """Whether the tenant still speaks the older dialect of cancelling lines."""
        described = self._client.execute(documents.CANCEL_LINE_FIELDS).data["__type"] or {}
        return "stockAction" in {field["name"] for field in described.get("inputFields") or ()}

    # --- sending --------------------------------------------------------------------------------------------------
    def _do(self, document: documents.Document, number: int, goals: Sequence[Goal], **variables: JSON) -> None:
        """Send mutations to one order and see to it that their goals are reached."""
        named = {"number": number} if "$number" in document.text else {}
        answer = self._client.execute(document, {**named, **variables})
        if answer.refusals or answer.warnings or not all(_has_order(payload) for payload in answer.data.values()):
            self._settle(answer, number, goals)

    def _settle(self, answer: Answer, number: int, goals: Sequence[Goal]) -> None:
        """Centra refused or skipped a part, in words that decide nothing: what the order now shows does."""
        try:
            found = self.need(str(number))
        except HubError as error:
            words = f"Centra did not do all it was asked with order {number}, and the order could not be read again."
            raise UnknownOutcomeError(words, platform_words=error.platform_words, code=error.code) from error
        for goal in goals:
            if not goal.reached(found):
                raise _missed(goal, found, theirs=answer.refused(goal.field) or answer.warned())
        self.notices.extend(said.message for said in (*answer.refusals, *answer.warnings))


def _searched(reference: str) -> dict[str, JSON]:
    return {"references": [reference], "mark": translate.reference_mark(reference)}


def _missed(goal: Goal, found: TargetOrder, *, theirs: str) -> HubError:
    """What Centra itself waits for passes by itself; every other refusal is a person's to settle."""
    number = found.external_id
    if goal is CONFIRMED and found.on_hold and found.hold_reason.startswith("WAITING_"):
        why = found.hold_reason.replace("_", " ").lower()
        words = f"Centra does not confirm order {number} yet: it is {why}."
        return TransientError(words, platform_words=theirs, code="held_by_centra")
    words = f"Centra did not {goal.words.format(number)}. Look at it in Centra, settle the reason, then retry."
    return PermanentError(words, subject=number, platform_words=theirs, code=f"{goal.name}_refused")


def _has_order(payload: JSON) -> bool:
    return isinstance(payload, dict) and payload.get("order") is not None


def whole_id(external_id: str, *, kind: str = "order") -> int:
    """A number that Centra may have given; PermanentError for anything else, before anything is sent."""
    number = int(external_id) if external_id.isascii() and external_id.isdigit() else 0
    if not 0 < number <= MAX_INT:
        raise PermanentError(f"{external_id} is not the number of a Centra {kind}.", subject=external_id, code="number")
    return number


def _refuse_unfinishable(found: TargetOrder, reference: str) -> None:
    number = found.external_id
    if found.state is TargetState.CANCELLED:
        words = (
            f"Order {number} was cancelled in Centra. Decide whether {reference} is to be sent again or cancelled too."
        )
        raise PermanentError(words, subject=number, platform_words=found.target_state, code="cancelled")
    if found.state is TargetState.UNKNOWN:
        words = f"Order {number} is in a state that the hub does not know, so nothing was done. Look at it in Centra."
        raise PermanentError(words, subject=number, platform_words=found.target_state, code="unknown_state")
    if found.reference not in ("", reference):
        words = f"Order {number} already carries the external id {found.reference}, so it was not made {reference}."
        raise PermanentError(words, subject=number, code="other_reference")


def _refuse_rival(number: int, reference: str, carriers: Mapping[int, TargetState]) -> None:
    """Two orders for one sale: the one that is committed stays, this one must not follow it."""
    rivals = [rival for rival, state in carriers.items() if rival != number and state in COMMITTED]
    if rivals:
        words = (
            f"Order {min(rivals)} is already confirmed for {reference}, so order {number} is a duplicate: cancel it."
        )
        raise PermanentError(words, subject=str(number), code="duplicate")


def _refuse_uncancellable(found: TargetOrder, quantities: Mapping[str, int]) -> None:
    left = {line.line_id: line.quantity for line in found.lines}
    for line_id, units in quantities.items():
        if not 0 < units <= left.get(line_id, 0):
            has = left.get(line_id, 0)
            words = f"{units} units of line {line_id} cannot be cancelled: order {found.external_id} has {has} of it."
            raise PermanentError(words, subject=found.external_id, code="quantity")
