"""Waiting for a person, and going on: whatever races with whatever, nobody is left behind and nobody goes twice."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from connectors import ports
from connectors.canonical.errors import DataError, MappingError, MissingMapping, PermanentError, Problem
from connectors.models import Link
from exceptions_app.models import ExceptionCase
from integrationhub.sync import drain
from integrationhub.sync.blocking import retry
from integrationhub.sync.enqueue import enqueue, enqueue_many, job_for_link
from integrationhub.sync.flows import Done, Flow, NeedsPersonError, Outcome
from integrationhub.sync.lanes import Lane
from integrationhub.sync.models import Blocker, SyncJob
from integrationhub.sync.run import Run
from mappings_app.lookup import Resolver
from mappings_app.saving import save_mapping

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_client", "virtual_clock")]

LANES = tuple(Lane)


def needs_its_codes(run: Run) -> Outcome:
    """Done when every code of the job's key ("A+B") is mapped."""
    codes = run.job.key.split(":")[0].split("+")
    found = Resolver(run.link, ports.now()).find("sku", codes)
    missing = [code for code in codes if code not in found]
    if missing:
        raise MappingError([MissingMapping(kind="sku", code=code) for code in missing])
    done.append(run.job.key)
    return Done()


done: list[str] = []


@pytest.fixture
def importing(make_flow: Callable[..., Flow]) -> Flow:
    done.clear()
    return make_flow(needs_its_codes)


def work(link: Link, *, threads: int = 1) -> drain.Tally:
    return drain.drain(link.target_id, lanes=LANES, threads=threads)


def map_sku(link: Link, code: str) -> None:
    save_mapping(kind="sku", brand=link.brand, from_code=code, to_code=f"our {code}", actor="olivia", reason="Test")


def at_once(*tasks: Callable[[], Any]) -> None:
    """Run the tasks in threads of their own, all starting together; what one raises is raised here."""
    barrier = threading.Barrier(len(tasks))

    def run(task: Callable[[], Any]) -> None:
        try:
            barrier.wait()
            task()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(tasks)) as pool:
        for ended in [pool.submit(run, task) for task in tasks]:
            ended.result()


def states() -> dict[str, int]:
    found: dict[str, int] = {}
    for state in SyncJob.objects.values_list("state", flat=True):
        found[state] = found.get(state, 0) + 1
    return found


def open_cases() -> list[tuple[str, str, int]]:
    rows = ExceptionCase.objects.unresolved().order_by("cause", "code")
    return [(case.cause, case.code, case.waiting_count) for case in rows]


# --- races ------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_mapping_saved_while_jobs_are_being_blocked_on_it_leaves_nobody_waiting(link: Link, importing: Flow) -> None:
    for number in range(50):
        code = f"SKU-{number}"
        enqueue_many(job_for_link("try_out", link, key=f"{code}:{n}") for n in range(6))
        at_once(lambda: work(link, threads=2), lambda code=code: map_sku(link, code))
        assert not SyncJob.objects.filter(state="BLOCKED").exists(), number
        work(link)
    assert states() == {"DONE": 300}
    assert sorted(done) == sorted(f"SKU-{number}:{n}" for number in range(50) for n in range(6))
    assert not Blocker.objects.filter(released_at=None).exists()
    assert open_cases() == []


@pytest.mark.django_db(transaction=True)
def test_two_mappings_saved_at_once_release_what_waits_for_both(link: Link, importing: Flow) -> None:
    for number in range(12):
        first, second = f"A{number}", f"B{number}"
        enqueue_many(job_for_link("try_out", link, key=f"{first}+{second}:{n}") for n in range(5))
        work(link)
        assert states().get("BLOCKED") == 5
        at_once(lambda code=first: map_sku(link, code), lambda code=second: map_sku(link, code))
        assert "BLOCKED" not in states(), number
        work(link)
    assert states() == {"DONE": 60}
    assert open_cases() == []


