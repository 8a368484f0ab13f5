"""Prices on screen: the list, what was held back and the two buttons, and the terms."""

from decimal import Decimal
from typing import Any

import pytest
from django.utils.html import strip_tags
from pytest_django import DjangoAssertNumQueries

from connectors import ports
from connectors.models import AuditEntry
from integrationhub.catalogue.models import ListingPrice, PriceHold, PriceHoldLine, PriceTerms
from tests import factories
from tests.console.conftest import Shop

LIST, HOLDS, TERMS = "/console/prices/", "/console/price-holds/", "/console/price-terms/"


def plain(answer: Any) -> str:
    return " ".join(strip_tags(answer.content.decode().replace("<", " <")).split())


@pytest.fixture
def hold(shop: Shop) -> PriceHold:
    price = factories.make_price(shop.link, "TEE", wanted=Decimal("11.99"), state="PENDING")
    made = PriceHold.objects.create(
        link=shop.link, live=1, moved=1, fallen=1, because="1 price would fall by more than 50 %."
    )
    PriceHoldLine.objects.create(hold=made, price=price, amount=Decimal("11.99"))
    return made


def test_the_list_says_what_is_asked_told_and_shown(shop: Shop, client_of: Any) -> None:
    factories.make_price(
        shop.link, "TEE", shown=Decimal(99), shown_currency="GBP", shown_at=ports.now(), drifted_at=ports.now()
    )
    told = plain(client_of("VIEWER").get(LIST))
    assert "119.95 GBP list 1 119.95 GBP 119.95 GBP 119.95 GBP" in told
    assert "99.00 GBP" in told
    assert "Asks something else" in told


def test_the_list_costs_the_same_for_any_number_of_rows(
    shop: Shop, client_of: Any, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(20):
        factories.make_price(shop.link, f"TEE-{number:02}")
    client = client_of("ECOMMERCE")
    client.get(LIST)
    # session, person, roles, badge, channels with their holds, brands of the filter, how many, rows
    with django_assert_num_queries(7):
        client.get(LIST)


def test_a_price_stands_beside_itself_in_every_channel(shop: Shop, client_of: Any) -> None:
    row = factories.make_price(shop.link, "TEE")
    factories.make_price(shop.harbour_link, "TEE", channel_sku="HC-TEE", state="REFUSED", reason="The price is invalid")
    told = plain(client_of("VIEWER").get(f"{LIST}{row.pk}/"))
    assert "Harbour &amp; Co HC-TEE" in told
    assert "Refused by the channel The price is invalid" in told


def test_the_hold_shows_what_would_be_asked_and_how_far_it_falls(hold: PriceHold, client_of: Any) -> None:
    told = plain(client_of("ECOMMERCE").get(f"{HOLDS}{hold.pk}/"))
    assert "119.95 GBP 11.99 GBP −90 %" in told
    assert "Release: send them" in told
    assert "Prices for Northgate are held back" in plain(client_of("VIEWER").get(LIST))


def test_releasing_lets_exactly_that_through(hold: PriceHold, client_of: Any) -> None:
    client = client_of("ECOMMERCE")
    client.post(f"{HOLDS}{hold.pk}/decide/", {"do": "release", "reason": " "})
    assert ListingPrice.objects.get().released is None
    client.post(f"{HOLDS}{hold.pk}/decide/", {"do": "release", "reason": "Clearance"})
    assert (ListingPrice.objects.get().released, PriceHold.objects.get().state) == (Decimal("11.99"), "RELEASED")
    assert AuditEntry.objects.get().reason == "Clearance"


def test_refusing_keeps_what_is_asked(hold: PriceHold, client_of: Any) -> None:
    client_of("ECOMMERCE").post(f"{HOLDS}{hold.pk}/decide/", {"do": "refuse", "reason": "A slipped comma"})
    row = ListingPrice.objects.get()
    assert (row.state, row.turned_down, PriceHold.objects.get().state) == ("SKIPPED", Decimal("11.99"), "REFUSED")


def test_somebody_who_may_only_look_decides_nothing(hold: PriceHold, client_of: Any) -> None:
    client = client_of("VIEWER")
    assert client.post(f"{HOLDS}{hold.pk}/decide/", {"do": "release", "reason": "x"}).status_code == 403
    assert "Release: send them" not in plain(client.get(f"{HOLDS}{hold.pk}/"))
    assert ListingPrice.objects.get().released is None


def test_terms_are_an_administrators_and_on_the_trail(shop: Shop, client_of: Any) -> None:
    asked = {
        "currency": "GBP",
        "change_percent": 20,
        "move_percent": 10,
        "fall_percent": 40,
        "least": 5,
        "reason": "Sale",
    }
    assert client_of("ECOMMERCE").post(f"{TERMS}{shop.link.pk}/", asked).status_code == 403
    assert not PriceTerms.objects.exists()
    client = client_of("ADMIN")
    client.post(f"{TERMS}{shop.link.pk}/", asked)
    assert (PriceTerms.objects.get().fall_percent, AuditEntry.objects.get().action) == (40, "price_terms.changed")
    answer = client.post(f"{TERMS}{shop.link.pk}/", {**asked, "currency": "gbp", "fall_percent": 400})
    assert "Three capital letters, such as GBP." in plain(answer)
    assert PriceTerms.objects.get().fall_percent == 40
