"""Mirakl's paths, key, paging and call limits. Answers come back as Mirakl sent them.

Every call carries the bare key (a Bearer prefix gives 401) and, where one is set, `shop_id`: without it the user's
default shop answers. Operation names are Mirakl's own codes.
Source: Mirakl Marketplace Platform seller OpenAPI 3.1 (snapshot 2026-07) and its General Notes.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from connectors.base import Account
from connectors.canonical.payload import JSON
from connectors.http import FilePart, Gate, HostRule, Http, Limit, Response, path_segment
from connectors.mirakl.refusals import refusal
from connectors.redaction import Redaction

PAGE_SIZE = 100  # the maximum of offset and of seek paging [General Notes]
MAX_SHIPMENT_PAGES = 20
TAX_MODE = "TAX_INCLUDED"  # overrides the platform's default: always sent, so that amounts mean one thing
EXTERNAL_PARTNER = "external_partner"
MINUTE, HOUR, DAY = 60, 3600, 86_400
# OR11 to look at one order, or at the next page of a poll: "at each order page display", without a figure.
ORDER_READS = "OR11 reads"
# Called at each event. They have a bucket all the same, so that a 429 pauses the operation and no other.
EVENT_DRIVEN = (
    ORDER_READS,
    "OF21",
    "OR21",
    "OR23",
    "OR24",
    "OR28",
    "OR29",
    "OR30",
    "P44",
    "P47",
    "PC01",
    "RE01",
    "ST01",
    "ST11",
    "ST23",
    "ST24",
    "V01",
)
ANY_FILE = "application/octet-stream"  # how P44 and P47 answer, whatever the file is
UNDOCUMENTED = "our own courtesy: the vendor states no figure"
# "Every hour" is read as: for one category, and for one value list. There are hundreds of each, so that one call an hour
# over all of them would take weeks; who asks keeps what was answered, and does not ask the same within the hour.
# A marketplace that counts otherwise says 429, and only that operation waits.
HOURLY_EACH = "maximum usage every hour, for one category or one value list; the number is our own courtesy"
# With 1 a day, a single 503 would leave a new connection without carriers until tomorrow.
DAILY = "maximum usage once per day; two more for a failed reading and a person's refresh"


class MiraklClient:
    def __init__(self, account: Account, *, gate: Gate) -> None:
        shop_id = account.settings.get("shop_id")
        self._shop = {"shop_id": str(shop_id)} if shop_id else {}
        self._http = Http(
            base_url=root_url(account),
            gate=gate,
            name="Mirakl",
            headers={"Authorization": account.credentials.get("api_key", ""), "Accept": "application/json"},
            redact=Redaction(secrets=tuple(filter(None, account.credentials.values()))),
            allow=HostRule(allow_loopback=account.settings.get("sandbox") is True),
            refusal=refusal,
        )

    # --- orders -------------------------------------------------------------------------------------------------------
    def list_orders(self, *, updated_from: datetime, updated_until: datetime, offset: int) -> JSON:
        """OR11, one page, oldest creation first. A poll is one use of it, however many pages it takes."""
        window = {"start_update_date": iso(updated_from), "end_update_date": iso(updated_until)}
        paging = {"max": PAGE_SIZE, "offset": offset, "sort": "dateCreated", "order": "asc"}
        bucket = "OR11" if offset == 0 else ORDER_READS
        params = {**window, **paging, "order_tax_mode": TAX_MODE}
        return self._read("OR11", "/api/orders", params=params, lists=("orders",), bucket=bucket)

    def list_orders_created(self, *, since: datetime, until: datetime, offset: int) -> JSON:
        """OR11 by creation date, one page, oldest first. The first page counts like a poll, the others like reads."""
        window = {"start_date": iso(since), "end_date": iso(until)}
        paging = {"max": PAGE_SIZE, "offset": offset, "sort": "dateCreated", "order": "asc"}
        bucket = "OR11" if offset == 0 else ORDER_READS
        params = {**window, **paging, "order_tax_mode": TAX_MODE}
        return self._read("OR11", "/api/orders", params=params, lists=("orders",), bucket=bucket)

    def read_orders(self, order_ids: Sequence[str]) -> JSON:
        """OR11 for up to 100 order ids: "at each order page display"."""
        params = {"order_ids": ",".join(order_ids), "max": PAGE_SIZE, "order_tax_mode": TAX_MODE}
        return self._read("OR11", "/api/orders", params=params, lists=("orders",), bucket=ORDER_READS)

    def decide_order(self, order_id: str, body: JSON) -> None:
        self._write("OR21", "PUT", f"/api/orders/{path_segment(order_id)}/accept", json=body)

    def set_tracking(self, order_id: str, body: JSON) -> None:
        """OR23. Repeatable: it overwrites."""
        self._write("OR23", "PUT", f"/api/orders/{path_segment(order_id)}/tracking", json=body)

    def ship_order(self, order_id: str) -> None:
        """OR24: the whole order, no body, Content-Length 0. A second call is refused."""
        self._write("OR24", "PUT", f"/api/orders/{path_segment(order_id)}/ship")

    def set_references(self, body: JSON) -> JSON:
        """OR04, up to 100 orders; verdicts per order are inside the 200."""
        response = self._write("OR04", "PUT", "/api/orders", json=body)
        return _object(response, lists=("updated_orders",))

    def refund(self, body: JSON) -> JSON:
        """OR28. NOT repeatable: it creates another refund while there is something left."""
        return _object(self._write("OR28", "PUT", "/api/orders/refund", json=body), lists=("refunds",))

    def cancel_order(self, order_id: str) -> None:
        """OR29: the whole order, no body."""
        self._write("OR29", "PUT", f"/api/orders/{path_segment(order_id)}/cancel")

    def cancel_lines(self, body: JSON) -> JSON:
        """OR30. NOT repeatable: it creates another cancelation while there is something left."""
        return _object(self._write("OR30", "PUT", "/api/orders/cancel", json=body), lists=("cancelations",))

    # --- shipments ----------------------------------------------------------------------------------------------------
    def list_shipments(self, order_id: str) -> list[JSON]:
        """ST11: every shipment of one order, all pages. 404 where the operator has no multi-shipment."""
        params: dict[str, Any] = {"order_id": order_id, "limit": PAGE_SIZE, "sort": "dateCreated,ASC"}
        found: list[JSON] = []
        for _ in range(MAX_SHIPMENT_PAGES):
            page = self._read("ST11", "/api/shipments", params=params, lists=("data",))
            found += page["data"]
            if not page.get("next_page_token"):
                break
            params = {"page_token": page["next_page_token"]}  # it holds every other parameter
        return found

    def list_items_to_ship(self, order_id: str) -> JSON:
        params = {"order_id": order_id, "limit": PAGE_SIZE}
        return self._read("ST12", "/api/shipments/items_to_ship", params=params, lists=("data",))

    def create_shipments(self, body: JSON) -> JSON:
        """ST01. NOT repeatable. 201 even when everything failed: read `shipment_errors`."""
        response = self._write("ST01", "POST", "/api/shipments", json=body)
        return _object(response, optional_lists=("shipment_success", "shipment_errors"))

    def set_shipment_tracking(self, body: JSON) -> JSON:
        """ST23, a POST: PUT answers 405. Repeatable: it overwrites."""
        response = self._write("ST23", "POST", "/api/shipments/tracking", json=body)
        return _object(response, optional_lists=("shipment_success", "shipment_errors"))

    def validate_shipments(self, shipment_ids: Sequence[str]) -> JSON:
        """ST24: marks shipments as shipped; verdicts per shipment are inside the 200."""
        body = {"shipments": [{"id": shipment_id} for shipment_id in shipment_ids]}
        response = self._write("ST24", "PUT", "/api/shipments/ship", json=body)
        return _object(response, optional_lists=("shipment_success", "shipment_errors"))

    # --- returns ------------------------------------------------------------------------------------------------------
    def list_returns(self, *, updated_from: datetime, updated_until: datetime, page_token: str = "") -> JSON:
        """RT11, one page, oldest creation first: who changes meanwhile leaves the window and moves nobody else.

        Its filters have names of their own (`return_last_updated_from`): misnamed ones are ignored.
        """
        window = {
            "return_last_updated_from": iso(updated_from),
            "return_last_updated_to": iso(updated_until),
            "limit": PAGE_SIZE,
            "sort": "date_created,ASC",
        }
        params = {"page_token": page_token} if page_token else window  # it holds every other parameter
        return self._read("RT11", "/api/returns", params=params, lists=("data",))

    def read_return(self, return_id: str) -> JSON:
        return self._read("RT11", "/api/returns", params={"return_id": return_id}, lists=("data",))

    # --- reference data and settings ----------------------------------------------------------------------------------
    def read_version(self) -> None:
        """V01: only the 200 matters."""
        self._http.request("GET", "/api/version", operation="V01", write=False, params=self._shop, costs={"V01": 1})

    def read_account(self) -> JSON:
        return self._read("A01", "/api/account")

    def read_configuration(self) -> JSON:
        return self._read("PC01", "/api/platform/configuration")

    def list_carriers(self) -> JSON:
        return self._read("SH21", "/api/shipping/carriers", lists=("carriers",))

    def list_shipping_types(self) -> JSON:
        return self._read("SH12", "/api/shipping/types", lists=("shipping_types",))

    def list_reasons(self) -> JSON:
        return self._read("RE01", "/api/reasons", lists=("reasons",))

    def list_channels(self) -> JSON:
        return self._read("CH11", "/api/channels", lists=("channels",))

    def list_additional_fields(self) -> JSON:
        params = {"entities": "ORDER,ORDER_LINE"}
        return self._read("AF01", "/api/additional_fields", params=params, lists=("additional_fields",))

    # --- offers: stock and prices -------------------------------------------------------------------------------------
    def list_offers(self, *, offset: int) -> JSON:
        """OF21, one page of what the shop shows."""
        params = {"max": PAGE_SIZE, "offset": offset}
        return self._read("OF21", "/api/offers", params=params, lists=("offers",))

    def import_stock(self, file: bytes) -> JSON:
        """STO01, a CSV of `"offer-sku";"quantity"`. Repeatable: it sets states. The import id is a string here."""
        part = FilePart(filename="stock.csv", content=file, content_type="text/csv")
        return _object(self._write("STO01", "POST", "/api/offers/stock/imports", files={"file": part}))

    def read_stock_import(self, import_id: str) -> JSON:
        return self._read("STO02", f"/api/offers/stock/imports/{path_segment(import_id)}/status")

    def read_stock_errors(self, import_id: str) -> bytes:
        """STO03, a CSV: line number, reason, then the columns that were sent. 404 when no line failed."""
        return self._report("STO03", f"/api/offers/stock/imports/{path_segment(import_id)}/error_report")

    def import_prices(self, file: bytes) -> JSON:
        """PRI01: all lines of an offer replace all its prices. Repeatable: it sets states."""
        part = FilePart(filename="prices.csv", content=file, content_type="text/csv")
        return _object(self._write("PRI01", "POST", "/api/offers/pricing/imports", files={"file": part}))

    def read_price_import(self, import_id: str) -> JSON | None:
        """PRI02 lists imports; None where it does not know this one."""
        params = {"import_id": import_id, "limit": PAGE_SIZE}
        found = self._read("PRI02", "/api/offers/pricing/imports", params=params, lists=("data",))["data"]
        return next((row for row in found if isinstance(row, dict) and str(row.get("import_id")) == import_id), None)

    def read_price_errors(self, import_id: str) -> bytes:
        """PRI03, shaped as STO03."""
        return self._report("PRI03", f"/api/offers/pricing/imports/{path_segment(import_id)}/error_report")

    # --- products -----------------------------------------------------------------------------------------------------
    def list_categories(self) -> JSON:
        """H11: the whole tree."""
        return self._read("H11", "/api/hierarchies", lists=("hierarchies",))

    def list_attributes(self, category: str) -> JSON:
        """PM11 for a category, those above it, and none below. Megabytes: its labels come in every language."""
        params = {"hierarchy": category, "max_level": 0}
        return self._read("PM11", "/api/products/attributes", params=params, lists=("attributes",))

    def list_attributes_with_roles(self) -> JSON:
        """PM11, only the attributes that the marketplace itself uses for something: few."""
        return self._read("PM11", "/api/products/attributes", params={"with_roles": True}, lists=("attributes",))

    def list_values(self, code: str) -> JSON:
        """VL11 for one list. Without its code the answer is every list there is: up to gigabytes."""
        return self._read("VL11", "/api/values_lists", params={"code": code}, lists=("values_lists",))

    def import_products(self, file: bytes) -> JSON:
        """P41, a CSV whose columns are the codes of PM11. Repeatable: it sets states, each time by a new import.

        Without `operator_format` the shop's own mapping in the back office is applied; where there is none, each line
        fails with 1004.
        """
        part = FilePart(filename="products.csv", content=file, content_type="text/csv")
        fields = {"operator_format": "true"}
        return _object(self._write("P41", "POST", "/api/products/imports", files={"file": part}, fields=fields))

    def read_product_import(self, import_id: str) -> JSON:
        return self._read("P42", f"/api/products/imports/{path_segment(import_id)}")

    def list_product_imports(self) -> JSON:
        """P51, the newest one: to see whether the key may."""
        return self._read("P51", "/api/products/imports", params={"max": 1}, lists=("product_import_trackings",))

    def read_integration_errors(self, import_id: str) -> bytes:
        """P44, in the operator's own columns where there is no Mirakl Catalog Manager. 404 when its flag is false."""
        return self._report("P44", f"/api/products/imports/{path_segment(import_id)}/error_report", ANY_FILE)

    def read_transformation_errors(self, import_id: str) -> bytes:
        """P47: the columns as sent, then `errors` and `warnings`. 404 when its flag is false."""
        return self._report(
            "P47", f"/api/products/imports/{path_segment(import_id)}/transformation_error_report", ANY_FILE
        )

    def _report(self, operation: str, path: str, accept: str = "text/csv") -> bytes:
        """A report of refused lines. 404 when there is none."""
        response = self._http.request(
            "GET",
            path,
            operation=operation,
            write=False,
            params=self._shop,
            headers={"Accept": accept},
            costs={operation: 1},
        )
        return response.body

    # --- the two roads ------------------------------------------------------------------------------------------------
    def _read(
        self,
        operation: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        lists: Sequence[str] = (),
        bucket: str = "",
    ) -> JSON:
        response = self._http.request(
            "GET",
            path,
            operation=operation,
            write=False,
            params={**(params or {}), **self._shop},
            costs={bucket or operation: 1},
        )
        return _object(response, lists=lists)

    def _write(
        self,
        operation: str,
        method: str,
        path: str,
        *,
        json: JSON = None,
        files: Mapping[str, FilePart] | None = None,
        fields: Mapping[str, str] | None = None,
    ) -> Response:
        return self._http.request(
            method,
            path,
            operation=operation,
            write=True,
            params=self._shop,
            json=json,
            data=fields,
            files=files,
            costs={operation: 1},
        )


