"""The Mirakl connector against the Mirakl sandbox, role by role."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import cast

from connectors.base import Account, Connector
from connectors.canonical.deliveries import Delivery
from connectors.canonical.dispatches import Dispatch
from connectors.canonical.listings import ListingUpdate
from connectors.canonical.money import Money
from connectors.canonical.offers import PriceUpdate
from connectors.canonical.stock import StockUpdate
from connectors.mirakl.connector import MiraklConnector
from connectors.mirakl.sandbox import MiraklSandbox
from connectors.sandboxkit import Sandbox, SandboxClock
from tests.connectors.complete import missing_suites
from tests.connectors.conformance import (
    AcceptsOrdersSuite,
    ConfirmsDispatchesSuite,
    ConnectionSuite,
    ListsReferencesSuite,
    Platform,
    ReadsOrdersSuite,
    ReadsReturnsSuite,
    WaitingOrder,
)
from tests.connectors.conformance_channels import (
    FollowsImportsSuite,
    ReadsAttributesSuite,
    ReadsOffersSuite,
    Shown,
    TakesListingsSuite,
    TakesPricesSuite,
    TakesStockSuite,
)
from tests.connectors.mirakl.shop import LINES, account_of, dispatch_of, listing_of


class Mirakl(Platform):
    connector_class = MiraklConnector

    def make_sandbox(self, clock: SandboxClock) -> MiraklSandbox:
        return MiraklSandbox(clock=clock)

    def make_account(self, sandbox: Sandbox) -> Account:
        return account_of(cast(MiraklSandbox, sandbox))


class Listing(Mirakl):
    """A shop with all its offers."""

    currency = "GBP"

    def make_sandbox(self, clock: SandboxClock) -> MiraklSandbox:
        sandbox = MiraklSandbox(clock=clock, currency=self.currency)
        sandbox.load_offers()
        sandbox.set_offer_quantity(self.offered(sandbox)[0], 12)
        return sandbox

    def offered(self, sandbox: Sandbox) -> Sequence[str]:
        return list(cast(MiraklSandbox, sandbox).market.offers)

    def shown(self, sandbox: Sandbox, sku: str) -> Shown:
        sandbox.advance(3600)
        offer = cast(MiraklSandbox, sandbox).offer(sku)
        return Shown(quantity=offer["quantity"], price=Decimal(offer["price"]))


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


class TestTakesStock(Listing, TakesStockSuite):
    write_operation = "STO01"


class TestFollowsStock(Listing, FollowsImportsSuite):
    read_operation = "STO02"

    def start(self, connector: Connector, sandbox: Sandbox) -> str:
        return connector.send_stock([StockUpdate(sku=self.offered(sandbox)[0], quantity=3)]).ticket

    def follow(self, connector: Connector, ticket: str) -> Delivery:
        return connector.follow_stock(ticket)


class TestTakesPrices(Listing, TakesPricesSuite):
    write_operation = "PRI01"


class TestFollowsPrices(Listing, FollowsImportsSuite):
    read_operation = "PRI02"

    def start(self, connector: Connector, sandbox: Sandbox) -> str:
        price = Money(Decimal("19.90"), self.currency)
        return connector.send_prices([PriceUpdate(sku=self.offered(sandbox)[0], price=price)]).ticket

    def follow(self, connector: Connector, ticket: str) -> Delivery:
        return connector.follow_prices(ticket)


class TestReadsOffers(Listing, ReadsOffersSuite):
    read_operation = "OF21"

    def offers(self, sandbox: Sandbox) -> Mapping[str, Shown]:
        mirakl = cast(MiraklSandbox, sandbox)
        mirakl.set_offer_quantity(self.offered(sandbox)[-1], 0)
        return {sku: Shown(quantity=offer.quantity, price=offer.price) for sku, offer in mirakl.market.offers.items()}


class TestReadsAttributes(Mirakl, ReadsAttributesSuite):
    read_operation = "H11"
    category = "womens-knitwear"


class TestTakesListings(Mirakl, TakesListingsSuite):
    write_operation = "P41"
    text_attribute = "title"
    missing_attribute = "composition"

    def listings(self, sandbox: Sandbox) -> list[ListingUpdate]:
        return [listing_of(place) for place in range(2)]

    def taken(self, sandbox: Sandbox, sku: str) -> Mapping[str, tuple[str, ...]] | None:
        sandbox.advance(3600)
        product = cast(MiraklSandbox, sandbox).taken_product(sku)
        return None if product is None else {code: tuple(cell.split("|")) for code, cell in product["values"].items()}


class TestFollowsListings(Mirakl, FollowsImportsSuite):
    read_operation = "P42"

    def start(self, connector: Connector, sandbox: Sandbox) -> str:
        return connector.send_listings([listing_of(0)]).ticket

    def follow(self, connector: Connector, ticket: str) -> Delivery:
        return connector.follow_listings(ticket)


class TestReadsReturns(Mirakl, ReadsReturnsSuite):
    """Where the hub keeps inside the call limits: a further page is a call of its own, five minutes later."""

    read_operation = "RT11"
    page_size = 100

    def make_sandbox(self, clock: SandboxClock) -> MiraklSandbox:
        return MiraklSandbox(clock=clock, settings={"call_limits": False})

    def give_back(self, sandbox: Sandbox, count: int) -> list[str]:
        shop = cast(MiraklSandbox, sandbox)
        order = shop.add_order(lines=LINES, advance_to="SHIPPED")
        return [shop.create_return(f"{order}-1") for _ in range(count)]


class TestListsReferences(Mirakl, ListsReferencesSuite):
    read_operation = "SH21"


def test_no_role_is_left_out() -> None:
    assert missing_suites(MiraklConnector, globals()) == []
