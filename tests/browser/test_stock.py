"""Operations release what was held back; every page about stock is looked at by axe in both colours."""

from typing import Any

import pytest
from playwright.sync_api import expect

from connectors import ports
from integrationhub.inventory import breaker
from integrationhub.inventory.models import DriftScan, StockDelivery, StockHold, StockRule, StockSwitch
from tests import factories
from tests.browser.conftest import World
from tests.browser.test_role_journeys import as_role

__all__ = ["as_role"]
pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def hold(world: World) -> StockHold:
    """Thirty of forty SKUs at Northgate would end at 0."""
    for number in range(40):
        gone = number < 30
        factories.make_stock(
            world.link,
            f"X-{number:02}",
            available=9,
            computed=0 if gone else 9,
            state="PENDING" if gone else "ACKNOWLEDGED",
        )
    factories.make_stock(world.harbour_link, "X-00", state="REFUSED", reason="The offer does not exist")
    found = breaker.check(world.link)
    assert found is not None
    return found


def test_operations_release_what_was_held_back(as_role: Any, hold: StockHold) -> None:
    journey = as_role("OPS")
    page = journey.page
    page.get_by_role("link", name="Look at what would be sent").first.click()
    expect(page.get_by_role("heading", name="The fix")).to_be_visible()
    journey.look("case")
    page.locator("main").get_by_role("link", name="Look at what would be sent").click()
    expect(page.get_by_role("heading", name="What would be sent")).to_be_visible()
    journey.look("hold")
    page.get_by_role("textbox", name="Why").fill("The sale is over.")
    page.get_by_role("button", name="Release: send it").click()
    expect(page.get_by_text("Released: Northgate is told with the next delivery")).to_be_visible()
    journey.look("released")
    hold.refresh_from_db()
    assert (hold.state, hold.decided_by, hold.reason) == ("RELEASED", "the-ops", "The sale is over.")


def test_every_page_about_stock_can_be_used_by_everybody(as_role: Any, hold: StockHold, world: World) -> None:
    rule = StockRule.objects.create(brand=world.brand, sku="X-00", buffer_units=2, changed_by="alice", reason="Test")
    StockSwitch.objects.create(brand=world.brand, mode="HOLD", reason="Stocktake", set_by="alice")
    StockDelivery.objects.create(connection=world.northgate, lines=9, refused=2, state="DONE")
    scan = {"channel": world.northgate, "began_at": ports.now(), "ended_at": ports.now()}
    DriftScan.objects.create(**scan, offers=40, drifted=6, explained=1, healed=3, left=2)
    stock = hold.lines.first()
    assert stock is not None
    journey = as_role("ADMIN")
    for path in (
        *("stock/", "stock/?watch=more", f"stock/{stock.stock_id}/", "stock-holds/", "stock-switches/"),
        *(f"stock-switches/set/?scope=link:{world.link.pk}", "stock-rules/", "stock-rules/add/"),
        *(f"stock-rules/{rule.pk}/", f"stock-rules/{rule.pk}/remove/", "stock-limits/"),
        *(f"stock-limits/{world.link.pk}/", "stock-deliveries/", "stock-drift/"),
    ):
        journey.go(path)
    journey.go("stock-rules/add/")
    journey.page.get_by_label("Buffer, units").fill("3")
    journey.page.get_by_label("Why").fill("Shop in town")
    journey.page.get_by_role("button", name="See what changes").click()
    expect(journey.page.get_by_role("button", name="Save the rule")).to_be_visible()
    journey.look("preview")
    journey.page.get_by_role("button", name="Save the rule").click()
    expect(journey.page.get_by_text("Saved: everything, every channel.")).to_be_visible()
    assert StockRule.objects.count() == 2
