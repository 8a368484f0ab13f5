"""An order's sides next to each other: head, lines and money, with what differs said in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.urls import reverse

from connectors.canonical.money import Money
from connectors.registry import CONNECTORS, connector_class
from exceptions_app.words import money
from integrationhub.console.back_office import page_url
from integrationhub.console.money_words import NOTHING, amount
from integrationhub.orders.models import SoldDispatch, SoldLine, SoldOrder
from mappings_app.models import MAPPING_MODELS, MappingVersion


@dataclass(frozen=True, kw_only=True)
class Side:
    """The order as one platform has it."""

    name: str
    role: str
    number: str
    url: str
    state: str
    note: str
    seen_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Part:
    """A line as one side has it; amounts are words."""

    quantity: str = ""
    price: str = ""
    total: str = ""
    off: str = ""  # what price times quantity is more than the total: a discount on the line
    tax: str = ""


@dataclass(frozen=True, kw_only=True)
class LineRow:
    sku: str
    target_sku: str
    mapping_url: str
    mapping: str  # "version 12"
    title: str
    cancelled: bool
    sold: Part | None  # None: only the target has it
    there: Part | None  # None: the target does not have it
    differs: tuple[str, ...]  # in words: "quantity", "total"


@dataclass(frozen=True, kw_only=True)
class MoneyRow:
    what: str
    sold: str
    there: str
    difference: str  # "£0.01 more there"; "" when they agree


@dataclass(frozen=True, kw_only=True)
class Step:
    """One station on an order's way."""

    name: str
    at: datetime | None
    who: str
    state: str  # done | next | ""


def sides_of(order: SoldOrder) -> list[Side]:
    source = order.link.source
    sold = Side(
        name=source.name,
        role="Sold at",
        number=order.reference,
        url=page_url(source, "order", order.reference),
        state=order.get_state_display(),
        note=f"In its own words: {order.source_state}" if order.source_state else "",
        seen_at=order.source_updated_at,
    )
    there = Side(
        name=order.target.name,
        role="Fulfilled in",
        number=order.target_external_id,
        url=page_url(order.target, "order", order.target_external_id),
        state=order.get_target_state_display(),
        note="On hold there." if order.target_on_hold else "",
        seen_at=order.target_seen_at,
    )
    return [sold, there]


# --- lines ------------------------------------------------------------------------------------------------------------


def lines_of(order: SoldOrder, lines: Sequence[SoldLine]) -> list[LineRow]:
    """Each sold line beside the target's line of the same SKU; what only the target has comes last."""
    left = list(order.target_lines or [])
    rows = [_row(line, _matching(line, left), order) for line in lines]
    return [*rows, *(_only_there(one, order) for one in left)]


