"""Mirakl's returns → ours. Pure. A return refunds nothing by itself: the refund is a call of its own (OR28).

Source: Mirakl Marketplace Platform seller OpenAPI 3.1 (snapshot 2026-07), operation RT11.
"""

from collections.abc import Mapping

from connectors.base import Record
from connectors.canonical.payload import JSON
from connectors.canonical.returns import Return, ReturnLine, ReturnState, check_return
from connectors.mirakl.reading import Node, read_moment

STATES: Mapping[str, ReturnState] = {
    "WAITING_ACCEPTANCE": ReturnState.REQUESTED,
    "IN_PROGRESS": ReturnState.REQUESTED,
    "RECEIVED": ReturnState.RECEIVED,
    "CLOSED": ReturnState.RECEIVED,
    "REFUSED": ReturnState.CANCELLED,
    "NO_RECEPTION": ReturnState.CANCELLED,
    "CANCELED": ReturnState.CANCELLED,
}
RETURNLESS = "RETURN_METHOD_RETURNLESS"  # the customer keeps the goods


def as_record(payload: JSON) -> Record:
    """A broken one is kept like any other: parse_return says what is wrong with it."""
    fields = payload if isinstance(payload, dict) else {}
    return Record(
        kind="return",
        external_id=str(fields.get("id") or ""),
        payload=payload,
        updated_at=read_moment(fields.get("last_updated")),
        order_external_id=str(fields.get("order_id") or ""),
    )


def parse_return(payload: JSON) -> Return:
    """Return the canonical return for one element of RT11's `data`.

    Mirakl names order lines and no SKUs, so `sku` is empty; what came back of a line is known for the return as a whole
    only. Raises DataError naming every field at fault by its path in the payload.
    """
    node = Node.root(payload)
    external_id = node.text("id", required=True)
    node.faults.record = f"Return {external_id}".strip()
    word = node.text("state", required=True)
    state = STATES.get(word, ReturnState.UNKNOWN)
    arrived = state is ReturnState.RECEIVED and node.text("method_code") != RETURNLESS
    units: dict[str, int] = {}
    for line in node.children("return_lines"):
        key = line.text("order_line_id", required=True)
        units[key] = units.get(key, 0) + line.count("quantity", required=True)
    found = Return(
        external_id=external_id,
        number=node.text("rma"),
        reference=external_id,
        order_external_id=node.text("order_id", required=True),
        state=state,
        source_state=word,
        lines=tuple(
            ReturnLine(
                line_id=key,
                source_line_id=key,
                sku="",
                requested=quantity,
                received=quantity if arrived else 0,
                restocked=0,
            )
            for key, quantity in units.items()
        ),
        updated_at=node.moment("last_updated"),
    )
    node.faults.raise_any()
    return check_return(found)
