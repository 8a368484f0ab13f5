"""Products to Mirakl through the real connector: what is complete goes out once, what is not is told and never sent."""

from dataclasses import replace
from typing import Any

import pytest

from connectors.canonical.deliveries import Delivery, DeliveryState, RefusedLine
from connectors.canonical.products import Product
from connectors.mirakl.connector import MiraklConnector
from exceptions_app.models import ExceptionCase
from exceptions_app.telling import explain
from integrationhub.catalogue.listings import deciding, readings
from integrationhub.catalogue.listings.composing import Rule
from integrationhub.catalogue.listings.deciding import Wanted
from integrationhub.catalogue.models import Listing, ListingDelivery, ListingProblem, ProductReading, Trouble
from integrationhub.sync import ticks
from integrationhub.sync.models import Schedule
from tests.flows.world import World

pytestmark = pytest.mark.django_db

State = Listing.State
TEE, LARGE, COAT = "NG-TEE-BLK-M", "NG-TEE-BLK-L", "NG-COAT-NVY-38"
KNITWEAR, COATS = "womens-knitwear", "womens-coats"
JUMPER = Product(
    external_id="1",
    sku="TEE-BLK-M",
    gtin="4006381333931",
    title="Merino jumper, Black, M",
    group="77",
    name="Merino jumper",
    variant="Black",
    size="M",
    brand="Norrvik",
    category="Women / Jumpers",
    description="Knitted in Portugal.",
    images=("https://img.example.com/1.jpg",),
    attributes={"Material": ("100 % merino wool",)},
)
LARGER = replace(
    JUMPER, external_id="2", sku="TEE-BLK-L", gtin="4006381333948", size="L", title="Merino jumper, Black, L"
)
OVERCOAT = replace(
    JUMPER, external_id="3", sku="COAT-NVY-38", gtin="4006381333955", title="Wool coat, Black, S", name="Wool coat",
    size="S", category="Women / Coats",
)  # fmt: skip


@pytest.fixture
def shop(world: World) -> World:
    """Everything is mapped but what knitwear is made of; products were read, nothing was published."""
    world.roomy()
    ticks.plan_schedules()
    Schedule.objects.filter(flow="read_products").update(mode="HELD")  # what was read is handed in
    world.map("category", "Women / Jumpers", KNITWEAR)
    world.map("category", "Women / Coats", COATS)
    world.run("list_listings")
    know(world, JUMPER, LARGER, OVERCOAT)
    world.run("read_attributes")
    say(world, "", colour="{variant}", size="{size}")
    deciding.switch(world.link, on=True, actor="emil", reason="Test")
    return world


def know(world: World, *products: Product) -> int:
    return readings.record(world.centra_row.pk, products, as_of=world.clock.now())


def say(world: World, category: str, **rules: str) -> int:
    wanted = [Wanted(attribute=attribute, rule=Rule(says=says)) for attribute, says in rules.items()]
    return deciding.save_rules(world.link, category, wanted, actor="emil", reason="Test")


def publish(world: World, *, seconds: float = 1000) -> None:
    """One slot: publish, and follow to the end."""
    world.advance(901)
    world.start("publish_listings")
    world.wait(seconds)


def row(world: World, sku: str = TEE) -> Listing:
    return Listing.objects.get(link=world.link, channel_sku=sku)


def states(world: World) -> list[str]:
    return [row(world, sku).state for sku in (TEE, LARGE, COAT)]


def files(world: World) -> list[str]:
    return [entry.body for entry in world.mirakl.journal.entries("P41")]


def sentences(world: World) -> list[str]:
    cases = ExceptionCase.objects.unresolved().order_by("pk")
    return [str(explain(case, now=world.clock.now()).sentence) for case in cases]


def problems(world: World, sku: str = TEE) -> list[tuple[str, str]]:
    rows = ListingProblem.objects.filter(listing=row(world, sku)).order_by("pk")
    return [(one.kind, one.attribute) for one in rows]


# --- the whole way ----------------------------------------------------------------------------------------------------
def test_a_complete_product_goes_out_and_is_live(shop: World) -> None:
    say(shop, KNITWEAR, composition="{Material}")
    publish(shop)
    assert states(shop) == [State.ACKNOWLEDGED] * 3
    taken = shop.mirakl.taken_product(TEE)
    assert taken is not None
    assert (taken["category"], taken["values"]["composition"], taken["values"]["brand"], taken["values"]["colour"]) == (
        KNITWEAR, "100 % merino wool", "norrvik", "black",
    )  # fmt: skip
    assert (taken["values"]["title"], taken["values"]["ean"]) == ("Merino jumper, Black, M", "4006381333931")
    assert len(files(shop)) == 1
    assert shop.cases() == []


def test_prices_and_stock_are_not_touched(shop: World) -> None:
    say(shop, KNITWEAR, composition="{Material}")
    publish(shop)
    assert (shop.mirakl.journal.count("PRI01"), shop.mirakl.journal.count("STO01")) == (0, 0)


