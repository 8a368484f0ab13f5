"""A seller's products at a marketplace: which variant a SKU is, and telling it stock, prices and content.

Variants are known by global ids that only Marketplacer has, so each batch looks its SKUs up first. Whether products can be
asked for by SKU is not confirmed: where they cannot, all are read, once for the life of this object.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TypeVar

from connectors.base import Account
from connectors.canonical.deliveries import Delivery, DeliveryState, RefusedLine
from connectors.canonical.errors import ConfigurationError, PermanentError, UnknownOutcomeError
from connectors.canonical.listings import ChannelAttribute, ChannelCategory, ChannelValue, ListingUpdate
from connectors.canonical.offers import OfferPage, PriceUpdate
from connectors.canonical.payload import JSON
from connectors.canonical.stock import StockUpdate
from connectors.marketplacer import documents, listings, offers
from connectors.marketplacer.account import currency_of
from connectors.marketplacer.client import MarketplacerClient, next_cursor, rows_of
from connectors.marketplacer.documents import ADVERT_ROWS, SKU_ARGUMENT, Document
from connectors.marketplacer.listings import Options, Product
from connectors.marketplacer.refusals import Validation, validations

Update = TypeVar("Update", StockUpdate, PriceUpdate)
MAX_DEPTH = 10  # of the category tree


class Catalogue:
    def __init__(self, client: MarketplacerClient, account: Account) -> None:
        self._client, self._account = client, account
        self._all: list[JSON] | None = None  # every advert, where none can be asked for by SKU

    @cached_property
    def seller_id(self) -> str:
        principal = self._client.execute(documents.WHO_AM_I).get("apiKeyPrincipal")
        seller = principal.get("seller") if isinstance(principal, dict) else None
        found = seller.get("id") if isinstance(seller, dict) else None
        if not isinstance(found, str):
            words = "The API key belongs to no seller. Make one in the seller portal under Extensions > API access."
            raise ConfigurationError(words, code="no_seller")
        return found

    # --- what is shown --------------------------------------------------------------------------------------------
    def fetch_offers(self, *, token: str | None = None) -> OfferPage:
        variables = {"first": ADVERT_ROWS, "after": json.loads(token) if token else None, "seller": [self.seller_id]}
        page = self._client.page(documents.LIST_ADVERTS, "advertsWhere", variables)
        adverts = [self._whole(advert) for advert in rows_of(page)]
        cursor = next_cursor(page)
        found = offers.parse_offers(adverts, currency=currency_of(self._account))
        return OfferPage(offers=found, next_token=json.dumps(cursor) if cursor else None)

    def _whole(self, advert: JSON) -> JSON:
        """The advert with all its variants, however many pages they take."""
        page = advert.get("variants") if isinstance(advert, dict) else None
        while isinstance(page, dict) and (after := next_cursor(page)) is not None:
            node = self._client.execute(documents.MORE_VARIANTS, {"id": advert["id"], "after": after}).get("node")
            page = node.get("variants") if isinstance(node, dict) else None
            if not isinstance(page, dict) or next_cursor(page) == after:
                raise PermanentError("The marketplace does not show all variants of a product.", code="paging")
            nodes = [*rows_of(advert["variants"]), *rows_of(page)]
            advert = {**advert, "variants": {"nodes": nodes}}
        return advert

    def _adverts_of(self, skus: Sequence[str]) -> Sequence[JSON]:
        if SKU_ARGUMENT not in self._client.absent and self._all is None:
            try:
                variables = {"first": ADVERT_ROWS, "seller": [self.seller_id], "skus": list(skus)}
                return [
                    self._whole(row) for row in self._client.nodes(documents.FIND_ADVERTS, "advertsWhere", variables)
                ]
            except ConfigurationError as error:
                if error.code != "schema" or SKU_ARGUMENT not in self._client.absent:
                    raise
        if self._all is None:
            variables = {"first": ADVERT_ROWS, "seller": [self.seller_id]}
            rows = self._client.nodes(documents.LIST_ADVERTS, "advertsWhere", variables)
            self._all = [self._whole(row) for row in rows]
        return self._all

    # --- stock and prices -----------------------------------------------------------------------------------------
    def send_stock(self, updates: Sequence[StockUpdate]) -> Delivery:
        return self._update(updates, offers.stock_attributes, lambda update: "", name="Stock")

    def send_prices(self, updates: Sequence[PriceUpdate]) -> Delivery:
        currency = currency_of(self._account)
        return self._update(
            updates,
            offers.price_attributes,
            lambda update: offers.price_refusal(update, currency=currency),
            name="Prices",
        )

    def _update(
        self,
        updates: Sequence[Update],
        attributes: Callable[[Update], JSON],
        objection: Callable[[Update], str],
        *,
        name: str,
    ) -> Delivery:
        known = offers.variants_by_sku(self._adverts_of([update.sku for update in updates])) if updates else {}
        refused: list[RefusedLine] = []
        sendable: list[Update] = []
        for update in updates:
            words = objection(update) or _unclear(known.get(update.sku, ()))
            if words:
                refused.append(RefusedLine(sku=update.sku, message=words))
            else:
                sendable.append(update)
        if not sendable:
            return Delivery(state=DeliveryState.DONE, refused=tuple(refused), taken=0)
        document = documents.update_variants(len(sendable), name=name)
        ids = [known[update.sku][0] for update in sendable]
        parts = self._client.execute_parts(document, offers.inputs(ids, [attributes(update) for update in sendable]))
        return self._answered(refused, offers.read_answers([one.sku for one in sendable], parts.data, parts.errors))

    def _answered(self, refused: Sequence[RefusedLine], answer: Delivery) -> Delivery:
        return replace(answer, refused=(*refused, *self._masked(answer.refused)))

    def _masked(self, lines: Sequence[RefusedLine]) -> Iterator[RefusedLine]:
        return (replace(line, message=self._client.words(line.message)) for line in lines)

    # --- categories and attributes --------------------------------------------------------------------------------
    def fetch_categories(self) -> tuple[ChannelCategory, ...]:
        """The root list with its children, then level by level: a taxon shows only those right below it."""
        found: dict[str, tuple[JSON, str]] = {}
        level = list(self._client.nodes(documents.LIST_TAXONS, "taxons", {}))
        for row in level:
            found.setdefault(row["id"], (row, ""))
        for _ in range(MAX_DEPTH):
            children = [(child, row["id"]) for row in level for child in rows_of(row["children"])]
            fresh = [child["id"] for child, _ in children if child["id"] not in found]
            for child, parent in children:
                held = found.get(child["id"])
                if held is None or not held[1]:  # a list of all taxons names a child before its parent is known
                    found[child["id"]] = (child, parent)
            if not fresh:
                break
            level = [row for ids in _chunks(fresh, 50) for row in self._nodes(documents.READ_TAXONS, ids)]
        return listings.parse_categories(_parents_first(found))

    def fetch_attributes(self, category: str) -> tuple[ChannelAttribute, ...]:
        taxons = self._nodes(documents.READ_TAXONS, [category])
        prototype = taxons[0].get("prototype") if taxons else None
        if not isinstance(prototype, dict):  # not a leaf: nothing can be sold in it
            return listings.OWN_ATTRIBUTES
        prototypes = self._nodes(documents.READ_PROTOTYPES, [prototype["id"]])
        option_types = rows_of(prototypes[0]["optionTypes"]) if prototypes else []
        return listings.parse_attributes(option_types, category=category)

    def fetch_values(self, list_code: str) -> tuple[ChannelValue, ...]:
        rows: list[JSON] = []
        after: str | None = None
        while True:
            node = self._client.execute(documents.READ_OPTION_VALUES, {"id": list_code, "after": after}).get("node")
            page = node.get("optionValues") if isinstance(node, dict) else None
            if not isinstance(page, dict):
                return listings.parse_values(rows, list_code=list_code)
            rows += rows_of(page)
            following = next_cursor(page)
            if following is None or following == after:
                return listings.parse_values(rows, list_code=list_code)
            after = following

    def _nodes(self, document: Document, ids: Sequence[str]) -> list[JSON]:
        found = self._client.execute(document, {"ids": list(ids)}).get("nodes")
        return [row for row in found if isinstance(row, dict) and "id" in row] if isinstance(found, list) else []

    # --- products -------------------------------------------------------------------------------------------------
    def send_listings(self, updates: Sequence[ListingUpdate]) -> Delivery:
        if not updates:
            return Delivery(state=DeliveryState.DONE, taken=0)
        products = listings.grouped(updates)
        adverts = listings.read_existing(self._adverts_of([update.sku for update in updates]))
        options = {name: Options.of(self.fetch_attributes(name)) for name in {item.category for item in products}}
        document = documents.upsert_adverts(len(products))
        bodies = {
            f"i{index}": listings.build_advert(
                product, listings.existing_of(product, adverts), options=options[product.category]
            )
            for index, product in enumerate(products)
        }
        parts = self._client.execute_parts(document, bodies)
        self._all = None
        return self._listed(document, products, parts.data, parts.errors)

    def _listed(
        self, document: Document, products: Sequence[Product], data: Mapping[str, JSON], errors: Mapping[str, str]
    ) -> Delivery:
        refused: list[RefusedLine] = []
        count = 0
        for index, product in enumerate(products):
            payload = data.get(f"v{index}")
            words = errors.get(f"v{index}")
            found = validations(payload) if isinstance(payload, dict) else ()
            if words or found:
                said = (Validation(field="", messages=(words,)),) if words else found
                refused += listings.refused_lines(product, said)
            elif not isinstance(payload, dict) or not isinstance(payload.get("advert"), dict):
                raise _no_verdict(document)
            else:
                count += len(product.updates)
        return Delivery(state=DeliveryState.DONE, refused=tuple(self._masked(refused)), taken=count)


def _unclear(ids: Sequence[str]) -> str:
    if not ids:
        return offers.NO_PRODUCT
    return offers.TWO_PRODUCTS if len(ids) > 1 else ""


def _no_verdict(document: Document) -> UnknownOutcomeError:
    words = f"Marketplacer's answer does not say what became of every line of {document.operation}."
    return UnknownOutcomeError(words, code="no_verdict")


def _chunks(ids: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (ids[start : start + size] for start in range(0, len(ids), size))


def _parents_first(found: Mapping[str, tuple[JSON, str]]) -> list[tuple[JSON, str]]:
    ordered: dict[str, tuple[JSON, str]] = {}

    def place(key: str, depth: int = 0) -> None:
        if key in ordered or key not in found or depth > MAX_DEPTH:
            return
        place(found[key][1], depth + 1)
        ordered[key] = found[key]

    for key in found:
        place(key)
    return list(ordered.values())
