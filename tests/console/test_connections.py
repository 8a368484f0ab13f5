from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from django.db import connection as database

from connectors import ports
from connectors.base import CheckReport, Finding
from connectors.canonical.errors import ConfigurationError, TransientError
from connectors.centra.connector import CentraConnector
from connectors.mirakl.connector import MiraklConnector
from connectors.models import AuditEntry, Connection, Link
from integrationhub.console.back_office import page_url
from integrationhub.console.connections.forms import secret_words
from integrationhub.sync import standing
from integrationhub.sync.models import Schedule, Switch, SyncJob
from integrationhub.sync.places import place
from tests import factories
from tests.console.conftest import Shop

KEY = "key-of-northgate-0123456789"


@pytest.fixture(autouse=True)
def forgotten() -> None:
    place.forget()


def address(row: Connection, rest: str = "") -> str:
    return f"/console/connections/{row.pk}/{rest}"


def form_of(row: Connection, **data: str) -> dict[str, str]:
    """What the browser sends when nothing was changed: secrets are empty, because they were never sent."""
    return {
        "name": row.name,
        "base_url": row.base_url,
        "timezone": row.timezone,
        "setting_or11_tier": "default",
        "setting_multi_shipment": "ask",
        **data,
    }


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> None:
    report = CheckReport(findings=(Finding(ok=True, subject="API key", message="The key works."),))
    monkeypatch.setattr(MiraklConnector, "check", lambda self: report)


@pytest.fixture
def fails(monkeypatch: pytest.MonkeyPatch) -> None:
    finding = Finding(ok=False, subject="API key", message="Mirakl does not know this key. Make a new one there.")
    monkeypatch.setattr(MiraklConnector, "check", lambda self: CheckReport(findings=(finding,)))


# --- secrets ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["ADMIN", "OPS", "VIEWER", "AUDITOR"])
def test_no_page_shows_a_secret(shop: Shop, client_of: Any, role: str, passes: None) -> None:
    client = client_of(role)
    pages = [
        address(shop.northgate),
        address(shop.centra),
        "/console/connections/",
        "/console/links/",
        "/console/audit/",
    ]
    told = "".join(client.get(page).content.decode() for page in pages)
    told += client.post(address(shop.northgate, "test/")).content.decode()
    for row in (shop.northgate, shop.centra):
        for secret in row.credentials.values():
            assert secret not in told


def test_a_secret_is_shown_by_its_last_four_characters_to_who_may_change_it(shop: Shop, client_of: Any) -> None:
    assert "Set, ends in …6789" in client_of("ADMIN").get(address(shop.northgate)).content.decode()
    assert "6789" not in client_of("OPS").get(address(shop.northgate)).content.decode()


def test_short_secrets_show_nothing_of_themselves() -> None:
    assert secret_words("abc123") == "Set"
    assert secret_words("abcdefgh1234") == "Set, ends in …1234"


def test_an_empty_secret_keeps_what_is_held(shop: Shop, client_of: Any) -> None:
    client_of("ADMIN").post(address(shop.northgate), form_of(shop.northgate, name="Northgate UK"))
    row = Connection.objects.get(pk=shop.northgate.pk)
    assert (row.name, row.credentials) == ("Northgate UK", {"api_key": KEY})


def test_a_new_secret_replaces_the_old_and_the_trail_says_only_that(shop: Shop, client_of: Any) -> None:
    client_of("ADMIN").post(address(shop.northgate), form_of(shop.northgate, setting_api_key="another-key-9999999999"))
    assert Connection.objects.get(pk=shop.northgate.pk).credentials == {"api_key": "another-key-9999999999"}
    entry = AuditEntry.objects.get(action="connection.changed")
    assert entry.after == {"secret api_key": "replaced"}
    assert "another-key" not in str((entry.before, entry.after, entry.reason))


def test_a_new_address_wipes_the_keys_unless_they_are_given_again(shop: Shop, client_of: Any) -> None:
    client = client_of("ADMIN")
    moved = form_of(shop.northgate, base_url="https://elsewhere.mirakl.net")
    told = client.post(address(shop.northgate), moved).content.decode()
    assert "a key is never sent to an address it was not given for" in told
    row = Connection.objects.get(pk=shop.northgate.pk)
    assert (row.base_url, row.credentials) == ("https://northgate.mirakl.net", {"api_key": KEY})
    client.post(address(shop.northgate), {**moved, "setting_api_key": "key-for-elsewhere-1234"})
    row.refresh_from_db()
    assert (row.base_url, row.credentials) == ("https://elsewhere.mirakl.net", {"api_key": "key-for-elsewhere-1234"})


