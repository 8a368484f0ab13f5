"""Centra's returns and refunds → ours. Pure; `translate.py` has what orders, stock and prices need."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from connectors.canonical.money import Money, minor_digits, total
from connectors.canonical.payload import JSON
from connectors.canonical.returns import RefundEntry, Return, ReturnLine, ReturnMoney, ReturnState, check_return
from connectors.centra.reading import Node

REFUND_MARK = "refund"  # begins our id of a refund that has no return: "refund-77"
STATES: Mapping[str, ReturnState] = {"PENDING": ReturnState.REQUESTED, "COMPLETED": ReturnState.COMPLETED}


def parse_return(payload: JSON, *, zone: ZoneInfo) -> Return:
    """Return the return for one element of documents.READ_RETURNS, or the refund for one of documents.READ_REFUNDS.

    Amounts have their tax inside. Raises DataError naming every field at fault.
    """
    if isinstance(payload, dict) and "entryType" in payload:
        return _refund(payload, zone=zone)
    node = Node.root(payload, kind="Return", key="id")
    word, order = node.word("returnStatus"), node.need("order")
    currency = _currency(node.need("grandTotal"))
    lines = [_line(line, currency) for line in node.children("lines")]
    money = _money(node, currency)
    found = Return(
        external_id=str(node.count("id")),
        number=str(node.value.get("id") or ""),
        order_external_id=str(order.count("number")),
        state=STATES.get(word, ReturnState.UNKNOWN),
        source_state=word,
        lines=_made_whole(lines, money),
        created_at=node.moment("createdAt", zone=zone),
        money=money,
        refunds=tuple(_entry(entry, zone=zone) for entry in node.children("refundPaymentHistory")),
        returned_to_stock=node.flag("returnedToStock"),
    )
    node.faults.raise_any()
    return check_return(found)


def _refund(payload: JSON, *, zone: ZoneInfo) -> Return:
    """A refund that belongs to no return: money alone. How much of it is tax, Centra does not say."""
    node = Node.root(payload, kind="Refund", key="id")
    entry, order = _entry(node, zone=zone), node.need("order")
    none = entry.amount * 0
    found = Return(
        external_id=f"{REFUND_MARK}-{node.count('id')}",
        number=str(node.value.get("id") or ""),
        order_external_id=str(order.count("number")),
        state=ReturnState.COMPLETED if entry.state == "SUCCESS" else ReturnState.REQUESTED,
        source_state=entry.state,
        lines=(),
        created_at=entry.at,
        money=ReturnMoney(
            lines=entry.amount, shipping=none, handling=none, discount=none, cost=none, tax=none, total=entry.amount
        ),
        refunds=(entry,),
    )
    node.faults.raise_any()
    return check_return(found)


def _entry(node: Node, *, zone: ZoneInfo) -> RefundEntry:
    value = node.need("value")
    return RefundEntry(
        transaction_id=node.text("externalReference") or str(node.count("id")),
        state=node.word("status"),
        amount=Money(abs(value.amount("value")), _currency(value)),
        at=node.moment("createdAt", zone=zone),
    )


# --- money ------------------------------------------------------------------------------------------------------------
def _money(node: Node, currency: str) -> ReturnMoney:
    """`discounts` and `returnCost` are taken off; with which sign Centra shows them is not documented: both are read."""
    totals = node.need("totals")
    amounts = {
        name: Money(abs(totals.need(name).amount("value")), currency)
        for name in ("lineValues", "shipping", "handling", "discounts", "returnCost", "taxIncluded", "taxAdded")
    }
    whole = Money(node.need("grandTotal").amount("value"), currency)
    extras = amounts["shipping"] + amounts["handling"] - amounts["discounts"] - amounts["returnCost"]
    # Where a market's prices are without tax, the parts are too, and the total is not: the lines' share is what is left.
    lines = whole - extras if amounts["taxAdded"].amount else amounts["lineValues"]
    return ReturnMoney(
        lines=lines,
        shipping=amounts["shipping"],
        handling=amounts["handling"],
        discount=amounts["discounts"],
        cost=amounts["returnCost"],
        tax=amounts["taxIncluded"] + amounts["taxAdded"],
        total=whole,
    )


def _line(node: Node, currency: str) -> ReturnLine:
    sold = node.need("orderLine")
    article = sold.child("productSize")
    units = node.count("quantity")
    amount = (Money(sold.need("unitPrice").amount("value"), currency) * units).rounded()
    percent = sold.amount("taxPercent")
    return ReturnLine(
        line_id=str(node.count("id")),
        order_line_id=str(sold.count("id")),
        sku="" if article is None else article.text("SKU"),
        requested=units,
        amount=amount,
        tax=Money(_inside(amount, percent), currency),
    )


def _inside(amount: Money, percent: Decimal) -> Decimal:
    """The tax that an amount contains, rounded as Centra rounds a line's."""
    if percent <= 0:
        return Decimal(0)
    step = Decimal(1).scaleb(-minor_digits(amount.currency))
    return (amount.amount * percent / (100 + percent)).quantize(step, rounding=ROUND_HALF_UP)


def _made_whole(lines: Sequence[ReturnLine], money: ReturnMoney) -> tuple[ReturnLine, ...]:
    """Unit prices are shown rounded: what the lines' sum lacks, a minor unit for each piece at most, is the last line's."""
    parts = [line.amount for line in lines if line.amount is not None]
    apart = money.lines - total(parts, currency=money.lines.currency)
    pieces = sum(line.requested for line in lines)
    if not lines or not apart.minor() or abs(apart.minor()) > pieces:
        return tuple(lines)
    last = lines[-1]
    return (*lines[:-1], replace(last, amount=last.amount + apart if last.amount else apart))


def _currency(node: Node) -> str:
    currency = node.need("currency")
    code = currency.word("code")
    if not re.fullmatch(r"[A-Z]{3}", code, re.ASCII):
        currency.fault("code", "It must be a currency code.")
        return "XXX"
    return code
