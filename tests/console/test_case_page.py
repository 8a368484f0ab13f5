import json
import re
import zlib
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from connectors import ports
from connectors.models import AuditEntry
from exceptions_app import deciding
from exceptions_app.models import CaseEvent, ExceptionCase, TeamTarget
from exceptions_app.opening import wake_due_cases
from integrationhub.console.cases.acting import ACTS
from integrationhub.console.cases.previewing import Preview, previews
from integrationhub.orders.models import OrderPerson
from integrationhub.sync import blocking
from integrationhub.sync.models import Blocker, CallBody, SyncAttempt, SyncCall, SyncJob
from integrationhub.sync.sweep import keep_house
from mappings_app.models import MappingVersion
from tests import factories
from tests.console.conftest import Shop


def address(case: ExceptionCase, rest: str = "") -> str:
    return f"/console/cases/{case.pk}/{rest}"


def page(client: Client, case: ExceptionCase, query: str = "") -> str:
    return client.get(address(case) + query).content.decode()


def save(client: Client, case: ExceptionCase, **data: str) -> Any:
    return client.post(address(case, "map/"), {"choice": "NW-1021", "scope": "", "reason": "", **data})


def do(client: Client, case: ExceptionCase, what: str, **data: str) -> Any:
    return client.post(address(case, "act/"), {"do": what, **data}, follow=True)


def states(jobs: list[SyncJob]) -> list[str]:
    for job in jobs:
        job.refresh_from_db()
    return [job.state for job in jobs]


@pytest.fixture
def known(shop: Shop) -> None:
    factories.make_known_codes(
        shop.centra, "sku", ("NW-1021", "Black / M", "5012345678900"), ("NW-1022", "Black / L", "5012345678917")
    )


@pytest.fixture
def waiting(shop: Shop, known: None) -> tuple[ExceptionCase, list[SyncJob], list[SyncJob]]:
    """3 orders of Northgate and 2 of Harbour & Co wait for AB-1021; one of the latter waits for ZZ-77 too."""
    case, here = factories.make_blocked_orders(shop.link, "AB-1021", 3, gtin="5012345678900", label="Tee")
    _, there = factories.make_blocked_orders(shop.harbour_link, "AB-1021", 2, prefix="HC")
    factories.make_unmapped(shop.harbour_link, "ZZ-77", jobs=there[:1])
    case.refresh_from_db()
    return case, here, there


# --- what it says -----------------------------------------------------------------------------------------------------


def test_the_page_tells_what_is_wrong_what_happens_and_what_to_press(shop: Shop, client_of: Any, waiting: Any) -> None:
    case, *_ = waiting
    told = page(client_of("OPS"), case)
    assert "5 orders wait: Northgate (Mirakl) and Harbour &amp; Co (Mirakl) sell <b>AB-1021</b>" in told
    assert "This SKU has no mapping." in told
    assert "The orders don't reach Centra" in told
    assert "Save and release 5" in told
    for word in ("Traceback", ">None<", "N/A", "import_order"):
        assert word not in told


