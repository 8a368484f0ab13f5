"""The Marketplacer connector against the Marketplacer sandbox, role by role."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import cast

import pytest

from connectors.base import Account, Connector
from connectors.canonical.dispatches import Dispatch
from connectors.canonical.errors import ConfigurationError
from connectors.canonical.listings import ListingUpdate
from connectors.marketplacer.connector import MarketplacerConnector
from connectors.marketplacer.documents import ADVERT_ROWS, PAGE_ROWS, WEBHOOK_QUERY
from connectors.marketplacer.sandbox import HMAC_KEY, WEBHOOK_SECRET, MarketplacerSandbox
from connectors.marketplacer.sandbox.market import global_id
from connectors.sandboxkit import Sandbox, SandboxClock
from tests.connectors.complete import missing_suites
from tests.connectors.conformance import (
    START,
    ConfirmsDispatchesSuite,
    ConnectionSuite,
    Delivery,
    ListsReferencesSuite,
    Platform,
    ReadsOrdersSuite,
    ReadsReturnsSuite,
    WebhooksSuite,
)
from tests.connectors.conformance_channels import (
    ReadsAttributesSuite,
    ReadsOffersSuite,
    Shown,
    TakesListingsSuite,
    TakesPricesSuite,
    TakesStockSuite,
)
from tests.connectors.marketplacer.shop import LINES, account_of, dispatch_of, listing_of, ship, taken_of


class Marketplacer(Platform):
    connector_class = MarketplacerConnector

    def make_sandbox(self, clock: SandboxClock) -> MarketplacerSandbox:
        return MarketplacerSandbox(clock=clock)

    def make_account(self, sandbox: Sandbox) -> Account:
        return account_of(cast(MarketplacerSandbox, sandbox))


class Listing(Marketplacer):
    """A seller with products on sale."""

    currency = "AUD"

    def make_sandbox(self, clock: SandboxClock) -> MarketplacerSandbox:
        sandbox = super().make_sandbox(clock)
        for number in range(ADVERT_ROWS + 2):
            sandbox.add_product(title=f"Coat {number}", skus={f"COAT-{number}-S": 12, f"COAT-{number}-M": 7})
        return sandbox

    def offered(self, sandbox: Sandbox) -> Sequence[str]:
        return [row["sku"] for row in cast(MarketplacerSandbox, sandbox).market.of("Variant")]

    def shown(self, sandbox: Sandbox, sku: str) -> Shown:
        shown = cast(MarketplacerSandbox, sandbox).shown(sku)
        return Shown(quantity=shown["quantity"], price=Decimal(shown["price"]))


class TestConnection(Marketplacer, ConnectionSuite):
    pass


class TestReadsOrders(Marketplacer, ReadsOrdersSuite):
    read_operation = "Invoices"
    page_size = PAGE_ROWS

    def sell(self, sandbox: Sandbox, count: int) -> list[str]:
        seller = cast(MarketplacerSandbox, sandbox)
        seller.add_product(title="Coat", skus={line["sku"]: 1000 for line in LINES})
        return seller.add_orders(count, lines=LINES)


class TestConfirmsDispatches(Marketplacer, ConfirmsDispatchesSuite):
    write_operation = "Dispatch"

    def prepare(self, sandbox: Sandbox) -> Dispatch:
        seller = cast(MarketplacerSandbox, sandbox)
        return dispatch_of(seller, seller.add_order(lines=LINES))

    def effects(self, sandbox: Sandbox, prepared: Dispatch) -> int:
        return len(cast(MarketplacerSandbox, sandbox).invoice(prepared.order_reference)["shipments"])


class TestReadsReturns(Marketplacer, ReadsReturnsSuite):
    read_operation = "RefundRequests"
    page_size = PAGE_ROWS

    def give_back(self, sandbox: Sandbox, count: int) -> list[str]:
        seller = cast(MarketplacerSandbox, sandbox)
        seller.add_product(title="Coat", skus={"COAT": 2 * count})
        reference = seller.add_order(lines=[{"sku": "COAT", "quantity": count}])
        ship(seller, reference)
        return [seller.request_refund(reference, units={"COAT": 1}, dispatched=True) for _ in range(count)]


class TestListsReferences(Marketplacer, ListsReferencesSuite):
    read_operation = "Carriers"

    def test_reasons_say_what_they_are_for_and_who_may_use_them(self, connector: Connector) -> None:
        """There is no list: reasons are free text. It is said by name, and the link's or mapping's words are sent."""
        with pytest.raises(ConfigurationError) as caught:
            connector.fetch_reasons()

        assert "list its reasons" in caught.value.message


class TestTakesStock(Listing, TakesStockSuite):
    write_operation = "Stock"


class TestTakesPrices(Listing, TakesPricesSuite):
    write_operation = "Prices"


class TestReadsOffers(Listing, ReadsOffersSuite):
    read_operation = "Adverts"

    def offers(self, sandbox: Sandbox) -> Mapping[str, Shown]:
        cast(MarketplacerSandbox, sandbox).set_stock(self.offered(sandbox)[-1], 0)
        return {sku: self.shown(sandbox, sku) for sku in self.offered(sandbox)}


class TestReadsAttributes(Marketplacer, ReadsAttributesSuite):
    """A leaf alone carries a prototype, and a product's category is a field of its own: `taxonId`."""

    read_operation = "Categories"
    category = global_id("Taxon", 3)  # Fashion > Women > Coats
    inherits = False
    roles = frozenset({"TITLE", "DESCRIPTION", "BRAND", "IMAGES", "BARCODE"})
    limits_length = False

    def test_the_category_is_a_leaf_below_two_others(self, connector: Connector) -> None:
        categories = {category.code: category for category in connector.fetch_categories()}

        leaf = categories[self.category]
        middle = categories[leaf.parent]
        assert (leaf.label, middle.label, categories[middle.parent].label) == ("Coats", "Women", "Fashion")


class TestTakesListings(Marketplacer, TakesListingsSuite):
    """A validation is a field and messages; there are no codes."""

    write_operation = "PutProducts"
    text_attribute = "description"
    missing_attribute = "title"
    refusals_have_codes = False

    def listings(self, sandbox: Sandbox) -> list[ListingUpdate]:
        return [listing_of(cast(MarketplacerSandbox, sandbox), place) for place in range(2)]

    def taken(self, sandbox: Sandbox, sku: str) -> Mapping[str, tuple[str, ...]] | None:
        return taken_of(cast(MarketplacerSandbox, sandbox), sku)


class TestWebhooks(Marketplacer, WebhooksSuite):
    """Where the operator set a signing key; without one a changed byte cannot be noticed, see test_webhooks."""

    stale_after = None

    def delivery(self, sandbox: Sandbox) -> Delivery:
        seller = cast(MarketplacerSandbox, sandbox)
        seller.add_webhook(
            url="https://hub.example/webhook",
            type="INVOICE",
            query=WEBHOOK_QUERY,
            headers={"X-Webhook-Secret": WEBHOOK_SECRET},
            hmac_key=HMAC_KEY,
        )
        seller.add_order(lines=LINES)
        sent: list[Delivery] = []

        def send(body: bytes, headers: dict[str, str]) -> int:
            sent.append(Delivery(headers=headers, body=body, now=START))
            return 202

        seller.deliver_webhooks(send)
        return sent[0]

    def forged(self, delivery: Delivery) -> Delivery:
        return replace(delivery, headers={**delivery.headers, "Marketplacer-Hmac-256": "A" * 43 + "="})


def test_every_role_has_its_suite() -> None:
    assert missing_suites(MarketplacerConnector, globals()) == []
