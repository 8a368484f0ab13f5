"""MarketplacerSandbox: one seller on one instance. GraphQL at /graphql, ours at /_control/."""

import base64
import threading
from collections import deque
from collections.abc import Collection
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from graphql import GraphQLSchema

from connectors.marketplacer.sandbox import endpoint
from connectors.marketplacer.sandbox.catalogue import build_structure
from connectors.marketplacer.sandbox.control import OperatorControls
from connectors.marketplacer.sandbox.market import Market, Row
from connectors.marketplacer.sandbox.resolving import Session, executable_schema
from connectors.marketplacer.sandbox.settings import Settings
from connectors.marketplacer.sandbox.webhooks import Webhooks
from connectors.sandboxkit import Fault, FaultPlan, Reply, Sandbox, SandboxClock, SandboxRequest

API_KEY = "sandbox-seller-key"
WEBHOOK_SECRET = "sandbox-webhook-secret"  # noqa: S105 - guards nothing but this sandbox
HMAC_KEY = "sandbox-signing-key"
VERTICAL = "demo-market"
PATH = "/graphql"
SKU_ARGUMENT = "Query.advertsWhere(skus)"
DEPRECATED = ("subtotal", "discount", "postage", "tax", "total", "commissionAmount", "commissionAmountTax", "cost")


class NamedFaults(FaultPlan):
    """A call answers to its document's own name and to each of its root fields."""

    def __init__(self) -> None:
        super().__init__()
        self._current = threading.local()

    def name(self, names: Collection[str]) -> None:
        self._current.names = names

    def take(self, operation: str) -> Fault | None:
        for name in (operation, *getattr(self._current, "names", ())):
            if any(fault.operation in ("*", name) for fault in list(self._faults)):
                return super().take(name)
        return None


class MarketplacerSandbox(OperatorControls):
    platform: ClassVar[str] = "marketplacer"

    def __init__(
        self,
        *,
        clock: SandboxClock | None = None,
        journal: Path | None = None,
        settings: dict[str, Any] | None = None,
        live_webhooks: bool = False,
    ) -> None:
        """`settings`: switches by name (settings.py). `live_webhooks` delivers from a thread of its own."""
        Sandbox.__init__(self, clock=clock, journal=journal)
        self.faults: NamedFaults = NamedFaults()
        chosen = Settings()
        chosen.update(settings or {})
        self.keys = {API_KEY: frozenset()}
        self.webhooks = Webhooks(self.clock, vertical=VERTICAL, run=self._run_webhook_query)
        self.market = Market(self.clock, chosen, self._changed)
        build_structure(self.market)
        self._calls: deque[datetime] = deque()
        self._live_webhooks = live_webhooks

    # --- the platform -----------------------------------------------------------------------------------------------
    def operation(self, request: SandboxRequest) -> str:
        if request.path != PATH:
            self.faults.name(())
            return f"{request.method} {request.path}"
        name, roots = endpoint.names_of(request)
        self.faults.name(roots)
        return name

    def answer(self, request: SandboxRequest) -> Reply:
        if request.path != PATH or request.method != "POST":
            return Reply(status=404, body="<html><body>Not found</body></html>", content_type="text/html")
        refused = self._refused(request)
        if refused is not None:
            return refused
        if (seconds := self._must_wait()) is not None:
            return self.rate_limited(seconds)
        try:
            query, variables = endpoint.read_body(request)
        except ValueError as error:
            return Reply(status=400, body={"errors": [{"message": str(error)}]})
        session = Session(market=self.market, forbidden=self.keys[_key(request)])
        introspection = self.market.settings.introspection
        return Reply(body=endpoint.run(self.schema, query, variables, session, introspection=introspection))

    @property
    def schema(self) -> GraphQLSchema:
        settings = self.market.settings
        absent = set(settings.absent)
        if not settings.sku_filter:
            absent.add(SKU_ARGUMENT)
        if not settings.cents:
            known = executable_schema(frozenset()).type_map
            for kind in ("Invoice", "LineItem"):
                absent |= {f"{kind}.{name}Cents" for name in DEPRECATED if f"{name}Cents" in known[kind].fields}  # type: ignore[attr-defined]
        return executable_schema(frozenset(absent))

    def _refused(self, request: SandboxRequest) -> Reply | None:
        """Basic and the key are two doors; Bearer opens the second where there is no first. Both key headers: neither."""
        settings, given = self.market.settings, request.headers.get("authorization", "")
        if settings.basic_user:
            pair = f"{settings.basic_user}:{settings.basic_password}"
            if given != f"Basic {base64.b64encode(pair.encode()).decode('ascii')}":
                return Reply(status=401, body="Unauthorized", content_type="text/plain")
        both = given.startswith("Bearer ") and "marketplacer-api-key" in request.headers
        if both or _key(request) not in self.keys:
            return Reply(status=401, body="API Token has expired", content_type="text/plain")
        return None

    def _must_wait(self) -> float | None:
        """The seconds until the next call, where a limit is set; the vendor states none."""
        most, now = self.market.settings.calls_per_minute, self.clock.now()
        if most is None:
            return None
        while self._calls and self._calls[0] <= now - timedelta(minutes=1):
            self._calls.popleft()
        if len(self._calls) >= most:
            return max((self._calls[0] + timedelta(minutes=1) - now).total_seconds(), 1)
        self._calls.append(now)
        return None

    def rate_limited(self, seconds: float) -> Reply:
        return endpoint.too_many_requests(seconds if self.market.settings.retry_after else None)

    def credentials(self) -> dict[str, str]:
        settings = self.market.settings
        basic = {"basic_user": settings.basic_user, "basic_password": settings.basic_password}
        return {
            "api_key": next(iter(self.keys)),
            "currency": settings.currency,
            "webhook_secret": WEBHOOK_SECRET,
            "webhook_hmac_key": HMAC_KEY,
            **(basic if settings.basic_user else {}),
        }

    # --- telling ----------------------------------------------------------------------------------------------------
    def _changed(self, kind: str, event: str, row: Row) -> None:
        self.webhooks.note(kind, event, row["id"])

    def _run_webhook_query(self, query: str, key: str) -> dict[str, Any]:
        return endpoint.run(self.schema, query, {"id": key}, Session(market=self.market))

    # --- the life of the server -------------------------------------------------------------------------------------
    def start(self, port: int = 0) -> str:
        url = super().start(port)
        if self._live_webhooks:
            self.webhooks.start()
        return url

    def stop(self) -> None:
        self.webhooks.stop()
        super().stop()


def _key(request: SandboxRequest) -> str:
    given = request.headers.get("authorization", "")
    bearer = given.removeprefix("Bearer ") if given.startswith("Bearer ") else ""
    return request.headers.get("marketplacer-api-key", "") or bearer
