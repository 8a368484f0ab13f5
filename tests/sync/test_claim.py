from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection

from connectors import ports
from connectors.models import Link
from integrationhub.sync.claim import LEASE_SECONDS, claim, give_back, still_held
from integrationhub.sync.enqueue import enqueue, enqueue_many, job_for_link
from integrationhub.sync.flows import Flow
from integrationhub.sync.lanes import Lane
from integrationhub.sync.models import SyncJob
from integrationhub.sync.sweep import take_back_expired

LANES = tuple(Lane)


def claim_of(link: Link, size: int = 10, **values: object) -> list[str]:
    jobs = claim(connection_id=link.target_id, lanes=LANES, size=size, owner="alice", **values)  # type: ignore[arg-type]
    return [job.key for job in jobs]


@pytest.mark.django_db
def test_the_better_lane_goes_first_and_within_it_the_longer_due(
    link: Link, make_flow: Callable[..., Flow], virtual_clock: ports.VirtualClock
) -> None:
    make_flow()
    for key, lane in (("late", Lane.BULK), ("b", Lane.ORDERS), ("first", Lane.ACCEPTANCE), ("c", Lane.ORDERS)):
        enqueue(job_for_link("try_out", link, key=key, lane=lane))
        virtual_clock.advance(1)
    assert claim_of(link, size=3) == ["first", "b", "c"]
    assert claim_of(link) == ["late"]
    assert claim_of(link) == []


@pytest.mark.django_db
def test_a_job_that_is_not_due_or_held_is_not_claimed(
    link: Link, make_flow: Callable[..., Flow], virtual_clock: ports.VirtualClock
) -> None:
    make_flow()
    job_id = enqueue(job_for_link("try_out", link, key="held"))
    held = [SyncJob.objects.get(pk=job_id).schedule_id]
    assert claim_of(link, held=held) == []
    SyncJob.objects.filter(pk=job_id).update(due_at=virtual_clock.now() + timedelta(seconds=5))
    assert claim_of(link) == []
    virtual_clock.advance(5)
    assert claim_of(link) == ["held"]


@pytest.mark.django_db
def test_jobs_of_one_order_run_one_at_a_time_across_flows(link: Link, make_flow: Callable[..., Flow]) -> None:
    make_flow()
    make_flow(name="try_other")
    enqueue(job_for_link("try_out", link, key="MK-1", serial_key="order:MK-1"))
    enqueue(job_for_link("try_other", link, key="MK-1", serial_key="order:MK-1"))
    enqueue(job_for_link("try_out", link, key="MK-2", serial_key="order:MK-2"))
    assert sorted(claim_of(link)) == ["MK-1", "MK-2"]
    assert claim_of(link) == []


@pytest.mark.django_db
def test_a_given_back_job_stands_as_it_stood(link: Link, make_flow: Callable[..., Flow]) -> None:
    make_flow()
    enqueue(job_for_link("try_out", link, key="k"))
    SyncJob.objects.update(state="UNKNOWN")
    jobs = claim(connection_id=link.target_id, lanes=LANES, size=1, owner="alice")
    assert give_back(jobs) == 1
    row = SyncJob.objects.get()
    assert (row.state, row.lease_until, row.fence) == ("UNKNOWN", None, 1)


@pytest.mark.django_db
def test_an_expired_lease_is_taken_back_and_the_late_finisher_loses(
    link: Link, make_flow: Callable[..., Flow], virtual_clock: ports.VirtualClock
) -> None:
    make_flow()
    enqueue(job_for_link("try_out", link, key="k"))
    (first,) = claim(connection_id=link.target_id, lanes=LANES, size=1, owner="alice")
    assert still_held(first)
    virtual_clock.advance(LEASE_SECONDS + 1)
    assert take_back_expired() == 1
    assert not still_held(first)
    assert not first.may_start_call
    (second,) = claim(connection_id=link.target_id, lanes=LANES, size=1, owner="bob")
    assert second.fence > first.fence
    assert give_back([first]) == 0
    assert SyncJob.objects.get().lease_owner == "bob"


@pytest.mark.django_db
def test_a_job_that_kills_its_workers_is_put_aside_with_a_case(
    link: Link, make_flow: Callable[..., Flow], virtual_clock: ports.VirtualClock
) -> None:
    make_flow()
    enqueue(job_for_link("try_out", link, key="poison"))
    for _ in range(3):
        claim(connection_id=link.target_id, lanes=LANES, size=1, owner="alice")
        virtual_clock.advance(LEASE_SECONDS + 1)
        take_back_expired()
    row = SyncJob.objects.get()
    assert (row.state, row.kills) == ("ERRORED", 3)
    assert [(blocker.case.cause, blocker.case.waiting_count) for blocker in row.blockers.all()] == [("our_bug", 1)]


@pytest.mark.django_db
def test_a_trigger_that_finds_an_open_job_wants_it_once_more(link: Link, make_flow: Callable[..., Flow]) -> None:
    make_flow()
    first = enqueue(job_for_link("try_out", link, key="k"))
    second, third = enqueue_many([job_for_link("try_out", link, key="k"), job_for_link("try_out", link, key="other")])
    assert (first == second, first == third) == (True, False)
    assert SyncJob.objects.get(pk=first).wanted == 2


@pytest.mark.django_db(transaction=True)
def test_parallel_claimers_share_the_work_without_a_job_twice(link: Link, make_flow: Callable[..., Flow]) -> None:
    make_flow()
    enqueue_many(job_for_link("try_out", link, key=str(n), serial_key=f"order:{n // 2}") for n in range(200))

    def take(number: int) -> list[str]:
        try:
            taken: list[str] = []
            while keys := claim_of(link, size=7):
                taken += keys
            return taken
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        taken = [key for keys in pool.map(take, range(8)) for key in keys]
    assert len(taken) == len(set(taken)) == 100
    assert {int(key) // 2 for key in taken} == set(range(100))