@pytest.mark.django_db(transaction=True)
def test_jobs_that_miss_the_same_codes_in_another_order_do_not_lock_each_other_out(link: Link, importing: Flow) -> None:
    for number in range(15):
        codes = [f"{letter}{number}" for letter in "ABCD"]
        for n, order in enumerate(
            (codes, codes[::-1], codes[2:] + codes[:2], [codes[1], codes[3], codes[0], codes[2]])
        ):
            enqueue(job_for_link("try_out", link, key=f"{'+'.join(order)}:{n}"))
        work(link, threads=4)
    assert states() == {"BLOCKED": 60}
    assert {count for _, _, count in open_cases()} == {4}


# --- triggers and waiting ---------------------------------------------------------------------------------------------


def test_a_trigger_that_comes_while_a_job_is_being_blocked_is_not_lost(
    link: Link, make_flow: Callable[..., Flow]
) -> None:
    """A newer version arrived while the old one was found unreadable: the newer one is worked on at once."""
    tries: list[int] = []

    def unreadable_once(run: Run) -> Outcome:
        tries.append(run.job.wanted)
        if len(tries) == 1:
            enqueue(job_for_link("try_out", link, key="MK-1"))
            raise DataError([Problem(field="total", message="It is wrong.")])
        return Done()

    make_flow(unreadable_once)
    enqueue(job_for_link("try_out", link, key="MK-1"))
    work(link)
    assert (states(), tries, open_cases()) == ({"DONE": 1}, [1, 2], [])


@pytest.mark.parametrize(
    "error",
    [
        DataError([Problem(field="total", message="It is wrong.")]),
        PermanentError("No.", code="no"),
        MappingError([MissingMapping(kind="sku", code="X")]),
        NeedsPersonError("unknown_state", object_key="1:NEW", context={"state": "NEW"}),
        ZeroDivisionError("our own mistake"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_each_error_that_needs_a_person_is_one_case_however_many_find_it(
    link: Link, make_flow: Callable[..., Flow], error: Exception
) -> None:
    def fails(run: Run) -> Outcome:
        raise error

    make_flow(fails, record="order", records="orders", done="created")
    enqueue_many(job_for_link("try_out", link, key=f"MK-{n}") for n in range(5))
    work(link)
    ((_, _, count),) = open_cases()
    assert count == 5
    case = ExceptionCase.objects.get()
    retry(case, by="olivia")
    assert states() == {"QUEUED": 5}
    assert ExceptionCase.objects.unresolved().count() == 1  # neither flaps nor forgets while the tries go on
    work(link)
    assert [entry[2] for entry in open_cases()] == [5]


def test_a_case_closes_when_the_last_that_waited_for_it_succeeds(link: Link, make_flow: Callable[..., Flow]) -> None:
    broken = {"MK-0", "MK-1"}

    def fails_for_some(run: Run) -> Outcome:
        if run.job.key in broken:
            raise PermanentError("No.", code="no")
        return Done()

    make_flow(fails_for_some)
    enqueue_many(job_for_link("try_out", link, key=f"MK-{n}") for n in range(2))
    work(link)
    case = ExceptionCase.objects.get()
    broken.discard("MK-0")
    retry(case, by="olivia")
    work(link)
    assert [count for _, _, count in open_cases()] == [1]
    broken.clear()
    retry(case, by="olivia")
    work(link)
    assert open_cases() == []


def test_a_case_that_cannot_be_told_costs_its_own_job_only(link: Link, make_flow: Callable[..., Flow]) -> None:
    """A flow that names a cause nobody registered is a fault of ours; the orders beside it go on."""

    def names_nonsense(run: Run) -> Outcome:
        if run.job.key == "MK-1":
            raise NeedsPersonError("no_such_cause", object_key="x")
        return Done()

    make_flow(names_nonsense)
    enqueue_many(job_for_link("try_out", link, key=f"MK-{n}") for n in range(3))
    work(link)
    assert states() == {"DONE": 2, "ERRORED": 1}
    assert [cause for cause, _, _ in open_cases()] == ["our_bug"]


def test_words_with_a_nul_from_a_platform_stop_nobody(link: Link, make_flow: Callable[..., Flow]) -> None:
    def quotes(run: Run) -> Outcome:
        raise DataError([Problem(field="title", message="It says \x00.")], record="MK-\x00")

    make_flow(quotes)
    enqueue(job_for_link("try_out", link, key="MK-1"))
    work(link)
    assert states() == {"BLOCKED": 1}
    assert "\x00" not in SyncJob.objects.get().reason
