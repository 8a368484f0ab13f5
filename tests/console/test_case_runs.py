"""One thing done to many cases: the plan, the run, pause and cancel, and what is not swept in."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from connectors import ports
from connectors.models import AuditEntry
from exceptions_app import deciding
from exceptions_app.models import CaseEvent, CaseRun, CaseRunItem, ExceptionCase
from integrationhub.console.cases.bulk import running
from integrationhub.sync import blocking, sweep
from integrationhub.sync.models import SyncCall, SyncJob
from tests import factories
from tests.console.conftest import Shop

LIST = "/console/cases/"


def plan(client: Client, action: str, cases: list[ExceptionCase], query: str = "", **data: str) -> Any:
    chosen = {"action": action, "_selected_action": [case.pk for case in cases], "index": 0, **data}
    return client.post(LIST + query, chosen, follow=True)


def press(client: Client, do: str, run: CaseRun | None = None, **data: str) -> Any:
    run = run or CaseRun.objects.get()
    return client.post(f"/console/cases/runs/{run.pk}/press/", {"do": do, **data}, follow=True)


def told(client: Client) -> dict[str, Any]:
    return dict(client.post(f"/console/cases/runs/{CaseRun.objects.get().pk}/progress/").json())


def states(jobs: list[SyncJob]) -> list[str]:
    found = dict(SyncJob.objects.filter(pk__in=[job.pk for job in jobs]).values_list("pk", "state"))
    return [found[job.pk] for job in jobs]


def some_cases(shop: Shop, count: int) -> list[ExceptionCase]:
    return [factories.make_unmapped(shop.link, f"SKU-{number}") for number in range(count)]


@pytest.fixture
def blocked(shop: Shop) -> tuple[list[ExceptionCase], list[SyncJob]]:
    """Two cases with three and two waiting orders."""
    one, first = factories.make_blocked_orders(shop.link, "AB-1021", 3)
    other, second = factories.make_blocked_orders(shop.link, "ZZ-77", 2, start=50)
    return [one, other], [*first, *second]


# --- the plan ---------------------------------------------------------------------------------------------------------


def test_the_plan_says_what_it_is_about_before_anything_happens(shop: Shop, client_of: Any, blocked: Any) -> None:
    cases, jobs = blocked
    page = plan(client_of("OPS"), "retry_selected", cases).content.decode()
    for words in ("this set is fixed now", "£250", "Try 5 records again", "not known: nothing like it was done yet"):
        assert words in page
    assert states(jobs) == ["BLOCKED"] * 5
    assert CaseRunItem.objects.count() == 5


def test_calls_and_time_are_told_from_what_such_records_needed_lately(
    shop: Shop, client_of: Any, blocked: Any, redis_client: Any
) -> None:
    cases, _ = blocked
    done = [factories.make_job(factories.make_order(shop.link, f"OLD-{number}"), state="DONE") for number in range(2)]
    for job, calls in zip(done, (2, 4), strict=True):
        for _ in range(calls):
            SyncCall.objects.create(
                job_id=job.pk,
                connection=shop.centra,
                operation="POST order",
                write=True,
                method="POST",
                url="",
                started_at=ports.now(),
                seconds=2,
                costs={"requests": 1},
            )
    page = plan(client_of("OPS"), "retry_selected", cases).content.decode()
    run = CaseRun.objects.get()
    assert (run.calls, run.seconds) == (15, 3)  # 3 calls of 2 s each, 5 records, 10 at a time
    assert 'about <span class="hub-number">15</span>' in page
    assert "about 3 s at the call budget of this moment" in page


def test_a_plan_that_was_not_started_gives_way_to_the_next(shop: Shop, client_of: Any, blocked: Any) -> None:
    client = client_of("OPS")
    plan(client, "retry_selected", blocked[0])
    plan(client, "assign_selected", blocked[0])
    assert CaseRun.objects.get().act == "ASSIGN"


def test_everything_that_matches_is_one_plan(shop: Shop, client_of: Any, blocked: Any) -> None:
    cases, _ = blocked
    carrier = factories.make_unmapped(shop.link, "DPD", kind="carrier")
    plan(client_of("OPS"), "assign_selected", cases[:1], "?cause=unmapped_sku", select_across="1")
    assert set(CaseRunItem.objects.values_list("case_id", flat=True)) == {case.pk for case in cases}
    assert carrier.pk not in CaseRun.objects.get().choice["cases"]


def test_a_record_that_waits_for_two_chosen_cases_is_one_record(shop: Shop, client_of: Any, blocked: Any) -> None:
    cases, jobs = blocked
    third = factories.make_unmapped(shop.link, "THIRD", jobs=jobs[:1])
    page = plan(client_of("OPS"), "retry_selected", [*cases, third]).content.decode()
    assert "Try 5 records again" in page
    assert "Wait for more" not in page
    page = plan(client_of("FINANCE"), "retry_selected", cases).content.decode()
    assert "1 of them wait for another case too" in page


# --- trying again -----------------------------------------------------------------------------------------------------


def test_starting_queues_the_frozen_set_and_tells_it_in_each_story(shop: Shop, client_of: Any, blocked: Any) -> None:
    cases, jobs = blocked
    client = client_of("OPS")
    plan(client, "retry_selected", cases)
    late, (newcomer,) = factories.make_blocked_orders(shop.link, "AB-1021", 1, start=90)
    assert late == cases[0]
    press(client, "start")
    assert states(jobs) == ["QUEUED"] * 5
    assert states([newcomer]) == ["BLOCKED"]
    retried = CaseEvent.objects.filter(kind="RETRIED").values_list("case_id", "actor")
    assert sorted(retried) == sorted((case.pk, "the-ops") for case in cases)
    assert AuditEntry.objects.filter(action="case.retried").count() == 2


def test_failures_that_come_in_during_the_run_are_not_swept_in(shop: Shop, client_of: Any, blocked: Any) -> None:
    cases, _ = blocked
    client = client_of("OPS")
    plan(client, "retry_selected", cases)
    press(client, "start")
    press(client, "pause")
    _, (newcomer,) = factories.make_blocked_orders(shop.link, "AB-1021", 1, start=90)
    press(client, "resume")
    assert states([newcomer]) == ["BLOCKED"]
    assert told(client)["total"] == 5


def test_pressing_start_twice_has_one_effect(shop: Shop, client_of: Any, blocked: Any) -> None:
    client = client_of("OPS")
    plan(client, "retry_selected", blocked[0])
    press(client, "start")
    SyncJob.objects.update(state="FAILED")
    assert "It was started already." in press(client, "start").content.decode()
    assert set(states(blocked[1])) == {"FAILED"}
    assert CaseEvent.objects.filter(kind="RETRIED").count() == 2


def test_records_are_due_one_after_the_other_at_the_planned_pace(shop: Shop, client_of: Any, blocked: Any) -> None:
    client = client_of("OPS")
    plan(client, "retry_selected", blocked[0])
    CaseRun.objects.update(seconds=50)
    press(client, "start")
    due = SyncJob.objects.order_by("pk").values_list("due_at", flat=True)
    assert [(at - ports.now()).total_seconds() for at in due] == [0, 10, 20, 30, 40]


def test_a_mapping_saved_meanwhile_lets_records_go_at_once(shop: Shop, client_of: Any, blocked: Any) -> None:
    cases, jobs = blocked
    client = client_of("OPS")
    plan(client, "retry_selected", cases)
    CaseRun.objects.update(seconds=50)
    press(client, "start")
    blocking.release_mapping(brand_id=shop.brand.pk, kind="sku", code="AB-1021", link_id=None, by="alice")
    assert set(SyncJob.objects.filter(pk__in=[job.pk for job in jobs[:3]]).values_list("due_at", flat=True)) == {
        ports.now()
    }


def test_the_progress_counts_down_to_done_or_waiting_again(shop: Shop, client_of: Any, blocked: Any) -> None:
    cases, jobs = blocked
    client = client_of("OPS")
    plan(client, "retry_selected", cases)
    press(client, "start")
    assert told(client)["told"] == "0 of 5 done · 5 to go"
    SyncJob.objects.filter(pk=jobs[0].pk).update(state="DONE", fence=1)
    SyncJob.objects.filter(pk=jobs[1].pk).update(state="RUNNING", fence=1, lease_until=ports.now())
    SyncJob.objects.filter(pk=jobs[2].pk).update(state="FAILED", fence=1)
    assert told(client)["told"] == "1 of 5 done · 1 under way · 2 to go · 1 waiting again"
    SyncJob.objects.filter(pk__in=[jobs[1].pk, jobs[3].pk, jobs[4].pk]).update(state="DONE", fence=1)
    end = told(client)
    assert (end["ended"], end["finished"], end["state"]) == (5, True, "Done")
    assert CaseRun.objects.get().finished_at == ports.now()


def test_pausing_holds_what_nobody_has_begun_and_going_on_gives_it_back(
    shop: Shop, client_of: Any, blocked: Any
) -> None:
    cases, jobs = blocked
    SyncJob.objects.filter(pk=jobs[1].pk).update(state="FAILED", reason="Refused.")
    client = client_of("OPS")
    plan(client, "retry_selected", cases)
    press(client, "start")
    SyncJob.objects.filter(pk=jobs[0].pk).update(state="RUNNING", fence=1, lease_until=ports.now())
    press(client, "pause")
    assert states(jobs) == ["RUNNING", "FAILED", "BLOCKED", "BLOCKED", "BLOCKED"]
    assert SyncJob.objects.get(pk=jobs[1].pk).reason == "Refused."
    press(client, "resume")
    assert states(jobs) == ["RUNNING", "QUEUED", "QUEUED", "QUEUED", "QUEUED"]


def test_cancelling_leaves_each_record_done_or_untouched(shop: Shop, client_of: Any, blocked: Any) -> None:
    cases, jobs = blocked
    before = list(SyncJob.objects.order_by("pk").values("pk", "state", "reason", "record_id"))
    client = client_of("OPS")
    plan(client, "retry_selected", cases)
    press(client, "start")
    SyncJob.objects.filter(pk=jobs[0].pk).update(state="DONE", fence=1)
    blocking.let_go_of_finished([jobs[0].pk])
    press(client, "cancel")
    assert list(SyncJob.objects.order_by("pk").values("pk", "state", "reason", "record_id"))[1:] == before[1:]
    assert told(client)["told"] == "1 of 5 done · 4 left as they were"
    assert press(client, "resume").status_code == 200
    assert states(jobs[1:]) == ["BLOCKED"] * 4


def test_cancelling_leaves_going_what_waits_for_nothing_or_has_a_newer_document(
    shop: Shop, client_of: Any, blocked: Any
) -> None:
    cases, jobs = blocked
    client = client_of("OPS")
    plan(client, "retry_selected", cases)
    press(client, "start")
    blocking.release_mapping(brand_id=shop.brand.pk, kind="sku", code="AB-1021", link_id=None, by="alice")
    SyncJob.objects.filter(pk=jobs[3].pk).update(wanted=2)
    press(client, "cancel")
    assert states(jobs) == ["QUEUED", "QUEUED", "QUEUED", "QUEUED", "BLOCKED"]


def test_what_went_on_by_itself_between_plan_and_start_is_left_alone(shop: Shop, client_of: Any, blocked: Any) -> None:
    cases, jobs = blocked
    client = client_of("OPS")
    plan(client, "retry_selected", cases)
    SyncJob.objects.filter(pk=jobs[0].pk).update(state="DONE")
    press(client, "start")
    assert states(jobs) == ["DONE", *["QUEUED"] * 4]
    assert told(client)["told"] == "0 of 5 done · 4 to go · 1 left as they were"


# --- the other acts ---------------------------------------------------------------------------------------------------


def test_assigning_many_says_to_whom_first(shop: Shop, client_of: Any) -> None:
    cases = some_cases(shop, 3)
    client = client_of("OPS")
    asked = plan(client, "assign_selected", cases[:2])
    assert "Assign 2 cases" in asked.content.decode()
    assert ExceptionCase.objects.exclude(owner=None).count() == 0
    me = asked.wsgi_request.user
    press(client, "start", owner=str(me.pk))
    assert list(ExceptionCase.objects.filter(owner=me).order_by("pk")) == cases[:2]
    assert CaseRun.objects.get().state == "DONE"


def test_nobody_is_given_cases_who_may_not_work_on_them(shop: Shop, client_of: Any, person: Any) -> None:
    viewer = person("VIEWER")
    client = client_of("OPS")
    plan(client, "assign_selected", some_cases(shop, 1))
    page = press(client, "start", owner=str(viewer.pk)).content.decode()
    assert "Choose somebody who may work on all of these cases." in page
    assert (CaseRun.objects.get().state, ExceptionCase.objects.get().owner) == ("PLANNED", None)


def test_handing_many_over_keeps_the_reason(shop: Shop, client_of: Any) -> None:
    client = client_of("OPS")
    plan(client, "hand_over_selected", some_cases(shop, 2))
    press(client, "start", team="FINANCE", text="About money")
    assert set(ExceptionCase.objects.values_list("team", flat=True)) == {"FINANCE"}
    assert CaseEvent.objects.filter(kind="HANDED_OVER", text="About money").count() == 2


def test_snoozing_many_says_what_was_refused(shop: Shop, client_of: Any) -> None:
    (free,) = some_cases(shop, 1)
    due, _ = factories.make_blocked_orders(shop.link, "AB-1021", 1)
    client = client_of("OPS")
    plan(client, "snooze_selected", [free, due])
    page = press(client, "start", **{"for": "3d", "more": "5"}).content.decode()
    free.refresh_from_db()
    due.refresh_from_db()
    assert (free.state, free.snoozed_until, free.wake_at_count) == ("SNOOZED", ports.now() + timedelta(days=3), 5)
    assert due.state == "OPEN"
    assert f"Case {due.pk}</a>: It must be decided before that." in page
    assert "1 of 2 done · 1 refused" in page


def test_closing_many_leaves_open_what_still_has_work(shop: Shop, client_of: Any) -> None:
    noted = factories.make_case(shop.link, "payment_refused", object_key="1", context={"order": "MK-1"})
    busy, (job,) = factories.make_blocked_orders(shop.link, "AB-1021", 1)
    client = client_of("OPS")
    plan(client, "close_selected", [noted, busy])
    assert "Say why they are closed." in press(client, "start", text=" ").content.decode()
    press(client, "start", text="Seen")
    noted.refresh_from_db()
    busy.refresh_from_db()
    assert (noted.state, noted.close_reason, busy.state, states([job])) == ("CLOSED", "Seen", "OPEN", ["BLOCKED"])


def test_a_run_over_cases_can_be_paused_and_given_up(shop: Shop, client_of: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(running, "AT_ONCE_SECONDS", -1)  # no request works anything off
    cases = some_cases(shop, 2)
    client = client_of("OPS")
    plan(client, "hand_over_selected", cases)
    press(client, "start", team="FINANCE")
    press(client, "pause")
    monkeypatch.setattr(running, "AT_ONCE_SECONDS", 60)
    assert told(client)["told"] == "0 of 2 done · 2 to go"
    press(client, "cancel")
    assert told(client)["told"] == "0 of 2 done · 2 left as they were"
    assert set(ExceptionCase.objects.values_list("team", flat=True)) == {"ECOMMERCE"}


def test_closed_cases_are_not_planned(shop: Shop, client_of: Any) -> None:
    (case,) = some_cases(shop, 1)
    deciding.close_case(case.pk, actor="alice", reason="Test")
    page = plan(client_of("OPS"), "assign_selected", [case], "?state=all").content.decode()
    assert "None of these cases is open and yours to work on." in page
    assert CaseRun.objects.count() == 0


# --- who may ----------------------------------------------------------------------------------------------------------


def test_who_may_not_work_on_cases_plans_nothing(shop: Shop, client_of: Any, blocked: Any) -> None:
    for role in ("VIEWER", "AUDITOR"):
        plan(client_of(role), "retry_selected", blocked[0])
    assert CaseRun.objects.count() == 0
    assert states(blocked[1]) == ["BLOCKED"] * 5


@pytest.mark.parametrize("do", ["start", "pause", "resume", "cancel"])
def test_who_may_only_see_may_not_steer_a_run(shop: Shop, client_of: Any, blocked: Any, do: str) -> None:
    plan(client_of("OPS"), "retry_selected", blocked[0])
    assert press(client_of("VIEWER"), do).status_code == 403
    assert CaseRun.objects.get().state == "PLANNED"
    assert states(blocked[1]) == ["BLOCKED"] * 5


def test_work_stops_at_the_brand_where_the_person_may_work(shop: Shop, blocked: Any) -> None:
    other = factories.make_brand("other", "Other")
    theirs, (job,) = factories.make_blocked_orders(factories.make_link(other), "AB-1021", 1)
    client = Client()
    client.force_login(factories.make_person("carol", ("OPS", shop.brand), ("VIEWER", other)))
    plan(client, "retry_selected", [*blocked[0], theirs])
    press(client, "start")
    assert states([job]) == ["BLOCKED"]
    assert states(blocked[1]) == ["QUEUED"] * 5


def test_a_run_of_another_brand_is_neither_seen_nor_steered(shop: Shop, client_of: Any, blocked: Any) -> None:
    plan(client_of("OPS"), "retry_selected", blocked[0])
    run = CaseRun.objects.get()
    other = factories.make_brand("other", "Other")
    client = Client()
    client.force_login(factories.make_person("otto", ("ADMIN", other), ("OPS", other)))
    assert client.get(f"/console/cases/runs/{run.pk}/").status_code == 403
    assert press(client, "start", run).status_code == 403
    assert client.post(f"/console/cases/runs/{run.pk}/progress/").status_code == 403
    assert states(blocked[1]) == ["BLOCKED"] * 5


def test_looking_at_a_run_does_not_carry_it_on(shop: Shop, client_of: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(running, "AT_ONCE_SECONDS", -1)
    client = client_of("OPS")
    plan(client, "hand_over_selected", some_cases(shop, 1))
    press(client, "start", team="FINANCE")
    monkeypatch.setattr(running, "AT_ONCE_SECONDS", 60)
    viewer, run = client_of("VIEWER"), CaseRun.objects.get()
    assert viewer.get(f"/console/cases/runs/{run.pk}/progress/").json()["ended"] == 0
    assert viewer.post(f"/console/cases/runs/{run.pk}/progress/").status_code == 403
    assert ExceptionCase.objects.get().team == "ECOMMERCE"
    assert told(client)["told"] == "1 of 1 done"


# --- with the page closed ---------------------------------------------------------------------------------------------


def test_the_scheduler_finishes_what_was_started_and_whose_page_is_closed(
    shop: Shop, client_of: Any, monkeypatch: Any
) -> None:
    client = client_of("OPS")
    plan(client, "close_selected", some_cases(shop, 3))
    monkeypatch.setattr(running, "AT_ONCE_SECONDS", -1)
    press(client, "start", text="Not ours")
    assert CaseRunItem.objects.filter(state="DONE").count() == 0
    monkeypatch.setattr(running, "AT_ONCE_SECONDS", 60)
    sweep.do_chores()
    assert CaseRun.objects.get().state == "DONE"
    closed = ExceptionCase.objects.filter(state="CLOSED").values_list("closed_by", "close_reason")
    assert list(closed) == [("the-ops", "Not ours")] * 3


def test_the_scheduler_leaves_alone_what_was_only_planned_or_is_paused(
    shop: Shop, client_of: Any, monkeypatch: Any
) -> None:
    client = client_of("OPS")
    plan(client, "close_selected", some_cases(shop, 2))
    sweep.do_chores()
    monkeypatch.setattr(running, "AT_ONCE_SECONDS", -1)
    press(client, "start", text="Not ours")
    press(client, "pause")
    monkeypatch.setattr(running, "AT_ONCE_SECONDS", 60)
    sweep.do_chores()
    assert CaseRun.objects.get().state == "PAUSED"
    assert ExceptionCase.objects.filter(state="CLOSED").count() == 0
