"""Which orders changed in Fulfil: whole ones that people cancel, and lines that they reduce. No webhook tells of either.

`write_date` is null until a record's first change, so both dates are asked for; and changing a line does not change its
order, so the lines' dates are asked for too. Pages go by id, as those of shipments.
Source: the platform reference of this project, sections 4.3, 4.4 and 8.7.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from connectors.base import Page, Record
from connectors.canonical.payload import JSON
from connectors.fulfil.client import FulfilClient
from connectors.fulfil.typedjson import read_moment

SALE, LINE = "sale.sale", "sale.line"
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
        rows = self._client.search_read(SALE, domain, ("state", "create_date", "write_date"), limit=ORDER_ROWS)
        following = str(rows[-1]["id"]) if len(rows) == ORDER_ROWS else None
        return Page(records=tuple(self._records(rows)), next_token=following)

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
