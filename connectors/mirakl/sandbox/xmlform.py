"""The XML that older operations answer with when JSON was not asked for."""

import json
from typing import Any
from xml.sax.saxutils import escape

from connectors.sandboxkit import Reply


def as_xml(reply: Reply) -> Reply:
    content = json.loads(reply.encoded())
    body = f'<?xml version="1.0" encoding="UTF-8"?>{_element("body", content)}'
    return Reply(status=reply.status, body=body, headers=reply.headers, content_type="application/xml")


def _element(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return "".join(_element(name, item) for item in value)
    if isinstance(value, dict):
        return f"<{name}>{''.join(_element(key, item) for key, item in value.items())}</{name}>"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"<{name}>{escape(text)}</{name}>"
