"""The stock list and a SKU's page: true numbers, true ages, found by index."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from connectors import ports
from connectors.models import AuditEntry
from integrationhub.adminkit import moments
from integrationhub.console.stock.filters import more_than_they_may
from integrationhub.inventory.models import (
    ChannelStock,
    Reservation,
    StockDelivery,
    StockHold,
    StockReading,
    StockRule,
    StockSwitch,
)
from integrationhub.sync import ticks
from integrationhub.sync.models import Schedule, SyncJob
from tests import factories
from tests.console.conftest import Shop

LIST = "/console/stock/"


def skus(client: Client, **query: str) -> list[str]:
    """The SKUs of the list, in its order."""
    return [row.channel_sku for row in client.get(LIST, query).context["cl"].result_list]


def text(client: Client, address: str) -> str:
    return str(client.get(address).content.decode())


# --- the list ---------------------------------------------------------------------------------------------------------
def test_the_age_shown_is_that_of_the_last_acknowledgement_not_of_the_last_attempt(shop: Shop, client_of: Any) -> None:
    now = ports.now()
    took, tried = now - timedelta(hours=3), now - timedelta(minutes=2)
    row = factories.make_stock(shop.link, "TEE", sent=9, state="REFUSED", reason="The offer does not exist")
    ChannelStock.objects.filter(pk=row.pk).update(acknowledged=50, acknowledged_at=took, sent_at=tried, computed=50)
    told = text(client_of("VIEWER"), LIST)
    assert took.isoformat() in told
    assert "3 h 00 ago" in told
    assert tried.isoformat() not in told
    assert "The offer does not exist" in told
    assert moments.span(120) + " ago" not in told


def test_a_sku_that_was_never_taken_says_never_however_often_it_was_sent(shop: Shop, client_of: Any) -> None:
    factories.make_stock(shop.link, "TEE", state="SENT", acknowledged=None, acknowledged_at=None)
    assert "never" in text(client_of("VIEWER"), LIST)


def test_the_channels_of_a_sku_stand_together(shop: Shop, client_of: Any) -> None:
    for sku in ("B", "A"):
        factories.make_stock(shop.link, sku)
        factories.make_stock(shop.harbour_link, sku, channel_sku=f"HC-{sku}")
    assert skus(client_of("VIEWER")) == ["HC-A", "NG-A", "HC-B", "NG-B"]


def test_each_view_holds_exactly_what_it_says(shop: Shop, client_of: Any) -> None:
    now, long_ago = ports.now(), ports.now() - timedelta(minutes=16)
    factories.make_stock(shop.link, "FINE")
    factories.make_stock(shop.link, "TOOK-MORE", computed=3, state="SENT")
    factories.make_stock(shop.link, "SHOWS-MORE", shown=51, shown_at=now)
    factories.make_stock(shop.link, "LATE", computed=60, state="PENDING", acknowledged_at=long_ago)
    factories.make_stock(shop.link, "YOUNG", computed=60, state="PENDING")
    factories.make_stock(shop.link, "QUIET", acknowledged_at=long_ago)
    factories.make_stock(shop.link, "DIFFERS", shown=4, shown_at=now, drifted_at=now)
    factories.make_stock(shop.link, "REFUSED", state="REFUSED")
    client = client_of("VIEWER")
    found = {watch: skus(client, watch=watch) for watch in ("more", "late", "differs", "refused")}
    assert found == {
        "more": ["NG-SHOWS-MORE", "NG-TOOK-MORE"],
        "late": ["NG-LATE"],
        "differs": ["NG-DIFFERS"],
        "refused": ["NG-REFUSED"],
    }


@pytest.mark.parametrize("term", ["ng-te", "NG-TE", "tee-", "TEE-M"])
def test_either_sku_is_found_by_its_beginning_in_either_case(shop: Shop, client_of: Any, term: str) -> None:
    factories.make_stock(shop.link, "TEE-M")
    factories.make_stock(shop.link, "COAT-TEE", channel_sku="NG-COAT")
    assert skus(client_of("VIEWER"), q=term) == ["NG-TEE-M"]


def test_a_row_shows_how_many_too_many_and_why_it_waits(shop: Shop, client_of: Any) -> None:
    factories.make_stock(shop.link, "TEE", computed=5, state="PENDING")
    StockHold.objects.create(link=shop.link, live=9, zeroed=0, moved=9, because="9 of 9 SKUs would change at once.")
    told = text(client_of("VIEWER"), LIST)
    assert "Shows 45 too many" in told
    assert "Held back until somebody decides." in told
    assert "Stock for Northgate is held back: 9 of 9 SKUs would change at once." in told


def test_another_brands_stock_is_not_there(shop: Shop, client_of: Any) -> None:
    other = factories.make_link(factories.make_brand("other", "Other"))
    row = factories.make_stock(other, "THEIRS")
    client = client_of("ADMIN")
    assert skus(client) == []
    assert client.get(f"{LIST}{row.pk}/").status_code == 403


def test_the_list_costs_the_same_for_any_number_of_rows(
    shop: Shop, client_of: Any, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(30):
        factories.make_stock(shop.link, f"TEE-{number:02}")
        factories.make_stock(shop.harbour_link, f"TEE-{number:02}")
    StockSwitch.objects.create(brand=shop.brand, mode="HOLD", reason="Stocktake", set_by="alice")
    client = client_of("OPS")
    client.get(LIST)
    # session, person, roles, badge, switches, channels with their holds, brands of the filter, how many, rows
    with django_assert_num_queries(8):
        client.get(LIST)


VIEWS_AND_THEIR_INDEXES: tuple[tuple[dict[str, str], str], ...] = (
    ({}, "channel_stock_by_sku"),
    ({"watch": "more"}, "inventory_channelstock_pkey"),
    ({"watch": "differs"}, "channel_stock_differs"),
    ({"watch": "refused"}, "channel_stock_by_state"),
    ({"watch": "late"}, "channel_stock_"),
    ({"q": "TEE-00012"}, "channel_stock_"),
    ({"channel": "own", "o": "0"}, "channel_stock_once"),
)


def test_every_view_reads_an_index(shop: Shop, client_of: Any) -> None:
    rows = [
        ChannelStock(link=link, channel=link.source, owner=shop.centra, channel_sku=f"{code}-{number:05}",
                     sku=f"TEE-{number:05}", computed=5, acknowledged=5, state="ACKNOWLEDGED",
                     acknowledged_at=ports.now(), dirty=False)
        for link, code in ((shop.link, "NG"), (shop.harbour_link, "HC")) for number in range(15_000)
    ]  # fmt: skip
    ChannelStock.objects.bulk_create(rows, batch_size=5_000)
    ChannelStock.objects.filter(sku="TEE-00007").update(shown=6)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE inventory_channelstock")
    client = client_of("VIEWER")
    for query, index in VIEWS_AND_THEIR_INDEXES:
        wanted = {**query, "channel": str(shop.link.pk)} if "channel" in query else query
        plan = client.get(LIST, wanted).context["cl"].queryset[:50].explain()
        assert index in plan, (query, plan)
        assert "Seq Scan on inventory_channelstock" not in plan, query
    assert "channel_stock_oversold" in more_than_they_may([shop.link.pk, shop.harbour_link.pk]).explain()


# --- one SKU ----------------------------------------------------------------------------------------------------------
@pytest.fixture
def tee(shop: Shop) -> ChannelStock:
    """Fifty free, three promised, two kept back: forty-five may be shown."""
    rule = StockRule.objects.create(brand=shop.brand, sku="TEE", buffer_units=2, changed_by="alice")
    assert rule.pk
    order = factories.make_order(shop.link, "MK-1", skus=("NG-TEE",))
    Reservation.objects.create(link=shop.link, reference=order.reference, connection=shop.centra, sku="TEE", quantity=3)
    StockDelivery.objects.create(connection=shop.northgate, lines=7, state="DONE")
    factories.make_stock(shop.harbour_link, "TEE", channel_sku="HC-TEE", reserved=3, buffer=2, computed=45)
    return factories.make_stock(shop.link, "TEE", reserved=3, buffer=2, computed=45, acknowledged=45)


def plain(markup: str) -> str:
    from django.utils.html import strip_tags

    return " ".join(strip_tags(markup).split())


def test_the_page_says_where_each_number_comes_from(tee: ChannelStock, client_of: Any) -> None:
    told = plain(text(client_of("VIEWER"), f"{LIST}{tee.pk}/"))
    assert told.count("free 50 − reserved 3 − buffer 2 = may show 45") == 2
    assert "Keeps back 2 units. The rule for SKU TEE, every channel" in told
    assert "Shows 5 too many" in told  # Harbour took 50


def test_the_page_names_the_orders_that_wait_for_units(tee: ChannelStock, shop: Shop, client_of: Any) -> None:
    told = text(client_of("VIEWER"), f"{LIST}{tee.pk}/")
    assert f'/console/orders/{shop.link.orders.get().pk}/">MK-1</a>' in told
    assert "does not know of it yet" in told


def test_floor_cap_and_switch_are_part_of_the_sum(tee: ChannelStock, shop: Shop, client_of: Any) -> None:
    client = client_of("VIEWER")
    StockRule.objects.update(cap=20)
    ChannelStock.objects.update(computed=20)
    assert "buffer 2 → never more than that 20 = may show 20" in plain(text(client, f"{LIST}{tee.pk}/"))
    StockRule.objects.update(floor=46, cap=None)
    ChannelStock.objects.update(computed=0)
    assert "→ fewer than 46 are not shown 0 = may show 0" in plain(text(client, f"{LIST}{tee.pk}/"))
    StockSwitch.objects.create(brand=shop.brand, mode="ZERO", reason="Recall", set_by="alice")
    told = plain(text(client, f"{LIST}{tee.pk}/"))
    assert "→ the channel is switched to zero 0 = may show 0" in told
    assert "“Recall”" in told


def test_the_page_costs_the_same_for_any_number_of_channels(
    tee: ChannelStock, client_of: Any, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = client_of("OPS")
    client.get(f"{LIST}{tee.pk}/")
    # session, person, roles, badge, switches, channels, the row, its siblings, reading, rules, reservations, deliveries
    with django_assert_num_queries(12):
        client.get(f"{LIST}{tee.pk}/")


def test_read_it_again_asks_for_this_sku_first(tee: ChannelStock, client_of: Any) -> None:
    ticks.plan_schedules()
    client = client_of("OPS")
    for _ in range(2):
        client.post(f"{LIST}{tee.pk}/read/")
    assert StockReading.objects.get(sku="TEE").asked_at is not None
    assert list(SyncJob.objects.values_list("flow", "state")) == [("read_stock", "QUEUED")]
    assert set(AuditEntry.objects.values_list("action", "subject_kind")) == {("stock.read_again", "channelstock")}


def test_read_it_again_says_that_reading_is_held(tee: ChannelStock, client_of: Any) -> None:
    ticks.plan_schedules()
    Schedule.objects.filter(flow="read_stock").update(mode="HELD")
    told = client_of("OPS").post(f"{LIST}{tee.pk}/read/", follow=True).content.decode()
    assert "Reading stock from Centra is held" in told
    assert SyncJob.objects.count() == 0


# --- home -------------------------------------------------------------------------------------------------------------
def test_home_warns_first_of_what_shows_more_than_there_is_for_longer_than_a_delivery_takes(
    shop: Shop, client_of: Any
) -> None:
    ticks.plan_schedules()
    row = factories.make_stock(shop.link, "TEE", computed=3, state="PENDING")
    client = client_of("OPS")
    assert client.get("/console/").context["signs"] == []
    ChannelStock.objects.filter(pk=row.pk).update(computed_at=ports.now() - timedelta(minutes=6))
    (sign,) = client.get("/console/").context["signs"]
    assert sign.text == "Northgate shows more than there is of 1 SKU: units that are gone may be sold."
    assert skus(client, watch="more") == ["NG-TEE"]
    assert sign.url == f"{LIST}?watch=more"
