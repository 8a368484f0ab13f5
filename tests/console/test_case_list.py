from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from connectors import ports
from exceptions_app import deciding
from exceptions_app.models import ExceptionCase
from integrationhub.sync.models import SyncJob
from tests import factories
from tests.console.conftest import Shop

LIST = "/console/cases/"


def rows(client: Client, query: str = "") -> list[int]:
    """The ids of the cases the list shows, in its order."""
    return [case.pk for case in client.get(f"{LIST}{query}").context["cl"].result_list]


def some_cases(shop: Shop, count: int) -> list[ExceptionCase]:
    return [factories.make_unmapped(shop.link, f"SKU-{number}") for number in range(count)]


def test_fifty_cases_take_twelve_queries(
    shop: Shop, client_of: Any, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    some_cases(shop, 50)
    client = client_of("OPS")
    client.get(LIST)  # the first request of a session writes it
    # session, person, roles, badge, count, rows, channels × 3, owners to choose, channels to choose
    with django_assert_num_queries(11):
        answer = client.get(LIST)
    assert len(answer.context["cl"].result_list) == 50


def test_the_next_deadline_comes_first_and_then_the_most_money(shop: Shop, client_of: Any) -> None:
    none = factories.make_unmapped(shop.link, "NONE")
    later, _ = factories.make_blocked_orders(shop.link, "LATER", 1)
    dear, _ = factories.make_blocked_orders(shop.link, "DEAR", 2, start=100)
    shop.harbour_link.acceptance_window_hours = 5
    soon, _ = factories.make_blocked_orders(shop.harbour_link, "SOON", 1, prefix="HC")
    assert rows(client_of("OPS")) == [soon.pk, dear.pk, later.pk, none.pk]


def test_snoozed_and_closed_cases_are_out_of_sight(shop: Shop, client_of: Any) -> None:
    case, snoozed, closed = some_cases(shop, 3)
    deciding.snooze(snoozed.pk, until=ports.now() + timedelta(hours=2), actor="alice")
    deciding.close_case(closed.pk, actor="alice", reason="Test")
    client = client_of("OPS")
    assert rows(client) == [case.pk]
    assert rows(client, "?state=SNOOZED") == [snoozed.pk]
    assert set(rows(client, "?state=all")) == {case.pk, snoozed.pk, closed.pk}


def test_filters_narrow_the_queue(shop: Shop, client_of: Any, person: Any) -> None:
    mine, carrier = (
        factories.make_unmapped(shop.link, "A"),
        factories.make_unmapped(shop.harbour_link, "DPD", kind="carrier"),
    )
    client = client_of("OPS")
    me = client.get(LIST).wsgi_request.user
    deciding.assign(mine.pk, owner=me, actor="alice")
    assert rows(client, "?owner=me") == [mine.pk]
    assert rows(client, "?owner=nobody") == [carrier.pk]
    assert rows(client, "?team=OPS") == [carrier.pk]
    assert rows(client, "?cause=unmapped_carrier") == [carrier.pk]
    assert rows(client, f"?channel={shop.harbour.pk}") == [carrier.pk]
    assert rows(client, "?due=today") == []
    assert rows(client, "?back=yes") == []


def test_a_filter_value_that_is_no_choice_filters_nothing(shop: Shop, client_of: Any) -> None:
    (case,) = some_cases(shop, 1)
    assert rows(client_of("OPS"), "?owner=1%20OR%201=1&channel=x&due=never") == [case.pk]


@pytest.mark.parametrize("typed", ["AB-1021", "ab-1021", "northgate ab", "1021"])
def test_searching_finds_a_case_by_code_and_channel(shop: Shop, client_of: Any, typed: str) -> None:
    case = factories.make_unmapped(shop.link, "AB-1021")
    factories.make_unmapped(shop.harbour_link, "ZZ-9")
    assert rows(client_of("OPS"), f"?q={typed}") == [case.pk]


def test_a_case_of_another_brand_is_not_listed(shop: Shop, client_of: Any) -> None:
    other = factories.make_brand("other", "Other")
    factories.make_unmapped(factories.make_link(other), "AB-1021")
    assert rows(client_of("ADMIN"), "?state=all") == []


def test_the_sentence_says_what_is_wrong_and_no_machine_words(shop: Shop, client_of: Any) -> None:
    factories.make_blocked_orders(shop.link, "AB-1021", 2)
    page = client_of("OPS").get(LIST).content.decode()
    assert "2 orders wait: Northgate (Mirakl) sells <b>AB-1021</b>" in page
    assert "£99.98" in page
    for word in ("Traceback", "None", "N/A", "import_order", "sync_syncjob"):
        assert word not in page


# --- many at once -----------------------------------------------------------------------------------------------------


def press(client: Client, action: str, cases: list[ExceptionCase], **data: str) -> Any:
    chosen = {"action": action, "_selected_action": [case.pk for case in cases], "index": 0, **data}
    return client.post(LIST, chosen, follow=True)


def test_assigning_many_asks_to_whom_first(shop: Shop, client_of: Any) -> None:
    cases = some_cases(shop, 3)
    client = client_of("OPS")
    asked = press(client, "assign_selected", cases[:2])
    assert "Assign 2 cases" in asked.content.decode()
    assert ExceptionCase.objects.exclude(owner=None).count() == 0
    me = asked.wsgi_request.user
    press(client, "assign_selected", cases[:2], apply="1", owner=str(me.pk))
    assert list(ExceptionCase.objects.filter(owner=me).order_by("pk")) == cases[:2]


def test_snoozing_many_says_what_was_refused(shop: Shop, client_of: Any) -> None:
    (free,) = some_cases(shop, 1)
    due, _ = factories.make_blocked_orders(shop.link, "AB-1021", 1)
    told = press(client_of("OPS"), "snooze_selected", [free, due], **{"apply": "1", "for": "3d"}).content.decode()
    free.refresh_from_db()
    due.refresh_from_db()
    assert (free.state, due.state) == ("SNOOZED", "OPEN")
    assert "1 case is snoozed." in told
    assert f"Case {due.pk}: It must be decided before that." in told


def test_retrying_many_queues_what_waits(shop: Shop, client_of: Any) -> None:
    case, jobs = factories.make_blocked_orders(shop.link, "AB-1021", 2)
    client = client_of("OPS")
    asked = press(client, "retry_selected", [case]).content.decode()
    assert "Try again what waits for 1 case: 2 records" in asked
    assert SyncJob.objects.filter(state="QUEUED").count() == 0
    press(client, "retry_selected", [case], apply="1")
    for job in jobs:
        job.refresh_from_db()
    assert [job.state for job in jobs] == ["QUEUED", "QUEUED"]


def test_who_may_not_work_on_cases_changes_none(shop: Shop, client_of: Any) -> None:
    case, (job,) = factories.make_blocked_orders(shop.link, "AB-1021", 1)
    press(client_of("VIEWER"), "retry_selected", [case], apply="1")
    job.refresh_from_db()
    assert job.state == "BLOCKED"


def test_work_stops_at_the_brand_where_the_person_may_work(shop: Shop, person: Any) -> None:
    other = factories.make_brand("other", "Other")
    theirs, (job,) = factories.make_blocked_orders(factories.make_link(other), "AB-1021", 1)
    someone = factories.make_person("carol", ("OPS", shop.brand), ("VIEWER", other))
    client = Client()
    client.force_login(someone)
    assert rows(client) == [theirs.pk]
    press(client, "retry_selected", [theirs], apply="1")
    job.refresh_from_db()
    assert job.state == "BLOCKED"


def test_the_menu_counts_open_cases(shop: Shop, client_of: Any) -> None:
    some_cases(shop, 2)
    client = client_of("OPS")
    items = client.get(reverse("admin:index")).context["sidebar_navigation"][0]["items"]
    assert str(items[1]["badge_callback"]) == "2"
