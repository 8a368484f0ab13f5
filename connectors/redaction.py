"""What may be kept of an exchange: secrets and personal details are masked before anything is stored or shown.

Headers are kept by an allow-list. Secrets are masked wherever they occur, in the forms they take on the way
(percent-encoded, JSON-escaped, Base64). Personal details are masked by the names of their fields in JSON, forms,
multipart bodies, XML and torn text, and by their look where no name tells: e-mail addresses and telephone numbers.
"""

import base64
import codecs
import html
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from json.encoder import encode_basestring, encode_basestring_ascii
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus, urlencode, urlsplit, urlunsplit

from connectors.personal import Kind, kind_of

MASK = "[hidden]"
EMAIL_MASK = "[e-mail]"
PHONE_MASK = "[phone]"
MORE = " …"
SHORTEST_SECRET = 4  # masking a shorter value would blot out every text
LONGEST_EMAIL = 320

_HEADERS_KEPT = """
    accept accept-encoding accept-language age allow cache-control connection content-,         disposition
    content-encoding content-language content-length content-type date etag expires idempotency-key keep-alive
    last-modified link location ratelimit-limit ratelimit-policy ratelimit-remaining ratelimit-reset retry-after
    server transfer-encoding user-agent vary via warning x-correlation-id x-ratelimit-limit x-ratelimit-remaining
    x-ratelimit-reset x-request-id x-sentry-id
"""
KEPT_HEADERS = frozenset(_HEADERS_KEPT.split())

