"""Amounts in both tax modes, their arithmetic, and commission."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.mirakl.sandbox import MiraklSandbox
from connectors.mirakl.sandbox.amounts import TAX_EXCLUDED, TAX_INCLUDED, Amount, Tax, priced, share, total
from tests.connectors.mirakl.sandbox.api import LINES, Shop


def money_of(item: dict[str, Any], *names: str) -> list[Decimal]:
    return [Decimal(str(item[name])) for name in names]


PRICES = ("price_unit", "price", "shipping_price", "total_price")


def test_tax_included_amounts_hold_the_tax_inside(sandbox: MiraklSandbox, shop: Shop) -> None:
    order = shop.order(sandbox.add_order(lines=LINES, country="SWE"), order_tax_mode="TAX_INCLUDED")
    line = order["order_lines"][0]
    assert order["order_tax_mode"] == "TAX_INCLUDED"
    assert money_of(line, *PRICES) == [Decimal(text) for text in ("49.90", "99.80", "4.90", "104.70")]
    assert line["taxes"] == [
        {
            "code": "SE25",
            "amount": Decimal("19.96"),
            "rate": 25,
            "tax_calculation_rule": "PROPORTIONAL_TO_AMOUNT",
        }
    ]
    assert money_of(order, *PRICES[1:]) == [Decimal(text) for text in ("109.80", "4.90", "114.70")]


def test_tax_excluded_amounts_leave_the_same_tax_on_top(sandbox: MiraklSandbox, shop: Shop) -> None:
    order = shop.order(sandbox.add_order(lines=LINES, country="SWE"), order_tax_mode="TAX_EXCLUDED")
    line = order["order_lines"][0]
    assert order["order_tax_mode"] == "TAX_EXCLUDED"
    assert money_of(line, *PRICES) == [Decimal(text) for text in ("39.92", "79.84", "3.92", "83.76")]
    assert (line["taxes"][0]["amount"], line["shipping_taxes"][0]["amount"]) == (Decimal("19.96"), Decimal("0.98"))
    assert money_of(order, *PRICES[1:]) == [Decimal(text) for text in ("87.84", "3.92", "91.76")]


def test_without_a_wish_the_platforms_own_mode_is_used(sandbox: MiraklSandbox, shop: Shop) -> None:
    order_id = sandbox.add_order(lines=LINES, country="SWE")
    assert shop.order(order_id)["order_tax_mode"] == "TAX_INCLUDED"
    sandbox.change_settings(order_tax_mode="TAX_EXCLUDED")
    assert shop.order(order_id)["order_tax_mode"] == "TAX_EXCLUDED"


def test_prices_of_a_tax_excluded_platform_are_net(sandbox: MiraklSandbox, shop: Shop) -> None:
    sandbox.change_settings(order_tax_mode="TAX_EXCLUDED")
    order_id = sandbox.add_order(lines=[{"sku": "TEE", "quantity": 3, "price": "10.00", "shipping": 0}], country="FRA")
    (line,) = shop.order(order_id)["order_lines"]
    assert (line["price"], line["taxes"][0]["amount"]) == (30, 6)
    (line,) = shop.order(order_id, order_tax_mode="TAX_INCLUDED")["order_lines"]
    assert line["price"] == 36


def test_taxes_may_be_several_fixed_or_none(sandbox: MiraklSandbox, shop: Shop) -> None:
    lines = [
        {
            "sku": "A",
            "price": "120.00",
            "shipping": 0,
            "taxes": [{"code": "VAT", "rate": 20}, {"code": "ECO", "amount": "1.50", "rule": "NONE"}],
        },
        {"sku": "B", "price": "120.00", "taxes": []},
    ]
    first, second = shop.order(sandbox.add_order(lines=lines), order_tax_mode="TAX_EXCLUDED")["order_lines"]
    assert [(tax["code"], tax["amount"], tax["tax_calculation_rule"]) for tax in first["taxes"]] == [
        ("VAT", 20, "PROPORTIONAL_TO_AMOUNT"),
        ("ECO", Decimal("1.5"), "NONE"),
    ]
    assert (first["price"], second["price"], second["taxes"]) == (Decimal("98.5"), 120, [])


def test_commission_is_a_share_of_goods_and_shipping_plus_its_own_tax(sandbox: MiraklSandbox, shop: Shop) -> None:
    line = shop.order(sandbox.add_order(lines=LINES, country="SWE"))["order_lines"][0]
    assert (line["commission_fee"], line["total_commission"]) == (Decimal("15.71"), Decimal("18.85"))
    assert line["commission_taxes"] == [{"code": "TAXDEFAULT", "amount": Decimal("3.14"), "rate": 20}]


CENTS = st.decimals(min_value=Decimal("0.05"), max_value=Decimal(2000), places=2)


@given(unit=CENTS, quantity=st.integers(1, 9), rate=st.sampled_from([0, 7, 19, 20, 25]))
def test_quantity_times_unit_price_is_the_price_in_both_modes(unit: Decimal, quantity: int, rate: int) -> None:
    amount = priced(unit, quantity=quantity, taxes=[{"code": "VAT", "rate": rate}], mode=TAX_INCLUDED)
    assert amount.shown(TAX_INCLUDED) == unit * quantity
    assert (amount.shown(TAX_EXCLUDED) / quantity * 100) % 1 == 0
    assert amount.net + amount.tax == amount.gross


@pytest.mark.parametrize("mode", [TAX_INCLUDED, TAX_EXCLUDED])
@given(data=st.data(), unit=CENTS, rate=st.sampled_from([7, 19, 25]))
def test_pieces_of_an_amount_add_up_to_it(mode: str, data: st.DataObject, unit: Decimal, rate: int) -> None:
    whole = priced(unit, quantity=3, taxes=[{"code": "VAT", "rate": rate}], mode=TAX_INCLUDED)
    spent = Amount(net=Decimal(0))
    for _ in range(3):
        left = whole.shown(mode) - spent.shown(mode)
        part = data.draw(st.decimals(min_value=0, max_value=left, places=2))
        spent = total([spent, share(whole, spent=spent, part=part, mode=mode, given={})])
    rest = share(whole, spent=spent, part=whole.shown(mode) - spent.shown(mode), mode=mode, given={})
    both = total([spent, rest])
    assert (both.net, both.tax) == (whole.net, whole.tax)


def test_a_tax_without_rule_goes_back_only_when_it_is_named() -> None:
    whole = Amount(net=Decimal(10), taxes=(Tax(code="ECO", amount=Decimal(2), rule="NONE"),))
    nothing = Amount(net=Decimal(0))
    unnamed = share(whole, spent=nothing, part=Decimal(5), mode=TAX_EXCLUDED, given={})
    named = share(whole, spent=nothing, part=Decimal(5), mode=TAX_EXCLUDED, given={"ECO": Decimal(1)})
    assert [unnamed.tax, named.tax, named.gross] == [Decimal(0), Decimal(1), Decimal(6)]
