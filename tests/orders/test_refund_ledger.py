"""Which order lines a return of the target's belongs to, and which refund where it was sold answers it."""

from decimal import Decimal

import pytest

from connectors import ports
from connectors.canonical.errors import DataError
from connectors.canonical.money import Money, total, zero
from connectors.canonical.returns import Return, ReturnLine, ReturnMoney, ReturnState
from integrationhub.orders import refund_ledger
from integrationhub.orders.models import SoldOrder, SoldReturn
from integrationhub.orders.return_standing import judge
from tests import factories


@pytest.fixture
def sold(db: None, virtual_clock: ports.VirtualClock) -> SoldOrder:
    """Sold at Northgate, sent from Centra: one product on two lines, of which the second was dearer."""
    brand = factories.make_brand()
    link = factories.make_link(brand, source=factories.make_marketplace(brand), target=factories.make_centra(brand))
    order = factories.make_order(link, "MK-1", target_external_id="88412", target_state="SHIPPED")
    order.lines.all().delete()
    for line_id, units, price in (("L1", 2, "10.00"), ("L2", 1, "12.00")):
        worth = Decimal(price) * units
        order.lines.create(
            line_id=line_id, sku="NG-TEE", target_sku="TEE", quantity=units, unit_price=price, line_total=worth
        )
    return SoldOrder.objects.select_related("link", "target", "brand").get(pk=order.pk)


def gbp(amount: str) -> Money:
    return Money(Decimal(amount), "GBP")


def returned(*lines: tuple[int, str], number: str = "55", sku: str = "TEE", shipping: str = "0") -> Return:
    goods = total((gbp(amount) for _, amount in lines), currency="GBP")
    none = zero("GBP")
    return Return(
        external_id=number,
        order_external_id="88412",
        state=ReturnState.COMPLETED,
        source_state="COMPLETED",
        lines=tuple(
            ReturnLine(line_id=f"R{at}", sku=sku, requested=units, amount=gbp(amount), tax=none)
            for at, (units, amount) in enumerate(lines)
        ),
        money=ReturnMoney(
            lines=goods,
            shipping=gbp(shipping),
            handling=none,
            discount=none,
            cost=none,
            tax=none,
            total=goods + gbp(shipping),
        ),
    )


def lines_of(row: SoldReturn) -> list[tuple[str, int, str]]:
    return [(line.line_id, line.quantity, str(line.amount.rounded().amount)) for line in refund_ledger.lines_of(row)]


def test_units_go_to_the_line_of_their_price_and_then_to_the_next(sold: SoldOrder) -> None:
    dear = refund_ledger.record_given(sold, returned((1, "12.00"), shipping="4.00"))
    rest = refund_ledger.record_given(sold, returned((2, "20.00"), number="56"))

    assert (lines_of(dear), refund_ledger.delivery_of(dear)) == ([("L2", 1, "12.00")], gbp("4.00"))
    assert lines_of(rest) == [("L1", 2, "20.00")]


def test_units_of_one_line_are_spread_over_two_and_no_penny_is_lost(sold: SoldOrder) -> None:
    row = refund_ledger.record_given(sold, returned((3, "31.99")))

    assert lines_of(row) == [("L1", 2, "21.33"), ("L2", 1, "10.66")]
    assert refund_ledger.is_placed(row)


@pytest.mark.parametrize("found", [returned((4, "42.00")), returned((1, "10.00"), sku="SCARF")])
def test_what_the_order_does_not_have_has_no_place(sold: SoldOrder, found: Return) -> None:
    assert not refund_ledger.is_placed(refund_ledger.record_given(sold, found))


def test_read_again_it_stays_one_row(sold: SoldOrder) -> None:
    for _ in range(2):
        row = refund_ledger.record_given(sold, returned((1, "10.00")))

    assert (SoldReturn.objects.get(), lines_of(row)) == (row, [("L1", 1, "10.00")])


def test_goods_that_no_money_goes_back_for_end_at_once(sold: SoldOrder) -> None:
    row = refund_ledger.record_given(sold, returned((1, "0.00")))
    judge(row)

    assert (row.state, lines_of(row)) == ("COMPLETED", [])


def test_a_refund_answers_what_has_the_same_amounts_line_by_line(sold: SoldOrder) -> None:
    row = refund_ledger.record_given(sold, returned((1, "12.00")))
    refund = SoldReturn.objects.create(
        brand=sold.brand, order=sold, currency="GBP", source_id="refund-1", source_total=Decimal("12.00")
    )
    line = refund.lines.create(line_id="1", order_line_id="L1", quantity=1, amount=Decimal("12.00"))
    assert (refund_ledger.answer_to(row), refund_ledger.meets_another(row)) == (None, False)

    line.order_line_id = "L2"
    line.save()
    assert refund_ledger.answer_to(row) == refund
    assert refund_ledger.join(row, "refund-1") == [f"return:{refund.pk}"]
    assert SoldReturn.objects.get() == row
    assert [one.line_id for one in row.lines.all()] == ["1"]


def test_a_return_in_another_currency_is_refused_and_nothing_is_kept(sold: SoldOrder) -> None:
    sold.currency = "JPY"
    with pytest.raises(DataError):
        refund_ledger.record_given(sold, returned((1, "10.00")))
    assert SoldReturn.objects.count() == 0
