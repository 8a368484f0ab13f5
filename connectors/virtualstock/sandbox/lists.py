"""Who there is: retailers, the supplier under both of its numbers, carriers; channels and settings without a known shape."""

from typing import Any

from connectors.sandboxkit import Reply
from connectors.virtualstock.sandbox.call import Call
from connectors.virtualstock.sandbox.platform import (
    ORDER_SUPPLIER,
    PRODUCT_SUPPLIER,
    SUPPLIER_NAME,
    SUPPLIER_UUID,
    Platform,
)
from connectors.virtualstock.sandbox.settings import Retailer

ACCOUNT = "NORRVIK-01"


def list_retailers(platform: Platform, call: Call) -> Reply:
    def element(one: Retailer) -> dict[str, Any]:
        return {
            "url": platform.url(f"/restapi/v4/customers/{one.retailer_id}/"),
            "id": one.retailer_id,
            "name": one.name,
        }

    return call.page(platform, list(platform.retailers.values()), element, default=platform.settings.orders_page)


def list_order_suppliers(platform: Platform, call: Call) -> Reply:
    own = {
        "url": platform.url(f"/restapi/v4/suppliers/{ORDER_SUPPLIER}/"),
        "id": ORDER_SUPPLIER,
        "name": SUPPLIER_NAME,
        "account_id": ACCOUNT,
    }
    return call.page(platform, _named(call, own), lambda one: one, default=platform.settings.orders_page)


def list_product_suppliers(platform: Platform, call: Call) -> Reply:
    own: dict[str, Any] = {
        "url": platform.url(f"/api/v4/suppliers/{PRODUCT_SUPPLIER}/"),
        "name": SUPPLIER_NAME,
        "uuid": SUPPLIER_UUID,
        "postcode": "EC1A 1AA",
        "country": "GB",
        "categories": [],
        "account_id": ACCOUNT,
    }
    return call.page(platform, _named(call, own), lambda one: one, default=platform.settings.orders_page)


def _named(call: Call, own: dict[str, Any]) -> list[dict[str, Any]]:
    name, account = call.word("name"), call.word("account_id")
    return [own] if name in ("", own["name"]) and account in ("", own["account_id"]) else []


def list_carriers(platform: Platform, call: Call) -> Reply:
    """A bare array, not a page."""
    rows = platform.carriers[: call.number("limit", len(platform.carriers))]
    return Reply(body=[{"id": number, "slug": slug, "name": name} for number, slug, name in rows])


def read_channels(_: Platform, __: Call) -> Reply:
    return Reply(body={})


def read_settings(_: Platform, __: Call) -> Reply:
    return Reply(body={})
