"""Centra's two APIs: GraphQL for everything but creating an order, the Order API (REST) for that.

Returns their JSON untouched. Three layers can refuse: HTTP (connectors/http.py's table), GraphQL `errors` (nothing of
that field was done) and `userErrors` in a mutation's payload (nothing was changed; kept in the answer, since only
whoever asked knows whether a refusal matters). Centra's messages are English prose without codes.
Source: Integration API pages authorization, errors, rate limits; legacy Order API reference, POST order.
"""

import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from connectors.base import Account
from connectors.canonical.errors import (
    ConfigurationError,
    HubError,
    PermanentError,
    TransientError,
    UnknownOutcomeError,
)
from connectors.canonical.payload import JSON
from connectors.centra.documents import LIST_ROWS, RATE_LIMITS, READ_WAREHOUSES, Document
from connectors.http import Gate, HostRule, Http, Limit, Response
from connectors.redaction import Redaction

_log = logging.getLogger(__name__)

HOSTS = ("centra.com", "centraqa.com")
GRAPHQL_PATH = "/graphql"
CREATE_ORDER = "POST /order"

_BUCKETS = {"REQUEST_COUNT": "requests", "QUERY_COMPLEXITY": "complexity", "MUTATION_COUNT": "mutations"}
_WINDOWS = {"TEN_SECONDS": 10, "ONE_HOUR": 3600}


@dataclass(frozen=True, kw_only=True)
class Said:
    """One userError or userWarning."""

    field: str  # the mutation's name in the document
    message: str


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back without GraphQL errors."""

    data: Mapping[str, JSON]
    refusals: tuple[Said, ...] = ()  # userErrors: that mutation changed nothing
    warnings: tuple[Said, ...] = ()  # userWarnings: it was done, but something was skipped or a side effect failed

    def refused(self, field: str) -> str:
        """Centra's words for refusing this mutation, or ""."""
        return _joined(said.message for said in self.refusals if said.field == field)

    def warned(self) -> str:
        return _joined(said.message for said in self.warnings)


