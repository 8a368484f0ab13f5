from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from connectors import ports
from connectors.models import AuditEntry, Link
from connectors.registry import CONNECTORS
from integrationhub.console.syncs import table
from integrationhub.sync import ticks
from integrationhub.sync.budget import shared_budget
from integrationhub.sync.models import Feed, Schedule, Switch, SyncJob
from integrationhub.sync.spending import spent_since
from tests import factories
from tests.console.conftest import Shop


@pytest.fixture
def planned(shop: Shop) -> None:
    ticks.plan_schedules()


def row(flow: str, shop: Shop) -> Schedule:
    return Schedule.objects.filter(
        flow=flow, connection__in=[shop.northgate, shop.centra], link__in=[shop.link.pk]
    ).get()


def press(client: Client, schedule: Schedule, what: str, reason: str = "Because") -> str:
    answer = client.post(f"/console/syncs/{schedule.pk}/press/", {"do": what, "reason": reason}, follow=True)
    schedule.refresh_from_db()
    return str(answer.content.decode())


def test_the_page_costs_the_same_for_any_number_of_links(
    shop: Shop, client_of: Any, planned: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    factories.make_blocked_orders(shop.link, "AB-1021", 5)
    client = client_of("ADMIN")
    client.get("/console/syncs/")
    # session, person, roles, badge, schedules, jobs, feeds, the switch, other brands
    with django_assert_num_queries(9):
        client.get("/console/syncs/")


def test_every_flow_is_told_with_what_waits(shop: Shop, client_of: Any, planned: None) -> None:
    factories.make_blocked_orders(shop.link, "AB-1021", 5)
    groups = {group.title: group for group in client_of("VIEWER").get("/console/syncs/").context["groups"]}
    standing = {one.label: one for one in groups["Northgate → Centra"].standings}
    assert (standing["Create orders"].waiting, standing["Create orders"].going) == (5, 0)
    assert set(groups) == {"Northgate → Centra", "Harbour & Co → Centra", "Northgate", "Harbour & Co", "Centra"}


def test_run_now_makes_the_job_of_the_clock(shop: Shop, client_of: Any, planned: None) -> None:
    schedule = Schedule.objects.get(flow="read_orders", connection=shop.northgate)
    press(client_of("OPS"), schedule, "run")
    assert list(SyncJob.objects.values_list("flow", "key", "state")) == [("read_orders", "tick", "QUEUED")]
    assert AuditEntry.objects.get().action == "sync.run"


def test_what_runs_when_something_happens_cannot_be_run_by_hand(shop: Shop, client_of: Any, planned: None) -> None:
    told = press(client_of("OPS"), row("import_order", shop), "run")
    assert "runs when something happens, not by the clock" in told
    assert SyncJob.objects.count() == 0


@pytest.mark.parametrize(("what", "mode"), [("hold", "HELD"), ("shadow", "SHADOW")])
def test_holding_needs_a_reason_and_is_audited(shop: Shop, client_of: Any, planned: None, what: str, mode: str) -> None:
    client, schedule = client_of("OPS"), row("import_order", shop)
    press(client, schedule, what, reason=" ")
    assert schedule.mode == "LIVE"
    press(client, schedule, what, reason="Warehouse moves.")
    assert (schedule.mode, schedule.mode_reason) == (mode, "Warehouse moves.")
    press(client, schedule, "live", reason="")
    assert (schedule.mode, schedule.mode_reason) == ("LIVE", "")
    assert list(AuditEntry.objects.order_by("pk").values_list("action", "reason")) == [
        ("sync.mode_changed", "Warehouse moves."),
        ("sync.mode_changed", ""),
    ]


def test_a_flow_that_missed_three_slots_is_late(shop: Shop, planned: None) -> None:
    schedule = Schedule.objects.get(flow="read_orders", connection=shop.northgate)
    now = ports.now()
    limit = timedelta(seconds=(schedule.cadence_seconds or 0) * 3) + timedelta(minutes=1)

    def late() -> bool:
        return next(one for one in table.standings([shop.brand.pk], now=now) if one.schedule == schedule).late

    for ago, expected in ((limit, False), (limit + timedelta(seconds=1), True)):
        Schedule.objects.filter(pk=schedule.pk).update(last_success_at=now - ago)
        assert late() is expected
    Schedule.objects.filter(pk=schedule.pk).update(mode="HELD")
    assert late() is False


def test_the_switch_over_everything_needs_a_reason_and_a_second_thought(shop: Shop, client_of: Any) -> None:
    client = client_of("ADMIN")
    client.post("/console/syncs/switch/", {"to": "off", "reason": ""})
    client.post("/console/syncs/switch/", {"to": "off", "reason": "Fire drill"})  # and that it is meant
    assert not Switch.objects.filter(calls_allowed=False).exists()
    stop = {"to": "off", "reason": "Fire drill", "sure": "yes"}
    told = client.post("/console/syncs/switch/", stop, follow=True).content.decode()
    assert "Fire drill" in told
    assert (Switch.objects.get().calls_allowed, Switch.objects.get().changed_by) == (False, "the-admin")
    assert "Fire drill" in client.get("/console/").content.decode()
    client.post("/console/syncs/switch/", {"to": "on", "reason": "Over"})
    assert Switch.objects.get().calls_allowed


def test_one_brands_administrator_cannot_stop_another_brand(shop: Shop, client_of: Any) -> None:
    factories.make_brand("other", "Other")
    answer = client_of("ADMIN").post("/console/syncs/switch/", {"to": "off", "reason": "x"})
    assert answer.status_code == 403
    assert not Switch.objects.exists()


def test_a_late_flow_is_told_in_words_beside_its_colour(shop: Shop, client_of: Any, planned: None) -> None:
    Schedule.objects.filter(flow="read_orders", connection=shop.northgate).update(
        last_success_at=ports.now() - timedelta(minutes=47)
    )
    told = client_of("VIEWER").get("/console/syncs/").content.decode()
    assert "stale: should be every 2 min" in told


def test_how_far_a_feed_has_read_and_the_backlog_by_lane_are_told(shop: Shop, client_of: Any, planned: None) -> None:
    factories.make_blocked_orders(shop.link, "AB-1021", 5)
    cursor = ports.now() - timedelta(minutes=3)
    Feed.objects.create(connection=shop.northgate, name="orders", cursor_at=cursor)
    groups = {group.title: group for group in client_of("VIEWER").get("/console/syncs/").context["groups"]}
    reading = next(one for one in groups["Northgate"].standings if one.schedule.flow == "read_orders")
    assert reading.cursor_at == cursor
    assert groups["Northgate → Centra"].backlog == [("Orders", 0, 5)]


def test_the_call_budget_that_is_used_is_told(shop: Shop, client_of: Any, planned: None, redis_client: Any) -> None:
    shared_budget.cache_clear()
    kind, account = CONNECTORS["mirakl"], shop.northgate.account()
    shared_budget(spent_since).acquire(kind.budget_key(account), {"OR11": 1}, kind.limits(account), rank=20)
    groups = {group.title: group for group in client_of("VIEWER").get("/console/syncs/").context["groups"]}
    ((name, (used,)),) = groups["Northgate"].budgets
    assert (name, used.words, used.full) == ("Northgate", "1 of 1 OR11 in any 1 min", False)
    shared_budget.cache_clear()


def test_home_shows_one_row_per_link_and_colours_only_what_matters(shop: Shop, client_of: Any, planned: None) -> None:
    Schedule.objects.update(last_success_at=ports.now())
    Schedule.objects.filter(flow="confirm_dispatch", link=shop.harbour_link).update(mode="HELD", mode_reason="x")
    context = client_of("VIEWER").get("/console/").context
    assert [link for link, _ in context["links"]] == sorted(Link.objects.all(), key=str)
    tones = {str(link): [cell.tone for cell in cells if cell] for link, cells in context["links"]}
    assert set(tones["Northgate → Centra"]) == {""}
    assert tones["Harbour & Co → Centra"].count("warn") == 1
