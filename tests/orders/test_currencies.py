"""An amount keeps its currency from one side to the other: nothing is converted, and nothing of two currencies is added."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from connectors.canonical.errors import DataError
from connectors.canonical.money import Money, total
from connectors.canonical.returns import Return, ReturnMoney, ReturnState
from integrationhub.orders.models import SoldOrder, SoldReturn
from integrationhub.orders.return_ledger import record_source


def usd(amount: str) -> Money:
    return Money(Decimal(amount), "USD")


def test_parts_of_a_cent_never_become_another_currencys() -> None:
    assert (usd("0.0024").minor(), str(usd("0.0024"))) == (0, "0.00 USD")
    assert not usd("0.00").agrees_with(Money(Decimal("0.00"), "GBP"))
    with pytest.raises(ValueError, match="cannot be added or compared"):
        total([usd("0.0024")], currency="GBP")


@pytest.mark.parametrize(
    ("currency", "amount", "minor", "shown"),
    [("JPY", "1250", 1250, "1250 JPY"), ("JPY", "1250.4", 1250, "1250 JPY"), ("GBP", "12.50", 1250, "12.50 GBP")],
)
def test_yen_have_no_minor_digits(currency: str, amount: str, minor: int, shown: str) -> None:
    assert (Money(Decimal(amount), currency).minor(), str(Money(Decimal(amount), currency))) == (minor, shown)


@pytest.mark.django_db
def test_a_refund_in_another_currency_than_its_order_is_refused_and_nothing_is_kept() -> None:
    order = SoldOrder(reference="10045", currency="GBP", total=Decimal("120"))
    none = usd("0")
    money = ReturnMoney(
        lines=usd("12"), shipping=none, handling=none, discount=none, cost=none, tax=usd("2"), total=usd("12")
    )
    found = Return(
        external_id="7", order_external_id="10045", state=ReturnState.REQUESTED, source_state="PENDING", lines=(),
        created_at=datetime(2026, 1, 15, tzinfo=UTC), money=money,
    )  # fmt: skip

    with pytest.raises(DataError, match="The return is in USD, and its order in GBP"):
        record_source(order, found)
    assert not SoldReturn.objects.exists()
