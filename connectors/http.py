"""The one door to the network: time-outs, the call gate, status → error family, redaction.

Nothing else in the hub opens a connection to a platform.
"""

import base64
import re
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit

from requests.structures import CaseInsensitiveDict

from connectors import ports
from connectors.answers import UNREADABLE, Refusal, Response, Words, asks_to_wait, default_words, retry_at, verdict
from connectors.bodies import (
    FilePart,
    Files,
    Params,
    can_be_header,
    encode_form,
    encode_json,
    encode_multipart,
    encode_query,
    path_segment,
)
from connectors.canonical.errors import (
    ConfigurationError,
    HubError,
    PermanentError,
    TransientError,
    UnknownOutcomeError,
)
from connectors.hosts import HostRule, check_base_url
from connectors.redaction import KEPT_HEADERS, Redaction
from connectors.transport import BrokenOffError, Incoming, NotSentError, Outgoing, Timeouts, Transport, transport

__all__ = [
    "Call",
    "Exchange",
    "FilePart",
    "Files",
    "Gate",
    "HostRule",
    "Http",
    "Limit",
    "OpenGate",
    "Params",
    "Redaction",
    "Refusal",
    "Response",
    "Timeouts",
    "Words",
    "path_segment",
]

DEFAULT_TIMEOUTS = Timeouts()
NO_SECRETS = Redaction()
PUBLIC_HOSTS = HostRule()
USER_AGENT = "IntegrationHub"
SHORTEST_HEADER_SECRET = 8  # shorter ones are flags and versions, and masking "true" would blot out every body

PATH = re.compile(r"(?:/|https?://)[!-\"$-~]*")  # printable ASCII without #

Answer = TypeVar("Answer")


@dataclass(frozen=True, kw_only=True)
class Limit:
    """One window of a platform's documented call limit."""

    bucket: str  # what is counted: "requests", "mutations", "OR11"
    calls: int  # units (calls, mutations, complexity points) that may start in any `seconds`
    seconds: int
    source: str = ""  # the vendor page or section that states it


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request about to be made, as the gate sees it."""

    operation: str  # the platform's own name of it: "OR11", "POST /order", "confirmOrder"
    write: bool
    method: str
    url: str
    costs: Mapping[str, int] = field(default_factory=dict)  # bucket → units


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """What was asked and what came back, already redacted, for the attempt's record."""

    call: Call
    request_headers: Mapping[str, str]
    request_body: str
    status: int | None  # None when no answer came
    response_headers: Mapping[str, str]
    response_body: str
    started_at: datetime
    seconds: float
    error: str = ""  # plain words when no usable answer came


class Gate(Protocol):
    """The engine's say over every call: budget, own deadline and fence before, the record after."""

    def before_call(self, call: Call) -> None:
        """Return when the call may start now. Raises TransientError(retry_at) or the engine's own refusal otherwise."""
        ...

    def after_call(self, exchange: Exchange) -> None: ...

    def penalise(self, call: Call, *, until: datetime) -> None:
        """The platform said 429: nobody may call these buckets of this connection before `until`."""
        ...


class OpenGate:
    """Lets every call through and keeps nothing: for connection tests and scripts outside the engine."""

    def before_call(self, call: Call) -> None:
        return None

    def after_call(self, exchange: Exchange) -> None:
        return None

    def penalise(self, call: Call, *, until: datetime) -> None:
        return None


