"""What an order of Centra's own comes to, line by line, as final amounts with their tax. Pure.

Centra takes vouchers and promotions off the order as a whole; who fulfils it knows lines. So what was taken off is shared out
over the lines it was taken from, to the minor unit, and the tax that Centra took with it likewise. Nothing is recomputed: the
total, the tax and the delivery are Centra's own figures, and what does not add up is refused by name.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from connectors.canonical.money import Money, total, zero
from connectors.centra.reading import Node
from connectors.centra.sold_payments import paid_by_vouchers

NOTHING = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class Charge:
    """What one line came to."""

    gross: Money  # tax included, after everything that was taken off
    tax: Money


@dataclass(frozen=True, kw_only=True)
class Charges:
    lines: tuple[Charge, ...]  # of the lines that still have units, in their order
    shipping: Charge  # delivery and handling together
    shipping_rate: str  # percent, "" when several rates could be meant
    total: Money


@dataclass(frozen=True, kw_only=True)
class _Totals:
    goods: Money
    shipping: Money
    handling: Money
    discount: Money  # positive
    tax: Money
    added: Money  # tax on top of the prices, less tax taken out of them: 0 where prices hold their tax
    shipping_tax: Money
    charged: Money


def read_charges(order: Node, lines: Sequence[Node], *, currency: str) -> Charges:
    """The final amounts of an order and its lines. What does not add up is a fault of the field that says so."""
    sums = _totals(order, currency)
    gross = [money(line.need("lineValue"), currency) for line in lines]
    taxes = [one - money(line.need("net"), currency) for one, line in zip(gross, lines, strict=True)]
    goods = total(gross, currency=currency)
    delivery = sums.shipping + sums.handling + (sums.shipping_tax if _is_on_top(sums) else zero(currency))
    taken = goods + delivery - sums.charged  # tax included
    _check_sums(order, sums, taken, rates=[line.amount("taxPercent") for line in lines])
    rest = sums.tax - total(taxes, currency=currency) - sums.shipping_tax  # of what was taken off, or of handling
    delivery_tax = sums.shipping_tax
    if not taken.amount:
        delivery_tax, rest = delivery_tax + rest, zero(currency)
    off_goods = min(taken, goods)
    delivery = delivery - (taken - off_goods)
    parts = _shared_out(order, lines, gross, off_goods, rest)
    charges = tuple(
        Charge(gross=one - part.gross, tax=tax + part.tax) for one, tax, part in zip(gross, taxes, parts, strict=True)
    )
    _check_taxes(order, charges, Charge(gross=delivery, tax=delivery_tax))
    return Charges(
        lines=charges,
        shipping=Charge(gross=delivery, tax=delivery_tax),
        shipping_rate=_shipping_rate(lines, delivery, delivery_tax),
        total=sums.charged,
    )


def _totals(order: Node, currency: str) -> _Totals:
    sums = order.need("totals")
    amounts = {
        name: money(sums.need(name), currency)
        for name in ("lineValues", "shipping", "handling", "discounts", "taxIncluded", "taxAdded", "taxDeducted")
    }
    on_delivery = [sums.child(name) for name in ("shippingTaxIncluded", "shippingTaxAdded")]
    paid_with = paid_by_voucher(order, currency)
    discount = Money(abs(amounts["discounts"].amount), currency)  # its sign is not documented
    return _Totals(
        goods=amounts["lineValues"],
        shipping=amounts["shipping"],
        handling=amounts["handling"],
        discount=discount - paid_with,
        tax=amounts["taxIncluded"] + amounts["taxAdded"],
        added=amounts["taxAdded"] - amounts["taxDeducted"],
        shipping_tax=total((money(one, currency) for one in on_delivery if one is not None), currency=currency),
        charged=money(order.need("grandTotal"), currency) + paid_with,
    )


def paid_by_voucher(order: Node, currency: str) -> Money:
    """What gift cards and store credit paid, where Centra shows them among the discounts: money, not a lower price."""
    return total((part.amount for part in paid_by_vouchers(order, currency)), currency=currency)


def _is_on_top(sums: _Totals) -> bool:
    return sums.added.amount > 0


def _check_sums(order: Node, sums: _Totals, taken: Money, *, rates: Sequence[Decimal]) -> None:
    """Goods, delivery, handling and discounts must make the total; discounts on prices without tax lower the tax too."""
    stated = sums.goods + sums.shipping + sums.handling - sums.discount
    if not (stated.agrees_with(sums.charged) or (stated + sums.added).agrees_with(sums.charged)):
        words = (
            f"Goods, delivery and discounts make {stated}, with tax {stated + sums.added}; the total is {sums.charged}."
        )
        order.fault("grandTotal", words)
        return
    most = sums.discount.amount * (1 + (max(rates, default=NOTHING) / 100 if _is_on_top(sums) else 0))
    least = sums.discount.amount
    slack = Decimal(len(rates) + 2) * _coin(taken) if _is_on_top(sums) else NOTHING
    if not least - slack <= taken.amount <= most + slack:
        words = (
            f"The lines come to more or less than the total: {taken} is taken off, the discounts say {sums.discount}."
        )
        order.fault("totals.discounts", words)


def _check_taxes(order: Node, charges: Sequence[Charge], delivery: Charge) -> None:
    for one in (*charges, delivery):
        if one.gross.amount < 0 or not 0 <= one.tax.amount <= max(one.gross.amount, NOTHING):
            words = f"The tax cannot be shared out: {one.tax} would be in an amount of {one.gross}."
            order.fault("totals.taxIncluded", words)
            return


# --- sharing out ------------------------------------------------------------------------------------------------------
def _shared_out(
    order: Node, lines: Sequence[Node], gross: Sequence[Money], taken: Money, tax: Money
) -> tuple[Charge, ...]:
    """What was taken off each line, and the tax in it (`tax` is negative: tax that was not charged)."""
    rates = [line.amount("taxPercent") for line in lines]
    told = [rule.amount("taxPercent") for rule in order.need("totals").children("discountTaxRules")]
    chosen = _lines_meant(rates, gross, taken, tax, told)
    weights = [one.amount if wanted else NOTHING for one, wanted in zip(gross, chosen, strict=True)]
    parts = share(taken, weights)
    by_tax = [part.amount * rate for part, rate in zip(parts, rates, strict=True)]
    taxes = share(tax, by_tax if any(by_tax) else [part.amount for part in parts])
    return tuple(Charge(gross=part, tax=one) for part, one in zip(parts, taxes, strict=True))


def _lines_meant(
    rates: Sequence[Decimal], gross: Sequence[Money], taken: Money, tax: Money, told: Sequence[Decimal]
) -> list[bool]:
    """Which lines a discount was taken from: those of the rate that its tax shows, where one rate does; else all."""
    everything = [True] * len(rates)
    for rate in dict.fromkeys((*told, *sorted(set(rates), reverse=True))):
        of_rate = [one == rate for one in rates]
        worth = total((one for one, mine in zip(gross, of_rate, strict=True) if mine), currency=taken.currency)
        held = taken.amount * rate / (100 + rate)
        if abs(held + tax.amount) <= _coin(taken) and taken <= worth:
            return of_rate
    return everything


def share(amount: Money, weights: Sequence[Decimal]) -> list[Money]:
    """The amount by weight, each part rounded so that the parts make it exactly."""
    whole = sum(weights, NOTHING)
    parts: list[Money] = []
    passed, given = NOTHING, zero(amount.currency)
    for weight in weights:
        passed += weight
        until = Money(amount.amount * passed / whole if whole else NOTHING, amount.currency).rounded()
        parts.append(until - given)
        given = until
    return parts


def _shipping_rate(lines: Sequence[Node], gross: Money, tax: Money) -> str:
    """The one rate of the lines that the delivery's tax fits; "" when none or several do, or there is no tax."""
    if not tax.amount:
        return ""
    net = gross.amount - tax.amount
    rates = sorted({line.amount("taxPercent") for line in lines})
    fitting = [rate for rate in rates if abs(net * rate / 100 - tax.amount) <= 2 * _coin(gross)]
    return percent(fitting[0]) if len(fitting) == 1 else ""


def percent(rate: Decimal) -> str:
    """25.0 → "25", 5.5 → "5.5"."""
    return format(rate.normalize(), "f")


def money(node: Node, currency: str) -> Money:
    return Money(node.amount("value"), currency).rounded()


def _coin(amount: Money) -> Decimal:
    return Decimal(1).scaleb(amount.rounded().amount.as_tuple().exponent)  # type: ignore[arg-type]
