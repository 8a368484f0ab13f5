"""Where somebody is logged in: listed, and ended one by one, by themselves or by who administers their account."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache

from connectors import ports
from connectors.admin_base import rights_of
from connectors.models import ConsoleSession, record_audit

_BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One session as people know it. `name` tells it apart without showing its key, which would be as good as a password."""

    name: str
    where: str  # "Firefox on Windows"
    address: str
    started_at: datetime | None
    seen_at: datetime | None
    this_one: bool


def sessions_of(person: Any, *, request: HttpRequest) -> list[Seen]:
    """The sessions that still count, the last used first."""
    rows = ConsoleSession.objects.filter(user=person, expire_date__gt=ports.now())
    found = [
        Seen(
            name=_name(row.session_key),
            where=_where(row.browser),
            address=row.address or "unknown",
            started_at=row.started_at,
            seen_at=row.seen_at,
            this_one=row.session_key == request.session.session_key,
        )
        for row in rows
    ]
    return sorted(found, key=lambda one: (not one.this_one, -(one.seen_at.timestamp() if one.seen_at else 0)))


def _name(key: str) -> str:
    return hashlib.sha256(f"session|{key}".encode()).hexdigest()[:16]


def _where(agent: str) -> str:
    browser = next((name for mark, name in _BROWSERS if mark in agent), "A program")
    system = next((name for mark, name in _SYSTEMS if mark in agent), "")
    return f"{browser} on {system}" if system else browser


def end(person: Any, name: str, *, by: str) -> bool:
    """End the session of that name; the browser that holds it is asked to log in again. False when it had ended."""
    with transaction.atomic():
        rows = ConsoleSession.objects.select_for_update().filter(user=person)
        row = next((row for row in rows if _name(row.session_key) == name), None)
        if row is None:
            return False
        told = {"browser": _where(row.browser), "address": row.address or "unknown"}
        row.delete()
        record_audit(actor=by, action="session.ended", subject=person, brand=None, before=told)
    return True


def press(request: HttpRequest, person: Any, *, back_to: str) -> HttpResponse:
    """The button beside a session."""
    if end(person, request.POST.get("session", ""), by=request.user.get_username()):
        messages.success(request, "That session has ended.")
    else:
        messages.info(request, "That session had ended already.")
    return HttpResponseRedirect(back_to)


@never_cache
def own(request: HttpRequest) -> HttpResponse:
    """A person's own sessions."""
    here = reverse("admin:sessions_own")
    if request.method == "POST":
        return press(request, request.user, back_to=here)
    if request.method != "GET":
        return HttpResponseNotAllowed(["GET", "POST"])
    context = {
        **admin.site.each_context(request),
        "title": "Your sessions",
        "sessions": sessions_of(request.user, request=request),
        "action": here,
        "now": ports.now(),
        "zone": rights_of(request).zone,
    }
    return TemplateResponse(request, "console/people/own_sessions.html", context)
