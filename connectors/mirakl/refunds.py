"""Refunds after dispatch: what an order shows of them, what is left to give back, and OR28's body. Pure.

A refund before dispatch is `writes.build_refund`. OR11 does not show which of the two a refund was made as, so the dates
tell: one made before its line was shipped took units off the order, and is no business of this module.
Source: Mirakl Marketplace Platform seller OpenAPI 3.1 (snapshot 2026-07), operations OR11 and OR28.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from connectors.canonical.money import Money, total, zero
from connectors.canonical.payload import JSON
from connectors.canonical.refunds import ByHand, Left, Refund, RefundStanding, by_hand
from connectors.canonical.returns import (
    REFUND_MARK,
    RefundEntry,
    Return,
    ReturnLine,
    ReturnMoney,
    ReturnState,
    check_return,
)
from connectors.mirakl.reading import Node
from connectors.mirakl.writes import own_taxes

PAID = "REFUNDED"
SMALLEST = Decimal("0.01")  # OR28 takes only more than this for goods
# Where OR28 is allowed; not before the customer paid.
REFUNDABLE_STATES = frozenset({"SHIPPING", "SHIPPED", "TO_COLLECT", "RECEIVED", "INCIDENT_OPEN"})


def shows_refunds(payload: JSON) -> bool:
    rows = payload.get("order_lines") if isinstance(payload, dict) else None
    lines = rows if isinstance(rows, list) else []
    return any(isinstance(line, dict) and line.get("refunds") for line in lines)


def id_of(group: str) -> str:
    """Refunds that were made together, as one: "refund-2043"."""
    return f"{REFUND_MARK}{group}"


# --- theirs → ours ----------------------------------------------------------------------------------------------------
def read_standing(payload: JSON) -> RefundStanding:
    """Return what was given back after dispatch of one element of OR11's `orders`, and what is left of it.

    Refunds made together make one Return. Amounts have their tax inside. Raises DataError naming every field at fault.
    """
    node = Node.root(payload)
    node.faults.record = f"Order {node.text('order_id')}"
    node.text("currency_iso_code", required=True)
    node.faults.raise_any()
    groups: dict[str, list[_Part]] = {}
    for part in _parts(node):
        groups.setdefault(part.group, []).append(part)
    made = tuple(_refund(node, group, parts) for group, parts in groups.items())
    left = {line.text("order_line_id", required=True): _left(line, node) for line in node.children("order_lines")}
    node.faults.raise_any()
    return RefundStanding(made=tuple(map(check_return, made)), left=left)


@dataclass(frozen=True, kw_only=True)
class _Part:
    """One entry of a line's refunds."""

    group: str
    line: Node
    entry: Node
    goods: Money
    shipping: Money
    goods_tax: Money
    shipping_tax: Money

    @property
    def whole(self) -> Money:
        return self.goods + self.shipping

    @property
    def state(self) -> str:
        return self.entry.text("refund_state") or self.entry.text("state")


def _parts(node: Node) -> Iterator[_Part]:
    currency = node.text("currency_iso_code")
    for line in node.children("order_lines"):
        for entry in line.children("refunds"):
            if _is_after_dispatch(line, entry):
                yield _part(node, line, entry, currency)


def _is_after_dispatch(line: Node, entry: Node) -> bool:
    shipped_at, made_at = line.moment("shipped_date"), entry.moment("created_date")
    if shipped_at is None or made_at is None:
        return shipped_at is not None
    return made_at >= shipped_at.replace(microsecond=0)  # some dates have milliseconds, some whole seconds


def _part(node: Node, line: Node, entry: Node, currency: str) -> _Part:
    goods_tax, shipping_tax = _sum(entry, "taxes", currency), _sum(entry, "shipping_taxes", currency)
    goods, shipping = Money(entry.amount("amount"), currency), Money(entry.amount("shipping_amount"), currency)
    if _is_net(node):
        goods, shipping = goods + goods_tax, shipping + shipping_tax
    return _Part(
        group=entry.text("order_refund_id") or entry.text("id", required=True),
        line=line,
        entry=entry,
        goods=goods,
        shipping=shipping,
        goods_tax=goods_tax,
        shipping_tax=shipping_tax,
    )


def _is_net(node: Node) -> bool:
    return node.text("order_tax_mode") == "TAX_EXCLUDED"


def _sum(node: Node, name: str, currency: str) -> Money:
    return total((Money(tax.amount("amount"), currency) for tax in node.children(name)), currency=currency)


def _refund(node: Node, group: str, parts: Sequence[_Part]) -> Return:
    currency = parts[0].goods.currency
    none, goods = zero(currency), total((part.goods for part in parts), currency=currency)
    shipping = total((part.shipping for part in parts), currency=currency)
    tax = total((part.goods_tax + part.shipping_tax for part in parts), currency=currency)
    paid = all(part.state == PAID for part in parts)
    states = sorted({part.state for part in parts})
    return Return(
        external_id=id_of(group),
        number=group,
        order_external_id=node.text("order_id", required=True),
        state=ReturnState.COMPLETED if paid else ReturnState.REQUESTED,
        source_state=", ".join(states),
        lines=tuple(_line(part) for part in parts if part.goods.amount),
        created_at=parts[0].entry.moment("created_date"),
        money=ReturnMoney(
            lines=goods, shipping=shipping, handling=none, discount=none, cost=none, tax=tax, total=goods + shipping
        ),
        refunds=tuple(
            RefundEntry(
                transaction_id=part.entry.text("transaction_number") or part.entry.text("id"),
                state="SUCCESS" if part.state == PAID else "PENDING",
                amount=part.whole,
                at=part.entry.moment("transaction_date"),
            )
            for part in parts
        ),
    )


