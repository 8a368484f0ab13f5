"""What the platform and its surroundings can be told to do wrong: tokens, limits, schema, payment service, webhooks."""

import threading
from collections.abc import Iterable, Mapping
from typing import Any

from connectors.centra.sandbox.arithmetic import paid_in
from connectors.centra.sandbox.back_office import locked
from connectors.centra.sandbox.gql.endpoint import GraphQLEndpoint
from connectors.centra.sandbox.limits import RateLimits
from connectors.centra.sandbox.payments import mark_captured
from connectors.centra.sandbox.shop import Shop
from connectors.centra.sandbox.switches import Switches
from connectors.centra.sandbox.tokens import DEFAULT_EXPIRY_DAYS, Token, Tokens
from connectors.centra.sandbox.webhooks import Delivery, Send, Webhooks, WebhookSettings, form_body, signature
from connectors.sandboxkit import SandboxClock


class Trouble:
    lock: threading.RLock
    clock: SandboxClock
    shop: Shop
    tokens: Tokens
    limits: RateLimits
    graphql: GraphQLEndpoint
    webhooks: Webhooks
    default_token: str

    @property
    def switches(self) -> Switches:
        return self.shop.switches

    @locked
    def configure(self, **values: Any) -> None:
        """Set switches by name (see switches.py). Raises ValueError for an unknown one; then nothing is set."""
        self.shop.switches.update(values)

    @locked
    def set_limits(self, quotas: Mapping[tuple[str, str], int]) -> None:
        """Quotas by (type, window): {("REQUEST_COUNT", "TEN_SECONDS"): 60}; the rest as on a fresh instance."""
        self.limits.configure(quotas)

    # --- tokens -----------------------------------------------------------------------------------------------------
    @locked
    def add_token(
        self,
        secret: str,
        *,
        integration: str | None,
        permissions: Iterable[str] | None = None,
        store_ids: Iterable[int] | None = None,
        days: float = DEFAULT_EXPIRY_DAYS,
    ) -> Token:
        """None for permissions: every documented one; for store_ids: every store."""
        return self.tokens.add(
            secret,
            now=self.clock.now(),
            integration=integration,
            permissions=permissions,
            store_ids=store_ids,
            days=days,
        )

    @locked
    def expire_token(self, secret: str | None = None) -> None:
        self.tokens.get(secret or self.default_token).expires_at = self.clock.now()

    @locked
    def revoke_token(self, secret: str | None = None) -> None:
        self.tokens.get(secret or self.default_token).revoked = True

    @locked
    def forbid(self, *permissions: str, secret: str | None = None) -> None:
        """Take permissions away from a token."""
        token = self.tokens.get(secret or self.default_token)
        token.permissions -= frozenset(permissions)

    # --- schema -----------------------------------------------------------------------------------------------------
    @locked
    def deprecate(self, path: str, note: str) -> None:
        """Announce a field ("Order.otherComment") as deprecated; `note` says until when."""
        self._change_schema(self.graphql.deprecated, (path, note))

    @locked
    def remove_field(self, path: str) -> None:
        """This tenant's version lacks the field."""
        self._change_schema(self.graphql.without, path)

    @locked
    def show_strange_status(self, number: int, status: str) -> None:
        """Show an order with a status that is not in the documentation."""
        self._change_schema(self.graphql.enum_values, ("OrderStatus", status))
        order = self.shop.orders.rows[number]
        order.strange_status = status
        self.shop.order_changed(order)

    def _change_schema(self, held: set[Any], item: Any) -> None:
        """Raises ValueError, and leaves the schema as it was, when the change does not fit it."""
        was_there = item in held
        held.add(item)
        try:
            _ = self.graphql.schema
        except ValueError:
            if not was_there:
                held.discard(item)
            raise

    # --- payment service --------------------------------------------------------------------------------------------
    @locked
    def finish_captures(self, *, ok: bool = True) -> int:
        """The payment service's late answer to pending capture requests. Returns how many there were."""
        pending = [item for item in self.shop.payments.values() if item.status == "PENDING"]
        asked = [item for item in pending if item.entry_type in ("CAPTURE_REQUEST", "CAPTURE_PENDING")]
        for entry in asked:
            entry.status = "SUCCESS" if ok else "FAILED"
            entry.entry_type = "CAPTURE"
            if ok and entry.shipment is not None:
                mark_captured(self.shop, entry.shipment, entry.amount)
                self.shop.shipment_changed(entry.shipment)
            self.shop.order_changed(entry.order)
        return len(asked)

    def captured(self, number: int) -> str:
        """What was captured for an order, as a decimal string."""
        return str(paid_in(self.shop.orders.rows[number], "CAPTURE"))

    # --- webhooks ---------------------------------------------------------------------------------------------------
    def configure_webhooks(self, **values: Any) -> None:
        """url, secret, retries (0-3), max_events, timeout_seconds. Raises ValueError for an unknown or wrong value."""
        known = vars(self.webhooks.settings)
        if unknown := sorted(set(values) - set(known)):
            raise ValueError(f"Unknown webhook setting {', '.join(unknown)}; known are {', '.join(sorted(known))}.")
        self.webhooks.settings = WebhookSettings(**{**known, **values})

    def deliver_webhooks(self, send: Send | None = None) -> list[Delivery]:
        """Send what waits, now: to the configured URL, or through `send(body, headers) -> status`."""
        return self.webhooks.deliver(send)

    def drop_webhooks(self, count: int = 1) -> None:
        """The next `count` messages are never sent."""
        self.webhooks.drop(count)

    def duplicate_webhooks(self, count: int = 1) -> None:
        """The next `count` messages are sent twice."""
        self.webhooks.duplicate(count)

    def signed_webhook(
        self, events: Iterable[Mapping[str, Any]], *, secret: str | None = None
    ) -> tuple[bytes, dict[str, str]]:
        """A genuine body and its headers for events of your own choosing, signed now."""
        body = form_body({"events": [dict(event) for event in events]})
        signed = signature(
            body, secret=secret or self.webhooks.settings.secret, timestamp=int(self.clock.now().timestamp())
        )
        return body, {"Content-Type": "application/x-www-form-urlencoded", "X-Centra-Signature": signed}
