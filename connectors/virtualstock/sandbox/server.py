"""The platform's door and its operations on loopback."""

from pathlib import Path
from typing import Any, ClassVar

from connectors.sandboxkit import Reply, SandboxClock, SandboxRequest
from connectors.virtualstock.sandbox.call import Call
from connectors.virtualstock.sandbox.control import RetailerControls
from connectors.virtualstock.sandbox.door import Door
from connectors.virtualstock.sandbox.operations import at_path
from connectors.virtualstock.sandbox.platform import Platform
from connectors.virtualstock.sandbox.refusals import RefusedError, detail, throttled
from connectors.virtualstock.sandbox.settings import PlatformSettings, Retailer, change


class VirtualstockSandbox(RetailerControls):
    """One supplier with one retailer or more, and the retailers' hand on it.

    `settings` starts from PlatformSettings' defaults, `retailer` from Retailer's. Goods: `sandboxdata.catalogue`.
    """

    platform: ClassVar[str] = "virtualstock"

    def __init__(
        self,
        *,
        settings: dict[str, Any] | None = None,
        retailer: dict[str, Any] | None = None,
        order_prefix: str = "HV",
        seed: int = 1,
        catalogue_seed: int = 1,
        clock: SandboxClock | None = None,
        journal: Path | None = None,
    ) -> None:
        super().__init__(clock=clock, journal=journal)
        whole, first = PlatformSettings(), Retailer()
        change(whole, settings or {})
        change(first, retailer or {})
        self.edge = Platform(settings=whole, clock=self.clock, seed=seed, retailer=first)
        self.door = Door(self.edge)
        self.order_prefix, self.catalogue_seed = order_prefix, catalogue_seed

    # --- what the kit asks ----------------------------------------------------------------------------------------
    def credentials(self) -> dict[str, str]:
        return {"username": self.door.username, "password": self.door.password}

    def operation(self, request: SandboxRequest) -> str:
        found = next((operation for operation, _ in at_path(request.path) if operation.method == request.method), None)
        return "unknown" if found is None else found.name

    def rate_limited(self, seconds: float) -> Reply:
        return throttled(seconds)

    def broken(self, status: int) -> Reply:
        return Reply(status=status)

    def answer(self, request: SandboxRequest) -> Reply:
        try:
            return self._answer(request)
        except RefusedError as refusal:
            return refusal.reply

    def _answer(self, request: SandboxRequest) -> Reply:
        if self.edge.settings.down:
            return Reply(status=500)
        self.edge.base_url = self.base_url if self._server is not None else self.edge.base_url
        self.door.count()
        matches = at_path(request.path)
        found = next(((operation, path) for operation, path in matches if operation.method == request.method), None)
        if found is None:
            raise self._misses(request, known=bool(matches))
        operation, path = found
        call = Call(request=request, operation=operation.name, path=path)
        if operation.name == "requestToken":
            return self.door.request_token(self.edge, call)
        if operation.name == "refreshToken":
            return self.door.refresh_token(self.edge, call)
        self.door.admit(request)
        if request.first("format", "json") != "json":
            raise detail(404, "Not found.")
        return operation.answer(self.edge, call)

    def _misses(self, request: SandboxRequest, *, known: bool) -> RefusedError:
        """A path that only lacks its slash is not found by GET, and is no address for anything else."""
        if known or (request.method != "GET" and at_path(f"{request.path}/")):
            return detail(405, f'Method "{request.method}" not allowed.')
        return detail(404, "Not found.")
