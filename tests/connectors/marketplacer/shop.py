"""A seller on the sandbox: its account, what it sells and lists, and the parcel that it sends."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from connectors.base import Account
from connectors.canonical.dispatches import Dispatch, DispatchLine
from connectors.canonical.listings import ListingUpdate
from connectors.marketplacer.sandbox import MarketplacerSandbox, orders
from connectors.marketplacer.sandbox.catalogue import variant_of
from tests.connectors.conformance import START

LINES = ({"sku": "NV1001-410-M", "quantity": 2, "price": "49.90"}, {"sku": "NV2004-120-L", "price": "99.00"})
CREDENTIALS = ("api_key", "webhook_secret", "webhook_hmac_key", "basic_user", "basic_password")


def account_of(sandbox: MarketplacerSandbox, **settings: Any) -> Account:
    given = sandbox.credentials()
    return Account(
        name="Maison Nord",
        base_url=sandbox.base_url,
        credentials={name: given[name] for name in CREDENTIALS if name in given},
        settings={"currency": given["currency"], "sandbox": True, **settings},
    )


def dispatch_of(sandbox: MarketplacerSandbox, reference: str, **changes: Any) -> Dispatch:
    """All units of an order of LINES, in one parcel."""
    lines = sandbox.invoice(reference)["lines"]
    carrier = next(sandbox.market.of("ShipmentCarrier"))
    whole = Dispatch(
        dispatch_id="5501",
        number="39790-1",
        order_reference=reference,
        order_external_id="39790",
        carrier=carrier["id"],
        tracking_number="PN00370000001",
        lines=tuple(DispatchLine(sku=line["sku"], line_id=line["id"], quantity=line["quantity"]) for line in lines),
        dispatched_at=START,
        is_last=True,
    )
    return replace(whole, **changes)


def ship(sandbox: MarketplacerSandbox, reference: str) -> str:
    """Everything leaves in one parcel, as somebody enters it in the portal. Returns the shipment's id."""
    invoice = sandbox.market.invoice(reference)
    carrier = next(sandbox.market.of("ShipmentCarrier"))
    items = [{"lineItemId": line["id"], "quantity": line["quantity"]} for line in invoice["lineItems"]]
    told = {
        "invoiceId": invoice["id"],
        "postageCarrierId": carrier["id"],
        "trackingNumber": "PN-BY-HAND",
        "dispatchedAt": sandbox.clock.now().date(),
        "shippedItems": items,
    }
    return str(orders.shipment_create(sandbox.market, told)["shipment"]["id"])


def listing_of(sandbox: MarketplacerSandbox, place: int) -> ListingUpdate:
    """A complete coat with a product of its own."""
    market = sandbox.market
    types = {row["name"]: row["id"] for row in market.of("OptionType")}
    values = {row["name"]: row["id"] for row in market.of("OptionValue")}
    return ListingUpdate(
        sku=f"NV100{place}-410-M",
        category=next(row["id"] for row in market.of("Taxon") if row["displayName"] == "Coats"),
        values={
            "title": (f"Alma wool coat {place}",),
            "description": ("Fine wool",),
            "brand": ("Maison Nord",),
            "images": (f"https://cdn.example/p/{place}-1.jpg", f"https://cdn.example/p/{place}-2.jpg"),
            "barcode": (f"735000000001{place}",),
            types["Colour"]: (values["Navy"],),
            types["Size"]: (values["M"],),
            types["Season"]: (values["Autumn"], values["Winter"]),
            types["Material"]: ("100% wool",),
            types["Pieces"]: ("1",),
            types["Weight"]: ("1.2",),
        },
    )


def taken_of(sandbox: MarketplacerSandbox, sku: str) -> Mapping[str, tuple[str, ...]] | None:
    """What the platform holds of a SKU, in the words of a listing."""
    variant = variant_of(sandbox.market, sku)
    if variant is None:
        return None
    advert = variant["advert"]
    found: dict[str, tuple[str, ...]] = {
        "title": (advert["title"],),
        "description": (advert["description"],),
        "brand": (advert["brand"]["name"],) if advert["brand"] else (),
        "images": tuple(image["url"] for image in advert["images"]),
        "barcode": (variant["barcode"],),
    }
    for item in (*advert["advertOptionValues"], *variant["variantOptionValues"]):
        code = item["optionType"]["id"]
        value = item["optionValue"]["id"] if item["optionValue"] else item["textValue"]
        found[code] = (*found.get(code, ()), value)
    return found
