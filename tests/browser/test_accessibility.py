"""axe finds nothing serious or critical, in light and in dark."""

from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
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
            f"orders/{world.order.pk}/timeline/",
            f"orders/{world.order.pk}/act/hold/",
            f"orders/{world.order.pk}/act/cancel/",
            "corrections/",
            "mappings/skus/add/?from_code=AB-1021",
            "mappings/skus/import/",
            "mappings/not-mapped-yet/",
            "mappings/imports/",
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
            "case-rules/",
            "case-rules/add/",
            "case-rules/apply/",
            "case-targets/",
        ],
    }


VIOLATIONS: dict[str, Any] = {"resultTypes": ["violations"]}  # the others are counted, not described
ONLY_CONTRAST = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}  # all that another colour scheme can change
# Colours fade in; nobody waits for that here.
DRESS = """dark => {
    document.documentElement.classList.toggle("dark", dark);
    document.getAnimations().filter(one => one instanceof CSSTransition).forEach(one => one.finish());
}"""


def found_in_light_and_dark(page: Page) -> dict[str, list[str]]:
    """The problems of a page that is open, by colour scheme; none where none is."""
    page.evaluate(AXE_SCRIPT)
    found = {}
    for colours, options in (("light", VIOLATIONS), ("dark", {**VIOLATIONS, **ONLY_CONTRAST})):
        page.evaluate(DRESS, colours == "dark")
        found[colours] = found_on(page, options)
    page.evaluate(DRESS, False)
    return {colours: problems for colours, problems in found.items() if problems}


def found_on(page: Page, options: dict[str, Any]) -> list[str]:
    violations: list[dict[str, Any]] = page.evaluate("async options => (await axe.run(options)).violations", options)
    return [
        f"{one['impact']} {one['id']}: {node['html'][:200]} {node.get('failureSummary', '')[:300]}"
        for one in violations
        if one["impact"] in SERIOUS
        for node in one["nodes"][:3]
    ]


@pytest.mark.parametrize("name", ["alice", "adam"])
def test_nothing_serious_is_found(browser: Browser, live_server: LiveServer, world: World, name: str) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(f"{live_server.url}/console/login/")
    found = {"login": found_in_light_and_dark(page)}
    log_in(page, live_server, name)
    for path in pages(world)[name]:
        page.goto(f"{live_server.url}/console/{path}")
        found[path] = found_in_light_and_dark(page)
    context.close()
    assert {path: problems for path, problems in found.items() if problems} == {}
