"""An order's lines on every side next to each other, with what differs said in words."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.urls import reverse

from connectors.canonical.money import Money
from connectors.canonical.orders import TargetState
from exceptions_app.words import money
from integrationhub.console.money_words import NOTHING, amount
from integrationhub.console.orders.way import Stretch
from integrationhub.orders.models import SoldLine, SoldOrder
from mappings_app.models import MAPPING_MODELS, MappingVersion


@dataclass(frozen=True, kw_only=True)
class Part:
    """A line as one side has it; amounts are words."""

    quantity: str = ""
    price: str = ""
    total: str = ""
    off: str = ""  # what price times quantity is more than the total: a discount on the line
    tax: str = ""
    lit: tuple[str, ...] = ()  # what is not as on the side before: "quantity", "total"


@dataclass(frozen=True, kw_only=True)
class OurSku:
    """What a SKU became on the way, and by which mapping."""

    code: str
    mapping_url: str
    mapping: str  # "version 12"


@dataclass(frozen=True, kw_only=True)
class LineRow:
    sku: str
    target_sku: str  # as the last side spells it
    our_skus: tuple[OurSku, ...]
    title: str
    cancelled: bool
    parts: tuple[Part | None, ...]  # one for each side; None: that side does not have it
    differs: tuple[str, ...]  # in words: "quantity", "total in Fulfil"

    @property
    def compared(self) -> bool:
        return any(self.parts[1:])


def lines_of(way: Sequence[Stretch]) -> list[LineRow]:
    """Each sold line beside the next side's line of the same SKU; what only a later side has comes last."""
    named = len(way) > 1
    rows = _compared(way[0], named=named)
    for stretch in way[1:]:
        rows = _joined(rows, _compared(stretch, named=named), stretch.order)
    return rows


# --- one stretch ------------------------------------------------------------------------------------------------------


def _compared(stretch: Stretch, *, named: bool) -> list[LineRow]:
    """`named`: differences say where, since there are more than two sides."""
    order, left = stretch.order, list(stretch.order.target_lines or [])
    gone = order.target_state == TargetState.CANCELLED.value
    pairs = [(line, _matching(line, left, gone=gone)) for line in stretch.lines]
    rows = [_row(line, there, order, named=named) for line, there in pairs]
    return [*rows, *(_only_there(one, order) for one in left)]


def _matching(line: SoldLine, left: list[dict[str, Any]], *, gone: bool) -> dict[str, Any] | None:
    """The target's line for this one, taken out of `left`: of several with its SKU, the one with its quantity first.

    A cancelled line has none there, unless the order is `gone` there as a whole.
    """
    if (line.cancelled and not gone) or not line.target_sku:
        return None
    same = [one for one in left if one["sku"] == line.target_sku]
    best = next((one for one in same if one["quantity"] == line.quantity), same[0] if same else None)
    if best is not None:
        left.remove(best)
    return best


def _row(line: SoldLine, there: dict[str, Any] | None, order: SoldOrder, *, named: bool) -> LineRow:
    gone = order.target_state == TargetState.CANCELLED.value
    lit = _lit(line, there, order.currency) if there and not gone else ()
    sold = _part(line.quantity, line.unit_price, line.line_total, order.currency, tax=line.tax)
    return LineRow(
        sku=line.sku,
        target_sku=line.target_sku,
        our_skus=(_our_sku(line),),
        title=line.title,
        cancelled=line.cancelled,
        parts=(sold, replace(_target_part(there, order.currency), lit=lit) if there else None),
        differs=_differences(line, there, order, lit=lit, named=named),
    )


def _our_sku(line: SoldLine) -> OurSku:
    version = line.mapping_version
    return OurSku(
        code=line.target_sku, mapping_url=_mapping_url(version), mapping=f"version {version.pk}" if version else ""
    )


def _differences(
    line: SoldLine, there: dict[str, Any] | None, order: SoldOrder, *, lit: tuple[str, ...], named: bool
) -> tuple[str, ...]:
    if there is None:
        lacks = order.target_lines is not None and not line.cancelled
        return (f"not in {order.target.name}",) if lacks else ()
    return tuple(f"{what} in {order.target.name}" for what in lit) if named else lit


def _lit(line: SoldLine, there: dict[str, Any], currency: str) -> tuple[str, ...]:
    total = Money(Decimal(there["line_total"]), currency)
    apart = {
        "quantity": there["quantity"] != line.quantity,
        "total": not Money(line.line_total, currency).agrees_with(total),
    }
    return tuple(what for what, differs in apart.items() if differs)


def _only_there(there: dict[str, Any], order: SoldOrder) -> LineRow:
    sku = str(there["sku"])
    return LineRow(
        sku="",
        target_sku=sku,
        our_skus=(OurSku(code=sku, mapping_url="", mapping=""),),
        title="",
        cancelled=False,
        parts=(None, _target_part(there, order.currency)),
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


# --- the next stretch -------------------------------------------------------------------------------------------------


def _joined(rows: Sequence[LineRow], further: Sequence[LineRow], order: SoldOrder) -> list[LineRow]:
    """The rows so far, each with what became of it on the next link; what only appears there comes last."""
    left, joined = list(further), []
    for row in rows:
        following = _following(row, left)
        joined.append(_not_passed_on(row, order) if following is None else _longer(row, following))
    blank = (None,) * (len(rows[0].parts) - 1 if rows else 1)
    return [*joined, *(replace(row, parts=(*blank, *row.parts)) for row in left)]


def _following(row: LineRow, left: list[LineRow]) -> LineRow | None:
    """The next link's row for this one, taken out of `left`: of several with its SKU, the one with its quantity first."""
    same = [one for one in left if row.target_sku and one.sku == row.target_sku]
    best = next((one for one in same if _quantity(one) == _quantity(row)), same[0] if same else None)
    if best is not None:
        left.remove(best)
    return best


def _quantity(row: LineRow) -> str:
    first = next((part for part in row.parts if part is not None), None)
    return first.quantity if first else ""


def _longer(row: LineRow, following: LineRow) -> LineRow:
    """In the middle stands what the first link saw there; where it saw nothing, what the next one read."""
    middle, last = following.parts
    spelt = tuple(sku for sku in following.our_skus if sku.code != row.target_sku)
    return replace(
        row,
        target_sku=following.target_sku,
        our_skus=(*row.our_skus, *spelt),
        parts=(*row.parts[:-1], row.parts[-1] or middle, last),
        differs=(*row.differs, *following.differs),
    )


def _not_passed_on(row: LineRow, order: SoldOrder) -> LineRow:
    lacks = () if row.cancelled or not row.parts[-1] else (f"not passed on to {order.target.name}",)
    return replace(row, parts=(*row.parts, None), differs=(*row.differs, *lacks))
