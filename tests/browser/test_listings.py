"""A merchandiser finds out why a product is not sold, says what an attribute is made of, and sees what comes out."""

from typing import Any

import pytest
from playwright.sync_api import expect

from integrationhub.catalogue.listings import telling
from integrationhub.catalogue.models import AttributeRule, Listing, ListingTerms
from tests import factories
from tests.browser.conftest import World
from tests.browser.test_role_journeys import as_role
from tests.console.test_listings import make_jumper

__all__ = ["as_role"]
pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def jumper(world: World) -> Listing:
    row = make_jumper(world)
    ListingTerms.objects.create(link=world.link, publishes=True, changed_by="emil")
    telling.tell(row.channel)
    return row


def test_a_merchandiser_says_what_an_attribute_is_made_of(as_role: Any, jumper: Listing) -> None:
    journey = as_role("ECOMMERCE")
    page = journey.page
    page.get_by_role("link", name="Map attribute").first.click()
    expect(page.get_by_role("heading", name="The fix")).to_be_visible()
    journey.look("case")
    page.locator("main").get_by_role("link", name="Map attribute").click()
    expect(page.get_by_role("heading", name="What they are made of")).to_be_visible()
    journey.look("attributes")
    page.get_by_role("combobox", name="Composition is made of").fill("{Material}")
    page.get_by_role("button", name="Try it on the product").click()
    expect(page.get_by_role("cell", name="100 % wool").first).to_be_visible()
    assert not AttributeRule.objects.filter(attribute="composition").exists()
    page.get_by_role("textbox", name="Why").fill("Centra has it as Material.")
    page.get_by_role("button", name="Save the rules").click()
    expect(page.get_by_text("100 % wool").first).to_be_visible()
    journey.look("saved")
    assert AttributeRule.objects.get(attribute="composition").says == "{Material}"


def test_every_page_about_products_and_prices_can_be_used_by_everybody(
    as_role: Any, jumper: Listing, world: World
) -> None:
    factories.make_listing(world.link, "LIVE")
    factories.make_listing(world.harbour_link, "NO", state="REFUSED", acknowledged=None, reason="The title is too long")
    price = factories.make_price(world.link, "TEE")
    journey = as_role("ECOMMERCE")
    for path in (
        *("listings/", "listings/?watch=incomplete", f"listings/{jumper.pk}/", "listing-channels/"),
        *(f"listing-channels/{world.link.pk}/", "attribute-rules/", "attribute-rules/edit/"),
        *("prices/", f"prices/{price.pk}/", "price-holds/", "price-terms/"),
    ):
        journey.go(path)
