"""Deliveries on screen, the same for stock, prices and products: what was sent, what became of it, what was refused."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils.html import strip_tags
from pytest_django import DjangoAssertNumQueries

from connectors import ports
from integrationhub.catalogue.models import ListingDelivery, PriceDelivery
from integrationhub.inventory.models import StockDelivery
from tests import factories
from tests.console.conftest import Shop

KINDS = {
    "stock": (StockDelivery, factories.make_stock, "Quantities"),
    "price": (PriceDelivery, factories.make_price, "Prices"),
    "listing": (ListingDelivery, factories.make_listing, "Products"),
}
every_kind = pytest.mark.parametrize("kind", KINDS)


def plain(answer: Any) -> str:
    return " ".join(strip_tags(answer.content.decode().replace("<", " <")).split())


@every_kind
def test_the_list_says_what_was_sent_and_what_became_of_it(
    kind: str, shop: Shop, client_of: Any, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    model, _, _ = KINDS[kind]
    model.objects.create(connection=shop.northgate, lines=2, state="FAILED", words="The call budget is used up.")
    for _ in range(9):
        model.objects.create(
            connection=shop.northgate, lines=1_200, refused=3, state="DONE", ticket="I-2031", sent_at=ports.now()
        )
    client = client_of("VIEWER")
    told = plain(client.get(f"/console/{kind}-deliveries/"))
    assert "Northgate 1,200 Done 3 refused" in told
    assert "I-2031" in told
    assert "Did not go out The call budget is used up." in told
    with django_assert_num_queries(9 if kind == "stock" else 8 if kind == "price" else 7):
        client.get(f"/console/{kind}-deliveries/")


@every_kind
def test_the_page_of_one_names_what_was_refused_then_and_not_sent_again(kind: str, shop: Shop, client_of: Any) -> None:
    model, make, words = KINDS[kind]
    then = ports.now() - timedelta(hours=2)
    first = model.objects.create(connection=shop.northgate, lines=4, refused=2, state="DONE", made_at=then)
    model.objects.create(connection=shop.northgate, lines=1, refused=1, state="DONE", made_at=then + timedelta(hours=1))
    refused = {"state": "REFUSED", "reason": "The offer does not exist"}
    make(shop.link, "TEE", sent_at=then + timedelta(seconds=1), **refused)
    make(shop.link, "COAT", sent_at=then + timedelta(hours=1, seconds=1), **refused)
    make(shop.link, "HAT", sent_at=then + timedelta(seconds=1))
    make(shop.harbour_link, "TEE", channel_sku="HC-TEE", sent_at=then + timedelta(seconds=1), **refused)
    told = plain(client_of("VIEWER").get(f"/console/{kind}-deliveries/{first.pk}/"))
    assert f"{words} for Northgate" in told
    assert "Done : 2 refused" in told
    assert "NG-TEE TEE Black tee, M The offer does not exist" in told
    assert "NG-COAT" not in told
    assert "NG-HAT" not in told
    assert "HC-TEE" not in told


@every_kind
def test_the_page_of_one_says_so_when_nothing_of_it_was_refused(kind: str, shop: Shop, client_of: Any) -> None:
    model, _, _ = KINDS[kind]
    client = client_of("VIEWER")
    clean = model.objects.create(connection=shop.northgate, lines=4, state="DONE")
    assert "Nothing of it was refused." in plain(client.get(f"/console/{kind}-deliveries/{clean.pk}/"))
    again = model.objects.create(connection=shop.northgate, lines=4, refused=1, state="DONE")
    told = plain(client.get(f"/console/{kind}-deliveries/{again.pk}/"))
    assert "All that was refused then has been sent again" in told


def test_the_pages_of_prices_and_products_lead_there(shop: Shop, client_of: Any) -> None:
    client = client_of("VIEWER")
    price, listing = factories.make_price(shop.link, "TEE"), factories.make_listing(shop.link, "TEE")
    assert "/console/price-deliveries/" in client.get(f"/console/prices/{price.pk}/").content.decode()
    assert "/console/listing-deliveries/" in client.get(f"/console/listings/{listing.pk}/").content.decode()
