"""Every order that Centra may send reaches Fulfil exactly once, with Centra's values as final; what may not, never does."""

from decimal import Decimal

import pytest

from connectors.centra.translate import reference_mark
from connectors.sandboxkit import Fault
from exceptions_app.models import ExceptionCase
from integrationhub.inventory import listing
from integrationhub.sync.blocking import retry
from integrationhub.sync.models import DayCount, SyncJob
from integrationhub.sync.writes import SETTLE_SECONDS
from mappings_app.models import MappingVersion
from tests.flows.warehouse_fixtures import bare, centra, fulfil, world
from tests.flows.warehouse_world import BOOK, COAT, TEE, Warehouse

__all__ = ["bare", "centra", "fulfil", "world"]

pytestmark = pytest.mark.django_db


# --- the whole life ---------------------------------------------------------------------------------------------------
def test_an_order_lives_its_whole_life_in_fulfil(world: Warehouse) -> None:
    number = world.sell((COAT, 1, "120"), (TEE, 2, "30"), shipping="6")

    world.poll()

    sale = world.sale(number)
    assert (sale["state"], sale["total_amount"], sale["reference"]) == ("processing", "186.00", number), world.reasons()
    order = world.order(number)
    assert (order.target_external_id, order.total, order.target_total) == (str(sale["id"]), Decimal(186), Decimal(186))
    assert (order.target_number, order.number_there) == (sale["number"], sale["number"])
    assert (order.target_confirmed_at is not None, world.cases()) == (True, [])
    (row,) = world.fulfil.orders_by_identifier(number)
    assert row["metadata"] == {"shop": "Centra", "shop_order": number, "shop_tax": "31.00"}

    world.fulfil.ship_order(sale["id"], tracking_number="T1")
    world.centra.ship_order(int(number))
    world.poll()

    assert world.order(number).state == "SHIPPED"
    assert (world.created(), world.cases()) == (1, [])


def test_reading_it_again_and_again_creates_nothing_more(world: Warehouse) -> None:
    number = world.sell()
    world.poll()
    world.centra.edit_order(int(number), internal_comment="Called the customer")
    world.poll()
    world.poll()

    assert (world.created(), world.sales(number)) == (1, ["processing"])


def test_an_order_that_the_hub_created_for_a_marketplace_travels_on(world: Warehouse) -> None:
    number = world.sell(paid=False)
    world.centra.edit_order(int(number), comment=reference_mark("MK-10023-A"), external_id="MK-10023-A")

    world.poll()

    assert world.order(number).commercial_reference == "MK-10023-A"
    (row,) = world.fulfil.orders_by_identifier(number)
    assert row["metadata"]["marketplace_order"] == "MK-10023-A"


@pytest.mark.parametrize(
    ("country", "delivery"), [("GB", "4.95"), ("DE", "4.95"), ("SE", "49"), ("US", "5.95"), ("JP", "550")]
)
def test_promotions_mixed_tax_delivery_and_gift_card_end_with_equal_totals(
    world: Warehouse, country: str, delivery: str
) -> None:
    scale = 100 if country == "JP" else 1
    lines = ((COAT, 3, str(33 * scale)), (TEE, 1, str(19 * scale)), (BOOK, 2, str(12 * scale)))
    promotions = {"WELCOME": str(7 * scale), "SPRING": str(13 * scale)}
    number = world.sell(*lines, country=country, shipping=delivery, vouchers=promotions, gift_card=str(20 * scale))

    world.poll()

    order = world.order(number)
    assert (order.target_confirmed_at is not None, world.cases()) == (True, []), world.reasons()
    assert order.total == order.target_total == world.total_in_centra(number)
    assert order.tax == order.target_tax
    assert world.sale(number)["state"] == "processing"


# --- what holds an order ----------------------------------------------------------------------------------------------
def test_an_unmapped_market_is_a_case_that_names_it_and_nothing_is_sent(bare: Warehouse) -> None:
    bare.map("shipping_service", "standard-gbp", "postnord_mypack")
    number = bare.sell()

    bare.poll()

    case = ExceptionCase.objects.unresolved().get()
    assert (case.mapping_kind, case.code, bare.created()) == ("market", "United Kingdom", 0)
    bare.map("market", "United Kingdom", "3")
    bare.work()
    assert (bare.sale(number)["state"], bare.cases()) == ("processing", [])


