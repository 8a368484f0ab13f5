"""A shop on the sandbox: its account, what it sells and lists, and the parcel that it sends."""

from dataclasses import replace
from typing import Any

from connectors.base import Account
from connectors.canonical.dispatches import Dispatch, DispatchLine
from connectors.canonical.listings import ListingUpdate
from connectors.mirakl.sandbox import MiraklSandbox
from connectors.sandboxdata import catalogue
from tests.connectors.conformance import START

LINES = ({"sku": "NV1001-410-M", "quantity": 2, "price": "49.90"}, {"sku": "NV2004-120-L", "price": "99.00"})


def account_of(sandbox: MiraklSandbox, **settings: Any) -> Account:
    given = sandbox.credentials()
    return Account(
        name="Maison Nord",
        base_url=sandbox.base_url,
        credentials={"api_key": given["api_key"]},
        settings={"shop_id": int(given["shop_id"]), "sandbox": True, **settings},
    )


def dispatch_of(reference: str, **changes: Any) -> Dispatch:
    """All units of an order of LINES, in one parcel."""
    whole = Dispatch(
        dispatch_id="5501",
        number="39790-1",
        order_reference=reference,
        order_external_id="39790",
        carrier="POSTNORD",
        tracking_number="00370000000000000001",
        lines=(
            DispatchLine(sku="NV1001-410-M", line_id=f"{reference}-1", quantity=2),
            DispatchLine(sku="NV2004-120-L", line_id=f"{reference}-2", quantity=1),
        ),
        dispatched_at=START,
        is_last=True,
    )
    return replace(whole, **changes)


def listing_of(place: int, **changes: Any) -> ListingUpdate:
    """A jumper as the sandbox's operator wants it told; another one for each place."""
    item = catalogue(1)[place]
    values = {
        "ean": (item.gtin,),
        "title": (item.title,),
        "description": ("Rib knit, made to last.",),
        "brand": ("norrvik",),
        "main_image": (f"https://img.example.com/{item.sku}.jpg",),
        "colour": ("blue",),
        "size": ("m",),
        "care": ("wash-30", "no-tumble-dry"),
        "composition": ("100 % wool",),
    }
    return replace(ListingUpdate(sku=item.sku, category="womens-knitwear", values=values), **changes)
