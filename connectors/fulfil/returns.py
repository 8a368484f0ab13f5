"""Goods that come back to Fulfil: announced as a return order, received and shelved as return shipments, then credited.

A return order carries our reference as its `channel_identifier`, of which a channel takes one. A return shipment is read
like a customer shipment: by id within a window of changes. Source: the platform reference of this project, section 11.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from connectors.base import Page, Record
from connectors.canonical.errors import PermanentError, UnknownOutcomeError
from connectors.canonical.payload import JSON
from connectors.canonical.returns import ReturnRequest
from connectors.fulfil.client import FulfilClient
from connectors.fulfil.orders import SALE, whole_id
from connectors.fulfil.translate_returns import (
    INVOICE_FIELDS,
    MOVE_FIELDS,
    SHELVING_FIELDS,
    SHIPMENT_FIELDS,
    SOLD_FIELDS,
    SoldLine,
    build_return,
    order_of,
    parse_sold_lines,
)
from connectors.fulfil.typedjson import read_moment

SHIPMENT, MOVE, INVOICE, LINE = "stock.shipment.out.return", "stock.move", "account.invoice", "sale.line"
TAX = "sale.channel.tax"
RETURN_ROWS = 50


class Returns:
    def __init__(self, client: FulfilClient, *, channels: Sequence[int]) -> None:
        self._client, self._channels = client, tuple(channels)

    # --- announcing -----------------------------------------------------------------------------------------------
    def find(self, reference: str) -> str | None:
        """The return order that carries our reference."""
        domain = [["channel", "in", list(self._channels)], ["channel_identifier", "=", reference]]
        rows = self._client.search_read(SALE, domain, ("state",), limit=1)
        return str(rows[0]["id"]) if rows else None

    def send(self, request: ReturnRequest) -> str:
        """One writing call; found again by `find`. Returns the number of the return order."""
        number = whole_id(request.order_external_id)
        built = build_return(request, sold=self._sold(request, number) if _needs_the_sale(request) else {})
        answer = self._client.call(SALE, "return_order", [built], record=number)
        record = answer[0] if isinstance(answer, list) and len(answer) == 1 else answer
        made = record.get("id") if isinstance(record, dict) else None
        if isinstance(made, bool) or not isinstance(made, int):  # the form of this answer is not published
            words = f"Fulfil took return {request.reference} and did not name its own number. The hub looks it up."
            raise UnknownOutcomeError(words, code="no_number")
        return str(made)

    def _sold(self, request: ReturnRequest, number: int) -> Mapping[str, SoldLine]:
        """The lines of the sale: Fulfil wants its own ids, and prices without tax at the rates it will tax them with."""
        rows = self._client.search_read_all(LINE, [["sale", "=", number]], SOLD_FIELDS)
        if not rows:
            words = f"Fulfil has no order {number} for return {request.reference}. Look for it there, then try again."
            raise PermanentError(words, subject=request.order_external_id, code="order_gone")
        taxes = self._client.search_read_all(TAX, [["channel", "in", list(self._channels)]], ("tax", "rate"))
        return parse_sold_lines(rows, taxes)

    # --- what arrived ---------------------------------------------------------------------------------------------
    def page(self, *, since: datetime, until: datetime, token: str | None) -> Page:
        domain = [*_changed(since, until, token), ["channels", "in", list(self._channels)]]
        rows = self._client.search_read(SHIPMENT, domain, SHIPMENT_FIELDS, limit=RETURN_ROWS)
        return Page(records=self._records(rows), next_token=str(rows[-1]["id"]) if len(rows) == RETURN_ROWS else None)

    def one(self, external_id: str) -> Record | None:
        rows = self._client.search_read(SHIPMENT, [["id", "=", whole_id(external_id)]], SHIPMENT_FIELDS, limit=1)
        return next(iter(self._records(rows)), None)

    def _records(self, rows: Sequence[Mapping[str, JSON]]) -> tuple[Record, ...]:
        moves, shelved = self._moves(rows)
        return tuple(
            _record(
                "return",
                row,
                {"shipment": row, "moves": _of(moves, row), "shelved": _of(shelved, row)},
                order=next((order_of(move.get("origin.sale.origin")) for move in _of(moves, row)), ""),
            )
            for row in rows
        )

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
            ["sales.channel", "in", list(self._channels)],
        ]
        rows = self._client.search_read(INVOICE, domain, INVOICE_FIELDS, limit=RETURN_ROWS)
        ids = sorted({sale for row in rows for sale in row.get("sales") or ()})
        fields = ("channel_identifier", "origin")
        sales = self._client.search_read_all(SALE, [["id", "in", ids]], fields) if ids else []
        records = tuple(_credit_record(row, [one for one in sales if one["id"] in row["sales"]]) for row in rows)
        return Page(records=records, next_token=str(rows[-1]["id"]) if len(rows) == RETURN_ROWS else None)


def _changed(since: datetime, until: datetime, token: str | None) -> list[Any]:
    window = [[[field, ">=", since], [field, "<=", until]] for field in ("write_date", "create_date")]
    return [["OR", *window], ["id", ">", int(token or 0)]]


def _of(moves: Sequence[dict[str, JSON]], row: Mapping[str, JSON]) -> list[dict[str, JSON]]:
    return [move for move in moves if move.get("shipment") == f"{SHIPMENT},{row['id']}"]


def _needs_the_sale(request: ReturnRequest) -> bool:
    priced = any(line.amount is not None or not line.order_line_id for line in request.lines)
    return priced or bool(request.shipping and request.shipping.amount)


def _credit_record(row: Mapping[str, JSON], sales: Sequence[Mapping[str, JSON]]) -> Record:
    order = next((order_of(sale.get("origin")) for sale in sales), "")
    return _record("credit_note", row, {"invoice": dict(row), "sales": [dict(sale) for sale in sales]}, order=order)


def _record(kind: str, row: Mapping[str, JSON], payload: JSON, *, order: str) -> Record:
    changed = read_moment(row.get("write_date")) or read_moment(row.get("create_date"))
    return Record(kind=kind, external_id=str(row["id"]), payload=payload, updated_at=changed, order_external_id=order)
