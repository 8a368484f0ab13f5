"""One main journey for each role, and axe on every page on its way, in light and in dark."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from connectors import sealing
from connectors.models import AuditEntry, RoleGrant, record_audit
from integrationhub.sync.models import Schedule
from mappings_app.codes import CodeItem, note_seen
from mappings_app.models import MappingVersion
from tests import factories
from tests.browser.conftest import World, log_in
from tests.browser.test_accessibility import found_in_light_and_dark

pytestmark = [pytest.mark.browser, pytest.mark.slow]


class Journey:
    """A person's way through the console: each page is looked at by axe in both colours."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address = page, address
        self.problems: dict[str, list[str]] = {}

    def go(self, path: str) -> None:
        self.page.goto(f"{self.address}/console/{path}")
        self.look(path)

    def look(self, name: str) -> None:
        for colours, found in found_in_light_and_dark(self.page).items():
            self.problems[f"{name or 'home'}, {colours}"] = found


@pytest.fixture
def as_role(browser: Browser, live_server: LiveServer, world: World) -> Any:
    """`as_role("VIEWER")` → the journey of somebody with that role, logged in and at home."""
    made: list[tuple[Any, Journey, list[str]]] = []

    def begin(role: str) -> Journey:
        factories.make_person(f"the-{role.lower()}", (role, world.brand))
        context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
        page, complaints = context.new_page(), []
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        log_in(page, live_server, f"the-{role.lower()}")
        journey = Journey(page, live_server.url)
        made.append((context, journey, complaints))
        journey.look("")
        return journey

    yield begin
    for context, journey, complaints in made:
        context.close()
        assert (journey.problems, complaints) == ({}, [])


def test_a_viewer_sees_how_things_stand_and_can_press_nothing(as_role: Any) -> None:
    journey = as_role("VIEWER")
    expect(journey.page.get_by_role("heading", name="What waits for a decision")).to_be_visible()
    expect(journey.page.get_by_role("link", name="Map SKU")).to_have_count(0)
    journey.go("completeness/")
    journey.go("syncs/")
    expect(journey.page.get_by_role("button", name="Run now")).to_have_count(0)


def test_ecommerce_maps_a_sku_that_was_seen_before_it_blocks(as_role: Any, world: World) -> None:
    note_seen(world.link, {"sku": [CodeItem(code="AB-2000", label="Tee")]})
    journey = as_role("ECOMMERCE")
    journey.go("mappings/skus/add/?from_code=AB-2000")
    page = journey.page
    page.locator("[name=to_code]").fill("NW-1022")
    page.locator("main").get_by_role("button", name="Save").first.click()
    expect(page.get_by_text("AB-2000").first).to_be_visible()
    assert MappingVersion.objects.get(from_code="AB-2000").to_code == "NW-1022"


def test_finance_finds_the_order_that_differs_by_a_penny(as_role: Any, world: World) -> None:
    journey = as_role("FINANCE")
    page = journey.page
    expect(page.get_by_role("heading", name="Money that needs me now")).to_be_visible()
    page.get_by_role("link", name="Compare and correct").click()
    expect(page.locator(".hub-said")).to_contain_text("Difference £0.01")
    journey.look("money case")


def test_a_finance_approver_sees_money_first_and_the_corrections(as_role: Any, world: World) -> None:
    journey = as_role("FINANCE_APPROVER")
    expect(journey.page.get_by_role("heading", name="Money that needs me now")).to_be_visible()
    journey.go("corrections/")


def test_an_administrator_holds_a_flow_tests_a_connection_and_grants_a_role(
    as_role: Any, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from connectors.base import Finding
    from integrationhub.console.connections import listing
    from integrationhub.console.connections.testing import Tried

    finding = Finding(ok=True, subject="API key", message="Northgate accepts it.")
    monkeypatch.setattr(listing, "try_connection", lambda row, actor: Tried(findings=(finding,), ok=True))
    journey = as_role("ADMIN")
    page = journey.page
    expect(page.get_by_role("heading", name="What runs by itself")).to_be_visible()
    journey.go("syncs/")
    row = page.locator(f"#sync-{Schedule.objects.get(flow='read_orders', connection=world.northgate).pk}")
    row.get_by_text("Change").click()
    row.get_by_label("Why, for Read orders").fill("Warehouse moves")
    row.get_by_role("button", name="Hold").click()
    expect(page.get_by_text("is held. Nothing is lost")).to_be_visible()
    journey.go(f"connections/{world.northgate.pk}/")
    page.get_by_role("button", name="Test the connection").click()
    expect(page.get_by_text("Northgate accepts it.")).to_be_visible()
    journey.go(f"people/{world.alice.pk}/")
    page.get_by_label("Role").select_option("FINANCE")
    page.get_by_role("button", name="Give the role").click()
    expect(page.get_by_text("alice is Finance of Nordhem now.")).to_be_visible()
    assert Schedule.objects.get(flow="read_orders", connection=world.northgate).mode == "HELD"
    assert RoleGrant.objects.filter(user=world.alice, role="FINANCE").exists()


def test_an_auditor_finds_an_entry_and_takes_the_trail_out(as_role: Any, world: World) -> None:
    mode = {"before": {"mode": "Live"}, "after": {"mode": "Held"}}
    record_audit(
        actor="adam", action="sync.mode_changed", subject=world.northgate, brand=world.brand, reason="Stocktake", **mode
    )
    sealing.seal()
    sealing.check_some()
    journey = as_role("AUDITOR")
    page = journey.page
    expect(page.get_by_text("chain intact")).to_be_visible()
    journey.go("audit/")
    page.locator("[name=person]").select_option("adam")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_text("Stocktake")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export these").click()
    text = Path(str(download.value.path())).read_text(encoding="utf-8-sig")
    assert "Stocktake" in text
    assert AuditEntry.objects.filter(action="audit.exported", actor="the-auditor").exists()
    page.locator("[data-rows] a").first.click()
    journey.look("entry")


def test_home_keeps_itself_fresh_but_not_under_somebodys_fingers(as_role: Any, world: World) -> None:
    page = as_role("OPS").page
    page.evaluate("document.querySelector('[data-fresh] h2').textContent = 'Old'")
    expect(page.get_by_role("heading", name="Old")).to_be_visible()
    page.evaluate("document.querySelector('[data-fresh]').dispatchEvent(new Event('hub:refresh'))")
    expect(page.get_by_role("heading", name="Needs me now")).to_be_visible()
    page.locator("[data-fresh] a").first.focus()
    page.evaluate("document.querySelector('[data-fresh] h2').textContent = 'Old'")
    page.evaluate("document.querySelector('[data-fresh]').dispatchEvent(new Event('hub:refresh'))")
    page.wait_for_timeout(500)
    expect(page.get_by_role("heading", name="Old")).to_be_visible()
