"""Mirakl's returns → ours. Pure. A return refunds nothing by itself: the refund is a call of its own (OR28).

Source: Mirakl Marketplace Platform seller OpenAPI 3.1 (snapshot 2026-07), operation RT11.
"""

from collections.abc import Mapping
from dataclasses import replace

from connectors.base import Record
from connectors.canonical.payload import JSON
from connectors.canonical.returns import Return, ReturnLine, ReturnState, check_return
from connectors.mirakl.reading import Node, read_moment

STATES: Mapping[str, ReturnState] = {
    "WAITING_ACCEPTANCE": ReturnState.REQUESTED,
    "IN_PROGRESS": ReturnState.REQUESTED,
    "RECEIVED": ReturnState.RECEIVED,
    "CLOSED": ReturnState.COMPLETED,
    "REFUSED": ReturnState.CANCELLED,
    "NO_RECEPTION": ReturnState.CANCELLED,
    "CANCELED": ReturnState.CANCELLED,
}


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

    Mirakl names order lines and no SKUs, states no amounts and no time by which it decides. Two reasons for one order
    line make one line: nothing else would tell them apart. Raises DataError naming every field at fault by its path.
    """
    node = Node.root(payload)
    external_id = node.text("id", required=True)
    node.faults.record = f"Return {external_id}".strip()
    word = node.text("state", required=True)
    found = Return(
        external_id=external_id,
        number=node.text("rma"),
        order_external_id=node.text("order_id", required=True),
        state=STATES.get(word, ReturnState.UNKNOWN),
        source_state=word,
        lines=_lines(node),
        created_at=node.moment("date_created"),
        updated_at=node.moment("last_updated"),
    )
    node.faults.raise_any()
    return check_return(found)


def _lines(node: Node) -> tuple[ReturnLine, ...]:
    lines: dict[str, ReturnLine] = {}
    for item in node.children("return_lines"):
        key, units = item.text("order_line_id", required=True), item.count("quantity", required=True)
        line = ReturnLine(line_id=key, order_line_id=key, sku="", requested=units, reason=item.text("reason_code"))
        if key in lines:
            first = lines[key]
            line = replace(first, requested=first.requested + units, reason=f"{first.reason}, {line.reason}")
        lines[key] = line
    return tuple(lines.values())
