"""The connector through real HTTP against a tenant with Centra's rules, limits and refusals."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors import ports
from connectors.base import Capability
from connectors.canonical.errors import (
    ConfigurationError,
    DataError,
    PermanentError,
    TransientError,
    UnknownOutcomeError,
)
from connectors.canonical.events import NotListeningError
from connectors.canonical.money import Money
from connectors.canonical.orders import Order, TargetOrder, TargetState
from connectors.canonical.products import Product
from connectors.canonical.stock import StockLevel
from connectors.centra.connector import CentraConnector
from connectors.centra.sandbox import CentraSandbox
from connectors.http import OpenGate
from connectors.sandboxkit import Fault, SandboxClock
from tests.connectors.centra.support import (
    ALICE,
    LINE,
    OPTIONS,
    ORDER,
    Network,
    account_of,
    answer,
    eur,
    make_account,
    stocked,
)

START = datetime(2026, 1, 15, 9, 0, tzinfo=UTC)
# The order is sold in euros to Sweden, whose own price list is in kronor.
IN_EUROS = replace(OPTIONS, market="3", price_list="3")
WINDOW: dict[str, Any] = {"updated_from": START - timedelta(hours=1), "updated_until": START + timedelta(days=1)}


@pytest.fixture(autouse=True)
def clock() -> Iterator[ports.VirtualClock]:
    clock = ports.VirtualClock(START)
    with ports.using(clock=clock):
        yield clock


@pytest.fixture
def tenant() -> Iterator[CentraSandbox]:
    with stocked(CentraSandbox(clock=SandboxClock(START, frozen=True))) as tenant:
        yield tenant


@pytest.fixture
def centra(tenant: CentraSandbox) -> CentraConnector:
    return CentraConnector(account_of(tenant), gate=OpenGate())


def create(centra: CentraConnector, order: Order = ORDER) -> TargetOrder:
    found = centra.read_order(centra.send_order(order, IN_EUROS))
    assert found is not None
    return found


def place(centra: CentraConnector, order: Order = ORDER) -> TargetOrder:
    """Created, tagged and confirmed."""
    centra.finish_order(create(centra, order), order, IN_EUROS, confirm=True)
    (found,) = centra.find_orders(order.reference)
    return found


def sent(tenant: CentraSandbox) -> list[str]:
    return [entry.operation for entry in tenant.journal.entries()]


# --- creating ---------------------------------------------------------------------------------------------------------
def test_an_order_arrives_with_every_amount_as_it_was_sold(centra: CentraConnector, tenant: CentraSandbox) -> None:
    found = create(centra)
    assert (found.state, found.reference, found.on_hold) == (TargetState.PENDING, "", False)
    assert (found.total, found.shipping) == (eur("104.90"), eur("4.90"))
    assert [(line.sku, line.quantity, line.unit_price) for line in found.lines] == [
        ("NV1001-410-M", 1, eur("33.34")),
        ("NV1001-410-M", 2, eur("33.33")),
    ]
    (order,) = tenant.orders
    assert order.other_comment == "[marketplace order MK-10023-A]"
    assert order.shipping_address.city == "Stockholm"
    assert tenant.captured(order.number) == "104.90"
    assert tenant.mails == []


def test_the_markets_and_price_lists_of_the_connection_stand_in_for_the_links(tenant: CentraSandbox) -> None:
    centra = CentraConnector(account_of(tenant, market="Europe", price_list="3"), gate=OpenGate())
    found = centra.read_order(centra.send_order(ORDER, OPTIONS))
    assert found is not None
    assert found.total == eur("104.90")


def test_a_price_list_of_another_currency_shows_in_the_total_that_is_read_back(centra: CentraConnector) -> None:
    found = centra.read_order(centra.send_order(ORDER, OPTIONS))  # to Sweden: in kronor
    assert found is not None
    assert found.total == Money(Decimal("104.90"), "SEK")
    assert not found.total.agrees_with(ORDER.total)


@pytest.mark.parametrize(
    ("order", "code"),
    [
        (replace(ORDER, lines=(replace(LINE, sku="NO-SUCH-SKU"),)), "not_addable"),
        (replace(ORDER, lines=(replace(LINE, sku="NV1001-410-L"),)), "out_of_stock"),
        (replace(ORDER, lines=(replace(LINE, quantity=101),)), "out_of_stock"),
    ],
)
def test_a_refused_order_leaves_nothing_behind(
    centra: CentraConnector, tenant: CentraSandbox, order: Order, code: str
) -> None:
    with pytest.raises(PermanentError) as error:
        centra.send_order(order, IN_EUROS)
    assert (error.value.code, error.value.subject) == (code, ORDER.reference)
    assert error.value.platform_words
    assert tenant.orders == []
    assert tenant.stock("NV1001-410-M")["free"] == 100


def test_a_number_of_an_agreed_range_is_given_once(centra: CentraConnector, tenant: CentraSandbox) -> None:
    numbered = replace(IN_EUROS, forced_number=900_001)
    assert centra.send_order(ORDER, numbered) == "900001"
    with pytest.raises(PermanentError) as error:
        centra.send_order(ORDER, numbered)
    assert error.value.code == "order_exists"
    assert len(tenant.orders) == 1


def test_an_order_that_centra_splits_is_told_with_all_its_numbers(
    centra: CentraConnector, tenant: CentraSandbox
) -> None:
    tenant.configure(split_orders=1)
    with pytest.raises(PermanentError) as error:
        centra.send_order(ORDER, IN_EUROS)
    assert (error.value.code, error.value.platform_words) == ("order_split", "10001, 10002")
    assert len(centra.find_orders(ORDER.reference)) == 2


def test_an_order_whose_creation_is_uncertain_is_sent_once_and_found(
    centra: CentraConnector, tenant: CentraSandbox
) -> None:
    tenant.faults.add(Fault(kind="status_after", operation="POST /order", status=504))
    with pytest.raises(UnknownOutcomeError):
        centra.send_order(ORDER, IN_EUROS)
    assert sent(tenant) == ["POST /order"]
    (found,) = centra.find_orders(ORDER.reference)
    centra.finish_order(found, ORDER, IN_EUROS, confirm=True)
    assert [order.status for order in tenant.orders] == ["CONFIRMED"]


def test_a_plugin_that_may_not_create_orders_is_told(centra: CentraConnector, tenant: CentraSandbox) -> None:
    tenant.configure(allowed_endpoints=["GET /orders"])
    with pytest.raises(ConfigurationError) as error:
        centra.send_order(ORDER, IN_EUROS)
    assert error.value.operation == "POST /order"
    assert tenant.orders == []


# --- finding ----------------------------------------------------------------------------------------------------------
def test_an_order_is_found_by_its_reference_and_no_other(centra: CentraConnector) -> None:
    one, ten = replace(ORDER, reference="MK-1"), replace(ORDER, reference="MK-10")
    tagged, untagged = place(centra, ten), create(centra, one)
    assert [order.external_id for order in centra.find_orders("MK-1")] == [untagged.external_id]
    assert [order.external_id for order in centra.find_orders("MK-10")] == [tagged.external_id]
    assert centra.find_orders("MK") == ()


def test_a_reference_of_any_characters_is_found_again(centra: CentraConnector) -> None:
    for reference in ("MK 1]/50%_off", "Ö-1", "order #7", "a\\b"):
        order = create(centra, replace(ORDER, reference=reference))
        assert [found.external_id for found in centra.find_orders(reference)] == [order.external_id]


def test_a_comment_that_a_plugin_rewrites_does_not_hide_the_order(
    centra: CentraConnector, tenant: CentraSandbox
) -> None:
    tenant.configure(rewrite_comment=True)
    order = create(centra)
    assert tenant.order(int(order.external_id)).other_comment == ""
    assert [found.external_id for found in centra.find_orders(ORDER.reference)] == [order.external_id]


def test_a_comment_that_staff_wrote_around_is_still_ours(centra: CentraConnector, tenant: CentraSandbox) -> None:
    order = create(centra)
    tenant.edit_order(int(order.external_id), comment="Call first! [marketplace order MK-10023-A] Thanks, Bob")
    assert len(centra.find_orders(ORDER.reference)) == 1


def test_cancelled_and_held_orders_are_found_too(centra: CentraConnector, tenant: CentraSandbox) -> None:
    order = create(centra)
    tenant.hold_order(int(order.external_id), reason="WAITING_FOR_FRAUD_CHECK")
    (found,) = centra.find_orders(ORDER.reference)
    assert (found.on_hold, found.hold_reason) == (True, "WAITING_FOR_FRAUD_CHECK")


def test_a_status_nobody_has_met_is_unknown_and_not_a_crash(centra: CentraConnector, tenant: CentraSandbox) -> None:
    order = create(centra)
    tenant.show_strange_status(int(order.external_id), "QUARANTINED")
    (found,) = centra.find_orders(ORDER.reference)
    assert (found.state, found.target_state) == (TargetState.UNKNOWN, "QUARANTINED")


# --- finishing --------------------------------------------------------------------------------------------------------
def test_an_order_takes_two_mutations_and_five_requests_in_all(centra: CentraConnector, tenant: CentraSandbox) -> None:
    assert centra.find_orders(ORDER.reference) == ()
    centra.finish_order(create(centra), ORDER, IN_EUROS, confirm=True)
    assert sent(tenant) == ["FindOrders", "POST /order", "ReadOrders", "ReadBeforeFinish", "UpdateAndConfirmOrder"]
    mutations = [calls for name in ("updateDirectToConsumerOrder", "confirmOrder") for calls in tenant.calls(name)]
    assert len(mutations) == 2
    assert len({entry.number for entry in mutations}) == 1
    assert centra.notices == ()


def test_a_held_order_is_confirmed_and_cannot_ship_until_released(
    centra: CentraConnector, tenant: CentraSandbox
) -> None:
    options = replace(IN_EUROS, hold_reason="Price differs")
    order = create(centra)
    centra.finish_order(order, ORDER, options, confirm=True)
    held = centra.read_order(order.external_id)
    assert held is not None
    assert (held.state, held.on_hold, held.reference) == (TargetState.CONFIRMED, True, ORDER.reference)
    with pytest.raises(ValueError, match="hold"):
        tenant.ship_order(int(order.external_id))
    centra.release_order(order.external_id, reason="Settled")
    tenant.ship_order(int(order.external_id))


def test_a_duplicate_that_comes_late_is_not_confirmed_and_can_be_cancelled(
    centra: CentraConnector, tenant: CentraSandbox
) -> None:
    place(centra)
    late = centra.read_order(centra.send_order(ORDER, replace(IN_EUROS, paid=False)))
    assert late is not None
    with pytest.raises(PermanentError) as error:
        centra.finish_order(late, ORDER, IN_EUROS, confirm=True)
    assert error.value.code == "duplicate"
    centra.cancel_order(late, comment="Made twice")
    assert [order.status for order in tenant.orders] == ["CONFIRMED", "CANCELLED"]
    assert tenant.stock("NV1001-410-M")["free"] == 97


def test_a_token_without_an_integration_name_cannot_tag_and_that_is_told(tenant: CentraSandbox) -> None:
    tenant.add_token("nameless-token", integration=None)
    account = account_of(tenant)
    nameless = replace(account, credentials={**account.credentials, "token": "nameless-token"})
    centra = CentraConnector(nameless, gate=OpenGate())
    with pytest.raises(PermanentError) as error:
        centra.finish_order(create(centra), ORDER, IN_EUROS, confirm=True)
    assert error.value.code == "tag_refused"
    assert error.value.platform_words == "External IDs need a token with an integration name."


def test_an_order_locked_by_another_integration_is_told_in_centras_words(
    centra: CentraConnector, tenant: CentraSandbox
) -> None:
    order = create(centra)
    tenant.order(int(order.external_id)).locked_by = "another"
    with pytest.raises(PermanentError) as error:
        centra.hold_order(order.external_id, reason="Price differs")
    assert error.value.code == "hold_refused"
    assert "locked" in error.value.platform_words


def test_a_shop_that_confirms_by_itself_is_noticed(centra: CentraConnector, tenant: CentraSandbox) -> None:
    tenant.configure(auto_confirm=True)
    centra.finish_order(create(centra), ORDER, IN_EUROS, confirm=True)
    assert len(centra.notices) == 1
    assert "Auto-confirm seems to be on" in centra.notices[0]
    assert tenant.calls("confirmOrder") == []


# --- cancelling -------------------------------------------------------------------------------------------------------
def test_a_cancelled_order_puts_its_stock_back(centra: CentraConnector, tenant: CentraSandbox) -> None:
    order = centra.read_order(centra.send_order(ORDER, replace(IN_EUROS, paid=False)))
    assert order is not None
    for _ in range(2):
        centra.cancel_order(order, comment="Cancelled at the marketplace")
    assert tenant.order(int(order.external_id)).status == "CANCELLED"
    assert tenant.stock("NV1001-410-M")["free"] == 100
    assert len(tenant.calls("cancelDirectToConsumerOrder")) == 1


def test_an_order_whose_capture_is_recorded_cannot_be_cancelled_whole_but_line_by_line(
    centra: CentraConnector, tenant: CentraSandbox
) -> None:
    order = create(centra)
    with pytest.raises(PermanentError) as error:
        centra.cancel_order(order, comment="Made twice")
    assert (error.value.code, error.value.subject) == ("cancel_refused", order.external_id)
    assert "captured" in error.value.platform_words
    centra.cancel_lines(order, quantities={line.line_id: line.quantity for line in order.lines}, comment="Made twice")
    left = centra.read_order(order.external_id)
    assert left is not None
    assert [(line.quantity, line.cancelled_quantity) for line in left.lines] == [(0, 1), (0, 2)]
    assert tenant.stock("NV1001-410-M")["free"] == 100


@pytest.mark.parametrize("old_dialect", [False, True])
def test_lines_are_cancelled_in_either_dialect(
    centra: CentraConnector, tenant: CentraSandbox, old_dialect: bool
) -> None:
    tenant.configure(old_cancel_lines=old_dialect)
    order = place(centra)
    centra.cancel_lines(order, quantities={order.lines[1].line_id: 1}, comment="Refused")
    left = centra.read_order(order.external_id)
    assert left is not None
    assert [(line.quantity, line.cancelled_quantity) for line in left.lines] == [(1, 0), (1, 1)]
    assert left.total == eur("71.57")


# --- dispatches -------------------------------------------------------------------------------------------------------
def test_dispatches_are_read_with_the_marketplaces_reference_and_the_last_is_told(
    centra: CentraConnector, tenant: CentraSandbox
) -> None:
    scarf = replace(LINE, line_id="2", sku="NV1002-100-S", quantity=1, line_total=eur("20.00"), shipping=eur("0"))
    order = place(centra, replace(ORDER, lines=(LINE, scarf), total=eur("124.90")))
    tenant.ship_order(int(order.external_id), lines={"NV1002-100-S": 1}, carrier="DHL", tracking="JJD1")
    tenant.advance(60)
    tenant.ship_order(int(order.external_id))
    page = centra.fetch_dispatches(**WINDOW)
    found = [centra.parse_dispatch(record.payload) for record in page.records]
    assert page.next_token is None
    assert [(item.order_reference, item.carrier, item.tracking_number, item.is_last) for item in found] == [
        (ORDER.reference, "DHL", "JJD1", False),
        (ORDER.reference, "PostNord", "SBX000000002", True),
    ]
    assert [[(line.sku, line.quantity) for line in item.lines] for item in found] == [
        [("NV1002-100-S", 1)],
        [("NV1001-410-M", 1), ("NV1001-410-M", 2)],
    ]
    assert found[0].dispatched_at == START


def test_one_dispatch_is_read_by_id_or_number_and_only_once_it_left(
    centra: CentraConnector, tenant: CentraSandbox
) -> None:
    order = place(centra)
    shipped = tenant.ship_order(int(order.external_id))
    by_id = centra.fetch_dispatch(str(shipped["shipment"]))
    by_number = centra.fetch_dispatch(shipped["number"])
    assert by_id == by_number
    assert by_id is not None
    assert by_id.order_external_id == order.external_id
    assert centra.fetch_dispatch("999") is None
    with pytest.raises(PermanentError):
        centra.fetch_dispatch("not a shipment")


def test_only_the_configured_shops_dispatches_are_read(tenant: CentraSandbox, centra: CentraConnector) -> None:
    tenant.ship_order(int(place(centra).external_id))
    for store, count in (("1", 1), (7, 0)):
        other = CentraConnector(account_of(tenant, store_id=store), gate=OpenGate())
        assert len(other.fetch_dispatches(**WINDOW).records) == count


# --- stock and products -----------------------------------------------------------------------------------------------
def test_stock_is_read_for_many_skus_in_few_calls(centra: CentraConnector, tenant: CentraSandbox) -> None:
    skus = tenant.add_product("NV3000", sizes={f"-{number}": number for number in range(95)})
    tenant.journal.clear()
    levels = centra.fetch_stock([*skus, "", "NO-SUCH-SKU", skus[0]])
    assert [(level.sku, level.available) for level in levels] == [(sku, number) for number, sku in enumerate(skus)]
    assert {level.as_of for level in levels} == {START}
    assert sent(tenant) == ["ReadWarehouses", "StockOfSkus", "StockOfSkus", "StockOfSkus"]


def test_thresholds_and_offsets_are_taken_off_per_warehouse(centra: CentraConnector, tenant: CentraSandbox) -> None:
    tenant.set_stock("NV1001-410-M", 6, warehouse=2)  # the boutique's threshold is 2
    assert [level.available for level in centra.fetch_stock(["NV1001-410-M"])] == [100 + 4]
    tenant.edit_size("NV1001-410-M", offset=5)
    assert [level.available for level in centra.fetch_stock(["NV1001-410-M"])] == [95 + 1]
    assert centra.fetch_stock(["NV1001-410-M"])[0].available == tenant.stock("NV1001-410-M")["publishable"]


def test_only_the_warehouses_that_are_named_count(tenant: CentraSandbox) -> None:
    tenant.set_stock("NV1001-410-M", 6, warehouse=2)
    centra = CentraConnector(account_of(tenant, warehouse_ids="2", allocation_rule_id=""), gate=OpenGate())
    assert centra.fetch_stock(["NV1001-410-M"]) == (StockLevel(sku="NV1001-410-M", gtin="", available=4, as_of=START),)


def test_an_order_lowers_what_is_free_at_once(centra: CentraConnector) -> None:
    create(centra)
    assert [level.available for level in centra.fetch_stock(["NV1001-410-M"])] == [97]


def test_an_article_that_is_switched_off_has_none_to_sell(centra: CentraConnector, tenant: CentraSandbox) -> None:
    tenant.edit_size("NV1001-410-M", active=False)
    assert [level.available for level in centra.fetch_stock(["NV1001-410-M"])] == [0]


@pytest.mark.parametrize("settings", [{"allocation_rule_id": ""}, {"allocation_rule_id": 99}])
def test_without_warehouses_stock_is_not_guessed(tenant: CentraSandbox, settings: dict[str, Any]) -> None:
    centra = CentraConnector(account_of(tenant, **settings), gate=OpenGate())
    with pytest.raises(ConfigurationError) as error:
        centra.fetch_stock(["NV1001-410-M"])
    assert (error.value.operation, error.value.code) == (Capability.READ_STOCK, "no_warehouses")


def test_no_skus_take_no_call(centra: CentraConnector, tenant: CentraSandbox) -> None:
    assert centra.fetch_stock([]) == ()
    assert sent(tenant) == []


@pytest.mark.parametrize("settings", [{"warehouse_ids": "1, two"}, {"warehouse_ids": "", "allocation_rule_id": "one"}])
def test_a_setting_that_is_no_number_is_told_in_its_own_name(tenant: CentraSandbox, settings: dict[str, Any]) -> None:
    centra = CentraConnector(account_of(tenant, **settings), gate=OpenGate())
    with pytest.raises(ConfigurationError, match="must be whole numbers"):
        centra.fetch_stock(["NV1001-410-M"])


def test_products_changed_while_they_are_read_are_not_lost(centra: CentraConnector, tenant: CentraSandbox) -> None:
    skus = tenant.add_product("NV3000", sizes={f"-{number}": 1 for number in range(250)})
    first = centra.fetch_products()
    tenant.advance(30)
    tenant.edit_size(skus[3], gtin="9520000000019")  # leaves the first page for the end of the list
    second = centra.fetch_products(token=first.next_token)
    assert second.next_token is None
    read = [centra.parse_product(record.payload) for record in (*first.records, *second.records)]
    assert {product.sku for product in read} == {*skus, "NV1001-410-M", "NV1001-410-L", "NV1002-100-S"}


def _all_products(centra: CentraConnector, since: datetime | None = None) -> list[Product]:
    pages = [centra.fetch_products(updated_from=since)]
    while pages[-1].next_token is not None:
        assert len(pages) < 20
        pages.append(centra.fetch_products(token=pages[-1].next_token))
    return [centra.parse_product(record.payload) for page in pages for record in page.records]


def test_a_token_that_may_not_read_content_still_tells_which_products_there_are(
    centra: CentraConnector, tenant: CentraSandbox
) -> None:
    tenant.forbid("Display:read", "Attribute:read", "Category:read")
    page = centra.fetch_products(content=False)
    read = [centra.parse_product(record.payload) for record in page.records]
    assert {product.sku for product in read} == {"NV1001-410-M", "NV1001-410-L", "NV1002-100-S"}
    assert {(product.brand, product.description) for product in read} == {("", "")}
    with pytest.raises(ConfigurationError) as error:
        centra.fetch_products()
    assert (error.value.operation, error.value.code) == ("productVariants", "permission")
    assert "The token lacks Attribute:read, so attributes of products cannot be read." in error.value.message
    assert "SKUs, stock and prices go on" in error.value.message


def test_what_changed_is_told_without_content_too(centra: CentraConnector, tenant: CentraSandbox) -> None:
    tenant.forbid("Display:read", "Attribute:read", "Category:read")
    tenant.advance(3600)
    since = tenant.clock.now()
    tenant.advance(30)
    tenant.edit_size("NV1001-410-M", gtin="9520000000026")
    page, found = centra.fetch_products(updated_from=since, content=False), []
    found += page.records
    while page.next_token is not None:
        page = centra.fetch_products(token=page.next_token, content=False)
        found += page.records
    assert {centra.parse_product(record.payload).gtin for record in found} == {"9520000000026"}


def test_products_come_with_what_is_told_of_them(centra: CentraConnector, tenant: CentraSandbox) -> None:
    tenant.describe(
        "NV1002-100-S", description="Soft.", images=["https://img.example.com/a.jpg"], brand="Norrvik", category="Tees"
    )
    tenant.set_attribute("NV1002-100-S", "material", "composition", "100 % linen")
    tenant.set_attribute("NV1002-100-S", "colour", "name", "White", on_variant=True)

    (found,) = [product for product in _all_products(centra) if product.sku == "NV1002-100-S"]

    assert (found.description, found.images, found.brand) == (
        "Soft.",
        ("https://img.example.com/a.jpg",),
        "Norrvik",
    )
    assert found.category == "tees"
    assert found.attributes["material_composition"] == ("100 % linen",)
    assert found.attributes["colour_name"] == ("White",)


CHANGES: dict[str, Callable[[CentraSandbox], None]] = {
    "size": lambda tenant: tenant.edit_size("NV1001-410-M", gtin="9520000000019"),
    "variant": lambda tenant: tenant.set_attribute("NV1001-410-M", "colour", "name", "Navy", on_variant=True),
    "product": lambda tenant: tenant.set_attribute("NV1001-410-M", "material", "composition", "Wool"),
    "display": lambda tenant: tenant.describe("NV1001-410-M", description="Warmer."),
}


@pytest.mark.parametrize(("changed", "skus"), [("size", 1), ("variant", 2), ("product", 2), ("display", 2)])
def test_whatever_changed_of_a_product_since_is_read_and_nothing_else(
    centra: CentraConnector, tenant: CentraSandbox, changed: str, skus: int
) -> None:
    tenant.advance(3600)
    since = tenant.clock.now()
    tenant.advance(60)
    CHANGES[changed](tenant)

    found = _all_products(centra, since)

    assert {product.sku for product in found} == {"NV1001-410-M", "NV1001-410-L"} - (
        {"NV1001-410-L"} if skus == 1 else set()
    )


def test_nothing_changed_is_nothing_read_and_no_content_asked_for(
    centra: CentraConnector, tenant: CentraSandbox
) -> None:
    tenant.advance(3600)

    assert _all_products(centra, tenant.clock.now()) == []
    assert sent(tenant) == ["ReadProducts", "ReadChangedVariants", "ReadChangedProducts", "ReadChangedDisplays"]


def test_more_changed_products_than_a_page_holds_are_all_read(centra: CentraConnector, tenant: CentraSandbox) -> None:
    tenant.advance(3600)
    since = tenant.clock.now()
    skus = [sku for number in range(25) for sku in tenant.add_product(f"NV4{number:03}", sizes={"-S": 1})]
    tenant.advance(60)

    found = _all_products(centra, since)

    assert {product.sku for product in found} == set(skus)


# --- being told -------------------------------------------------------------------------------------------------------
def test_changes_are_told_once_the_hub_listens(centra: CentraConnector, tenant: CentraSandbox) -> None:
    with pytest.raises(NotListeningError, match="Order, Shipment, Return, ProductSize, StockChange"):
        centra.fetch_events()
    centra.listen()
    order = place(centra)
    tenant.set_stock("NV1002-100-S", 5)
    told = centra.fetch_events()
    assert {(event.kind, event.external_id) for event in told} == {
        ("order", order.external_id),
        ("stock", "NV1002-100-S"),
    }


def test_listeners_that_someone_removed_are_missed_and_put_back(centra: CentraConnector, tenant: CentraSandbox) -> None:
    centra.listen()
    tenant.shop.events.stop_listening(tenant.integration, [{"objectType": "Shipment"}])
    with pytest.raises(NotListeningError, match="does not collect Shipment"):
        centra.fetch_events()
    centra.listen()
    assert centra.fetch_events() == ()


def test_a_queue_that_takes_no_listeners_is_told_and_not_asked_for_ever(
    connector: CentraConnector, network: Network
) -> None:
    nothing = {"eventListeners": [], "userErrors": [], "userWarnings": []}
    network.put(answer({"listen": nothing}))
    with pytest.raises(ConfigurationError) as error:
        connector.listen()
    assert (error.value.operation, error.value.code) == ("events", "listeners")
    assert "Ask Centra to switch the queue on" in error.value.message


def test_confirmed_events_do_not_come_again(centra: CentraConnector, tenant: CentraSandbox) -> None:
    centra.listen()
    tenant.set_stock("NV1001-410-M", 5)
    tenant.set_stock("NV1002-100-S", 5)
    first, second = centra.fetch_events()
    centra.confirm_events([first.event_id])
    assert centra.fetch_events() == (second,)
    centra.confirm_events([])
    assert len(tenant.calls("confirmEvents")) == 1


def test_a_webhook_of_the_tenant_is_genuine_and_names_what_changed(
    centra: CentraConnector, tenant: CentraSandbox
) -> None:
    order = place(centra)
    kept: list[tuple[bytes, dict[str, str]]] = []

    def keep(body: bytes, headers: dict[str, str]) -> int:
        kept.append((body, headers))
        return 200

    tenant.deliver_webhooks(keep)
    ((body, headers),) = kept
    assert centra.verify_webhook(headers, body, now=START)
    assert ("order", order.external_id) in {(event.kind, event.external_id) for event in centra.parse_webhook(body)}


# --- limits and failures ----------------------------------------------------------------------------------------------
def test_a_fresh_instances_limit_is_met_with_the_time_to_come_again(
    tenant: CentraSandbox, centra: CentraConnector
) -> None:
    tenant.set_limits({})
    for _ in range(20):
        centra.read_order("1")
    with pytest.raises(TransientError) as error:
        centra.read_order("1")
    assert error.value.retry_at is not None
    assert START < error.value.retry_at <= START + timedelta(seconds=10)
    assert len(sent(tenant)) == 21


def test_an_expired_token_stops_the_connection_and_a_missing_permission_its_operation(
    centra: CentraConnector, tenant: CentraSandbox
) -> None:
    tenant.forbid("Shipment:read")
    with pytest.raises(ConfigurationError) as error:
        centra.fetch_dispatches(**WINDOW)
    assert (error.value.operation, error.value.code) == ("shipments", "permission")
    assert "Shipment:read" in error.value.message
    assert centra.read_order("1") is None
    tenant.expire_token()
    with pytest.raises(ConfigurationError) as error:
        centra.read_order("1")
    assert (error.value.operation, error.value.code) == ("", "token")


def test_a_field_that_the_tenant_lacks_stops_its_operation(centra: CentraConnector, tenant: CentraSandbox) -> None:
    tenant.remove_field("Shipment.carrierInformation")
    with pytest.raises(ConfigurationError) as error:
        centra.fetch_dispatches(**WINDOW)
    assert (error.value.operation, error.value.code) == ("shipments", "schema")


def test_an_order_to_a_country_that_no_market_serves_is_refused(centra: CentraConnector, tenant: CentraSandbox) -> None:
    order = replace(ORDER, shipping_address=replace(ALICE, country="AU"))
    with pytest.raises(PermanentError) as error:
        centra.send_order(order, OPTIONS)
    assert error.value.code == "not_addable"
    assert tenant.orders == []


def test_what_cannot_be_built_is_not_sent(centra: CentraConnector, tenant: CentraSandbox) -> None:
    with pytest.raises(DataError):
        centra.send_order(replace(ORDER, shipping_address=None), IN_EUROS)
    assert sent(tenant) == []


def test_connections_to_one_tenant_share_one_budget() -> None:
    account = make_account()
    written_whole = replace(account, base_url=f"{account.base_url}/graphql")
    keys = {CentraConnector.budget_key(account), CentraConnector.budget_key(written_whole)}
    assert keys == {"centra:https://northgate.centra.com"}


def test_the_back_offices_pages_are_not_known(centra: CentraConnector) -> None:
    assert centra.page_url("order", "10001") == ""
