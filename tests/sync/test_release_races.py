"""A saved mapping and a job that is being blocked on it, at the same moment: nobody is left behind."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from connectors.canonical.errors import MissingMapping
from connectors.models import AuditEntry, Connection, Link
from exceptions_app.models import ExceptionCase
from integrationhub.sync import blocking
from integrationhub.sync.claim import claim
from integrationhub.sync.drain import work_off
from integrationhub.sync.enqueue import enqueue, enqueue_many, job_for_link
from integrationhub.sync.flows import Done, Flow, Outcome
from integrationhub.sync.lanes import Lane
from integrationhub.sync.models import Blocker, SyncJob
from integrationhub.sync.run import Run
from mappings_app.lookup import Resolver
from mappings_app.models import MappingVersion
from mappings_app.saving import save_mapping

pytestmark = pytest.mark.django_db(transaction=True)


def save(link: Link, code: str) -> MappingVersion:
    return save_mapping(kind="sku", brand=link.brand, from_code=code, to_code=f"OUR-{code}", actor="olivia")


@pytest.mark.parametrize("round_", range(25))
def test_a_release_that_races_with_a_new_block_loses_nobody(
    link: Link, make_flow: Callable[..., Flow], round_: int
) -> None:
    make_flow()
    code = f"NEW-{round_}"
    enqueue(job_for_link("try_out", link, key="MK-1"))
    (job,) = claim(connection_id=link.target_id, lanes=tuple(Lane), size=1, owner="alice")
    together = threading.Barrier(2)

    def block() -> None:
        try:
            together.wait()
            request = blocking.mapping_requests([MissingMapping(kind="sku", code=code)])
            blocking.block(job, request, state="BLOCKED", reason="No mapping.")
        finally:
            connection.close()

    def map_it() -> None:
        try:
            together.wait()
            save(link, code)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        for done in (pool.submit(block), pool.submit(map_it)):
            done.result()
    assert SyncJob.objects.get().state == "QUEUED"
    assert Blocker.objects.filter(released_at=None).count() == 0
    assert ExceptionCase.objects.unresolved().count() == 0


def needs_its_code(run: Run) -> Outcome:
    """A flow that needs the SKU its job names, and is done once when it has it."""
    resolver = Resolver(run.link, run.started_at)
    resolver.find("sku", [run.job.argument["sku"]])
    resolver.require_all()
    return Done("Created.")


def test_one_fix_releases_exactly_what_it_blocked(link: Link, make_flow: Callable[..., Flow]) -> None:
    """260 jobs, more than one batch, over three links wait for one SKU, 20 for another."""
    make_flow(needs_its_code)
    links = [link, *(another_link(link, name) for name in ("Harbour & Co", "Kungsgatan"))]
    enqueue_many(
        job_for_link("try_out", links[number % 3], key=f"A-{number}", argument={"sku": "AB-1021"})
        for number in range(260)
    )
    enqueue_many(job_for_link("try_out", link, key=f"B-{number}", argument={"sku": "OTHER"}) for number in range(20))
    work_off([link.target_id])
    cases = ExceptionCase.objects.unresolved().order_by("code").values_list("code", "waiting_count")
    assert list(cases) == [("AB-1021", 260), ("OTHER", 20)]

    version = save(link, "AB-1021")
    work_off([link.target_id])

    done = SyncJob.objects.filter(state="DONE")
    assert (done.count(), done.filter(argument__sku="AB-1021").count()) == (260, 260)
    assert SyncJob.objects.filter(state="BLOCKED", argument__sku="OTHER").count() == 20
    assert list(ExceptionCase.objects.unresolved().values_list("code", "waiting_count")) == [("OTHER", 20)]
    entry = AuditEntry.objects.get(subject_kind__contains="mapping")
    assert (entry.actor, entry.subject_id) == ("olivia", str(version.pk))


def test_a_mapping_for_one_link_releases_that_link_only(link: Link, make_flow: Callable[..., Flow]) -> None:
    make_flow(needs_its_code)
    other = another_link(link, "Harbour & Co")
    for one in (link, other):
        enqueue(job_for_link("try_out", one, key="MK-1", argument={"sku": "AB-1021"}))
    work_off([link.target_id])
    save_mapping(kind="sku", brand=link.brand, link=other, from_code="AB-1021", to_code="X", actor="olivia")
    work_off([link.target_id])
    assert SyncJob.objects.get(link=other).state == "DONE"
    assert SyncJob.objects.get(link=link).state == "BLOCKED"
    assert [case.waiting_count for case in ExceptionCase.objects.unresolved()] == [1]


def test_a_job_that_waits_for_two_codes_goes_on_with_the_second(link: Link, make_flow: Callable[..., Flow]) -> None:
    def needs_both(run: Run) -> Outcome:
        resolver = Resolver(run.link, run.started_at)
        resolver.find("sku", ["ONE", "TWO"])
        resolver.require_all()
        return Done()

    make_flow(needs_both)
    enqueue(job_for_link("try_out", link, key="MK-1"))
    work_off([link.target_id])
    save(link, "ONE")
    work_off([link.target_id])
    assert SyncJob.objects.get().state == "BLOCKED"
    save(link, "TWO")
    work_off([link.target_id])
    assert SyncJob.objects.get().state == "DONE"


def test_three_hundred_failures_of_twelve_causes_are_twelve_cases(link: Link, make_flow: Callable[..., Flow]) -> None:
    make_flow(needs_its_code)
    enqueue_many(
        job_for_link("try_out", link, key=str(number), argument={"sku": f"SKU-{number % 12}"}) for number in range(300)
    )
    work_off([link.target_id])
    assert list(ExceptionCase.objects.unresolved().values_list("waiting_count", flat=True)) == [25] * 12


def another_link(link: Link, name: str) -> Link:
    source = Connection.objects.create(
        brand=link.brand, platform="mirakl", name=name, base_url="http://127.0.0.1:9", credentials={"api_key": "k"}
    )
    return Link.objects.create(brand=link.brand, source=source, target=link.target)
