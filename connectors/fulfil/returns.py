"""Goods that come back to Fulfil: announced as a return order, received and shelved as return shipments, then credited.

A return order carries our reference as its `channel_identifier`, of which a channel takes one. A return shipment is read
like a customer shipment: by id within a window of changes. Source: the platform reference of this project, section 11.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from connectors.base import Page, Record
from connectors.canonical.errors import UnknownOutcomeError
from connectors.canonical.payload import JSON
from connectors.canonical.returns import ReturnRequest
from connectors.fulfil.client import FulfilClient
from connectors.fulfil.orders import SALE, whole_id
from connectors.fulfil.translate_returns import (
    INVOICE_FIELDS,
    MOVE_FIELDS,
    SHELVING_FIELDS,
    SHIPMENT_FIELDS,
    build_return,
)
from connectors.fulfil.typedjson import read_moment

SHIPMENT, MOVE, INVOICE = "stock.shipment.out.return", "stock.move", "account.invoice"
RETURN_ROWS = 50


class Returns:
    def __init__(self, client: FulfilClient, *, channel: int) -> None:
        self._client, self._channel = client, channel

    # --- announcing -----------------------------------------------------------------------------------------------
    def find(self, reference: str) -> str | None:
        """The return order that carries our reference."""
        domain = [["channel", "=", self._channel], ["channel_identifier", "=", reference]]
        rows = self._client.search_read(SALE, domain, ("state",), limit=1)
        return str(rows[0]["id"]) if rows else None

    def send(self, request: ReturnRequest) -> str:
        """One call; found again by `find`. Returns the number of the return order."""
        built = build_return(request)
        number = whole_id(request.order_external_id)
        answer = self._client.call(SALE, "return_order", [built], record=number)
        record = answer[0] if isinstance(answer, list) and len(answer) == 1 else answer
        made = record.get("id") if isinstance(record, dict) else None
        if isinstance(made, bool) or not isinstance(made, int):  # the form of this answer is not published
            words = f"Fulfil took return {request.reference} and did not name its own number. The hub looks it up."
            raise UnknownOutcomeError(words, code="no_number")
        return str(made)

    # --- what arrived ---------------------------------------------------------------------------------------------
    def page(self, *, since: datetime, until: datetime, token: str | None) -> Page:
        domain = [*_changed(since, until, token), ["channels", "in", [self._channel]]]
        rows = self._client.search_read(SHIPMENT, domain, SHIPMENT_FIELDS, limit=RETURN_ROWS)
        moves, shelved = self._moves(rows)
        records = tuple(
            _record("return", row, {"shipment": row, "moves": _of(moves, row), "shelved": _of(shelved, row)})
            for row in rows
        )
        return Page(records=records, next_token=str(rows[-1]["id"]) if len(rows) == RETURN_ROWS else None)

    def _moves(self, rows: Sequence[Mapping[str, JSON]]) -> tuple[list[dict[str, JSON]], list[dict[str, JSON]]]:
        """What arrived for return lines, and what of it went on to a shelf."""
        if not rows:
            return [], []
        own = ["shipment", "in", [f"{SHIPMENT},{row['id']}" for row in rows]]
        arrived = self._client.search_read_all(MOVE, [own, ["origin", "like", "sale.line,%"]], MOVE_FIELDS)
        shelving = [own, ["origin", "like", "stock.move,%"], ["state", "=", "done"]]
        return arrived, self._client.search_read_all(MOVE, shelving, SHELVING_FIELDS)

    # --- what was credited ----------------------------------------------------------------------------------------
    def credit_notes(self, *, since: datetime, until: datetime, token: str | None) -> Page:
        """Tenants name them `out_credit_note`, or `out` with a negative total: both are asked for."""
        domain = [
            *_changed(since, until, token),
            ["OR", ["type", "=", "out_credit_note"], [["type", "=", "out"], ["total_amount", "<", 0]]],
            ["sales.channel", "=", self._channel],
        ]
        rows = self._client.search_read(INVOICE, domain, INVOICE_FIELDS, limit=RETURN_ROWS)
        ids = sorted({sale for row in rows for sale in row.get("sales") or ()})
        fields = ("channel_identifier", "origin")
        sales = self._client.search_read_all(SALE, [["id", "in", ids]], fields) if ids else []
        records = tuple(
            _record("credit_note", row, {"invoice": row, "sales": [one for one in sales if one["id"] in row["sales"]]})
            for row in rows
        )
        return Page(records=records, next_token=str(rows[-1]["id"]) if len(rows) == RETURN_ROWS else None)


def _changed(since: datetime, until: datetime, token: str | None) -> list[Any]:
    window = [[[field, ">=", since], [field, "<=", until]] for field in ("write_date", "create_date")]
    return [["OR", *window], ["id", ">", int(token or 0)]]


def _of(moves: Sequence[dict[str, JSON]], row: Mapping[str, JSON]) -> list[dict[str, JSON]]:
    return [move for move in moves if move.get("shipment") == f"{SHIPMENT},{row['id']}"]


def _record(kind: str, row: Mapping[str, JSON], payload: JSON) -> Record:
    changed = read_moment(row.get("write_date")) or read_moment(row.get("create_date"))
    return Record(kind=kind, external_id=str(row["id"]), payload=payload, updated_at=changed)
