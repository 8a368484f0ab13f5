"""Middleware and small functions around who may talk to the console, for how long, and what a page may load."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse

from connectors import ports

GetResponse = Callable[[HttpRequest], HttpResponse]

STARTED_AT = "session_started_at"
SEEN_AT = "session_seen_at"
ADDRESS = "session_address"
BROWSER = "session_browser"
# Writing the session row on every request would make each page a database write.
SEEN_EVERY = timedelta(seconds=60)

# unfold 0.91 drives its pages with Alpine.js, whose expressions are compiled with the Function constructor: hence
# 'unsafe-eval' for scripts. No page has an inline script, so 'unsafe-inline' stays out. Styles: unfold writes its
# colour variables into a <style> block and Alpine sets style attributes.
CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'self'",
        "frame-ancestors 'none'",
    ]
)


def client_ip(request: HttpRequest) -> str:
    """Return the caller's address: the proxy's last hop where settings say there is one, else the socket's peer.

    The last entry of X-Forwarded-For is the one our own proxy wrote; earlier ones are the caller's to invent.
    """
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "") if settings.BEHIND_PROXY else ""
    return forwarded.rpartition(",")[2].strip() or str(request.META.get("REMOTE_ADDR", ""))


def content_security_policy(get_response: GetResponse) -> GetResponse:
    """Add the policy to every page that has none of its own."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        return response

    return middleware


def session_ages(get_response: GetResponse) -> GetResponse:
    """End a session SESSION_COOKIE_AGE after the last request, and SESSION_ABSOLUTE_AGE after the login in any case."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            _age_session(request, now=ports.now())
        return get_response(request)

    return middleware


def _age_session(request: HttpRequest, *, now: datetime) -> None:
    started = _stamp(request, STARTED_AT) or now
    seen = _stamp(request, SEEN_AT)
    idle_limit = timedelta(seconds=settings.SESSION_COOKIE_AGE)
    if now - started >= settings.SESSION_ABSOLUTE_AGE or (seen and now - seen >= idle_limit):
        logout(request)
    elif seen is None or now - seen >= SEEN_EVERY:
        request.session[STARTED_AT] = started.isoformat()
        request.session[SEEN_AT] = now.isoformat()
        request.session[ADDRESS] = client_ip(request)
        request.session[BROWSER] = request.headers.get("User-Agent", "")[:200]


def _stamp(request: HttpRequest, name: str) -> datetime | None:
    text = request.session.get(name)
    return datetime.fromisoformat(text) if text else None
