"""What a retailer on Virtualstock is told: stock, cost prices and products, one call for each, orders always first."""

import pytest
from django.db import connection

from connectors.canonical.products import Product
from integrationhub.catalogue.listings import deciding, readings
from integrationhub.catalogue.listings.composing import Rule
from integrationhub.catalogue.listings.deciding import Wanted
from integrationhub.catalogue.models import KnownAttribute, Listing, ListingPrice, ListingProblem, PriceTerms
from integrationhub.inventory.models import ChannelStock, DriftScan
from integrationhub.sync import ticks
from integrationhub.sync.models import Schedule
from tests.flows.virtualstock_fixtures import bare_supplier, edge, supplier, warehouse
from tests.flows.virtualstock_world import COAT, TEE, Supplier

__all__ = ["bare_supplier", "edge", "supplier", "warehouse"]

pytestmark = pytest.mark.django_db

KNITWEAR = "2"  # the retailer's category
TWO_FIELDS = {"product_fields": "short_description*, description, barcode*, other_brand, warranty_type"}
TEE_OF_OURS = Product(
    external_id="1",
    sku="TEE-BLK-M",
    gtin="4006381333931",
    title="Tee, Black, M",
    brand="Norrvik",
    category="Women / Tees",
    description="Knitted in Portugal.",
    images=("https://img.example.com/1.jpg",),
)


def publish(supplier: Supplier, flow: str, *, seconds: float = 60) -> None:
    """One slot, and what follows from it."""
    supplier.advance(901)
    supplier.start(flow)
    supplier.wait(seconds)


# --- stock ------------------------------------------------------------------------------------------------------------
@pytest.fixture
def stocked(supplier: Supplier) -> Supplier:
    """The retailer lists both products; our stock was read."""
    for sku in (TEE, COAT):
        supplier.edge.add_product(sku)
    supplier.run("read_events")
    supplier.run("list_stock")
    supplier.run("read_stock")
    return supplier


def shown(supplier: Supplier) -> list[int]:
    return [supplier.edge.product(sku)["stock"] for sku in (TEE, COAT)]


def stock(supplier: Supplier, sku: str = TEE) -> ChannelStock:
    return ChannelStock.objects.get(link=supplier.link, channel_sku=sku)


def test_what_centra_has_is_what_the_retailer_is_told_and_it_is_never_read_back(stocked: Supplier) -> None:
    publish(stocked, "publish_stock")

    assert shown(stocked) == [50, 5]
    assert sorted(body["supplier_free_stock"] for body in stocked.bodies("updateStock")) == [5, 50]
    stocked.edge.edge.product_by_part(TEE).stock = 1  # somebody in the portal
    stocked.run("scan_stock")
    publish(stocked, "publish_stock")
    assert stocked.edge.journal.count("updateStock") == 2
    assert not DriftScan.objects.exists()
    standing = {(one.state, one.shown, one.drifted_at) for one in ChannelStock.objects.all()}
    assert (standing, stocked.cases()) == ({("ACKNOWLEDGED", None, None)}, [])


def test_a_product_that_is_being_published_is_told_later_and_nobody_is_asked(stocked: Supplier) -> None:
    stocked.edge.publish(COAT, seconds=1200)

    publish(stocked, "publish_stock")
    assert shown(stocked) == [50, 0]
    assert (stock(stocked, COAT).state, stocked.cases()) == ("PENDING", [])
    stocked.centra.set_stock("COAT-NVY-38", 3)
    stocked.advance(61)
    stocked.run("read_events")
    publish(stocked, "publish_stock")

    assert shown(stocked) == [50, 3]
    assert stocked.cases() == []


# --- orders go first --------------------------------------------------------------------------------------------------
TEN_THOUSAND = """
INSERT INTO inventory_channelstock (link_id, channel_id, owner_id, channel_sku, sku, title, category, retired, reserved,
                                    buffer, dirty, superseded, state, reason, available, computed)
SELECT link_id, channel_id, owner_id, 'HV-' || lpad(place::text, 5, '0'), sku, '', '', FALSE, 0, 0, FALSE, 0, 'PENDING', '', 5, 5
FROM inventory_channelstock, generate_series(0, 9999) AS place WHERE channel_sku = %(sku)s
"""


def test_orders_go_first_while_ten_thousand_quantities_wait(stocked: Supplier) -> None:
    """150 calls a minute: what is left of them when stock has had its part is for orders."""
    with connection.cursor() as cursor:
        cursor.execute(TEN_THOUSAND, {"sku": COAT})
    for place in range(200):
        stocked.edge.add_product(f"HV-{place:05}")
    stocked.advance(901)
    stocked.run("read_orders")
    for _ in range(3):
        stocked.run("publish_stock")
    told = stocked.edge.journal.count("updateStock")
    assert 50 < told <= 80

    reference = stocked.order_goods({"sku": TEE, "reference": "0501"})
    stocked.edge.journal.clear()
    stocked.start("publish_stock")
    stocked.run("read_orders")

    calls = [entry.operation for entry in stocked.edge.journal.entries()]
    assert stocked.edge.line_statuses(reference) == ["ORDER_ACK"], stocked.reasons()
    assert (calls[0], calls[-1], calls.count("updateStock")) == ("listOrders", "acknowledgeOrder", 0)
    stocked.wait(120)
    assert stocked.edge.journal.count("updateStock") > 0, stocked.reasons()
    assert stocked.cases() == []


