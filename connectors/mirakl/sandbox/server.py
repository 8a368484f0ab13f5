"""The platform's door: key, path, shop, role, call frequency, media types; then the operation itself."""

from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

from connectors.mirakl.sandbox.control import OperatorControls
from connectors.mirakl.sandbox.limits import CallCounter, Window
from connectors.mirakl.sandbox.market import Marketplace
from connectors.mirakl.sandbox.operations import ALL_ROLES, HOUR, Operation, at_path
from connectors.mirakl.sandbox.reading import Call
from connectors.mirakl.sandbox.refusals import RefusedError, not_found
from connectors.mirakl.sandbox.settings import AccountSettings
from connectors.mirakl.sandbox.xmlform import as_xml
from connectors.sandboxkit import Reply, SandboxClock, SandboxRequest, to_json

EXTERNAL_PARTNER_SECONDS = 900
_MEDIA_TYPES = {"json": "application/json", "multipart": "multipart/form-data"}


class MiraklSandbox(OperatorControls):
    """One shop on one operator's platform, with the operator's hand on it.

    `currency` is the shop's only currency; `countries` (alpha-3) are the operator's storefronts, one channel each;
    `settings` starts from AccountSettings' defaults. The goods are `sandboxdata.catalogue(catalogue_seed)`.
    """

    platform: ClassVar[str] = "mirakl"

    def __init__(
        self,
        *,
        currency: str = "EUR",
        countries: tuple[str, ...] = ("FRA", "DEU"),
        shop_id: int = 2001,
        order_prefix: str = "MKT",
        seed: int = 1,
        catalogue_seed: int = 1,
        settings: dict[str, Any] | None = None,
        clock: SandboxClock | None = None,
        journal: Path | None = None,
    ) -> None:
        super().__init__(clock=clock, journal=journal)
        account = AccountSettings()
        account.change(settings or {})
        self.market = Marketplace(
            settings=account,
            clock=self.clock,
            seed=seed,
            shop_id=shop_id,
            currency=currency,
            countries=countries,
            order_prefix=order_prefix,
        )
        self.catalogue_seed = catalogue_seed
        self.api_key = str(self.market.new_uuid())
        self.keys: dict[str, frozenset[str]] = {self.api_key: ALL_ROLES}  # API key -> roles of its user
        self.windows: dict[str, tuple[Window, ...]] = {}  # call frequencies that replace the documented ones
        self._counter = CallCounter()

    # --- what the kit asks ----------------------------------------------------------------------------------------
    def credentials(self) -> dict[str, str]:
        return {"api_key": self.api_key, "shop_id": str(self.market.shop_id)}

    def operation(self, request: SandboxRequest) -> str:
        found = next((operation for operation, _ in at_path(request.path) if operation.method == request.method), None)
        return "unknown" if found is None else found.code

    def run_due(self) -> None:
        self.market.run_due()

    def rate_limited(self, seconds: float) -> Reply:
        return RefusedError(429, "Too many requests", headers={"Retry-After": str(int(seconds))}).reply()

    def answer(self, request: SandboxRequest) -> Reply:
        try:
            reply = self._answer(request)
        except RefusedError as refusal:
            reply = refusal.reply()
        if isinstance(reply.body, dict | list):
            reply = Reply(status=reply.status, body=to_json(reply.body), headers=reply.headers)
        return reply

    def _answer(self, request: SandboxRequest) -> Reply:
        roles = self._roles_of(request)
        matches = at_path(request.path)
        if not matches:
            return not_found()
        found = next(((operation, path) for operation, path in matches if operation.method == request.method), None)
        if found is None:
            raise RefusedError(405, f"Request method '{request.method}' not supported")
        operation, path = found
        call = Call(request=request, code=operation.code, path=path, base_url=self._own_url())
        self._judge(operation, call, roles)
        reply = operation.answer(self.market, call)
        return as_xml(reply) if _wants_xml(operation, request, reply) else reply

    def _own_url(self) -> str:
        return self.base_url if self._server is not None else "http://mirakl.invalid"

    # --- before the operation -------------------------------------------------------------------------------------
    def _roles_of(self, request: SandboxRequest) -> frozenset[str]:
        """The bare key, nothing before it: a Bearer prefix makes it unknown."""
        roles = self.keys.get(request.headers.get("authorization", ""))
        if roles is None:
            raise RefusedError(401, "Unauthorized")
        return roles

    def _judge(self, operation: Operation, call: Call, roles: frozenset[str]) -> None:
        self._judge_shop(call)
        if operation.roles and not operation.roles & roles:
            raise RefusedError(403, "Access denied")
        self._judge_frequency(operation, call)
        if operation.needs and not getattr(self.market.settings, operation.needs):
            raise RefusedError(404, "Not Found: the feature is disabled on the platform")
        _judge_media(operation, call.request)

    def _judge_shop(self, call: Call) -> None:
        text = call.word("shop_id")
        if text is None:
            return
        if not text.isdecimal():
            raise RefusedError(400, "Param 'shop_id' must be a number")
        if int(text) != self.market.shop_id:
            raise RefusedError(404, f"Shop with identifier {text} not found")

    def _judge_frequency(self, operation: Operation, call: Call) -> None:
        now = self.clock.now()
        asked = f"{operation.code} {call.word(operation.each)}" if operation.each else operation.code
        wait = self._counter.take(asked, self._windows_of(operation, call), now=now)
        wait = wait or self._take_hourly(operation, now)
        if wait:
            raise RefusedError(429, "Too many requests", headers={"Retry-After": str(wait)})

    def _windows_of(self, operation: Operation, call: Call) -> tuple[Window, ...]:
        settings = self.market.settings
        if operation.code in self.windows:
            return self.windows[operation.code]
        if not settings.call_limits:
            return ()
        if operation.code == "OR11":
            # The documented frequency is that of polls. Its further pages, and look-ups by id, count per hour only.
            if call.number("offset", 0) > 0 or call.word("order_ids"):
                return ()
            if settings.api_tier == "EXTERNAL_PARTNER":
                return (Window(calls=1, seconds=EXTERNAL_PARTNER_SECONDS),)
        return operation.every

    def _take_hourly(self, operation: Operation, now: datetime) -> int:
        quota = self.market.settings.calls_per_hour
        windows = () if quota is None else (Window(calls=quota, seconds=HOUR),)
        return self._counter.take(f"{operation.code} per hour", windows, now=now)


def _judge_media(operation: Operation, request: SandboxRequest) -> None:
    accepted = request.headers.get("accept", "*/*")
    if not any(kind in accepted for kind in ("*/*", "application/*", "json", "xml", "csv", "octet-stream")):
        raise RefusedError(406, "The requested media type cannot be produced")
    if operation.sends == "nothing":
        if "content-length" not in request.headers:
            raise RefusedError(411, "Content-Length is required")
        return
    wanted = _MEDIA_TYPES.get(operation.sends)
    sent = request.headers.get("content-type", "")
    if wanted is not None and not sent.lower().startswith(wanted):
        raise RefusedError(415, f"Content type '{sent}' not supported")


def _wants_xml(operation: Operation, request: SandboxRequest, reply: Reply) -> bool:
    return (
        operation.speaks_xml and reply.status == 200 and "application/json" not in request.headers.get("accept", "*/*")
    )
