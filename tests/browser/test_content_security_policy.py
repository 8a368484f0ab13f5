import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_the_console_works_under_its_policy(admin_page: Page, live_server: LiveServer) -> None:
    for path in ("", "people/", "people/add/", "links/add/", "password_change/"):
        admin_page.goto(f"{live_server.url}/console/{path}")
        expect(admin_page.locator("body")).to_be_visible()
    # Alpine runs: it has bound its own magic to the page.
    assert admin_page.evaluate("typeof window.Alpine") == "object"


def test_an_inline_script_does_not_run(page: Page, live_server: LiveServer) -> None:
    page.goto(f"{live_server.url}/console/login/")
    page.evaluate("document.body.setAttribute('onclick', 'window.broken = true')")
    page.locator("body").dispatch_event("click")
    assert page.evaluate("window.broken") is None
