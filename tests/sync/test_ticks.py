"""Which flows the clock starts: only those of connections that play their part in an active link."""

import pytest

from connectors.models import Connection, Link
from integrationhub.sync import ticks
from integrationhub.sync.models import Schedule, SyncJob
from tests.factories import make_brand, make_centra, make_link, make_marketplace

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Connection:
    return make_marketplace(make_brand())


def next_of(flow: str, place: Connection) -> list[bool]:
    """For each schedule of the flow there: whether it has a next time."""
    rows = Schedule.objects.filter(flow=flow, connection=place).values_list("next_due_at", flat=True)
    return [due is not None for due in rows]


def test_orders_are_read_where_they_are_sold_and_stock_where_it_is_owned(shop: Connection) -> None:
    ticks.plan_schedules()
    assert next_of("read_orders", shop) == []

    owner = make_link(shop.brand, source=shop).target
    ticks.plan_schedules()

    assert next_of("read_orders", shop) == [True]
    assert next_of("read_stock", owner) == [True]
    assert next_of("scan_stock", shop) == [True]
    assert next_of("read_stock", make_centra(shop.brand, name="Spare")) == []


def test_what_an_ended_link_needed_rests_until_it_is_wanted_again(shop: Connection) -> None:
    link = make_link(shop.brand, source=shop)
    ticks.plan_schedules()
    Link.objects.filter(pk=link.pk).update(active=False)
    ticks.plan_schedules()
    ticks.tick()

    assert next_of("read_orders", shop) == [False]
    assert next_of("watch_acceptance", shop) == [False]
    assert not SyncJob.objects.filter(flow__in=["read_orders", "watch_acceptance"]).exists()

    Link.objects.filter(pk=link.pk).update(active=True)
    assert ticks.plan_schedules() == 0
    ticks.tick()

    assert next_of("read_orders", shop) == [True]
    assert SyncJob.objects.filter(flow="read_orders", connection=shop).count() == 1