# --- cost prices ------------------------------------------------------------------------------------------------------
@pytest.fixture
def priced(supplier: Supplier) -> Supplier:
    """The list that counts for this retailer holds cost prices, in its currency. A price was read for both."""
    for sku in (TEE, COAT):
        supplier.edge.add_product(sku, price="90.00")
    supplier.centra.set_price("TEE-BLK-M", "GBP", "12.00")
    supplier.centra.set_price("COAT-NVY-38", "GBP", "80.00")
    supplier.run("list_prices")
    PriceTerms.objects.filter(link=supplier.link).update(currency="GBP")
    supplier.advance(61)
    supplier.run("read_prices")
    return supplier


def test_cost_prices_go_into_the_retailers_own_field(priced: Supplier) -> None:
    publish(priced, "publish_prices")

    data = [priced.edge.product(sku)["data"] for sku in (TEE, COAT)]
    assert [(one["cost_price"], one["rrp"]) for one in data] == [("12.00", "90.00"), ("80.00", "90.00")]
    assert sorted(body["data"]["cost_price"] for body in priced.bodies("updateProduct")) == ["12.00", "80.00"]
    assert {one.state for one in ListingPrice.objects.all()} == {"ACKNOWLEDGED"}
    assert priced.cases() == []


def test_a_price_of_a_product_that_is_being_published_waits_without_a_case(priced: Supplier) -> None:
    priced.edge.publish(TEE, seconds=1200)
    publish(priced, "publish_prices")
    assert (ListingPrice.objects.get(channel_sku=TEE).state, priced.cases()) == ("PENDING", [])

    publish(priced, "publish_prices")

    assert priced.edge.product(TEE)["data"]["cost_price"] == "12.00"


# --- products ---------------------------------------------------------------------------------------------------------
@pytest.fixture
def merchant(supplier: Supplier) -> Supplier:
    """Categories are mapped, our product was read, publishing is on; nothing was sent yet."""
    ticks.plan_schedules()
    Schedule.objects.filter(flow="read_products").update(mode="HELD")  # what was read is handed in
    supplier.map("category", "Women / Tees", KNITWEAR)
    supplier.run("list_listings")
    readings.record(supplier.centra_row.pk, [TEE_OF_OURS], as_of=supplier.clock.now())
    supplier.run("read_attributes")
    deciding.switch(supplier.link, on=True, actor="emil", reason="Test")
    return supplier


def say(supplier: Supplier, **rules: str) -> None:
    wanted = [Wanted(attribute=attribute, rule=Rule(says=says)) for attribute, says in rules.items()]
    deciding.save_rules(supplier.link, "", wanted, actor="emil", reason="Test")


def fields(supplier: Supplier) -> list[tuple[str, str]]:
    rows = KnownAttribute.objects.filter(connection=supplier.northgate, category=KNITWEAR).order_by("position")
    return [(one.code, one.requirement) for one in rows]


def test_where_the_connection_names_no_fields_the_documented_ones_are_offered(merchant: Supplier) -> None:
    codes = {code for code, _ in fields(merchant)}

    assert {"short_description", "description", "barcode", "rrp", "image", "image_10"} <= codes
    assert not {"cost_price", "supplier_free_stock", "enrolment_status"} & codes


@pytest.mark.parametrize("bare_supplier", [TWO_FIELDS], indirect=True)
def test_a_complete_product_is_made_of_the_fields_that_the_connection_names(merchant: Supplier) -> None:
    assert fields(merchant) == [
        ("short_description", "REQUIRED"),
        ("description", "OPTIONAL"),
        ("barcode", "REQUIRED"),
        ("other_brand", "OPTIONAL"),
        ("warranty_type", "OPTIONAL"),
    ]
    say(merchant, warranty_type="repair")
    publish(merchant, "publish_listings")

    (made,) = merchant.bodies("createProduct")
    assert (made["part_number"], made["category"].rsplit("/", 2)[1]) == (TEE, KNITWEAR)
    assert made["data"] == {
        "short_description": "Tee, Black, M",
        "description": "Knitted in Portugal.",
        "barcode": "4006381333931",
        "other_brand": "Norrvik",
        "warranty_type": "REPAIR",
    }
    assert Listing.objects.get(channel_sku=TEE).state == "ACKNOWLEDGED"


@pytest.mark.parametrize("bare_supplier", [{"product_fields": "short_description*, model*"}], indirect=True)
def test_what_a_required_field_lacks_is_told_and_nothing_is_sent(merchant: Supplier) -> None:
    publish(merchant, "publish_listings")

    assert merchant.writes() == []
    problems = ListingProblem.objects.filter(listing__channel_sku=TEE)
    assert [(one.kind, one.attribute) for one in problems] == [("MISSING", "model")]
    assert [cause for cause, _ in merchant.cases()] == ["listing_incomplete"]


@pytest.mark.parametrize("bare_supplier", [TWO_FIELDS], indirect=True)
def test_a_product_that_is_being_published_is_changed_later_without_a_case(merchant: Supplier) -> None:
    merchant.edge.add_product(TEE)
    merchant.edge.publish(TEE, seconds=1200)
    publish(merchant, "publish_listings")
    assert (Listing.objects.get(channel_sku=TEE).state, merchant.cases()) == ("PENDING", [])

    publish(merchant, "publish_listings")

    assert merchant.edge.product(TEE)["data"]["other_brand"] == "Norrvik"
    assert merchant.edge.journal.count("createProduct") == 0