_EMAIL_STOPS = r"\s\"<>,;()\[\]\\:=/?&"
_AT = re.compile(r"@|%40|\\u0040|&#64;", re.IGNORECASE)
_LOCAL = re.compile(rf"[^{_EMAIL_STOPS}]*\Z")
_DOMAIN = re.compile(r"[^\s\"'<>,;()\[\]\\&?/=]{1,255}(?<![.!])")
_PHONE = re.compile(r"(?:\+|%2B)[1-9](?:[ ./()-]{0,2}\d){7,14}", re.IGNORECASE)
_TAG = re.compile(r"<(script|style)\b.*?</\1\s*>|<!--.*?-->|<[^<>]*>", re.IGNORECASE | re.DOTALL)
_SPACE = re.compile(r"\s+")
_NAME = r"[A-Za-z_][\w.:\[\]-]{0,60}"
_LOOSE = (
    re.compile(rf'(\\?"({_NAME})\\?"\s*:\s*)(\\?"[^"\\]*(?:\\[^"][^"\\]*)*(?:\\?"|\Z)|[\d.+-]+)'),  # "zip": "11122"
    re.compile(rf"(<({_NAME})(?:\s[^<>]*)?>)([^<]+)"),  # <zip>11122
    re.compile(rf"(\b({_NAME})=)([^\s&;,<>\"'\[/?]+)"),  # zip=11122
    re.compile(rf"(\b({_NAME}):\s?)([^\s&;,<>\"'\[/?]+)"),  # zip: 11122
)
_LOOSE_IN_SENTENCES = _LOOSE[:3]  # "The city: must not be empty." is no record of a city
_JSON_STEP = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\],]', re.DOTALL)
_CLOSING = {"{": "}", "[": "]"}
_VERBATIM = "\ue000"  # private use: marks a number on its way through the JSON writer
_VERBATIM_NUMBER = re.compile(f'"{_VERBATIM}([^"]*)"')
_BOUNDARY = re.compile(r"boundary=\"?([^\";,]+)", re.IGNORECASE)
_PART_NAME = re.compile(rb'[; ]name="([^"]*)"', re.IGNORECASE)
_PART_TYPE = re.compile(rb"content-type:\s*([^\r\n]*)", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Redaction:
    """The rules of one account. Nothing here raises, whatever a platform sent."""

    secrets: tuple[str, ...] = ()  # credential values, masked wherever they occur
    body_bytes: int = 20_000  # how much of a body is kept

    def adding(self, secrets: Iterable[str]) -> "Redaction":
        """With more secrets; "Bearer x" adds nothing to a known x, which leaves these rules' compiled forms in use."""
        known = [secret for secret in self.secrets if len(secret) >= SHORTEST_SECRET]
        more = tuple(new for new in secrets if not any(secret in new for secret in known))
        return Redaction(secrets=(*self.secrets, *more), body_bytes=self.body_bytes) if more else self

    def text(self, text: str) -> str:
        """Free text without secrets, e-mail addresses and telephone numbers."""
        lowered = text.lower()
        for form, pattern in self._secret_forms:
            if form in lowered:
                text = pattern.sub(MASK, text)
        return _PHONE.sub(PHONE_MASK, _without_emails(text)) if "+" in text or "%2" in text else _without_emails(text)

    def words(self, text: str, *, longest: int = 500) -> str:
        """A platform's text fit for a person to read: one line, no markup, nothing to hide."""
        start, torn = text[: longest * 20], len(text) > longest * 20
        flat = _SPACE.sub(" ", _TAG.sub(" ", self._loose(start, torn=torn, patterns=_LOOSE_IN_SENTENCES))).strip()
        flat = self.text(html.unescape(flat))
        return flat if len(flat) <= longest else flat[:longest].rstrip() + MORE

    def url(self, url: str) -> str:
        parts = urlsplit(url)
        query = urlencode(self._pairs(parts.query), quote_via=quote, safe="[]:,/") if parts.query else ""
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], self.text(parts.path), query, ""))

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Every name; the values of the harmless ones."""
        return {
            self.text(name): self._loose(value) if name.lower() in KEPT_HEADERS else MASK
            for name, value in headers.items()
        }

    def body(self, body: bytes, content_type: str = "") -> str:
        """At most about `body_bytes` of a body, as text, and how much more there was."""
        kind = content_type.partition(";")[0].strip().lower()
        boundary = _BOUNDARY.search(content_type)
        if kind == "multipart/form-data" and boundary is not None:
            return self._multipart(body, boundary.group(1).encode())
        torn = len(body) > self.body_bytes
        try:
            text = codecs.getincrementaldecoder("utf-8")().decode(body[: self.body_bytes + self._margin], not torn)
        except UnicodeDecodeError:
            return f"[{len(body)} bytes of {self.text(kind) or 'something unknown'}]"
        masked = self._masked(text, kind=kind, torn=torn)
        return f"{masked}{MORE} {len(body) - self.body_bytes} bytes more" if torn else masked

    # --- by the names of fields -----------------------------------------------------------------------------------
    def _masked(self, text: str, *, kind: str, torn: bool) -> str:
        if text.lstrip()[:1] in ("{", "["):
            masked = self._json(text)
            if masked is not None:
                return masked.removesuffix(MORE) if torn else masked
        if kind == "application/x-www-form-urlencoded":
            whole = text.rpartition("&")[0] if torn else text
            return "&".join(f"{name}={value}" for name, value in self._pairs(whole))
        return self._loose(text, torn=torn)

    def _json(self, text: str) -> str | None:
        """JSON with its personal values masked, None when it is none. Torn JSON is kept up to its last whole value."""
        for mend, ending in ((str, ""), (_mended, MORE)):
            try:
                value = json.loads(mend(text), parse_float=_verbatim)
                written = json.dumps(_mask_personal(value), ensure_ascii=False)
            except (ValueError, RecursionError):
                continue
            return self.text(_VERBATIM_NUMBER.sub(r"\1", written)) + ending
        return None

    def _pairs(self, query: str) -> list[tuple[str, str]]:
        return [
            (self.text(name), MASK if kind_of(name) in (Kind.FIELD, Kind.OBJECT) else self._form_value(value))
            for name, value in parse_qsl(query, keep_blank_values=True)
        ]

    def _form_value(self, value: str) -> str:
        return (self._json(value) if value[:1] in ("{", "[") else None) or self.text(value)

    def _multipart(self, body: bytes, boundary: bytes) -> str:
        pieces: list[str] = []
        room = self.body_bytes
        for part in body.split(b"--" + boundary)[1:]:
            head, _, content = part.partition(b"\r\n\r\n")
            name = _PART_NAME.search(head)
            if name is None:
                continue
            if room <= 0:
                pieces.append("… more parts")
                break
            pieces.append(self._part(name.group(1).decode("utf-8", "replace"), head, content.removesuffix(b"\r\n")))
            room -= len(pieces[-1])
        return "\n".join(pieces)

    def _part(self, name: str, head: bytes, content: bytes) -> str:
        if kind_of(name) in (Kind.FIELD, Kind.OBJECT):
            return f"{self.text(name)}: {MASK}"
        said = _PART_TYPE.search(head)
        content_type = said.group(1).decode("latin-1") if said else ""
        # A part's own type may claim to be multipart again: it is shown as text.
        return f"{self.text(name)}: {self.body(content, '' if 'multipart' in content_type.lower() else content_type)}"

    def _loose(self, text: str, *, torn: bool = False, patterns: Sequence[re.Pattern[str]] = _LOOSE) -> str:
        """Text that follows no form we know; of torn text, the end, which may hold half a secret, is left out."""
        for pattern in patterns:
            text = pattern.sub(_mask_loose, text)
        masked = self.text(text)
        return masked[: -self._margin] if torn else masked

    # --- secrets --------------------------------------------------------------------------------------------------
    @cached_property
    def _secret_forms(self) -> tuple[tuple[str, re.Pattern[str]], ...]:
        forms = {form for secret in self.secrets for form in _forms(secret)}
        # The longest first: a secret that contains another must not leave its rest behind.
        ordered = sorted(forms, key=len, reverse=True)
        return tuple((form.lower(), re.compile(re.escape(form), re.IGNORECASE)) for form in ordered)

    @cached_property
    def _margin(self) -> int:
        """What is read beyond the part that is kept, so that nothing to hide is cut in half and so not recognised."""
        return max((len(form.encode()) for form, _ in self._secret_forms), default=0) + LONGEST_EMAIL


def _forms(secret: str) -> set[str]:
    """The shapes a secret takes in URLs, JSON, HTML and Basic credentials."""
    if len(secret) < SHORTEST_SECRET:
        return set()
    raw = secret.encode("utf-8", "replace")
    escaped = encode_basestring_ascii(secret)[1:-1]
    return {
        secret,
        quote(secret, safe="", errors="replace"),
        quote(secret, errors="replace"),
        quote_plus(secret, errors="replace"),
        html.escape(secret),
        encode_basestring(secret)[1:-1],
        escaped,
        escaped.replace("/", r"\/"),
        base64.b64encode(raw).decode().rstrip("="),
        base64.urlsafe_b64encode(raw).decode().rstrip("="),
    }


def _without_emails(text: str) -> str:
    pieces: list[str] = []
    done = 0
    for at in _AT.finditer(text):
        if at.start() < done:
            continue
        local = _LOCAL.search(text, max(done, at.start() - 64), at.start())
        domain = _DOMAIN.match(text, at.end())
        # Without a name before it: a host name still tells an address ("=@shop.example") from a directive ("@include").
        if local is None or domain is None or not (local.group() or "." in domain.group()):
            continue
        pieces += (text[done : local.start()], EMAIL_MASK)
        done = domain.end()
    return "".join(pieces) + text[done:] if pieces else text


def _mask_personal(value: Any, *, below: bool = False) -> Any:
    """The same JSON with personal values masked; `below`: everything here is a person's unless its name is harmless."""
    if isinstance(value, dict):
        told = _told_by_neighbour(value)
        return {name: MASK if name in told else _mask_field(name, inner, below) for name, inner in value.items()}
    if isinstance(value, list):
        return [_mask_personal(inner, below=below) for inner in value]
    return _mask_value(value) if below else value