def _matching(line: SoldLine, left: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The target's line for this one, taken out of `left`: of several with its SKU, the one with its quantity first."""
    if line.cancelled or not line.target_sku:
        return None
    same = [one for one in left if one["sku"] == line.target_sku]
    best = next((one for one in same if one["quantity"] == line.quantity), same[0] if same else None)
    if best is not None:
        left.remove(best)
    return best


def _row(line: SoldLine, there: dict[str, Any] | None, order: SoldOrder) -> LineRow:
    version = line.mapping_version
    return LineRow(
        sku=line.sku,
        target_sku=line.target_sku,
        mapping_url=_mapping_url(version),
        mapping=f"version {version.pk}" if version else "",
        title=line.title,
        cancelled=line.cancelled,
        sold=_part(line.quantity, line.unit_price, line.line_total, order.currency, tax=line.tax),
        there=_target_part(there, order.currency) if there else None,
        differs=_line_differences(line, there, order),
    )


def _line_differences(line: SoldLine, there: dict[str, Any] | None, order: SoldOrder) -> tuple[str, ...]:
    if there is None:
        lacks = order.target_lines is not None and not line.cancelled
        return (f"not in {order.target.name}",) if lacks else ()
    found = []
    if there["quantity"] != line.quantity:
        found.append("quantity")
    if not Money(line.line_total, order.currency).agrees_with(Money(Decimal(there["line_total"]), order.currency)):
        found.append("total")
    return tuple(found)


def _only_there(there: dict[str, Any], order: SoldOrder) -> LineRow:
    return LineRow(
        sku="",
        target_sku=str(there["sku"]),
        mapping_url="",
        mapping="",
        title="",
        cancelled=False,
        sold=None,
        there=_target_part(there, order.currency),
        differs=(f"only in {order.target.name}",) if there["quantity"] else (),
    )


def _target_part(there: dict[str, Any], currency: str) -> Part:
    return _part(there["quantity"], Decimal(there["unit_price"]), Decimal(there["line_total"]), currency)


def _part(quantity: int, price: Decimal, total: Decimal, currency: str, *, tax: Decimal | None = None) -> Part:
    off = Money(price * quantity - total, currency)
    return Part(
        quantity=str(quantity),
        price=amount(price, currency),
        total=amount(total, currency),
        off=f"{money(off)} off" if quantity and off.minor() > 0 else "",
        tax=NOTHING if tax is None else amount(tax, currency),
    )


def _mapping_url(version: MappingVersion | None) -> str:
    if version is None or version.kind not in MAPPING_MODELS:
        return ""
    return reverse(f"admin:mappings_app_{MAPPING_MODELS[version.kind]._meta.model_name}_change", args=[version.pk])


# --- money ------------------------------------------------------------------------------------------------------------


def money_of(order: SoldOrder) -> list[MoneyRow]:
    goods_there = None
    if order.target_lines is not None:
        goods_there = sum((Decimal(one["line_total"]) for one in order.target_lines), start=Decimal(0))
    pairs: tuple[tuple[str, Decimal, Decimal | None], ...] = (
        ("Lines", order.total - order.shipping, goods_there),
        ("Delivery", order.shipping, order.target_shipping),
        ("Total", order.total, order.target_total),
        ("Tax in it", order.tax, order.target_tax),
    )
    return [_money_row(what, sold, there, order.currency) for what, sold, there in pairs]


def at_cost(order: SoldOrder) -> bool:
    """Whether the amounts are what a retailer pays us; what its customer paid is not told."""
    connector = CONNECTORS.get(order.link.source.platform)
    return connector is not None and connector.sells_at_cost


def _money_row(what: str, sold: Decimal, there: Decimal | None, currency: str) -> MoneyRow:
    difference = ""
    if there is not None and not Money(sold, currency).agrees_with(Money(there, currency)):
        apart = Money(there - sold, currency)
        difference = f"{money(apart if apart.amount > 0 else -apart)} {'more' if apart.amount > 0 else 'less'} there"
    return MoneyRow(what=what, sold=amount(sold, currency), there=amount(there, currency), difference=difference)


# --- the way ----------------------------------------------------------------------------------------------------------


def steps_of(order: SoldOrder, lines: Sequence[SoldLine], dispatches: Sequence[SoldDispatch]) -> list[Step]:
    """Received, mapped, accepted, created, confirmed, dispatched, shown: what is done, when, and by whom."""
    source, target = order.link.source.name, order.target.name
    wanted = [line for line in lines if not line.cancelled]
    mapped = bool(wanted) and all(line.target_sku for line in wanted)
    shown = [row.shown_at for row in dispatches if row.shown_at]
    stations: tuple[tuple[str, datetime | None, str, bool], ...] = (
        ("Received", order.first_seen_at, source, True),
        ("Mapped", None, "the hub", mapped),
        (
            "Accepted",
            order.accepted_at or order.accept_sent_at,
            source,
            bool(order.accepted_at or order.accept_sent_at),
        ),
        ("Created", order.target_created_at, target, order.target_created_at is not None),
        ("Confirmed", order.target_confirmed_at, target, order.target_confirmed_at is not None),
        ("Dispatched", min((row.dispatched_at for row in dispatches), default=None), target, bool(dispatches)),
        (f"Shown at {source}", max(shown, default=None), source, bool(shown) and len(shown) == len(dispatches)),
    )
    if connector_class(order.link.source.platform).is_shop():  # nobody accepts the orders of a shop
        stations = tuple(station for station in stations if station[0] != "Accepted")
    following = next((name for name, _, _, done in stations if not done), "")
    return [
        Step(name=name, at=at, who=who, state="done" if done else "next" if name == following else "")
        for name, at, who, done in stations
    ]
