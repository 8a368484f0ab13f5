"""What Centra charged and gave back is what Fulfil books, in every currency, by every means of payment, under every tax."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import redis

from connectors import ports
from connectors.centra.sandbox import CentraSandbox
from connectors.centra.sandbox.arithmetic import grand_total
from connectors.centra.sandbox.payments import ask_capture
from connectors.fulfil.sandbox import FulfilSandbox
from connectors.sandboxkit import SandboxClock
from exceptions_app.models import ExceptionCase
from exceptions_app.telling import tell
from integrationhub.orders.models import SoldReturn
from integrationhub.sync.blocking import retry
from mappings_app.coverage import coverage, unmapped_codes
from mappings_app.errors import RefusedMappingError
from mappings_app.models import KnownCode
from mappings_app.suggesting import suggestions
from tests.flows.returns_world import ReturnsWorld
from tests.flows.warehouse_world import BOOK, COAT, MARKETS, TEE, Warehouse, build, stock_shop, stock_warehouse

pytestmark = pytest.mark.django_db

CURRENCIES = {"GB": "GBP", "DE": "EUR", "SE": "SEK", "US": "USD", "JP": "JPY"}  # in the US prices are without tax


@pytest.fixture(scope="module")
def fulfil() -> Iterator[FulfilSandbox]:
    with FulfilSandbox() as sandbox:
        yield sandbox


@pytest.fixture
def world(
    db: None, virtual_clock: ports.VirtualClock, fulfil: FulfilSandbox, redis_client: redis.Redis
) -> Iterator[Warehouse]:
    fulfil.reset(SandboxClock(virtual_clock.now(), frozen=True))
    stock_warehouse(fulfil)
    with stock_shop(CentraSandbox(clock=SandboxClock(virtual_clock.now(), frozen=True))) as centra:
        made = build(virtual_clock, centra, fulfil)
        for market, channel in MARKETS.items():
            made.map("market", market, channel)
            made.map("shipping_service", f"standard-{market.lower().replace(' ', '-')}", "postnord_mypack")
        for currency in ("gbp", "sek", "eur"):
            made.map("shipping_service", f"standard-{currency}", "postnord_mypack")
        yield made


def returns_of(world: Warehouse) -> ReturnsWorld:
    return ReturnsWorld(
        clock=world.clock, centra=world.centra, fulfil=world.fulfil, brand=world.brand, centra_row=world.shop,
        fulfil_row=world.warehouse, link=world.link,
    )  # fmt: skip


def give_back(world: Warehouse, shipment: int, units: dict[str, int], **costs: str) -> SoldReturn:
    """A return of a shipment, from announced to credited and refunded."""
    back = returns_of(world)
    made = back.take_back(shipment, units, **costs)
    back.read()
    assert back.announced(made) == 1, (world.reasons(), [tell(one) for one in ExceptionCase.objects.unresolved()])
    back.receive(made)
    back.inspect(made)
    back.refund(made)
    back.read()
    return back.row(made)


def payments_of(world: Warehouse, number: str) -> list[tuple[str, Decimal, str]]:
    (sale,) = world.fulfil.orders_by_identifier(number)
    tenant = world.fulfil.tenant
    gateways = {row["id"]: row["code"] for row in tenant.select("payment_gateway.gateway")}
    return [
        (gateways[row["gateway"]], row["amount"], row["reference"])
        for row in tenant.pointing("sale.payment", "sale", sale["id"])
    ]


def taxes_of(world: Warehouse, number: str) -> set[str]:
    (sale,) = world.fulfil.orders_by_identifier(number)
    tenant = world.fulfil.tenant
    lines = tenant.pointing("sale.line", "sale", sale["id"])
    return {tenant.row("account.tax", one)["name"] for line in lines for one in line["taxes"]}


# --- currencies -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("country", CURRENCIES)
def test_an_order_and_its_refunds_end_with_equal_totals_on_both_sides(world: Warehouse, country: str) -> None:
    """Two rates, a promotion and delivery; then units at a lowered price with the delivery, then all that is left."""
    scale, currency = (100 if country == "JP" else 1), CURRENCIES[country]
    lines = ((COAT, 3, str(33 * scale)), (BOOK, 2, str(12 * scale)))
    number = world.sell(*lines, country=country, shipping=str(5 * scale), vouchers={"WELCOME": str(7 * scale)})
    world.poll()
    order = world.order(number)
    assert order.currency == currency
    assert order.total == order.target_total == world.total_in_centra(number), world.reasons()
    assert order.tax == order.target_tax

    shipment = returns_of(world).ship(order)
    sold = world.centra.order(int(number))
    ask_capture(world.centra.shop, sold, grand_total(sold))
    first = give_back(world, shipment, {COAT: 1}, shipping=str(5 * scale), cost=str(3 * scale))
    second = give_back(world, shipment, {COAT: 2, BOOK: 2}, discount=str(7 * scale))

    for row in (first, second):
        assert (row.currency, row.credited, row.credited_tax) == (currency, row.source_total, row.source_tax)
        assert row.credited == round(row.credited or Decimal(0), 0 if currency == "JPY" else 2)
    assert sum(row.source_refunded or 0 for row in (first, second)) <= order.total
    assert world.cases() == []


# --- payments ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("gift", ["gift_card", "gift_voucher"])
def test_a_gift_card_and_a_card_are_two_payments_that_make_the_total(world: Warehouse, gift: str) -> None:
    world.fulfil.add_gateway("gift_cards")
    world.map("payment_method", "GIFT_CARD", "gift_cards")
    number = world.sell((COAT, 1, "120"), (TEE, 1, "30"), shipping="6", **{gift: "49.99"})

    world.poll()

    assert world.reasons() == []
    paid = payments_of(world, number)
    assert [(gateway, amount) for gateway, amount, _ in paid] == [
        ("gift_cards", Decimal("49.99")),
        ("adyen", Decimal("106.01")),
    ]
    assert paid[1][2] == f"card-{number}"
    assert sum(amount for _, amount, _ in paid) == world.order(number).target_total
    assert world.cases() == []


def test_a_gift_card_is_never_booked_as_the_usual_method(world: Warehouse) -> None:
    """The connection's gateway is for the order's own method: a gift card without a mapping waits for one."""
    number = world.sell((COAT, 1, "120"), gift_card="50")
    world.poll()
    assert (world.cases(), world.created()) == ([("unmapped_payment_method", 1)], 0)
    assert ExceptionCase.objects.unresolved().get().code == "GIFT_CARD"

    world.map("payment_method", "GIFT_CARD", "manual")
    world.work()

    assert [(gateway, amount) for gateway, amount, _ in payments_of(world, number)] == [("manual", 50), ("adyen", 70)]
    assert world.cases() == []


def test_what_was_cancelled_before_it_was_sent_is_neither_charged_nor_paid(world: Warehouse) -> None:
    """The card was authorised for more than is left. Once all is cancelled, whatever Centra shows, no amount is told again."""
    world.map("payment_method", "GIFT_CARD", "manual")
    number = world.sell((COAT, 2, "60"), (TEE, 1, "30"), shipping="6", gift_card="50")
    world.centra.cancel_line(int(number), COAT, 1)

    world.poll()

    left = world.total_in_centra(number)
    assert (left, world.order(number).target_total, world.sale(number)["total_amount"]) == (96, 96, "96.00")
    assert [(gateway, amount) for gateway, amount, _ in payments_of(world, number)] == [("manual", 50), ("adyen", 46)]

    before = world.sale(number)
    world.centra.cancel_order(int(number))
    world.poll()

    after = world.sale(number)
    assert after["state"] == "cancel"
    assert [after[name] for name in ("total_amount", "tax_amount", "lines")] == [
        before[name] for name in ("total_amount", "tax_amount", "lines")
    ]
    assert [(gateway, amount) for gateway, amount, _ in payments_of(world, number)] == [("manual", 50), ("adyen", 46)]
    assert world.cases() == []


def test_delivery_given_back_alone_stands_in_no_returns_way(world: Warehouse) -> None:
    number = world.sell((COAT, 1, "120"), (TEE, 1, "30"), shipping="6")
    world.poll()
    back, sold = returns_of(world), world.centra.order(int(number))
    shipment = back.ship(world.order(number))
    ask_capture(world.centra.shop, sold, grand_total(sold))
    back.goodwill(world.order(number), "6.00")
    back.read()
    assert back.cases() == ["refund_by_hand"]

    row = give_back(world, shipment, {COAT: 1, TEE: 1})

    assert (row.credited, row.credited_tax) == (Decimal(150), Decimal(25)) == (row.source_total, row.source_tax)
    assert sum(one.source_refunded or 0 for one in SoldReturn.objects.all()) == world.order(number).total
    assert back.cases() == ["refund_by_hand"]


# --- taxes ------------------------------------------------------------------------------------------------------------
def test_where_one_tax_fits_nothing_is_mapped_and_nothing_is_asked(world: Warehouse) -> None:
    number = world.sell((COAT, 1, "120"), shipping="6")

    world.poll()

    assert (taxes_of(world, number), world.cases()) == ({"GB VAT 20"}, [])
    assert not unmapped_codes(world.brand, at=world.clock.now()).filter(kind="tax").exists()


def test_a_mapping_goes_before_what_fits(world: Warehouse) -> None:
    world.fulfil.add_tax("Marketplace VAT 20", "0.20")
    world.map("tax", "GB / 20%", "Marketplace VAT 20")
    number = world.sell((COAT, 1, "120"))

    world.poll()

    assert (taxes_of(world, number), world.cases()) == ({"Marketplace VAT 20"}, [])


def test_a_tax_that_could_be_two_is_one_case_and_choosing_releases_all_it_blocked(world: Warehouse) -> None:
    world.fulfil.add_tax("GB VAT 20 services", "0.20")
    numbers = [world.sell((COAT, 1, "120")) for _ in range(3)]

    world.poll()

    case = ExceptionCase.objects.unresolved().get()
    assert (case.cause, case.code, case.waiting_count, world.created()) == ("unmapped_tax", "GB / 20%", 3, 0)
    assert "states the tax <b>GB / 20%</b> (“Tax of 20 percent on orders to GB”)" in tell(case)
    listed = KnownCode.objects.filter(connection=world.warehouse, kind="tax", active=True)
    assert {"GB VAT 20", "GB VAT 20 services", "JP CT 10"} <= set(listed.values_list("code", flat=True))
    (seen,) = unmapped_codes(world.brand, at=world.clock.now()).filter(kind="tax")
    assert (seen.code, seen.label) == ("GB / 20%", "Tax of 20 percent on orders to GB")
    assert {one.code for one in suggestions("tax", world.link, case.code, label=seen.label)} >= {
        "GB VAT 20",
        "GB VAT 20 services",
    }
    with pytest.raises(RefusedMappingError, match="does not list GB VAT 21"):
        world.map("tax", "GB / 20%", "GB VAT 21")

    world.map("tax", "GB / 20%", "GB VAT 20")
    world.work()

    assert [world.sales(number) for number in numbers] == [["processing"]] * 3
    assert (taxes_of(world, numbers[0]), world.cases()) == ({"GB VAT 20"}, [])
    assert [(one.seen, one.mapped) for one in coverage(world.brand, at=world.clock.now()) if one.kind == "tax"] == [
        (1, 1)
    ]


def test_a_tax_that_is_added_in_fulfil_is_seen_by_itself_and_what_waited_goes_on(world: Warehouse) -> None:
    (row,) = world.fulfil.tenant.select("sale.channel.tax", name="GB VAT 20")
    world.fulfil.tenant.update("sale.channel.tax", row, channel=None)
    number = world.sell((COAT, 1, "120"))
    world.poll()
    assert (world.cases(), world.created()) == ([("unmapped_tax", 1)], 0)

    world.fulfil.add_tax("VAT standard", "0.20")
    world.run("learn_taxes")

    assert (taxes_of(world, number), world.cases()) == ({"VAT standard"}, [])
    assert not unmapped_codes(world.brand, at=world.clock.now()).filter(kind="tax").exists()


@pytest.mark.parametrize("change", [{"channel": None}, {"rate": Decimal("0.05")}])
def test_a_mapping_to_what_the_channel_has_no_more_is_told_and_nothing_is_sent(
    world: Warehouse, change: dict[str, Any]
) -> None:
    world.map("tax", "GB / 20%", "GB VAT 20")
    (row,) = world.fulfil.tenant.select("sale.channel.tax", name="GB VAT 20")
    before = {name: row[name] for name in change}
    world.fulfil.tenant.update("sale.channel.tax", row, **change)
    number = world.sell((COAT, 1, "120"))

    world.poll()

    assert (world.cases(), world.created()) == ([("refused_by_platform", 1)], 0)
    world.fulfil.tenant.update("sale.channel.tax", row, **before)
    retry(ExceptionCase.objects.unresolved().get(), by="olivia")
    world.work()
    assert (world.sales(number), world.cases()) == (["processing"], [])
