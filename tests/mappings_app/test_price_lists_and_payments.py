"""Price lists, payment methods and reasons: the specific table first, then the market, then the connection."""

import pytest

from connectors import ports
from connectors.canonical.errors import MappingError, MissingMapping
from connectors.canonical.orders import Order
from connectors.models import Brand, Connection, Link
from mappings_app.codes import CodeItem, learn_codes, note_seen
from mappings_app.coverage import unmapped_codes
from mappings_app.errors import RefusedMappingError
from mappings_app.models import MappingVersion
from mappings_app.resolving import resolve_order, resolve_reason
from mappings_app.saving import save_mapping
from tests.mappings_app.orders import line, order


@pytest.fixture(autouse=True)
def _sku(brand: Brand) -> None:
    map_code(brand, "sku", "AB-1", "NW-1")


def map_code(brand: Brand, kind: str, from_code: str, to_code: str, **more: object) -> MappingVersion:
    return save_mapping(  # type: ignore[arg-type]
        kind=kind, brand=brand, from_code=from_code, to_code=to_code, actor="alice", **more
    )


def sold(**changes: object) -> Order:
    return order(line("1", "AB-1"), **changes)


def settle(centra: Connection, **settings: str) -> None:
    centra.settings = settings
    centra.save()


def test_the_price_list_comes_from_the_first_that_answers(brand: Brand, link: Link, centra: Connection) -> None:
    def answer() -> str:
        return resolve_order(sold(channel="UK"), link=link).price_list

    settle(link.target, price_list="connection")
    map_code(brand, "market", "UK", "1")
    assert answer() == "connection"
    map_code(brand, "market", "UK", "1", attributes={"price_list": "market"})
    assert answer() == "market"
    map_code(brand, "price_list", "GBP", "brand")
    assert answer() == "brand"
    map_code(brand, "price_list", "GBP", "link", link=link)
    assert answer() == "link"


def test_a_market_answers_only_for_its_own_currency(brand: Brand, link: Link) -> None:
    settle(link.target, price_list="")
    map_code(brand, "market", "UK", "1", attributes={"price_list": "market", "currency": "SEK"})
    with pytest.raises(MappingError) as unmapped:
        resolve_order(sold(channel="UK"), link=link)
    assert unmapped.value.missing == (MissingMapping(kind="price_list", code="GBP"),)


def test_an_order_whose_currency_has_no_price_list_anywhere_is_held(brand: Brand, link: Link) -> None:
    settle(link.target)
    with pytest.raises(MappingError) as unmapped:
        resolve_order(sold(), link=link)
    assert unmapped.value.missing == (MissingMapping(kind="price_list", code="GBP"),)
    version = map_code(brand, "price_list", "GBP", "2")
    resolved = resolve_order(sold(), link=link)
    assert (resolved.price_list, version.pk in resolved.version_ids) == ("2", True)


def test_while_the_channel_is_unmapped_its_mapping_may_still_bring_the_price_list(link: Link) -> None:
    settle(link.target)
    with pytest.raises(MappingError) as unmapped:
        resolve_order(sold(channel="UK"), link=link)
    assert unmapped.value.missing == (MissingMapping(kind="market", code="UK"),)


def test_a_target_without_price_lists_of_its_own_holds_no_order_for_one(link: Link) -> None:
    settle(link.target)
    link.target.platform = "elsewhere"
    assert resolve_order(sold(), link=link).price_list == ""


def test_the_payment_method_comes_from_the_first_that_answers_and_never_holds_an_order_at_centra(
    brand: Brand, link: Link
) -> None:
    def answer() -> str:
        return resolve_order(sold(channel="UK", payment_method="CARD"), link=link).payment_method

    map_code(brand, "market", "UK", "1")
    assert answer() == ""
    settle(link.target, price_list="1", payment_method="11")
    assert answer() == "11"
    map_code(brand, "market", "UK", "1", attributes={"payment_method": "12"})
    assert answer() == "12"
    map_code(brand, "payment_method", "CARD", "13")
    assert answer() == "13"
    map_code(brand, "payment_method", "CARD", "14", link=link)
    assert answer() == "14"


def test_orders_that_name_no_payment_method_have_a_row_of_their_own(brand: Brand, link: Link) -> None:
    map_code(brand, "payment_method", "", "15")
    assert resolve_order(sold(), link=link).payment_method == "15"
    assert resolve_order(sold(payment_method="CARD"), link=link).payment_method == ""


# --- reasons ----------------------------------------------------------------------------------------------------------


def test_a_reason_is_mapped_to_the_marketplaces_own_and_to_nothing_it_does_not_list(
    brand: Brand, link: Link, northgate: Connection
) -> None:
    assert resolve_reason(link, "REFUND", at=ports.now()) is None
    learn_codes(northgate, "refund_reason", [CodeItem(code="15", label="Out of stock")])
    with pytest.raises(RefusedMappingError, match=r"Northgate does not list 99\."):
        map_code(brand, "refund_reason", "REFUND", "99", link=link)
    version = map_code(brand, "refund_reason", "REFUND", "15", link=link)
    assert resolve_reason(link, "REFUND", at=ports.now()) == version
    assert resolve_reason(link, "CANCELLATION", at=ports.now()) is None


def test_a_row_for_no_reason_in_particular_answers_where_the_reason_has_none(brand: Brand, link: Link) -> None:
    every = map_code(brand, "refund_reason", "", "34")
    assert resolve_reason(link, "CANCELLATION", at=ports.now()) == every


# --- what needs no mapping --------------------------------------------------------------------------------------------


def test_what_the_connection_or_a_market_answers_is_on_no_work_list(brand: Brand, link: Link) -> None:
    def waiting() -> list[tuple[str, str]]:
        codes = unmapped_codes(brand, at=ports.now())
        return sorted(codes.values_list("kind", "code"))

    settle(link.target)
    note_seen(link, {"price_list": [CodeItem(code="GBP")], "payment_method": [CodeItem(code="CARD")]})
    assert waiting() == [("payment_method", "CARD"), ("price_list", "GBP")]
    settle(link.target, payment_method="11")
    assert waiting() == [("price_list", "GBP")]
    map_code(brand, "market", "SE", "2", attributes={"price_list": "2", "currency": "SEK"})
    assert waiting() == [("price_list", "GBP")]
    map_code(brand, "market", "UK", "1", attributes={"price_list": "1"})
    assert waiting() == []