def test_an_optional_secret_can_be_removed(shop: Shop, client_of: Any) -> None:
    Connection.objects.filter(pk=shop.centra.pk).update(
        credentials={**shop.centra.credentials, "webhook_secret_previous": "old-secret-000000"}
    )
    data = {
        "name": "Centra",
        "base_url": shop.centra.base_url,
        "timezone": "UTC",
        "setting_order_api_path": "api/marketplace",
        "setting_tier": "default",
        "remove_webhook_secret_previous": "on",
    }
    client_of("ADMIN").post(address(shop.centra), data)
    assert set(Connection.objects.get(pk=shop.centra.pk).credentials) == {"token", "order_api_key"}
    assert AuditEntry.objects.get(action="connection.changed").after == {"secret webhook_secret_previous": "removed"}


# --- the form ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "base_url", ["http://northgate.mirakl.net", "ftp://x", "northgate", "https://user:pw@x.mirakl.net"]
)
def test_an_address_the_connector_refuses_is_not_saved(shop: Shop, client_of: Any, base_url: str) -> None:
    data = form_of(shop.northgate, base_url=base_url, setting_api_key="key-0123456789")
    answer = client_of("ADMIN").post(address(shop.northgate), data)
    assert answer.context["form"].errors
    assert Connection.objects.get(pk=shop.northgate.pk).base_url == "https://northgate.mirakl.net"


def test_a_new_connection_asks_for_what_its_platform_needs(shop: Shop, client_of: Any) -> None:
    client = client_of("ADMIN")
    assert "Which platform?" in client.get("/console/connections/add/").content.decode()
    asked = client.get("/console/connections/add/?platform=centra").content.decode()
    for setting in CentraConnector.settings:
        assert setting.label in asked
    told = client.post(
        "/console/connections/add/?platform=mirakl",
        {"name": "X", "base_url": "https://x.mirakl.net", "timezone": "UTC"},
    )
    assert "This is needed." in told.content.decode()
    assert Connection.objects.count() == 3


def test_a_new_connection_is_saved_and_reads_no_orders_before_it_has_a_link(shop: Shop, client_of: Any) -> None:
    data = {
        "name": "Third",
        "base_url": "https://third.mirakl.net",
        "timezone": "Europe/Paris",
        "setting_api_key": "key-of-third-0123456789",
        "setting_or11_tier": "default",
        "setting_multi_shipment": "ask",
    }
    client_of("ADMIN").post("/console/connections/add/?platform=mirakl", data)
    row = Connection.objects.get(name="Third")
    assert (row.brand, row.platform, row.credentials) == (shop.brand, "mirakl", {"api_key": "key-of-third-0123456789"})
    assert row.settings == {}
    assert not row.schedules.filter(flow="read_orders").exists()
    assert AuditEntry.objects.get(action="connection.added").brand == shop.brand


def test_a_time_zone_that_is_none_is_refused(shop: Shop, client_of: Any) -> None:
    told = client_of("ADMIN").post(address(shop.northgate), form_of(shop.northgate, timezone="Mars")).content.decode()
    assert "Mars is not a time zone." in told


# --- the test ---------------------------------------------------------------------------------------------------------


def test_a_passed_test_resumes_a_refused_connection(shop: Shop, client_of: Any, passes: None) -> None:
    standing.refuse_connection(shop.northgate, ConfigurationError("The key is no longer valid.", operation=""))
    told = client_of("ADMIN").post(address(shop.northgate, "test/")).content.decode()
    assert "Northgate works again, and everything that waited goes on." in told
    assert Connection.objects.get(pk=shop.northgate.pk).state == "ACTIVE"


def test_a_passed_test_resumes_single_flows_that_were_refused(shop: Shop, client_of: Any, passes: None) -> None:
    schedule = factories.make_schedule(shop.link, "accept_order", paused_reason="The role is missing.")
    client_of("ADMIN").post(address(shop.northgate, "test/"))
    schedule.refresh_from_db()
    assert schedule.paused_reason == ""


