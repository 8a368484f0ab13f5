"""Stock, prices and products at a marketplace that runs on Marketplacer: told in aliased mutations, each line by itself."""

from dataclasses import replace
from typing import Any

import pytest

from connectors.canonical.products import Product
from connectors.marketplacer.connector import MarketplacerConnector
from connectors.marketplacer.sandbox.catalogue import variant_of
from connectors.marketplacer.sandbox.market import Row
from connectors.sandboxkit import Fault
from exceptions_app.models import ExceptionCase
from exceptions_app.telling import explain
from integrationhub.catalogue.listings import deciding, readings
from integrationhub.catalogue.listings.composing import Rule
from integrationhub.catalogue.listings.deciding import Wanted
from integrationhub.catalogue.models import Listing, ListingPrice, ListingProblem
from integrationhub.inventory.models import ChannelStock
from integrationhub.sync import ticks
from integrationhub.sync.models import Schedule
from tests.flows.marketplacer_world import COAT, LARGE, TEE, Market

pytestmark = pytest.mark.django_db

JUMPER = Product(
    external_id="1",
    sku="TEE-BLK-M",
    gtin="4006381333931",
    title="Merino jumper, Black, M",
    group="77",
    name="Merino jumper",
    variant="Black",
    size="M",
    brand="Maison Nord",
    category="Jumpers",
    description="Knitted in Portugal.",
    images=("https://img.example.com/1.jpg", "https://img.example.com/2.jpg"),
    attributes={"Material": ("100 % merino wool",)},
)
LARGER = replace(
    JUMPER, external_id="2", sku="TEE-BLK-L", gtin="4006381333948", size="L", title="Merino jumper, Black, L"
)
OVERCOAT = replace(
    JUMPER, external_id="3", sku="COAT-NVY-38", gtin="4006381333955", title="Wool coat", group="78", variant="Navy"
)


def shown(market: Market, *skus: str) -> list[tuple[int, str]]:
    found = [market.fashionmart.shown(sku) for sku in skus]
    return [(one["quantity"], one["price"]) for one in found]


def quantities(market: Market, *skus: str) -> list[int]:
    return [quantity for quantity, _ in shown(market, *skus)]


def publish(market: Market, what: str, *, after: float = 61) -> None:
    market.advance(after)
    market.start(f"publish_{what}")
    market.wait(300)


def scan(market: Market) -> None:
    market.advance(3601)
    market.run("scan_stock")


@pytest.fixture
def stocked(market: Market) -> Market:
    market.roomy()
    market.run("list_stock")
    market.run("read_stock")
    return market


@pytest.fixture
def priced(market: Market) -> Market:
    market.roomy()
    market.run("list_prices")
    scan(market)
    market.advance(61)
    market.run("read_prices")
    return market


# --- stock ------------------------------------------------------------------------------------------------------------
def test_what_centra_has_is_what_the_marketplace_shows_told_in_one_document(stocked: Market) -> None:
    stocked.fashionmart.set_stock(TEE, 7)
    publish(stocked, "stock")

    assert quantities(stocked, TEE, LARGE, COAT) == [50, 50, 5]
    (entry,) = stocked.fashionmart.journal.entries("Stock")
    assert entry.body.count("variantUpdate(input:") == 3
    assert set(ChannelStock.objects.values_list("state", flat=True)) == {"ACKNOWLEDGED"}
    assert stocked.cases() == []


def test_a_batch_is_as_large_as_one_document_takes(stocked: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MarketplacerConnector, "stock_lines_max", 2)
    publish(stocked, "stock")
    publish(stocked, "stock")

    sizes = [entry.body.count("variantUpdate(input:") for entry in stocked.fashionmart.journal.entries("Stock")]
    assert (sizes, quantities(stocked, TEE, LARGE, COAT)) == ([2, 1], [50, 50, 5])


def test_one_sku_that_is_not_listed_there_does_not_hold_back_the_others(stocked: Market) -> None:
    variant = variant_of(stocked.fashionmart.market, COAT)
    assert variant is not None
    variant["sku"] = "SOMETHING-ELSE"
    publish(stocked, "stock")

    states = dict(ChannelStock.objects.values_list("channel_sku", "state"))
    assert states == {TEE: "ACKNOWLEDGED", LARGE: "ACKNOWLEDGED", COAT: "REFUSED"}
    assert "no product of this seller with this SKU" in ChannelStock.objects.get(channel_sku=COAT).reason
    assert quantities(stocked, TEE, LARGE) == [50, 50]


