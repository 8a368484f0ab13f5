"""Which orders changed in Fulfil: whole ones that people cancel, and lines that they reduce. No webhook tells of either.
Where orders go, as people may have changed it by hand: Fulfil documents no way to change the address of an order that is
being worked on.

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
from connectors.canonical.payload import JSON
from connectors.fulfil import translate_changes
from connectors.fulfil.client import FulfilClient
from connectors.fulfil.orders import LINE, SALE, SHIPMENT, whole_id
from connectors.fulfil.typedjson import read_moment

ORDER_ROWS = 100
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
        rows = self._client.search_read(SALE, domain, translate_changes.ORDER_FIELDS, limit=ORDER_ROWS)
        following = str(rows[-1]["id"]) if len(rows) == ORDER_ROWS else None
        return Page(records=tuple(self._records(rows)), next_token=following)

    def _records(self, rows: Sequence[Mapping[str, JSON]]) -> Iterator[Record]:
        if not rows:
            return
        domain = [["sale", "in", [row["id"] for row in rows]]]
        lines = self._client.search_read_all(LINE, domain, translate_changes.LINE_FIELDS)
        for row in rows:
            yield Record(
                kind="order",
                external_id=str(row["id"]),
                payload=translate_changes.build_change(row, lines),
                updated_at=read_moment(row.get("write_date")) or read_moment(row.get("create_date")),
            )

    def destination(self, external_id: str) -> Destination:
        number = whole_id(external_id)
        sales = self._client.search_read(SALE, [["id", "=", number]], translate_changes.DESTINATION_FIELDS, limit=1)
        if not sales:
            raise PermanentError(f"Fulfil has no order {external_id}.", subject=external_id, code="order_gone")
        domain = [["sales", "in", [number]], ["state", "not in", ["cancel", "done"]]]
        parcels = self._client.search_read_all(SHIPMENT, domain, translate_changes.PARCEL_FIELDS)
        return translate_changes.parse_destination(sales[0], parcels)
