"""Who may come in, and how often: tokens, the plain password, the calls of a minute."""

import base64
from datetime import timedelta

from connectors.sandboxkit import Reply, SandboxRequest
from connectors.virtualstock.sandbox.call import Call
from connectors.virtualstock.sandbox.platform import Platform
from connectors.virtualstock.sandbox.records import Token
from connectors.virtualstock.sandbox.refusals import RefusedError, detail, required, throttled

USERNAME = "norrvik-api"


class Door:
    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self.username, self.password = USERNAME, platform.new_uuid()
        self._minute, self._calls = -1, 0

    # --- tokens ---------------------------------------------------------------------------------------------------
    def request_token(self, _: Platform, call: Call) -> Reply:
        body = call.body()
        for name in ("username", "password"):
            if not body.get(name):
                raise required(name)
        if (body["username"], body["password"]) != (self.username, self.password):
            raise detail(401, "No active account found with the given credentials")
        settings = self._platform.settings
        refresh = self._made(settings.refresh_seconds, refresh=True)
        return Reply(body={"refresh": refresh.text, "access": self._made(settings.access_seconds).text})

    def refresh_token(self, _: Platform, call: Call) -> Reply:
        """The refresh token itself is not renewed."""
        body = call.body()
        if not body.get("refresh"):
            raise required("refresh")
        token = self._platform.tokens.get(str(body["refresh"]))
        if token is None or not token.refresh or token.expires_at <= self._platform.now():
            raise detail(401, "Token is invalid or expired")
        return Reply(body={"access": self._made(self._platform.settings.access_seconds).text})

    def withdraw(self, *, refresh: bool) -> None:
        """Access tokens end before their time, or all of them."""
        kept = {} if refresh else {text: token for text, token in self._platform.tokens.items() if token.refresh}
        self._platform.tokens = kept

    def _made(self, seconds: float, *, refresh: bool = False) -> Token:
        expires_at = self._platform.now() + timedelta(seconds=seconds)
        token = Token(text=f"eyJ.{self._platform.new_uuid()}", refresh=refresh, expires_at=expires_at)
        self._platform.tokens[token.text] = token
        return token

    # --- before each call -----------------------------------------------------------------------------------------
    def admit(self, request: SandboxRequest) -> None:
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        if scheme == "Bearer" and self._is_valid(value):
            return
        if scheme == "Basic" and self._platform.settings.basic_allowed and self._opens(value):
            return
        words = "Given token not valid" if scheme == "Bearer" else "Authentication credentials were not provided."
        raise detail(401, words)

    def _is_valid(self, text: str) -> bool:
        token = self._platform.tokens.get(text)
        return token is not None and not token.refresh and token.expires_at > self._platform.now()

    def _opens(self, value: str) -> bool:
        try:
            return base64.b64decode(value).decode() == f"{self.username}:{self.password}"
        except ValueError:
            return False

    def count(self) -> None:
        """A fixed minute: one may burst, then wait for the next."""
        calls = self._platform.settings.calls_per_minute
        if calls is None:
            return
        minute, second = divmod(int(self._platform.now().timestamp()), 60)
        if minute != self._minute:
            self._minute, self._calls = minute, 0
        if self._calls >= calls:
            raise RefusedError(throttled(60 - second))
        self._calls += 1
