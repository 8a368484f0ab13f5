"""When a platform asks to slow down, nobody calls before its time is up; then the most urgent go first."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from connectors.sandboxkit import Fault, JournalEntry
from integrationhub.sync import drain, sweep
from integrationhub.sync.enqueue import enqueue_many, job_for_link
from integrationhub.sync.flows import Done, Flow, Outcome
from integrationhub.sync.lanes import Lane
from integrationhub.sync.models import SyncJob
from integrationhub.sync.run import Run
from tests.flows.world import LANES, World

pytestmark = pytest.mark.django_db


def calls_inside_closed_windows(entries: list[JournalEntry], *, seconds: float) -> list[str]:
    """Calls that came less than `seconds` after an answer that asked to wait so long."""
    inside = []
    closed_until = datetime.min.replace(tzinfo=datetime.fromisoformat(entries[0].at).tzinfo)
    for entry in entries:
        at = datetime.fromisoformat(entry.at)
        if at < closed_until:
            inside.append(f"{entry.operation} at {entry.at}")
        if entry.fault == "rate_limit":
            closed_until = max(closed_until, at + timedelta(seconds=seconds))
    return inside


@pytest.mark.parametrize("seconds", [7, 45, 300])
def test_no_acceptance_is_sent_before_the_time_the_marketplace_names(world: World, seconds: float) -> None:
    references = [world.sell(("NG-TEE-BLK-M", 1, "29.90")) for _ in range(12)]
    world.mirakl.faults.add(Fault(kind="rate_limit", operation="OR21", seconds=seconds, times=5))
    world.poll()
    world.wait(5 * seconds * 2 + 600)
    entries = world.mirakl.journal.entries("OR21")
    assert [entry.fault for entry in entries].count("rate_limit") == 5
    assert calls_inside_closed_windows(entries, seconds=seconds) == []
    assert len(entries) == 5 + 12
    assert {world.mirakl.order(reference)["acceptance_decision_date"] is not None for reference in references} == {True}
    assert world.cases() == []


def test_a_storm_of_refusals_at_centra_delays_orders_and_bothers_nobody(world: World) -> None:
    """The account has Centra's smallest limits, the connection was told the largest: forty orders run into them."""
    world.centra.set_stock("TEE-BLK-M", 100)
    references = [world.sell(("NG-TEE-BLK-M", 1, "29.90"), to="SHIPPING") for _ in range(40)]
    world.poll()
    world.wait(1200)
    assert [len(world.in_centra(reference)) for reference in references] == [1] * 40
    assert {order.status for order in world.centra.orders} == {"CONFIRMED"}
    assert (world.open_jobs(), world.cases()) == ([], [])
    graphql = [entry for entry in world.centra.journal.entries() if entry.path == "/graphql"]
    refused = [entry for entry in graphql if entry.status == 429]
    assert 0 < len(refused) < 40


def test_an_order_that_waits_longer_than_any_lease_for_the_limit_is_neither_lost_nor_made_twice(world: World) -> None:
    reference = world.sell(("NG-TEE-BLK-M", 1, "29.90"), to="SHIPPING")
    world.centra.faults.add(Fault(kind="rate_limit", operation="FindOrders", seconds=1200))
    world.poll()
    for _ in range(19):
        world.advance(60)
        assert sweep.take_back_expired() == 0
        world.work()
    assert (len(world.in_centra(reference)), world.centra.journal.count("FindOrders")) == (0, 1)
    assert SyncJob.objects.filter(flow="import_order").count() == 1
    world.wait(1200)
    assert len(world.in_centra(reference)) == 1
    assert (world.open_jobs(), world.cases()) == ([], [])


@pytest.mark.django_db(transaction=True)
def test_threads_that_are_asked_to_wait_keep_the_others_from_calling_too(world: World) -> None:
    world.roomy()
    world.centra.set_stock("TEE-BLK-M", 100)
    for _ in range(40):
        world.sell(("NG-TEE-BLK-M", 1, "29.90"), to="SHIPPING")
    world.advance(121)
    world.start("read_orders")
    drain.drain(world.northgate.pk, lanes=LANES)
    world.centra.faults.add(Fault(kind="rate_limit", operation="FindOrders", seconds=60))
    drain.drain(world.centra_row.pk, lanes=LANES, threads=5)
    graphql = [entry for entry in world.centra.journal.entries() if entry.path == "/graphql"]
    assert len(graphql) <= 5  # those that were on their way already
    world.advance(59)
    drain.drain(world.centra_row.pk, lanes=LANES, threads=5)
    assert len([entry for entry in world.centra.journal.entries() if entry.path == "/graphql"]) == len(graphql)
    world.wait(600)
    assert len(world.centra.orders) == 40
    assert world.cases() == []


def test_after_the_wait_orders_go_before_dispatches_refunds_and_stock(
    world: World, make_flow: Callable[..., Flow]
) -> None:
    """All of them waited at the same closed door, the least urgent for longest."""
    asked: list[str] = []

    def look(run: Run) -> Outcome:
        run.target.read_order("10001")
        asked.append(run.job.flow)
        return Done()

    lanes = [Lane.BULK, Lane.STOCK, Lane.REFUNDS, Lane.DISPATCH, Lane.ORDERS, Lane.ACCEPTANCE]
    for lane in lanes:
        make_flow(look, name=f"look_{lane.name.lower()}", lane=lane)
    world.centra.faults.add(Fault(kind="rate_limit", operation="ReadOrders", seconds=30))
    for lane in lanes:
        enqueue_many(job_for_link(f"look_{lane.name.lower()}", world.link, key=str(n)) for n in range(3))
        world.advance(0.1)
        drain.drain(world.centra_row.pk, lanes=LANES)
    assert asked == []
    world.advance(30 * 1.2 + 1)  # those that wait for one moment are spread behind it by a fifth
    world.work()
    assert asked == [f"look_{lane.name.lower()}" for lane in reversed(lanes) for _ in range(3)]
    assert calls_inside_closed_windows(world.centra.journal.entries("ReadOrders"), seconds=30) == []
