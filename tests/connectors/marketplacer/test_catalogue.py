"""Stock, prices and products at the marketplace."""

from dataclasses import replace
from decimal import Decimal

import pytest

from connectors.canonical.deliveries import DeliveryState, RefusedLine
from connectors.canonical.errors import ConfigurationError, DataError, UnknownOutcomeError
from connectors.canonical.listings import AttributeKind, ListingUpdate, Requirement
from connectors.canonical.money import Money
from connectors.canonical.offers import PriceUpdate
from connectors.canonical.stock import StockUpdate
from connectors.marketplacer.connector import MarketplacerConnector
from connectors.marketplacer.documents import INNER_ROWS
from connectors.marketplacer.listings import Product, refused_lines
from connectors.marketplacer.offers import NO_DATES, NO_PRODUCT, TWO_PRODUCTS, parse_offers, read_answers
from connectors.marketplacer.refusals import Validation
from connectors.marketplacer.sandbox import MarketplacerSandbox
from tests.connectors.conformance import START, RecordingGate
from tests.connectors.marketplacer.payloads import payload


def aud(amount: str) -> Money:
    return Money(Decimal(amount), "AUD")


# --- stock and prices -------------------------------------------------------------------------------------------------
def test_a_batch_is_one_document_with_an_alias_for_each_sku(
    connector: MarketplacerConnector, sandbox: MarketplacerSandbox, gate: RecordingGate
) -> None:
    sandbox.add_product(title="Coat", skus={f"COAT-{number}": 1 for number in range(25)})

    delivery = connector.send_stock([StockUpdate(sku=f"COAT-{number}", quantity=number) for number in range(25)])

    assert (delivery.state, delivery.refused, delivery.taken) == (DeliveryState.DONE, (), 25)
    assert len(gate.writes) == 1
    assert [sandbox.shown(f"COAT-{number}")["quantity"] for number in (0, 24)] == [0, 24]


def test_where_products_cannot_be_asked_for_by_sku_all_are_read_once(
    connector: MarketplacerConnector, sandbox: MarketplacerSandbox, gate: RecordingGate
) -> None:
    sandbox.configure(sku_filter=False)
    sandbox.add_product(title="Coat", skus={"COAT-S": 1, "COAT-M": 1})

    for sku in ("COAT-S", "COAT-M"):
        connector.send_stock([StockUpdate(sku=sku, quantity=9)])

    reads = [call.operation for call in gate.calls if not call.write]
    assert reads == ["apiKeyPrincipal", "advertsWhere", "advertsWhere"]
    assert [sandbox.shown(sku)["quantity"] for sku in ("COAT-S", "COAT-M")] == [9, 9]


def test_nothing_is_written_where_no_line_can_be(
    connector: MarketplacerConnector, sandbox: MarketplacerSandbox, gate: RecordingGate
) -> None:
    for title in ("Coat", "Another coat"):
        sandbox.add_product(title=title, skus={"TWICE": 1})

    delivery = connector.send_stock([StockUpdate(sku="TWICE", quantity=5), StockUpdate(sku="NONE", quantity=5)])

    assert [(line.sku, line.message) for line in delivery.refused] == [("TWICE", TWO_PRODUCTS), ("NONE", NO_PRODUCT)]
    assert gate.writes == []


def test_a_variant_beyond_the_first_page_of_its_product_is_found(
    connector: MarketplacerConnector, sandbox: MarketplacerSandbox
) -> None:
    sandbox.add_product(title="Coat", skus={f"COAT-{number}": 1 for number in range(INNER_ROWS + 1)})

    delivery = connector.send_stock([StockUpdate(sku=f"COAT-{INNER_ROWS}", quantity=7)])

    assert delivery.refused == ()
    assert sandbox.shown(f"COAT-{INNER_ROWS}")["quantity"] == 7