class Http:
    """The one door to a platform: one object per account, shared by any number of threads."""

    def __init__(
        self,
        *,
        base_url: str,
        gate: Gate,
        name: str = "The platform",
        headers: Mapping[str, str] | None = None,
        timeouts: Timeouts = DEFAULT_TIMEOUTS,
        redact: Redaction = NO_SECRETS,
        allow: HostRule = PUBLIC_HOSTS,
        refusal: Refusal | None = None,
        words: Words | None = None,
        transport: Transport | None = None,
    ) -> None:
        """`name` opens every message ("Mirakl"). `headers` go with every request (authorization, accept, user agent).

        `redact=Redaction(secrets=tuple(account.credentials.values()))`: masked wherever they occur. So are the values of
        `headers` that are not known to be harmless. `refusal` and `words` hold for each request that brings none of its
        own. `transport` is for tests of transports; else it is `connectors.transport.transport()`.
        Raises ConfigurationError when `base_url` breaks `allow`, or a header cannot be sent.
        """
        self._origin = check_base_url(base_url, allow)
        self._base = base_url.rstrip("/")
        self._gate, self._name, self._allow, self._timeouts = gate, name, allow, timeouts
        self._headers = {"Accept": "application/json", "User-Agent": USER_AGENT, "Accept-Encoding": "gzip, deflate"}
        self._headers = _joined(self._headers, headers or {})
        self._redact = redact.adding(_secrets_in(self._headers))
        self._refusal, self._words, self._transport = refusal, words, transport

    def request(
        self,
        method: str,
        path: str,
        *,
        operation: str,
        write: bool,
        params: Params | None = None,
        json: Any = None,
        data: Mapping[str, str] | bytes | None = None,
        files: Files | None = None,
        headers: Mapping[str, str] | None = None,
        costs: Mapping[str, int] | None = None,
        refusal: Refusal | None = None,
        words: Words | None = None,
        ok: Container[int] = range(200, 300),
        timeouts: Timeouts | None = None,
    ) -> Response:
        """Make one call, never repeated here, and return the answer when its status is in `ok`.

        path     "/api/orders", appended to the base URL; or a whole URL of the same origin (a platform's `next` link).
                 Build parts from data with `path_segment(value)`.
        params   percent-encoded ("+" → %2B); None is left out, a list is repeated, True → "true".
        json     dict or list; a Decimal goes out as an exact number, a float is refused (TypeError). None: no JSON.
        data     form fields, or raw bytes (name the Content-Type in `headers`). With `files`: the text parts.
        files    multipart/form-data. POST, PUT and PATCH without any body carry Content-Length: 0.
        costs    bucket → units of the platform's limits, as `Connector.limits` names them.
        refusal  sees every answer outside `ok` first: returns the error to raise, or None for the table below. A
                 TransientError it returns for a 429 gets its retry_at from Retry-After unless it has one.
        words    their own text in an answer outside `ok`; default: `message`, `detail`, `errors[].message`, ...

        The gate's refusal                       as the gate raised it
        Nothing sent (name, connect, TLS)        TransientError; certificate or forbidden address: ConfigurationError
        Sent, and no whole answer in time        a write: UnknownOutcomeError; a read: TransientError
        401                                      ConfigurationError(operation="")
        403                                      ConfigurationError(operation=operation)
        429                                      TransientError(retry_at), and gate.penalise until then
        other 4xx                                PermanentError(platform_words=…, code=their code or the status)
        5xx, 408                                 a write: UnknownOutcomeError; a read: TransientError(retry_at)
        3xx                                      ConfigurationError(operation); a write's 302, 303: UnknownOutcomeError
        """
        outgoing = self._outgoing(method, path, params, json, data, files, headers, timeouts)
        call = Call(
            operation=operation,
            write=write,
            method=outgoing.method,
            url=self._redact.url(outgoing.url),
            costs=dict(costs or {}),
        )
        self._gate.before_call(call)
        trial = _Trial(call=call, outgoing=outgoing, redact=self._redact.adding(_secrets_in(headers or {})))
        try:
            sent = self._send(trial)
            error = sent if isinstance(sent, HubError) else self._judge(sent, ok, refusal, words)
        except BaseException as interruption:
            # A worker being stopped in mid-call: what was on its way still belongs in the record.
            self._gate.after_call(trial.exchange(error=f"The call was interrupted ({type(interruption).__name__})."))
            raise
        if isinstance(sent, HubError):
            self._gate.after_call(trial.exchange(error=sent.message))
            raise sent
        if isinstance(error, TransientError) and asks_to_wait(sent):
            self._gate.penalise(call, until=error.retry_at or retry_at(sent, now=ports.now()))
        self._gate.after_call(trial.exchange(error=""))
        if error is not None:
            raise error
        return sent

    def _outgoing(
        self,
        method: str,
        path: str,
        params: Params | None,
        json: Any,
        data: Mapping[str, str] | bytes | None,
        files: Files | None,
        headers: Mapping[str, str] | None,
        timeouts: Timeouts | None,
    ) -> Outgoing:
        body, content_type = _body(json=json, data=data, files=files)
        own: dict[str, str] = {"Content-Type": content_type} if content_type else {}
        if body is not None or method.upper() in ("POST", "PUT", "PATCH"):
            own["Content-Length"] = str(len(body or b""))
        return Outgoing(
            method=method.upper(),
            url=self._url(path, params),
            headers=_joined(_joined(self._headers, own), headers or {}),
            body=body,
            timeouts=timeouts or self._timeouts,
            allow=self._allow,
        )

    def _url(self, path: str, params: Params | None) -> str:
        url = path if path.startswith(("https://", "http://")) else f"{self._base}{path}"
        parts = urlsplit(url)
        if not PATH.fullmatch(path):
            raise ValueError(f"A path begins with / and is percent-encoded: {self._redact.text(path)}")
        if (parts.scheme, parts.netloc) != (self._origin.scheme, self._origin.netloc):
            raise ConfigurationError(
                f"{self._name} points to another host, which is not followed. Correct the connection's address.",
                code="base_url",
            )
        query = encode_query(params or {})
        return f"{url}{'&' if parts.query else '?'}{query}" if query else url

    def _send(self, trial: "_Trial") -> Response | HubError:
        call = trial.call
        try:
            incoming = (self._transport or transport()).send(trial.outgoing)
        except NotSentError as failure:
            return self._never_sent(call, failure)
        except BrokenOffError as failure:
            trial.status = failure.status
            return self._broken_off(call, failure)
        trial.status, trial.incoming = incoming.status, incoming
        return Response(
            status=incoming.status,
            headers=CaseInsensitiveDict(incoming.headers),
            body=incoming.body,
            operation=call.operation,
            write=call.write,
            platform=self._name,
        )

    def _never_sent(self, call: Call, failure: NotSentError) -> HubError:
        text = f"{self._name} could not be reached for {call.operation}: {failure.why}."
        if failure.lasting:
            return ConfigurationError(f"{text} Check the connection's address.", code="unreachable")
        return TransientError(f"{text} Nothing was sent.", code="unreachable")

    def _broken_off(self, call: Call, failure: BrokenOffError) -> HubError:
        text = f"{self._name} gave no usable answer to {call.operation}: {failure.why}."
        if call.write:
            return UnknownOutcomeError(
                f"{text} It may have been done; the hub looks it up before it tries again.", code="no_answer"
            )
        if failure.lasting:
            return PermanentError(f"{text} Ask for less at a time.", code="no_answer")
        return TransientError(f"{text} Nothing was changed.", code="no_answer")

    def _judge(
        self, answer: Response, ok: Container[int], refusal: Refusal | None, words: Words | None
    ) -> HubError | None:
        if answer.status in ok:
            return None
        now = ports.now()
        error = _asked(refusal or self._refusal, answer)
        if error is None:
            said = _asked(words or self._words or default_words, answer) or default_words(answer)
            error = verdict(answer, words=self._redact.words(said), now=now)
        if isinstance(error, TransientError) and error.retry_at is None and asks_to_wait(answer):
            error.retry_at = retry_at(answer, now=now)
        return self._clean(error)

    def _clean(self, error: HubError) -> HubError:
        """Whatever a hook quoted of the answer, without what must not be kept."""
        error.message = self._redact.text(error.message)
        error.platform_words = self._redact.words(error.platform_words)
        error.code = self._redact.text(error.code)
        if isinstance(error, PermanentError):
            error.subject = self._redact.text(error.subject)
        error.args = (error.message,)
        return error


