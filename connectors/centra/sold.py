"""Reading what Centra sold: its own orders, and those that it fulfils for marketplaces, as one list."""

from datetime import datetime
from zoneinfo import ZoneInfo

from connectors.base import Account, Page, Record, Setting
from connectors.canonical.counts import MarkPage
from connectors.canonical.errors import ConfigurationError
from connectors.canonical.orders import Order
from connectors.canonical.payload import JSON
from connectors.centra import translate_sold
from connectors.centra.client import CentraClient
from connectors.centra.documents import LIST_ROWS, Document
from connectors.centra.documents.sold import LIST_SOLD, READ_SOLD
from connectors.centra.orders import MAX_INT
from connectors.centra.paging import Position
from connectors.centra.reading import read_moment
from connectors.centra.translate_sold import READ_STATUSES, SENT_STATUSES, Terms

ORDER_ROWS = 50  # nested lists multiply the complexity

SOLD_SETTINGS: tuple[Setting, ...] = (
    Setting(
        name="sent_statuses",
        label="Orders that may be sent on",
        help="Where another system fulfils Centra's orders: the statuses that may go there. Empty: CONFIRMED, PROCESSING.",
    ),
    Setting(
        name="confirmed_is_paid",
        label="A confirmed order counts as paid",
        help="Unpaid orders are never sent on: what was authorised or taken must cover them. Tick only where invoices are "
        "paid later, and Centra confirms nothing that must not be sent.",
        kind="boolean",
        default=False,
    ),
    Setting(
        name="marketplace_orders_wait",
        label="Marketplace orders wait for payment in Centra too",
        help="The hub confirms a marketplace's order in Centra only once the marketplace says it is paid, so it counts as "
        "paid. Tick to wait for a payment that covers it in Centra's own history.",
        kind="boolean",
        default=False,
    ),
)


class Sold:
    def __init__(self, client: CentraClient, account: Account, *, store: int | None) -> None:
        self._client, self._store = client, store
        self._zone = ZoneInfo(account.timezone)
        self._terms = terms_of(account)

    def page(self, *, since: datetime, until: datetime, token: str | None) -> Page:
        """One page of orders changed in the window, oldest change first."""
        position = Position.from_token(token, since=since)
        where = {**self._where(), **position.where(until=until)}
        rows = self._rows(READ_SOLD, where, page=position.page)
        following = position.after(rows, limit=ORDER_ROWS, zone=self._zone)
        records = tuple(self._record(row) for row in rows)
        return Page(records=records, next_token=None if following is None else following.token())

    def one(self, reference: str) -> Record | None:
        number = int(reference) if reference.isascii() and reference.isdigit() else 0
        if not 0 < number <= MAX_INT:
            return None
        rows = self._rows(READ_SOLD, {"number": [number]}, page=1)
        return self._record(rows[0]) if rows else None

    def parse(self, payload: JSON) -> Order:
        return translate_sold.parse_order(payload, zone=self._zone, terms=self._terms)

    def placed(self, *, since: datetime, until: datetime, token: str | None) -> MarkPage:
        """One page of what was created in the window; an order's time of creation never changes, so pages do not shift."""
        page = int(token or 1)
        where = {**self._where(), "createdAt": {"from": since.isoformat(), "to": until.isoformat()}}
        rows = self._rows(LIST_SOLD, where, page=page, limit=LIST_ROWS)
        marks = (translate_sold.mark_order(row, zone=self._zone) for row in rows)
        following = str(page + 1) if len(rows) == LIST_ROWS else None
        return MarkPage(marks=tuple(mark for mark in marks if mark is not None), next_token=following)

    def _where(self) -> dict[str, JSON]:
        """A basket that was never ordered is no order: it is not asked for."""
        store = {} if self._store is None else {"storeId": [self._store]}
        return {"storeType": "DIRECT_TO_CONSUMER", "status": list(READ_STATUSES), **store}

    def _rows(self, document: Document, where: JSON, *, page: int, limit: int = ORDER_ROWS) -> list[dict[str, JSON]]:
        asked = {"where": where, "limit": limit, "page": page}
        rows: list[dict[str, JSON]] = self._client.execute(document, asked).data["orders"]
        return rows

    def _record(self, row: dict[str, JSON]) -> Record:
        updated_at = read_moment(row.get("updatedAt"), zone=self._zone)
        return Record(kind="order", external_id=str(row["number"]), payload=row, updated_at=updated_at)


def terms_of(account: Account) -> Terms:
    named = str(account.settings.get("sent_statuses") or "").upper().replace(";", ",")
    statuses = [part.strip() for part in named.split(",") if part.strip()] or list(SENT_STATUSES)
    unknown = sorted(set(statuses) - {"PENDING", *SENT_STATUSES})
    if unknown:
        words = (
            f"The setting Orders that may be sent on names {', '.join(unknown)}. "
            "It may name PENDING, CONFIRMED and PROCESSING."
        )
        raise ConfigurationError(words, code="setting")
    return Terms(
        statuses=frozenset(statuses),
        every_confirmed=account.settings.get("confirmed_is_paid") is True,
        marketplace_paid=account.settings.get("marketplace_orders_wait") is not True,
    )