def test_a_discount_is_a_sale_price_that_ends_when_it_is_not_named(
    connector: MarketplacerConnector, sandbox: MarketplacerSandbox
) -> None:
    sandbox.add_product(title="Coat", skus={"COAT": 1})
    update = PriceUpdate(sku="COAT", price=aud("120.00"), discount=aud("99.50"))

    connector.send_prices([update])
    (offer,) = connector.fetch_offers().offers
    assert (offer.price, offer.discount) == (aud("120.00"), aud("99.5"))
    connector.send_prices([replace(update, discount=None)])

    assert sandbox.shown("COAT")["price"] == "120.00"
    assert connector.fetch_offers().offers[0].discount is None


def test_what_cannot_be_told_there_is_refused_by_line_and_the_rest_is_sent(
    connector: MarketplacerConnector, sandbox: MarketplacerSandbox
) -> None:
    sandbox.add_product(title="Coat", skus={"A": 1, "B": 1, "C": 1})
    dated = PriceUpdate(sku="A", price=aud("120.00"), discount=aud("99.50"), discount_from=START)
    foreign = PriceUpdate(sku="B", price=Money(Decimal(9), "NZD"))

    delivery = connector.send_prices([dated, foreign, PriceUpdate(sku="C", price=aud("120.00"))])

    assert [line.sku for line in delivery.refused] == ["A", "B"]
    assert delivery.refused[0].message == NO_DATES
    assert [sandbox.shown(sku)["price"] for sku in "ABC"] == ["100.00", "100.00", "120.00"]


def test_a_key_that_may_not_change_variants_stops_stock_and_blames_no_line(
    connector: MarketplacerConnector, sandbox: MarketplacerSandbox
) -> None:
    sandbox.add_product(title="Coat", skus={"A": 1, "B": 1})
    sandbox.forbid("variantUpdate")

    with pytest.raises(ConfigurationError) as caught:
        connector.send_stock([StockUpdate(sku="A", quantity=5), StockUpdate(sku="B", quantity=5)])

    assert (caught.value.operation, caught.value.code) == ("variantUpdate", "permission")
    assert [sandbox.shown(sku)["quantity"] for sku in "AB"] == [1, 1]


def test_an_alias_without_a_verdict_leaves_the_outcome_unknown() -> None:
    with pytest.raises(UnknownOutcomeError):
        read_answers(["A"], {"v0": {"status": 200, "errors": None, "variant": None}}, {})


# --- offers -----------------------------------------------------------------------------------------------------------
def test_an_advert_is_read_variant_by_variant() -> None:
    first, second = parse_offers([payload("advert")], currency="AUD")

    assert (first.sku, first.quantity, first.price, first.discount) == ("NV1001-410-M", 12, aud("120.00"), aud("99.5"))
    assert (first.active, second.active, second.inactive_because) == (True, False, ("SOLD_OUT",))
    assert (second.price, second.discount) == (aud("120.00"), None)


@pytest.mark.parametrize(
    ("changes", "because"),
    [
        ({"published": False}, ("UNPUBLISHED",)),
        ({"requiresVetting": True, "vetted": False}, ("AWAITS_VETTING",)),
        ({"requiresVetting": True, "vettingRejected": True}, ("VETTING_REJECTED",)),
        ({"displayable": False, "online": False}, ("NOT_DISPLAYABLE", "OFFLINE")),
        ({"published": None, "displayable": None, "online": None}, ()),
    ],
)
def test_why_nobody_can_buy_it_is_told(changes: dict[str, bool | None], because: tuple[str, ...]) -> None:
    offer = parse_offers([{**payload("advert"), **changes}], currency="AUD")[0]

    assert offer.inactive_because == because


def test_a_price_that_cannot_be_read_is_a_fault_of_the_page() -> None:
    advert = payload("advert")
    advert["variants"]["nodes"][0]["lowestPrice"] = "ask us"

    with pytest.raises(DataError):
        parse_offers([advert], currency="AUD")


