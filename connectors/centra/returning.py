"""Returns and refunds at Centra: what was announced there, what was paid back, and where it stands now.

Centra's list of returns filters by the time of creation only, so a change of status shows in none of its windows. Three
things make up for that: Return events name what changed; every refund is an entry of the payment history with a time of
its own, and names its return; and the hub asks again for what it holds as open (`one`).
A refund without a return (delivery, goodwill) is in the payment history alone.
Source: Integration API reference, Return, ReturnFilter, PaymentHistoryEntry; section 7 of the platform reference.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from connectors.base import Page, Record
from connectors.canonical.payload import JSON
from connectors.centra import documents
from connectors.centra.client import CentraClient
from connectors.centra.orders import whole_id
from connectors.centra.paging import Position
from connectors.centra.translate_returns import REFUND_MARK

RETURN_ROWS = 50
REFUND_ROWS = 100


class Returning:
    def __init__(self, client: CentraClient, *, zone: ZoneInfo, store: int | None) -> None:
        self._client, self._zone = client, zone
        self._shop: dict[str, JSON] = {
            "storeType": "DIRECT_TO_CONSUMER",
            **({} if store is None else {"storeId": [store]}),
        }

    def page(self, *, since: datetime, until: datetime, token: str | None) -> Page:
        """First the returns created in the window, oldest first; then the refunds made in it, with their returns."""
        kept: Mapping[str, JSON] = json.loads(token) if token else {}
        if "refunds" in kept:
            return self._refunds(since, until, page=int(kept["refunds"]))
        return self._created(since, until, kept.get("returns"))

    def _created(self, since: datetime, until: datetime, token: str | None) -> Page:
        position = Position.from_token(token, since=since)
        asked = position.where(until=until)
        created = asked.pop("updatedAt")
        rows = self._read({**self._shop, **asked, "createdAt": created}, rows=RETURN_ROWS, page=position.page)
        following = position.after(
            [{"id": row["id"], "updatedAt": row["createdAt"]} for row in rows], limit=RETURN_ROWS, zone=self._zone
        )
        token = json.dumps({"refunds": 1} if following is None else {"returns": following.token()})
        return Page(records=tuple(map(_record, rows)), next_token=token)

    def _refunds(self, since: datetime, until: datetime, *, page: int) -> Page:
        """An entry keeps the time it was made at, so nothing leaves the window while it is paged through."""
        window = {"from": since.isoformat(), "to": until.isoformat()}
        where = {"entryType": ["REFUND"], "status": ["SUCCESS"], "createdAt": window}
        rows = self._entries(where, page=page)
        ids = sorted({row["return"]["id"] for row in rows if row.get("return")})
        known = self._read({**self._shop, "id": ids}, rows=len(ids)) if ids else []
        alone = [_refund_record(row) for row in rows if not row.get("return")]
        token = json.dumps({"refunds": page + 1}) if len(rows) == REFUND_ROWS else None
        return Page(records=(*map(_record, known), *alone), next_token=token)

    def one(self, external_id: str) -> Record | None:
        mark, _, number = external_id.rpartition("-")
        wanted = whole_id(number, kind="return")
        if mark == REFUND_MARK:
            entries = self._entries({"id": [wanted]}, page=1)
            return _refund_record(entries[0]) if entries else None
        rows = self._read({"id": [wanted]}, rows=1)
        return _record(rows[0]) if rows else None

    def _read(self, where: Mapping[str, JSON], *, rows: int, page: int = 1) -> Sequence[Mapping[str, JSON]]:
        asked = {"where": where, "limit": rows, "page": page}
        found: Sequence[Mapping[str, JSON]] = self._client.execute(documents.READ_RETURNS, asked).data["returns"]
        return found

    def _entries(self, where: Mapping[str, JSON], *, page: int) -> Sequence[Mapping[str, JSON]]:
        asked = {"where": where, "limit": REFUND_ROWS, "page": page}
        found: Sequence[Mapping[str, JSON]] = self._client.execute(documents.READ_REFUNDS, asked).data[
            "orderPaymentHistory"
        ]
        return found


def _record(row: Mapping[str, JSON]) -> Record:
    return Record(
        kind="return", external_id=str(row["id"]), payload=dict(row), order_external_id=_number(row.get("order"))
    )


def _refund_record(row: Mapping[str, JSON]) -> Record:
    return Record(
        kind="return",
        external_id=f"{REFUND_MARK}-{row['id']}",
        payload=dict(row),
        order_external_id=_number(row.get("order")),
    )


def _number(order: JSON) -> str:
    return str(order.get("number", "")) if isinstance(order, dict) else ""
