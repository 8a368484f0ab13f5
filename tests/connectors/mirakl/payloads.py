"""The payload files, parsed as the client parses answers, and orders changed for one test."""

import copy
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "payloads" / "mirakl"


def load(name: str) -> Any:
    """A fresh copy, numbers with a fraction as Decimal."""
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"), parse_float=Decimal)


def order(**changes: Any) -> dict[str, Any]:
    """The paid order of two lines, with some of its members replaced."""
    return {**load("order_shipping"), **changes}


def line(number: int = 0, /, **changes: Any) -> dict[str, Any]:
    return {**load("order_shipping")["order_lines"][number], **changes}


def cancelation(**changes: Any) -> dict[str, Any]:
    blank: dict[str, Any] = {
        "id": "2203",
        "amount": Decimal(0),
        "shipping_amount": Decimal(0),
        "quantity": 0,
        "taxes": [],
        "shipping_taxes": [],
    }
    return {**blank, **changes}


def refund(**changes: Any) -> dict[str, Any]:
    return cancelation(**{"id": "1106", "refund_state": "WAITING_REFUND_PAYMENT", **changes})


def order_of(*lines: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """An order of these lines whose own totals are the sums that Mirakl shows: cancelations not taken off."""
    sums = {
        "price": sum(Decimal(item["price"]) for item in lines),
        "shipping_price": sum(Decimal(item["shipping_price"]) for item in lines),
        "total_price": sum(Decimal(item["total_price"]) for item in lines),
    }
    return order(order_lines=copy.deepcopy(list(lines)), **{**sums, **changes})
