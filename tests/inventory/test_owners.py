"""Stock that is passed on: what a marketplace may show is bounded by the owner behind the owner. No platform is asked."""

from datetime import timedelta
from itertools import product

import pytest

from connectors import ports
from connectors.canonical.stock import StockLevel
from connectors.models import Brand, Connection, Link
from exceptions_app.models import ExceptionCase
from integrationhub.inventory import ledger, owners, promises, readings
from integrationhub.inventory.models import ChannelStock, StockMark, StockRule

pytestmark = pytest.mark.django_db


@pytest.fixture
def links(virtual_clock: ports.VirtualClock) -> tuple[Link, Link]:
    """Northgate → Centra → Fulfil, one SKU by another name in each."""
    brand = Brand.objects.create(code="nordhem", name="Nordhem")
    fulfil, centra, northgate = (
        Connection.objects.create(brand=brand, platform=platform, name=name)
        for platform, name in (("fulfil", "Fulfil"), ("centra", "Centra"), ("mirakl", "Northgate"))
    )
    down = Link.objects.create(brand=brand, source=northgate, target=centra)
    up = Link.objects.create(brand=brand, source=centra, target=fulfil)
    for link, theirs, ours in ((down, "NG-A", "A"), (up, "A", "F-A")):
        ChannelStock.objects.create(link=link, channel=link.source, owner=link.target, channel_sku=theirs, sku=ours)
    return down, up


def read(link: Link, units: int) -> None:
    sku = "A" if link.target.platform == "centra" else "F-A"
    readings.record(link.target_id, [StockLevel(sku=sku, available=units, as_of=ports.now())])


def may_show(link: Link) -> int | None:
    ledger.compute(link.source, [link])
    return ChannelStock.objects.get(link=link).computed


def test_a_marketplace_never_shows_more_than_both_owners_have(links: tuple[Link, Link]) -> None:
    down, up = links
    StockRule.objects.create(brand=down.brand, link=down, buffer_units=1, changed_by="olivia", reason="Test")
    for free_in_centra, available, sold in product((0, 4, 9), (-2, 0, 5, 9), (0, 3)):
        promises.let_go(up.pk, "CE-1", reason="Test")
        if sold:
            promises.vouch(up, "CE-1", {"F-A": sold}, reason="Test")
        read(down, free_in_centra)
        read(up, available)
        bound = max(0, min(free_in_centra, available - sold))
        assert may_show(down) == max(0, bound - 1)
        assert may_show(up) == max(0, available - sold)


def test_until_the_owner_behind_it_was_read_the_owner_is_believed(links: tuple[Link, Link]) -> None:
    down, _ = links
    read(down, 4)
    assert may_show(down) == 4


@pytest.mark.parametrize("end", ["link", "row"])
def test_a_link_that_has_ended_bounds_nothing(links: tuple[Link, Link], end: str) -> None:
    down, up = links
    read(down, 4)
    read(up, 1)
    assert may_show(down) == 1
    if end == "link":
        Link.objects.filter(pk=up.pk).update(active=False)
    else:
        ChannelStock.objects.filter(link=up).update(retired=True)
    ChannelStock.objects.filter(link=down).update(dirty=True)
    assert may_show(down) == 4


def test_what_changes_behind_the_owner_is_computed_again_in_the_marketplace(links: tuple[Link, Link]) -> None:
    down, up = links
    read(down, 4)
    assert may_show(down) == 4
    read(up, 2)
    assert StockMark.objects.filter(stock__link=down).count() == 1
    assert may_show(down) == 2
    promises.vouch(up, "CE-1", {"F-A": 1}, reason="Test")
    assert may_show(down) == 1


def test_an_order_is_promised_no_more_than_the_owner_behind_has(links: tuple[Link, Link]) -> None:
    down, up = links
    read(down, 9)
    read(up, 3)
    promises.vouch(up, "CE-1", {"F-A": 1}, reason="Test")
    assert promises.hold(down, "MK-1", {"A": 3}) == {"A": 2}
    assert promises.hold(down, "MK-1", {"A": 2}) == {}
    assert promises.hold(down, "MK-2", {"A": 1}) == {"A": 0}


def test_one_owner_is_no_case_and_two_are_one_case_that_ends(links: tuple[Link, Link]) -> None:
    _, up = links
    assert not owners.refuse_two(up.source)
    second = Connection.objects.create(brand=up.brand, platform="fulfil", name="Fulfil 2")
    link = Link.objects.create(brand=up.brand, source=up.source, target=second)
    assert owners.refuse_two(up.source)
    assert owners.refuse_two(up.source)
    case = ExceptionCase.objects.unresolved().get()
    assert (case.cause, case.context["owners"]) == ("stock_two_owners", ["Fulfil", "Fulfil 2"])
    Link.objects.filter(pk=link.pk).update(active=False)
    assert not owners.refuse_two(up.source)
    assert not ExceptionCase.objects.unresolved().exists()


def test_only_who_has_an_owner_passes_stock_on(links: tuple[Link, Link]) -> None:
    down, up = links
    assert [place.name for place in owners.passes_on([down])] == ["Centra"]
    assert owners.passes_on([up]) == []


def test_a_telling_older_than_one_heard_before_is_stale_and_one_without_a_time_is_not(links: tuple[Link, Link]) -> None:
    owner, at = links[1].target_id, ports.now()
    assert readings.ask(owner, ["F-A"], told={"F-A": at}) == ["F-A"]
    assert readings.ask(owner, ["F-A"], told={"F-A": at - timedelta(seconds=1)}) == []
    assert readings.ask(owner, ["F-A"], told={"F-A": at}) == ["F-A"]
    assert readings.ask(owner, ["F-A"]) == ["F-A"]
    assert readings.ask(owner, ["F-A"], told={"F-A": at - timedelta(seconds=1)}) == []
