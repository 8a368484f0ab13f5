"""What a channel shows against what it took: told apart, sent again within bounds, and gone at the next scan."""

from typing import Any

import pytest

from connectors.canonical.stock import StockLevel
from integrationhub.inventory import drift, ledger, readings
from integrationhub.inventory.models import ChannelStock, DriftScan
from mappings_app.models import MappingVersion
from tests.flows.test_stock import publish, sent
from tests.flows.world import World

pytestmark = pytest.mark.django_db
SKUS = 240


@pytest.fixture
def listed(world: World) -> World:
    """A shop of 240 SKUs that shows what it took."""
    world.roomy()
    common: dict[str, Any] = {"kind": "sku", "brand": world.brand, "recorded_by": "olivia", "change": "seed"}
    MappingVersion.objects.bulk_create(
        MappingVersion(from_code=f"NG-X-{n}", to_code=f"X-{n}", **common) for n in range(SKUS)
    )
    for number in range(SKUS):
        world.mirakl.add_offer(f"NG-X-{number}")
    world.run("list_stock")
    count(world, dict.fromkeys(range(SKUS), 20))
    publish(world)
    return world


def count(world: World, units: dict[int, int]) -> None:
    world.advance(1)
    at = world.clock.now()
    readings.record(
        world.centra_row.pk, [StockLevel(sku=f"X-{n}", available=quantity, as_of=at) for n, quantity in units.items()]
    )


def tamper(world: World, numbers: range, quantity: int) -> None:
    for number in numbers:
        world.mirakl.set_offer_quantity(f"NG-X-{number}", quantity)


def scan(world: World) -> DriftScan:
    world.advance(3601)
    world.run("scan_stock")
    return DriftScan.objects.latest("pk")


def test_a_channel_that_shows_what_it_took_has_no_drift(listed: World) -> None:
    found = scan(listed)
    assert (found.offers, found.drifted, found.ended_at is not None) == (SKUS, 0, True)
    assert set(ChannelStock.objects.filter(sku__startswith="X-").values_list("shown", flat=True)) == {20}


def test_of_200_that_differ_50_are_in_flight_and_150_are_reported_and_healed_and_gone(listed: World) -> None:
    tamper(listed, range(200), 33)
    count(listed, dict.fromkeys(range(50), 21))
    ledger.compute(listed.northgate, [listed.link])
    found = scan(listed)
    assert (found.drifted, found.explained, found.healed, found.left) == (200, 50, 150, 0)
    publish(listed)
    offers = listed.mirakl.market.offers
    assert {offers[f"NG-X-{n}"].quantity for n in range(50)} == {21}
    assert {offers[f"NG-X-{n}"].quantity for n in range(50, 200)} == {20}
    again = scan(listed)
    assert (again.drifted, listed.cases()) == (0, [])


def test_more_than_may_be_healed_is_told_and_what_shows_too_much_goes_first(
    listed: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drift, "HEAL_ROWS", 30)
    tamper(listed, range(60), 5)
    tamper(listed, range(60, 90), 99)
    found = scan(listed)
    assert (found.drifted, found.healed, found.left) == (90, 30, 60)
    assert listed.cases() == [("stock_drift", 0)]
    publish(listed)
    offers = listed.mirakl.market.offers
    assert {offers[f"NG-X-{n}"].quantity for n in range(60, 90)} == {20}
    assert {offers[f"NG-X-{n}"].quantity for n in range(60)} == {5}
    for _ in range(2):
        scan(listed)
        publish(listed)
    assert (scan(listed).drifted, listed.cases()) == (0, [])


def test_what_this_channel_sold_since_is_no_drift(listed: World) -> None:
    listed.sell(("NG-X-0", 3, "29.90"))
    tamper(listed, range(1), 17)  # the marketplace counts down by itself
    before = sent(listed)
    from integrationhub.inventory import promises

    promises.hold(listed.link, "MK-1", {"X-0": 3})
    ledger.compute(listed.northgate, [listed.link])
    ChannelStock.objects.filter(channel_sku="NG-X-0").update(state="ACKNOWLEDGED")
    found = scan(listed)
    assert (found.drifted, found.explained, found.healed) == (1, 1, 0)
    assert sent(listed) == before


def test_what_shows_more_than_is_free_is_on_the_watch(listed: World) -> None:
    tamper(listed, range(1), 99)
    scan(listed)
    count(listed, {1: 4})
    ledger.compute(listed.northgate, [listed.link])
    assert {one.channel_sku for one in drift.oversold([listed.link.pk])} == {"NG-X-0", "NG-X-1"}
    publish(listed)
    assert not drift.oversold([listed.link.pk]).exists()


def test_a_scan_goes_on_where_it_stopped(listed: World) -> None:
    listed.advance(3601)
    listed.start("scan_stock")
    DriftScan.objects.create(channel=listed.northgate, began_at=listed.clock.now(), token="100", offers=100)
    listed.work()
    found = DriftScan.objects.get()
    assert (found.offers, found.ended_at is not None) == (SKUS, True)