def _object(response: Response, *, lists: Sequence[str] = (), optional_lists: Sequence[str] = ()) -> JSON:
    """The answer as an object whose named members are lists; anything else is no answer at all."""
    body = response.json()
    if not isinstance(body, dict):
        raise response.unreadable("The answer is not an object.")
    for name in (*lists, *optional_lists):
        if not isinstance(body.get(name), list) and not (name in optional_lists and body.get(name) is None):
            raise response.unreadable(f"{name} is not a list.")
    return body


@dataclass(frozen=True, kw_only=True)
class Place:
    """How far a poll has come in OR11's offset paging; between pages it travels as a token."""

    offset: int = 0
    total: int | None = None  # what the page before counted

    @classmethod
    def decoded(cls, token: str | None) -> "Place":
        if token is None:
            return cls()
        offset, _, total = token.partition("-")
        return cls(offset=int(offset), total=int(total) if total else None)

    def encoded(self) -> str:
        return f"{self.offset}-{'' if self.total is None else self.total}"

    def following(self, count: int, *, total: int | None) -> "Place | None":
        """Where the next page begins after one with `count` orders; None at the end.

        Orders that changed since leave the window, and those behind them move up: what stood at the head of this page
        may have slipped behind it, so the same place is read again, as much earlier. A bounded window only shrinks, so
        this ends. A full page at the very end is followed by an empty one.
        """
        shrunk = max(0, self.total - total) if self.total is not None and total is not None else 0
        at_end = total is not None and count < PAGE_SIZE and self.offset + count >= total
        if shrunk:
            return Place(offset=max(0, self.offset - shrunk), total=total)
        return None if count == 0 or at_end else Place(offset=self.offset + count, total=total)


