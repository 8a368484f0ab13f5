"""Refund requests of goods that were dispatched → our returns, and how a list without a time of change is read. Pure.

A seller may say that goods arrived and decide lines; the refund itself is the operator's: refundRequestRefund is not
open to sellers. Source: Marketplacer Seller API, RefundRequest and its state machines; G:refundrequeststatusenum,
G:refundrequestlineitemstatusenum, D:operator-api/reference/mutations/refundrequestrefund.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors.base import Record
from connectors.canonical.payload import JSON
from connectors.canonical.returns import Return, ReturnLine, ReturnState, check_return
from connectors.marketplacer.reading import Node, read_moment
from connectors.marketplacer.translate import reference_of

STATES: Mapping[str, ReturnState] = {
    "AWAITING": ReturnState.REQUESTED,
    "RETURNED": ReturnState.RECEIVED,
    "PROCESSED": ReturnState.RECEIVED,
    "REFUND_ACCEPTED": ReturnState.RECEIVED,
    "REFUNDED": ReturnState.RECEIVED,
    "DENIED": ReturnState.CANCELLED,
    "REFUND_DENIED": ReturnState.CANCELLED,
}
# "Returnless or received": which of the two, Marketplacer does not tell.
SETTLED_LINES = frozenset({"REFUND_ACCEPTED", "REFUNDED"})
DENIED_LINE = "REFUND_DENIED"
OPEN = ("AWAITING", "RETURNED", "PROCESSED", "REFUND_ACCEPTED")
DENIED = ("DENIED", "REFUND_DENIED")
DENIED_WITHIN = timedelta(days=90)  # of being made: later denials are seen by nobody who asks


# --- reading the list -------------------------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class Place:
    """How far a reading has come. Refund requests have no `updatedSince`, so four lists stand in for one:

    those that are open, whatever their age; those made in the window; those refunded in it; those that were denied.
    """

    turn: int = 0
    after: str = ""

    @classmethod
    def decoded(cls, token: str | None) -> "Place":
        return cls(**json.loads(token)) if token else cls()

    def encoded(self) -> str:
        return json.dumps(vars(self), separators=(",", ":"))

    def filters(self, *, since: datetime, until: datetime) -> JSON:
        return (
            {"statuses": list(OPEN), "createdUntil": until.isoformat()},
            {"createdSince": since.isoformat(), "createdUntil": until.isoformat()},
            {"refundedSince": since.isoformat(), "refundedUntil": until.isoformat()},
            {
                "statuses": list(DENIED),
                "createdSince": (since - DENIED_WITHIN).isoformat(),
                "createdUntil": until.isoformat(),
            },
        )[self.turn]

    def following(self, cursor: str | None) -> "Place | None":
        if cursor is not None and cursor != self.after:
            return Place(turn=self.turn, after=cursor)
        return Place(turn=self.turn + 1) if self.turn < TURNS - 1 else None


TURNS = 4


def is_return(payload: JSON) -> bool:
    """Whether goods come back. Before dispatch it is a cancellation; an instance that does not say which is shown none."""
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
def parse_return(payload: JSON) -> Return:
    """Return the canonical return for one refund request, its lines of dispatched goods alone.

    Units count as arrived once the request says RETURNED, or their line is accepted or refunded; nothing says that they
    are fit to sell. Raises DataError naming every field at fault by its path.
    """
    node = Node.root(payload)
    number = node.text("legacyId") or node.text("id", required=True)
    node.faults.record = f"Return {number}"
    word, invoice = node.text("status", required=True), node.child("invoice")
    if invoice is None:
        node.fault("invoice", "Marketplacer does not say which order it belongs to.")
    goods = [line for line in node.children("lineItems") if line.flag("dispatched") and line.given("lineItem")]
    lines = tuple(_line(line, word) for line in goods)
    found = Return(
        external_id=node.text("id"),
        number=number,
        reference=node.text("id"),
        order_external_id=invoice.text("legacyId", required=True) if invoice else "",
        state=STATES.get(word, ReturnState.UNKNOWN),
        source_state=word,
        lines=lines,
        updated_at=node.moment("refundedAt") or node.moment("createdAt"),
    )
    node.faults.raise_any()
    return check_return(found)


def _line(line: Node, request: str) -> ReturnLine:
    sold, units, word = line.child("lineItem"), line.count("quantity"), line.text("status")
    arrived = STATES.get(request) is ReturnState.RECEIVED or word in SETTLED_LINES
    return ReturnLine(
        line_id=line.text("id", required=True),
        source_line_id=sold.text("id", required=True) if sold else "",
        sku=sold.text("variantSku") if sold else "",
        requested=units,
        received=units if arrived and word != DENIED_LINE else 0,
        restocked=0,
    )