def _mask_field(name: str, value: Any, below: bool) -> Any:
    kind = kind_of(name)
    if kind is Kind.OBJECT and isinstance(value, int):
        return value  # the number of a customer's record
    if kind is Kind.HARMLESS:
        return _mask_personal(value, below=below) if isinstance(value, dict | list) else value
    return _mask_personal(value, below=below or kind is not Kind.PLAIN)


def _mask_value(value: Any) -> Any:
    return value if value is None or isinstance(value, bool) or value == "" else MASK


def _told_by_neighbour(value: dict[str, Any]) -> tuple[str, ...]:
    """The fields that {"code": "customer-email", "value": …} says are personal."""
    for name in ("code", "key", "name", "field", "type"):
        label = value.get(name)
        if isinstance(label, str) and len(label) < 80 and kind_of(label) in (Kind.FIELD, Kind.OBJECT):
            return tuple(each for each in ("value", "values") if each in value)
    return ()


def _mask_loose(match: re.Match[str]) -> str:
    return match.group(1) + MASK if kind_of(match.group(2)) is Kind.FIELD else match.group()


def _mended(text: str) -> str:
    """Torn JSON, cut after its last whole value and closed again."""
    opened: list[str] = []
    cut = 0
    for step in _JSON_STEP.finditer(text):
        mark = step.group()
        if mark in _CLOSING:
            opened.append(_CLOSING[mark])
            cut = step.end()
        elif mark == ",":
            cut = step.start()
        elif mark in "}]" and opened:
            opened.pop()
            cut = step.end()
    return text[:cut] + "".join(reversed(opened))


def _verbatim(number: str) -> str:
    return _VERBATIM + number
