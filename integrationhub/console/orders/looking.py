"""Exact questions and answers, and documents as they arrived: shown as text that a person can read, on demand only."""

import contextlib
import json
import re

_KEPT_NUMBER = re.compile(r'"\\u0000([-+.\deE]+)\\u0000"')
_BODY_SHOWN = 200_000  # characters; a longer answer is cut, and says so


def pretty(text: str) -> str:
    """JSON indented, its numbers written as they came (50.10 stays 50.10); anything else as it is."""
    with contextlib.suppress(ValueError):
        kept = json.loads(text, parse_float=lambda number: f"\0{number}\0")
        text = _KEPT_NUMBER.sub(r"\1", json.dumps(kept, indent=2, ensure_ascii=False))
    return text if len(text) <= _BODY_SHOWN else f"{text[:_BODY_SHOWN]}\n… cut here; it is longer."