def test_what_the_channel_is_busy_with_is_no_refusal(shop: World, monkeypatch: pytest.MonkeyPatch) -> None:
    say(shop, KNITWEAR, composition="{Material}")
    busy = RefusedLine(sku=TEE, message="It is being published.", busy=True)
    answer = Delivery(state=DeliveryState.DONE, refused=(busy,))
    monkeypatch.setattr(MiraklConnector, "follow_listings", lambda self, ticket: answer)
    publish(shop)
    assert (row(shop).state, problems(shop), shop.cases()) == (State.PENDING, [], [])


def test_where_nothing_changed_nothing_is_sent(shop: World) -> None:
    say(shop, KNITWEAR, composition="{Material}")
    publish(shop)
    for _ in range(3):
        know(shop, JUMPER, LARGER, OVERCOAT)
        publish(shop)
    assert len(files(shop)) == 1


def test_only_what_changed_is_sent(shop: World) -> None:
    say(shop, KNITWEAR, composition="{Material}")
    publish(shop)
    know(shop, replace(OVERCOAT, description="Lined."))
    publish(shop)
    assert ListingDelivery.objects.latest("pk").lines == 1
    assert COAT in files(shop)[1]
    assert TEE not in files(shop)[1]


def test_a_channel_that_is_switched_off_shows_what_it_would_be_told_and_is_told_nothing(shop: World) -> None:
    deciding.switch(shop.link, on=False, actor="emil", reason="Test")
    say(shop, KNITWEAR, composition="{Material}")
    publish(shop)
    assert (states(shop), files(shop)) == ([State.PENDING] * 3, [])


def test_what_centra_says_of_a_product_is_what_mirakl_is_told_and_a_change_follows(world: World) -> None:
    world.roomy()
    for sku, gtin in (("TEE-BLK-M", "4006381333931"), ("TEE-BLK-L", "4006381333948")):
        world.centra.shop.sizes_with("SKU", sku)[0].ean = gtin
    world.centra.describe("TEE-BLK-M", brand="Norrvik", images=["https://img.example.com/1.jpg"], category="Tees")
    world.mirakl.set_value_list("colours", {"black": "Black"})
    world.run("list_listings")
    world.run("read_products")
    content = ProductReading.objects.get(sku="TEE-BLK-M").content
    world.map("category", content["category"], KNITWEAR)
    world.run("read_attributes")
    say(world, "", colour="{variant}", size="{size}", composition="{material_composition}")
    deciding.switch(world.link, on=True, actor="emil", reason="Test")
    publish(world)
    assert states(world)[:2] == [State.ACKNOWLEDGED] * 2
    world.centra.describe("TEE-BLK-M", description="Softer than ever.")
    world.advance(901)
    world.run("read_products")
    publish(world)
    taken = world.mirakl.taken_product(TEE)
    assert taken is not None
    assert taken["values"]["description"] == "Softer than ever."
    assert (taken["values"]["brand"], taken["values"]["colour"]) == ("norrvik", "black")
    assert ListingDelivery.objects.latest("pk").lines == 2  # both sizes say so


# --- incomplete -------------------------------------------------------------------------------------------------------
def test_what_is_incomplete_is_never_sent_and_is_one_case_for_each_cause(shop: World) -> None:
    publish(shop)
    assert states(shop) == [State.INCOMPLETE, State.INCOMPLETE, State.ACKNOWLEDGED]
    assert len(files(shop)) == 1
    assert TEE not in files(shop)[0]
    assert sentences(shop) == [
        "2 products miss <b>Composition</b> in <b>Women&#x27;s knitwear</b>. Northgate is not told about them."
    ]
    assert ExceptionCase.objects.get().waiting_count == 2


def test_the_rule_that_was_missing_sends_exactly_those_and_closes_the_case(shop: World) -> None:
    publish(shop)
    say(shop, KNITWEAR, composition="{Material}")
    publish(shop)
    assert states(shop) == [State.ACKNOWLEDGED] * 3
    assert ListingDelivery.objects.latest("pk").lines == 2
    assert COAT not in files(shop)[1]
    assert shop.cases() == []


def test_everything_that_is_wrong_with_a_product_is_found_at_once(shop: World) -> None:
    know(shop, replace(JUMPER, gtin="4006381333930", brand="", variant="Saffron", title="x" * 121, images=("ftp://x",)))
    publish(shop)
    assert problems(shop) == [
        (Trouble.GTIN, "ean"),
        (Trouble.TOO_LONG, "title"),
        (Trouble.MISSING, "brand"),
        (Trouble.NOT_A_LINK, "main_image"),
        (Trouble.NOT_ON_LIST, "colour"),
        (Trouble.MISSING, "composition"),
    ]
    assert TEE not in "".join(files(shop))


