"""FulfilSandbox: one tenant on loopback. The Model API at /api/v2, ours at /_control/."""

import base64
import json
import re
import threading
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote

from connectors.fulfil.sandbox import methods, structure, wire
from connectors.fulfil.sandbox.back_office import BackOffice
from connectors.fulfil.sandbox.control import run_control
from connectors.fulfil.sandbox.refusals import RefusedError, bad_request, broken, forbidden, http_error, not_found
from connectors.fulfil.sandbox.schema import MODELS
from connectors.fulfil.sandbox.store import Context
from connectors.fulfil.sandbox.tenant import Tenant
from connectors.sandboxkit import Reply, Sandbox, SandboxClock, SandboxRequest

API_KEY = "sandbox-fulfil-api-key"
_PREFIX = "/api/v2"
_RESERVED = frozenset({"filter", "page", "per_page", "field", "fields", "order", "context", "ids", "created_at_min"})
PER_PAGE = 10
POLL_SECONDS = 0.5


class FulfilSandbox(BackOffice, Sandbox):
    platform: ClassVar[str] = "fulfil"

    def __init__(
        self, *, clock: SandboxClock | None = None, journal: Path | None = None, live_webhooks: bool = False
    ) -> None:
        """`live_webhooks` delivers from a thread of its own once an address is configured."""
        Sandbox.__init__(self, clock=clock, journal=journal)
        self._live_webhooks, self._halt = live_webhooks, threading.Event()
        self.reset()

    def reset(self, clock: SandboxClock | None = None) -> None:
        """A tenant as it was born, on the same address."""
        self.clock = clock or self.clock
        self.journal.clear()
        self.faults.clear()
        self.tenant = Tenant(self.clock)
        structure.build(self.tenant)
        self.keys: set[str] = {API_KEY}
        self.forbidden: set[str] = set()  # "sale.channel/create_order", or a whole model
        self.trouble: dict[str, list[str]] = {}  # operation, or *, → misbehaviours still to come
        self.tasks: dict[str, Any] = {}  # deferred results by task id
        self._calls: list[datetime] = []
        self._count: Counter[str] = Counter()

    # --- what the kit asks ------------------------------------------------------------------------------------------
    def credentials(self) -> dict[str, str]:
        return {"api_key": API_KEY, "webhook_secret": self.tenant.webhooks.secret}

    def operation(self, request: SandboxRequest) -> str:
        """ "sale.sale/search_read"; for the REST forms the method stands for what is done: "GET sale.sale"."""
        parts = [unquote(part) for part in request.path.removeprefix(f"{_PREFIX}/model/").split("/") if part]
        if not request.path.startswith(f"{_PREFIX}/model/") or not parts:
            return f"{request.method} {request.path}"
        named = [part for part in parts if not part.isdigit()]
        return "/".join(named) if len(named) > 1 else f"{request.method} {named[0]}"

    def rate_limited(self, seconds: float) -> Reply:
        return self._too_many(int(seconds)).reply()

    def answer(self, request: SandboxRequest) -> Reply:
        self.tenant.begin()
        try:
            reply = self._answer(request)
        except RefusedError as refusal:
            self.tenant.roll_back()
            reply = refusal.reply()
        except (ValueError, KeyError, AttributeError, IndexError, TypeError):
            self.tenant.roll_back()
            reply = broken().reply()
        reply.headers = {**self._limit_headers(), **reply.headers}
        return reply

    def control(self, name: str, payload: Mapping[str, Any]) -> Any:
        return run_control(self, name, payload)

    # --- the life of the server -------------------------------------------------------------------------------------
    def start(self, port: int = 0) -> str:
        url = super().start(port)
        if self._live_webhooks:
            self._halt = threading.Event()
            threading.Thread(target=self._tell, args=(self._halt,), name="sandbox-fulfil-webhooks", daemon=True).start()
        return url

    def stop(self) -> None:
        self._halt.set()
        super().stop()

    def _tell(self, halt: threading.Event) -> None:
        while not halt.wait(POLL_SECONDS):
            self.tenant.webhooks.deliver()

    # --- the door ---------------------------------------------------------------------------------------------------
    def _answer(self, request: SandboxRequest) -> Reply:
        if not request.path.startswith(_PREFIX):
            raise not_found("The requested URL was not found on the server.")
        if not self._keys_of(request.headers) & self.keys:
            raise http_error(401, "Unauthorized", "The access token is missing or has expired.")
        self._count_call()
        operation = self.operation(request)
        misbehaviour = self._misbehave(operation)
        if {operation, operation.partition("/")[0]} & self.forbidden:
            raise forbidden(f"You do not have access to {operation.replace('/', '.')}.")
        return self._deferred(self._route(request), misbehaviour)

    def _keys_of(self, headers: Mapping[str, str]) -> set[str]:
        """X-API-KEY, a bearer token, or a basic user name."""
        found = {headers.get("x-api-key", "")}
        scheme, _, value = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            found.add(value)
        elif scheme.lower() == "basic":
            found |= set(base64.b64decode(value).decode().split(":", 1))
        return found

    def _count_call(self) -> None:
        now = self.clock.now()
        self._calls = [at for at in self._calls if at > now - timedelta(seconds=1)]
        if len(self._calls) >= self.tenant.switches.calls_per_second:
            raise self._too_many(1)
        self._calls.append(now)

    def _too_many(self, seconds: int) -> RefusedError:
        words = "This user has exceeded an allotted request count. Try again later."
        return http_error(429, "Too Many Requests", words, headers={"Retry-After": str(seconds)})

    def _limit_headers(self) -> dict[str, str]:
        allowed = self.tenant.switches.calls_per_second
        reset = int(self.clock.now().timestamp()) + 1
        left = max(0, allowed - len(self._calls))
        return {"X-RateLimit-Limit": str(allowed), "X-RateLimit-Remaining": str(left), "X-RateLimit-Reset": str(reset)}

    # --- misbehaviour of this platform's own ------------------------------------------------------------------------
    def _misbehave(self, operation: str) -> str:
        for name in (operation, "*"):
            if self.trouble.get(name):
                kind = self.trouble[name].pop(0)
                break
        else:
            return ""
        if kind == "hidden_validation":  # seen: a refusal of the arguments under the status of a rate limit
            raise RefusedError(429, {"type": "UserError", "code": "E1000", "message": "Page size cannot exceed 500"})
        if kind == "server_error":
            raise broken()
        return kind

    def _deferred(self, reply: Reply, kind: str) -> Reply:
        """`async`: the answer is to be asked for later; `async_lost` is one that never comes, `async_failed` a failure."""
        if not kind.startswith("async"):
            return reply
        self._count["tasks"] += 1
        task = f"task-{self._count['tasks']}"
        state = {"async": "SUCCESS", "async_lost": "PENDING", "async_failed": "FAILURE"}[kind]
        self.tasks[task] = {"state": state, "result": json.loads(reply.encoded() or b"null")}
        return _reply({"__class__": "AsyncResult", "task_id": task, "token": f"token-of-{task}"})

    # --- routes -----------------------------------------------------------------------------------------------------
    def _route(self, request: SandboxRequest) -> Reply:
        path = request.path.removeprefix(_PREFIX)
        if path == "/test":
            return _reply({"message": "Connected.", "success": True})
        if path == "/async-result":
            return _reply(
                {"tasks": [self.tasks.get(task, {"error": "unknown"}) for task, _ in _body(request)["tasks"]]}
            )
        parts = [unquote(part) for part in path.split("/") if part]
        if parts[:1] != ["model"] or len(parts) not in (2, 3, 4):
            raise not_found("The requested URL was not found on the server.")
        context = _json_parameter(request, "context") or {}
        if len(parts) == 2:
            return self._collection(request, parts[1], context)
        if parts[2].isdigit():
            return self._record(request, parts[1], int(parts[2]), parts[3:], context)
        if request.method != "PUT" or len(parts) == 4:
            raise not_found("The requested URL was not found on the server.")
        return self._call(parts[1], parts[2], _arguments(request), context)

    def _call(self, model: str, method: str, arguments: list[Any], context: Context) -> Reply:
        return _reply(methods.call(self.tenant, model, method, arguments, context))

    def _collection(self, request: SandboxRequest, model: str, context: Context) -> Reply:
        self._known(model)
        if request.method == "GET":
            return _reply(self._list(request, model, context))
        if request.method != "POST":
            raise http_error(405, "Method Not Allowed", "The method is not allowed for the requested URL.")
        values = _body(request)
        ids = methods.create(self.tenant, model, context, values if isinstance(values, list) else [values])
        rows = [self.tenant.row(model, one) for one in ids]
        return _reply([self.tenant.read(model, row, ("rec_name",), context) for row in rows], status=201)

    def _list(self, request: SandboxRequest, model: str, context: Context) -> list[Any]:
        size, page = int(request.first("per_page", str(PER_PAGE))), int(request.first("page", "1"))
        if size > methods.MOST_ROWS:
            raise bad_request("Page size cannot exceed 500")
        names = [*request.query.get("field", ()), *filter(None, request.first("fields").split(","))]
        domain: list[Any] = [_json_parameter(request, "filter") or []]
        domain += [[name, "=", values[0]] for name, values in request.query.items() if name not in _RESERVED]
        if request.first("ids"):
            domain.append(["id", "in", [int(one) for one in request.first("ids").split(",")]])
        order = _json_parameter(request, "order")
        return methods.search_read(
            self.tenant, model, context, domain, (page - 1) * size, size, order, ["rec_name", *names]
        )

    def _record(self, request: SandboxRequest, model: str, record_id: int, rest: list[str], context: Context) -> Reply:
        self._known(model)
        row = self.tenant.row(model, record_id)
        if rest:
            given = _arguments(request)
            # return_order takes the list of returns itself as its body
            arguments = [given] if rest[0] == "return_order" else given
            return self._call(model, rest[0], [record_id, *arguments], context)
        match request.method:
            case "GET":
                return _reply(self.tenant.read(model, row, methods.all_names(model), context))
            case "PUT" | "POST":
                methods.write(self.tenant, model, context, record_id, _body(request))
                return _reply(self.tenant.read(model, row, ("rec_name",), context))
            case "DELETE":
                methods.delete(self.tenant, model, context, record_id)
                return Reply(status=204)
        raise http_error(405, "Method Not Allowed", "The method is not allowed for the requested URL.")

    def _known(self, model: str) -> None:
        if model not in MODELS:
            raise not_found(f"Model {model} does not exist")


def _reply(value: Any, *, status: int = 200) -> Reply:
    return Reply(status=status, body=wire.dumps(value))


def _body(request: SandboxRequest) -> Any:
    """JSON whatever its Content-Type says: the vendor's own client sends none."""
    try:
        return wire.decode(json.loads(request.body or b"null", parse_float=Decimal))
    except (ValueError, ArithmeticError):
        raise bad_request("The browser (or proxy) sent a request that this server could not understand.") from None


def _arguments(request: SandboxRequest) -> list[Any]:
    value = _body(request)
    return [] if value is None else value if isinstance(value, list) else [value]


def _json_parameter(request: SandboxRequest, name: str) -> Any:
    text = request.first(name)
    try:
        return wire.decode(json.loads(text, parse_float=Decimal)) if re.search(r"\S", text) else None
    except ValueError:
        raise bad_request(f"The parameter {name} is not JSON.") from None
