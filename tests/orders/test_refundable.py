"""How a refund is told to who books it: sums that lose nothing."""

from decimal import Decimal

import pytest

from connectors.canonical.money import Money, total
from connectors.canonical.returns import Return, ReturnLine, ReturnMoney, ReturnState
from integrationhub.orders.refundable import Told, told


def return_of(lines: list[tuple[str, str]], *, shipping: str = "0", cost: str = "0", tax: str, currency: str) -> Return:
    """Lines are (amount, tax in it)."""

    def amount(value: str | Decimal) -> Money:
        return Money(Decimal(value), currency)

    goods = total((amount(one) for one, _ in lines), currency=currency)
    whole = goods + amount(shipping) - amount(cost)
    return Return(
        external_id="5",
        order_external_id="7",
        state=ReturnState.REQUESTED,
        source_state="PENDING",
        lines=tuple(
            ReturnLine(line_id=f"R{n}", order_line_id=f"L{n}", sku="X", requested=1, amount=amount(a), tax=amount(t))
            for n, (a, t) in enumerate(lines)
        ),
        money=ReturnMoney(
            lines=goods,
            shipping=amount(shipping),
            handling=amount("0"),
            discount=amount("0"),
            cost=amount(cost),
            tax=amount(tax),
            total=whole,
        ),
    )


def told_of(found: Return, *, delivery: str) -> Told:
    currency = found.money.total.currency if found.money else "SEK"
    left = Money(Decimal(delivery), currency)
    return told(found, reference="return-5", order_external_id="77", currency=currency, delivery=left)


@pytest.mark.parametrize(
    ("currency", "lines", "costs", "tax", "delivery", "expected", "shipping", "by_hand"),
    [
        ("SEK", [("299", "59.80")], {}, "59.80", "49", [("299", "59.80")], "0", "0"),
        ("SEK", [("299", "59.80")], {"shipping": "49"}, "69.60", "49", [("299", "59.80")], "49", "0"),
        ("SEK", [("299", "59.80")], {"shipping": "49"}, "69.60", "0", [("299", "59.80")], "0", "49"),
        ("SEK", [("299", "59.80")], {"shipping": "49"}, "69.60", "20", [("299", "59.80")], "20", "29"),
        ("SEK", [("299", "59.80")], {"cost": "59"}, "48.00", "49", [("240", "48.00")], "0", "0"),
        # what is kept back is taxed at 25 percent: the line at 12 stays as it is
        (
            "SEK",
            [("118.92", "12.74"), ("254.15", "50.83")],
            {"shipping": "49", "cost": "59"},
            "61.57",
            "49",
            [("118.92", "12.74"), ("244.15", "48.83")],
            "0",
            "0",
        ),
        (
            "JPY",
            [("1999", "182"), ("500", "45")],
            {"cost": "600"},
            "173",
            "0",
            [("1399", "128"), ("500", "45")],
            "0",
            "0",
        ),
        ("JPY", [("1999", "182"), ("500", "45")], {"cost": "2100"}, "36", "0", [("0", "0"), ("399", "36")], "0", "0"),
    ],
)
def test_nothing_of_a_refund_is_lost(
    currency: str,
    lines: list[tuple[str, str]],
    costs: dict[str, str],
    tax: str,
    delivery: str,
    expected: list[tuple[str, str]],
    shipping: str,
    by_hand: str,
) -> None:
    found = return_of(lines, tax=tax, currency=currency, **costs)

    ready = told_of(found, delivery=delivery)

    request = ready.request
    shown = [(line.amount.minor(), line.tax.minor()) for line in request.lines if line.amount and line.tax]
    assert shown == [(Money(Decimal(a), currency).minor(), Money(Decimal(t), currency).minor()) for a, t in expected]
    assert request.shipping == Money(Decimal(shipping), currency)
    assert ready.by_hand == Money(Decimal(by_hand), currency)
    assert found.money is not None
    sums = total((line.amount for line in request.lines if line.amount), currency=currency)
    assert sums + request.shipping + ready.by_hand == found.money.total


def test_what_a_marketplace_announces_without_amounts_goes_at_the_prices_it_was_sold_at() -> None:
    line = ReturnLine(line_id="R1", order_line_id="L1", sku="X", requested=2, reason="Too small")
    found = Return(
        external_id="5", order_external_id="7", state=ReturnState.REQUESTED, source_state="OPEN", lines=(line,)
    )

    (request,) = told_of(found, delivery="0").request.lines

    assert (request.sold_line_id, request.quantity, request.amount, request.reason) == ("L1", 2, None, "Too small")
