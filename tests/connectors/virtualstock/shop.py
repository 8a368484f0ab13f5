"""A supplier on the sandbox: its account, what it sells and lists, and the parcel that it sends."""

from dataclasses import replace
from typing import Any

from connectors.base import Account
from connectors.canonical.dispatches import Dispatch, DispatchLine
from connectors.canonical.listings import ListingUpdate
from connectors.sandboxdata import catalogue
from connectors.virtualstock.sandbox import VirtualstockSandbox
from tests.connectors.conformance import START

LINES = (
    {"sku": "NV1001-410-M", "quantity": 2, "cost": "24.50", "reference": "501"},
    {"sku": "NV2004-120-L", "cost": "44.00", "reference": "502"},
)


def account_of(sandbox: VirtualstockSandbox, *, timezone: str = "UTC", **settings: Any) -> Account:
    given = sandbox.credentials()
    return Account(
        name="Harrow & Vale",
        base_url=sandbox.base_url,
        credentials={"password": given["password"]},
        settings={"username": given["username"], "price_field": "cost_price", "sandbox": True, **settings},
        timezone=timezone,
    )


def dispatch_of(reference: str, **changes: Any) -> Dispatch:
    """All units of an order of LINES, in one parcel."""
    whole = Dispatch(
        dispatch_id="5501",
        number="39790-1",
        order_reference=reference,
        order_external_id="39790",
        carrier="dpd",
        tracking_number="15501234567890",
        tracking_url="https://track.example/15501234567890",
        lines=(
            DispatchLine(sku="NV1001-410-M", line_id="501", quantity=2),
            DispatchLine(sku="NV2004-120-L", line_id="502", quantity=1),
        ),
        dispatched_at=START,
        is_last=True,
    )
    return replace(whole, **changes)


def listing_of(place: int, **changes: Any) -> ListingUpdate:
    """A jumper under the names of the sandbox's first retailer; another one for each place."""
    item = catalogue(1)[place]
    values = {
        "short_description": (item.title,),
        "description": ("Rib knit, made to last.",),
        "barcode": (item.gtin,),
        "rrp": ("99.00",),
        "image": (f"https://img.example.com/{item.sku}.jpg",),
    }
    return replace(ListingUpdate(sku=item.sku, category="2", values=values), **changes)