def test_a_failed_test_says_what_to_do_and_resumes_nothing(shop: Shop, client_of: Any, fails: None) -> None:
    standing.refuse_connection(shop.northgate, ConfigurationError("The key is no longer valid.", operation=""))
    told = client_of("ADMIN").post(address(shop.northgate, "test/")).content.decode()
    assert "Mirakl does not know this key. Make a new one there." in told
    assert Connection.objects.get(pk=shop.northgate.pk).state == "REFUSED"


def test_a_platform_out_of_reach_is_a_finding(shop: Shop, client_of: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def check(self: MiraklConnector) -> CheckReport:
        raise TransientError("Mirakl could not be reached. Nothing was sent.")

    monkeypatch.setattr(MiraklConnector, "check", check)
    assert "Mirakl could not be reached." in client_of("ADMIN").post(address(shop.northgate, "test/")).content.decode()


@pytest.mark.parametrize("switch", ["everything", "this one"])
def test_no_test_calls_what_a_person_switched_off(
    shop: Shop, client_of: Any, monkeypatch: pytest.MonkeyPatch, switch: str
) -> None:
    calls: list[str] = []
    monkeypatch.setattr(MiraklConnector, "check", lambda self: calls.append("called"))
    if switch == "everything":
        Switch.objects.create(calls_allowed=False)
    else:
        Connection.objects.filter(pk=shop.northgate.pk).update(state="SWITCHED_OFF")
    told = client_of("ADMIN").post(address(shop.northgate, "test/")).content.decode()
    assert "switched off" in told
    assert calls == []


# --- the switches -----------------------------------------------------------------------------------------------------


def test_the_switch_needs_a_reason_and_is_audited(shop: Shop, client_of: Any) -> None:
    client = client_of("ADMIN")
    client.post(address(shop.northgate, "switch/"), {"to": "off", "reason": ""})
    assert Connection.objects.get(pk=shop.northgate.pk).state == "ACTIVE"
    client.post(address(shop.northgate, "switch/"), {"to": "off", "reason": "They migrate."})  # and that it is meant
    shop.northgate.refresh_from_db()
    assert shop.northgate.state == "ACTIVE"
    client.post(address(shop.northgate, "switch/"), {"to": "off", "reason": "They migrate.", "sure": "yes"})
    row = Connection.objects.get(pk=shop.northgate.pk)
    assert (row.state, row.state_reason) == ("SWITCHED_OFF", "They migrate.")
    client.post(address(shop.northgate, "switch/"), {"to": "on", "reason": "Done."})
    assert Connection.objects.get(pk=shop.northgate.pk).state == "ACTIVE"
    told = AuditEntry.objects.order_by("pk").values_list("action", "reason")
    assert list(told) == [("connection.switched_off", "They migrate."), ("connection.switched_on", "Done.")]


def test_switching_on_does_not_overrule_a_refusal(shop: Shop, client_of: Any) -> None:
    Connection.objects.filter(pk=shop.northgate.pk).update(state="REFUSED")
    client_of("ADMIN").post(address(shop.northgate, "switch/"), {"to": "on", "reason": "I want to."})
    assert Connection.objects.get(pk=shop.northgate.pk).state == "REFUSED"


# --- what it can do, and links ----------------------------------------------------------------------------------------


def test_the_capability_table_comes_from_the_connectors(shop: Shop, client_of: Any) -> None:
    told = client_of("VIEWER").get("/console/connections/capabilities/").content.decode()
    for kind in (CentraConnector, MiraklConnector):
        assert kind.label in told
        for note in kind.capability_notes.values():
            assert note.split("“")[0].split("'")[0][:20] in told


def link_form(link: Link, **data: str) -> dict[str, str]:
    return {
        "active": "on",
        "acceptance_policy": link.acceptance_policy,
        "acceptance_window_hours": str(link.acceptance_window_hours),
        "dispatch_confirmed_within_hours": "4",
        "fallback_email": "orders@nordhem.example",
        "tax_difference": "WARN",
        **data,
    }


def test_a_changed_link_is_told_to_the_trail(shop: Shop, client_of: Any) -> None:
    client_of("ADMIN").post(f"/console/links/{shop.link.pk}/", link_form(shop.link, acceptance_window_hours="48"))
    shop.link.refresh_from_db()
    assert shop.link.acceptance_window_hours == 48
    entry = AuditEntry.objects.get(action="link.changed")
    assert (entry.before["acceptance_window_hours"], entry.after["acceptance_window_hours"]) == (24, 48)


def test_reading_orders_too_seldom_is_warned_about(shop: Shop, client_of: Any) -> None:
    Schedule.objects.create(flow="read_orders", connection=shop.northgate, cadence_seconds=8 * 3600)
    told = client_of("ADMIN").get(f"/console/links/{shop.link.pk}/").content.decode()
    assert "Orders of Northgate are read every 8 h 00, and each must be accepted within 1 d." in told


def test_a_link_asks_only_for_what_its_flows_go_by(shop: Shop, client_of: Any) -> None:
    warehouse = factories.make_fulfil(shop.brand)
    upstream = factories.make_link(shop.brand, source=shop.centra, target=warehouse)
    client = client_of("ADMIN")

    def asked(link: Link) -> set[str]:
        fields = client.get(f"/console/links/{link.pk}/").context["adminform"].form.fields
        return set(fields) & {"acceptance_window_hours", "return_reason", "order_number_from", "cancels_in_shop"}

    assert asked(shop.link) == {"acceptance_window_hours", "return_reason", "order_number_from"}
    assert asked(upstream) == {"cancels_in_shop"}
    sent = {**link_form(upstream), "dispatch_confirmed_within_hours": "9"}
    assert client.post(f"/console/links/{upstream.pk}/", sent).status_code == 302
    upstream.refresh_from_db()
    assert upstream.dispatch_confirmed_within_hours == 9


def test_a_link_offers_only_connections_that_can_stand_there(shop: Shop, client_of: Any) -> None:
    form = client_of("ADMIN").get("/console/links/add/").context["adminform"].form
    assert {row.platform for row in form.fields["source"].queryset} == {"mirakl", "centra"}
    assert {row.platform for row in form.fields["target"].queryset} == {"centra"}


def added(shop: Shop, client_of: Any, source: Connection, target: Connection, **data: str) -> Any:
    """The answer to a new link, asked for by an administrator."""
    sides = {"brand": str(shop.brand.pk), "source": str(source.pk), "target": str(target.pk)}
    started = {"started_at_0": "2026-01-15", "started_at_1": "09:00:00"}
    return client_of("ADMIN").post("/console/links/add/", link_form(shop.link, **sides, **started, **data))


def errors_of(answer: Any) -> dict[str, list[str]]:
    return dict(answer.context["adminform"].form.errors)


def make_fulfil(shop: Shop, name: str = "Fulfil") -> Connection:
    return Connection.objects.create(
        brand=shop.brand, platform="fulfil", name=name, base_url="https://nordhem.fulfil.io"
    )


def test_a_link_from_a_shop_to_its_warehouse_keeps_to_mappings_of_its_own(shop: Shop, client_of: Any) -> None:
    fulfil = make_fulfil(shop)

    answer = added(shop, client_of, shop.centra, fulfil, equal_skus="on")

    assert answer.status_code == 302
    link = Link.objects.get(source=shop.centra, target=fulfil)
    assert (link.own_mappings_only, link.equal_skus) == (True, True)
    told = client_of("AUDITOR").get("/console/links/").content.decode()
    assert "created when they are paid" in told


def test_a_link_from_a_marketplace_shares_the_brands_mappings(shop: Shop, client_of: Any) -> None:
    other = factories.make_marketplace(shop.brand, "Quay")

    assert added(shop, client_of, other, make_fulfil(shop)).status_code == 302
    assert Link.objects.get(source=other).own_mappings_only is False


def test_two_shops_cannot_be_joined(shop: Shop, client_of: Any) -> None:
    other = factories.make_centra(shop.brand, "Centra of Japan")

    answer = added(shop, client_of, shop.centra, other)

    assert errors_of(answer) == {
        "target": [
            "Centra and Centra of Japan are both shops: neither fulfils for the other. A link goes from a marketplace to "
            "Centra, from Centra to Fulfil, or from a marketplace to Fulfil."
        ]
    }
    assert not Link.objects.filter(source=shop.centra).exists()


def test_a_source_gets_its_stock_from_one_owner_only(shop: Shop, client_of: Any) -> None:
    fulfil = make_fulfil(shop)

    answer = added(shop, client_of, shop.northgate, fulfil)

    assert errors_of(answer) == {
        "active": [
            "Northgate already gets its stock from Centra. The hub never lets two owners write the same stock. Switch that "
            "link off first."
        ]
    }
    assert Link.objects.filter(source=shop.northgate).count() == 1


def test_no_job_is_made_by_looking(shop: Shop, client_of: Any) -> None:
    client_of("ADMIN").get(address(shop.northgate))
    assert SyncJob.objects.count() == 0


# --- how old a key is -------------------------------------------------------------------------------------------------


def test_a_replaced_key_is_young_again_and_another_name_changes_nothing(
    shop: Shop, client_of: Any, virtual_clock: ports.VirtualClock
) -> None:
    made = shop.northgate.credentials_changed_at
    virtual_clock.advance(600)
    client = client_of("ADMIN")
    client.post(address(shop.northgate), form_of(shop.northgate, name="Northgate UK"))
    assert Connection.objects.get(pk=shop.northgate.pk).credentials_changed_at == made
    renamed = Connection.objects.get(pk=shop.northgate.pk)
    client.post(address(renamed), form_of(renamed, setting_api_key="another-key-9999999999"))
    assert Connection.objects.get(pk=shop.northgate.pk).credentials_changed_at == ports.now()


@pytest.mark.parametrize(
    ("days", "warn_after", "told"),
    [
        (365, 365, ""),
        (366, 365, "The key of Northgate was last changed 366 days ago. Ask for a new one and enter it."),
        (366, 0, ""),
        (31, 30, "The key of Northgate was last changed 31 days ago. Ask for a new one and enter it."),
    ],
)
def test_an_old_key_is_pointed_out_to_who_may_change_it(
    shop: Shop, client_of: Any, settings: Any, days: int, warn_after: int, told: str
) -> None:
    settings.KEY_WARN_AFTER_DAYS = warn_after
    Connection.objects.filter(pk=shop.northgate.pk).update(credentials_changed_at=ports.now() - timedelta(days=days))
    answer = client_of("ADMIN").get(address(shop.northgate))
    assert answer.context["old_key"] == told
    assert told in answer.content.decode()
    page = client_of("VIEWER").get(address(shop.northgate)).content.decode()
    assert f"{days} d ago" in page
    assert "Ask for a new one" not in page


def test_how_old_the_keys_are_that_stand_already_is_taken_from_the_audit_trail(
    shop: Shop, client_of: Any, virtual_clock: ports.VirtualClock
) -> None:
    virtual_clock.advance(600)
    client_of("ADMIN").post(address(shop.northgate), form_of(shop.northgate, setting_api_key="another-key-9999999999"))
    Connection.objects.update(credentials_changed_at=ports.now() + timedelta(days=1))
    fill = import_module("connectors.migrations.0003_key_age").FILL
    with database.cursor() as cursor:
        cursor.execute(fill)
    known = dict(Connection.objects.values_list("name", "credentials_changed_at"))
    assert known == {
        "Northgate": ports.now(),
        "Harbour & Co": shop.harbour.created_at,
        "Centra": shop.centra.created_at,
    }


# --- pages in the back office -----------------------------------------------------------------------------------------
OFFICE = "https://northgate.example.com/sellers/orders/{number}"


def test_the_address_of_an_orders_page_is_kept_and_told_to_the_trail(shop: Shop, client_of: Any) -> None:
    admin = client_of("ADMIN")
    admin.post(address(shop.northgate), form_of(shop.northgate, setting_page_order=OFFICE))
    row = Connection.objects.get(pk=shop.northgate.pk)
    assert row.settings["page_order"] == OFFICE
    assert AuditEntry.objects.get(action="connection.changed").after["setting page_order"] == OFFICE
    assert page_url(row, "order", "MK-1") == "https://northgate.example.com/sellers/orders/MK-1"
    assert page_url(row, "return", "R1") == ""

    admin.post(address(shop.northgate), form_of(shop.northgate))
    assert "page_order" not in Connection.objects.get(pk=shop.northgate.pk).settings


@pytest.mark.parametrize("typed", ["http://northgate.example.com/{number}", "https://northgate.example.com/orders"])
def test_an_address_that_leads_nowhere_is_not_saved(shop: Shop, client_of: Any, typed: str) -> None:
    answer = client_of("ADMIN").post(address(shop.northgate), form_of(shop.northgate, setting_page_order=typed))
    assert list(answer.context["form"].errors) == ["setting_page_order"]
    assert "page_order" not in Connection.objects.get(pk=shop.northgate.pk).settings