def test_after_a_lost_answer_the_same_quantities_are_sent_again(stocked: Market) -> None:
    stocked.fashionmart.faults.add(Fault(kind="drop_after", operation="Stock"))
    publish(stocked, "stock")

    first, second = stocked.fashionmart.journal.entries("Stock")
    assert (first.body, quantities(stocked, TEE, LARGE, COAT)) == (second.body, [50, 50, 5])
    assert (stocked.cases(), stocked.unsettled()) == ([], [])


def test_stock_that_somebody_changed_there_is_read_back_and_healed(stocked: Market) -> None:
    publish(stocked, "stock")
    stocked.fashionmart.set_stock(TEE, 99)

    scan(stocked)
    publish(stocked, "stock")

    assert quantities(stocked, TEE) == [50]
    scan(stocked)
    assert ChannelStock.objects.get(channel_sku=TEE).shown == 50


# --- prices -----------------------------------------------------------------------------------------------------------
def test_prices_of_the_mapped_list_are_asked_and_stock_stays(priced: Market) -> None:
    before = quantities(priced, TEE, LARGE, COAT)
    publish(priced, "prices")

    assert shown(priced, TEE, LARGE, COAT) == [(units, "100.00") for units in before]
    assert set(ListingPrice.objects.values_list("state", flat=True)) == {"ACKNOWLEDGED"}


def test_a_price_that_somebody_changed_there_is_read_back_and_healed(priced: Market) -> None:
    publish(priced, "prices")
    tee = variant_of(priced.fashionmart.market, TEE)
    assert tee is not None
    tee["editablePrice"] = "12.00"

    scan(priced)
    publish(priced, "prices")

    assert shown(priced, TEE)[0][1] == "100.00"


# --- products ---------------------------------------------------------------------------------------------------------
def named(market: Market, kind: str, name: str) -> str:
    key = "displayName" if kind == "Taxon" else "name"
    return str(next(row["id"] for row in market.fashionmart.market.of(kind) if row[key] == name))


def know(market: Market, *products: Product) -> None:
    readings.record(market.centra_row.pk, products, as_of=market.clock.now())


@pytest.fixture
def listing(market: Market) -> Market:
    """Nothing is listed there yet. Colour and size are said; all else is made of what the attributes' roles suggest."""
    for row in list(market.fashionmart.market.of("Advert")):
        row["deleted"] = True
    market.roomy()
    ticks.plan_schedules()
    Schedule.objects.filter(flow="read_products").update(mode="HELD")  # what was read is handed in
    market.map("category", "Jumpers", named(market, "Taxon", "Knitwear"))
    market.run("list_listings")
    know(market, JUMPER, LARGER, OVERCOAT)
    market.run("read_attributes")
    rules = {"Colour": "{variant}", "Size": "{size}", "Material": "{Material}"}
    wanted = [Wanted(attribute=named(market, "OptionType", name), rule=Rule(says=says)) for name, says in rules.items()]
    deciding.save_rules(market.link, "", wanted, actor="emil", reason="Test")
    deciding.switch(market.link, on=True, actor="emil", reason="Test")
    return market


def advert(market: Market, sku: str) -> Row:
    variant = variant_of(market.fashionmart.market, sku)
    assert variant is not None
    return dict(variant["advert"])


def options(holder: Row, name: str) -> dict[str, Any]:
    told = holder[name]
    return {
        one["optionType"]["name"]: one["optionValue"]["name"] if one["optionValue"] else one["textValue"]
        for one in told
    }


def states(market: Market) -> dict[str, str]:
    return dict(Listing.objects.values_list("channel_sku", "state"))


