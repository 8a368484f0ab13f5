"""What pages say of a retailer that cannot be read back, sells at cost and cancels only when it is asked to."""

from typing import Any

import pytest
from django.utils.html import strip_tags

from connectors.models import Connection, Link
from tests import factories
from tests.console.conftest import Shop


@pytest.fixture
def retailer(shop: Shop) -> Link:
    source = Connection.objects.create(
        brand=shop.link.brand, platform="virtualstock", name="Harrow & Vale", base_url="https://api.virtualstock.com"
    )
    return Link.objects.create(brand=shop.link.brand, source=source, target=shop.link.target)


def plain(client: Any, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return " ".join(strip_tags(answer.content.decode().replace("<", " <")).split()).replace("&#x27;", "'")


def test_stock_that_cannot_be_read_back_is_told_as_such_and_does_not_differ(retailer: Link, client_of: Any) -> None:
    row = factories.make_stock(retailer, "TEE")
    client = client_of("VIEWER")

    for address in ("/console/stock/", f"/console/stock/{row.pk}/"):
        told = plain(client, address)
        assert "can't be read back" in told
        assert "As it should be" in told
        assert "not read since" not in told
    assert "It can't be read back: what it took last is what counts." in plain(client, "/console/stock-drift/")


def test_a_channel_that_is_read_back_still_says_since_when_not(shop: Shop, client_of: Any) -> None:
    factories.make_stock(shop.link, "TEE")

    assert "not read since" in plain(client_of("VIEWER"), "/console/stock/")


def test_a_price_that_cannot_be_read_back_is_told_as_such(retailer: Link, client_of: Any) -> None:
    row = factories.make_price(retailer, "TEE")
    client = client_of("VIEWER")

    for address in ("/console/prices/", f"/console/prices/{row.pk}/"):
        assert "can't be read back" in plain(client, address)


def test_an_order_at_cost_says_whose_price_it_shows(shop: Shop, retailer: Link, client_of: Any) -> None:
    bought, sold = factories.make_order(retailer, "HV-1"), factories.make_order(shop.link, "MK-1")
    client = client_of("VIEWER")

    words = "At cost prices: what Harrow &amp; Vale pays. What its customer paid is not told."
    assert words in plain(client, f"/console/orders/{bought.pk}/")
    assert "At cost prices" not in plain(client, f"/console/orders/{sold.pk}/")


def test_cancelling_says_that_the_retailer_is_asked(retailer: Link, client_of: Any) -> None:
    order = factories.make_order(retailer, "HV-1", state="READY_TO_SHIP", source_state="ORDER_ACK")

    told = plain(client_of("OPS"), f"/console/orders/{order.pk}/act/cancel/")

    assert "Harrow &amp; Vale is asked to cancel it: its lines go on back order with a reason." in told
    assert "the customer gets the money back" not in told