class Complexities:
    """What one unit of each document cost the last time, to be laid aside before the next time. Safe to share."""

    def __init__(self) -> None:
        self._points: dict[tuple[str, str], int] = {}  # (tenant, document) → points

    def expect(self, tenant: str, document: Document) -> int:
        return self._points.get((tenant, document.name), document.complexity) * document.units

    def learn(self, tenant: str, document: Document, extensions: JSON) -> None:
        points = extensions.get("complexity") if isinstance(extensions, dict) else None
        if isinstance(points, int) and not isinstance(points, bool) and points > 0:
            self._points[tenant, document.name] = -(-points // document.units)


# Clients live for a slice of work; what a tenant charges is known for as long as the worker lives.
_COMPLEXITIES = Complexities()


def tenant_url(account: Account) -> str:
    """Some tenants are written down with /graphql at the end; the Order API lives beside it."""
    return account.base_url.rstrip("/").removesuffix(GRAPHQL_PATH)


class CentraClient:
    """One account's calls. Safe to share between threads."""

    def __init__(self, account: Account, *, gate: Gate, complexities: Complexities | None = None) -> None:
        self._token = account.credentials.get("token", "")
        self._order_key = account.credentials.get("order_api_key", "")
        path = str(account.settings.get("order_api_path") or "").strip().strip("/")
        self._order_path = f"/{path}/order" if path else ""
        self._complexities = complexities or _COMPLEXITIES
        self._tenant = tenant_url(account)
        # Centra refuses most things in a 200, whose words Http does not see: they are masked here.
        self._redact = Redaction(secrets=tuple(secret for secret in account.credentials.values() if secret))
        self._http = Http(
            base_url=self._tenant,
            gate=gate,
            name="Centra",
            redact=self._redact,
            allow=HostRule(suffixes=HOSTS, allow_loopback=account.settings.get("sandbox") is True),
        )

    # --- GraphQL --------------------------------------------------------------------------------------------------
    def execute(self, document: Document, variables: Mapping[str, JSON] | None = None) -> Answer:
        """Send one document. Raises a family for every layer but userErrors and userWarnings: the answer has those."""
        response, body = self._post(document, variables)
        if body.get("errors"):
            raise self._masked(_graphql_error(body["errors"], document=document))
        data = body.get("data")
        if not isinstance(data, dict):
            raise response.unreadable("it has neither data nor errors")
        return Answer(data=data, refusals=self._said(data, "userErrors"), warnings=self._said(data, "userWarnings"))

    def probe(
        self, document: Document, variables: Mapping[str, JSON] | None = None
    ) -> tuple[tuple[str, ...], Mapping[str, JSON]]:
        """The permissions whose lack Centra names for this document, and what it gave. Other GraphQL errors are raised."""
        _, body = self._post(document, variables)
        errors = [error for error in body.get("errors") or () if isinstance(error, dict)]
        others = [error for error in errors if _kind(error) != "authorization"]
        if others:
            raise self._masked(_graphql_error(others, document=document))
        data = body.get("data")
        return tuple(dict.fromkeys(_permission(error) for error in errors)), data if isinstance(data, dict) else {}

    def introspect(self, query: str) -> JSON:
        """The tenant's schema for an introspection query; open to any token."""
        document = Document(name="IntrospectionQuery", operation="__schema", text=query, complexity=1000)
        return self.execute(document).data

    def read_warehouses(self) -> list[dict[str, JSON]]:
        """Every warehouse."""
        rows: list[dict[str, JSON]] = []
        for page in count(1):
            found = self.execute(READ_WAREHOUSES, {"limit": LIST_ROWS, "page": page}).data["warehouses"]
            rows.extend(found)
            if len(found) < LIST_ROWS:
                break
        return rows

    def rate_limits(self) -> tuple[Limit, ...]:
        """The windows the tenant really has."""
        rows = self.execute(RATE_LIMITS).data.get("rateLimits")
        return tuple(
            Limit(
                bucket=_BUCKETS[row["type"]],
                calls=row["quota"],
                seconds=_WINDOWS[row["intervalSeconds"]],
                source="Centra: rateLimits query",
            )
            for row in (rows if isinstance(rows, list) else ())
            if row.get("type") in _BUCKETS and row.get("intervalSeconds") in _WINDOWS
        )

    def _post(self, document: Document, variables: Mapping[str, JSON] | None) -> tuple[Response, dict[str, JSON]]:
        if not self._token:
            raise ConfigurationError("No Integration API token is set on this Centra connection.", code="no_token")
        costs = {"requests": 1, "complexity": self._complexities.expect(self._tenant, document)}
        if document.mutations:
            costs["mutations"] = document.mutations
        response = self._http.request(
            "POST",
            GRAPHQL_PATH,
            operation=document.operation,
            write=document.write,
            json={"query": document.text, "variables": dict(variables or {}), "operationName": document.name},
            headers={"Authorization": f"Bearer {self._token}"},
            costs=costs,
            refusal=lambda answer: _graphql_refusal(answer, document),
        )
        body = response.json()
        if not isinstance(body, dict):
            raise response.unreadable("it is not an object")
        self._note(document, body.get("extensions"))
        return response, body

    def _note(self, document: Document, extensions: JSON) -> None:
        self._complexities.learn(self._tenant, document, extensions)
        deprecated = extensions.get("deprecatedFieldsUsed") if isinstance(extensions, dict) else None
        if deprecated:
            _log.warning("Centra will remove fields that %s uses: %s", document.name, deprecated)

    def _said(self, data: Mapping[str, JSON], key: str) -> tuple[Said, ...]:
        return tuple(
            Said(field=field, message=self._redact.words(str(row.get("message", ""))))
            for field, payload in data.items()
            if isinstance(payload, dict)
            for row in payload.get(key) or ()
            if isinstance(row, dict)
        )

    def _masked(self, error: HubError) -> HubError:
        error.platform_words = self._redact.words(error.platform_words)
        return error

    # --- the Order API --------------------------------------------------------------------------------------------
    def create_order(self, body: Mapping[str, JSON], *, reference: str) -> str:
        """POST /order. Returns the order's number.

        Raises PermanentError with code "out_of_stock", "order_exists", … for a refusal, "order_split" when Centra made
        several orders of it; UnknownOutcomeError when it may have made one whose number we do not know.
        """
        response, answer = self._post_order(body, write=True)
        if answer.get("status") in ("no", "Not Allowed"):
            raise self._masked(_order_refusal(answer, reference))
        numbers = _numbers(answer.get("orders"))
        if answer.get("status") != "ok" or not numbers:
            raise response.unreadable("it neither refuses the order nor names the number of a new one")
        if len(numbers) > 1:
            raise PermanentError(
                f"Centra split order {reference} into {_listed(numbers)}. Cancel them in Centra or finish them there "
                "by hand, and see why it splits orders of this market.",
                subject=reference,
                platform_words=_listed(numbers),
                code="order_split",
            )
        return numbers[0]

    def probe_order_api(self) -> Mapping[str, JSON]:
        """What POST /order answers to an order without products, which it can only refuse."""
        _, answer = self._post_order({"products": []}, write=False)
        return answer

    def _post_order(self, body: Mapping[str, JSON], *, write: bool) -> tuple[Response, dict[str, JSON]]:
        if not self._order_path or not self._order_key:
            words = "The Order API's path and key are not set on this Centra connection, so no order can be created."
            raise ConfigurationError(words, operation=CREATE_ORDER, code="no_order_api")
        response = self._http.request(
            "POST",
            self._order_path,
            operation=CREATE_ORDER,
            write=write,
            json=dict(body),
            headers={"API-Authorization": self._order_key},
            costs={"order_api": 1},
            refusal=_order_api_refusal,
        )
        answer = response.json()
        if not isinstance(answer, dict):
            raise response.unreadable("it is not an object")
        return response, answer


# --- GraphQL errors ---------------------------------------------------------------------------------------------------
_PERMISSION = re.compile(r"need (?:the )?([A-Za-z]+(?:\.[A-Za-z]+)?:[A-Za-z]+) permission")
_SIGN_IN_AGAIN = (
    "Centra refuses the Integration API token: it is missing, expired or revoked. "
    "Make a new one in Centra under System → API Tokens and enter it on the connection."
)
_NO_GRAPHQL = "Centra has no Integration API at this address. Compare the connection's address with the one in Centra."
# Ordered: the first kind that any error has decides for the whole answer. A part of a write whose outcome is open comes
# first, because the other parts' refusals say nothing about it.
_WRITE_ORDER = ("internal", "authentication", "authorization", "schema", "request")
_READ_ORDER = ("authentication", "authorization", "schema", "request", "internal")


def _kind(error: Mapping[str, JSON], *, write: bool = False) -> str:
    """What an error is about: authentication, authorization, schema, request or internal.

    The category is stated by graphql-php before version 15 only, so a permission is also known by its sentence. What
    cannot be told is internal: reads are tried again, writes are looked up. So is an error below a mutation (path
    ["confirm", "order"]): the mutation was done, only its result cannot be shown.
    """
    path = error.get("path")
    if write and isinstance(path, list) and len(path) > 1:
        return "internal"
    extensions = error.get("extensions")
    category = extensions.get("category") if isinstance(extensions, dict) else None
    message = str(error.get("message", ""))
    if category in ("authentication", "authorization"):
        return str(category)
    if _PERMISSION.search(message):
        return "authorization"
    if category in ("graphql", "validation", "request"):
        # A value that does not fit its type belongs to this one record; anything else to the document itself.
        return "request" if message.startswith("Variable ") else "schema"
    return "internal"


def _graphql_error(errors: JSON, *, document: Document) -> HubError:
    listed = [error if isinstance(error, dict) else {} for error in (errors if isinstance(errors, list) else [errors])]
    kinds = {_kind(error, write=document.write) for error in listed}
    kind = next(kind for kind in (_WRITE_ORDER if document.write else _READ_ORDER) if kind in kinds)
    theirs = _joined(str(error.get("message", "")) for error in listed)
    if kind == "authentication":
        return ConfigurationError(_SIGN_IN_AGAIN, platform_words=theirs, code="token")
    if kind == "authorization":
        names = _listed(tuple(dict.fromkeys(_permission(error) for error in listed if _kind(error) == kind)))
        words = (
            f"The Centra token lacks a permission for {document.operation}: {names}. "
            "Add it in Centra under System → API Tokens."
        )
        return ConfigurationError(words, operation=document.operation, platform_words=theirs, code="permission")
    if kind == "schema":
        words = (
            f"This Centra tenant does not understand {document.operation} as the hub asks it. Run the connection test."
        )
        return ConfigurationError(words, operation=document.operation, platform_words=theirs, code="schema")
    if kind == "request":
        words = f"Centra cannot read a value that {document.operation} was given."
        return PermanentError(words, platform_words=theirs, code="request")
    words = f"Centra could not finish {document.operation}."
    if document.write:
        return UnknownOutcomeError(words, platform_words=theirs, code="internal")
    return TransientError(words, platform_words=theirs, code="internal")


def _graphql_refusal(response: Response, document: Document) -> HubError | None:
    """GraphQL servers may put their errors under a status 4xx; a bad token's status is not documented (401 or 403)."""
    if response.status in (401, 403):
        return ConfigurationError(_SIGN_IN_AGAIN, platform_words=response.text[:300], code="token")
    if response.status == 404:
        return ConfigurationError(_NO_GRAPHQL, operation=document.operation, code="address")
    if not 400 <= response.status < 500 or response.status in (408, 429):
        return None
    body = response.json_or_none()
    return _graphql_error(body["errors"], document=document) if isinstance(body, dict) and body.get("errors") else None


def permissions_named(error: HubError) -> tuple[str, ...]:
    """The permissions whose lack a refusal names."""
    return tuple(dict.fromkeys(_PERMISSION.findall(error.platform_words)))


def _permission(error: Mapping[str, JSON]) -> str:
    """The permission an error names; its whole sentence where it names none."""
    message = str(error.get("message", ""))
    found = _PERMISSION.search(message)
    return found[1] if found else message


# --- Order API refusals -----------------------------------------------------------------------------------------------
# code → ours, and what to do. Source: Order API reference, POST order, error codes.
_ORDER_CODES: Mapping[int, tuple[str, str]] = {
    -1: ("not_addable", "Centra cannot add a product, or does not know the market or price list, of this order."),
    -2: ("out_of_stock", "Centra has too little stock for this order."),
    -3: ("empty", "Centra says that the order is empty."),
    -4: ("field_missing", "Centra misses a field of the order."),
    -5: ("order_exists", "Centra already has an order with this number."),
    -6: ("customer_refused", "Centra could not register the customer of this order."),
    -7: ("refused", "Centra refused the order."),
}
_NOT_ALLOWED = (
    "The Order API plugin does not allow orders to be created. In Centra, under System → Stores → Plugins, open the "
    "Order API plugin, allow the endpoint and switch on Allow Order Create."
)
_NO_ORDER_API = "There is no Order API at this path. Compare it with the address of the Order API plugin in Centra."
_KEY_REFUSED = "Centra refuses the Order API key. Compare it with the shared secret of the Order API plugin."


def _order_refusal(answer: Mapping[str, JSON], reference: str) -> HubError:
    theirs = str(answer.get("msg") or "")
    if answer.get("status") == "Not Allowed":
        return ConfigurationError(_NOT_ALLOWED, operation=CREATE_ORDER, platform_words=theirs, code="not_allowed")
    code, words = _ORDER_CODES.get(order_code(answer), _ORDER_CODES[-7])
    return PermanentError(words, subject=reference, platform_words=theirs, code=code)


def order_code(answer: Mapping[str, JSON]) -> int:
    """The refusal's number, 0 when it has none."""
    code = str(answer.get("code", ""))
    return int(code) if re.fullmatch(r"-?[0-9]{1,3}", code, re.ASCII) else 0


def _order_api_refusal(response: Response) -> HubError | None:
    if response.status == 403:
        return ConfigurationError(
            _NOT_ALLOWED, operation=CREATE_ORDER, platform_words=response.text[:300], code="not_allowed"
        )
    if response.status == 404:
        return ConfigurationError(_NO_ORDER_API, operation=CREATE_ORDER, code="path")
    if response.status == 401:  # the GraphQL token may be in order: only creating orders has to wait
        return ConfigurationError(_KEY_REFUSED, operation=CREATE_ORDER, platform_words=response.text[:300], code="key")
    return None


def _numbers(orders: JSON) -> tuple[str, ...]:
    """The order numbers of an answer; none when any of them is not a number."""
    texts = [str(number) for number in orders] if isinstance(orders, list) else []
    return tuple(texts) if all(re.fullmatch(r"[1-9][0-9]{0,18}", text, re.ASCII) for text in texts) else ()


def _joined(sentences: Iterable[str]) -> str:
    return "; ".join(sentence for sentence in sentences if sentence)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)
