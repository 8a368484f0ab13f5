"""What people change of an order in Fulfil, in our words: its state and units, and where it goes. Pure.

Source: the platform reference of this project, sections 8.7, 8.8, 8.11 and 10.2.
"""

from collections.abc import Mapping, Sequence

from connectors.canonical.destinations import Destination
from connectors.canonical.orders import Address
from connectors.canonical.payload import JSON

ORDER_FIELDS = ("state", "create_date", "write_date")
LINE_FIELDS = ("sale", "quantity")
ADDRESS_FIELDS = ("name", "street", "street_bis", "zip", "city", "country.code", "phone", "email")
PARTY_FIELDS = ("email",)
DESTINATION_FIELDS = (
    *(f"{relation}.{part}" for relation in ("shipment_address", "invoice_address") for part in ADDRESS_FIELDS),
    *(f"party.{part}" for part in PARTY_FIELDS),
)
PARCEL_FIELDS = tuple(f"delivery_address.{part}" for part in ADDRESS_FIELDS)


def build_change(sale: Mapping[str, JSON], lines: Sequence[Mapping[str, JSON]]) -> dict[str, JSON]:
    """What is stored of an order that changed; it differs from the last time only where something is to be followed."""
    units = {str(line["id"]): line["quantity"] for line in lines if line["sale"] == sale["id"]}
    return {"state": sale["state"], "lines": units}


def parse_destination(sale: Mapping[str, JSON], parcels: Sequence[Mapping[str, JSON]]) -> Destination:
    """A released order's parcels have addresses of their own, which count until they have left."""
    deliveries = tuple(_address(parcel, "delivery_address") for parcel in parcels)
    return Destination(
        deliveries=deliveries or (_address(sale, "shipment_address"),),
        billing=_address(sale, "invoice_address"),
        email=str(sale.get("party.email") or ""),
    )


def _address(row: Mapping[str, JSON], relation: str) -> Address:
    told = {part: str(row.get(f"{relation}.{part}") or "") for part in ADDRESS_FIELDS}
    return Address(
        first_name="",
        last_name=told["name"],
        street=tuple(line for line in (told["street"], told["street_bis"]) if line),
        postal_code=told["zip"],
        city=told["city"],
        country=told["country.code"].upper(),
        phone=told["phone"],
        email=told["email"],
    )