def test_the_variants_of_a_product_make_one_advert_by_what_the_roles_suggest(listing: Market) -> None:
    publish(listing, "listings", after=901)

    assert states(listing) == dict.fromkeys((TEE, LARGE, COAT), "ACKNOWLEDGED"), listing.reasons()
    told = advert(listing, TEE)
    assert told["id"] == advert(listing, LARGE)["id"] != advert(listing, COAT)["id"]
    assert (told["title"], told["description"], told["brand"]["name"]) == (
        "Merino jumper, Black, L", "Knitted in Portugal.", "Maison Nord",
    )  # fmt: skip
    assert [image["url"] for image in told["images"]] == list(JUMPER.images)
    assert options(told, "advertOptionValues") == {"Material": "100 % merino wool"}
    variant = variant_of(listing.fashionmart.market, TEE)
    assert variant is not None
    assert (variant["barcode"], options(variant, "variantOptionValues")) == (
        JUMPER.gtin,
        {"Colour": "Black", "Size": "M"},
    )
    assert (listing.sent("PutProducts"), listing.cases()) == (1, [])


def test_an_advert_that_is_refused_does_not_hold_back_the_other(listing: Market) -> None:
    know(listing, replace(OVERCOAT, images=("https://img.example.com/unreachable.jpg",)))
    publish(listing, "listings", after=901)

    assert states(listing) == {TEE: "ACKNOWLEDGED", LARGE: "ACKNOWLEDGED", COAT: "REFUSED"}
    (problem,) = ListingProblem.objects.filter(kind="REFUSED")
    assert (problem.attribute, "Unable to retrieve attachment" in problem.message) == ("images", True)
    assert listing.cases() == [("listing_refused", 1)]

    know(listing, OVERCOAT)
    publish(listing, "listings", after=901)
    assert (states(listing)[COAT], listing.cases()) == ("ACKNOWLEDGED", [])


def test_what_was_emptied_is_emptied_there_too_and_what_was_never_told_stays(listing: Market) -> None:
    publish(listing, "listings", after=901)
    held = next(row for row in listing.fashionmart.market.of("Advert") if row["id"] == advert(listing, COAT)["id"])
    held["code"] = "by hand"

    know(listing, replace(OVERCOAT, description="", images=(), gtin="", attributes={}))
    publish(listing, "listings", after=901)

    told, variant = advert(listing, COAT), variant_of(listing.fashionmart.market, COAT)
    assert variant is not None
    assert (told["description"], told["images"], told["advertOptionValues"], variant["barcode"]) == ("", [], [], "")
    assert (told["title"], told["code"], told["brand"]["name"]) == ("Wool coat", "by hand", "Maison Nord")
    assert options(variant, "variantOptionValues") == {"Colour": "Navy", "Size": "M"}
    assert advert(listing, TEE)["description"] == "Knitted in Portugal."


def test_what_somebody_wrote_there_by_hand_is_not_emptied_by_the_first_telling(listing: Market) -> None:
    listing.fashionmart.add_product(title="Coat", skus={COAT: 3})
    made = next(row for row in listing.fashionmart.market.of("Advert") if row["id"] == advert(listing, COAT)["id"])
    made["description"] = "By hand"
    know(listing, replace(OVERCOAT, description=""))

    publish(listing, "listings", after=901)

    told = advert(listing, COAT)
    assert (told["id"], told["title"], told["description"]) == (made["id"], "Wool coat", "By hand")
    assert quantities(listing, COAT) == [3]


def test_prices_and_stock_are_not_touched_by_telling_of_products(listing: Market) -> None:
    publish(listing, "listings", after=901)

    assert (listing.sent("Stock"), listing.sent("Prices")) == (0, 0)
    assert "countOnHand" not in listing.fashionmart.journal.entries("PutProducts")[0].body


def test_a_category_without_its_attributes_is_one_sentence(listing: Market) -> None:
    deciding.save_rules(listing.link, "", [], actor="emil", reason="Test")
    deciding.save_rules(
        listing.link,
        "",
        [Wanted(attribute=named(listing, "OptionType", "Colour"), rule=Rule())],
        actor="emil",
        reason="x",
    )
    publish(listing, "listings", after=901)

    told = [str(explain(case, now=listing.clock.now()).sentence) for case in ExceptionCase.objects.unresolved()]
    assert told == ["3 products miss <b>Colour</b> in <b>Knitwear</b>. Fashionmart is not told about them."]
    assert listing.sent("PutProducts") == 0