@pytest.mark.parametrize("cause", ["unmapped_sku", "refused_by_platform", "retries_spent", "cancelled_after_dispatch"])
def test_the_page_takes_twelve_queries_at_most(
    shop: Shop, client_of: Any, known: None, cause: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    case, jobs = factories.make_blocked_orders(shop.link, "AB-1021", 50)
    if cause != "unmapped_sku":
        case = factories.make_case(shop.link, cause, object_key="order:1", context={"order": "MK-1"}, jobs=jobs)
    client = client_of("OPS")
    client.get(address(case))
    with django_assert_max_num_queries(12):
        client.get(address(case))


def test_waiting_records_come_in_pages(shop: Shop, client_of: Any) -> None:
    case, _ = factories.make_blocked_orders(shop.link, "AB-1021", 53)
    client = client_of("OPS")
    pages = [client.get(address(case) + f"?page={number}").context["waiting"] for number in (1, 2, 3, 4)]
    assert [(len(one.rows), one.more) for one in pages] == [(25, True), (25, True), (3, False), (0, False)]
    assert len({row.title for one in pages for row in one.rows}) == 53
    assert "26–50 of 53, the most urgent first" in page(client, case, "?page=2")
    assert "There are no more." in page(client, case, "?page=4")


@pytest.mark.parametrize("number", ["0", "-1", "x", "²", "99999999999999999999"])
def test_a_page_number_that_is_none_shows_the_first(shop: Shop, client_of: Any, waiting: Any, number: str) -> None:
    assert client_of("OPS").get(address(waiting[0]) + f"?page={number}").context["waiting"].number == 1


def test_a_waiting_record_tells_the_order_it_is_about(shop: Shop, client_of: Any) -> None:
    order = factories.make_order(shop.link, "MK:1:A")  # a reference may look like a key
    case = factories.make_unmapped(shop.link, "AB-1021", jobs=[factories.make_job(order)])
    (row,) = client_of("OPS").get(address(case)).context["waiting"].rows
    assert (row.title, row.initials, row.channel, row.value) == ("MK:1:A", "A.B.", "Northgate", order.total)
    assert row.url == f"/console/orders/{order.pk}/"


def test_the_gtin_is_suggested_first_and_chosen(shop: Shop, client_of: Any, waiting: Any) -> None:
    form = client_of("OPS").get(address(waiting[0])).context["form"]
    assert (form.suggestions[0].code, form.suggestions[0].why) == ("NW-1021", "GTIN equal")
    assert form.chosen() == "NW-1021"


def test_the_platforms_own_words_are_quoted_and_escaped(shop: Shop, client_of: Any) -> None:
    case = factories.make_case(
        shop.link, "refused_by_platform", object_key="1", platform_words="<script>alert(1)</script>"
    )
    told = page(client_of("OPS"), case)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in told
    assert "In the platform's own words" in told


def test_who_may_not_map_sees_the_numbers_and_no_form(shop: Shop, client_of: Any, waiting: Any) -> None:
    told = page(client_of("VIEWER"), waiting[0])
    assert "Releases 5 orders" in told
    assert "data-release-form" not in told
    assert 'name="do"' not in told


# --- the preview ------------------------------------------------------------------------------------------------------


def test_the_preview_counts_per_scope_and_says_what_will_still_wait(shop: Shop, waiting: Any) -> None:
    case, *_ = waiting
    found = previews(case, [shop.link, shop.harbour_link])
    counts = {scope: (one.waiting, one.released, one.still_waiting) for scope, one in found.items()}
    assert counts == {shop.link.pk: (3, 3, 0), shop.harbour_link.pk: (2, 1, 1), None: (5, 4, 1)}
    assert found[None].value == 5 * factories._LINE_PRICE


def test_the_preview_is_a_sentence(shop: Shop, waiting: Any) -> None:
    told = previews(waiting[0], [shop.link])[None].sentence(noun=("order", "orders"), currency="GBP", now=ports.now())
    assert told == "Releases 5 orders, £250, oldest 3 h 10; 1 of them will still wait for something else."


def test_a_preview_of_nothing_says_so() -> None:
    nothing = Preview(waiting=0, released=0, value=None, oldest_at=None)
    assert (
        nothing.sentence(noun=("order", "orders"), currency="GBP", now=ports.now())
        == "No orders wait for it in this scope."
    )


# --- the fix ----------------------------------------------------------------------------------------------------------


def test_saving_releases_exactly_what_waits_for_it(shop: Shop, client_of: Any, waiting: Any) -> None:
    case, here, there = waiting
    _, others = factories.make_blocked_orders(shop.link, "OTHER", 2, start=500)
    answer = save(client_of("OPS"), case)
    assert answer.status_code == 302
    assert states(here) == ["QUEUED"] * 3
    assert states(there) == ["BLOCKED", "QUEUED"]  # the first waits for ZZ-77 too
    assert states(others) == ["BLOCKED"] * 2
    case.refresh_from_db()
    assert (case.state, case.closed_by) == ("CLOSED", "the-ops")
    version = MappingVersion.objects.get()
    assert (version.link, version.from_code, version.to_code, version.to_label) == (
        None,
        "AB-1021",
        "NW-1021",
        "Black / M",
    )
    assert AuditEntry.objects.get(action="mapping.saved").after["versions"][0]["version"] == version.pk


def test_saving_for_one_channel_leaves_the_other_waiting(shop: Shop, client_of: Any, waiting: Any) -> None:
    case, here, there = waiting
    save(client_of("OPS"), case, scope=str(shop.link.pk))
    assert states(here) == ["QUEUED"] * 3
    assert states(there) == ["BLOCKED"] * 2
    case.refresh_from_db()
    assert (case.state, case.waiting_count) == ("OPEN", 2)
    assert MappingVersion.objects.get().link == shop.link


def test_a_typed_code_that_nobody_lists_is_asked_about_once(shop: Shop, client_of: Any, waiting: Any) -> None:
    case, here, _ = waiting
    client = client_of("OPS")
    asked = save(client, case, choice="", other="NW-9999")
    assert "Centra does not list NW-9999. Save once more if you are sure." in asked.content.decode()
    assert MappingVersion.objects.count() == 0
    assert states(here) == ["BLOCKED"] * 3
    save(client, case, choice="", other="NW-9999", sure="on")
    assert MappingVersion.objects.get().to_code == "NW-9999"


def test_a_carrier_outside_their_list_is_refused(shop: Shop, client_of: Any) -> None:
    factories.make_known_codes(shop.northgate, "carrier", ("DPD", "DPD UK", ""))
    case = factories.make_unmapped(shop.link, "Parcels", kind="carrier")
    told = save(client_of("OPS"), case, choice="", other="PARCELS", scope=str(shop.link.pk)).content.decode()
    assert "does not list PARCELS" in told
    assert MappingVersion.objects.count() == 0


@pytest.mark.parametrize(("kind", "scope"), [("carrier", "its link"), ("sku", "")])
def test_what_a_channel_calls_it_is_offered_for_that_channel_alone(
    shop: Shop, client_of: Any, kind: str, scope: str
) -> None:
    """Each marketplace has carrier codes of its own; what the shop calls a SKU is the same for all."""
    case = factories.make_unmapped(shop.link, "Parcels", kind=kind)
    told = page(client_of("OPS"), case)
    wanted = str(shop.link.pk) if scope else ""
    checked = re.findall(r'name="scope" value="(\d*)" [^>]*checked', told)
    assert checked == [wanted]


def test_an_unlisted_carrier_is_saved_on_purpose(shop: Shop, client_of: Any) -> None:
    factories.make_known_codes(shop.northgate, "carrier", ("DPD", "DPD UK", ""))
    case = factories.make_unmapped(shop.link, "Parcels", kind="carrier")
    save(client_of("OPS"), case, choice="", other="Parcels", sure="on", attribute_unlisted="on")
    assert MappingVersion.objects.get().attributes == {"unlisted": True}


def test_saving_without_a_choice_says_what_is_missing(shop: Shop, client_of: Any, waiting: Any) -> None:
    told = save(client_of("OPS"), waiting[0], choice="").content.decode()
    assert "Choose or type our SKU first." in told
    assert MappingVersion.objects.count() == 0


def test_codes_are_found_by_their_beginning_and_by_name(shop: Shop, client_of: Any, waiting: Any) -> None:
    client = client_of("OPS")
    codes = lambda typed: client.get(address(waiting[0], "codes/"), {"q": typed}).json()["codes"]  # noqa: E731
    assert [one["code"] for one in codes("nw1021")] == ["NW-1021"]
    assert codes("black / l") == [{"code": "NW-1022", "label": "Black / L"}]
    assert codes("nothing like it") == []


# --- counting down ----------------------------------------------------------------------------------------------------


def follow(client: Client, answer: Any) -> dict[str, Any]:
    told = client.get(answer["Location"]).context["pressed"]
    return dict(client.get(told["url"]).json())


def test_the_progress_counts_down_to_done_or_waiting_elsewhere(shop: Shop, client_of: Any, waiting: Any) -> None:
    case, here, there = waiting
    client = client_of("OPS")
    answer = save(client, case)
    start = follow(client, answer)
    assert {name: start[name] for name in ("total", "done", "running", "waiting", "finished")} == {
        "total": 5, "done": 0, "running": 4, "waiting": 1, "finished": False,
    }  # fmt: skip
    SyncJob.objects.filter(pk__in=[job.pk for job in [*here, there[1]]]).update(state="DONE")
    end = follow(client, answer)
    assert (end["done"], end["waiting"], end["finished"]) == (4, 1, True)
    assert [(one["text"], one["count"]) for one in end["cases"]] == [
        ("1 order waits: Harbour & Co (Mirakl) sells ZZ-77 and we don't know which Centra product it is.", 1)
    ]


def test_a_record_that_is_held_up_again_is_told_with_its_new_case(shop: Shop, client_of: Any, waiting: Any) -> None:
    case, here, _ = waiting
    client = client_of("OPS")
    answer = save(client, case)
    SyncJob.objects.filter(pk=here[0].pk).update(state="FAILED")
    refused = factories.make_case(shop.link, "refused_by_platform", object_key="x", jobs=here[:1])
    told = follow(client, answer)
    assert f"/console/cases/{refused.pk}/" in [one["url"] for one in told["cases"]]


def test_trying_one_again_counts_that_one_only(shop: Shop, client_of: Any, waiting: Any) -> None:
    case, here, _ = waiting
    client = client_of("OPS")
    answer = client.post(address(case, "act/"), {"do": "retry_one", "job": str(here[1].pk)})
    assert states(here) == ["BLOCKED", "QUEUED", "BLOCKED"]
    assert follow(client, answer)["total"] == 1


def test_a_finished_retry_counts_as_done(shop: Shop, client_of: Any, waiting: Any) -> None:
    case, here, _ = waiting
    client = client_of("OPS")
    answer = client.post(address(case, "act/"), {"do": "retry"})
    SyncJob.objects.filter(pk=here[0].pk).update(state="DONE")
    blocking.let_go_of_finished([here[0].pk])
    told = follow(client, answer)
    assert (told["total"], told["done"], told["running"]) == (5, 1, 4)


@pytest.mark.parametrize(
    "query", ["", "?what=release", "?what=steal&at=2026-01-15T09:00:00%2B00:00", "?what=retry&at=x"]
)
def test_progress_of_no_press_is_refused(shop: Shop, client_of: Any, waiting: Any, query: str) -> None:
    assert client_of("OPS").get(address(waiting[0], "progress/") + query).status_code == 403


# --- the other buttons ------------------------------------------------------------------------------------------------


def test_taking_commenting_and_handing_over_are_kept_in_the_history(shop: Shop, client_of: Any) -> None:
    case = factories.make_unmapped(shop.link, "AB-1021")
    client = client_of("OPS")
    do(client, case, "take")
    do(client, case, "comment", text="Asked Northgate.")
    told = do(client, case, "hand_over", team="FINANCE").content.decode()
    case.refresh_from_db()
    assert (case.team, case.owner) == ("FINANCE", None)
    kinds = list(CaseEvent.objects.filter(case=case).values_list("kind", "actor"))
    assert kinds == [
        ("OPENED", "the hub"),
        ("ASSIGNED", "the-ops"),
        ("COMMENTED", "the-ops"),
        ("HANDED_OVER", "the-ops"),
    ]
    assert "Asked Northgate." in told


def test_a_snooze_ends_on_the_brands_clock(shop: Shop, client_of: Any) -> None:
    shop.brand.timezone = "Europe/Stockholm"
    shop.brand.save()
    case = factories.make_unmapped(shop.link, "AB-1021")
    do(client_of("OPS"), case, "snooze", until="2026-01-16T10:00", **{"for": "1h"})
    case.refresh_from_db()
    assert case.snoozed_until is not None
    assert case.snoozed_until.isoformat() == "2026-01-16T09:00:00+00:00"


def test_a_snooze_can_end_by_the_clock_or_by_a_count(shop: Shop, client_of: Any, waiting: Any) -> None:
    case, *_ = waiting
    deadline = ExceptionCase.objects.get(pk=case.pk).next_deadline_at
    do(client_of("OPS"), case, "snooze", more="3", **{"for": "1h"})
    case.refresh_from_db()
    assert (case.state, case.snoozed_until, case.wake_at_count) == ("SNOOZED", ports.now() + timedelta(hours=1), 8)
    factories.make_blocked_orders(shop.link, "AB-1021", 2, start=200)
    case.refresh_from_db()
    assert case.state == "SNOOZED"
    factories.make_blocked_orders(shop.link, "AB-1021", 1, start=300)
    case.refresh_from_db()
    assert (case.state, case.next_deadline_at) == ("OPEN", deadline)


def test_a_snooze_by_the_clock_ends_when_its_time_is_up(
    shop: Shop, client_of: Any, virtual_clock: ports.VirtualClock
) -> None:
    case = factories.make_unmapped(shop.link, "AB-1021")
    do(client_of("OPS"), case, "snooze", **{"for": "4h"})
    virtual_clock.advance(4 * 3600 - 1)
    assert wake_due_cases() == 0
    virtual_clock.advance(1)
    assert wake_due_cases() == 1
    case.refresh_from_db()
    assert case.state == "OPEN"


@pytest.mark.parametrize(("has_deadline", "until"), [(False, timedelta(days=30)), (True, timedelta(hours=12))])
def test_a_snooze_by_count_alone_still_ends(shop: Shop, client_of: Any, has_deadline: bool, until: timedelta) -> None:
    case = factories.make_unmapped(shop.link, "AB-1021")
    if has_deadline:
        ExceptionCase.objects.filter(pk=case.pk).update(next_deadline_at=ports.now() + until)
    do(client_of("OPS"), case, "snooze", more="20", **{"for": ""})
    case.refresh_from_db()
    assert (case.snoozed_until, case.wake_at_count) == (ports.now() + until, 20)


@pytest.mark.parametrize("more", ["-1", "0", "two", "1.5", "99999999"])
def test_a_count_that_is_none_is_refused_in_words(shop: Shop, client_of: Any, more: str) -> None:
    case = factories.make_unmapped(shop.link, "AB-1021")
    assert "as a whole number" in do(client_of("OPS"), case, "snooze", more=more, **{"for": "1h"}).content.decode()
    case.refresh_from_db()
    assert case.state == "OPEN"


def test_a_snooze_without_an_end_is_refused_in_words(shop: Shop, client_of: Any) -> None:
    case = factories.make_unmapped(shop.link, "AB-1021")
    assert "Say until when." in do(client_of("OPS"), case, "snooze", **{"for": ""}).content.decode()


def test_a_case_with_waiting_work_cannot_be_closed_by_hand(shop: Shop, client_of: Any, waiting: Any) -> None:
    case, here, _ = waiting
    told = do(client_of("OPS"), case, "close", text="Go away").content.decode()
    case.refresh_from_db()
    assert "It closes by itself when nothing waits any more." in told
    assert case.state == "OPEN"
    assert states(here) == ["BLOCKED"] * 3


def test_what_is_settled_outside_the_hub_is_closed_with_its_work(shop: Shop, client_of: Any) -> None:
    order = factories.make_order(shop.link, "MK-1")
    job = factories.make_job(order)
    case = factories.make_case(
        shop.link, "cancelled_after_dispatch", object_key=f"order:{order.pk}", context={"order": "MK-1"}, jobs=[job]
    )
    do(client_of("OPS"), case, "close", text="The parcel was stopped at the depot.")
    case.refresh_from_db()
    job.refresh_from_db()
    assert (case.state, case.closed_by, case.close_reason) == (
        "CLOSED",
        "the-ops",
        "The parcel was stopped at the depot.",
    )
    assert (job.state, job.reason) == ("SKIPPED", "Settled by the-ops: The parcel was stopped at the depot.")
    assert Blocker.objects.filter(released_at=None).count() == 0


def test_settling_one_case_leaves_work_waiting_for_another(shop: Shop, client_of: Any) -> None:
    order = factories.make_order(shop.link, "MK-1")
    job = factories.make_job(order)
    case = factories.make_case(
        shop.link, "cancelled_after_dispatch", object_key=f"order:{order.pk}", context={"order": "MK-1"}, jobs=[job]
    )
    factories.make_unmapped(shop.link, "AB-1021", jobs=[job])
    do(client_of("OPS"), case, "close", text="Stopped.")
    assert states([job]) == ["BLOCKED"]


def test_closing_needs_a_reason(shop: Shop, client_of: Any) -> None:
    case = factories.make_case(shop.link, "payment_refused", object_key="1", context={"order": "MK-1"})
    assert "Say why the case is closed." in do(client_of("OPS"), case, "close", text=" ").content.decode()
    case.refresh_from_db()
    assert case.state == "OPEN"


def test_a_closed_case_can_be_reopened(shop: Shop, client_of: Any) -> None:
    case = factories.make_unmapped(shop.link, "AB-1021")
    deciding.close_case(case.pk, actor="alice", reason="Test")
    do(client_of("OPS"), case, "reopen", text="It was not.")
    case.refresh_from_db()
    assert case.state == "OPEN"


def test_a_refused_connection_leads_to_its_page(shop: Shop, client_of: Any) -> None:
    case = factories.make_case(shop.link, "connection_refused", object_key=f"connection:{shop.centra.pk}")
    told = page(client_of("OPS"), case)
    assert f'href="/console/connections/{shop.centra.pk}/"' in told
    assert "Enter a new key" in told


def test_orders_at_risk_are_listed_though_no_job_waits(shop: Shop, client_of: Any) -> None:
    factories.make_order(shop.link, "MK-1", placed_at=ports.now() - timedelta(hours=20))
    case = factories.make_case(shop.link, "acceptance_at_risk", object_key=f"link:{shop.link.pk}")
    assert "MK-1" in page(client_of("OPS"), case)


def test_only_known_buttons_can_be_pressed(shop: Shop, client_of: Any) -> None:
    case = factories.make_unmapped(shop.link, "AB-1021")
    assert "steal" not in ACTS
    assert client_of("OPS").post(address(case, "act/"), {"do": "steal"}).status_code == 403


# --- what each kind of cause offers -----------------------------------------------------------------------------------


def refused(shop: Shop) -> tuple[ExceptionCase, SyncJob]:
    job = factories.make_job(factories.make_order(shop.link, "MK-7"), state="FAILED")
    case = factories.make_case(
        shop.link, "refused_by_platform", object_key="1", context={"example": "MK-7"}, jobs=[job]
    )
    return case, job


def test_a_record_to_correct_leads_to_its_form_for_whoever_may(shop: Shop, client_of: Any) -> None:
    case, job = refused(shop)
    link = f'href="{reverse("admin:record_edit", args=[job.pk])}"'
    assert page(client_of("OPS"), case).count(link) == 2  # the one button, and the row's
    told = page(client_of("ECOMMERCE"), case)
    assert link not in told
    assert "Correcting a record is for people who may change orders." in told


def test_trying_again_says_what_it_would_set_going_and_with_which_mappings(shop: Shop, client_of: Any) -> None:
    case, job = refused(shop)
    factories.make_unmapped(shop.link, "AB-1021", jobs=[job])
    told = page(client_of("OPS"), case)
    assert "1 record would be tried again, £49.99, oldest 3 h 10; it will still wait for something else." in told
    assert "With today&#x27;s mappings" in told or "With today's mappings" in told


def test_pressing_try_again_twice_has_one_effect(shop: Shop, client_of: Any) -> None:
    case, job = refused(shop)
    client = client_of("OPS")
    do(client, case, "retry")
    SyncJob.objects.filter(pk=job.pk).update(state="RUNNING", lease_until=ports.now(), fence=1)
    do(client, case, "retry")
    assert states([job]) == ["RUNNING"]


def test_what_was_done_by_hand_is_said_and_ticked(shop: Shop, client_of: Any) -> None:
    order = factories.make_order(shop.link, "MK-1")
    job = factories.make_job(order)
    case = factories.make_case(
        shop.link, "cancelled_after_dispatch", object_key=f"order:{order.pk}", context={"order": "MK-1"}, jobs=[job]
    )
    client = client_of("OPS")
    assert "What waits for it will then not be tried again" in page(client, case)
    assert "Tick that it was done." in do(client, case, "confirm", text="Stopped.").content.decode()
    assert states([job]) == ["BLOCKED"]
    do(client, case, "confirm", text="Stopped at the depot.", done="yes")
    case.refresh_from_db()
    assert (case.state, case.close_reason, states([job])) == ("CLOSED", "Stopped at the depot.", ["SKIPPED"])


def test_closing_twice_has_one_effect(shop: Shop, client_of: Any) -> None:
    case = factories.make_case(shop.link, "payment_refused", object_key="1", context={"order": "MK-1"})
    client = client_of("OPS")
    do(client, case, "confirm", text="Seen", done="yes")
    told = do(client, case, "confirm", text="Seen again", done="yes").content.decode()
    case.refresh_from_db()
    assert "The case is closed already." in told
    assert (case.close_reason, CaseEvent.objects.filter(case=case, kind="CLOSED").count()) == ("Seen", 1)


def test_a_cause_that_came_back_shows_its_history(shop: Shop, client_of: Any) -> None:
    before = factories.make_unmapped(shop.link, "AB-1021")
    deciding.close_case(before.pk, actor="alice", reason="Mapped by hand in Centra.")
    case = factories.make_unmapped(shop.link, "AB-1021")
    told = page(client_of("OPS"), case)
    assert case.regression
    assert f'href="/console/cases/{before.pk}/">Case {before.pk}</a>, the same cause, was closed' in told
    assert "by alice: “Mapped by hand in Centra.”" in told


def test_reopening_is_refused_while_the_cause_has_an_open_case(shop: Shop, client_of: Any) -> None:
    before = factories.make_unmapped(shop.link, "AB-1021")
    deciding.close_case(before.pk, actor="alice", reason="Test")
    factories.make_unmapped(shop.link, "AB-1021")
    told = do(client_of("OPS"), before, "reopen", text="Again").content.decode()
    assert "It has come back and has an open case of its own." in told


def test_nothing_closes_by_age(shop: Shop, client_of: Any, virtual_clock: ports.VirtualClock) -> None:
    case, (job,) = factories.make_blocked_orders(shop.link, "AB-1021", 1)
    virtual_clock.advance(400 * 86_400)
    keep_house()
    case.refresh_from_db()
    assert (case.state, states([job])) == ("OPEN", ["BLOCKED"])


def test_the_case_says_since_when_its_team_is_late(
    shop: Shop, client_of: Any, virtual_clock: ports.VirtualClock
) -> None:
    shop.brand.refresh_from_db()
    TeamTarget.objects.create(brand=shop.brand, team="ECOMMERCE", hours=2)
    case = factories.make_unmapped(shop.link, "AB-1021")
    client = client_of("OPS")
    assert "Overdue for" not in page(client, case)
    person = client.get("/console/cases/").wsgi_request.user
    virtual_clock.advance(2 * 3600 + 600)
    client = Client()  # the first session has ended meanwhile
    client.force_login(person)
    assert "Overdue for Ecommerce" in page(client, case)
    assert "overdue 10 min" in client.get("/console/cases/?late=yes").content.decode()


# --- the exact question and answer ------------------------------------------------------------------------------------


@pytest.fixture
def tried(shop: Shop) -> tuple[ExceptionCase, SyncJob]:
    case, job = refused(shop)
    attempt = SyncAttempt.objects.create(
        job_id=job.pk,
        fence=1,
        owner="x",
        result="REFUSED",
        message="Centra refuses the order.",
        traceback="Traceback x",
    )
    call = SyncCall.objects.create(
        job_id=job.pk,
        attempt_id=attempt.pk,
        connection=shop.centra,
        operation="POST order",
        write=True,
        method="POST",
        url="https://nordhem.centra.com/order",
        status=422,
        started_at=ports.now(),
        seconds=1,
    )
    sides = [{"headers": {}, "body": body} for body in ('{"total": 50.10}', '{"errors": {"<b>sku</b>": "unknown"}}')]
    request, response = (zlib.compress(json.dumps(side).encode()) for side in sides)
    CallBody.objects.create(call_id=call.pk, request=request, response=response)
    return case, job


def test_the_last_try_is_told_in_its_own_words_when_it_is_unfolded(shop: Shop, client_of: Any, tried: Any) -> None:
    case, _ = tried
    client = client_of("OPS")
    assert "unknown" not in page(client, case)
    told = client.get(address(case, "tried/")).content.decode()
    assert "Told Centra: POST order – refused (422)" in told
    assert "Centra&#x27;s answer, in its own words" in told
    assert "&quot;total&quot;: 50.10" in told
    assert "&lt;b&gt;sku&lt;/b&gt;" in told
    assert "Traceback" not in told


def test_nobody_reads_the_answers_of_a_record_that_waits_elsewhere(shop: Shop, client_of: Any, tried: Any) -> None:
    case = factories.make_unmapped(shop.link, "AB-1021")
    assert client_of("OPS").get(address(case, "tried/"), {"record": str(tried[1].pk)}).status_code == 403


def test_a_case_nobody_tried_says_so(shop: Shop, client_of: Any, waiting: Any) -> None:
    told = client_of("OPS").get(address(waiting[0], "tried/")).content.decode()
    assert "Nothing that waits here was tried and kept yet." in told


# --- who may what -----------------------------------------------------------------------------------------------------

PRESSES = {
    "take": {},
    "assign": {"owner": ""},
    "hand_over": {"team": "FINANCE"},
    "comment": {"text": "x"},
    "snooze": {"for": "1h"},
    "wake": {},
    "retry": {},
    "retry_one": {"job": "1"},
    "reopen": {"text": "x"},
    "close": {"text": "x"},
    "confirm": {"text": "x", "done": "yes"},
    "choose": {"stays": "1"},
}


@pytest.mark.parametrize("what", sorted(ACTS))
def test_every_button_asks_for_the_right_of_the_cases_brand(
    shop: Shop, client_of: Any, waiting: Any, what: str
) -> None:
    case, here, _ = waiting
    other = factories.make_brand("other", "Other")
    elsewhere = Client()
    elsewhere.force_login(factories.make_person("otto", ("OPS", other), ("ADMIN", other), ("VIEWER", shop.brand)))
    for client in (elsewhere, client_of("VIEWER"), client_of("AUDITOR")):
        assert client.post(address(case, "act/"), {"do": what, **PRESSES[what]}).status_code == 403
    case.refresh_from_db()
    assert (case.state, case.owner, case.team) == ("OPEN", None, "ECOMMERCE")
    assert not CaseEvent.objects.filter(case=case).exclude(kind__in=("OPENED", "SPREAD")).exists()
    assert states(here) == ["BLOCKED"] * 3


@pytest.mark.parametrize("what", sorted(ACTS))
def test_a_button_takes_a_post(shop: Shop, client_of: Any, waiting: Any, what: str) -> None:
    assert client_of("OPS").get(address(waiting[0], "act/"), {"do": what}).status_code == 405


# --- what changed after an order was sent on ---------------------------------------------------------------------------


def test_an_order_cancelled_in_the_warehouse_leads_to_the_page_that_cancels_it_in_the_shop(
    shop: Shop, client_of: Any
) -> None:
    order = factories.make_order(shop.link, "MK-1")
    charged = {"amount": "126.00", "currency": "GBP"}
    context = {"order": "MK-1", "number": "77", "charged": charged}
    job = factories.make_job(order, flow="cancel_sold_order")
    case = factories.make_case(
        shop.link, "cancelled_in_warehouse", object_key=f"order:{order.pk}", context=context, jobs=[job]
    )
    told = page(client_of("OPS"), case)
    assert "Order <b>MK-1</b> over £126.00: somebody cancelled it in Centra as 77." in told
    assert f'<a class="hub-button" href="/console/orders/{order.pk}/act/cancel/">Cancel it in the shop too</a>' in told
    assert "Try it again" in told


@pytest.mark.parametrize(("role", "reads"), [("OPS", True), ("VIEWER", False)])
def test_old_and_new_addresses_are_unfolded_by_those_who_may_and_stand_in_no_case(
    shop: Shop, client_of: Any, role: str, reads: bool
) -> None:
    order = factories.make_order(shop.link, "MK-1")
    was, now = (
        {"shipping": {"street": [street]}, "billing": None, "email": ""} for street in ("1 Old Row", "2 New Row")
    )
    OrderPerson.objects.update_or_create(order=order, defaults={"sent": was, "data": now})
    context = {"order": "MK-1", "number": "77", "what": "delivery address", "reason": "Centra is packing it"}
    case = factories.make_case(shop.link, "address_changed", object_key=f"order:{order.pk}", context=context)
    client = client_of(role)
    told = page(client, case)
    fold = f'data-load="/console/orders/{order.pk}/person/"'
    assert (fold in told, "Row" in told) == (reads, False)
    assert "The hub could not carry that over: Centra is packing it." in told
    shown = client.get(f"/console/orders/{order.pk}/person/").content.decode()
    assert ("1 Old Row" in shown, "2 New Row" in shown) == (reads, reads)
