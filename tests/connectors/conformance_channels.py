"""What every channel's connector must do with stock, prices, offers and products, against its sandbox through real HTTP."""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import ClassVar

import pytest

from connectors.base import Connector
from connectors.canonical.deliveries import Delivery, DeliveryState
from connectors.canonical.errors import PermanentError, TransientError
from connectors.canonical.listings import AttributeKind, ListingUpdate, Requirement
from connectors.canonical.money import Money
from connectors.canonical.offers import Offer, OfferPage, PriceUpdate
from connectors.canonical.prices import ListedPrice, PricePage
from connectors.canonical.stock import StockUpdate
from connectors.sandboxkit import Fault, Sandbox
from tests.connectors.conformance import MAX_PAGES, ReadSuite, RecordingGate, WriteSuite

NO_SUCH_SKU = "NO-SUCH-SKU"
LISTED = {AttributeKind.LIST, AttributeKind.LIST_OF_SEVERAL}
FOLLOW_SECONDS = 60
MAX_LOOKS = 20


@dataclass(frozen=True)
class Shown:
    """What customers are shown of one SKU."""

    quantity: int
    price: Decimal | None  # None where the channel's own prices are no part of what it offers


class ChannelSuite(WriteSuite):
    """A channel whose offers can be looked at."""

    @abstractmethod
    def offered(self, sandbox: Sandbox) -> Sequence[str]:
        """Two SKUs or more that the shop offers; their quantities and prices are not those the suites send."""

    @abstractmethod
    def shown(self, sandbox: Sandbox, sku: str) -> Shown:
        """What customers see once everything that was sent has been worked on."""


def to_the_end(
    sandbox: Sandbox, delivery: Delivery, follow: Callable[[str], Delivery], *, seconds: float = FOLLOW_SECONDS
) -> Delivery:
    """Follow an import as the hub does, time passing between two looks."""
    for _ in range(MAX_LOOKS):
        if delivery.state is not DeliveryState.PENDING:
            return delivery
        sandbox.advance(seconds)
        delivery = follow(delivery.ticket)
    raise AssertionError("The import never ended.")


class TakesStockSuite(ChannelSuite):
    def prepare(self, sandbox: Sandbox) -> list[StockUpdate]:
        return [StockUpdate(sku=sku, quantity=31 + index) for index, sku in enumerate(self.offered(sandbox)[:2])]

    def write(self, connector: Connector, prepared: list[StockUpdate]) -> object:
        return connector.send_stock(prepared)

    def effects(self, sandbox: Sandbox, prepared: list[StockUpdate]) -> int:
        return int(all(self.shown(sandbox, update.sku).quantity == update.quantity for update in prepared))

    def test_a_line_that_is_refused_is_named_and_the_others_stand(
        self, connector: Connector, sandbox: Sandbox, prepared: list[StockUpdate]
    ) -> None:
        delivery = connector.send_stock([prepared[0], StockUpdate(sku=NO_SUCH_SKU, quantity=5), prepared[1]])

        delivery = to_the_end(sandbox, delivery, connector.follow_stock)

        assert (delivery.state, [line.sku for line in delivery.refused]) == (DeliveryState.DONE, [NO_SUCH_SKU])
        assert delivery.refused[0].message
        assert self.effects(sandbox, prepared) == 1

    def test_zero_is_a_value_and_is_sent(self, connector: Connector, sandbox: Sandbox) -> None:
        (sku, *_) = self.offered(sandbox)

        delivery = connector.send_stock([StockUpdate(sku=sku, quantity=0)])

        assert to_the_end(sandbox, delivery, connector.follow_stock).refused == ()
        assert self.shown(sandbox, sku).quantity == 0

    def test_stock_touches_no_price(self, connector: Connector, sandbox: Sandbox, prepared: list[StockUpdate]) -> None:
        before = {sku: self.shown(sandbox, sku).price for sku in self.offered(sandbox)}

        to_the_end(sandbox, connector.send_stock(prepared), connector.follow_stock)

        assert {sku: self.shown(sandbox, sku).price for sku in before} == before

    def test_what_is_sent_later_stands(self, connector: Connector, sandbox: Sandbox) -> None:
        (sku, *_) = self.offered(sandbox)
        first = connector.send_stock([StockUpdate(sku=sku, quantity=41)])
        to_the_end(sandbox, first, connector.follow_stock)

        second = connector.send_stock([StockUpdate(sku=sku, quantity=40)])

        to_the_end(sandbox, second, connector.follow_stock)
        assert self.shown(sandbox, sku).quantity == 40

    def test_it_says_how_many_lines_one_call_takes(self, connector: Connector) -> None:
        assert connector.stock_lines_max > 0


