"""What people decide about stock: holds, switches, rules, limits. Who may, what is written, second presses."""

from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from connectors import ports
from connectors.access import RIGHTS, Right
from connectors.models import AuditEntry
from exceptions_app.models import ExceptionCase
from integrationhub.inventory import breaker, ledger
from integrationhub.inventory.models import (
    ChannelStock,
    DriftScan,
    StockDelivery,
    StockHold,
    StockLimits,
    StockRule,
    StockSwitch,
)
from tests import factories
from tests.console.conftest import ROLES, Shop, undone

MAY_ACT = [role for role in ROLES if Right.RUN_SYNCS in RIGHTS[role]]


def say(client: Client, address: str, **values: str) -> str:
    return str(client.post(address, values, follow=True).content.decode())


def actions() -> list[tuple[str, str]]:
    return list(AuditEntry.objects.order_by("pk").values_list("action", "reason"))


def otto(shop: Shop) -> Client:
    """An administrator of another brand."""
    other = factories.make_brand("other", "Other")
    client = Client()
    client.force_login(factories.make_person("otto", ("ADMIN", other), ("OPS", other)))
    return client


# --- what the breaker stopped -----------------------------------------------------------------------------------------
@pytest.fixture
def hold(shop: Shop) -> StockHold:
    """Thirty of forty SKUs would end at 0."""
    for number in range(40):
        after = 0 if number < 30 else 9
        state = "PENDING" if number < 30 else "ACKNOWLEDGED"
        factories.make_stock(
            shop.link, f"X-{number:02}", available=9, computed=after, state=state, acknowledged=9, sent=9
        )
    found = breaker.check(shop.link)
    assert found is not None
    return found


def page(hold: StockHold) -> str:
    return f"/console/stock-holds/{hold.pk}/"


def test_the_page_shows_what_would_be_sent_and_why_it_was_not(hold: StockHold, client_of: Any) -> None:
    answer = client_of("VIEWER").get(page(hold))
    lines = [(one.stock.channel_sku, one.stock.acknowledged, one.quantity) for one in answer.context["page"]]
    assert lines == [(f"NG-X-{number:02}", 9, 0) for number in range(30)]
    told = answer.content.decode()
    assert "30 of 40 SKUs for sale would end at 0." in told
    assert "Release: send it" not in told  # a viewer only looks


