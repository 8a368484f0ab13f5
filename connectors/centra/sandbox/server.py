"""CentraSandbox: one tenant on loopback. GraphQL at /graphql, the Order API at /api/<name>, ours at /_control/."""

import threading
from collections.abc import Collection, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from connectors.centra.sandbox.back_office import BackOffice
from connectors.centra.sandbox.control import run_control
from connectors.centra.sandbox.gql.endpoint import GraphQLEndpoint, too_many_requests
from connectors.centra.sandbox.limits import RateLimits, retry_after
from connectors.centra.sandbox.order_api import OrderApi
from connectors.centra.sandbox.selling import Selling
from connectors.centra.sandbox.shop import Shop
from connectors.centra.sandbox.structure import build_structure
from connectors.centra.sandbox.tokens import Tokens
from connectors.centra.sandbox.trouble import Trouble
from connectors.centra.sandbox.webhooks import Webhooks
from connectors.sandboxkit import Fault, FaultPlan, JournalEntry, Reply, Sandbox, SandboxClock, SandboxRequest

TOKEN = "sandbox-integration-token"  # noqa: S105 - opens nothing but this sandbox
ORDER_API_KEY = "sandbox-order-api-key"
FIRST_ORDER_NUMBER = 10_001


class NamedFaults(FaultPlan):
    """A GraphQL call answers to several names: its document's own, each root field, and `mutation` or `query`."""

    def __init__(self) -> None:
        super().__init__()
        self._current = threading.local()

    def name(self, names: Collection[str]) -> None:
        """Say what the call of this thread is also called, before it asks for its fault."""
        self._current.names = names

    def take(self, operation: str) -> Fault | None:
        names = {"*", operation, *getattr(self._current, "names", ())}
        with self._lock:
            for fault in self._faults:
                if fault.operation not in names:
                    continue
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                if fault.times > 0:
                    fault.times -= 1
                    if fault.times == 0:
                        self._faults.remove(fault)
                return fault
        return None


class CentraSandbox(BackOffice, Selling, Trouble, Sandbox):
    platform: ClassVar[str] = "centra"
    default_token = TOKEN

    def __init__(
        self,
        *,
        clock: SandboxClock | None = None,
        journal: Path | None = None,
        timezone: str = "Europe/Stockholm",
        integration: str = "hub",
        api_name: str = "hub",
        first_order_number: int = FIRST_ORDER_NUMBER,
        live_webhooks: bool = False,
    ) -> None:
        """`timezone` is the tenant's; `live_webhooks` delivers from a thread of its own once an endpoint is configured."""
        Sandbox.__init__(self, clock=clock, journal=journal)
        self.faults: NamedFaults = NamedFaults()
        zone = ZoneInfo(timezone)
        self.webhooks = Webhooks(self.clock, zone)
        self.shop = Shop(clock=self.clock, zone=zone, webhooks=self.webhooks, first_order_number=first_order_number)
        build_structure(self.shop)
        self.tokens, self.limits = Tokens(), RateLimits(self.clock)
        self.tokens.add(TOKEN, now=self.clock.now(), integration=integration)
        self.integration = integration
        self.order_api = OrderApi(self.shop, path=f"/api/{api_name}", secret=ORDER_API_KEY)
        self.graphql = GraphQLEndpoint(self.shop, self.tokens, self.limits)
        self._live_webhooks = live_webhooks

    # --- the platform -----------------------------------------------------------------------------------------------
    def operation(self, request: SandboxRequest) -> str:
        names: Collection[str] = ()
        if request.path == "/graphql":
            name, names = self.graphql.names(request)
        elif self._is_order_api(request):
            name = self.order_api.operation(request)
        else:
            name = f"{request.method} {request.path}"
        self.faults.name(names)
        return name

    def answer(self, request: SandboxRequest) -> Reply:
        if request.path == "/graphql":
            return self.graphql.answer(request)
        if self._is_order_api(request):
            return self.order_api.answer(request)
        return Reply(status=404, body="<html><body>Not found</body></html>", content_type="text/html")

    def _is_order_api(self, request: SandboxRequest) -> bool:
        return request.path.startswith(self.order_api.path + "/")

    def rate_limited(self, seconds: float) -> Reply:
        again = self.clock.now() + timedelta(seconds=seconds)
        return too_many_requests(retry_after(again, self.shop.switches.retry_after))

    def credentials(self) -> dict[str, str]:
        return {
            "token": TOKEN,
            "order_api_key": self.order_api.secret,
            "order_api_path": self.order_api.path,
            "webhook_secret": self.webhooks.settings.secret,
        }

    def control(self, name: str, payload: Mapping[str, Any]) -> Any:
        return run_control(self, name, payload)

    # --- the life of the server -------------------------------------------------------------------------------------
    def start(self, port: int = 0) -> str:
        url = super().start(port)
        if self._live_webhooks:
            self.webhooks.start()
        return url

    def stop(self) -> None:
        self.webhooks.stop()
        super().stop()

    # --- for checks -------------------------------------------------------------------------------------------------
    def calls(self, root_field: str) -> list[JournalEntry]:
        """Journal entries of GraphQL documents that have this root field ("confirmOrder"), whatever they are named."""
        return [entry for entry in self.journal.entries() if root_field in self._root_fields(entry)]

    def _root_fields(self, entry: JournalEntry) -> Collection[str]:
        if entry.path != "/graphql":
            return ()
        request = SandboxRequest(
            method=entry.method, path=entry.path, query={}, raw_query="", headers={}, body=entry.body.encode()
        )
        return self.graphql.names(request)[1]
