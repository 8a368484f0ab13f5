"""Alice of operations: logs in, opens what needs her first, chooses the suggestion, saves, and watches it count down."""

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from integrationhub.sync.models import SyncJob
from mappings_app.models import MappingVersion
from tests.browser.conftest import World

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_missing_sku_is_mapped_and_what_waits_is_released(ops_page: Page, world: World) -> None:
    page = ops_page
    page.get_by_role("link", name="Map SKU").first.click()
    expect(page.locator(".hub-said")).to_contain_text("5 orders wait")
    suggestion = page.get_by_role("radio", name="NW-1021")
    expect(suggestion).to_be_checked()
    expect(page.locator(".hub-choice", has=suggestion)).to_contain_text("GTIN equal ✓")

    button = page.locator("[data-save-button]")
    expect(button).to_have_text("Save and release 5")
    page.get_by_text("For Northgate only").click()
    expect(button).to_have_text("Save and release 3")
    page.get_by_text("For every channel of Nordhem").click()
    button.click()

    told = page.locator("[data-told-progress]")
    expect(told).to_have_text("0 of 5 done · 5 still running")
    SyncJob.objects.filter(state="QUEUED").update(state="DONE")
    expect(told).to_have_text("5 of 5 done", timeout=10_000)
    expect(page.get_by_text("Closed", exact=True).first).to_be_visible()
    page.get_by_role("link", name="AB-1021 → NW-1021").click()
    expect(page.get_by_text("counts now")).to_be_visible()
    assert MappingVersion.objects.filter(from_code="AB-1021").get().recorded_by == "alice"


def test_a_half_remembered_code_is_completed(ops_page: Page, live_server: LiveServer, world: World) -> None:
    page = ops_page
    page.goto(f"{live_server.url}/console/cases/{world.unmapped_sku.pk}/")
    page.get_by_role("textbox", name="Another code").or_(page.get_by_role("combobox", name="Another code")).type(
        "tee, l"
    )
    expect(page.get_by_role("radio", name="Another code")).to_be_checked()
    option = page.locator("#hub-known-codes option")
    expect(option).to_have_count(1)
    assert option.get_attribute("value") == "NW-1022"


def test_the_queue_is_worked_from_the_keyboard(ops_page: Page, live_server: LiveServer, world: World) -> None:
    page = ops_page
    page.goto(f"{live_server.url}/console/cases/")
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator("#result_list tr.hub-here")).to_have_count(1)
    page.keyboard.press("x")
    expect(page.locator("input.action-select:checked")).to_have_count(1)
    page.keyboard.press("x")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{live_server.url}/console/cases/*/")
    page.keyboard.press("s")
    expect(page.get_by_label("How long")).to_be_focused()


def test_the_search_box_is_one_key_away_and_opens_the_hit(
    ops_page: Page, live_server: LiveServer, world: World
) -> None:
    page = ops_page
    page.goto(f"{live_server.url}/console/cases/")
    page.keyboard.press("Control+k")
    page.keyboard.type("mk-50023")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{live_server.url}/console/orders/{world.order.pk}/")
    expect(page.get_by_role("heading", name="MK-50023-A")).to_be_visible()


def test_colours_can_be_switched_and_are_kept(ops_page: Page, live_server: LiveServer) -> None:
    page = ops_page
    page.get_by_role("button", name="alice").click()
    page.get_by_role("button", name="Dark").click()
    page.goto(f"{live_server.url}/console/cases/")
    expect(page.locator("html")).to_have_class("dark")
