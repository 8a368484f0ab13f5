"""What left Fulfil's warehouses: done customer shipments, one dispatch for each order in each shipment.

Fulfil splits and merges shipments, so neither an order nor a shipment has one of the other. Pages go by id within a
window of changes: a record that changes meanwhile leaves the window and shifts nothing, and the next window has it.
`write_date` is null until the first change, so both dates are asked for.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from connectors.base import Page, Record
from connectors.canonical.errors import PermanentError
from connectors.canonical.payload import JSON
from connectors.fulfil import translate
from connectors.fulfil.client import FulfilClient
from connectors.fulfil.typedjson import read_moment

SHIPMENT, MOVE = "stock.shipment.out", "stock.move"
SHIPMENT_ROWS = 50


class Dispatches:
    def __init__(self, client: FulfilClient, *, channels: Sequence[int]) -> None:
        self._client, self._channels = client, tuple(channels)

    def page(self, *, since: datetime, until: datetime, token: str | None) -> Page:
        domain: list[Any] = [
            ["OR", _between("write_date", since, until), _between("create_date", since, until)],
            ["state", "=", "done"],
            ["channels", "in", list(self._channels)],
            ["id", ">", int(token or 0)],
        ]
        rows = self._client.search_read(SHIPMENT, domain, translate.SHIPMENT_FIELDS, limit=SHIPMENT_ROWS)
        following = str(rows[-1]["id"]) if len(rows) == SHIPMENT_ROWS else None
        return Page(records=tuple(self._records(rows)), next_token=following)

    def one(self, external_id: str) -> Record | None:
        """By "shipment-order", as the records are named; None while it has not left."""
        shipment, _, sale = external_id.partition("-")
        if not (shipment.isdecimal() and sale.isdecimal()):
            words = f"{external_id} is not the number of a shipment in Fulfil."
            raise PermanentError(words, subject=external_id, code="number")
        domain = [["id", "=", int(shipment)], ["state", "=", "done"]]
        rows = self._client.search_read(SHIPMENT, domain, translate.SHIPMENT_FIELDS, limit=1)
        return next((record for record in self._records(rows) if record.external_id == external_id), None)

    def _records(self, rows: Sequence[Mapping[str, JSON]]) -> Iterator[Record]:
        if not rows:
            return
        moves = self._moves([row["id"] for row in rows])
        last = self._last_of(
            {move["origin.sale"] for move in moves if move.get("origin.sale.shipment_state") == "sent"}
        )
        for row in rows:
            own = [move for move in moves if move.get("shipment") == f"{SHIPMENT},{row['id']}"]
            for sale in dict.fromkeys(move.get("origin.sale") for move in own):
                of_sale = [move for move in own if move.get("origin.sale") == sale]
                if not of_sale[0].get("origin.sale.channel_identifier"):
                    continue  # typed by hand in Fulfil: sold nowhere that the hub knows
                payload = {"shipment": row, "moves": of_sale, "is_last": last.get(sale) == row["id"]}
                yield Record(
                    kind="shipment",
                    external_id=f"{row['id']}-{sale}",
                    payload=payload,
                    updated_at=read_moment(row.get("write_date")),
                    order_external_id=str(sale),
                )

    def _moves(self, shipments: Sequence[JSON]) -> list[dict[str, JSON]]:
        """What went out for orders of the channels; moves between shelf and packing table have other origins."""
        domain = [
            ["shipment", "in", [f"{SHIPMENT},{one}" for one in shipments]],
            ["origin", "like", "sale.line,%"],
            ["origin.sale.channel", "in", list(self._channels), "sale.line"],
            ["state", "=", "done"],
        ]
        return self._client.search_read_all(MOVE, domain, translate.MOVE_FIELDS)

    def _last_of(self, sales: set[JSON]) -> dict[JSON, JSON]:
        """Of orders that are wholly sent: order → the latest of its shipments."""
        if not sales:
            return {}
        domain = [["sales", "in", sorted(sales)], ["state", "=", "done"]]
        rows = self._client.search_read_all(SHIPMENT, domain, ("sales",))
        return {
            sale: row["id"] for row in rows for sale in row.get("sales") or ()
        }  # rows come by id: the last one wins


def _between(field: str, since: datetime, until: datetime) -> list[Any]:
    return [[field, ">=", since], [field, "<=", until]]
