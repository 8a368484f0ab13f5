from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

PASSWORD = "correct horse battery staple"


@pytest.fixture(scope="session")
def base_url() -> None:
    """Each test's live server has an address of its own. (The plugin's fixture warns under pytest 9.)"""


@pytest.fixture
def alice(transactional_db: None) -> User:
    """A superuser whose password is PASSWORD."""
    return User.objects.create_superuser("alice", "alice@example.com", PASSWORD)


@pytest.fixture
def console_page(live_server: LiveServer, page: Page, alice: User) -> Iterator[Page]:
    """The console's first page, logged in; the test fails if the browser refused anything or a script broke."""
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{live_server.url}/console/login/")
    page.get_by_label("Username").fill("alice")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"{live_server.url}/console/")
    yield page
    assert complaints == []