def test_a_sku_that_is_new_is_one_case_and_its_orders_go_on_when_it_appears(world: Warehouse) -> None:
    world.centra.add_product("HAT", sizes={"": 50}, prices={"GBP": "25"})
    numbers = [world.sell(("HAT", 1, "25")) for _ in range(3)]

    world.poll()

    case = ExceptionCase.objects.unresolved().get()
    assert (case.mapping_kind, case.code, case.waiting_count, world.created()) == ("sku", "HAT", 3, 0)
    world.clock.advance(301)
    world.run("find_new_products")
    assert world.created() == 0
    world.fulfil.add_product("HAT", stock=50)
    world.clock.advance(301)
    world.run("find_new_products")

    assert [world.sales(number) for number in numbers] == [["processing"]] * 3
    assert world.cases() == []
    version = MappingVersion.objects.get(from_code="HAT")
    assert (version.to_code, version.recorded_by, version.reason) == ("HAT", "the hub", "Spelled alike")
    assert version.link == world.link


def test_a_sku_that_is_spelled_otherwise_is_mapped_by_hand(world: Warehouse) -> None:
    world.centra.add_product("HAT", sizes={"": 50}, prices={"GBP": "25"})
    world.fulfil.add_product("F-HAT", stock=50)
    world.map("sku", "HAT", "WRONG", link=None)  # for every channel: it says what marketplaces mean
    number = world.sell(("HAT", 1, "25"))
    world.poll()
    assert world.cases() == [("unmapped_sku", 1)]

    world.map("sku", "HAT", "F-HAT")
    world.work()

    assert (world.sale(number)["state"], world.cases()) == ("processing", [])
    assert world.order(number).lines.get().target_sku == "F-HAT"


def test_without_equal_skus_nothing_is_mapped_by_itself(bare: Warehouse) -> None:
    bare.link.equal_skus = False
    bare.link.save()
    bare.map("market", "United Kingdom", "3")
    bare.map("shipping_service", "standard-gbp", "postnord_mypack")
    bare.sell()

    bare.poll()

    assert (bare.cases(), bare.created()) == ([("unmapped_sku", 1)], 0)


@pytest.mark.parametrize("sale", [{"paid": False}, {"confirm": False}, {"hold": True}])
def test_what_is_unpaid_unconfirmed_or_held_is_never_sent(world: Warehouse, sale: dict[str, bool]) -> None:
    held = "hold" in sale
    world.map("sku", TEE, TEE)
    number = world.sell(**({} if held else sale))
    if held:
        world.centra.hold_order(int(number))

    world.poll()

    assert (world.created(), world.cases()) == (0, [])
    assert world.reserved() == {TEE: 1}, "Centra has set them aside, and Fulfil counts them as free"
    if held:
        world.centra.release_order(int(number))
    elif "paid" in sale:
        world.centra.pay_order(int(number))
    else:
        world.centra.confirm_order(int(number))
    world.poll()
    assert world.sales(number) == ["processing"]


def test_an_order_that_partly_left_centra_itself_is_a_case_and_is_not_sent_again(world: Warehouse) -> None:
    number = world.sell((TEE, 2, "30"))
    world.centra.ship_order(int(number), lines={TEE: 1})

    world.poll()

    assert (world.created(), world.cases()) == (0, [("shipped_before_import", 1)])


# --- once -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_an_uncertain_answer_to_creating_ends_with_one_order(world: Warehouse, kind: str) -> None:
    world.fulfil.faults.add(Fault(kind=kind, operation="sale.channel/create_order"))
    number = world.sell()

    world.poll()
    world.wait(SETTLE_SECONDS + 60)

    assert (world.sales(number), world.cases()) == (["processing"], []), world.reasons()


# --- money ------------------------------------------------------------------------------------------------------------
def test_a_difference_in_money_is_a_case_with_both_sides_and_nothing_is_processed(world: Warehouse) -> None:
    world.fulfil.configure(add_cents=1)
    number = world.sell((COAT, 1, "120"), shipping="6")

    world.poll()

    case = ExceptionCase.objects.unresolved().get()
    assert case.cause == "money_mismatch"
    assert (case.context["charged"], case.context["shown"]) == (
        {"amount": "126.00", "currency": "GBP"},
        {"amount": "126.01", "currency": "GBP"},
    )
    assert world.sales(number) != ["processing"]
    assert world.order(number).target_confirmed_at is None


