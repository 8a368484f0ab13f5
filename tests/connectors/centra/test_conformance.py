"""The Centra connector against the Centra sandbox, role by role."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import cast

import pytest

from connectors.base import Account, Connector
from connectors.canonical.dispatches import Dispatch
from connectors.canonical.errors import ConfigurationError
from connectors.canonical.money import Money
from connectors.canonical.options import OrderOptions
from connectors.canonical.orders import Order
from connectors.centra import sold
from connectors.centra.client import CREATE_ORDER
from connectors.centra.connector import SHIPMENT_ROWS, CentraConnector
from connectors.centra.documents import LIST_ROWS
from connectors.centra.events import LISTENERS
from connectors.centra.returning import RETURN_ROWS
from connectors.centra.sandbox import CentraSandbox, returns
from connectors.centra.sandbox.stock import StockPolicy
from connectors.http import OpenGate
from connectors.sandboxkit import Sandbox, SandboxClock
from tests.connectors.centra.support import OPTIONS, ORDER, account_of, eur, parcel, stocked, web_order
from tests.connectors.complete import missing_suites
from tests.connectors.conformance import (
    START,
    ConfirmsDispatchesSuite,
    ConnectionSuite,
    CreatesOrdersSuite,
    Delivery,
    EventsQueueSuite,
    Platform,
    ReadsDispatchesSuite,
    ReadsOrdersSuite,
    ReadsProductsSuite,
    ReadsReturnsSuite,
    ReadsStockSuite,
    RecordingGate,
    WebhooksSuite,
)
from tests.connectors.conformance_channels import ReadsOffersSuite, ReadsPricesSuite, Shown, TakesStockSuite

SOLD = replace(ORDER, placed_at=START, updated_at=START)
# The order is sold in euros to Sweden, whose own price list is in kronor.
IN_EUROS = replace(OPTIONS, market="3", price_list="3")


class Centra(Platform):
    connector_class = CentraConnector

    def make_sandbox(self, clock: SandboxClock) -> CentraSandbox:
        return stocked(CentraSandbox(clock=clock))

    def make_account(self, sandbox: Sandbox) -> Account:
        return account_of(cast(CentraSandbox, sandbox))


class TestConnection(Centra, ConnectionSuite):
    pass


class TestReadsOrders(Centra, ReadsOrdersSuite):
    read_operation = "ReadSold"
    page_size = 4  # smaller pages than the platform's, so that the tests need fewer orders

    @pytest.fixture(autouse=True)
    def small_pages(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sold, "ORDER_ROWS", self.page_size)

    def sell(self, sandbox: Sandbox, count: int) -> list[str]:
        shop = cast(CentraSandbox, sandbox)
        return [str(shop.sell([{"sku": "NV1002-100-S", "price": "80"}], shipping="4.90")) for _ in range(count)]

    def test_the_orders_of_a_day_are_listed_page_by_page(
        self, connector: Connector, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sold, "LIST_ROWS", 2)
        placed = self.sell(sandbox, 5)
        cast(CentraSandbox, sandbox).cancel_order(int(placed[0]))

        marks, token = [], None
        while True:
            page = connector.list_orders_placed(since=START - timedelta(hours=1), until=START, token=token)
            marks += page.marks
            token = page.next_token
            if token is None:
                break

        assert [mark.reference for mark in marks] == placed
        assert [mark.expected for mark in marks] == [False, True, True, True, True]
        assert marks[1].total == Money(Decimal("84.90"), "GBP")


class TestCreatesOrders(Centra, CreatesOrdersSuite):
    write_operation = CREATE_ORDER

    def prepare(self, sandbox: Sandbox) -> tuple[Order, OrderOptions]:
        return SOLD, IN_EUROS

    def orders_at(self, sandbox: Sandbox, reference: str) -> int:
        return len(cast(CentraSandbox, sandbox).orders_by_reference(reference))

    def test_refused_credentials_pause_the_whole_connection_and_nothing_is_done(
        self, stranger: Connector, sandbox: Sandbox, prepared: tuple[Order, OrderOptions]
    ) -> None:
        """Centra has two credentials. A refused Order API key stops creating orders; dispatches and stock go on."""
        with pytest.raises(ConfigurationError) as caught:
            self.write(stranger, prepared)

        assert (caught.value.operation, caught.value.code) == (CREATE_ORDER, "key")
        assert self.effects(sandbox, prepared) == 0
        with pytest.raises(ConfigurationError) as caught:
            stranger.find_orders(SOLD.reference)
        assert (caught.value.operation, caught.value.code) == ("", "token")


class TestReadsDispatches(Centra, ReadsDispatchesSuite):
    read_operation = "shipments"
    page_size = SHIPMENT_ROWS

    def dispatch(self, sandbox: Sandbox, count: int) -> list[str]:
        tenant = cast(CentraSandbox, sandbox)
        seller = CentraConnector(account_of(tenant), gate=OpenGate())
        return [self._shipped(tenant, seller, number) for number in range(count)]

    def _shipped(self, tenant: CentraSandbox, seller: CentraConnector, number: int) -> str:
        line = replace(SOLD.lines[0], quantity=1)
        order = replace(SOLD, reference=f"MK-{number}", lines=(line,))
        external_id = seller.send_order(order, IN_EUROS)
        tenant.confirm_order(int(external_id))
        return str(tenant.ship_order(int(external_id))["shipment"])


class TestConfirmsDispatches(Centra, ConfirmsDispatchesSuite):
    """Creating makes a shipment, completing makes it a dispatch: what is only created is told nobody yet."""

    write_operation = "completeShipment"

    def prepare(self, sandbox: Sandbox) -> Dispatch:
        tenant = cast(CentraSandbox, sandbox)
        return parcel(tenant, web_order(tenant, SOLD))

    def effects(self, sandbox: Sandbox, prepared: Dispatch) -> int:
        shipments = cast(CentraSandbox, sandbox).order(int(prepared.order_reference)).shipments
        return len(shipments) if any(shipment.is_shipped for shipment in shipments) else 0

    def test_a_carrier_nobody_knows_is_refused_and_nothing_is_shown(
        self, connector: Connector, sandbox: Sandbox, prepared: Dispatch
    ) -> None:
        """Centra lists no carriers: it takes any text, and what it is told was mapped on purpose."""
        connector.send_dispatch(replace(prepared, carrier=self.unknown_carrier))

        (shipment,) = cast(CentraSandbox, sandbox).order(int(prepared.order_reference)).shipments
        assert shipment.carrier == self.unknown_carrier


class TestReadsReturns(Centra, ReadsReturnsSuite):
    read_operation = "returns"
    page_size = RETURN_ROWS

    def give_back(self, sandbox: Sandbox, count: int) -> list[str]:
        """One unit after another out of one shipment."""
        tenant = cast(CentraSandbox, sandbox)
        seller = CentraConnector(account_of(tenant), gate=OpenGate())
        line = replace(SOLD.lines[0], quantity=count, unit_price=eur("10.00"), line_total=eur("10.00") * count)
        order = replace(SOLD, lines=(line,), total=line.line_total + SOLD.shipping)
        number = int(seller.send_order(order, IN_EUROS))
        tenant.confirm_order(number)
        shipment = tenant.shop.shipments.get(tenant.ship_order(number)["shipment"])
        assert shipment is not None
        return [
            str(
                returns.create(
                    tenant.shop,
                    shipment,
                    [(shipment.lines[0], 1)],
                    StockPolicy(release=True),
                    costs=returns.ReturnCosts(),
                ).id
            )
            for _ in range(count)
        ]


class TestReadsStock(Centra, ReadsStockSuite):
    read_operation = "StockOfSkus"

    def stock(self, sandbox: Sandbox) -> Mapping[str, int]:
        tenant = cast(CentraSandbox, sandbox)
        tenant.set_stock("NV1002-100-S", 7, warehouse=2)  # the boutique keeps 2 back
        return {"NV1001-410-M": 100, "NV1001-410-L": 0, "NV1002-100-S": 105}


class TestReadsProducts(Centra, ReadsProductsSuite):
    read_operation = "productSizes"

    def make_sandbox(self, clock: SandboxClock) -> CentraSandbox:
        tenant = super().make_sandbox(clock)
        tenant.add_product("NV2000", sizes={f"-{number}": 1 for number in range(LIST_ROWS + 5)})
        return tenant

    def skus(self, sandbox: Sandbox) -> set[str]:
        known = {"NV1001-410-M", "NV1001-410-L", "NV1002-100-S"}
        return known | {f"NV2000-{number}" for number in range(LIST_ROWS + 5)}


class TestReadsPrices(Centra, ReadsPricesSuite):
    read_operation = "pricelists"
    price_lists = ("1", "Sweden SEK")

    def make_sandbox(self, clock: SandboxClock) -> CentraSandbox:
        tenant = super().make_sandbox(clock)
        tenant.add_product("NV2000", sizes={f"-{number}": 1 for number in range(LIST_ROWS + 5)}, prices={"SEK": "99.5"})
        tenant.set_price("NV1002-100-S", "GBP", "79.95")
        return tenant

    def listed(self, sandbox: Sandbox) -> Mapping[tuple[str, str], Money | None]:
        pounds = {"NV1001-410-M": "100", "NV1001-410-L": "100", "NV1002-100-S": "79.95"}
        found: dict[tuple[str, str], Money | None] = {
            ("1", sku): Money(Decimal(amount), "GBP") for sku, amount in pounds.items()
        }
        found |= {("Sweden SEK", sku): Money(Decimal(1200), "SEK") for sku in pounds}
        for number in range(LIST_ROWS + 5):
            found["Sweden SEK", f"NV2000-{number}"] = Money(Decimal("99.5"), "SEK")
            found["1", f"NV2000-{number}"] = None
        return found


def sizes_of_a_page() -> dict[str, int]:
    return {f"-{number}": 1 + number % 3 for number in range(LIST_ROWS + 5)}


class Owned(Centra):
    """A tenant whose stock another system owns: the hub writes its main warehouse."""

    def make_account(self, sandbox: Sandbox) -> Account:
        return account_of(cast(CentraSandbox, sandbox), stock_warehouse_id=1)


class TestTakesStock(Owned, TakesStockSuite):
    write_operation = "setStock"

    def offered(self, sandbox: Sandbox) -> Sequence[str]:
        return ["NV1001-410-M", "NV1001-410-L", "NV1002-100-S"]

    def shown(self, sandbox: Sandbox, sku: str) -> Shown:
        tenant = cast(CentraSandbox, sandbox)
        variant = tenant.size(sku).product_variant
        prices = {price.amount for price in tenant.shop.prices.values() if price.product is variant.product}
        return Shown(tenant.stock(sku, warehouse=1)["free"], sum(prices, Decimal(0)))


class TestReadsOffers(Owned, ReadsOffersSuite):
    read_operation = "productSizes"

    def make_sandbox(self, clock: SandboxClock) -> CentraSandbox:
        tenant = super().make_sandbox(clock)
        tenant.add_product("NV2000", sizes=sizes_of_a_page())
        tenant.set_stock("NV1002-100-S", 7, warehouse=2)  # not the warehouse that the hub writes
        return tenant

    def offers(self, sandbox: Sandbox) -> Mapping[str, Shown]:
        known = {"NV1001-410-M": 100, "NV1001-410-L": 0, "NV1002-100-S": 100}
        known |= {f"NV2000{size}": units for size, units in sizes_of_a_page().items()}
        return {sku: Shown(units, None) for sku, units in known.items()}


class TestEventsQueue(Centra, EventsQueueSuite):
    read_operation = "events"

    @pytest.fixture
    def connector(self, sandbox: Sandbox, gate: RecordingGate) -> Connector:
        """A connector that has made no call yet: a connection it kept open would outlive the sandbox."""
        tenant = cast(CentraSandbox, sandbox)
        tenant.shop.events.listen(tenant.integration, [listener.as_input() for listener in LISTENERS])
        return CentraConnector(account_of(tenant), gate=gate)

    def change(self, sandbox: Sandbox, count: int) -> None:
        for number in range(count):
            cast(CentraSandbox, sandbox).set_stock("NV1001-410-M", 50 + number)


class TestWebhooks(Centra, WebhooksSuite):
    stale_after = timedelta(seconds=300)

    def delivery(self, sandbox: Sandbox) -> Delivery:
        told = [{"type": "order", "action": "update", "date": "2026-01-15 10:00:00.000000", "id": 10001}]
        body, headers = cast(CentraSandbox, sandbox).signed_webhook(told)
        return Delivery(headers=headers, body=body, now=START)

    def forged(self, delivery: Delivery) -> Delivery:
        stamp = delivery.headers["X-Centra-Signature"].partition(",")[0]
        return replace(delivery, headers={**delivery.headers, "X-Centra-Signature": f"{stamp},v1={'0' * 64}"})


def test_every_role_has_its_suite() -> None:
    assert missing_suites(CentraConnector, globals()) == []
