"""Moments as people read them: relative, the exact time on hover. The browser keeps them fresh (static/console/moments.js)."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.html import format_html
from django.utils.safestring import SafeString

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
# Not strftime("%b"): that follows the server's locale.
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def span(seconds: float) -> str:
    """8 → "8 s"; 2400 → "40 min"; 7500 → "2 h 05"; 97200 → "1 d 3 h"; from 3 days on "5 d": short, for tables."""
    left = max(int(seconds), 0)
    if left < _MINUTE:
        return f"{left} s"
    if left < _HOUR:
        return f"{left // _MINUTE} min"
    if left < _DAY:
        return f"{left // _HOUR} h {left % _HOUR // _MINUTE:02}"
    days, hours = left // _DAY, left % _DAY // _HOUR
    return f"{days} d {hours} h" if days < 3 and hours else f"{days} d"


def exact(at: datetime, zone: ZoneInfo) -> str:
    """Return "24 Nov 2026, 14:20:05 GMT"."""
    there = at.astimezone(zone)
    return f"{there.day} {_MONTHS[there.month - 1]} {there.year}, {there:%H:%M:%S} {there.tzname()}"


def ago(at: datetime | None, *, now: datetime, zone: ZoneInfo, never: str = "never") -> SafeString:
    """A moment that has passed: "2 h 05 ago"."""
    if at is None:
        return format_html('<span class="hub-quiet">{}</span>', never)
    return _element(at, zone, told="ago", words=f"{span((now - at).total_seconds())} ago")


def age(at: datetime | None, *, now: datetime, zone: ZoneInfo, never: str = "–") -> SafeString:
    """How long something has waited: "2 h 05"."""
    if at is None:
        return format_html('<span class="hub-quiet">{}</span>', never)
    return _element(at, zone, told="age", words=span((now - at).total_seconds()))


def countdown(at: datetime | None, *, now: datetime, zone: ZoneInfo, never: str = "–") -> SafeString:
    """A deadline: "in 2 h 05", "40 min late". Urgent in its last two hours."""
    if at is None:
        return format_html('<span class="hub-quiet">{}</span>', never)
    left = (at - now).total_seconds()
    words = f"in {span(left)}" if left > 0 else f"{span(-left)} late"
    return _element(at, zone, told="until", words=words, urgency=urgency(left))


def upcoming(at: datetime | None, *, now: datetime, zone: ZoneInfo, never: str = "–") -> SafeString:
    """When something runs next: "in 40 s", "due". Nobody's deadline, so never coloured."""
    if at is None:
        return format_html('<span class="hub-quiet">{}</span>', never)
    left = (at - now).total_seconds()
    return _element(at, zone, told="next", words=f"in {span(left)}" if left > 0 else "due")


def urgency(seconds_left: float) -> str:
    """ "late", "soon" (two hours left), "near" (eight) or "": what is further away is not coloured."""
    if seconds_left <= 0:
        return "late"
    if seconds_left <= 2 * _HOUR:
        return "soon"
    return "near" if seconds_left <= 8 * _HOUR else ""


def _element(at: datetime, zone: ZoneInfo, *, told: str, words: str, urgency: str = "") -> SafeString:
    return format_html(
        '<time class="hub-time{}" datetime="{}" title="{}" data-told="{}">{}</time>',
        f" hub-due-{urgency}" if urgency else "",
        at.isoformat(),
        exact(at, zone),
        told,
        words,
    )
