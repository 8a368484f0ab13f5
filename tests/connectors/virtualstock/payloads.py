"""The payload files, parsed as the client parses answers, and orders changed for one test."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "payloads" / "virtualstock"


def load(name: str) -> Any:
    """A fresh copy, numbers with a fraction as Decimal."""
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"), parse_float=Decimal)


def order(**changes: Any) -> dict[str, Any]:
    """The new order of two lines, with some of its members replaced."""
    return {**load("order_new"), **changes}


def order_at(status: str, *lines: str, **changes: Any) -> dict[str, Any]:
    """The same order with its own status and those of its lines."""
    made = order(status=status, **changes)
    for item, line_status in zip(made["items"], lines, strict=True):
        item["status"] = line_status
    return made


def order_with_line(**changes: Any) -> dict[str, Any]:
    """The same order with its first line changed and no totals of its own."""
    made = order(subtotal=None, tax=None, total=None)
    made["items"][0].update(changes)
    return made
