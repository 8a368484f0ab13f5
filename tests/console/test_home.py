from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client, RequestFactory
from django.urls import get_resolver
from pytest_django import DjangoAssertNumQueries

from connectors import ports, sealing
from connectors.canonical.errors import ConfigurationError
from connectors.models import record_audit
from exceptions_app.deciding import assign
from exceptions_app.opening import roll_up
from exceptions_app.telling import plain
from integrationhub.sync import figures, standing, sweep, ticks
from integrationhub.sync.models import Correction, DayCount, Document, Schedule
from tests import factories
from tests.console.conftest import ROLES, Shop


def test_home_lists_what_needs_me_in_queue_order(
    shop: Shop, client_of: Any, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    ticks.plan_schedules()
    low = factories.make_unmapped(shop.link, "LOW")
    high, _ = factories.make_blocked_orders(shop.link, "HIGH", 3)
    client = client_of("OPS")
    client.get("/console/")
    with django_assert_num_queries(10):
        needs = client.get("/console/").context["needs"]
    assert [need["case"].pk for need in needs.rows] == [high.pk, low.pk]
    assert [need["button"] for need in needs.rows] == ["Map SKU", "Map SKU"]


def test_home_counts_a_dispatch_deadline_down(shop: Shop, client_of: Any) -> None:
    case = factories.make_case(shop.link, "dispatch_at_risk", object_key=f"link:{shop.link.pk}", context={"packed": 3})
    deadline = ports.now() + timedelta(hours=2, minutes=30)
    roll_up(case.pk, count=14, value=Decimal(700), oldest=ports.now(), deadline=deadline)
    (need,) = client_of("OPS").get("/console/").context["needs"].rows
    assert need["case"].pk == case.pk
    assert plain(need["case"]).startswith("14 orders of Northgate must leave before ")
    assert plain(need["case"]).endswith(" min); 3 are packed.")


@pytest.mark.parametrize("role", ROLES)
def test_home_costs_at_most_twelve_queries_for_every_role(
    shop: Shop, client_of: Any, role: str, django_assert_max_num_queries: Any
) -> None:
    ticks.plan_schedules()
    for code in ("A", "B", "C"):
        factories.make_blocked_orders(shop.link, code, 2, prefix=code)
    figures.roll_up_hours()
    sealing.seal()
    client = client_of(role)
    client.get("/console/")
    with django_assert_max_num_queries(12):
        client.get("/console/")


def needs_of(client: Client) -> list[str]:
    return [need["case"].cause for need in client.get("/console/").context["needs"].rows]


@pytest.fixture
def one_of_each(shop: Shop) -> None:
    """A case of each team."""
    factories.make_unmapped(shop.link, "AB-1")  # ecommerce
    factories.make_unmapped(shop.link, "DPD Next Day", kind="carrier")  # operations
    money = {"amount": "49.99", "currency": "GBP"}
    context = {"order": "MK-1", "charged": money, "shown": {**money, "amount": "50.00"}}
    factories.make_case(shop.link, "money_mismatch", object_key="order:1", context=context)
    standing.refuse_connection(shop.harbour, ConfigurationError("The key is no longer valid.", operation=""))


@pytest.mark.parametrize(
    ("role", "causes", "title"),
    [
        ("OPS", {"unmapped_sku", "unmapped_carrier"}, "Needs me now"),
        ("ECOMMERCE", {"unmapped_sku"}, "Needs me now"),
        ("FINANCE", {"money_mismatch"}, "Money that needs me now"),
        ("FINANCE_APPROVER", {"money_mismatch"}, "Money that needs me now"),
        ("ADMIN", {"connection_refused"}, "Needs me now"),
    ],
)
def test_each_role_is_shown_what_its_team_decides(
    shop: Shop, one_of_each: None, client_of: Any, role: str, causes: set[str], title: str
) -> None:
    client = client_of(role)
    assert set(needs_of(client)) == causes
    assert title in client.get("/console/").content.decode()


@pytest.mark.parametrize("role", ["VIEWER", "AUDITOR"])
def test_who_decides_on_nothing_sees_everything_and_no_button(
    shop: Shop, one_of_each: None, client_of: Any, role: str
) -> None:
    client = client_of(role)
    assert len(needs_of(client)) == 4
    told = client.get("/console/").content.decode()
    assert "What waits for a decision" in told
    assert "hub-button-small" not in told


def test_a_case_that_a_colleague_has_taken_needs_nobody_else(shop: Shop, client_of: Any, person: Any) -> None:
    case = factories.make_unmapped(shop.link, "AB-1")
    colleague = factories.make_person("colleague", ("OPS", shop.brand))
    assign(case.pk, owner=colleague, actor="colleague")
    assert needs_of(client_of("ECOMMERCE")) == []
    theirs = Client()
    theirs.force_login(colleague)
    assert needs_of(theirs) == ["unmapped_sku"]


def test_ones_own_case_is_shown_whatever_its_team(shop: Shop, client_of: Any, person: Any) -> None:
    case = factories.make_unmapped(shop.link, "DPD Next Day", kind="carrier")
    finance = person("FINANCE")
    assign(case.pk, owner=finance, actor="olivia")
    client = Client()
    client.force_login(finance)
    assert needs_of(client) == ["unmapped_carrier"]


def test_a_role_for_one_brand_shows_nothing_of_another(shop: Shop, client_of: Any) -> None:
    other = factories.make_brand("other", "Other")
    factories.make_unmapped(factories.make_link(other), "THEIRS")
    assert needs_of(client_of("OPS")) == []


def test_the_auditor_sees_the_trail_first_and_whether_its_chain_holds(shop: Shop, client_of: Any) -> None:
    record_audit(actor="adam", action="role.granted", subject=shop.brand, brand=shop.brand, reason="New colleague")
    sealing.seal()
    sealing.check_some()
    told = client_of("AUDITOR").get("/console/").content.decode()
    assert told.index("Audit trail</h2>") < told.index("What waits for a decision")
    assert "chain intact" in told
    assert "New colleague" in told


def test_flows_show_what_they_finished_in_a_day_as_a_line_with_words(
    shop: Shop, client_of: Any, virtual_clock: ports.VirtualClock
) -> None:
    ticks.plan_schedules()
    order = factories.make_order(shop.link, "MK-1")
    factories.make_job(order, state="DONE", finished_at=ports.now() - timedelta(hours=2))
    figures.roll_up_hours()
    told = client_of("VIEWER").get("/console/").content.decode()
    assert 'aria-label="1 finished in the last 24 hours, 0 of them in this hour"' in told


def test_orders_are_drawn_by_hour_and_channel_with_a_table_beside_the_picture(shop: Shop, client_of: Any) -> None:
    ticks.plan_schedules()
    now = ports.now()
    for number in range(3):
        factories.make_order(shop.link, f"MK-{number}", placed_at=now - timedelta(minutes=30))
    factories.make_order(shop.harbour_link, "HC-1", placed_at=now - timedelta(minutes=70))
    chart = client_of("VIEWER").get("/console/").context["orders_chart"]
    assert (chart.total, chart.legend) == (4, ["Harbour & Co", "Northgate"])
    assert chart.hours[-2:] == [("08:00", [0, 3], 3), ("09:00", [0, 0], 0)]
    assert chart.hours[-3] == ("07:00", [1, 0], 1)
    assert "Orders in the last 24 hours by hour and channel: 4, most of them at 08:00" in chart.svg


def test_open_cases_are_counted_by_cause(shop: Shop, one_of_each: None, client_of: Any) -> None:
    factories.make_unmapped(shop.link, "AB-2")
    causes = client_of("VIEWER").get("/console/").context["causes"]
    assert (causes[0]["label"], causes[0]["count"]) == ("Unmapped SKU", 2)
    assert sum(one["count"] for one in causes) == 5


def test_a_flow_without_progress_is_told_whatever_no_error_said(
    shop: Shop, client_of: Any, virtual_clock: ports.VirtualClock
) -> None:
    ticks.plan_schedules()
    reading = Schedule.objects.get(flow="read_orders", connection=shop.northgate)
    Schedule.objects.filter(pk=reading.pk).update(last_success_at=ports.now() - timedelta(minutes=47))
    assert signs(client_of("VIEWER")) == [
        ("bad", "“Read orders” has not succeeded for 47 min for Northgate. It should every 2 min.")
    ]


def test_a_key_that_expires_soon_is_told_to_administrators(shop: Shop, client_of: Any) -> None:
    shop.northgate.credentials_expire_at = ports.now() + timedelta(days=5)
    shop.northgate.save()
    told = "The key of Northgate expires in 5 d. Ask for a new one and enter it."
    assert signs(client_of("ADMIN")) == [("warn", told)]
    assert signs(client_of("OPS")) == []


def test_a_key_that_nobody_has_changed_for_long_is_told_to_administrators(shop: Shop, client_of: Any) -> None:
    shop.northgate.credentials_changed_at = ports.now() - timedelta(days=400)
    shop.northgate.save()
    told = "The key of Northgate was last changed 400 days ago. Ask for a new one and enter it."
    assert signs(client_of("ADMIN")) == [("warn", told)]
    assert signs(client_of("OPS")) == []


def test_work_that_nobody_takes_up_is_told_to_administrators(
    shop: Shop, client_of: Any, virtual_clock: ports.VirtualClock
) -> None:
    order = factories.make_order(shop.link, "MK-1")
    factories.make_job(order, state="QUEUED", due_at=ports.now())
    client = client_of("ADMIN")
    virtual_clock.advance(300)
    assert signs(client) == []
    virtual_clock.advance(1)
    ((tone, text),) = signs(client)
    assert (tone, text.startswith("Work has been due for 5 min and nobody took it up")) == ("bad", True)


def test_a_queue_that_does_not_answer_is_told_to_administrators(shop: Shop, client_of: Any, settings: Any) -> None:
    client = client_of("ADMIN")
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    told = "The queue (Redis) does not answer. Nothing is lost; work goes on slowly until it is back."
    assert signs(client) == [("bad", told)]


def signs(client: Client) -> list[tuple[str, str]]:
    return [(sign.tone, sign.text) for sign in client.get("/console/").context["signs"]]


def test_completeness_is_told_in_a_line(shop: Shop, client_of: Any) -> None:
    ticks.plan_schedules()
    today = ports.now().date()
    count(shop, today - timedelta(days=1), source=412, target=412)
    count(shop, today, source=97, target=96, missing=["MK-7"])
    days = client_of("VIEWER").get("/console/").context["days"]
    assert [(day.name, day.target, day.source, day.missing, day.complete, day.tone) for day in days] == [
        ("yesterday", 412, 412, 0, True, ""),
        ("today", 96, 97, 1, False, "bad"),
    ]
    told = client_of("OPS").get("/console/completeness/").content.decode()
    assert "1 missing" in told
    assert "MK-7" in told


def count(shop: Shop, day: Any, *, source: int, target: int, missing: list[str] | None = None) -> None:
    missing = missing or []
    values = {"source_value": source, "hub_value": source, "target_value": target}
    DayCount.objects.create(
        link=shop.link,
        day=day,
        currency="GBP",
        source_count=source,
        hub_count=source,
        target_count=target,
        missing=missing,
        missing_count=len(missing),
        as_of=ports.now(),
        counted_at=ports.now(),
        **values,
    )


def test_an_empty_home_says_what_good_looks_like(shop: Shop, client_of: Any) -> None:
    told = client_of("OPS").get("/console/").content.decode()
    assert "Nothing needs you. Last checked" in told


def test_a_refused_connection_is_told_at_the_top(shop: Shop, client_of: Any) -> None:
    ticks.plan_schedules()
    standing.refuse_connection(shop.northgate, ConfigurationError("The key is no longer valid.", operation=""))
    context = client_of("VIEWER").get("/console/").context
    (sign,) = context["signs"]
    assert (sign.tone, sign.text) == ("bad", "Northgate needs attention: The key is no longer valid.")
    assert sign.url == f"/console/connections/{shop.northgate.pk}/"


def test_a_scheduler_that_fell_silent_is_told_at_the_top(
    shop: Shop, client_of: Any, virtual_clock: ports.VirtualClock
) -> None:
    sweep.beat("scheduler")
    client = client_of("VIEWER")
    virtual_clock.advance(180)
    assert signs(client) == []
    virtual_clock.advance(1)
    ((_, text),) = signs(client)
    assert text.startswith("Nothing has run by the clock for a while")


@pytest.mark.parametrize(("environment", "badge"), [("sandbox", "Sandbox"), ("live", "Live")])
def test_the_environment_is_in_sight_on_every_page(
    shop: Shop, client_of: Any, settings: Any, environment: str, badge: str
) -> None:
    client = client_of("OPS")
    settings.ENVIRONMENT = environment
    pages = ["/console/login/"] if environment == "live" else ["/console/", "/console/cases/", "/console/orders/"]
    for page in pages:
        told = (Client() if environment == "live" else client).get(page).content.decode()
        assert f"data-environment>{badge}</span>" in told


def test_the_menu_shows_what_the_role_may_use(shop: Shop, client_of: Any) -> None:
    def shown(role: str) -> list[str]:
        groups = client_of(role).get("/console/").context["sidebar_navigation"]
        return [item["title"] for group in groups for item in group["items"] if item["has_permission"]]

    everybody, auditor, admin = shown("VIEWER"), shown("AUDITOR"), shown("ADMIN")
    assert {"Home", "Cases", "Orders", "SKUs", "Syncs", "Complete?", "Connections", "Links"} <= set(everybody)
    assert [item for item in auditor if item not in everybody] == ["Audit trail"]
    assert {"Brands", "People", "Audit trail"} <= set(admin) - set(everybody)


@pytest.mark.parametrize(
    ("code", "words"),
    [(403, "This is not yours to see or to do"), (404, "There is no such page"), (500, "The hub made a mistake here")],
)
def test_error_pages_speak_plainly(rf: RequestFactory, code: int, words: str, settings: Any) -> None:
    settings.DEBUG = False
    handler = get_resolver().resolve_error_handler(code)
    told = handler(rf.get("/")) if code == 500 else handler(rf.get("/"), exception=Exception("secret detail"))
    assert told.status_code == code
    assert words in told.content.decode()
    assert "secret detail" not in told.content.decode()
    for word in ("Traceback", "Exception", "Error", str(code)):
        assert word not in told.content.decode()


def test_a_page_that_does_not_exist_says_so_to_who_is_logged_in(shop: Shop, client_of: Any) -> None:
    answer = client_of("OPS").get("/console/nothing/here/")
    assert answer.status_code == 404
    assert "There is no such page" in answer.content.decode()


# --- what has passed its team's target --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "told", "query"),
    [
        ("ECOMMERCE", ["1 case has passed the target of Ecommerce."], "late=yes&team=ECOMMERCE"),
        (
            "ADMIN",
            ["2 cases have passed the target of Ecommerce and Operations: Ecommerce 1, Operations 1."],
            "late=yes",
        ),
        ("FINANCE", [], ""),
        ("VIEWER", [], ""),
    ],
)
def test_what_has_passed_its_target_is_told_to_the_team_and_to_administrators(
    shop: Shop, client_of: Any, virtual_clock: ports.VirtualClock, role: str, told: list[str], query: str
) -> None:
    for code, kind in (("AB-1", "sku"), ("DPD", "carrier")):
        case = factories.make_unmapped(shop.link, code, kind=kind)
        type(case).objects.filter(pk=case.pk).update(target_at=ports.now() + timedelta(minutes=1))
    client = client_of(role)
    assert signs(client) == []
    virtual_clock.advance(61)
    found = [sign for sign in client.get("/console/").context["signs"] if "target" in sign.text]
    assert [sign.text for sign in found] == told
    assert [sign.url for sign in found] == [f"/console/cases/?{query}"] * len(told)
    if told:
        assert client.get(found[0].url).status_code == 200


