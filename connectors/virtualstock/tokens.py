"""Who the client says it is: an access token that is renewed in time, or the plain user name and password.

An access token lives 5 minutes, a refresh token 4 hours and is not renewed itself: after it one logs in again.
Source: the vendor's Postman collection, "Request access token", "Refresh access token". Its code samples post
`refresh_token` and read `access_token`; the endpoints themselves say `refresh` and `access`.
"""

import base64
import threading
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from connectors import ports
from connectors.base import Account
from connectors.canonical.errors import ConfigurationError
from connectors.http import Call, Exchange, Gate, Http
from connectors.redaction import MASK

ACCESS_LASTS = timedelta(minutes=5)
REFRESH_LASTS = timedelta(hours=4)
MARGIN = timedelta(seconds=30)  # a call takes time, and clocks differ
BASIC = "basic"


class QuietGate:
    """The engine's gate for calls whose bodies hold tokens: their bodies are kept from the record."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def before_call(self, call: Call) -> None:
        self._gate.before_call(call)

    def after_call(self, exchange: Exchange) -> None:
        self._gate.after_call(replace(exchange, request_body=MASK, response_body=MASK))

    def penalise(self, call: Call, *, until: datetime) -> None:
        self._gate.penalise(call, until=until)


@dataclass(frozen=True, kw_only=True)
class Tokens:
    access: str
    refresh: str
    access_until: datetime
    refresh_until: datetime


class Identity:
    """The Authorization header of one account. Safe to share between threads: one of them renews, the others wait."""

    def __init__(self, account: Account, http: Http) -> None:
        self._username = str(account.settings.get("username") or "")
        self._password = account.credentials.get("password", "")
        self._basic = account.settings.get("sign_in") == BASIC
        self._http = http
        self._lock = threading.Lock()
        self._tokens: Tokens | None = None

    @property
    def renews(self) -> bool:
        return not self._basic

    def header(self) -> str:
        if self._basic:
            pair = f"{self._username}:{self._password}".encode()
            return f"Basic {base64.b64encode(pair).decode()}"
        with self._lock:
            tokens, now = self._tokens, ports.now()
            if tokens is None or now >= tokens.access_until:
                tokens = self._tokens = self._renewed(tokens, now=now)
            return f"Bearer {tokens.access}"

    def forget(self, header: str) -> None:
        """The platform no longer knows this token, whatever its age."""
        with self._lock:
            if self._tokens is not None and header == f"Bearer {self._tokens.access}":
                self._tokens = replace(self._tokens, access="", access_until=ports.now())

    def _renewed(self, tokens: Tokens | None, *, now: datetime) -> Tokens:
        if tokens is not None and now < tokens.refresh_until:
            try:
                access = self._post("refreshToken", "/restapi/v4/token/refresh", {"refresh": tokens.refresh})["access"]
            except ConfigurationError:
                pass  # the refresh token was withdrawn: the password is asked once
            else:
                return replace(tokens, access=access, access_until=now + ACCESS_LASTS - MARGIN)
        body = self._post("requestToken", "/restapi/v4/token", {"username": self._username, "password": self._password})
        return Tokens(
            access=body["access"],
            refresh=body.get("refresh", ""),
            access_until=now + ACCESS_LASTS - MARGIN,
            refresh_until=now + (REFRESH_LASTS - MARGIN if body.get("refresh") else timedelta()),
        )

    def _post(self, operation: str, path: str, body: dict[str, str]) -> dict[str, str]:
        """A new token takes nothing away: asking for one is no write."""
        response = self._http.request("POST", path, operation=operation, write=False, json=body, costs={"requests": 1})
        answer = response.json()
        if not isinstance(answer, dict) or not isinstance(answer.get("access"), str) or not answer["access"]:
            raise response.unreadable("it holds no access token")
        return answer
