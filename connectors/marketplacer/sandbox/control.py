"""The operator's hand and the customers': what happens without the seller. In Python, and as POST /_control/<name>."""

import functools
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Concatenate, ParamSpec, TypeVar

from connectors.marketplacer.sandbox import catalogue, orders, refunds
from connectors.marketplacer.sandbox.market import Market, RefusalError, Row
from connectors.marketplacer.sandbox.resolving import executable_schema
from connectors.marketplacer.sandbox.webhooks import Message, Send, Webhook, Webhooks
from connectors.sandboxdata import catalogue as sample_goods
from connectors.sandboxkit import Sandbox

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S", bound="OperatorControls")

CONTROLS: set[str] = set()


def operator(method: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
    """One step of the operator: under the lock, and callable over HTTP by its name. A refusal is a ValueError."""
    CONTROLS.add(method.__name__)

    @functools.wraps(method)
    def step(self: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with self.lock:
            self.settle()
            try:
                return method(self, *args, **kwargs)
            except RefusalError as refusal:
                raise ValueError(str(refusal)) from refusal

    return step


class OperatorControls(Sandbox):
    market: Market
    webhooks: Webhooks
    keys: dict[str, frozenset[str]]

    def control(self, name: str, payload: dict[str, Any]) -> Any:
        """The method of that name with the payload's members as keywords."""
        method = name.replace("-", "_")
        if method not in CONTROLS:
            raise KeyError(name)
        result = getattr(self, method)(**payload)
        return result if isinstance(result, dict | list) else {"result": result}

    # --- customers and invoices -------------------------------------------------------------------------------------
    @operator
    def add_order(self, /, *, lines: Sequence[Row], created_at: datetime | str | None = None, **sale: Any) -> str:
        """A customer buys; see orders.place. Returns the invoice's number."""
        at = datetime.fromisoformat(created_at) if isinstance(created_at, str) else created_at
        return str(orders.place(self.market, lines=lines, created_at=at, **sale)["legacyId"])

    @operator
    def add_orders(self, /, count: int, *, lines: Sequence[Row]) -> list[str]:
        return [str(orders.place(self.market, lines=lines)["legacyId"]) for _ in range(count)]

    @operator
    def release_payment(self, /, reference: str) -> None:
        """The payment was reviewed and is good."""
        invoice = self.market.invoice(reference)
        invoice |= {"underReview": False, "paidAt": self.market.now()}
        orders.touch(self.market, invoice)

    @operator
    def mark(self, /, reference: str, **values: Any) -> None:
        """ready, collected, remittedAt, extraFlags: what only the portal can do, or nobody has documented."""
        invoice = self.market.invoice(reference)
        invoice |= values
        orders.touch(self.market, invoice)

    @operator
    def remit(self, /, reference: str) -> None:
        invoice = self.market.invoice(reference)
        invoice["remittedAt"] = self.market.now()
        orders.touch(self.market, invoice)

    @operator
    def invoice(self, /, reference: str) -> dict[str, Any]:
        """What the platform itself holds of an invoice."""
        row = self.market.invoice(reference)
        return {
            "id": row["id"],
            "flags": orders.status_flags(row),
            "lines": [_shown_line(row, line) for line in row["lineItems"]],
            "shipments": [_shown_shipment(item) for item in row["shipments"]],
            "refund_requests": [{"id": item["id"], "status": item["status"]} for item in row["refundRequests"]],
            "annotations": [item["content"] for item in row["annotations"]],
            "total_cents": row["totalCents"],
        }

    # --- refund requests --------------------------------------------------------------------------------------------
    @operator
    def request_refund(
        self, /, reference: str, *, units: Mapping[str, int], dispatched: bool = False, reason: str = "Changed my mind"
    ) -> str:
        """The customer or the operator asks; `units` by SKU. Returns the refund request's id."""
        invoice = self.market.invoice(reference)
        items = [
            {
                "lineItemId": line["id"],
                "quantity": units[line["variantSku"]],
                "reason": reason,
                "dispatched": dispatched,
            }
            for line in invoice["lineItems"]
            if line["variantSku"] in units
        ]
        return str(refunds.create(self.market, {"invoiceId": invoice["id"], "lineItems": items})["refundRequest"]["id"])

    @operator
    def refund(self, /, request_id: str) -> None:
        """The operator's final step."""
        refunds.refund(self.market, {"refundRequestId": request_id})

    @operator
    def deny_refund(self, /, request_id: str) -> None:
        refunds.deny(self.market, {"refundRequestId": request_id})

    @operator
    def return_refund(self, /, request_id: str) -> None:
        """The operator, too, may say that goods came back."""
        refunds.mark_returned(self.market, {"refundRequestId": request_id})

    # --- products ---------------------------------------------------------------------------------------------------
    @operator
    def add_product(self, /, **values: Any) -> str:
        return str(catalogue.add_product(self.market, **values)["id"])

    @operator
    def load_catalogue(self, /, *, seed: int = 1, stock: int = 25) -> int:
        return catalogue.load_catalogue(self.market, sample_goods(seed), stock=stock)

    @operator
    def set_stock(self, /, sku: str, quantity: int) -> None:
        self._variant(sku)["countOnHand"] = quantity

    @operator
    def shown(self, /, sku: str) -> dict[str, Any]:
        """What customers see of a SKU."""
        variant = self._variant(sku)
        return {
            "quantity": variant["countOnHand"],
            "price": str(catalogue.price_of(variant)),
            "buyable": catalogue.is_buyable(self.market, variant),
        }

    def _variant(self, sku: str) -> Row:
        found = catalogue.variant_of(self.market, sku)
        if found is None:
            raise KeyError(sku)
        return found

    @operator
    def vet(self, /, advert_id: str, *, reason: str = "") -> None:
        """Approve an advert, or reject it with a reason."""
        advert = self.market.rows[advert_id]
        rejected_at = self.market.now() if reason else None
        advert |= {"vetted": not reason, "vettingRejected": bool(reason)}
        advert |= {"vettingRejectedReason": reason or None, "vettingRejectedAt": rejected_at}
        self.market.tell("update", advert)

    # --- the instance -----------------------------------------------------------------------------------------------
    @operator
    def configure(self, /, **values: Any) -> None:
        """Set switches by name (settings.py). Raises ValueError for an unknown one; then nothing is set."""
        self.market.settings.update(values)

    @operator
    def remove_field(self, /, path: str) -> None:
        """This instance lacks "Invoice.updatedAt", or the argument "Query.advertsWhere(skus)"."""
        executable_schema(frozenset({path}))
        self.market.settings.absent.add(path)

    @operator
    def add_key(self, /, key: str) -> None:
        self.keys[key] = frozenset()

    @operator
    def withdraw_key(self, /, key: str) -> None:
        del self.keys[key]

    @operator
    def forbid(self, /, *root_fields: str, key: str = "", names: Sequence[str] = ()) -> None:
        """The key's scopes leave these out; over HTTP they come as `names`."""
        wanted = key or next(iter(self.keys))
        self.keys[wanted] |= {*root_fields, *names}

    # --- webhooks ---------------------------------------------------------------------------------------------------
    @operator
    def add_webhook(self, /, *, url: str, type: str, **values: Any) -> int:  # noqa: A002  the platform's word
        """As entered in the portal; see webhooks.Webhook. Returns its place in the list."""
        events = tuple(values.pop("events", ()))
        self.webhooks.webhooks.append(Webhook(url=url, type=type, events=events, **values))
        return len(self.webhooks.webhooks) - 1

    @operator
    def trouble_webhooks(self, /, *, copies: int = 1, backwards: bool = False, lose: int = 0) -> None:
        """Send each `copies` times, newest first, and never send the next `lose`."""
        self.webhooks.copies, self.webhooks.backwards = copies, backwards
        self.webhooks.lose(lose)

    @operator
    def webhook_states(self, /) -> list[dict[str, Any]]:
        return [{"url": item.url, "type": item.type, "enabled": item.enabled} for item in self.webhooks.webhooks]

    def deliver_webhooks(self, send: Send | None = None) -> list[Message]:
        """Send what waits, now: to the entered URL, or through `send(body, headers) -> status`."""
        return self.webhooks.deliver(send)


def _shown_line(invoice: Row, line: Row) -> dict[str, Any]:
    return {
        "id": line["id"],
        "sku": line["variantSku"],
        "quantity": line["quantity"],
        "shipped": orders.shipped_units(invoice, line),
        "asked_back": orders.asked_units(invoice, line, dispatched=False),
    }


def _shown_shipment(shipment: Row) -> dict[str, Any]:
    items = {item["lineItem"]["variantSku"]: item["quantity"] for item in shipment["shippedItems"]}
    return {
        "id": shipment["id"],
        "carrier": shipment["carrier"],
        "tracking": shipment["trackingNumber"],
        "note": shipment["note"],
        "dispatched_at": shipment["dispatchedAt"].date().isoformat(),
        "units": items,
    }
