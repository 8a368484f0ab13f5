"""Sums, for any amounts in five currencies, with tax and without: what goes out adds up, and what goes back is within it."""

from dataclasses import replace
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.canonical.money import Money, minor_digits, total
from connectors.canonical.orders import Order, OrderLine, Payment, TaxAmount, check_order
from connectors.canonical.returns import ReturnRequest, ReturnRequestLine
from connectors.canonical.taxes import ListedTax
from connectors.fulfil.translate import build_order
from connectors.fulfil.translate_returns import SoldLine, build_return
from tests.connectors.fulfil.support import ALICE, OPTIONS, ORDER

# currency → country, its rates
PLACES = {
    "GBP": ("GB", ("20", "5")),
    "EUR": ("DE", ("19", "7")),
    "SEK": ("SE", ("25", "12")),
    "USD": ("US", ("8.25", "2.5")),
    "JPY": ("JP", ("10", "8")),
}
LISTED = tuple(
    ListedTax(name=f"{country} {rate}", rate=Decimal(rate) / 100)
    for country, rates in PLACES.values()
    for rate in rates
)
goods = st.lists(st.tuples(st.integers(1, 9), st.integers(1, 90_000), st.integers(0, 1)), min_size=1, max_size=4)
delivery = st.one_of(st.just(0), st.integers(1, 9_000))


def coins(minor: int, currency: str) -> Money:
    return Money(Decimal(minor).scaleb(-minor_digits(currency)), currency)


def rounded(amount: Decimal, currency: str) -> Decimal:
    return amount.quantize(Decimal(1).scaleb(-minor_digits(currency)), ROUND_HALF_EVEN)


def taxed(charged: Money, rate: str, *, included: bool) -> tuple[TaxAmount, ...]:
    share = Decimal(rate) / (100 + Decimal(rate) if included else 100)
    step = Decimal(1).scaleb(-minor_digits(charged.currency))
    tax = (charged.amount * share).quantize(step, ROUND_HALF_UP)
    return (TaxAmount(code="", amount=Money(tax, charged.currency), rate=rate),)


def order_in(currency: str, sold: list[tuple[int, int, int]], postage: int, *, included: bool) -> Order:
    country, rates = PLACES[currency]
    shipping = coins(postage, currency)
    lines = tuple(
        OrderLine(
            line_id=f"L{place}",
            sku="TEE-M",
            quantity=units,
            unit_price=Money(coins(minor, currency).amount / units, currency),
            line_total=coins(minor, currency),
            shipping=coins(0, currency) if place else shipping,
            taxes=taxed(coins(minor, currency), rates[at], included=included),
            shipping_taxes=() if place else taxed(shipping, rates[0], included=included),
        )
        for place, (units, minor, at) in enumerate(sold)
    )
    whole = total((line.line_total for line in lines), currency=currency) + shipping
    address = replace(ALICE, country=country)
    return replace(
        ORDER,
        currency=currency,
        tax_included=included,
        lines=lines,
        shipping=shipping,
        total=whole,
        shipping_address=address,
    )


def tax_of(lines: list[Any]) -> Decimal:
    return sum((tax["amount"] for line in lines for tax in line["tax_lines"]), Decimal(0))


@settings(max_examples=60)
@given(
    currency=st.sampled_from(sorted(PLACES)),
    sold=goods,
    postage=delivery,
    included=st.booleans(),
    gift=st.integers(1, 500),
)
def test_lines_taxes_delivery_and_payments_make_the_total_that_is_sent(
    currency: str, sold: list[tuple[int, int, int]], postage: int, included: bool, gift: int
) -> None:
    order = order_in(currency, sold, postage, included=included)
    card = Payment(method="card", amount=min(coins(gift, currency), order.paid))
    parts = (card, Payment(method="", amount=order.paid - card.amount))
    built = build_order(check_order(replace(order, payments=parts)), OPTIONS, taxes=LISTED)

    lines, shipping = built["sale_lines"], built["shipping_lines"]
    net = sum(rounded(line["unit_price"] * line["quantity"], currency) for line in lines)
    made = net + sum(line["amount"] for line in shipping) + tax_of([*lines, *shipping])
    assert made == built["amount"] == order.paid.amount
    assert sum(one["amount"] for one in built["payments"]) == built["amount"]
    assert built["currency_code"] == currency
    figures = [line["amount"] for line in (*lines, *shipping)] + [built["amount"]]
    assert all(figure == rounded(figure, currency) for figure in figures)


@settings(max_examples=60)
@given(
    currency=st.sampled_from(sorted(PLACES)),
    charged=st.integers(2, 90_000),
    cuts=st.lists(st.integers(1, 89_999), max_size=4),
    reduced=st.booleans(),
)
def test_what_is_credited_in_any_number_of_parts_is_what_was_refunded_and_never_more(
    currency: str, charged: int, cuts: list[int], reduced: bool
) -> None:
    """Each part comes back alone, the hardest case: at 20 percent some are a minor unit less, none is ever more."""
    rate = Decimal(PLACES[currency][1][reduced]) / 100
    bounds = sorted({0, charged, *(cut for cut in cuts if cut < charged)})
    refunds = [coins(until - since, currency) for since, until in pairwise(bounds)]
    credited = [_credited(refund, rate) for refund in refunds]

    coin = coins(1, currency).amount
    for refund, made in zip(refunds, credited, strict=True):
        assert made in ((refund.amount, refund.amount - coin) if rate == Decimal("0.2") else (refund.amount,))
    assert sum(credited) <= coins(charged, currency).amount


def _credited(refund: Money, rate: Decimal) -> Decimal:
    """What Fulfil makes of a line that is announced at this refund."""
    line = ReturnRequestLine(sold_line_id="L1", quantity=1, amount=refund)
    request = ReturnRequest(reference="return-1", order_external_id="77", lines=(line,))
    (told,) = build_return(request, sold={"L1": SoldLine(line_id=5, rate=rate)})["lines"]
    price = told["unit_price"]
    return rounded(price, refund.currency) + rounded(price * rate, refund.currency)