# --- cancelled and changed --------------------------------------------------------------------------------------------
def test_an_order_cancelled_before_packing_is_cancelled_in_fulfil(world: Warehouse) -> None:
    number = world.sell()
    world.poll()

    world.centra.cancel_order(int(number))
    world.poll()

    assert (world.sales(number), world.cases(), world.order(number).state) == (["cancel"], [], "CANCELLED")


def test_an_order_cancelled_after_packing_is_a_case_in_plain_words(world: Warehouse) -> None:
    number = world.sell()
    world.poll()
    (shipment,) = world.sale(number)["shipments"]
    world.fulfil.pack_shipment(shipment["id"])

    world.centra.cancel_order(int(number))
    world.poll()

    assert len(world.cases()) == 1
    job = SyncJob.objects.get(flow="cancel_target_order", key=number)
    assert job.reason.endswith("it cannot be cancelled any more. Let it leave and take it back as a return.")
    assert world.sales(number) == ["processing"]


def test_an_order_cancelled_before_it_was_ever_sent_is_never_sent(world: Warehouse) -> None:
    number = world.sell()
    world.centra.cancel_order(int(number))

    world.poll()

    assert (world.created(), world.cases()) == (0, [])
    assert world.order(number).state == "CANCELLED"


def test_an_edit_after_the_order_was_sent_on_is_a_case_before_it_leaves(world: Warehouse) -> None:
    number = world.sell((COAT, 1, "120"), shipping="6")
    world.poll()

    world.centra.order(int(number)).lines[0].unit_price = Decimal(100)
    world.centra.edit_order(int(number), internal_comment="Lowered the price")
    world.poll()

    case = ExceptionCase.objects.unresolved().get()
    assert (case.cause, world.created()) == ("changed_after_sending", 1)
    assert (case.context["charged"]["amount"], case.context["shown"]["amount"]) == ("106.00", "126.00")
    world.centra.order(int(number)).lines[0].unit_price = Decimal(120)
    world.centra.edit_order(int(number), internal_comment="Put it back")
    world.poll()
    retry(case, by="olivia")
    world.work()
    assert world.cases() == []


def test_an_order_held_after_it_was_sent_on_is_a_case(world: Warehouse) -> None:
    number = world.sell()
    world.poll()

    world.centra.hold_order(int(number), reason="WAITING_FOR_FRAUD_CHECK")
    world.poll()

    assert world.cases() == [("stopped_after_sending", 1)]


# --- stock ------------------------------------------------------------------------------------------------------------
def test_units_count_as_reserved_until_fulfil_has_counted_them(bare: Warehouse) -> None:
    number = bare.sell((TEE, 2, "30"))  # its market is not mapped, so it waits
    bare.poll()
    assert (bare.created(), bare.reserved()) == (0, {TEE: 2})

    for kind, code, meaning in (
        ("market", "United Kingdom", "3"),
        ("shipping_service", "standard-gbp", "postnord_mypack"),
    ):
        bare.map(kind, code, meaning)
    bare.work()
    assert (bare.sales(number), bare.reserved()) == (["processing"], {TEE: 2})

    listing.refresh(bare.link)
    bare.clock.advance(5)
    bare.run("read_stock")
    assert bare.reserved() == {}


def test_units_of_an_order_that_is_cancelled_before_it_is_sent_are_free_again(bare: Warehouse) -> None:
    number = bare.sell((TEE, 2, "30"))
    bare.poll()
    bare.centra.cancel_order(int(number))
    bare.poll()

    assert (bare.reserved(), bare.cases()) == ({}, [])


# --- completeness -----------------------------------------------------------------------------------------------------
def test_a_days_orders_are_counted_on_both_sides(world: Warehouse) -> None:
    for _ in range(2):
        world.sell((COAT, 1, "120"))
    world.sell(paid=False)
    world.poll()
    world.clock.advance(61)
    world.run("count_orders")

    count = DayCount.objects.filter(link=world.link, source_count__gt=0).get()
    assert (count.source_count, count.hub_count, count.target_count, count.missing_count) == (3, 3, 2, 0)
    assert (count.source_value, count.target_value, count.differing) == (Decimal(270), Decimal(240), [])
