from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from connectors import ports
from exceptions_app import deciding
from exceptions_app.models import CaseLink, ExceptionCase
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
    # session, person, roles, badge, count, rows, channels, owners to choose, channels to choose, own views
    with django_assert_num_queries(10):
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


def test_each_row_says_its_next_step_and_leads_to_the_fix(shop: Shop, client_of: Any) -> None:
    case = factories.make_unmapped(shop.link, "AB-1021")
    page = client_of("OPS").get(LIST).content.decode()
    assert f'href="/console/cases/{case.pk}/#fix">Map SKU</a>' in page


def test_a_case_of_two_links_of_one_channel_is_one_row(shop: Shop, client_of: Any) -> None:
    second = factories.make_link(
        shop.brand, source=shop.northgate, target=factories.make_centra(shop.brand, "Centra Outlet")
    )
    case = factories.make_case(shop.link, "refused_by_platform", object_key="1")
    CaseLink.objects.create(case=case, link=second)
    assert rows(client_of("OPS"), f"?channel={shop.northgate.pk}") == [case.pk]


def test_closed_cases_are_listed_latest_first_with_who_closed_them(
    shop: Shop, client_of: Any, virtual_clock: ports.VirtualClock
) -> None:
    first, second = some_cases(shop, 2)
    deciding.close_case(second.pk, actor="alice", reason="Test")
    virtual_clock.advance(60)
    deciding.close_case(first.pk, actor="bob", reason="Test")
    client = client_of("OPS")
    assert rows(client, "?state=CLOSED") == [first.pk, second.pk]
    assert "by bob" in client.get(f"{LIST}?state=CLOSED").content.decode()


def test_a_cause_that_came_back_says_who_closed_it_before(shop: Shop, client_of: Any) -> None:
    before = factories.make_unmapped(shop.link, "AB-1021")
    deciding.close_case(before.pk, actor="alice", reason="Test")
    case = factories.make_unmapped(shop.link, "AB-1021")
    client = client_of("OPS")
    assert rows(client, "?back=yes") == [case.pk]
    assert "came back, closed before by alice" in client.get(LIST).content.decode()


@pytest.mark.parametrize(
    "label", ["Mine", "Ops", "Ecommerce", "Finance", "Due today", "Overdue", "Regressions", "Snoozed", "Closed"]
)
def test_every_view_that_is_offered_opens(shop: Shop, client_of: Any, label: str) -> None:
    client = client_of("OPS")
    offered = {view["label"]: view["query"] for view in client.get(LIST).context["quick_views"]}
    answer = client.get(LIST + offered[label])
    assert [view["label"] for view in answer.context["quick_views"] if view["active"]] == [label]


def test_the_due_today_view_ends_with_the_persons_own_day(shop: Shop, client_of: Any) -> None:
    due, _ = factories.make_blocked_orders(shop.link, "AB-1021", 1)
    ExceptionCase.objects.filter(pk=due.pk).update(next_deadline_at=ports.now() + timedelta(hours=14, minutes=59))
    client = client_of("OPS")
    assert rows(client, "?due=today") == [due.pk]
    ExceptionCase.objects.filter(pk=due.pk).update(next_deadline_at=ports.now() + timedelta(hours=15))
    assert rows(client, "?due=today") == []


def test_the_menu_counts_open_cases(shop: Shop, client_of: Any) -> None:
    some_cases(shop, 2)
    client = client_of("OPS")
    items = client.get(reverse("admin:index")).context["sidebar_navigation"][0]["items"]
    assert str(items[1]["badge_callback"]) == "2"
