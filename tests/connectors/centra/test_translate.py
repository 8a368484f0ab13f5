"""Centra's JSON ↔ ours, field by field."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.canonical.dispatches import Dispatch, DispatchLine
from connectors.canonical.errors import DataError, PermanentError, Problem
from connectors.canonical.money import Money, total
from connectors.canonical.options import OrderOptions
from connectors.canonical.orders import Order, TargetLine, TargetOrder, TargetState
from connectors.canonical.products import Product
from connectors.canonical.stock import StockLevel
from connectors.centra import translate
from connectors.centra.reading import read_moment
from tests.connectors.centra.support import ALICE, LINE, NOON, OPTIONS, ORDER, eur, payload

STOCKHOLM = ZoneInfo("Europe/Stockholm")


def one_line(*, quantity: int, line_total: Money) -> Order:
    line = replace(LINE, quantity=quantity, line_total=line_total, shipping=Money(Decimal(0), line_total.currency))
    nothing = Money(Decimal(0), line_total.currency)
    return replace(ORDER, currency=line_total.currency, lines=(line,), shipping=nothing, total=line_total)


def problems_of(error: pytest.ExceptionInfo[DataError]) -> list[str]:
    return [problem.field for problem in error.value.problems]


# --- our reference ----------------------------------------------------------------------------------------------------
def test_a_reference_is_guarded_so_that_no_longer_one_contains_it() -> None:
    assert translate.reference_mark("MK-1") == "[marketplace order MK-1]"
    assert translate.reference_mark("MK-1") not in translate.reference_mark("MK-10")
    assert translate.marked_references(translate.reference_mark("MK-10")) == ("MK-10",)


def test_what_would_break_the_guard_or_the_search_is_written_as_bytes() -> None:
    assert translate.reference_mark("A]1 %_Ö=\\") == "[marketplace order A=5D1=20=25_=C3=96=3D=5C]"


def test_an_empty_reference_is_refused() -> None:
    with pytest.raises(ValueError, match="could not be found again"):
        translate.reference_mark("")


@given(st.text(min_size=1).filter(lambda text: text.encode("utf-8", "ignore").decode() == text), st.text())
def test_every_reference_is_read_back_from_a_comment_that_people_wrote_around(reference: str, note: str) -> None:
    note = note.replace("[", "")
    comment = f"{note}{translate.reference_mark(reference)}{note}"
    assert translate.marked_references(comment) == (reference,)


@given(st.text(min_size=1, max_size=8), st.text(min_size=1, max_size=8))
def test_no_mark_is_part_of_another(first: str, second: str) -> None:
    try:
        marks = translate.reference_mark(first), translate.reference_mark(second)
    except UnicodeEncodeError:  # half a surrogate pair is no text
        return
    assert (marks[0] in marks[1]) is (first == second)


def carrier(number: int, **more: Any) -> dict[str, Any]:
    return {"number": number, "status": "PENDING", "externalId": None, "otherComment": "", **more}


def test_orders_are_told_by_external_id_comment_or_payment_and_each_exactly() -> None:
    found = {
        "byExternalId": [carrier(1, externalId="MK-1"), carrier(2, externalId="mk-1")],
        "byComment": [
            carrier(1, externalId="MK-1", status="CONFIRMED"),
            carrier(3, otherComment="[marketplace order MK-1] ring twice", status="CANCELLED"),
            carrier(4, otherComment="[marketplace order MK-10]"),
            carrier(5, otherComment="about MK-1"),
        ],
        "byPayment": [
            {"externalReference": "MK-1", "order": carrier(6, status="ARCHIVED")},
            {"externalReference": "MK-10", "order": carrier(7)},
        ],
    }
    assert translate.carriers_of(found, "MK-1") == {
        1: TargetState.CONFIRMED,
        3: TargetState.CANCELLED,
        6: TargetState.UNKNOWN,
    }


# --- building an order ------------------------------------------------------------------------------------------------
def test_an_order_goes_with_the_amounts_it_was_sold_at_and_nothing_recalculated() -> None:
    assert translate.build_order(ORDER, OPTIONS) == {
        "address": {
            "email": "relay-1@marketplace.example",
            "firstName": "Alice",
            "lastName": "Ågren",
            "address": "Storgatan 1",
            "coaddress": "Floor 2",
            "zipcode": "111 22",
            "city": "Stockholm",
            "state": "",
            "country": "SE",
            "tele": "+46701740605",
        },
        "products": [
            {"sku": "NV1001-410-M", "qty": 1, "unitPrice": Decimal("33.34"), "originalPrice": Decimal("33.34")},
            {"sku": "NV1001-410-M", "qty": 2, "unitPrice": Decimal("33.33"), "originalPrice": Decimal("33.33")},
        ],
        "shippingValue": Decimal("4.90"),
        "adjustStock": True,
        "forceCreate": False,
        "applyVouchers": False,
        "sendEmail": False,
        "comment": "[marketplace order MK-10023-A]",
        "payment": {
            "auth": {"status": 1, "transaction": "MK-10023-A", "method": "CARD", "amount": Decimal("104.90")},
            "capture": {"status": 1, "transaction": "MK-10023-A", "method": "CARD", "amount": Decimal("104.90")},
        },
    }


def test_amounts_have_two_decimals_also_when_they_are_round() -> None:
    body = translate.build_order(one_line(quantity=2, line_total=eur("20")), OPTIONS)
    assert str(body["products"][0]["unitPrice"]) == "10.00"
    assert str(body["shippingValue"]) == "0.00"
    assert str(body["payment"]["auth"]["amount"]) == "20.00"


def test_every_option_of_the_link_is_carried() -> None:
    options = OrderOptions(
        market="7",
        price_list="EUR retail",
        shipping_option="ups-standard",
        payment_method="36",
        email="alice@example.com",
        paid=False,
        send_email=True,
        attributes={"marketplace_name": "Galaxy"},
        forced_number=900001,
    )
    body = translate.build_order(replace(ORDER, payment_method=""), options)
    told = ("marketId", "pricelist", "shippingList", "sendEmail", "extraAttributes", "orderNumber", "payment")
    assert {name: body[name] for name in told} == {
        "marketId": 7,
        "pricelist": "EUR retail",
        "shippingList": "ups-standard",
        "sendEmail": True,
        "extraAttributes": {"marketplace_name": "Galaxy"},
        "orderNumber": 900001,
        "payment": {
            "auth": {"status": 1, "transaction": "MK-10023-A", "method": "marketplace", "amount": Decimal("104.90")},
            "id": 36,
        },
    }


def test_an_order_that_is_not_paid_yet_records_no_capture() -> None:
    assert set(translate.build_order(ORDER, replace(OPTIONS, paid=False))["payment"]) == {"auth"}


def test_the_invoice_goes_to_its_own_address_with_the_same_e_mail() -> None:
    bob = replace(ALICE, first_name="Bob", company="Bob AB", street=("Kungsgatan 2",), region="AB", phone="")
    body = translate.build_order(replace(ORDER, billing_address=bob), OPTIONS)
    assert "address" not in body
    assert body["deliveryAddress"]["firstName"] == "Alice"
    assert body["invoiceAddress"] == {
        "email": "relay-1@marketplace.example",
        "firstName": "Bob",
        "lastName": "Ågren",
        "address": "Kungsgatan 2",
        "coaddress": "Bob AB",
        "zipcode": "111 22",
        "city": "Stockholm",
        "state": "AB",
        "country": "SE",
        "tele": "",
    }


def test_equal_addresses_go_once() -> None:
    assert "address" in translate.build_order(replace(ORDER, billing_address=ALICE), OPTIONS)


def test_a_company_and_further_street_lines_share_the_second_line() -> None:
    alice = replace(ALICE, company="Alice AB", street=("Storgatan 1", "Floor 2", "Door B"))
    body = translate.build_order(replace(ORDER, shipping_address=alice), OPTIONS)
    assert body["address"]["coaddress"] == "Alice AB, Floor 2, Door B"


def test_cancelled_lines_stay_behind() -> None:
    order = replace(ORDER, lines=(replace(LINE, line_id="x", sku="", cancelled=True), LINE))
    assert [product["sku"] for product in translate.build_order(order, OPTIONS)["products"]] == ["NV1001-410-M"] * 2


@pytest.mark.parametrize("currency", ["KWD", "BHD", "TND"])
def test_a_currency_of_three_digits_is_refused_in_a_plain_sentence(currency: str) -> None:
    with pytest.raises(PermanentError) as error:
        translate.build_order(one_line(quantity=1, line_total=Money(Decimal("10.000"), currency)), OPTIONS)
    assert error.value.code == "currency_digits"
    assert error.value.subject == currency
    assert error.value.message == (
        f"Centra keeps amounts with two decimals and {currency} has 3, so this order cannot be created there with the "
        "amounts it was sold at. Handle it by hand."
    )


def test_everything_that_an_order_lacks_is_named_at_once() -> None:
    order = replace(
        ORDER, lines=(replace(LINE, sku=""),), shipping_address=None, billing_address=replace(ALICE, country="")
    )
    with pytest.raises(DataError) as error:
        translate.build_order(order, replace(OPTIONS, email=""))
    assert problems_of(error) == ["lines[0].sku", "shipping_address", "billing_address.country", "relay_email"]
    assert error.value.record == "Order MK-10023-A"


def test_an_order_without_open_lines_is_refused() -> None:
    with pytest.raises(DataError) as error:
        translate.build_order(replace(ORDER, lines=(replace(LINE, cancelled=True),)), OPTIONS)
    assert problems_of(error) == ["lines"]


def test_a_payment_plugin_is_a_number() -> None:
    with pytest.raises(DataError) as error:
        translate.build_order(ORDER, replace(OPTIONS, payment_method="card"))
    assert error.value.problems == (
        Problem(field="payment_method", message="card is not a Centra payment plugin's id: a whole number."),
    )


# --- splitting a line -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("quantity", "amount", "parts"),
    [
        (1, eur("10.01"), [(1, "10.01")]),
        (2, eur("10.00"), [(2, "5.00")]),
        (3, eur("10.00"), [(1, "3.34"), (2, "3.33")]),
        (3, eur("0.01"), [(1, "0.01"), (2, "0.00")]),
        (4, eur("0"), [(4, "0.00")]),
        (7, Money(Decimal("100"), "JPY"), [(2, "15"), (5, "14")]),
    ],
)
def test_a_line_total_is_written_as_whole_prices(quantity: int, amount: Money, parts: list[tuple[int, str]]) -> None:
    found = translate.even_parts(amount, quantity=quantity)
    assert [(units, str(price.amount)) for units, price in found] == parts


@given(
    quantity=st.integers(1, 10_000),
    coins=st.integers(0, 10**12),
    currency=st.sampled_from(["EUR", "SEK", "JPY", "ISK"]),
)
def test_the_parts_of_a_line_make_exactly_its_quantity_and_total(quantity: int, coins: int, currency: str) -> None:
    digits = 0 if currency in ("JPY", "ISK") else 2
    amount = Money(Decimal(coins).scaleb(-digits), currency)
    parts = translate.even_parts(amount, quantity=quantity)
    assert len(parts) in (1, 2)
    assert sum(units for units, _ in parts) == quantity
    assert all(units > 0 and price.rounded().amount == price.amount for units, price in parts)
    assert total((price * units for units, price in parts), currency=currency) == amount
    prices = [price.minor() for _, price in parts]
    assert max(prices) - min(prices) <= 1


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 10**7)), min_size=1, max_size=6), st.integers(0, 10**5))
def test_what_centra_adds_up_is_what_the_marketplace_charged(lines: list[tuple[int, int]], shipping: int) -> None:
    built = [
        replace(LINE, line_id=str(index), quantity=quantity, line_total=eur(str(Decimal(coins).scaleb(-2))))
        for index, (quantity, coins) in enumerate(lines)
    ]
    charged = eur(str(Decimal(sum(coins for _, coins in lines) + shipping).scaleb(-2)))
    order = replace(ORDER, lines=tuple(built), shipping=eur(str(Decimal(shipping).scaleb(-2))), total=charged)
    body = translate.build_order(order, OPTIONS)
    summed = sum((product["unitPrice"] * product["qty"] for product in body["products"]), body["shippingValue"])
    assert summed == charged.amount == body["payment"]["capture"]["amount"]
    assert all(product["unitPrice"] == product["originalPrice"] for product in body["products"])


@pytest.mark.parametrize("amount", [eur("10.005"), Money(Decimal("1.5"), "JPY")])
def test_an_amount_finer_than_the_smallest_coin_is_refused(amount: Money) -> None:
    with pytest.raises(DataError) as error:
        translate.even_parts(amount, quantity=3)
    assert problems_of(error) == ["line_total"]


# --- reading an order -------------------------------------------------------------------------------------------------
def test_an_order_is_read_with_its_amounts_in_its_currency() -> None:
    assert translate.parse_target_order(payload("order_pending"), zone=STOCKHOLM) == TargetOrder(
        external_id="1234",
        internal_id="5c0f1c2f9b0e4d0a8f3b7f6f2f9a1d31",
        reference="",
        state=TargetState.PENDING,
        target_state="PENDING",
        total=eur("104.90"),
        shipping=eur("4.90"),
        tax=eur("20.98"),
        lines=(
            TargetLine(line_id="501", sku="NV1001-410-M", quantity=1, unit_price=eur("33.34"), line_total=eur("33.34")),
            TargetLine(line_id="502", sku="NV1001-410-M", quantity=2, unit_price=eur("33.33"), line_total=eur("66.66")),
        ),
        updated_at=datetime(2026, 1, 15, 9, 5, 33, tzinfo=UTC),
    )


def test_a_held_order_with_a_cancelled_line_and_a_deleted_article_is_read() -> None:
    def sek(amount: str) -> Money:
        return Money(Decimal(amount), "SEK")

    assert translate.parse_target_order(payload("order_processing"), zone=STOCKHOLM) == TargetOrder(
        external_id="1235",
        internal_id="0d4a1b7a0c6f4f1e9c5d2b3a4e5f6a7b",
        reference="MK-10024-A",
        state=TargetState.PROCESSING,
        target_state="PROCESSING",
        on_hold=True,
        hold_reason="WAITING_FOR_CHECK_FIRST_ALLOCATION",
        total=sek("1350.00"),
        shipping=sek("0.00"),
        tax=sek("270.00"),
        lines=(
            TargetLine(
                line_id="503",
                sku="NV1002-100-S",
                quantity=2,
                cancelled_quantity=1,
                unit_price=sek("675.00"),
                line_total=sek("1350.00"),
            ),
            TargetLine(
                line_id="504",
                sku="",
                quantity=0,
                cancelled_quantity=1,
                unit_price=sek("12.50"),
                line_total=sek("0.00"),
            ),
        ),
        dispatches=("81", "82"),
        updated_at=datetime(2026, 1, 16, 7, 0, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("PENDING", TargetState.PENDING),
        ("CONFIRMED", TargetState.CONFIRMED),
        ("PROCESSING", TargetState.PROCESSING),
        ("SHIPPED", TargetState.SHIPPED),
        ("CANCELLED", TargetState.CANCELLED),
        ("INCOMPLETE", TargetState.UNKNOWN),
        ("ARCHIVED", TargetState.UNKNOWN),
        ("TELEPORTED", TargetState.UNKNOWN),
    ],
)
def test_a_state_we_have_never_met_is_kept_and_called_unknown(status: str, state: TargetState) -> None:
    found = translate.parse_target_order({**payload("order_pending"), "status": status}, zone=STOCKHOLM)
    assert (found.state, found.target_state) == (state, status)


def test_every_field_at_fault_is_named_with_the_order() -> None:
    broken = payload("order_pending")
    broken["grandTotal"] = {"value": "a lot", "currency": {"code": "euro"}}
    broken["totals"]["shipping"] = None
    broken["lines"][1]["quantity"] = Decimal("1.5")
    broken["updatedAt"] = "yesterday"
    broken["isOnHold"] = None
    with pytest.raises(DataError) as error:
        translate.parse_target_order(broken, zone=STOCKHOLM)
    assert error.value.record == "Order 1234"
    assert sorted(problems_of(error)) == [
        "grandTotal.currency.code",
        "grandTotal.value",
        "isOnHold",
        "lines[1].quantity",
        "totals.shipping",
        "updatedAt",
    ]


@pytest.mark.parametrize("broken", [None, [], "order", 3])
def test_what_is_no_object_is_no_order(broken: object) -> None:
    with pytest.raises(DataError, match="not an object"):
        translate.parse_target_order(broken, zone=STOCKHOLM)


def test_no_fault_quotes_what_may_be_a_persons() -> None:
    broken = {**payload("order_pending"), "otherComment": None, "externalId": ["alice@example.com"]}
    with pytest.raises(DataError) as error:
        translate.parse_target_order(broken, zone=STOCKHOLM)
    assert "alice" not in str(error.value)


# --- dispatches -------------------------------------------------------------------------------------------------------
def test_a_shipment_is_read_as_the_dispatch_of_our_order() -> None:
    assert translate.parse_dispatch(payload("shipment_first"), zone=STOCKHOLM) == Dispatch(
        dispatch_id="81",
        number="1235-1",
        order_reference="MK-10024-A",
        order_external_id="1235",
        carrier="DHL",
        service="Parcel Connect",
        tracking_number="JJD000390000000001",
        lines=(DispatchLine(sku="NV1002-100-S", source_line_id="503", quantity=1),),
        dispatched_at=datetime(2026, 1, 16, 7, 0, tzinfo=UTC),
        is_last=False,
    )


def test_the_reference_is_found_in_the_comment_when_the_external_id_is_out_of_sight() -> None:
    found = translate.parse_dispatch(payload("shipment_last"), zone=STOCKHOLM)
    assert found.order_reference == "MK-10024-A"
    assert (found.carrier, found.service, found.tracking_number) == ("", "", "")


def test_an_order_that_is_not_the_hubs_has_no_reference() -> None:
    shipment = payload("shipment_last")
    shipment["order"]["otherComment"] = "Ring twice"
    assert translate.parse_dispatch(shipment, zone=STOCKHOLM).order_reference == ""


def test_the_last_dispatch_is_the_one_that_leaves_nothing_behind() -> None:
    first, last = payload("shipment_first"), payload("shipment_last")
    assert not translate.parse_dispatch(first, zone=STOCKHOLM).is_last
    assert translate.parse_dispatch(last, zone=STOCKHOLM).is_last


def test_the_first_dispatch_is_last_once_the_rest_is_cancelled() -> None:
    shipment = payload("shipment_first")
    shipment["order"]["lines"] = [{"id": 503, "quantity": 1}]
    shipment["order"]["shipments"] = shipment["order"]["shipments"][:1]
    assert translate.parse_dispatch(shipment, zone=STOCKHOLM).is_last


def test_a_dispatch_of_an_order_cancelled_afterwards_is_last() -> None:
    shipment = payload("shipment_first")
    shipment["order"]["status"] = "CANCELLED"
    assert translate.parse_dispatch(shipment, zone=STOCKHOLM).is_last


def test_a_parcel_that_is_packed_but_has_not_left_keeps_the_others_from_being_last() -> None:
    shipment = payload("shipment_first")
    shipment["order"]["shipments"][1] |= {"isShipped": False, "shippedAt": None}
    assert not translate.parse_dispatch(shipment, zone=STOCKHOLM).is_last


def test_of_two_that_left_at_once_the_later_made_is_last() -> None:
    first, last = payload("shipment_first"), payload("shipment_last")
    for shipment in (first, last):
        shipment["shippedAt"] = "2026-01-16T08:00:00+01:00"
        for sibling in shipment["order"]["shipments"]:
            sibling["shippedAt"] = "2026-01-16T08:00:00+01:00"
    assert not translate.parse_dispatch(first, zone=STOCKHOLM).is_last
    assert translate.parse_dispatch(last, zone=STOCKHOLM).is_last


def test_a_shipment_that_has_not_left_is_no_dispatch() -> None:
    shipment = {**payload("shipment_first"), "isShipped": False, "shippedAt": None}
    with pytest.raises(DataError) as error:
        translate.parse_dispatch(shipment, zone=STOCKHOLM)
    assert problems_of(error) == ["isShipped", "shippedAt"]
    assert error.value.record == "Shipment 1235-1"


def test_a_line_whose_article_was_deleted_is_told() -> None:
    shipment = payload("shipment_first")
    shipment["lines"][0]["orderLine"]["productSize"] = None
    with pytest.raises(DataError) as error:
        translate.parse_dispatch(shipment, zone=STOCKHOLM)
    assert problems_of(error) == ["lines[0].orderLine.productSize"]


def test_a_shipment_without_lines_is_refused() -> None:
    with pytest.raises(DataError, match="no lines"):
        translate.parse_dispatch({**payload("shipment_first"), "lines": []}, zone=STOCKHOLM)


# --- products ---------------------------------------------------------------------------------------------------------
def test_a_size_is_read_as_a_sellable_unit() -> None:
    assert translate.parse_product(payload("product_size")) == Product(
        external_id="279",
        sku="NV1001-410-M",
        gtin="9520000000019",
        title="Alma wool coat, Deep navy, M",
        active=True,
        name="Alma wool coat",
        variant="Deep navy",
        size="M",
    )


def test_what_is_told_of_a_product_comes_with_its_size() -> None:
    told = translate.parse_product({**payload("product_size"), "content": payload("product_content")})

    assert (told.group, told.brand, told.category, told.description) == (
        "12",
        "Norrvik",
        "women/coats",
        "A warm coat.",  # of the web shop's display: the other one is for shops
    )
    assert told.images == ("https://img.example.com/front.jpg", "https://img.example.com/back.jpg")
    assert told.attributes == {
        "material_composition": ("80 % wool, 20 % polyamide",),
        "care_symbol": ("Wash by hand", "Do not tumble dry"),
        "leaflet_file": ("https://files.example.com/leaflet.pdf",),
        "colour_name": ("Navy",),  # the variant's goes before the product's
    }


def test_a_product_of_which_nothing_is_told_has_no_content() -> None:
    bare = {"id": 31, "attributes": [], "product": {"id": 12, "brand": None, "attributes": []}, "displays": []}

    told = translate.parse_product({**payload("product_size"), "content": bare})

    assert (told.group, told.brand, told.category, told.description, told.images, told.attributes) == (
        "12",
        "",
        "",
        "",
        (),
        {},
    )


def test_content_that_cannot_be_read_is_refused_with_its_fields() -> None:
    broken = {**payload("product_content"), "displays": "none", "product": {"id": "12", "brand": {}, "attributes": []}}

    with pytest.raises(DataError) as error:
        translate.parse_product({**payload("product_size"), "content": broken})
    assert problems_of(error) == ["content.displays", "content.product.id"]


def test_a_upc_stands_in_for_a_missing_ean() -> None:
    assert (
        translate.parse_product({**payload("product_size"), "EAN": None, "UPC": "012345678905"}).gtin == "012345678905"
    )


@pytest.mark.parametrize(
    "change",
    [
        {"isActive": False},
        {"productVariant": None},
        {"productVariant": {"name": "", "status": "INACTIVE", "product": {"name": "", "status": "ACTIVE"}}},
        {"productVariant": {"name": "", "status": "ACTIVE", "product": {"name": "", "status": "PREVIEW"}}},
    ],
)
def test_a_size_sells_only_while_it_its_variant_and_its_product_are_active(change: dict[str, Any]) -> None:
    assert translate.parse_product({**payload("product_size"), **change}).active is False


def test_a_size_without_a_sku_cannot_be_read() -> None:
    with pytest.raises(DataError) as error:
        translate.parse_product({**payload("product_size"), "SKU": None})
    assert problems_of(error) == ["SKU"]
    assert error.value.record == "Alma wool coat, Deep navy, M (product size 279)"


# --- stock ------------------------------------------------------------------------------------------------------------
def stock_of(sizes: Any, sku: str = "NV1001-410-M") -> StockLevel | None:
    return translate.parse_stock(sku, sizes, as_of=NOON)


def test_what_may_be_sold_is_free_to_allocate_less_each_warehouses_threshold() -> None:
    assert stock_of(payload("stock_sizes")) == StockLevel(
        sku="NV1001-410-M",
        gtin="9520000000019",
        available=(9 - 2) + 4 + 0,
        as_of=NOON,
    )


def test_a_stock_offset_replaces_every_threshold() -> None:
    sizes = payload("stock_sizes")
    sizes[0]["productVariant"]["stockOffset"] = 3
    level = stock_of(sizes)
    assert level is not None
    assert level.available == (9 - 3) + (4 - 3) + 0


def test_a_sku_that_centra_does_not_know_is_left_out_never_zero() -> None:
    assert stock_of([]) is None
    assert stock_of(payload("stock_sizes"), "nv1001-410-m") is None


def test_a_size_that_was_never_kept_anywhere_has_none_to_sell() -> None:
    sizes = payload("stock_sizes")
    sizes[0]["stock"] = []
    level = stock_of(sizes)
    assert level is not None
    assert level.available == 0


def test_a_size_that_is_switched_off_has_none_to_sell() -> None:
    sizes = payload("stock_sizes")
    sizes[0]["isActive"] = False
    level = stock_of(sizes)
    assert level is not None
    assert level.available == 0


def test_an_old_size_that_is_switched_off_does_not_hide_the_one_that_sells() -> None:
    old = payload("stock_sizes")[0] | {"id": 12, "isActive": False}
    level = stock_of([old, *payload("stock_sizes")])
    assert level is not None
    assert level.available == 11


def test_two_sizes_that_sell_under_one_sku_are_told_not_guessed_between() -> None:
    with pytest.raises(DataError) as error:
        stock_of(payload("stock_sizes") * 2)
    assert problems_of(error) == ["SKU"]


def test_stock_that_cannot_be_read_is_told() -> None:
    sizes = payload("stock_sizes")
    sizes[0]["stock"][1]["freeToAllocateQuantity"] = None
    with pytest.raises(DataError) as error:
        stock_of(sizes)
    assert problems_of(error) == ["productSizes[0].stock[1].freeToAllocateQuantity"]
    assert error.value.record == "SKU NV1001-410-M"


def test_a_rule_takes_stock_from_its_active_warehouses() -> None:
    rows = [
        {"id": 1, "status": "ACTIVE", "allocationRules": [{"id": 5}, {"id": 6}]},
        {"id": 2, "status": "INACTIVE", "allocationRules": [{"id": 5}]},
        {"id": 3, "status": "ACTIVE", "allocationRules": []},
        {"id": 4, "status": "ACTIVE", "allocationRules": [{"id": 5}]},
    ]
    assert translate.warehouses_of(rows, rule=5) == (1, 4)


# --- time -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-01-15T10:05:33+01:00", datetime(2026, 1, 15, 9, 5, 33, tzinfo=UTC)),
        ("2026-01-15 10:05:33.628033", datetime(2026, 1, 15, 9, 5, 33, 628033, tzinfo=UTC)),
        ("2026-07-15 10:05:33", datetime(2026, 7, 15, 8, 5, 33, tzinfo=UTC)),
        # clocks go back on 25 October 2026 at 03:00: 02:30 happens twice, the earlier is meant
        ("2026-10-25 02:30:00", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        # clocks go forward on 29 March 2026 at 02:00: 02:30 never happens and is read as 03:30
        ("2026-03-29 02:30:00", datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
        ("0000-00-00 00:00:00", None),
        ("0001-01-01T00:00:00+23:00", None),
        ("now", None),
        ("", None),
        (None, None),
        (20260115, None),
    ],
)
def test_a_time_without_an_offset_is_the_accounts_and_the_earlier_of_two(text: object, utc: datetime | None) -> None:
    assert read_moment(text, zone=STOCKHOLM) == utc
