"""Stock and prices as Mirakl's files; its imports, reports and offers as ours."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from connectors.canonical.deliveries import Delivery, DeliveryState, RefusedLine
from connectors.canonical.errors import DataError
from connectors.canonical.money import Money
from connectors.canonical.offers import Offer, OfferPage, PriceUpdate
from connectors.canonical.stock import StockUpdate
from connectors.mirakl import offers


def test_stock_is_a_quoted_file_and_a_sku_may_hold_what_divides_cells() -> None:
    updates = [StockUpdate(sku="NV1001-410-M", quantity=0), StockUpdate(sku='A;"1"', quantity=1_000_000)]

    assert offers.stock_file(updates).decode() == ('"offer-sku";"quantity"\n"NV1001-410-M";"0"\n"A;""1""";"1000000"\n')


@pytest.mark.parametrize(("sku", "quantity"), [("", 1), ("A", -1)])
def test_a_stock_update_names_a_sku_and_no_negative_quantity(sku: str, quantity: int) -> None:
    with pytest.raises(ValueError, match="0 or more units"):
        StockUpdate(sku=sku, quantity=quantity)


def test_prices_have_the_digits_of_their_currency_and_a_discount_its_dates() -> None:
    until = datetime(2026, 12, 1, tzinfo=UTC)
    updates = [
        PriceUpdate(sku="A", price=Money(Decimal("49.9"), "GBP")),
        PriceUpdate(
            sku="B",
            price=Money(Decimal(1200), "JPY"),
            discount=Money(Decimal(900), "JPY"),
            discount_from=datetime(2026, 11, 1, tzinfo=UTC),
            discount_until=until,
        ),
    ]

    assert offers.price_file(updates).decode() == (
        '"offer-sku";"price";"discount-price";"discount-start-date";"discount-end-date"\n'
        '"A";"49.90";"";"";""\n'
        '"B";"1200";"900";"2026-11-01T00:00:00Z";"2026-12-01T00:00:00Z"\n'
    )


@pytest.mark.parametrize("discount", ["49.90", "0", "60"])
def test_a_discount_is_below_the_price_and_above_nothing(discount: str) -> None:
    with pytest.raises(ValueError, match="discount"):
        PriceUpdate(sku="A", price=Money(Decimal("49.90"), "GBP"), discount=Money(Decimal(discount), "GBP"))


@pytest.mark.parametrize("status", ["WAITING", "RUNNING", "QUEUED"])
def test_an_import_under_way_is_pending_whatever_its_counts(status: str) -> None:
    told = {"status": status, "lines_in_success": 4, "has_error_report": True}

    assert offers.parse_import(told, ticket="17") == (Delivery(state=DeliveryState.PENDING, ticket="17"), False)


def test_complete_is_done_and_tells_whether_there_is_a_report() -> None:
    told = {"status": "COMPLETE", "lines_in_success": 4, "has_error_report": True}

    assert offers.parse_import(told, ticket="17") == (
        Delivery(state=DeliveryState.DONE, ticket="17", taken=4),
        True,
    )


def test_failed_is_failed_in_their_words() -> None:
    delivery, _ = offers.parse_import({"status": "FAILED", "reason_status": "Not a CSV"}, ticket="17")

    assert (delivery.state, delivery.words) == (DeliveryState.FAILED, "Not a CSV")


@pytest.mark.parametrize("told", [{}, {"status": "PAUSED"}, {"status": "COMPLETE", "lines_in_success": "many"}, []])
def test_an_import_whose_state_is_not_known_is_refused(told: Any) -> None:
    with pytest.raises(DataError):
        offers.parse_import(told, ticket="17")


def test_a_report_is_read_by_place_since_its_first_columns_have_no_documented_names() -> None:
    report = b'\xef\xbb\xbf"Zeile";"Grund";"offer-sku";"quantity"\n"2";"The offer does not exist";"A;1";"3"\n"3";"x";"A;1";"4"\n'

    assert offers.parse_report(report) == (RefusedLine(sku="A;1", message="The offer does not exist"),)


def test_an_empty_report_refuses_nothing_and_one_without_skus_is_a_fault() -> None:
    assert offers.parse_report(b"") == ()
    with pytest.raises(DataError):
        offers.parse_report(b'"2";"The offer does not exist"\n')


OFFER = {
    "shop_sku": "NV1001-410-M",
    "offer_id": 2042,
    "product_references": [{"reference_type": "EAN", "reference": "7350000000017"}],
    "product_title": "Wool coat",
    "category_code": "COATS",
    "quantity": 0,
    "price": Decimal("39.90"),
    "currency_iso_code": "GBP",
    "active": False,
    "inactivity_reasons": ["ZERO_QUANTITY"],
    "all_prices": [
        {"context": {"channel_codes": ["SE"]}, "unit_origin_price": Decimal(55)},
        {"unit_origin_price": Decimal("49.90"), "unit_discount_price": Decimal("39.90")},
    ],
}


def test_an_offer_shows_its_price_before_the_discount_and_zero_is_a_quantity() -> None:
    page = offers.parse_offers({"offers": [OFFER], "total_count": 1}, offset=0)

    assert page == OfferPage(
        offers=(
            Offer(
                sku="NV1001-410-M",
                external_id="2042",
                gtin="7350000000017",
                title="Wool coat",
                category="COATS",
                quantity=0,
                price=Money(Decimal("49.90"), "GBP"),
                discount=Money(Decimal("39.90"), "GBP"),
                active=False,
                inactive_because=("ZERO_QUANTITY",),
            ),
        ),
        next_token=None,
        total=1,
    )


def test_a_quantity_that_is_not_told_is_not_zero() -> None:
    (offer,) = offers.parse_offers({"offers": [{**OFFER, "quantity": None}]}, offset=0).offers

    assert offer.quantity is None


@pytest.mark.parametrize(("offset", "total", "token"), [(0, 3, "1"), (2, 3, None), (0, None, "1")])
def test_the_next_page_begins_after_this_one(offset: int, total: int | None, token: str | None) -> None:
    assert offers.parse_offers({"offers": [OFFER], "total_count": total}, offset=offset).next_token == token


def test_an_empty_page_is_the_end() -> None:
    assert offers.parse_offers({"offers": []}, offset=100).next_token is None


@pytest.mark.parametrize("broken", [{"shop_sku": None}, {"currency_iso_code": "pounds"}, {"quantity": "many"}])
def test_one_offer_that_cannot_be_read_makes_the_page_unreadable(broken: dict[str, Any]) -> None:
    with pytest.raises(DataError):
        offers.parse_offers({"offers": [OFFER, {**OFFER, **broken}]}, offset=0)