def root_url(account: Account) -> str:
    """The address people give may end in /api, as operators' guides print it."""
    return account.base_url.rstrip("/").removesuffix("/api")


def account_digest(account: Account) -> str:
    """Tells accounts on one operator apart without showing the key."""
    named = f"{account.credentials.get('api_key', '')} {account.settings.get('shop_id') or ''}"
    return hashlib.sha256(named.encode()).hexdigest()[:16]


def iso(moment: datetime) -> str:
    """UTC with a Z: an offset's plus sign would have to survive every proxy's idea of percent-encoding."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def limits(account: Account) -> tuple[Limit, ...]:
    """The documented maxima, by operation. Source: call frequencies in each operation's description, seller OpenAPI."""
    poll = 15 * MINUTE if account.settings.get("or11_tier") == EXTERNAL_PARTNER else MINUTE
    return (
        Limit(bucket="OR11", calls=1, seconds=poll, source="OR11, maximum usage, asynchronous"),
        Limit(bucket="OR04", calls=1, seconds=MINUTE, source="OR04, maximum usage"),
        *(
            Limit(bucket=name, calls=1, seconds=5 * MINUTE, source=f"{name}, maximum usage")
            for name in ("RT11", "ST12")
        ),
        Limit(bucket="STO01", calls=1, seconds=MINUTE, source="STO01, maximum usage"),
        Limit(bucket="STO02", calls=1, seconds=15, source="STO02, maximum usage"),
        *(
            Limit(bucket=name, calls=1, seconds=MINUTE, source=f"{name}, maximum usage")
            for name in ("STO03", "PRI01", "PRI02", "PRI03", "P42", "P51")
        ),
        Limit(bucket="P41", calls=1, seconds=15 * MINUTE, source="P41, maximum usage, for each seller"),
        Limit(bucket="H11", calls=1, seconds=HOUR, source="H11, maximum usage"),
        *(Limit(bucket=name, calls=120, seconds=HOUR, source=HOURLY_EACH) for name in ("PM11", "VL11")),
        *(Limit(bucket=name, calls=3, seconds=DAY, source=DAILY) for name in ("A01", "AF01", "CH11", "SH12", "SH21")),
        *(Limit(bucket=name, calls=600, seconds=MINUTE, source=UNDOCUMENTED) for name in EVENT_DRIVEN),
    )
