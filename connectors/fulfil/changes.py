"""Which orders changed in Fulfil: whole ones that people cancel, and lines that they reduce. No webhook tells of either.
Where orders go, as people may have changed it by hand: Fulfil documents no way to change the
address of an order that is being worked on.

`write_date` is null until a record's first change, so both dates are asked for; and changing a line does not change its
order, so the lines' dates are asked for too. Pages go by id, as those of shipments.
Source: the platform reference of this project, sections 4.3, 4.4 and 8.7.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from connectors.base import Page, Record
from connectors.canonical.destinations import Destination
from connectors.canonical.errors import PermanentError
from connectors.canonical.orders import Address
from connectors.canonical.payload import JSON
from connectors.fulfil.client import FulfilClient
from connectors.fulfil.orders import whole_id
from connectors.fulfil.typedjson import read_moment

SALE, LINE, SHIPMENT = "sale.sale", "sale.line", "stock.shipment.out"
ORDER_ROWS = 100
ADDRESS_PARTS = ("name", "street", "street_bis", "zip", "city", "country.code", "phone", "email")
ORDERED_TO = tuple(f"{one}.{part}" for one in ("shipment_address", "invoice_address") for part in ADDRESS_PARTS)
PARCEL_TO = tuple(f"delivery_address.{part}" for part in ADDRESS_PARTS)
DATES = ("write_date", "create_date", "lines.write_date", "lines.create_date")


class Changes:
    def __init__(self, client: FulfilClient, *, channels: Sequence[int]) -> None:
        self._client, self._channels = client, tuple(channels)

    def page(self, *, since: datetime, until: datetime, token: str | None) -> Page:
        domain: list[Any] = [
            ["OR", *([[date, ">=", since], [date, "<=", until]] for date in DATES)],
            ["channel", "in", list(self._channels)],
            ["id", ">", int(token or 0)],
        ]
        rows = self._client.search_read(SALE, domain, ("state", "create_date", "write_date"), limit=ORDER_ROWS)
        following = str(rows[-1]["id"]) if len(rows) == ORDER_ROWS else None
        return Page(records=tuple(self._records(rows)), next_token=following)

    def destination(self, external_id: str) -> Destination:
        """A released order's parcels have addresses of their own, which count until they have left."""
        number = whole_id(external_id)
        sales = self._client.search_read(SALE, [["id", "=", number]], (*ORDERED_TO, "party.email"), limit=1)
        if not sales:
            raise PermanentError(f"Fulfil has no order {external_id}.", subject=external_id, code="order_gone")
        (sale,) = sales
        domain = [["sales", "in", [number]], ["state", "not in", ["cancel", "done"]]]
        parcels = self._client.search_read_all(SHIPMENT, domain, PARCEL_TO)
        own = _address(sale, "shipment_address")
        return Destination(
            deliveries=tuple(_address(parcel, "delivery_address") for parcel in parcels) or (own,),
            billing=_address(sale, "invoice_address"),
            email=str(sale.get("party.email") or ""),
        )

    def _records(self, rows: Sequence[Mapping[str, JSON]]) -> Iterator[Record]:
        if not rows:
            return
        lines = self._client.search_read_all(LINE, [["sale", "in", [row["id"] for row in rows]]], ("sale", "quantity"))
        for row in rows:
            units = {str(line["id"]): line["quantity"] for line in lines if line["sale"] == row["id"]}
            yield Record(
                kind="order",
                external_id=str(row["id"]),
                payload={"state": row["state"], "lines": units},
                updated_at=read_moment(row.get("write_date")) or read_moment(row.get("create_date")),
            )


def _address(row: Mapping[str, JSON], relation: str) -> Address:
    told = {part: str(row.get(f"{relation}.{part}") or "") for part in ADDRESS_PARTS}
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