def _line(part: _Part) -> ReturnLine:
    return ReturnLine(
        line_id=part.entry.text("id", required=True),
        order_line_id=part.line.text("order_line_id", required=True),
        sku=part.line.text("offer_sku"),
        requested=max(part.entry.count("quantity"), 0),  # informative there: 0 for a gesture
        reason=part.entry.text("reason_code"),
        amount=part.goods,
        tax=part.goods_tax,
    )


def _left(line: Node, node: Node) -> Left:
    currency = node.text("currency_iso_code")
    back = [*line.children("cancelations"), *line.children("refunds")]
    goods = line.amount("price", required=True) - sum(item.amount("amount") for item in back)
    shipping = line.amount("shipping_price", required=True) - sum(item.amount("shipping_amount") for item in back)
    if _is_net(node):
        goods += _taxes_left(line, "taxes", back)
        shipping += _taxes_left(line, "shipping_taxes", back)
    units = line.count("quantity", required=True) - sum(item.count("quantity") for item in back)
    return Left(
        units=max(units, 0),
        goods=Money(goods, currency),
        shipping=Money(shipping, currency),
        open=_is_open(line),
        shipped=line.given("shipped_date"),
    )


def _is_open(line: Node) -> bool:
    """`can_refund` means that the full amount can be refunded: after a part of it was, the state alone tells."""
    partly = bool(line.children("refunds")) and line.text("order_line_state") in REFUNDABLE_STATES
    return line.flag("can_refund") or partly


def _taxes_left(line: Node, name: str, back: Sequence[Node]) -> Decimal:
    given = sum((tax.amount("amount") for item in back for tax in item.children(name)), Decimal(0))
    return sum((tax.amount("amount") for tax in line.children(name)), Decimal(0)) - given


# --- ours → theirs ----------------------------------------------------------------------------------------------------
def build_refund(payload: JSON, refund: Refund) -> JSON:
    """OR28's body for goods that were shipped, in the tax mode of the order as it was read.

    OR28 gives delivery back only beside goods of the same line, so it goes on the lines of this refund. Raises
    PermanentError with a code of ByHand where these have not enough of it left.
    """
    node, left = Node.root(payload), read_standing(payload).left
    rows = {line.text("order_line_id"): line for line in node.children("order_lines")}
    delivery = _on_lines(refund, left)
    entries: list[dict[str, Any]] = []
    for line in refund.lines:
        row, goods, shipping = rows[line.line_id], line.amount.amount, delivery[line.line_id].amount
        charges = _charges(row, left[line.line_id], goods=goods, shipping=shipping)
        if _is_net(node):
            goods = _net(row, left[line.line_id].goods, "taxes", goods)
            shipping = _net(row, left[line.line_id].shipping, "shipping_taxes", shipping)
        entries.append(
            {
                "order_line_id": line.line_id,
                "amount": goods,
                "shipping_amount": shipping,
                "quantity": line.quantity,
                "reason_code": refund.reason_code,
                "currency_iso_code": line.amount.currency,
                "excluded_from_shipment": False,
                **charges,
            }
        )
    return {"order_tax_mode": node.text("order_tax_mode") or "TAX_INCLUDED", "refunds": entries}


def _on_lines(refund: Refund, left: Mapping[str, Left]) -> dict[str, Money]:
    """The delivery of a refund, line by line."""
    if any(line.amount.amount <= SMALLEST for line in refund.lines) or not refund.lines:
        words = "This marketplace gives no delivery back without goods. Make the refund there."
        raise by_hand(ByHand.DELIVERY_ALONE, words, subject=refund.order_reference)
    rest, parts = refund.shipping, {}
    for line in refund.lines:
        parts[line.line_id] = min(rest, left[line.line_id].shipping)
        rest = rest - parts[line.line_id]
    if rest.minor():
        words = f"{rest} of the delivery belongs to lines that are not given back. Make the refund at the marketplace."
        raise by_hand(ByHand.DELIVERY_ALONE, words, subject=refund.order_reference)
    return parts


def _charges(row: Node, left: Left, *, goods: Decimal, shipping: Decimal) -> dict[str, Any]:
    """Taxes that Mirakl gives back only when they are named: as much of each as of the line."""
    back = [*row.children("cancelations"), *row.children("refunds")]
    named = {
        name: own_taxes(row, name, back, share=part / whole.amount, currency=whole.currency)
        for name, part, whole in (("taxes", goods, left.goods), ("shipping_taxes", shipping, left.shipping))
        if part and whole.amount
    }
    return {name: entries for name, entries in named.items() if entries}


def _net(row: Node, left: Money, name: str, gross: Decimal) -> Decimal:
    """The part of an amount that is not tax, where the order's amounts are without it: all of what is left stays exact."""
    back = [*row.children("cancelations"), *row.children("refunds")]
    if not left.amount:
        return gross
    tax = Money(_taxes_left(row, name, back) * gross / left.amount, left.currency).rounded()
    return gross - tax.amount
