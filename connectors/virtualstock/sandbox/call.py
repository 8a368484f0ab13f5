"""One call as an operation reads it, and pages as the platform gives them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlencode

from connectors.sandboxkit import Reply, SandboxRequest
from connectors.virtualstock.sandbox.platform import Platform
from connectors.virtualstock.sandbox.refusals import detail, fields, required

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Call:
    request: SandboxRequest
    operation: str
    path: dict[str, str] = field(default_factory=dict)

    def word(self, name: str) -> str:
        return self.request.first(name)

    def number(self, name: str, default: int, *, low: int = 0) -> int:
        text = self.word(name)
        if not text:
            return default
        if not text.isdecimal() or int(text) < low:
            raise fields(**{name: "A valid integer is required."})
        return int(text)

    def body(self) -> dict[str, Any]:
        try:
            sent = self.request.json()
        except ValueError:
            raise detail(400, "JSON parse error") from None
        if not isinstance(sent, dict):
            raise fields(non_field_errors="Invalid data. Expected a dictionary.")
        return sent

    def items(self, *mandatory: str) -> list[dict[str, Any]]:
        """The body's items; each must carry these members."""
        sent = self.body().get("items")
        if not isinstance(sent, list) or not sent or not all(isinstance(item, dict) for item in sent):
            raise required("items")
        for item in sent:
            for name in mandatory:
                if item.get(name) in (None, ""):
                    raise required(name)
        return sent

    def page(
        self, platform: Platform, found: Sequence[T], element: Callable[[T], dict[str, Any]], *, default: int
    ) -> Reply:
        limit = min(self.number("limit", default, low=1), platform.settings.largest_page)
        offset = self.number("offset", 0)
        return Reply(
            body={
                "count": len(found),
                "next": self._link(platform, limit, offset + limit) if offset + limit < len(found) else None,
                "previous": self._link(platform, limit, max(0, offset - limit)) if offset else None,
                "results": [element(item) for item in found[offset : offset + limit]],
            }
        )

    def _link(self, platform: Platform, limit: int, offset: int) -> str:
        kept = {name: values[0] for name, values in self.request.query.items() if name not in ("limit", "offset")}
        return platform.url(f"{self.request.path}?{urlencode({**kept, 'limit': limit, 'offset': offset})}")