def test_the_page_costs_the_same_for_any_number_of_lines(
    hold: StockHold, client_of: Any, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = client_of("OPS")
    client.get(page(hold))
    # session, person, roles, badge, switches, channels, the hold, its limits, how many lines, lines
    with django_assert_num_queries(10):
        client.get(page(hold))


@pytest.mark.parametrize(
    ("do", "state", "sent"), [("release", "RELEASED", (0, "PENDING")), ("refuse", "REFUSED", (None, "SKIPPED"))]
)
def test_decided_once_with_a_reason_and_a_second_press_is_harmless(
    hold: StockHold, client_of: Any, do: str, state: str, sent: tuple[int | None, str]
) -> None:
    client = client_of("OPS")
    say(client, f"{page(hold)}decide/", do=do, reason="The sale is over.")
    told = say(client, f"{page(hold)}decide/", do="refuse" if do == "release" else "release", reason="Again")
    assert "This is decided already" in told
    hold.refresh_from_db()
    assert (hold.state, hold.decided_by, hold.reason) == (state, "the-ops", "The sale is over.")
    stopped = ChannelStock.objects.filter(computed=0).values_list("released", "state").distinct()
    assert list(stopped) == [sent]
    assert actions()[0] == (f"stock hold {state.lower()}", "The sale is over.")
    assert [action for action, _ in actions()[1:]] == ["case.closed"]
    assert not ExceptionCase.objects.unresolved().exists()


def test_without_a_reason_nothing_is_decided(hold: StockHold, client_of: Any) -> None:
    told = say(client_of("OPS"), f"{page(hold)}decide/", do="release", reason="  ")
    hold.refresh_from_db()
    assert "Say why" in told
    assert (hold.state, actions()) == ("OPEN", [])


def test_who_may_decide(hold: StockHold, client_of: Any, shop: Shop) -> None:
    found = set()
    for role in ROLES:
        client = client_of(role)
        with undone():
            client.post(f"{page(hold)}decide/", {"do": "release", "reason": "x"})
            found |= {role} if StockHold.objects.get().state == "RELEASED" else set()
    assert found == set(MAY_ACT) == {"OPS", "ADMIN"}
    assert otto(shop).post(f"{page(hold)}decide/", {"do": "release", "reason": "x"}).status_code == 403
    assert StockHold.objects.get().state == "OPEN"


def test_the_case_leads_there_with_one_button(hold: StockHold, client_of: Any) -> None:
    case = ExceptionCase.objects.get(cause="stock_stopped")
    told = client_of("OPS").get(f"/console/cases/{case.pk}/").content.decode()
    assert f'<a class="hub-button" href="{page(hold)}">Look at what would be sent</a>' in told


def test_past_holds_stay_on_the_list(hold: StockHold, client_of: Any) -> None:
    breaker.refuse(hold.pk, actor="olivia", reason="The count is broken.")
    told = client_of("VIEWER").get("/console/stock-holds/").content.decode()
    assert "30 of 40 SKUs for sale would end at 0." in told
    assert "The count is broken." in told


# --- switches ---------------------------------------------------------------------------------------------------------
SET, SWITCHES = "/console/stock-switches/set/", "/console/stock-switches/"


@pytest.mark.parametrize("everywhere", [True, False])
@pytest.mark.parametrize("mode", ["HOLD", "ZERO", "LAST_GOOD"])
def test_a_switch_is_set_told_everywhere_and_ended(shop: Shop, client_of: Any, mode: str, everywhere: bool) -> None:
    here, there = factories.make_stock(shop.link, "A"), factories.make_stock(shop.harbour_link, "A")
    client, scope = client_of("OPS"), f"brand:{shop.brand.pk}" if everywhere else f"link:{shop.link.pk}"
    for _ in range(2):
        say(client, SET, scope=scope, mode=mode, reason="Stocktake", sure="yes")
    switch = StockSwitch.objects.get()
    assert (switch.mode, switch.link, switch.set_by) == (mode, None if everywhere else shop.link, "the-ops")
    assert actions() == [("stock_switch.set", "Stocktake")]
    dirty = ChannelStock.objects.filter(dirty=True).values_list("pk", flat=True)
    assert set(dirty) == ({here.pk, there.pk} if everywhere else {here.pk})
    for address in PAGES:
        assert "“Stocktake”" in client.get(address).content.decode(), address
    for _ in range(2):
        say(client, f"{SWITCHES}{switch.pk}/end/", reason="Counted")
    assert not StockSwitch.objects.exists()
    assert actions()[1:] == [("stock_switch.ended", "Counted")]


PAGES = (
    *("/console/stock/", "/console/stock-holds/", "/console/stock-switches/", "/console/stock-rules/"),
    *("/console/stock-rules/add/", "/console/stock-limits/", "/console/stock-deliveries/", "/console/stock-drift/"),
)


def test_the_consequences_are_told_in_numbers(shop: Shop, client_of: Any) -> None:
    for number in range(3):
        factories.make_stock(shop.link, f"X-{number}")
    factories.make_stock(shop.link, "GONE", available=0)
    factories.make_stock(shop.link, "WAITS", computed=4, state="PENDING")
    told = client_of("OPS").get(SET, {"scope": f"link:{shop.link.pk}"}).content.decode()
    assert "4 SKUs of Northgate will show 0: nothing is for sale there." in told
    assert "1 change that waits is not sent until you switch back." in told


@pytest.mark.parametrize("missing", ["mode", "reason", "sure"])
def test_a_switch_that_is_not_meant_is_not_set(shop: Shop, client_of: Any, missing: str) -> None:
    values = {"scope": f"link:{shop.link.pk}", "mode": "ZERO", "reason": "Recall", "sure": "yes", missing: ""}
    client_of("OPS").post(SET, values)
    assert (StockSwitch.objects.count(), actions()) == (0, [])


def test_ending_needs_a_reason(shop: Shop, client_of: Any) -> None:
    switch = StockSwitch.objects.create(brand=shop.brand, mode="HOLD", reason="x", set_by="alice")
    assert "Say why" in say(client_of("OPS"), f"{SWITCHES}{switch.pk}/end/", reason=" ")
    assert StockSwitch.objects.exists()


def test_who_may_switch(shop: Shop, client_of: Any) -> None:
    found = set()
    values = {"scope": f"link:{shop.link.pk}", "mode": "ZERO", "reason": "Recall", "sure": "yes"}
    for role in ROLES:
        client = client_of(role)
        with undone():
            client.post(SET, values)
            found |= {role} if StockSwitch.objects.exists() else set()
    assert found == set(MAY_ACT)
    otto(shop).post(SET, values)
    assert not StockSwitch.objects.exists()


# --- rules ------------------------------------------------------------------------------------------------------------
ADD = "/console/stock-rules/add/"


def previewed(client: Client, address: str, **values: str) -> Any:
    return client.post(address, {"do": "preview", **values}).context


def save(client: Client, address: str, **values: str) -> str:
    return say(client, address, do="save", seen=previewed(client, address, **values)["seen"], **values)


@pytest.mark.parametrize(
    "rule",
    [
        {"buffer_units": "3"},
        {"buffer_percent": "12.5", "floor": "5"},
        {"sku": "B", "cap": "2"},
        {"category": "COATS", "buffer_units": "1", "floor": "40"},
        {"channel": "own", "buffer_units": "60"},
    ],
)
def test_what_the_preview_says_is_what_is_then_computed(shop: Shop, client_of: Any, rule: dict[str, str]) -> None:
    StockRule.objects.create(brand=shop.brand, link=shop.harbour_link, buffer_units=1, changed_by="alice")
    for link in (shop.link, shop.harbour_link):
        factories.make_stock(link, "A", available=50, channel_sku="A")
        factories.make_stock(link, "B", available=4, channel_sku="B")
        factories.make_stock(link, "C", available=30, channel_sku="C", category="COATS")
        factories.make_stock(link, "UNREAD", available=None, channel_sku="U")
    everything(shop)
    before = shown()
    client = client_of("OPS")
    values = {"brand": str(shop.brand.pk), "reason": "Test", **rule}
    values |= {"channel": str(shop.link.pk)} if "channel" in rule else {}
    said = previewed(client, ADD, **values)["preview"]
    assert StockRule.objects.count() == 1  # nothing is left behind
    save(client, ADD, **values)
    everything(shop)
    after = shown()
    told = {one.stock.pk: (one.before, one.after) for one in said.changes}
    assert told == {pk: (before[pk], after[pk]) for pk in before if before[pk] != after[pk]}
    assert told


def everything(shop: Shop) -> None:
    ledger.mark_links([shop.link.pk, shop.harbour_link.pk])
    for link in (shop.link, shop.harbour_link):
        ledger.compute(link.source, [link])


def shown() -> dict[int, int | None]:
    return dict(ChannelStock.objects.values_list("pk", "computed"))


def test_a_rule_is_added_changed_and_removed_each_with_a_reason(shop: Shop, client_of: Any) -> None:
    row = factories.make_stock(shop.link, "A")
    client, brand = client_of("OPS"), str(shop.brand.pk)
    save(client, ADD, brand=brand, sku="A", buffer_units="2", reason="Shop in town")
    rule = StockRule.objects.get()
    assert (rule.sku, rule.buffer_units, rule.changed_by) == ("A", 2, "the-ops")
    row.refresh_from_db()
    assert row.dirty
    address = f"/console/stock-rules/{rule.pk}/"
    save(client, address, buffer_units="5", reason="More of them")
    assert StockRule.objects.get().buffer_units == 5
    assert "1 SKU in a channel: 1 would show something else" in client.get(f"{address}remove/").content.decode()
    for _ in range(2):
        say(client, f"{address}remove/", reason="Shop is closed")
    assert not StockRule.objects.exists()
    assert actions() == [
        ("stock_rule.added", "Shop in town"),
        ("stock_rule.changed", "More of them"),
        ("stock_rule.removed", "Shop is closed"),
    ]
    assert AuditEntry.objects.latest("pk").before["buffer_units"] == 5


def test_what_was_not_looked_at_is_not_saved(shop: Shop, client_of: Any) -> None:
    client, brand = client_of("OPS"), str(shop.brand.pk)
    seen = previewed(client, ADD, brand=brand, buffer_units="2", reason="x")["seen"]
    told = say(client, ADD, do="save", seen=seen, brand=brand, buffer_units="200", reason="x")
    assert (StockRule.objects.count(), "Save the rule" in told) == (0, True)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"sku": "A", "category": "B"}, "A rule is for a category or for a SKU, not for both."),
        ({"buffer_percent": "101"}, "less than or equal to 100"),
        ({"buffer_units": "-1"}, "Between 0 and 1,000,000."),
        ({"cap": "3", "floor": "5"}, "Fewer than 5 are not shown, so a cap of 3 would say otherwise."),
        ({"sku": "TWICE"}, "There is a rule for exactly this already. Change that one."),
        ({"reason": ""}, "This field is required."),
    ],
)
def test_what_is_wrong_is_said_in_words(shop: Shop, client_of: Any, values: dict[str, str], words: str) -> None:
    StockRule.objects.create(brand=shop.brand, sku="TWICE", changed_by="alice")
    given = {"brand": str(shop.brand.pk), "reason": "x", "do": "preview", **values}
    assert words in say(client_of("OPS"), ADD, **given)
    assert StockRule.objects.count() == 1


