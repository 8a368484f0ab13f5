from collections.abc import Iterator

import pytest
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from integrationhub.orders.models import SoldOrder
from integrationhub.sync import ticks
from mappings_app.saving import save_mapping
from tests import factories

PASSWORD = factories.PASSWORD


@pytest.fixture(scope="session")
def base_url() -> None:
    """Each test's live server has an address of its own. (The plugin's fixture warns under pytest 9.)"""


class World:
    """A brand with two channels: 5 orders wait for one SKU, 2 dispatches for a carrier, one order differs by a penny."""

    def __init__(self) -> None:
        self.brand = factories.make_brand()
        self.northgate = factories.make_marketplace(self.brand)
        self.centra = factories.make_centra(self.brand)
        self.harbour = factories.make_marketplace(self.brand, "Harbour & Co")
        self.link = factories.make_link(self.brand, source=self.northgate, target=self.centra)
        self.harbour_link = factories.make_link(self.brand, source=self.harbour, target=self.centra)
        ticks.plan_schedules()
        factories.make_known_codes(
            self.centra, "sku", ("NW-1021", "Black tee, M", "5012345678900"), ("NW-1022", "Black tee, L", "")
        )
        factories.make_known_codes(self.northgate, "carrier", ("DPD", "DPD UK", ""))
        self.unmapped_sku, self.jobs = factories.make_blocked_orders(
            self.link, "AB-1021", 3, gtin="5012345678900", label="Tee"
        )
        factories.make_blocked_orders(self.harbour_link, "AB-1021", 2, prefix="HC")
        dispatches = [
            factories.make_job(factories.make_order(self.link, f"MK-{number}"), flow="confirm_dispatch")
            for number in (1, 2)
        ]
        self.unmapped_carrier = factories.make_unmapped(self.link, "DPD Next Day", kind="carrier", jobs=dispatches)
        self.order = self._order_that_differs()
        save_mapping(kind="sku", brand=self.brand, from_code="AB-1", to_code="NW-1022", actor="alice", reason="Test")
        self.alice = factories.make_person("alice", ("OPS", self.brand))
        factories.make_person("adam", ("ADMIN", self.brand))

    def _order_that_differs(self) -> SoldOrder:
        order = factories.make_order(self.link, "MK-50023-A", target_external_id="88412", target_state="PENDING")
        context = {
            "order": order.reference,
            "charged": {"amount": "49.99", "currency": "GBP"},
            "shown": {"amount": "50.00", "currency": "GBP"},
        }
        factories.make_case(
            self.link,
            "money_mismatch",
            object_key=f"order:{order.pk}",
            context=context,
            jobs=[factories.make_job(order)],
        )
        return order


@pytest.fixture
def world(transactional_db: None) -> World:
    return World()


def log_in(page: Page, live_server: LiveServer, name: str) -> None:
    page.goto(f"{live_server.url}/console/login/")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"{live_server.url}/console/")


@pytest.fixture
def complaints(page: Page) -> Iterator[list[str]]:
    """What the browser refused or a script broke; the test fails if there was anything."""
    found: list[str] = []
    page.on("console", lambda message: found.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    yield found
    assert found == []


@pytest.fixture
def ops_page(live_server: LiveServer, page: Page, world: World, complaints: list[str]) -> Page:
    """The console's first page, logged in as alice of operations."""
    log_in(page, live_server, "alice")
    return page


@pytest.fixture
def admin_page(live_server: LiveServer, page: Page, world: World, complaints: list[str]) -> Page:
    """The console's first page, logged in as adam, an administrator."""
    log_in(page, live_server, "adam")
    return page