@dataclass(kw_only=True)
class _Trial:
    """One call on its way, and what is known of it so far."""

    call: Call
    outgoing: Outgoing
    redact: Redaction
    started_at: datetime = field(default_factory=ports.now)
    began: float = field(default_factory=ports.boottime)
    status: int | None = None
    incoming: Incoming | None = None

    def exchange(self, *, error: str) -> Exchange:
        sent, came = self.outgoing, self.incoming
        return Exchange(
            call=self.call,
            request_headers=self.redact.headers(sent.headers),
            request_body=self.redact.body(sent.body or b"", _content_type(sent.headers)),
            status=self.status,
            response_headers={} if came is None else self.redact.headers(came.headers),
            response_body="" if came is None else self.redact.body(came.body, _content_type(came.headers)),
            started_at=self.started_at,
            seconds=ports.boottime() - self.began,
            error=error,
        )


def _asked(hook: Callable[[Response], Answer | None] | None, answer: Response) -> Answer | None:
    """A hook's opinion; none when the answer has not the shape it reads, as with the error page of a gateway."""
    if hook is None:
        return None
    try:
        return hook(answer)
    except (LookupError, TypeError, AttributeError, ValueError):
        return None
    except HubError as error:
        if error.code == UNREADABLE:
            return None
        raise


def _body(*, json: Any, data: Mapping[str, str] | bytes | None, files: Files | None) -> tuple[bytes | None, str]:
    """The body and its Content-Type, "" when the caller names it."""
    if json is not None and (data is not None or files is not None):
        raise ValueError("A body is either JSON, a form or files.")
    if files is not None:
        return encode_multipart(data if isinstance(data, Mapping) else {}, files)
    if json is not None:
        return encode_json(json), "application/json"
    if isinstance(data, Mapping):
        return encode_form(data), "application/x-www-form-urlencoded"
    return data, ""


def _joined(headers: Mapping[str, str], more: Mapping[str, str]) -> dict[str, str]:
    """Both, names in any case, the later winning. Raises ConfigurationError, never quoting the value."""
    for name, value in more.items():
        if not can_be_header(name, value):
            raise ConfigurationError(
                f"The value for {name} holds a line break, a space at an end or a character that cannot be sent. "
                "Paste it again.",
                code="header",
            )
    return dict(CaseInsensitiveDict([*headers.items(), *more.items()]).items())


def _secrets_in(headers: Mapping[str, str]) -> list[str]:
    """What must not be shown of headers that are not known to be harmless: "Bearer x", x, and the parts of Basic."""
    found: list[str] = []
    for name, value in headers.items():
        if name.lower() in KEPT_HEADERS:
            continue
        scheme, _, rest = value.partition(" ")
        found += [value, rest]
        if scheme.lower() == "basic":
            found += _basic_parts(rest)
    return [secret for secret in found if len(secret) >= SHORTEST_HEADER_SECRET]


def _basic_parts(credentials: str) -> list[str]:
    try:
        return base64.b64decode(credentials).decode().split(":", 1)
    except ValueError:
        return []


def _content_type(headers: Mapping[str, str]) -> str:
    return next((value for name, value in headers.items() if name.lower() == "content-type"), "")
