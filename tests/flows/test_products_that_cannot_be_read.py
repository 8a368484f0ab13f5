"""A product of the owner that cannot be read is told in a case, and stops no other; the case closes when it can be read."""

import pytest

from exceptions_app.models import ExceptionCase
from exceptions_app.telling import plain
from integrationhub.catalogue.models import ProductReading
from integrationhub.inventory.models import ProductFault
from integrationhub.sync.models import Schedule
from mappings_app.models import KnownCode
from tests.flows.world import World

pytestmark = pytest.mark.django_db


def told(world: World) -> list[str]:
    cases = ExceptionCase.objects.unresolved().with_words().order_by("pk")
    return [plain(case) for case in cases if case.cause == "product_unreadable"]


def known(world: World) -> set[str]:
    return set(
        KnownCode.objects.filter(connection=world.centra_row, kind="sku", active=True).values_list("code", flat=True)
    )


def test_learning_skus_goes_on_past_it_and_the_case_closes_when_it_is_read_again(world: World) -> None:
    size = world.centra.shop.sizes_with("SKU", "TEE-BLK-M")[0]
    size.sku = ""
    world.run("learn_products")
    assert "TEE-BLK-L" in known(world)
    assert "TEE-BLK-M" not in known(world)
    (sentence,) = told(world)
    assert sentence.startswith("1 product of ")
    assert f"(product size {size.id})" in sentence
    assert sentence.endswith("SKU: Centra sent no value.")
    world.run("learn_products")
    assert len(told(world)) == 1
    size.sku = "TEE-BLK-M"
    world.run("learn_products")
    assert (told(world), ProductFault.objects.count()) == ([], 0)
    assert "TEE-BLK-M" in known(world)


def test_products_that_break_the_same_rule_are_one_case_and_those_that_are_gone_leave_it(world: World) -> None:
    sizes = [world.centra.shop.sizes_with("SKU", sku)[0] for sku in ("TEE-BLK-M", "TEE-BLK-L")]
    for size in sizes:
        size.sku = ""
    world.run("learn_products")
    (sentence,) = told(world)
    assert sentence.startswith("2 products of ")
    sizes[0].is_active = False  # what does not sell needs no SKU
    world.run("learn_products")
    (sentence,) = told(world)
    assert sentence.startswith("1 product of ")


def test_what_is_told_of_a_product_stands_while_it_cannot_be_read(world: World) -> None:
    world.roomy()
    world.run("list_listings")
    world.run("read_products")
    before = ProductReading.objects.get(sku="TEE-BLK-M").content
    world.centra.describe("TEE-BLK-M", description="Softer than ever.")
    size = world.centra.shop.sizes_with("SKU", "TEE-BLK-M")[0]
    size.sku = ""
    world.advance(901)
    world.run("read_products")
    assert ProductReading.objects.get(sku="TEE-BLK-M").content == before
    assert len(told(world)) == 1


def test_a_token_without_the_rights_to_content_stops_listings_only(world: World) -> None:
    world.roomy()
    world.centra.forbid("Display:read", "Brand:read")
    world.run("learn_products")
    assert "TEE-BLK-M" in known(world)
    world.run("list_listings")
    world.run("read_products")
    paused = Schedule.objects.get(flow="read_products").paused_reason
    assert "so brands, words, pictures and categories of products cannot be read." in paused
    assert [cause for cause, _ in world.cases()] == ["operation_refused"]
    assert ProductReading.objects.count() == 0
