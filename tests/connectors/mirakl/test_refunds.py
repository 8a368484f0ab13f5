"""OR28 for dispatched goods: which refunds count, what is left, and amounts in the order's own tax mode."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from connectors.canonical.errors import PermanentError
from connectors.canonical.money import Money
from connectors.canonical.refunds import ByHand, Left, Refund, RefundLine
from connectors.http import OpenGate
from connectors.mirakl import refunds
from connectors.mirakl.connector import MiraklConnector
from connectors.mirakl.sandbox import MiraklSandbox
from tests.connectors.mirakl.shop import account_of

LINE = {"sku": "NV1001-410-M", "quantity": 2, "price": "49.90", "shipping": "4.90"}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[MiraklSandbox]:
    with MiraklSandbox() as started:
        yield started


@pytest.fixture
def shop(sandbox: MiraklSandbox) -> MiraklConnector:
    return MiraklConnector(account_of(sandbox), gate=OpenGate())


def sold(sandbox: MiraklSandbox, *lines: dict[str, Any], state: str = "SHIPPED") -> str:
    return sandbox.add_order(lines=lines or (LINE,), country="SWE", advance_to=state)


def eur(amount: str) -> Money:
    return Money(Decimal(amount), "EUR")


def refund(reference: str, amount: str, *, shipping: str = "0", units: int = 1, line: int = 1) -> Refund:
    lines = (RefundLine(line_id=f"{reference}-{line}", quantity=units, amount=eur(amount)),)
    return Refund(order_reference=reference, lines=lines, shipping=eur(shipping), reason_code="17")


def net(payload: Any) -> Any:
    """The same order as an operator shows it whose amounts are without tax; only what is read here."""
    (line,) = payload["order_lines"]
    tax, shipping_tax = (sum(one["amount"] for one in line[name]) for name in ("taxes", "shipping_taxes"))
    changed = {**line, "price": line["price"] - tax, "shipping_price": line["shipping_price"] - shipping_tax}
    return {**payload, "order_tax_mode": "TAX_EXCLUDED", "order_lines": [changed]}


def test_a_refund_is_told_by_its_group_with_its_tax_and_is_over_once_it_is_paid(
    sandbox: MiraklSandbox, shop: MiraklConnector
) -> None:
    reference = sold(sandbox)

    refund_id = shop.send_refund(refund(reference, "49.90", shipping="4.90"))

    (made,) = shop.read_refunds(reference).made
    assert (made.external_id, made.order_external_id, made.state.value) == (refund_id, reference, "REQUESTED")
    assert made.money is not None
    assert (made.money.lines, made.money.shipping, made.money.total) == (eur("49.90"), eur("4.90"), eur("54.80"))
    assert [(line.order_line_id, line.requested, line.tax) for line in made.lines] == [
        (f"{reference}-1", 1, eur("9.98"))
    ]
    sandbox.confirm_refund(made.lines[0].line_id)
    (made,) = shop.read_refunds(reference).made
    assert (made.state.value, made.refunded, made.source_state) == ("COMPLETED", eur("54.80"), "REFUNDED")


def test_what_is_left_shrinks_and_a_line_stays_open_until_all_of_it_went_back(
    sandbox: MiraklSandbox, shop: MiraklConnector
) -> None:
    reference = sold(sandbox)
    shop.send_refund(refund(reference, "49.90"))
    part = shop.read_refunds(reference)
    shop.send_refund(refund(reference, "49.90", shipping="4.90"))
    whole = shop.read_refunds(reference)

    key = f"{reference}-1"
    assert part.left[key] == Left(units=1, goods=eur("49.90"), shipping=eur("4.90"), open=True)
    assert part.why_not(refund(reference, "49.91")) is ByHand.NOT_LEFT
    assert part.why_not(refund(reference, "49.90", shipping="4.91")) is ByHand.NOT_LEFT
    assert part.why_not(refund(reference, "49.90", shipping="4.90")) is None
    assert whole.why_not(refund(reference, "1.00")) is ByHand.ENDED


def test_a_refund_before_dispatch_is_none_of_these(sandbox: MiraklSandbox, shop: MiraklConnector) -> None:
    reference = sold(sandbox, state="SHIPPING")
    sandbox.create_refund(f"{reference}-1", "49.90", quantity=1, excluded_from_shipment=True)
    sandbox.advance(60)
    sandbox.advance_order(reference, "SHIPPED")

    standing = shop.read_refunds(reference)

    assert standing.made == ()
    assert standing.left[f"{reference}-1"].goods == eur("49.90")


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (("0", "4.90"), "no delivery back without goods"),
        (("10.00", "5.00"), "belongs to lines that are not given back"),
    ],
)
def test_delivery_that_no_goods_carry_is_for_a_person_and_nothing_is_sent(
    sandbox: MiraklSandbox, shop: MiraklConnector, asked: tuple[str, str], words: str
) -> None:
    reference = sold(sandbox)
    before = sandbox.journal.count("OR28")

    with pytest.raises(PermanentError, match=words) as refused:
        shop.send_refund(refund(reference, asked[0], shipping=asked[1]))

    assert (refused.value.code, sandbox.journal.count("OR28")) == (ByHand.DELIVERY_ALONE, before)


def test_the_balance_is_the_operators_to_fill() -> None:
    with MiraklSandbox() as poor:
        poor.change_settings(balance_check=True)
        shop = MiraklConnector(account_of(poor), gate=OpenGate())
        reference = sold(poor)
        with pytest.raises(PermanentError) as refused:
            shop.send_refund(refund(reference, "99.80"))
        assert (refused.value.code, shop.read_refunds(reference).made) == (ByHand.OPERATOR, ())


def test_taxes_that_mirakl_does_not_compute_are_named_in_proportion(
    sandbox: MiraklSandbox, shop: MiraklConnector
) -> None:
    eco = {"sku": "A", "quantity": 2, "price": "12.00", "shipping": 0}
    reference = sold(sandbox, {**eco, "taxes": [{"code": "ECO", "amount": "4.00", "rule": "NONE"}]})

    shop.send_refund(refund(reference, "12.00"))
    shop.send_refund(refund(reference, "12.00"))

    assert sandbox.order(reference)["fully_refunded"] is True


def test_amounts_without_tax_are_refunded_without_it_and_end_at_nothing(
    sandbox: MiraklSandbox, shop: MiraklConnector
) -> None:
    reference = sold(sandbox)
    payload = net(sandbox.order(reference))

    half = refunds.build_refund(payload, refund(reference, "49.90"))
    whole = refunds.build_refund(payload, refund(reference, "99.80", shipping="4.90", units=2))

    assert half["order_tax_mode"] == whole["order_tax_mode"] == "TAX_EXCLUDED"
    assert [(one["amount"], one["shipping_amount"]) for one in half["refunds"]] == [(Decimal("39.92"), 0)]
    (line,) = payload["order_lines"]
    assert [(one["amount"], one["shipping_amount"]) for one in whole["refunds"]] == [
        (line["price"], line["shipping_price"])
    ]
    assert whole["refunds"][0]["excluded_from_shipment"] is False


def test_a_refund_of_two_lines_puts_the_delivery_where_it_was_charged(
    sandbox: MiraklSandbox, shop: MiraklConnector
) -> None:
    reference = sold(sandbox, LINE, {"sku": "B", "price": "10.00", "shipping": "3.00"})
    both = refund(reference, "49.90", shipping="7.90")
    both = replace(both, lines=(*both.lines, RefundLine(line_id=f"{reference}-2", quantity=1, amount=eur("10.00"))))

    shop.send_refund(both)

    lines = sandbox.order(reference)["order_lines"]
    assert [line["refunds"][0]["shipping_amount"] for line in lines] == [Decimal("4.90"), 3]
    assert len(shop.read_refunds(reference).made) == 1