class FollowsImportsSuite(ReadSuite):
    """Where a channel works through what it was sent by itself."""

    ticket_nobody_knows: ClassVar[str] = "999999999"

    @abstractmethod
    def start(self, connector: Connector, sandbox: Sandbox) -> str:
        """Send something; the import's ticket."""

    @abstractmethod
    def follow(self, connector: Connector, ticket: str) -> Delivery: ...

    @pytest.fixture(autouse=True)
    def ticket(self, connector: Connector, sandbox: Sandbox, gate: RecordingGate) -> str:
        self.started = self.start(connector, sandbox)
        gate.calls.clear()
        gate.penalties.clear()
        return self.started

    def read(self, connector: Connector) -> object:
        return self.follow(connector, self.started)

    def test_an_import_is_under_way_before_it_is_done(
        self, connector: Connector, sandbox: Sandbox, ticket: str
    ) -> None:
        first = self.follow(connector, ticket)

        assert (first.state, first.ticket) == (DeliveryState.PENDING, ticket)
        last = to_the_end(sandbox, first, lambda ticket: self.follow(connector, ticket))
        assert (last.state, last.ticket, last.refused) == (DeliveryState.DONE, ticket, ())

    def test_an_import_nobody_knows_is_refused(self, connector: Connector) -> None:
        with pytest.raises(PermanentError):
            self.follow(connector, self.ticket_nobody_knows)


class TakesPricesSuite(ChannelSuite):
    currency: ClassVar[str]

    def prepare(self, sandbox: Sandbox) -> list[PriceUpdate]:
        skus = self.offered(sandbox)[:2]
        return [PriceUpdate(sku=sku, price=self._money(f"12{index}.35")) for index, sku in enumerate(skus)]

    def _money(self, amount: str) -> Money:
        return Money(Decimal(amount), self.currency)

    def write(self, connector: Connector, prepared: list[PriceUpdate]) -> object:
        return connector.send_prices(prepared)

    def effects(self, sandbox: Sandbox, prepared: list[PriceUpdate]) -> int:
        return int(all(self.shown(sandbox, update.sku).price == update.price.amount for update in prepared))

    def test_a_price_that_is_refused_is_named_and_the_others_stand(
        self, connector: Connector, sandbox: Sandbox, prepared: list[PriceUpdate]
    ) -> None:
        strange = PriceUpdate(sku=NO_SUCH_SKU, price=self._money("5.00"))

        delivery = to_the_end(sandbox, connector.send_prices([strange, *prepared]), connector.follow_prices)

        assert (delivery.state, [line.sku for line in delivery.refused]) == (DeliveryState.DONE, [NO_SUCH_SKU])
        assert self.effects(sandbox, prepared) == 1

    def test_prices_touch_no_stock(self, connector: Connector, sandbox: Sandbox, prepared: list[PriceUpdate]) -> None:
        before = {sku: self.shown(sandbox, sku).quantity for sku in self.offered(sandbox)}

        to_the_end(sandbox, connector.send_prices(prepared), connector.follow_prices)

        assert {sku: self.shown(sandbox, sku).quantity for sku in before} == before


class ReadsAttributesSuite(ReadSuite):
    """What a channel wants to know of a product. `read` asks for its categories."""

    category: ClassVar[str]  # not at the top; it asks for something itself, and inherits from above it
    no_such_list: ClassVar[str] = "NO-SUCH-LIST"
    inherits: ClassVar[bool] = True  # False where nothing above a category asks for anything
    roles: ClassVar[frozenset[str]] = frozenset({"CATEGORY"})  # not it where a product's category is no attribute
    limits_length: ClassVar[bool] = True  # False where the channel publishes no longest text

    def read(self, connector: Connector) -> object:
        return connector.fetch_categories()

    def test_every_category_comes_after_the_one_above_it(self, connector: Connector) -> None:
        categories = connector.fetch_categories()

        codes = [category.code for category in categories]
        assert len(codes) == len(set(codes))
        assert self.category in codes
        for place, category in enumerate(categories):
            assert category.label
            assert category.parent == "" or category.parent in codes[:place]

    def test_a_category_asks_for_its_own_what_is_above_it_and_what_all_do(self, connector: Connector) -> None:
        parents = {category.code: category.parent for category in connector.fetch_categories()}
        above, place = [], parents[self.category]
        while place:
            above.append(place)
            place = parents[place]

        attributes = connector.fetch_attributes(self.category)

        asking = {attribute.category for attribute in attributes}
        assert {"", self.category} <= asking
        assert bool(asking & set(above)) is self.inherits
        assert asking <= {"", self.category, *above}

    def test_it_says_what_is_required_and_what_the_channel_uses_for_the_category(self, connector: Connector) -> None:
        attributes = connector.fetch_attributes(self.category)

        assert {attribute.requirement for attribute in attributes} > {Requirement.REQUIRED}
        assert self.roles <= {attribute.role for attribute in attributes}
        assert any(attribute.max_length for attribute in attributes) is self.limits_length
        assert any(attribute.variant for attribute in attributes)

    def test_every_list_that_an_attribute_names_can_be_read(self, connector: Connector) -> None:
        lists = {attribute.list_code: attribute for attribute in connector.fetch_attributes(self.category)}

        listed = {code for code, attribute in lists.items() if attribute.kind in LISTED}
        assert listed
        for code in sorted(listed):
            values = connector.fetch_values(code)
            assert values
            assert {value.list_code for value in values} == {code}
            assert all(value.code and value.label for value in values)

    def test_a_list_nobody_knows_has_no_values(self, connector: Connector) -> None:
        assert connector.fetch_values(self.no_such_list) == ()


