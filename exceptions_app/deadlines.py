"""Plain words for moments and stretches of time. Pure: the present and the reader's time zone are passed in."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from exceptions_app.words import counted

# Not strftime("%b"): that follows the server's locale.
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def span(seconds: float) -> str:
    """45 → "less than a minute"; 2400 → "40 min"; 7500 → "2 h 05 min"; 97200 → "1 day 3 h"; from 3 days on "5 days"."""
    left = int(seconds)
    if left < _MINUTE:
        return "less than a minute"
    if left < _HOUR:
        return f"{left // _MINUTE} min"
    if left < _DAY:
        hours, rest = divmod(left, _HOUR)
        return f"{hours} h {rest // _MINUTE:02} min" if rest >= _MINUTE else f"{hours} h"
    days, rest = divmod(left, _DAY)
    hours = rest // _HOUR
    whole = counted(days, "day", "days")
    return f"{whole} {hours} h" if days < 3 and hours else whole


def away(at: datetime, now: datetime) -> str:
    """A moment as seen from now: "in 2 h 05 min", "40 min ago", "now"."""
    seconds = (at - now).total_seconds()
    if abs(seconds) < _MINUTE:
        return "now" if seconds <= 0 else "in less than a minute"
    return f"in {span(seconds)}" if seconds > 0 else f"{span(-seconds)} ago"


def age(since: datetime, now: datetime) -> str:
    """How long something has waited: "3 h 10 min"."""
    return span(max((now - since).total_seconds(), 0))


def clock(at: datetime, now: datetime, zone: ZoneInfo) -> str:
    """A moment on the reader's clock: "14:20" today, "tomorrow 09:00", else "24 Nov 14:20"."""
    there, today = at.astimezone(zone), now.astimezone(zone).date()
    time = f"{there:%H:%M}"
    if there.date() == today:
        return time
    if there.date() == today + timedelta(days=1):
        return f"tomorrow {time}"
    if there.date() == today - timedelta(days=1):
        return f"yesterday {time}"
    year = "" if there.year == today.year else f" {there.year}"
    return f"{there.day} {_MONTHS[there.month - 1]}{year} {time}"