def test_a_value_that_is_mapped_sends_exactly_what_it_held_back(shop: World) -> None:
    say(shop, KNITWEAR, composition="{Material}")
    know(shop, replace(JUMPER, variant="Saffron"))
    publish(shop)
    assert (row(shop).state, shop.cases()) == (State.INCOMPLETE, [("unmapped_attribute_value", 1)])
    assert sentences(shop) == ["1 product can't be listed: Northgate does not know <b>Saffron</b> as <b>Colour</b>."]
    shop.map("attribute_value", "colours / Saffron", "beige")
    publish(shop)
    taken = shop.mirakl.taken_product(TEE)
    assert taken is not None
    assert (taken["values"]["colour"], ListingDelivery.objects.latest("pk").lines, shop.cases()) == ("beige", 1, [])


def test_a_category_that_nobody_mapped_is_one_case_and_its_mapping_is_asked_about_and_sent(shop: World) -> None:
    say(shop, KNITWEAR, composition="{Material}")
    know(shop, replace(JUMPER, category="Sale"), replace(LARGER, category="Sale"))
    publish(shop)
    assert shop.cases() == [("unmapped_category", 2)]
    assert problems(shop) == [(Trouble.NO_CATEGORY, "")]
    shop.map("category", "Sale", "womens-shirts")
    publish(shop)
    assert (states(shop), shop.cases()) == ([State.ACKNOWLEDGED] * 3, [])


def test_a_mapping_that_ends_keeps_its_products_back_without_being_told(shop: World) -> None:
    from mappings_app.models import MappingVersion
    from mappings_app.saving import retire_mapping

    say(shop, KNITWEAR, composition="{Material}")
    publish(shop)
    version = MappingVersion.objects.get(kind="category", from_code="Women / Jumpers", superseded_at=None)
    retire_mapping(version, actor="olivia", reason="No longer sold there")
    publish(shop)
    assert states(shop) == [State.INCOMPLETE, State.INCOMPLETE, State.ACKNOWLEDGED]
    assert (len(files(shop)), shop.mirakl.taken_product(TEE) is not None) == (1, True)


# --- refused ----------------------------------------------------------------------------------------------------------
def test_what_the_channel_refuses_is_a_case_and_exactly_that_is_sent_again_once_it_is_mended(shop: World) -> None:
    say(shop, KNITWEAR, composition="{Material}")
    shop.mirakl.set_attribute("lining", label="Lining", category=COATS, requirement="REQUIRED")  # since it was asked
    publish(shop)
    assert states(shop) == [State.ACKNOWLEDGED, State.ACKNOWLEDGED, State.REFUSED]
    assert problems(shop, COAT) == [(Trouble.REFUSED, "lining")]
    assert shop.cases() == [("listing_refused", 1)]
    publish(shop)
    assert len(files(shop)) == 1  # the same is not sent twice
    deciding.ask_again(shop.link, actor="emil")
    shop.wait(60)
    publish(shop)
    assert (row(shop, COAT).state, shop.cases()) == (State.INCOMPLETE, [("listing_incomplete", 1)])
    say(shop, COATS, lining="Viscose")
    publish(shop)
    taken = shop.mirakl.taken_product(COAT)
    assert taken is not None
    assert (taken["values"]["lining"], shop.cases(), states(shop)) == ("Viscose", [], [State.ACKNOWLEDGED] * 3)
    assert ListingDelivery.objects.latest("pk").lines == 1


def test_a_person_may_send_what_was_refused_once_more(shop: World) -> None:
    say(shop, KNITWEAR, composition="{Material}")
    shop.mirakl.set_attribute("lining", label="Lining", category=COATS, requirement="REQUIRED")
    publish(shop)
    shop.mirakl.set_attribute("lining", requirement="OPTIONAL")
    assert deciding.send_again([row(shop, COAT)], actor="emil", reason="They have mended it") == 1
    publish(shop)
    assert (row(shop, COAT).state, shop.cases()) == (State.ACKNOWLEDGED, [])


def test_what_changes_while_a_file_is_on_its_way_follows_in_the_next(shop: World) -> None:
    say(shop, KNITWEAR, composition="{Material}")
    shop.advance(901)
    shop.run("publish_listings")
    assert row(shop).state == State.SENT
    know(shop, replace(JUMPER, description="Knitted in Italy."))
    shop.wait(1000)
    publish(shop)
    taken = shop.mirakl.taken_product(TEE)
    assert taken is not None
    assert (taken["values"]["description"], len(files(shop))) == ("Knitted in Italy.", 2)


def test_nothing_is_left_open(shop: World) -> None:
    say(shop, KNITWEAR, composition="{Material}")
    publish(shop)
    assert shop.unsettled() == []


def test_a_product_whose_mapping_ended_is_left_as_it_is(shop: World) -> None:
    say(shop, KNITWEAR, composition="{Material}")
    publish(shop)
    Listing.objects.filter(channel_sku=TEE).update(retired=True, dirty=True)
    publish(shop)
    told: Any = row(shop)
    assert (told.state, told.reason, len(files(shop))) == (State.SKIPPED, "Its mapping has ended.", 1)