# --- categories and attributes ----------------------------------------------------------------------------------------
def test_the_whole_tree_is_read_parents_first(connector: MarketplacerConnector) -> None:
    categories = connector.fetch_categories()

    labels = {category.code: category.label for category in categories}
    assert {(labels.get(category.parent, ""), category.label) for category in categories} == {
        ("", "Fashion"),
        ("Fashion", "Women"),
        ("Fashion", "Men"),
        ("Women", "Coats"),
        ("Women", "Knitwear"),
        ("Men", "Shirts"),
    }
    seen = {""}
    for category in categories:
        assert category.parent in seen
        seen.add(category.code)


def leaf(connector: MarketplacerConnector) -> str:
    return next(category.code for category in connector.fetch_categories() if category.label == "Coats")


def test_a_leafs_attributes_have_their_kinds_and_say_which_are_required(connector: MarketplacerConnector) -> None:
    attributes = {item.label: item for item in connector.fetch_attributes(leaf(connector))}

    assert {name: attributes[name].kind for name in ("Colour", "Season", "Material", "Pieces", "Weight")} == {
        "Colour": AttributeKind.LIST,
        "Season": AttributeKind.LIST_OF_SEVERAL,
        "Material": AttributeKind.TEXT,
        "Pieces": AttributeKind.WHOLE_NUMBER,
        "Weight": AttributeKind.NUMBER,
    }
    assert attributes["Colour"].requirement is Requirement.REQUIRED
    assert (attributes["Colour"].variant, attributes["Material"].variant) == (True, False)
    assert attributes["Title"].requirement is Requirement.REQUIRED
    values = connector.fetch_values(attributes["Colour"].list_code)
    assert [value.label for value in values] == ["Black", "Navy", "Camel"]


def test_a_branch_has_only_what_every_product_has(connector: MarketplacerConnector) -> None:
    root = connector.fetch_categories()[0]

    assert {item.code for item in connector.fetch_attributes(root.code)} == {
        "title",
        "description",
        "brand",
        "images",
        "barcode",
        "product",
    }


# --- products ---------------------------------------------------------------------------------------------------------
def listing(connector: MarketplacerConnector, sku: str, *, size: str, **values: tuple[str, ...]) -> ListingUpdate:
    category = leaf(connector)
    attributes = {item.label: item for item in connector.fetch_attributes(category)}
    chosen = {label: connector.fetch_values(attributes[label].list_code) for label in ("Colour", "Size")}
    codes = {label: {value.label: value.code for value in found} for label, found in chosen.items()}
    return ListingUpdate(
        sku=sku,
        category=category,
        values={
            "title": ("Alma wool coat",),
            "brand": ("Maison Nord",),
            "product": ("NV1001",),
            attributes["Colour"].code: (codes["Colour"]["Navy"],),
            attributes["Size"].code: (codes["Size"][size],),
            attributes["Material"].code: ("100% wool",),
            **values,
        },
    )


def test_listings_of_one_product_make_one_advert_that_is_not_made_twice(
    connector: MarketplacerConnector, sandbox: MarketplacerSandbox
) -> None:
    updates = [listing(connector, f"NV1001-{size}", size=size) for size in ("S", "M")]

    for _ in range(2):
        delivery = connector.send_listings(updates)
        assert (delivery.state, delivery.refused, delivery.taken) == (DeliveryState.DONE, (), 2)

    (advert,) = sandbox.market.of("Advert")
    assert [variant["sku"] for variant in advert["variants"]] == ["NV1001-S", "NV1001-M"]
    assert (advert["published"], advert["displayable"], advert["brand"]["name"]) == (True, True, "Maison Nord")
    assert [item["textValue"] for item in advert["advertOptionValues"]] == ["100% wool"]


