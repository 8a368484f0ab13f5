"""What Centra sold, read as ours: its money to the minor unit, and when it may be sent on."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from connectors.canonical.errors import ConfigurationError, DataError
from connectors.canonical.money import Money
from connectors.canonical.orders import Order, OrderState, Payment, TaxAmount
from connectors.centra.connector import CentraConnector
from connectors.centra.sandbox import CentraSandbox
from connectors.centra.sold_money import share
from connectors.centra.translate import reference_mark
from connectors.http import OpenGate
from connectors.sandboxkit import SandboxClock
from tests.connectors.centra.support import account_of

NOW = datetime(2026, 1, 15, 9, 0, tzinfo=UTC)
COAT, SCARF, BOOK = "COAT-NVY-38", "SCARF-RED", "BOOK"


@pytest.fixture(scope="module")
def shop() -> Iterator[CentraSandbox]:
    tenant = CentraSandbox(clock=SandboxClock(NOW, frozen=True))
    prices = {"GBP": "100", "SEK": "1200", "EUR": "115", "USD": "125", "JPY": "18000"}
    tenant.add_sales_area("Japan", currency="JPY", countries=["JP"], digits=0, tax="10", reduced_tax="8")
    tenant.add_sales_area("Oregon", currency="USD", countries=["US"], includes_tax=False, tax="8.25", reduced_tax="2.5")
    for name, variant, size in (("COAT", "-NVY", "-38"), ("SCARF", "-RED", ""), ("BOOK", "", "")):
        tenant.add_product(name, name=name.title(), variant_number=variant, sizes={size: 500}, prices=prices)
    tenant.set_tax_group(BOOK)
    tenant.set_limits(
        {
            ("REQUEST_COUNT", "TEN_SECONDS"): 10_000,
            ("MUTATION_COUNT", "TEN_SECONDS"): 10_000,
            ("QUERY_COMPLEXITY", "TEN_SECONDS"): 10_000_000,
        }
    )
    with tenant:
        yield tenant


def connector_of(shop: CentraSandbox, **settings: Any) -> CentraConnector:
    return CentraConnector(account_of(shop, **settings), gate=OpenGate())


def read(shop: CentraSandbox, number: int, **settings: Any) -> Order:
    connector = connector_of(shop, **settings)
    record = connector.fetch_order(str(number))
    assert record is not None
    return connector.parse_order(record.payload)


def payload_of(shop: CentraSandbox, number: int) -> Any:
    record = connector_of(shop).fetch_order(str(number))
    assert record is not None
    return record.payload


def gbp(amount: str) -> Money:
    return Money(Decimal(amount), "GBP")


# --- money ------------------------------------------------------------------------------------------------------------
def test_an_order_is_read_whole_with_its_customer_and_its_final_amounts(shop: CentraSandbox) -> None:
    number = shop.sell([{"sku": COAT, "quantity": 2, "price": "120"}], shipping="6", shipping_option="express-gbp")

    order = read(shop, number)

    assert (order.reference, order.commercial_reference, order.channel) == (str(number), "", "United Kingdom")
    assert (order.total, order.shipping, order.tax) == (gbp("246"), gbp("6"), gbp("41"))
    (line,) = order.lines
    assert (line.sku, line.quantity, line.unit_price, line.line_total) == (COAT, 2, gbp("120"), gbp("240"))
    assert line.taxes == (TaxAmount(code="", amount=gbp("40"), rate="20"),)
    assert line.shipping_taxes == (TaxAmount(code="", amount=gbp("1"), rate="20"),)
    assert (order.relay_email, order.payment_method, order.shipping_service) == (
        "alice@example.com",
        "card",
        "express-gbp",
    )
    assert order.shipping_address is not None
    assert (order.shipping_address.street, order.shipping_address.country) == (("Storgatan 1", "Floor 2"), "GB")


@pytest.mark.parametrize(
    ("country", "currency"), [("GB", "GBP"), ("DE", "EUR"), ("SE", "SEK"), ("US", "USD"), ("JP", "JPY")]
)
@pytest.mark.parametrize("promotions", [{}, {"WELCOME": "10"}, {"WELCOME": "7", "SPRING": "13"}])
def test_promotions_mixed_rates_and_delivery_come_to_centras_own_total_and_tax(
    shop: CentraSandbox, country: str, currency: str, promotions: dict[str, str]
) -> None:
    lines = [{"sku": COAT, "quantity": 3, "price": "33", "original": "40"}, {"sku": BOOK, "quantity": 1, "price": "25"}]
    number = shop.sell(lines, country=country, shipping="5", vouchers=promotions)
    shown = payload_of(shop, number)

    order = read(shop, number)

    totals = shown["totals"]
    assert order.total == Money(shown["grandTotal"]["value"], currency).rounded()
    stated = Decimal(totals["taxIncluded"]["value"]) + Decimal(totals["taxAdded"]["value"])
    assert order.tax == Money(stated, currency).rounded()
    made = sum((line.line_total.amount for line in order.lines), start=order.shipping.amount)
    assert made == order.total.amount
    assert all(line.line_total.amount == line.line_total.rounded().amount for line in order.lines)


def test_a_promotion_is_taken_off_the_lines_of_the_rate_that_its_tax_shows(shop: CentraSandbox) -> None:
    lines = [{"sku": COAT, "price": "120"}, {"sku": BOOK, "price": "50"}]  # 20 and 0 percent
    number = shop.sell(lines, vouchers={"WELCOME": "24"})

    order = read(shop, number)

    assert [line.line_total for line in order.lines] == [gbp("96"), gbp("50")]
    assert [line.taxes for line in order.lines] == [(TaxAmount(code="", amount=gbp("16"), rate="20"),), ()]


def test_a_gift_card_is_payment_and_lowers_nothing(shop: CentraSandbox) -> None:
    number = shop.sell([{"sku": COAT, "price": "120"}], shipping="6", gift_card="50")

    order = read(shop, number)

    assert (order.total, order.state) == (gbp("126"), OrderState.READY_TO_SHIP)
    assert order.payments == (
        Payment(method="GIFT_CARD", amount=gbp("50"), reference=f"gift-{number}"),
        Payment(method="card", amount=gbp("76"), reference=f"card-{number}"),
    )


def test_an_order_paid_by_one_means_is_one_payment_with_the_payment_services_reference(shop: CentraSandbox) -> None:
    number = shop.sell([{"sku": COAT, "price": "120"}], shipping="6")

    assert read(shop, number).payments == (Payment(method="card", amount=gbp("126"), reference=f"card-{number}"),)


def test_a_gift_card_that_was_given_back_pays_nothing_and_none_pays_more_than_the_order(shop: CentraSandbox) -> None:
    number = shop.sell([{"sku": COAT, "price": "120"}], gift_card="50")
    told = payload_of(shop, number)
    gift = next(entry for entry in told["paymentHistory"] if entry["entryType"] == "AUTH_GIFT_CARD")
    connector = connector_of(shop)

    told["paymentHistory"].append({**gift, "id": 10_000, "entryType": "CANCEL_GIFT_CARD"})
    given_back = connector.parse_order(told)
    gift["value"] = {"value": Decimal("170")}
    told["paymentHistory"].pop()
    more = connector.parse_order(told)

    assert [(one.method, one.amount) for one in given_back.payments] == [("card", gbp("120"))]
    assert given_back.state is OrderState.AWAITING_PAYMENT
    assert [(one.method, one.amount) for one in more.payments] == [("GIFT_CARD", gbp("120"))]


def test_a_gift_card_that_centra_shows_among_the_discounts_is_payment_too(shop: CentraSandbox) -> None:
    number = shop.sell([{"sku": COAT, "price": "120"}], shipping="6", vouchers={"WELCOME": "12"}, gift_voucher="50")

    order = read(shop, number)

    assert (order.total, order.lines[0].line_total) == (gbp("114"), gbp("108"))
    assert order.state is OrderState.READY_TO_SHIP
    assert [(one.method, one.amount) for one in order.payments] == [("GIFT_CARD", gbp("50")), ("card", gbp("64"))]


def test_units_that_were_cancelled_are_kept_for_the_story_and_not_charged(shop: CentraSandbox) -> None:
    number = shop.sell([{"sku": COAT, "quantity": 2, "price": "120"}, {"sku": SCARF, "price": "30"}])
    shop.cancel_line(number, SCARF, 1)

    order = read(shop, number)

    assert [(line.sku, line.quantity, line.cancelled) for line in order.lines] == [(COAT, 2, False), (SCARF, 1, True)]
    assert order.total == gbp("240")


def test_a_cancelled_order_wants_nothing_whatever_total_it_shows(shop: CentraSandbox) -> None:
    number = shop.sell([{"sku": COAT, "price": "120"}])
    shop.cancel_order(number)
    shown = payload_of(shop, number)
    shown["grandTotal"]["value"] = Decimal(0)

    order = connector_of(shop).parse_order(shown)

    assert (order.state, order.open_lines, order.total) == (OrderState.CANCELLED, (), gbp("0"))


def test_money_that_does_not_add_up_is_refused_by_its_field(shop: CentraSandbox) -> None:
    number = shop.sell([{"sku": COAT, "price": "120"}], shipping="6")
    shown = payload_of(shop, number)
    shown["grandTotal"]["value"] = Decimal("125.99")

    with pytest.raises(DataError) as caught:
        connector_of(shop).parse_order(shown)

    assert [problem.field for problem in caught.value.problems] == ["grandTotal"]
    assert caught.value.problems[0].message == (
        "Goods, delivery and discounts make 126.00 GBP, with tax 126.00 GBP; the total is 125.99 GBP."
    )


def test_a_share_is_exact_whatever_the_weights() -> None:
    parts = share(gbp("10.00"), [Decimal(1), Decimal(1), Decimal(1)])
    assert [part.amount for part in parts] == [Decimal("3.33"), Decimal("3.34"), Decimal("3.33")]
    assert share(gbp("10.00"), [Decimal(0)]) == [gbp("0.00")]


# --- when it may be sent on -------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("sale", "settings", "state"),
    [
        ({}, {}, OrderState.READY_TO_SHIP),
        ({"paid": False}, {}, OrderState.AWAITING_PAYMENT),
        ({"paid": False}, {"confirmed_is_paid": True}, OrderState.READY_TO_SHIP),
        ({"confirm": False}, {}, OrderState.STAGING),
        ({"confirm": False}, {"sent_statuses": "pending, confirmed"}, OrderState.READY_TO_SHIP),
        ({}, {"sent_statuses": "PROCESSING"}, OrderState.STAGING),
    ],
)
def test_only_what_is_confirmed_and_paid_may_be_sent_on(
    shop: CentraSandbox, sale: dict[str, Any], settings: dict[str, Any], state: OrderState
) -> None:
    number = shop.sell([{"sku": COAT, "price": "120"}], **sale)

    assert read(shop, number, **settings).state is state


@pytest.mark.parametrize(
    ("reason", "state"),
    [
        (None, OrderState.STAGING),
        ("WAITING_FOR_FRAUD_CHECK", OrderState.STAGING),
        ("WAITING_FOR_PAYMENT", OrderState.AWAITING_PAYMENT),
    ],
)
def test_what_is_held_waits(shop: CentraSandbox, reason: str | None, state: OrderState) -> None:
    number = shop.sell([{"sku": COAT, "price": "120"}])
    shop.hold_order(number, reason=reason)

    order = read(shop, number)

    assert order.state is state
    assert order.source_state == f"CONFIRMED, on hold{f': {reason}' if reason else ''}"


def test_a_marketplaces_order_counts_as_paid_and_names_the_marketplaces_number(shop: CentraSandbox) -> None:
    number = shop.sell([{"sku": COAT, "price": "120"}], paid=False)
    shop.edit_order(number, comment=reference_mark("MK-1-A"))

    assert read(shop, number).commercial_reference == "MK-1-A"
    assert read(shop, number).state is OrderState.READY_TO_SHIP
    assert read(shop, number, marketplace_orders_wait=True).state is OrderState.AWAITING_PAYMENT


def test_an_order_of_which_a_part_has_left_says_so(shop: CentraSandbox) -> None:
    number = shop.sell([{"sku": COAT, "quantity": 2, "price": "120"}])
    shop.ship_order(number, lines={COAT: 1})

    assert (read(shop, number).state, read(shop, number).part_shipped) == (OrderState.READY_TO_SHIP, True)
    shop.ship_order(number)
    assert read(shop, number).state is OrderState.SHIPPED


def test_a_status_that_nobody_knows_is_refused_as_a_setting(shop: CentraSandbox) -> None:
    with pytest.raises(ConfigurationError) as caught:
        connector_of(shop, sent_statuses="SOLD").fetch_order("1")

    assert caught.value.message == (
        "The setting Orders that may be sent on names SOLD. It may name PENDING, CONFIRMED and PROCESSING."
    )


@pytest.mark.parametrize("reference", ["", "MK-1", "0", "99999999999"])
def test_what_is_no_order_number_of_centra_is_nobodys(shop: CentraSandbox, reference: str) -> None:
    assert connector_of(shop).fetch_order(reference) is None


def test_products_are_found_by_exactly_their_sku(shop: CentraSandbox) -> None:
    found = connector_of(shop).find_products(["SCARF-RED", "scarf-red", "NOBODY"])

    assert [product.sku for product in found] == ["SCARF-RED"]