# --- what waits for a second person -----------------------------------------------------------------------------------


def correction(shop: Shop, order: str, by: str) -> Correction:
    document = Document.objects.create(connection=shop.northgate, kind="order", external_id=order)
    proposer = User.objects.filter(username=by).first() or factories.make_person(by, ("OPS", shop.brand))
    return Correction.objects.create(
        brand=shop.brand,
        document=document,
        record_id=1,
        job_id=71,
        token=order,
        fields=["value:order_lines[0].price"],
        money=True,
        reason="By phone",
        proposed_by=proposer,
    )


def test_corrections_that_wait_are_listed_for_who_may_approve_them_and_nobody_else(shop: Shop, client_of: Any) -> None:
    correction(shop, "MK-7", by="olivia")
    finn = client_of("FINANCE_APPROVER")
    correction(shop, "MK-8", by="the-finance_approver")  # never the person's own
    page = finn.get("/console/")
    assert [one["row"].document.external_id for one in page.context["second_look"].rows] == ["MK-7"]
    told = page.content.decode()
    assert "Corrections that wait for a second person" in told
    assert 'href="/console/records/71/edit/"' in told
    for role in ("OPS", "ADMIN", "FINANCE", "VIEWER"):
        assert client_of(role).get("/console/").context["second_look"] is None


def test_the_list_of_what_waits_is_linked_where_home_has_not_room_for_all(shop: Shop, client_of: Any) -> None:
    for number in range(6):
        correction(shop, f"MK-{number}", by="olivia")
    finn = client_of("FINANCE_APPROVER")
    look = finn.get("/console/").context["second_look"]
    assert (len(look.rows), look.more, look.url) == (5, True, "/console/corrections/?state=PROPOSED")
    assert finn.get(look.url).status_code == 200
