from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from connectors import ports
from connectors.models import AuditEntry
from exceptions_app import deciding
from exceptions_app.models import CaseEvent, ExceptionCase
from integrationhub.console.cases.acting import ACTS
from integrationhub.console.cases.previewing import Preview, previews
from integrationhub.sync import blocking
from integrationhub.sync.models import Blocker, SyncJob
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


def test_the_page_costs_the_same_for_five_and_for_fifty_records(
    shop: Shop, client_of: Any, known: None, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    case, _ = factories.make_blocked_orders(shop.link, "AB-1021", 50)
    client = client_of("OPS")
    client.get(address(case))
    with django_assert_max_num_queries(22):
        client.get(address(case))


def test_waiting_records_are_capped_and_the_rest_is_counted(shop: Shop, client_of: Any) -> None:
    case, _ = factories.make_blocked_orders(shop.link, "AB-1021", 103)
    answer = client_of("OPS").get(address(case))
    assert len(answer.context["rows"]) == 100
    assert "and 3 more" in answer.content.decode()


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
