"""Refund requests of goods that were dispatched → our returns, and how a list without a time of change is read. Pure.

A seller may say that goods arrived and decide lines; the refund itself is the operator's: refundRequestRefund is not
open to sellers. Source: Marketplacer Seller API, RefundRequest and its state machines; G:refundrequeststatusenum,
G:refundrequestlineitemstatusenum, D:operator-api/reference/mutations/refundrequestrefund.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from connectors.base import Record
from connectors.canonical.money import Money, total
from connectors.canonical.payload import JSON
from connectors.canonical.returns import RefundEntry, Return, ReturnLine, ReturnState, check_return
from connectors.marketplacer.reading import Node, read_moment
from connectors.marketplacer.translate import reference_of

STATES: Mapping[str, ReturnState] = {
    "AWAITING": ReturnState.REQUESTED,
    "RETURNED": ReturnState.RECEIVED,
    "PROCESSED": ReturnState.RECEIVED,
    "REFUND_ACCEPTED": ReturnState.RECEIVED,
    "REFUNDED": ReturnState.COMPLETED,
    "DENIED": ReturnState.CANCELLED,
    "REFUND_DENIED": ReturnState.CANCELLED,
}
REFUNDED, DENIED_LINE = "REFUNDED", "REFUND_DENIED"


# --- reading the list -------------------------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class Turn:
    """How far a reading has come. Refund requests have no `updatedSince`, so two lists stand in for one: those made in

    the window, then those refunded in it. What becomes of an open one meanwhile shows only when it is asked for.
    """

    refunded: bool = False
    after: str = ""

    @classmethod
    def decoded(cls, token: str | None) -> "Turn":
        return cls(**json.loads(token)) if token else cls()

    def encoded(self) -> str:
        return json.dumps(vars(self), separators=(",", ":"))

    def filters(self, *, since: datetime, until: datetime) -> JSON:
        word = "refunded" if self.refunded else "created"
        return {f"{word}Since": since.isoformat(), f"{word}Until": until.isoformat()}

    def following(self, cursor: str | None) -> "Turn | None":
        if cursor is not None and cursor != self.after:
            return Turn(refunded=self.refunded, after=cursor)
        return None if self.refunded else Turn(refunded=True)


def is_return(payload: JSON) -> bool:
    """Whether goods come back. Before dispatch it is a cancellation; an instance that does not say which has none to show."""
    rows = payload.get("lineItems") if isinstance(payload, dict) else None
    lines = rows if isinstance(rows, list) else []
    return any(isinstance(line, dict) and line.get("dispatched") is True for line in lines)


def as_record(payload: JSON) -> Record:
    return Record(
        kind="return",
        external_id=str(payload.get("id") or ""),
        payload=payload,
        updated_at=read_moment(payload.get("refundedAt")) or read_moment(payload.get("createdAt")),
        order_external_id=reference_of(payload.get("invoice")),
    )


# --- theirs → ours ----------------------------------------------------------------------------------------------------
def parse_return(payload: JSON, *, currency: str) -> Return:
    """Return the canonical return for one refund request: its lines of dispatched goods, and the money of all its lines.

    That goods are fit to sell, or when the marketplace decides by itself, nothing there says. Raises DataError naming
    every field at fault by its path.
    """
    node = Node.root(payload)
    number = node.text("legacyId") or node.text("id", required=True)
    node.faults.record = f"Return {number}"
    word, invoice = node.text("status", required=True), node.child("invoice")
    if invoice is None:
        node.fault("invoice", "Marketplacer does not say which order it belongs to.")
    wanted = _wanted(node, currency=currency)
    found = Return(
        external_id=node.text("id"),
        number=number,
        order_external_id=invoice.text("legacyId", required=True) if invoice else "",
        state=STATES.get(word, ReturnState.UNKNOWN),
        source_state=word,
        lines=tuple(_line(line, sold, currency=currency) for line, sold in _goods(node)),
        created_at=node.moment("createdAt"),
        updated_at=node.moment("refundedAt") or node.moment("createdAt"),
        refund_wanted=wanted,
        refunds=_refunds(node, wanted, currency=currency) if word == REFUNDED else (),
    )
    node.faults.raise_any()
    return check_return(found)


def _goods(node: Node) -> list[tuple[Node, Node]]:
    """A line without a line item is an amount of its own, such as postage."""
    pairs = [(line, line.child("lineItem")) for line in node.children("lineItems") if line.flag("dispatched")]
    return [(line, sold) for line, sold in pairs if sold is not None]


def _line(line: Node, sold: Node, *, currency: str) -> ReturnLine:
    amount = line.money("amount", currency=currency)
    return ReturnLine(
        line_id=line.text("id", required=True),
        order_line_id=sold.text("id", required=True),
        sku=sold.text("variantSku"),
        requested=line.count("quantity"),
        reason=line.text("reason"),
        amount=None if amount is None else Money(amount, currency),
    )


def _wanted(node: Node, *, currency: str) -> Money | None:
    """What the customer is to get back: every line but denied ones and those that were never dispatched."""
    lines = [line for line in node.children("lineItems") if line.value.get("dispatched") is not False]
    amounts = [line.money("amount", currency=currency) for line in lines if line.text("status") != DENIED_LINE]
    return _sum([amount for amount in amounts if amount is not None], currency=currency)


def _sum(amounts: Sequence[Decimal], *, currency: str) -> Money | None:
    return total((Money(amount, currency) for amount in amounts), currency=currency) if amounts else None


def _refunds(node: Node, wanted: Money | None, *, currency: str) -> tuple[RefundEntry, ...]:
    """The ledger of the marketplace is settled; the customer's card is the operator's own business."""
    paid = node.money("cashAmount", currency=currency)
    amount = wanted if paid is None else Money(paid, currency)
    if amount is None:
        return ()
    return (RefundEntry(transaction_id=node.text("id"), state="SUCCESS", amount=amount, at=node.moment("refundedAt")),)
