"""Virtualstock's returns → ours. Pure.

A return is one order line and some of its units. The retailer announces it; what becomes of it is decided in the portal,
since a supplier has no call for that, and read back here. Money does not travel: refunds are settled outside.
Source: the vendor's Postman collection, "Returns" (times with a blank and without a zone), read 2026-01.
"""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from connectors.canonical.payload import JSON
from connectors.canonical.returns import Return, ReturnLine, ReturnState, check_return
from connectors.virtualstock.reading import Node, read_moment

STATES: Mapping[str, ReturnState] = {
    "RMA": ReturnState.REQUESTED,
    "RMA_ACK": ReturnState.REQUESTED,
    "RMA_AUTHORISED": ReturnState.REQUESTED,
    "RMA_COLLECTION_BOOKED": ReturnState.REQUESTED,
    "RMA_REJ": ReturnState.CANCELLED,  # declined: nothing comes back
    "RMA_REC": ReturnState.COMPLETED,  # arrived and approved: nothing more happens there, money is settled outside
    "RMA_EXC": ReturnState.COMPLETED,  # arrived, and rejected after inspection
}
OPEN = ("RMA", "RMA_ACK", "RMA_AUTHORISED", "RMA_COLLECTION_BOOKED")
ENDED = ("RMA_REJ", "RMA_REC", "RMA_EXC")
MOMENTS = ("requested_at", "created_at", "authorised_at", "declined_at", "rejected_at", "approved_at")


def parse_return(payload: JSON, zone: ZoneInfo) -> Return:
    """Return the canonical return for one element of the list of returns.

    It has one line and no number of its own for it: the line is named by the order line that comes back. Raises DataError
    naming every field at fault. Source: GET /restapi/v4/returns/; tests/payloads/virtualstock/return_requested.json.
    """
    node = Node.root(payload)
    number = node.text("id", required=True)
    node.faults.record = f"Return {number}" if number else "The return"
    word = _status(payload)
    if not word:
        node.fault("status.code", "The platform sent no value.")
    state = STATES.get(word, ReturnState.UNKNOWN)
    order, item = node.child("order"), node.child("order_item")
    if order is None:
        node.fault("order", "The return names no order.")
    if item is None:
        node.fault("order_item", "The return names no order line.")
    reference = order.text("order_reference", required=True) if order else ""
    line = ReturnLine(
        line_id=item.text("line_reference", required=True) if item else "",
        order_line_id=item.text("line_reference") if item else "",
        sku=(item.text("supplier_sku_reference") or item.text("part_number", required=True)) if item else "",
        requested=node.count("quantity"),
        reason=_reason(node),
    )
    node.faults.raise_any()
    return check_return(
        Return(
            external_id=number,
            order_external_id=reference,
            state=state,
            source_state=word,
            lines=(line,),
            created_at=node.moment("created_at", zone) or node.moment("requested_at", zone),
            updated_at=changed_at(payload, zone),
        )
    )


def _reason(node: Node) -> str:
    """In the platform's words; retailers have codes of their own too."""
    reason = node.child("return_reason")
    return (reason.text("description") if reason else "") or node.text("return_reason_code")


def return_id(payload: JSON) -> str:
    found = payload.get("id") if isinstance(payload, dict) else None
    return str(found).strip() if isinstance(found, str | int) else ""


def order_of(payload: JSON) -> str:
    """The retailer's number of the order, "" where the return names none."""
    order = payload.get("order") if isinstance(payload, dict) else None
    found = order.get("order_reference") if isinstance(order, dict) else None
    return str(found).strip() if isinstance(found, str | int) else ""


def changed_at(payload: JSON, zone: ZoneInfo) -> datetime | None:
    """The latest of the steps that the platform dates: collection and acknowledgement are not among them."""
    if not isinstance(payload, dict):
        return None
    told = [read_moment(payload.get(name), zone) for name in MOMENTS]
    return max((moment for moment in told if moment is not None), default=None)


def _status(payload: JSON) -> str:
    status = payload.get("status")
    found = status.get("code") if isinstance(status, dict) else status
    return found.strip() if isinstance(found, str) else ""
