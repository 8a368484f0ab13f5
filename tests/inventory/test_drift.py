"""What a channel shows is written down by what differs, page by page or from a whole file."""

from datetime import timedelta

import pytest

from connectors import ports
from connectors.canonical.errors import DataError
from connectors.canonical.offers import Offer
from connectors.models import Brand, Connection, Link
from integrationhub.inventory import drift, ledger
from integrationhub.inventory.models import ChannelStock, DriftScan, StockHold

pytestmark = pytest.mark.django_db
SKUS = 6


@pytest.fixture
def link(virtual_clock: ports.VirtualClock) -> Link:
    """A channel of six SKUs that shows 20 of each, as it took it an hour ago."""
    brand = Brand.objects.create(code="nordhem", name="Nordhem")
    owner = Connection.objects.create(brand=brand, platform="centra", name="Centra")
    channel = Connection.objects.create(brand=brand, platform="mirakl", name="Northgate")
    link = Link.objects.create(brand=brand, source=channel, target=owner)
    then = virtual_clock.now() - timedelta(hours=1)
    common = {"link": link, "channel": channel, "owner": owner, "category": "C", "dirty": False, "computed": 20}
    told = {"state": "ACKNOWLEDGED", "acknowledged": 20, "acknowledged_at": then, "shown": 20, "shown_at": then}
    ChannelStock.objects.bulk_create(
        ChannelStock(channel_sku=f"NG-{n}", sku=f"X-{n}", title=f"Shirt {n}", **common, **told) for n in range(SKUS)
    )
    return link


def page(**shown: int) -> list[Offer]:
    """Every SKU as it was, but for those that are named."""
    quantities = {f"NG-{n}": 20 for n in range(SKUS)} | {name.replace("_", "-"): units for name, units in shown.items()}
    return [Offer(sku=sku, quantity=units, category="C", title="") for sku, units in quantities.items()]


def differing(link: Link) -> dict[str, int | None]:
    rows = ChannelStock.objects.filter(link=link, drifted_at__isnull=False)
    return dict(rows.values_list("channel_sku", "shown"))


def test_a_page_writes_only_what_says_something_else_than_before(link: Link) -> None:
    assert drift.record(link.source, page()) == 0
    assert drift.record(link.source, page(NG_3=7, NG_4=0, UNKNOWN=1)) == 2
    assert differing(link) == {"NG-3": 7, "NG-4": 0}
    assert drift.record(link.source, page()) == 2
    assert differing(link) == {}


def test_what_stays_as_it_is_is_stamped_once_a_day(link: Link, virtual_clock: ports.VirtualClock) -> None:
    virtual_clock.advance(23 * 3600 + 1)
    assert [drift.record(link.source, page()) for _ in range(2)] == [SKUS, 0]
    assert set(ChannelStock.objects.values_list("shown_at", flat=True)) == {virtual_clock.now()}


def test_another_category_is_computed_again(link: Link) -> None:
    assert drift.record(link.source, [Offer(sku="NG-1", quantity=20, category="D", title="Shirt 1")]) == 1
    assert list(ChannelStock.objects.filter(dirty=True).values_list("channel_sku", "category")) == [("NG-1", "D")]


def test_a_whole_file_is_compared_however_it_is_cut(link: Link) -> None:
    lines = "".join(f'"{offer.sku}",{offer.quantity}\n' for offer in page(NG_3=7, NG_5=33, UNKNOWN=1)).encode()
    pieces = [lines[start : start + 5] for start in range(0, len(lines), 5)]
    scan = DriftScan.objects.create(channel=link.source, began_at=ports.now())
    assert drift.load(link.source, pieces) == 2
    assert differing(link) == {"NG-3": 7, "NG-5": 33}
    found = drift.compare(scan)
    assert (found.drifted, found.explained, found.healed, found.left) == (2, 0, 2, 0)
    assert drift.load(link.source, [b""]) == 0


def test_a_file_that_is_no_list_of_quantities_changes_nothing(link: Link) -> None:
    with pytest.raises(DataError, match="Stock of Northgate"):
        drift.load(link.source, [b"NG-1,3\nNG-2,many\n"])
    assert differing(link) == {}
    assert drift.load(link.source, [b"NG-1,3\n"]) == 1


def test_a_slot_has_something_to_do_when_a_row_or_a_hold_waits(link: Link) -> None:
    rows = ChannelStock.objects.filter(channel_sku="NG-1")
    assert ledger.stirs(link.source) is False
    rows.update(dirty=True)
    assert (ledger.stirs(link.source), ledger.stirs(link.target)) == (True, False)
    rows.update(dirty=False, state="PENDING")
    assert ledger.stirs(link.source) is True
    rows.update(state="ACKNOWLEDGED")
    StockHold.objects.create(link=link, live=1, zeroed=1, moved=1, because="All of it.")
    assert ledger.stirs(link.source) is True