def test_a_new_variant_joins_its_product_and_touches_neither_stock_nor_price(
    connector: MarketplacerConnector, sandbox: MarketplacerSandbox
) -> None:
    connector.send_listings([listing(connector, "NV1001-S", size="S")])
    connector.send_stock([StockUpdate(sku="NV1001-S", quantity=4)])
    connector.send_prices([PriceUpdate(sku="NV1001-S", price=aud("349.99"))])

    connector.send_listings([listing(connector, f"NV1001-{size}", size=size) for size in ("S", "M")])

    assert sandbox.shown("NV1001-S") == {"quantity": 4, "price": "349.99", "buyable": True}
    assert len(list(sandbox.market.of("Advert"))) == 1


def test_a_product_that_is_refused_names_every_sku_of_it_and_the_others_stand(
    connector: MarketplacerConnector, sandbox: MarketplacerSandbox
) -> None:
    bad = listing(connector, "BAD-S", size="S", product=("BAD",), images=("https://cdn.example/unreachable.jpg",))

    delivery = connector.send_listings([bad, listing(connector, "NV1001-S", size="S")])

    assert [line.sku for line in delivery.refused] == ["BAD-S"]
    assert "Unable to retrieve attachment" in delivery.refused[0].message
    assert [variant["sku"] for variant in sandbox.market.of("Variant")] == ["NV1001-S"]


def test_what_awaits_the_operators_review_is_shown_as_not_on_sale(
    connector: MarketplacerConnector, sandbox: MarketplacerSandbox
) -> None:
    sandbox.configure(vetting=True)
    connector.send_listings([listing(connector, "NV1001-S", size="S")])
    connector.send_stock([StockUpdate(sku="NV1001-S", quantity=4)])
    (advert,) = sandbox.market.of("Advert")

    assert "AWAITS_VETTING" in connector.fetch_offers().offers[0].inactive_because
    sandbox.vet(advert["id"], reason="Blurred picture")
    assert "VETTING_REJECTED" in connector.fetch_offers().offers[0].inactive_because
    sandbox.vet(advert["id"])
    assert connector.fetch_offers().offers[0].active


def test_every_problem_is_told_for_each_sku_of_the_product_and_no_half_of_it_is_made(
    connector: MarketplacerConnector, sandbox: MarketplacerSandbox
) -> None:
    wrong = {"title": (), "images": ("https://cdn.example/unreachable.jpg",)}
    updates = [listing(connector, f"NV1001-{size}", size=size, **wrong) for size in ("S", "M")]

    delivery = connector.send_listings(updates)

    unreachable = "images: Unable to retrieve attachment: https://cdn.example/unreachable.jpg (Net::OpenTimeout)"
    assert [(line.sku, line.attribute, line.message) for line in delivery.refused] == [
        (sku, attribute, words)
        for sku in ("NV1001-S", "NV1001-M")
        for attribute, words in (("title", "title: can't be blank"), ("images", unreachable))
    ]
    assert delivery.taken == 0
    assert list(sandbox.market.of("Advert")) == list(sandbox.market.of("Variant")) == []


@pytest.mark.parametrize(
    ("field", "attribute", "message"),
    [
        ("title", "title", "title: is wrong"),
        ("brandId", "brand", "brandId: is wrong"),
        ("brand_mappings", "brand", "brand_mappings: is wrong"),
        ("variants", "", "variants: is wrong"),
        ("", "", "is wrong"),
        ("wrong", "", "is wrong"),
    ],
)
def test_a_field_is_told_as_the_attribute_it_is_and_else_in_words(field: str, attribute: str, message: str) -> None:
    product = Product(code="NV1001", updates=(ListingUpdate(sku="NV1001-S", category="C"),))

    lines = refused_lines(product, [Validation(field=field, messages=("is wrong",))])

    assert lines == [RefusedLine(sku="NV1001-S", attribute=attribute, message=message)]


def test_a_brand_that_the_operator_has_not_mapped_is_nobodys(
    connector: MarketplacerConnector, sandbox: MarketplacerSandbox
) -> None:
    delivery = connector.send_listings([listing(connector, "NV1001-S", size="S", brand=("Unmapped",))])

    assert delivery.refused == ()
    assert [advert["brand"] for advert in sandbox.market.of("Advert")] == [None]