class TakesListingsSuite(WriteSuite):
    """A channel that takes products; what it asks for is as its sandbox has it."""

    text_attribute: ClassVar[str]  # of `listings`; it may hold any words
    missing_attribute: ClassVar[str]  # of `listings`; without it the channel refuses a product
    refusals_have_codes: ClassVar[bool] = True  # False where a refusal is words alone

    @abstractmethod
    def listings(self, sandbox: Sandbox) -> list[ListingUpdate]:
        """Two products that the channel takes and does not have yet."""

    @abstractmethod
    def taken(self, sandbox: Sandbox, sku: str) -> Mapping[str, tuple[str, ...]] | None:
        """What the channel knows of a SKU once everything sent has been worked on; None where it has no such product."""

    def prepare(self, sandbox: Sandbox) -> list[ListingUpdate]:
        return self.listings(sandbox)

    def write(self, connector: Connector, prepared: list[ListingUpdate]) -> object:
        return connector.send_listings(prepared)

    def effects(self, sandbox: Sandbox, prepared: list[ListingUpdate]) -> int:
        return int(all(self._is_taken(sandbox, update) for update in prepared))

    def _is_taken(self, sandbox: Sandbox, update: ListingUpdate) -> bool:
        known = self.taken(sandbox, update.sku)
        return known is not None and update.values.items() <= known.items()

    def _follow(self, connector: Connector, sandbox: Sandbox, updates: list[ListingUpdate]) -> Delivery:
        return to_the_end(sandbox, connector.send_listings(updates), connector.follow_listings)

    def test_products_that_are_complete_are_taken(
        self, connector: Connector, sandbox: Sandbox, prepared: list[ListingUpdate]
    ) -> None:
        delivery = self._follow(connector, sandbox, prepared)

        assert (delivery.state, delivery.refused, delivery.taken) == (DeliveryState.DONE, (), len(prepared))

    def test_a_product_that_lacks_something_is_refused_and_the_others_stand(
        self, connector: Connector, sandbox: Sandbox, prepared: list[ListingUpdate]
    ) -> None:
        first, second = prepared
        values = {code: value for code, value in first.values.items() if code != self.missing_attribute}

        delivery = self._follow(connector, sandbox, [replace(first, values=values), second])

        (refused,) = delivery.refused
        assert (delivery.state, refused.sku, refused.attribute) == (
            DeliveryState.DONE,
            first.sku,
            self.missing_attribute,
        )
        assert bool(refused.code) is self.refusals_have_codes
        assert refused.message
        assert (self.taken(sandbox, first.sku), self._is_taken(sandbox, second)) == (None, True)

    def test_every_problem_of_a_product_is_told(
        self, connector: Connector, sandbox: Sandbox, prepared: list[ListingUpdate]
    ) -> None:
        bare = replace(prepared[0], values={})

        delivery = self._follow(connector, sandbox, [bare])

        assert len(delivery.refused) > 1
        assert {line.sku for line in delivery.refused} == {bare.sku}
        assert len({(line.attribute, line.message) for line in delivery.refused}) == len(delivery.refused)

    def test_a_category_nobody_knows_is_a_refusal(
        self, connector: Connector, sandbox: Sandbox, prepared: list[ListingUpdate]
    ) -> None:
        delivery = self._follow(connector, sandbox, [replace(prepared[0], category="NO-SUCH-CATEGORY")])

        assert [line.sku for line in delivery.refused] == [prepared[0].sku]
        assert self.taken(sandbox, prepared[0].sku) is None

    def test_what_is_sent_later_stands(
        self, connector: Connector, sandbox: Sandbox, prepared: list[ListingUpdate]
    ) -> None:
        (first, _) = prepared
        self._follow(connector, sandbox, [first])
        sandbox.advance(3600)
        changed = replace(first, values={**first.values, self.text_attribute: ("Something else",)})

        self._follow(connector, sandbox, [changed])

        assert self._is_taken(sandbox, changed)

    def test_it_says_how_many_products_one_call_takes(self, connector: Connector) -> None:
        assert connector.listing_lines_max > 0


