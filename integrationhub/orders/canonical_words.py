"""A canonical order or dispatch as lines of plain words, so that two readings of one document can be laid side by side."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from connectors.canonical.dispatches import Dispatch
from connectors.canonical.money import Money
from connectors.canonical.orders import Address, Order, OrderLine
from exceptions_app.words import money
from integrationhub.orders.models import ORDER_STATE_LABELS

Reading: TypeAlias = Order | Dispatch


@dataclass(frozen=True, kw_only=True)
class Difference:
    what: str  # "Line MK-1-1, price of one"
    was: str  # "" where it could not be read
    now: str


def differences(before: Reading | None, after: Reading | None) -> list[Difference]:
    """What the hub would read differently; everything, where one of the two cannot be read."""
    was = dict(_told(before)) if before else {}
    now = dict(_told(after)) if after else {}
    names = [*now, *(name for name in was if name not in now)]
    return [
        Difference(what=name, was=was.get(name, ""), now=now.get(name, ""))
        for name in names
        if was.get(name, "") != now.get(name, "")
    ]


def _told(reading: Reading) -> Iterator[tuple[str, str]]:
    return _order(reading) if isinstance(reading, Order) else _dispatch(reading)


def _order(order: Order) -> Iterator[tuple[str, str]]:
    yield "Order number", order.reference
    yield "State", ORDER_STATE_LABELS[order.state]
    yield "Currency", order.currency
    yield "Placed", order.placed_at.isoformat(" ", "minutes")
    yield "Sales channel", order.channel
    yield "Delivery method", order.shipping_service
    for line in order.lines:
        yield from _line(line)
    yield "Delivery", money(order.shipping)
    yield "Tax in it", money(order.tax)
    yield "Total", money(order.total)
    yield "Delivered to", _address(order.shipping_address)
    yield "Billed to", _address(order.billing_address)
    yield "E-mail", order.relay_email


def _line(line: OrderLine) -> Iterator[tuple[str, str]]:
    name = f"Line {line.line_id}"
    yield f"{name}, SKU", line.sku
    yield f"{name}, quantity", str(line.quantity)
    yield f"{name}, price of one", money(line.unit_price)
    yield f"{name}, total", money(line.line_total)
    yield f"{name}, delivery", money(line.shipping)
    yield f"{name}, tax", money(_tax(line))
    yield f"{name}, cancelled", "yes" if line.cancelled else "no"


def _tax(line: OrderLine) -> Money:
    amounts = [tax.amount.amount for tax in (*line.taxes, *line.shipping_taxes)]
    return Money(sum(amounts, start=Decimal(0)), line.line_total.currency)


def _address(address: Address | None) -> str:
    if address is None:
        return ""
    name = f"{address.first_name} {address.last_name}".strip()
    town = f"{address.postal_code} {address.city}".strip()
    parts = (name, address.company, *address.street, town, address.region, address.country, address.phone)
    return ", ".join(part for part in parts if part)


def _dispatch(dispatch: Dispatch) -> Iterator[tuple[str, str]]:
    yield "Dispatch", dispatch.number or dispatch.dispatch_id
    yield "Left", dispatch.dispatched_at.isoformat(" ", "minutes")
    yield "Carrier", dispatch.carrier
    yield "Service", dispatch.service
    yield "Tracking number", dispatch.tracking_number
    for line in dispatch.lines:
        yield f"Units of {line.sku}", str(line.quantity)


def money_of(order: Order) -> Mapping[str, object]:
    """All of an order that is money, or that money hangs on: two readings with equal ones charge the same."""
    return {
        "currency": order.currency,
        "total": order.total,
        "shipping": order.shipping,
        "tax": order.tax,
        "lines": [
            (
                *(line.line_id, line.quantity, line.unit_price, line.line_total, line.shipping, line.cancelled),
                *(line.taxes, line.shipping_taxes),
            )
            for line in order.lines
        ],
    }
