"""OR31: the operator's own fields on orders and lines, which of them a shop may write, and how they are judged."""

import re
from typing import Any

from connectors.mirakl.sandbox.market import Marketplace
from connectors.mirakl.sandbox.reading import objects_of, text_of
from connectors.mirakl.sandbox.records import Order
from connectors.mirakl.sandbox.reference import FieldRow

Fields = list[dict[str, Any]]
Change = tuple[Fields, Fields]  # the list to replace, what replaces it


def judged_fields(market: Marketplace, order: Order, body: dict[str, Any]) -> tuple[list[Change], Fields]:
    """What would change, and what is wrong with it."""
    changes: list[Change] = []
    errors: Fields = []
    sent = objects_of(body, "order_additional_fields")
    changes.append(
        (order.additional_fields, _merged(market, order.additional_fields, sent, entity="ORDER", errors=errors))
    )
    for entry in objects_of(body, "order_lines"):
        line = order.line(text_of(entry, "order_line_id", required=True))
        if line is None:
            errors.append(_error("ORDER_LINE_NOT_FOUND", "order_line_id", "Order line not found"))
            continue
        fields = objects_of(entry, "order_line_additional_fields")
        changes.append(
            (
                line.additional_fields,
                _merged(market, line.additional_fields, fields, entity="ORDER_LINE", errors=errors),
            )
        )
    return changes, errors


def _merged(market: Marketplace, old: Fields, sent: Fields, *, entity: str, errors: Fields) -> Fields:
    kept = {field["code"]: field for field in old}
    for field in sent:
        code, value = text_of(field, "code", required=True), field.get("value")
        row = market.reference.field_row(code, entity)
        if problem := _problem(row, value):
            errors.append(_error("INVALID_ADDITIONAL_FIELD", code, problem))
        elif value in (None, ""):
            kept.pop(code, None)
        elif row is not None:
            kept[code] = {"code": code, "type": row.kind, "value": value}
    return list(kept.values())


def _problem(row: FieldRow | None, value: object) -> str:
    if row is None:
        return "The additional field does not exist"
    if not row.editable:
        return "The additional field is not editable by the shop"
    if value in (None, ""):
        return "The additional field is required" if row.required else ""
    if row.accepted_values and value not in row.accepted_values:
        return f"The value must be one of {', '.join(row.accepted_values)}"
    if row.regex is not None and not re.fullmatch(row.regex, str(value)):
        return "The value does not match the expected format"
    return ""


def _error(code: str, field: str, message: str) -> dict[str, str]:
    return {"code": code, "field": field, "message": message}
