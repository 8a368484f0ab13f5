"""Centra has no idempotency key. Whatever happens to the calls, an order is there once, and never two are confirmed."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise

import pytest

from connectors.sandboxkit import Fault
from integrationhub.orders.flows.reconciling import LOOK_AGAIN_SECONDS
from integrationhub.orders.models import SoldOrder
from integrationhub.sync import drain
from integrationhub.sync.models import Document, Feed, InboxRecord, SyncJob, WriteIntent
from integrationhub.sync.writes import SETTLE_SECONDS
from tests.flows.world import LANES, World

HOUR = 3600


@pytest.fixture
def roomy(world: World) -> Iterator[World]:
    world.roomy()
    world.centra.set_stock("TEE-BLK-M", 1000)
    return world


def statuses(world: World) -> Counter[str]:
    return Counter(order.status for order in world.centra.orders)


@pytest.mark.django_db(transaction=True)
def test_a_hundred_orders_and_five_threads_make_a_hundred_orders_when_centra_commits_and_drops_the_connection(
    roomy: World,
) -> None:
    references = [roomy.sell(("NG-TEE-BLK-M", 1, "29.90"), to="SHIPPING") for _ in range(100)]
    roomy.centra.faults.add(Fault(kind="drop_after", operation="POST /order", times=0))
    roomy.advance(121)
    roomy.start("read_orders")
    drain.drain(roomy.northgate.pk, lanes=LANES, threads=5)
    while drain.drain(roomy.centra_row.pk, lanes=LANES, threads=5).total:
        roomy.advance(SETTLE_SECONDS + 1)

    assert statuses(roomy) == {"CONFIRMED": 100}
    assert Counter(roomy.confirmed_numbers()) == Counter({order.number: 1 for order in roomy.centra.orders})
    assert roomy.centra.journal.count("POST /order") == 100
    assert {roomy.order(reference).target_state for reference in references} == {"CONFIRMED"}
    assert (roomy.cases(), roomy.open_jobs(), roomy.unsettled()) == ([], [], [])
    assert set(WriteIntent.objects.filter(operation="create_order").values_list("state", flat=True)) == {"DONE"}


@pytest.mark.django_db
@pytest.mark.parametrize("seconds", [5, 59, 61, 130, 300, 600, 2 * HOUR])
def test_an_order_that_comes_into_being_long_after_its_call_never_ships_twice(roomy: World, seconds: float) -> None:
    """Inside the settle window it is found; after it the hub has sent again, and the late one is cancelled unconfirmed."""
    roomy.centra.faults.add(Fault(kind="late", operation="POST /order", seconds=seconds))
    reference = roomy.sell(("NG-TEE-BLK-M", 2, "29.90"), to="SHIPPING")
    roomy.poll()
    roomy.wait(seconds + max(LOOK_AGAIN_SECONDS[:2]) + 60 if seconds < HOUR else seconds + LOOK_AGAIN_SECONDS[2])

    twins = 0 if seconds < SETTLE_SECONDS else 1
    assert [order.status for order in roomy.in_centra(reference)] == ["CONFIRMED"] + ["CANCELLED"] * twins
    assert roomy.confirmed_numbers() == [roomy.in_centra(reference)[0].number]
    assert (roomy.cases(), roomy.open_jobs(), roomy.unsettled()) == ([], [], [])
    assert roomy.centra.stock("TEE-BLK-M")["allocated"] == 2


@pytest.mark.django_db
def test_forty_orders_of_which_most_come_late_are_confirmed_once_each(roomy: World) -> None:
    delays = [5, 20, 40, 58, 62, 90, 150, 400]
    for index in range(40):
        if index % 5:
            roomy.centra.faults.add(Fault(kind="late", operation="POST /order", seconds=delays[index % len(delays)]))
    references = [roomy.sell(("NG-TEE-BLK-M", 1, "29.90"), to="SHIPPING") for _ in range(40)]
    roomy.poll()
    roomy.wait(3 * HOUR)

    living = Counter(order.status for order in roomy.centra.orders if order.status != "CANCELLED")
    assert living == {"CONFIRMED": 40}
    assert len(roomy.centra.orders) > 40  # late ones did come
    assert len(set(roomy.confirmed_numbers())) == 40
    for reference in references:
        confirmed = [order.number for order in roomy.in_centra(reference) if order.status == "CONFIRMED"]
        assert [str(number) for number in confirmed] == [roomy.order(reference).target_external_id]
    assert (roomy.cases(), roomy.open_jobs(), roomy.unsettled()) == ([], [], [])


@pytest.mark.django_db
def test_no_second_create_leaves_while_the_outcome_of_the_first_is_unknown(roomy: World) -> None:
    roomy.centra.faults.add(Fault(kind="drop_before", operation="POST /order", times=4))
    roomy.sell(("NG-TEE-BLK-M", 1, "29.90"), to="SHIPPING")
    roomy.poll()
    roomy.wait(HOUR)
    sent_at = [datetime.fromisoformat(entry.at) for entry in roomy.centra.journal.entries("POST /order")]
    assert len(sent_at) == 5
    assert min((later - earlier).total_seconds() for earlier, later in pairwise(sent_at)) >= SETTLE_SECONDS
    assert statuses(roomy) == {"CONFIRMED": 1}


@pytest.mark.django_db
def test_polls_repeated_while_an_outcome_is_unknown_make_no_second_order(roomy: World) -> None:
    roomy.centra.faults.add(Fault(kind="drop_after", operation="POST /order"))
    reference = roomy.sell(("NG-TEE-BLK-M", 1, "29.90"), to="SHIPPING")
    for _ in range(5):
        roomy.poll()
    assert [order.status for order in roomy.in_centra(reference)] == ["CONFIRMED"]
    assert roomy.centra.journal.count("POST /order") == 1


@pytest.mark.django_db
def test_after_a_restored_backup_an_order_that_centra_has_is_found_not_made(roomy: World) -> None:
    """The hub has forgotten the order, its documents and that it ever sent it."""
    reference = roomy.sell(("NG-TEE-BLK-M", 1, "29.90"), to="SHIPPING")
    roomy.poll()
    for forgotten in (SoldOrder, WriteIntent, SyncJob, InboxRecord, Document, Feed):
        forgotten.objects.all().delete()
    roomy.poll()
    assert [order.status for order in roomy.in_centra(reference)] == ["CONFIRMED"]
    assert roomy.centra.journal.count("POST /order") == 1
    assert roomy.order(reference).target_state == "CONFIRMED"
