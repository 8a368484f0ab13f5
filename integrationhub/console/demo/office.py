"""The back offices of the demo's platforms, as far as anybody needs them: one plain page for each record, on loopback.

Whoever follows a number in the console lands here, as with real platforms in their own back offices.
"""

import json
import threading
from collections.abc import Callable, Mapping
from decimal import Decimal
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

from connectors.pages import NUMBER

Look = Callable[[str], Mapping[str, Any] | None]  # by number
# (key of the platform, kind of record) → how to look one up
Looks = Mapping[tuple[str, str], Look]


class Office:
    def __init__(self) -> None:
        self._looks: dict[tuple[str, str], Look] = {}
        self._server: ThreadingHTTPServer | None = None

    def start(self, looks: Looks) -> None:
        self._looks = dict(looks)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self._server.serve_forever, args=(0.1,), name="demo-office", daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def addresses(self, key: str) -> dict[str, str]:
        """A connection's settings: page_order, page_return."""
        assert self._server is not None
        base = f"http://127.0.0.1:{self._server.server_address[1]}"
        return {f"page_{kind}": f"{base}/{key}/{kind}/{NUMBER}" for of, kind in self._looks if of == key}

    def page(self, path: str) -> str | None:
        """The page at "/<key>/<kind>/<number>"; None where there is no such record."""
        parts = [unquote(part) for part in urlsplit(path).path.split("/")[1:]]
        look = self._looks.get((parts[0], parts[1])) if len(parts) == 3 else None
        try:
            found = look(parts[2]) if look else None
        except (KeyError, ValueError):
            return None
        if not found:
            return None
        return _told(f"{parts[1].capitalize()} {parts[2]}", found)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        office = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                page = office.page(self.path)
                body = (page or _told("There is no such record", {})).encode()
                self.send_response(200 if page else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class names it
                """Nobody reads it."""

        return Handler


def _told(title: str, found: Mapping[str, Any]) -> str:
    rows = "".join(f"<tr><th>{escape(str(name))}</th><td>{_cell(value)}</td></tr>" for name, value in found.items())
    return (
        f'<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>'
        f"<p>An invented platform's own back office.</p><h1>{escape(title)}</h1><table>{rows}</table></html>"
    )


def _cell(value: Any) -> str:
    if isinstance(value, str | int | Decimal) or value is None:
        return escape(str("–" if value is None else value))
    return f"<pre>{escape(json.dumps(value, default=str, indent=2, ensure_ascii=False))}</pre>"


_STYLE = (
    ":root { color-scheme: light dark } body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem }"
    " table { border-collapse: collapse } th, td { border-top: 1px solid #8886; padding: .4rem .8rem; text-align: left;"
    " vertical-align: top } pre { margin: 0; white-space: pre-wrap }"
)
