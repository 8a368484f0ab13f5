"""What pages on which people decide have in common: the reason that was typed, the id of an address, a cell of two lines."""

from typing import Any

from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

NO_REASON = "Say why: it is kept on the audit trail and shown to everyone."


def said_why(request: HttpRequest) -> str:
    """The reason that was typed; "" for none."""
    return request.POST.get("reason", "").replace("\x00", "").strip()[:500]


def number(text: str) -> int:
    """An id as an address gives it; 0 for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else 0


def two_lines(first: Any, second: Any, *, tone: str = "") -> SafeString:
    return format_html(
        '<span class="hub-two-lines"><span class="{}">{}</span><small>{}</small></span>',
        f"hub-cell-{tone}" if tone else "",
        first,
        second,
    )
