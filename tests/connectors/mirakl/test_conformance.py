"""The Mirakl connector against the Mirakl sandbox, role by role."""

from typing import cast

from connectors.base import Account
from connectors.canonical.dispatches import Dispatch
from connectors.mirakl.connector import MiraklConnector
from connectors.mirakl.sandbox import MiraklSandbox
from connectors.sandboxkit import Sandbox, SandboxClock
from tests.connectors.conformance import (
    AcceptsOrdersSuite,
    ConfirmsDispatchesSuite,
    ConnectionSuite,
    ListsReferencesSuite,
    Platform,
    ReadsOrdersSuite,
    WaitingOrder,
    missing_suites,
)
from tests.connectors.mirakl.shop import LINES, account_of, dispatch_of


class Mirakl(Platform):
    connector_class = MiraklConnector

    def make_sandbox(self, clock: SandboxClock) -> MiraklSandbox:
        return MiraklSandbox(clock=clock)

    def make_account(self, sandbox: Sandbox) -> Account:
        return account_of(cast(MiraklSandbox, sandbox))


class TestConnection(Mirakl, ConnectionSuite):
    pass


class TestReadsOrders(Mirakl, ReadsOrdersSuite):
    read_operation = "OR11"
    page_size = 100

    def sell(self, sandbox: Sandbox, count: int) -> list[str]:
        return cast(MiraklSandbox, sandbox).add_orders(count, lines=LINES)


class TestAcceptsOrders(Mirakl, AcceptsOrdersSuite):
    write_operation = "OR21"

    def prepare(self, sandbox: Sandbox) -> WaitingOrder:
        reference = cast(MiraklSandbox, sandbox).add_order(lines=LINES)
        return WaitingOrder(reference=reference, line_ids=(f"{reference}-1", f"{reference}-2"))

    def decided(self, sandbox: Sandbox, reference: str) -> str:
        order = cast(MiraklSandbox, sandbox).order(reference)
        states = {line["order_line_state"] for line in order["order_lines"]}
        return {"REFUSED": "refused", "WAITING_ACCEPTANCE": ""}.get(states.pop(), "accepted")


class TestConfirmsDispatches(Mirakl, ConfirmsDispatchesSuite):
    write_operation = "ST01"

    def prepare(self, sandbox: Sandbox) -> Dispatch:
        return dispatch_of(cast(MiraklSandbox, sandbox).add_order(lines=LINES, advance_to="SHIPPING"))

    def effects(self, sandbox: Sandbox, prepared: Dispatch) -> int:
        shipments = cast(MiraklSandbox, sandbox).market.shipments_of_order[prepared.order_reference]
        return sum(shipment.status == "SHIPPED" for shipment in shipments)


class TestConfirmsWholeOrders(Mirakl, ConfirmsDispatchesSuite):
    """Where the operator has no shipments: OR23 and OR24."""

    write_operation = "OR24"
    write_has_answer = False

    def make_sandbox(self, clock: SandboxClock) -> MiraklSandbox:
        return MiraklSandbox(clock=clock, settings={"multi_shipment": False})

    def prepare(self, sandbox: Sandbox) -> Dispatch:
        return dispatch_of(cast(MiraklSandbox, sandbox).add_order(lines=LINES, advance_to="SHIPPING"))

    def effects(self, sandbox: Sandbox, prepared: Dispatch) -> int:
        order = cast(MiraklSandbox, sandbox).order(prepared.order_reference)
        return int(order["order_state"] == "SHIPPED")


class TestListsReferences(Mirakl, ListsReferencesSuite):
    read_operation = "SH21"


def test_no_role_is_left_out() -> None:
    assert missing_suites(MiraklConnector, globals()) == []