# --- limits, deliveries, what channels show ---------------------------------------------------------------------------
def test_limits_are_changed_by_administrators_with_a_reason(shop: Shop, client_of: Any) -> None:
    address = f"/console/stock-limits/{shop.link.pk}/"
    values = {"zero_percent": "5", "move_percent": "50", "least": "10", "reason": "Careful"}
    assert client_of("OPS").post(address, values).status_code == 403
    client = client_of("ADMIN")
    for _ in range(2):
        say(client, address, **values)
    assert StockLimits.objects.values_list("zero_percent", "move_percent", "least").get() == (5, 50, 10)
    assert actions() == [("stock_limits.changed", "Careful")]
    assert "Between 0 and 100." in say(client, address, **{**values, "zero_percent": "101"})


def test_a_delivery_that_was_never_handed_over_is_not_called_refused(shop: Shop, client_of: Any) -> None:
    StockDelivery.objects.create(
        connection=shop.northgate, lines=2, state="FAILED", words="The call budget is used up."
    )
    told = client_of("VIEWER").get("/console/stock-deliveries/").content.decode()
    assert "Did not go out" in told
    assert "The call budget is used up." in told


def test_the_trend_costs_one_query_for_all_channels(
    shop: Shop, client_of: Any, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(30):
        for place in (shop.northgate, shop.harbour):
            DriftScan.objects.create(
                channel=place, began_at=ports.now(), ended_at=ports.now(), offers=9, drifted=2, left=1
            )
    client = client_of("VIEWER")
    client.get("/console/stock-drift/")
    # session, person, roles, badge, switches, channels, scans
    with django_assert_num_queries(7):
        groups = client.get("/console/stock-drift/").context["groups"]
    assert [(group["name"], len(group["scans"])) for group in groups] == [("Harbour & Co", 6), ("Northgate", 6)]
