"""The operator's lists as a shop reads them: SH12, SH21, RE01, RE02, CH11, AF01, L01, CUR01, OF61, DO01."""

from typing import Any

from connectors.mirakl.sandbox.market import Marketplace
from connectors.mirakl.sandbox.reading import Call
from connectors.mirakl.sandbox.reference import ReasonRow
from connectors.mirakl.sandbox.refusals import RefusedError
from connectors.sandboxkit import Reply

ENTITIES = ("OFFER", "SHOP", "ORDER", "ORDER_LINE")
_CURRENCIES = {
    "EUR": "Euro",
    "GBP": "Pound sterling",
    "SEK": "Swedish krona",
    "USD": "US dollar",
    "DKK": "Danish krone",
}


def carriers(market: Marketplace, _: Call) -> Reply:
    rows = [
        {
            "code": row.code,
            "label": row.label,
            "standard_code": row.standard_code,
            "tracking_url": row.tracking_url,
        }
        for row in market.reference.carriers
    ]
    return Reply(body={"carriers": rows})


def shipping_types(market: Marketplace, _: Call) -> Reply:
    rows = [
        {
            "code": row.code,
            "label": row.label,
            "description": row.description,
            "standard_code": row.standard_code,
            "mandatory_tracking": row.mandatory_tracking,
            "delivery_by_operator": row.delivery_by_operator,
            "click_and_collect": row.click_and_collect,
        }
        for row in market.reference.shipping_types
    ]
    return Reply(body={"shipping_types": rows})


def reasons(market: Marketplace, _: Call) -> Reply:
    rows = [_reason(row) for row in market.reference.reasons]
    return Reply(body={"reasons": rows, "total_count": len(rows)})


def reasons_of_type(market: Marketplace, call: Call) -> Reply:
    """Deprecated by the vendor: without the columns that tell what the shop may use."""
    wanted = call.path["reason_type"]
    rows = [{"code": row.code, "label": row.label} for row in market.reference.reasons if row.kind == wanted]
    if not rows:
        raise RefusedError(400, f"Param 'reason_type' has an invalid value: {wanted}")
    return Reply(body={"reasons": rows, "total_count": len(rows)})


def _reason(row: ReasonRow) -> dict[str, Any]:
    return {"code": row.code, "label": row.label, "type": row.kind, "is_shop_right": row.is_shop_right}


def channels(market: Marketplace, _: Call) -> Reply:
    rows = [{"code": code, "label": label, "description": ""} for code, label in market.reference.channels.items()]
    return Reply(body={"channels": rows})


def additional_fields(market: Marketplace, call: Call) -> Reply:
    wanted = call.words("entities", ENTITIES) or frozenset(ENTITIES)
    rows = [
        {
            "code": row.code,
            "label": row.label,
            "description": None,
            "entity": row.entity,
            "type": row.kind,
            "required": row.required,
            "editable": row.editable,
            "accepted_values": list(row.accepted_values),
            "regex": row.regex,
        }
        for row in market.reference.fields
        if row.entity in wanted
    ]
    return Reply(body={"additional_fields": rows, "total_count": len(rows)})


def locales(market: Marketplace, _: Call) -> Reply:
    rows = [
        {"code": code, "label": label, "platform_default": code == "en_GB"}
        for code, label in market.reference.locales.items()
    ]
    return Reply(body={"locales": rows})


def currencies(market: Marketplace, _: Call) -> Reply:
    row = {
        "code": market.currency,
        "label": _CURRENCIES.get(market.currency, market.currency),
        "platform_default": True,
    }
    return Reply(body={"currencies": [row]})


def offer_states(market: Marketplace, _: Call) -> Reply:
    rows = [{"code": code, "label": label} for code, label in market.reference.offer_states.items()]
    return Reply(body={"offer_states": rows, "total_count": len(rows)})


def document_types(market: Marketplace, call: Call) -> Reply:
    wanted = call.words("entities")
    rows = [
        {"code": code, "label": label, "description": "", "entity": "ORDER", "mime_types": ["application/pdf"]}
        for code, label in market.reference.document_types.items()
        if not wanted or "ORDER" in wanted
    ]
    return Reply(body={"documents": rows})
