"""Fulfil's records ↔ ours, without a network."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connectors.canonical.errors import DataError, PermanentError
from connectors.canonical.orders import Payment, TargetState, TaxAmount
from connectors.canonical.taxes import ListedTax
from connectors.fulfil.translate import (
    build_order,
    parse_dispatch,
    parse_product,
    parse_stock,
    parse_target_order,
    product_ids,
)
from connectors.fulfil.typedjson import encode
from tests.connectors.fulfil.support import ALICE, NOON, OPTIONS, ORDER, SCARF, TEES, payload, sek, vat
from tests.contracts import contract

STOCKHOLM = ZoneInfo("Europe/Stockholm")
TAXES = (
    ListedTax(name="SE VAT 25", rate=Decimal("0.25")),
    ListedTax(name="DK VAT 25", rate=Decimal("0.25")),
    ListedTax(name="DE VAT 19", rate=Decimal("0.19")),
)


# --- what is sent -----------------------------------------------------------------------------------------------------
def test_an_order_goes_out_net_with_its_taxes_beside_it() -> None:
    built = build_order(ORDER, replace(OPTIONS, shipping_option="postnord_mypack"), taxes=TAXES)

    tees, scarf = built["sale_lines"]
    assert (tees["channel_identifier"], tees["sku"], tees["quantity"]) == ("L1", "TEE-M", 2)
    assert (tees["unit_price"], tees["amount"]) == (Decimal("159.2000"), Decimal("318.40"))
    assert tees["tax_lines"] == [{"name": "SE VAT 25", "rate": Decimal("0.25"), "amount": Decimal("79.60")}]
    assert (scarf["unit_price"], scarf["amount"]) == (Decimal("26.6667"), Decimal("80.00"))
    (shipping,) = built["shipping_lines"]
    assert (shipping["amount"], shipping["tax_lines"][0]["amount"]) == (Decimal("39.20"), Decimal("9.80"))
    assert (built["amount"], built["currency_code"]) == (Decimal("547.00"), "SEK")
    assert built["requested_shipping_service"] == "postnord_mypack"
    assert built["payments"] == [
        {"method": "adyen", "amount": Decimal("547.00"), "provider_reference": "CE-10045", "state": "success"}
    ]
    assert (built["status"], built["financial_status"], built["fulfillment_status"]) == ("pending", "paid", "unshipped")


def test_what_is_sent_keeps_the_contract() -> None:
    built = build_order(replace(ORDER, billing_address=ALICE), OPTIONS, taxes=TAXES)

    assert contract("fulfil", closed=False).request_problems("createOrder", encode([3, built])) == []


def test_what_the_lines_and_taxes_come_to_is_the_total_that_is_sent() -> None:
    built = build_order(ORDER, OPTIONS, taxes=TAXES)

    lines = built["sale_lines"]
    net = sum((line["unit_price"] * line["quantity"]).quantize(Decimal("0.01")) for line in lines)
    tax = sum(tax["amount"] for line in (*lines, *built["shipping_lines"]) for tax in line["tax_lines"])
    assert net + tax + built["shipping_lines"][0]["amount"] == built["amount"]


@pytest.mark.parametrize(
    ("total", "quantity", "price"),
    [("100.00", 3, "33.3333"), ("99.99", 7, "14.2843"), ("10.00", 999, "0.010010"), ("0.00", 2, "0.0000")],
)
def test_a_unit_price_is_as_long_as_it_must_be(total: str, quantity: int, price: str) -> None:
    line = replace(SCARF, quantity=quantity, line_total=sek(total), taxes=())
    built = build_order(replace(ORDER, lines=(line,)), OPTIONS, taxes=TAXES)

    (sent,) = built["sale_lines"]
    assert sent["unit_price"] == Decimal(price)
    assert (sent["unit_price"] * quantity).quantize(Decimal("0.01")) == Decimal(total)


def test_cancelled_lines_stay_behind() -> None:
    built = build_order(replace(ORDER, lines=(TEES, replace(SCARF, cancelled=True))), OPTIONS, taxes=TAXES)

    assert [line["sku"] for line in built["sale_lines"]] == ["TEE-M"]


def test_an_unpaid_order_carries_no_payment() -> None:
    built = build_order(ORDER, replace(OPTIONS, paid=False), taxes=TAXES)

    assert (built["payments"], built["financial_status"]) == ([], "unpaid")


@pytest.mark.parametrize(
    ("country", "tax", "name"),
    [
        ("SE", vat("79.60"), "SE VAT 25"),
        ("SE", vat("79.60", code="MOMS"), "SE VAT 25"),  # by rate, and by the country it goes to
        ("SE", vat("79.60", code="MOMS", rate="25.00 %"), "SE VAT 25"),
        ("SE", vat("79.60", code="MOMS", rate=""), "SE VAT 25"),  # by what it comes to
        ("DE", vat("63.55", code="", rate="19"), "DE VAT 19"),
        ("SE", vat("63.55", code="DE VAT 19", rate="19"), "DE VAT 19"),  # a name goes first
    ],
)
def test_a_tax_is_known_by_its_name_or_by_its_rate(country: str, tax: TaxAmount, name: str) -> None:
    line = replace(TEES, taxes=(tax,), shipping_taxes=())
    sold = replace(ORDER, lines=(line,), shipping_address=replace(ALICE, country=country))
    built = build_order(sold, OPTIONS, taxes=TAXES)

    assert [one["name"] for one in built["sale_lines"][0]["tax_lines"]] == [name]


@pytest.mark.parametrize(
    "tax",
    [
        vat("20.00", code="MOMS", rate="6"),
        vat("1.00", code="MOMS", rate=""),
        vat("1", rate="24"),
        vat("63.55", code="", rate="19"),  # only for Germany
    ],
)
def test_a_tax_that_the_channel_does_not_have_is_refused_before_anything_is_sent(tax: TaxAmount) -> None:
    with pytest.raises(PermanentError) as caught:
        build_order(replace(ORDER, lines=(replace(TEES, taxes=(tax,)),)), OPTIONS, taxes=TAXES)

    assert (caught.value.code, caught.value.subject) == ("unknown_tax", "CE-10045")
    assert "SE VAT 25" in caught.value.message


def test_a_tax_of_nothing_need_not_be_one_of_the_channels() -> None:
    line = replace(TEES, taxes=(vat("0", code="EXPORT", rate="0"),), shipping_taxes=())
    (sent,) = build_order(replace(ORDER, lines=(line,)), OPTIONS, taxes=TAXES)["sale_lines"]

    assert sent["tax_lines"] == []


def test_several_taxes_of_a_line_stay_apart() -> None:
    taxes = (
        *TAXES,
        ListedTax(name="US STATE", rate=Decimal("0.0625")),
        ListedTax(name="US CITY", rate=Decimal("0.02")),
    )
    line = replace(TEES, taxes=(vat("20", code="", rate="6.25"), vat("6.40", code="", rate="2")), shipping_taxes=())
    sold = replace(ORDER, lines=(line,), shipping_address=replace(ALICE, country="US"))

    (sent,) = build_order(sold, OPTIONS, taxes=taxes)["sale_lines"]

    assert [(one["name"], one["amount"]) for one in sent["tax_lines"]] == [
        ("US STATE", Decimal("20.00")),
        ("US CITY", Decimal("6.40")),
    ]


def test_an_order_paid_in_parts_carries_each_with_its_own_gateway() -> None:
    parts = (
        Payment(method="gift_cards", amount=sek("47.00"), reference="gift-1"),
        Payment(method="", amount=sek("500.00"), reference="psp-9"),
    )
    built = build_order(replace(ORDER, payments=parts), OPTIONS, taxes=TAXES)

    assert [(one["method"], one["amount"], one["provider_reference"]) for one in built["payments"]] == [
        ("gift_cards", Decimal("47.00"), "gift-1"),
        ("adyen", Decimal("500.00"), "psp-9"),
    ]
    assert sum(one["amount"] for one in built["payments"]) == built["amount"]


def test_every_missing_part_is_named_at_once() -> None:
    broken = replace(ORDER, shipping_address=None, lines=(replace(TEES, cancelled=True),), taxes=(vat("1"),))

    with pytest.raises(DataError) as caught:
        build_order(broken, OPTIONS, taxes=TAXES)

    assert [problem.field for problem in caught.value.problems] == ["shipping_address", "lines", "taxes"]


@pytest.mark.parametrize(("region", "code"), [("CA", "CA"), ("US-CA", "CA"), ("California", None), ("", None)])
def test_a_region_goes_out_as_a_bare_code_or_not_at_all(region: str, code: str | None) -> None:
    address = replace(ALICE, country="US", region=region)
    built = build_order(
        replace(ORDER, lines=(replace(TEES, taxes=(), shipping_taxes=()),), shipping_address=address),
        OPTIONS,
        taxes=TAXES,
    )

    assert built["shipping_address"].get("subdivision_code") == code


def test_the_payload_files_keep_the_contract() -> None:
    rules = contract("fulfil", closed=False)
    schemas = rules.document["x-model-schemas"]
    order, shipment = payload("order"), payload("shipment")
    rows = [("sale.sale", order["sale"]), *(("sale.line", line) for line in order["lines"])]
    rows += [("stock.shipment.out", shipment["shipment"]), *(("stock.move", move) for move in shipment["moves"])]

    assert [problem for model, row in rows for problem in rules.problems({"$ref": schemas[model]}, row)] == []


# --- what is read back ------------------------------------------------------------------------------------------------
def test_an_order_comes_back_as_it_was_charged() -> None:
    found = parse_target_order(payload("order"))

    assert (found.external_id, found.number, found.reference) == ("213112", "SO79797", "CE-10045")
    assert (found.state, found.target_state) == (TargetState.PENDING, "confirmed")
    assert (found.total, found.shipping, found.tax) == (sek("547.00"), sek("49.00"), sek("109.40"))
    assert [(line.line_id, line.sku, line.quantity, line.line_total) for line in found.lines] == [
        ("217937", "TEE-M", 2, sek("398.00")),
        ("217938", "SCARF", 3, sek("100.00")),
    ]
    assert found.updated_at == datetime(2026, 1, 15, 12, 0, 5, tzinfo=UTC)


def test_lines_without_our_note_share_the_tax_to_the_last_cent() -> None:
    told = payload("order")
    told["lines"][0]["metadata"] = None

    found = parse_target_order(told)

    assert [line.line_total for line in found.lines] == [sek("398.00"), sek("100.00")]
    assert found.shipping == sek("49.00")


def test_whatever_we_noted_the_parts_come_to_what_fulfil_says() -> None:
    told = payload("order")
    told["lines"][0]["metadata"] = {"tax": "78.00"}

    found = parse_target_order(told)

    parts = sum((line.line_total.amount for line in found.lines), start=found.shipping.amount)
    assert parts == found.total.amount
    assert found.shipping == sek("50.60")


@pytest.mark.parametrize(
    ("state", "shipments", "expected"),
    [
        ("draft", [], TargetState.PENDING),
        ("quotation", [], TargetState.PENDING),
        ("confirmed", [], TargetState.PENDING),
        ("processing", [{"id": 1, "state": "waiting"}], TargetState.CONFIRMED),
        ("processing", [{"id": 1, "state": "assigned", "picking_status": "in-progress"}], TargetState.PROCESSING),
        ("processing", [{"id": 1, "state": "waiting"}, {"id": 2, "state": "done"}], TargetState.PROCESSING),
        ("done", [{"id": 1, "state": "done"}], TargetState.SHIPPED),
        ("cancel", [], TargetState.CANCELLED),
        ("cancelled", [], TargetState.UNKNOWN),
        ("parked", [], TargetState.UNKNOWN),
    ],
)
def test_states_are_told_by_the_order_and_its_shipments(
    state: str, shipments: list[dict[str, Any]], expected: TargetState
) -> None:
    told = payload("order")
    told["sale"]["state"], told["shipments"] = state, shipments

    assert parse_target_order(told).state is expected


def test_an_order_whose_invoice_waits_has_shipped_all_the_same() -> None:
    told = payload("order")
    told["sale"] |= {"state": "processing", "shipment_state": "sent"}
    told["shipments"] = [{"id": 1, "state": "done"}]

    found = parse_target_order(told)

    assert (found.state, found.dispatches) == (TargetState.SHIPPED, ("1-213112",))


def test_every_field_at_fault_is_named() -> None:
    told = payload("order")
    told["sale"] |= {"id": None, "total_amount": "much", "currency.code": None}
    told["lines"][1]["quantity"] = Decimal("1.5")

    with pytest.raises(DataError) as caught:
        parse_target_order(told)

    assert [problem.field for problem in caught.value.problems] == [
        "sale.currency.code", "sale.currency.code", "sale.total_amount", "lines[1].quantity", "sale.id",
    ]  # fmt: skip


# --- dispatches -------------------------------------------------------------------------------------------------------
def test_a_dispatch_is_one_order_s_part_of_a_shipment() -> None:
    dispatch = parse_dispatch(payload("shipment"), zone=STOCKHOLM)

    assert (dispatch.dispatch_id, dispatch.number) == ("81292-213112", "CS50712")
    assert (dispatch.order_reference, dispatch.order_external_id) == ("CE-10045", "213112")
    assert (dispatch.carrier, dispatch.service) == ("PostNord", "MyPack Collect")
    assert dispatch.tracking_number == "00370000000000000001"
    assert dispatch.tracking_url == "https://tracking.example.com/00370000000000000001"
    assert [(line.sku, line.line_id, line.source_line_id, line.quantity) for line in dispatch.lines] == [
        ("TEE-M", "L1", "217937", 2),
        ("SCARF", "L2", "217938", 1),
    ]
    assert dispatch.dispatched_at == datetime(2026, 1, 16, 14, 5, 9, 250000, tzinfo=UTC)
    assert dispatch.is_last


def test_a_shipment_changed_after_its_day_left_at_noon_of_it() -> None:
    told = payload("shipment")
    told["shipment"]["write_date"] = {"__class__": "datetime", "iso_string": "2026-01-19T08:00:00"}

    assert parse_dispatch(told, zone=STOCKHOLM).dispatched_at == datetime(2026, 1, 16, 11, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "blurb", [None, {}, {"subtitle": [["link", "javascript:alert(1)"]]}, {"subtitle": ["x", ["link"]]}]
)
def test_a_link_that_is_none_is_left_out(blurb: Any) -> None:
    told = payload("shipment")
    told["shipment"]["tracking_number_blurb"] = blurb

    assert parse_dispatch(told, zone=STOCKHOLM).tracking_url == ""


# --- products and stock -----------------------------------------------------------------------------------------------
def test_a_product_is_named_by_template_and_variant() -> None:
    row = {"id": 157, "code": "TEE-M", "rec_name": "[TEE-M] Tee", "upc": "9520000000011", "active": False,
           "variant_name": "M", "template": 12, "template.name": "Tee"}  # fmt: skip

    product = parse_product(row)

    assert (product.external_id, product.sku, product.gtin, product.title) == (
        "157",
        "TEE-M",
        "9520000000011",
        "Tee, M",
    )
    assert (product.active, product.group, product.name, product.variant) == (False, "12", "Tee", "M")


@pytest.mark.parametrize("quantity", [Decimal("1.5"), Decimal("1E+99999999"), True, "2", None])
def test_a_quantity_that_is_no_whole_number_is_a_fault_and_never_rounded(quantity: Any) -> None:
    told = payload("shipment")
    told["moves"][0]["quantity"] = quantity

    with pytest.raises(DataError) as caught:
        parse_dispatch(told, zone=STOCKHOLM)

    assert [problem.field for problem in caught.value.problems] == ["moves[0].quantity"]


@pytest.mark.parametrize(
    ("units", "available"), [((8, 3), 11), ((-2, 5), 3), ((-9, 5), 0), ((Decimal("2.5"), 0), 2), ((0, 0), 0)]
)
def test_stock_is_what_the_warehouses_promise_together_and_never_below_zero(
    units: tuple[Any, Any], available: int
) -> None:
    told = {"4": {"quantity_available": units[0]}, "65": {"quantity_available": units[1]}}

    assert parse_stock("TEE-M", told, warehouses=(4, 65), as_of=NOON).available == available


@pytest.mark.parametrize(
    "told",
    [None, {}, {"4": {"quantity_available": 1}}, {"4": {"quantity_available": 1}, "65": {"quantity_available": None}}],
)
def test_a_warehouse_that_is_not_told_of_is_not_empty(told: Any) -> None:
    with pytest.raises(DataError) as caught:
        parse_stock("TEE-M", told, warehouses=(4, 65), as_of=NOON)

    assert caught.value.problems[0].field.endswith("quantity_available")


def test_a_sku_of_two_products_is_an_error_and_not_a_guess() -> None:
    with pytest.raises(DataError) as caught:
        product_ids([{"id": 1, "code": "A"}, {"id": 2, "code": "B"}, {"id": 3, "code": "A"}])

    assert [problem.record for problem in caught.value.problems] == ["A"]
