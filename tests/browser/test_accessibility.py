"""axe finds nothing serious or critical, in light and in dark."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from tests.browser.conftest import World, log_in

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SERIOUS = {"serious", "critical"}


def pages(world: World) -> dict[str, list[str]]:
    return {
        "alice": [
            "",
            "cases/",
            f"cases/{world.unmapped_sku.pk}/",
            f"cases/{world.unmapped_carrier.pk}/",
            "orders/",
            f"orders/{world.order.pk}/",
            "mappings/skus/",
            "mappings/skus/add/?from_code=AB-1021",
            "search/?q=MK-1",
            "manual/",
            "manual/?q=acceptance",
            "manual/syncs/",
            "manual/unmapped-sku/",
            "second-factor/own/",
            "sessions/",
        ],
        "adam": [
            f"connections/{world.northgate.pk}/",
            "connections/capabilities/",
            "connections/add/?platform=centra",
            f"links/{world.link.pk}/",
            "syncs/",
            "completeness/",
            "people/",
            f"people/{world.alice.pk}/",
            "audit/",
        ],
    }


def found_on(page: Page) -> list[str]:
    violations: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [
        f"{one['impact']} {one['id']}: {node['html'][:200]} {node.get('failureSummary', '')[:300]}"
        for one in violations
        if one["impact"] in SERIOUS
        for node in one["nodes"][:3]
    ]


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("name", ["alice", "adam"])
def test_nothing_serious_is_found(
    browser: Browser, live_server: LiveServer, world: World, colours: Any, name: str
) -> None:
    context = browser.new_context(color_scheme=colours, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(f"{live_server.url}/console/login/")
    found = {"login": found_on(page)}
    log_in(page, live_server, name)
    for path in pages(world)[name]:
        page.goto(f"{live_server.url}/console/{path}")
        page.wait_for_timeout(100)  # colours fade in
        found[path] = found_on(page)
    context.close()
    assert {path: problems for path, problems in found.items() if problems} == {}