class ReadsPricesSuite(ReadSuite):
    """Who owns the prices: what its lists ask for each SKU."""

    price_lists: ClassVar[Sequence[str]]  # two lists or more, in different currencies
    no_such_list: ClassVar[str] = "999999"

    @abstractmethod
    def listed(self, sandbox: Sandbox) -> Mapping[tuple[str, str], Money | None]:
        """(list, SKU) → price of every SKU that sells; one price belongs to a SKU alone, one SKU has none in a list."""

    def read(self, connector: Connector) -> object:
        return connector.fetch_prices(self.price_lists)

    def test_every_price_is_read_exactly_over_however_many_pages(self, connector: Connector, sandbox: Sandbox) -> None:
        expected = dict(self.listed(sandbox))

        pages = _all_price_pages(connector, self.price_lists)

        found = [price for page in pages for price in page.prices]
        assert len(pages) > 1
        assert {(price.price_list, price.sku): price.price for price in found} == expected
        assert len({(price.price_list, price.sku) for price in found}) == len(expected)
        assert {None} < {type(price.price) if price.price else None for price in found}
        assert all(price.as_of.tzinfo is not None for price in found)

    def test_every_price_is_in_the_currency_of_its_list(self, connector: Connector) -> None:
        for page in _all_price_pages(connector, self.price_lists):
            currencies = {one.code: one.currency for one in page.lists}
            assert set(currencies) == set(self.price_lists)
            assert all(_currency(price) in (None, currencies[price.price_list]) for price in page.prices)

    def test_a_list_nobody_knows_is_not_named_and_has_no_prices(self, connector: Connector) -> None:
        (first, *_) = self.price_lists

        page = connector.fetch_prices([first, self.no_such_list])

        assert [one.code for one in page.lists] == [first]
        assert {price.price_list for price in page.prices} == {first}


def _currency(price: ListedPrice) -> str | None:
    return price.price.currency if price.price else None


def _all_price_pages(connector: Connector, price_lists: Sequence[str]) -> list[PricePage]:
    pages = [connector.fetch_prices(price_lists)]
    while pages[-1].next_token is not None:
        assert len(pages) < MAX_PAGES
        pages.append(connector.fetch_prices(price_lists, token=pages[-1].next_token))
    return pages


class ReadsOffersSuite(ReadSuite):
    @abstractmethod
    def offers(self, sandbox: Sandbox) -> Mapping[str, Shown]:
        """More offers than one page holds, one of them sold out."""

    def read(self, connector: Connector) -> object:
        return connector.fetch_offers()

    def test_every_offer_is_read_over_however_many_pages(self, connector: Connector, sandbox: Sandbox) -> None:
        expected = self.offers(sandbox)

        pages = _all_pages(connector)

        found: dict[str, Offer] = {offer.sku: offer for page in pages for offer in page.offers}
        assert len(pages) > 1
        assert {sku: (offer.quantity, offer.price and offer.price.amount) for sku, offer in found.items()} == {
            sku: (shown.quantity, shown.price) for sku, shown in expected.items()
        }

    def test_an_offer_that_is_sold_out_is_not_active_and_says_why(self, connector: Connector, sandbox: Sandbox) -> None:
        sold_out = {sku for sku, shown in self.offers(sandbox).items() if shown.quantity == 0}

        found = [offer for page in _all_pages(connector) for offer in page.offers if offer.sku in sold_out]

        assert {(offer.sku, offer.active) for offer in found} == {(sku, False) for sku in sold_out}
        assert all(offer.inactive_because for offer in found)

    def test_half_a_page_is_no_page(self, connector: Connector, sandbox: Sandbox) -> None:
        """Nobody may conclude from it that an offer is gone."""
        sandbox.faults.add(Fault(kind="malformed", operation=self.read_operation))

        with pytest.raises(TransientError):
            connector.fetch_offers()


def _all_pages(connector: Connector) -> list[OfferPage]:
    pages = [connector.fetch_offers()]
    while pages[-1].next_token is not None:
        assert len(pages) < MAX_PAGES
        pages.append(connector.fetch_offers(token=pages[-1].next_token))
    return pages
