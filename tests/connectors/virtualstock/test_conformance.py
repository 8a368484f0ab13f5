"""The Virtualstock connector against the Virtualstock sandbox, role by role."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import cast

import pytest

from connectors.base import Account, Capability, Connector
from connectors.canonical.dispatches import Dispatch
from connectors.canonical.errors import ConfigurationError
from connectors.canonical.listings import ListingUpdate, Requirement
from connectors.sandboxkit import Sandbox, SandboxClock
from connectors.virtualstock.connector import VirtualstockConnector
from connectors.virtualstock.sandbox import VirtualstockSandbox
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
    ReadsAttributesSuite,
    Shown,
    TakesListingsSuite,
    TakesPricesSuite,
    TakesStockSuite,
)
from tests.connectors.virtualstock.shop import LINES, account_of, dispatch_of, listing_of


class Virtualstock(Platform):
    connector_class = VirtualstockConnector

    def make_sandbox(self, clock: SandboxClock) -> VirtualstockSandbox:
        return VirtualstockSandbox(clock=clock)

    def make_account(self, sandbox: Sandbox) -> Account:
        return account_of(cast(VirtualstockSandbox, sandbox))


class Listing(Virtualstock):
    """A supplier with a few products at one retailer."""

    currency = "GBP"

    def make_sandbox(self, clock: SandboxClock) -> VirtualstockSandbox:
        sandbox = VirtualstockSandbox(clock=clock)
        for sku in self.offered(sandbox):
            sandbox.add_product(sku, stock=12, price="100.00")
        return sandbox

    def offered(self, sandbox: Sandbox) -> Sequence[str]:
        return ["NV1001-410-M", "NV2004-120-L", "NV3001-900-S"]

    def shown(self, sandbox: Sandbox, sku: str) -> Shown:
        """As the retailer sees it: no call gives stock back."""
        product = cast(VirtualstockSandbox, sandbox).product(sku)
        return Shown(quantity=product["stock"], price=Decimal(product["data"]["cost_price"]))


class TestConnection(Virtualstock, ConnectionSuite):
    pass


class TestConnectionWithPassword(Virtualstock, ConnectionSuite):
    """Basic authentication, which still works."""

    def make_account(self, sandbox: Sandbox) -> Account:
        return account_of(cast(VirtualstockSandbox, sandbox), sign_in="basic")


class TestReadsOrders(Virtualstock, ReadsOrdersSuite):
    read_operation = "listOrders"
    page_size = 100

    def sell(self, sandbox: Sandbox, count: int) -> list[str]:
        return cast(VirtualstockSandbox, sandbox).add_orders(count, lines=LINES)


class TestAcceptsOrders(Virtualstock, AcceptsOrdersSuite):
    """What "refused" means here: back order with a reason, since suppliers cannot refuse."""

    write_operation = "acknowledgeOrder"

    def prepare(self, sandbox: Sandbox) -> WaitingOrder:
        reference = cast(VirtualstockSandbox, sandbox).add_order(lines=LINES)
        return WaitingOrder(reference=reference, line_ids=("501", "502"))

    def decided(self, sandbox: Sandbox, reference: str) -> str:
        (status,) = set(cast(VirtualstockSandbox, sandbox).line_statuses(reference))
        return {"ORDER": "", "BACKORDER": "refused"}.get(status, "accepted")


class TestConfirmsDispatches(Virtualstock, ConfirmsDispatchesSuite):
    write_operation = "dispatchOrder"
    write_has_answer = False

    def prepare(self, sandbox: Sandbox) -> Dispatch:
        return dispatch_of(cast(VirtualstockSandbox, sandbox).add_order(lines=LINES, advance_to="ORDER_ACK"))

    def effects(self, sandbox: Sandbox, prepared: Dispatch) -> int:
        parcels = cast(VirtualstockSandbox, sandbox).parcels(prepared.order_reference)
        units = {parcel["line"]: parcel["quantity"] for parcel in parcels}
        return int(units.get("501", 0)) // 2


class TestTakesStock(Listing, TakesStockSuite):
    write_operation = "updateStock"
    write_has_answer = False


class TestTakesPrices(Listing, TakesPricesSuite):
    write_operation = "updateProduct"
    write_has_answer = False  # it has one, which says nothing that counts and may be missing: it is not read


class TestTakesListings(Virtualstock, TakesListingsSuite):
    """At a retailer that demands some fields. Whether one does is inferred; "This field is required." is documented of stock."""

    write_operation = "createProduct"
    write_has_answer = False  # as with prices
    text_attribute = "description"
    missing_attribute = "short_description"

    def make_sandbox(self, clock: SandboxClock) -> VirtualstockSandbox:
        sandbox = VirtualstockSandbox(clock=clock)
        sandbox.change_retailer(strict_data_model=True, required_keys=["short_description", "barcode"])
        return sandbox

    def make_account(self, sandbox: Sandbox) -> Account:
        return account_of(cast(VirtualstockSandbox, sandbox), client_id=8801)

    def listings(self, sandbox: Sandbox) -> list[ListingUpdate]:
        return [listing_of(place) for place in range(2)]

    def taken(self, sandbox: Sandbox, sku: str) -> Mapping[str, tuple[str, ...]] | None:
        try:
            product = cast(VirtualstockSandbox, sandbox).product(sku)
        except KeyError:
            return None
        return {name: (text,) for name, text in product["data"].items()}


class TestReadsReturns(Virtualstock, ReadsReturnsSuite):
    read_operation = "listReturns"
    page_size = 100

    def give_back(self, sandbox: Sandbox, count: int) -> list[str]:
        edge = cast(VirtualstockSandbox, sandbox)
        references = edge.add_orders(count, lines=LINES, advance_to="DISPATCH")
        return [edge.add_return(reference, "501") for reference in references]


class TestReadsAttributes(Virtualstock, ReadsAttributesSuite):
    """Categories are read; fields are the same in each, as the connection names them, and no field tells variants apart."""

    read_operation = "listCategories"
    category = "2"
    inherits = False
    roles = frozenset({"TITLE", "EAN"})
    limits_length = False

    def make_account(self, sandbox: Sandbox) -> Account:
        fields = "short_description*, barcode*, description, warranty_type"
        return account_of(cast(VirtualstockSandbox, sandbox), product_fields=fields)

    def test_a_category_asks_for_its_own_what_is_above_it_and_what_all_do(self, connector: Connector) -> None:
        assert {attribute.category for attribute in connector.fetch_attributes(self.category)} == {""}

    def test_it_says_what_is_required_and_what_the_channel_uses_for_the_category(self, connector: Connector) -> None:
        attributes = connector.fetch_attributes(self.category)

        assert {attribute.requirement for attribute in attributes} > {Requirement.REQUIRED}
        assert self.roles <= {attribute.role for attribute in attributes}


class TestListsReferences(Virtualstock, ListsReferencesSuite):
    read_operation = "listCarriers"

    def test_reasons_say_what_they_are_for_and_who_may_use_them(self, connector: Connector) -> None:
        """There are none that a supplier could use or ask for."""
        assert connector.capabilities[Capability.LIST_REASONS] is False
        with pytest.raises(ConfigurationError):
            connector.fetch_reasons()


def test_no_role_is_left_out() -> None:
    assert missing_suites(VirtualstockConnector, globals()) == []


def test_what_it_lacks_it_explains() -> None:
    lacking = {capability for capability, able in VirtualstockConnector.capabilities.items() if not able}

    assert lacking <= set(VirtualstockConnector.capability_notes)
    assert all(note.endswith(".") for note in VirtualstockConnector.capability_notes.values())
