"""The Fulfil connector against the Fulfil sandbox, role by role."""

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

import pytest

from connectors.base import Account
from connectors.canonical.options import OrderOptions
from connectors.canonical.orders import Order
from connectors.canonical.returns import ReturnRequest, ReturnRequestLine
from connectors.fulfil import connector as module
from connectors.fulfil.connector import FulfilConnector
from connectors.fulfil.dispatches import SHIPMENT_ROWS
from connectors.fulfil.orders import CREATE_ORDER
from connectors.fulfil.returns import RETURN_ROWS
from connectors.fulfil.sandbox import FulfilSandbox
from connectors.fulfil.sandbox.returning import return_order
from connectors.sandboxkit import Sandbox, SandboxClock
from tests.connectors.complete import missing_suites
from tests.connectors.conformance import (
    START,
    ConnectionSuite,
    CreatesOrdersSuite,
    Delivery,
    Platform,
    ReadsDispatchesSuite,
    ReadsProductsSuite,
    ReadsReturnsSuite,
    ReadsStockSuite,
    TakesReturnsSuite,
    WebhooksSuite,
)
from tests.connectors.fulfil.support import OPTIONS, ORDER, account_of, sek, sent, stocked

PRODUCT_ROWS = 20  # smaller pages than the platform's, so that the tests need fewer products
SOLD = replace(ORDER, placed_at=START, updated_at=START)


class Fulfil(Platform):
    connector_class = FulfilConnector

    def make_sandbox(self, clock: SandboxClock) -> FulfilSandbox:
        return stocked(FulfilSandbox(clock=clock))

    def make_account(self, sandbox: Sandbox) -> Account:
        return account_of(cast(FulfilSandbox, sandbox))


class TestConnection(Fulfil, ConnectionSuite):
    pass


class TestCreatesOrders(Fulfil, CreatesOrdersSuite):
    write_operation = CREATE_ORDER

    def prepare(self, sandbox: Sandbox) -> tuple[Order, OrderOptions]:
        return SOLD, OPTIONS

    def orders_at(self, sandbox: Sandbox, reference: str) -> int:
        return len(cast(FulfilSandbox, sandbox).orders_by_identifier(reference))


class TestReadsDispatches(Fulfil, ReadsDispatchesSuite):
    read_operation = "stock.shipment.out/search_read"
    page_size = SHIPMENT_ROWS

    def dispatch(self, sandbox: Sandbox, count: int) -> list[str]:
        return [sent(cast(FulfilSandbox, sandbox), f"CE-{number}") for number in range(count)]


class TestReadsReturns(Fulfil, ReadsReturnsSuite):
    read_operation = "stock.shipment.out.return/search_read"
    page_size = RETURN_ROWS

    def give_back(self, sandbox: Sandbox, count: int) -> list[str]:
        tenant = cast(FulfilSandbox, sandbox).tenant
        sale = int(sent(cast(FulfilSandbox, sandbox), "CE-1", units=count).partition("-")[2])
        line = tenant.pointing("sale.line", "sale", sale)[0]["id"]
        for number in range(count):
            told = {"channel_identifier": f"R-{number}", "lines": [{"order_line_id": line, "return_quantity": 1}]}
            return_order(tenant, sale, [told])
        return [str(row["id"]) for row in tenant.tables["stock.shipment.out.return"].values()]


class TestTakesReturns(Fulfil, TakesReturnsSuite):
    write_operation = "sale.sale/return_order"

    def prepare(self, sandbox: Sandbox) -> ReturnRequest:
        sale = sent(cast(FulfilSandbox, sandbox), "CE-1").partition("-")[2]
        line = ReturnRequestLine(sold_line_id="L1", quantity=1, line_id="RL1", amount=sek("199.00"), tax=sek("39.80"))
        return ReturnRequest(reference="return-55", order_external_id=sale, lines=(line,))

    def effects(self, sandbox: Sandbox, prepared: ReturnRequest) -> int:
        return len(cast(FulfilSandbox, sandbox).orders_by_identifier(prepared.reference))


class TestReadsStock(Fulfil, ReadsStockSuite):
    read_operation = "product.product/search_read"

    def stock(self, sandbox: Sandbox) -> Mapping[str, int]:
        cast(FulfilSandbox, sandbox).set_stock("SCARF", 7, warehouse=65)
        return {"TEE-M": 1020, "TEE-L": 0, "SCARF": 1007}


class TestReadsProducts(Fulfil, ReadsProductsSuite):
    read_operation = "product.product/search_read"

    @pytest.fixture(autouse=True)
    def small_pages(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "PRODUCT_ROWS", PRODUCT_ROWS)

    def make_sandbox(self, clock: SandboxClock) -> FulfilSandbox:
        sandbox = super().make_sandbox(clock)
        for number in range(PRODUCT_ROWS):
            sandbox.add_product(f"MANY-{number}")
        return sandbox

    def skus(self, sandbox: Sandbox) -> set[str]:
        return {"TEE-M", "TEE-L", "SCARF", *(f"MANY-{number}" for number in range(PRODUCT_ROWS))}


class TestWebhooks(Fulfil, WebhooksSuite):
    stale_after = None  # Fulfil signs no time

    def delivery(self, sandbox: Sandbox) -> Delivery:
        body, headers = cast(FulfilSandbox, sandbox).signed_webhook("TEE-M")
        return Delivery(headers=headers, body=body, now=START)

    def forged(self, delivery: Delivery) -> Delivery:
        return replace(delivery, headers={**delivery.headers, "X-Fulfil-Hmac-SHA256": "A" * 43 + "="})


def test_every_role_has_its_suite() -> None:
    assert missing_suites(FulfilConnector, globals()) == []
