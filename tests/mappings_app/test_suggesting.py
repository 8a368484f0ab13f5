import pytest
from pytest_django import DjangoAssertNumQueries

from connectors.models import Brand, Connection, Link
from mappings_app.codes import CodeItem, learn_codes
from mappings_app.saving import save_mapping
from mappings_app.suggesting import Suggestion, suggestions


@pytest.fixture
def _products(centra: Connection) -> None:
    products = [
        CodeItem(code="NW-1021", label="Wool coat, black, M", gtin="5000000000001"),
        CodeItem(code="NW-1022", label="Wool coat, black, L", gtin="5000000000002"),
        CodeItem(code="NW-3000-RED-42", label="Leather boots, red, 42"),
        CodeItem(code="ZX-1", label="Linen shirt"),
    ]
    learn_codes(centra, "sku", products)


@pytest.mark.usefixtures("_products")
def test_an_equal_gtin_comes_first(link: Link) -> None:
    best, *others = suggestions("sku", link, "AB-9", gtin="5000000000002", label="Wool coat black M")
    assert best == Suggestion(code="NW-1022", label="Wool coat, black, L", why="GTIN equal", confidence=100)
    assert [(one.code, one.why) for one in others] == [("NW-1021", "Similar name")]


@pytest.mark.usefixtures("_products")
def test_the_same_code_written_differently_is_found(link: Link) -> None:
    best = suggestions("sku", link, "nw 1021")[0]
    assert (best.code, best.why) == ("NW-1021", "Same code, written differently")
    assert suggestions("sku", link, "NW-1021")[0].why == "Same code"


@pytest.mark.usefixtures("_products")
def test_the_beginning_of_a_longer_code_is_found(link: Link) -> None:
    assert [one.code for one in suggestions("sku", link, "NW-3000")][:1] == ["NW-3000-RED-42"]


@pytest.mark.usefixtures("_products")
def test_what_other_links_chose_is_offered_with_their_name(brand: Brand, link: Link, other_link: Link) -> None:
    save_mapping(kind="sku", brand=brand, link=other_link, from_code="AB-7", to_code="ZX-1", actor="alice")
    assert suggestions("sku", link, "AB-7")[0] == Suggestion(
        code="ZX-1", label="Linen shirt", why="Chosen for Harbour & Co → Centra", confidence=80
    )


def test_a_past_choice_is_offered_before_any_product_is_known(brand: Brand, link: Link) -> None:
    save_mapping(kind="sku", brand=brand, from_code="AB-7", to_code="ZX-1", to_label="Shirt", actor="alice")
    assert suggestions("sku", link, "AB-7") == [
        Suggestion(code="ZX-1", label="Shirt", why="Chosen for the whole brand", confidence=80)
    ]


def test_a_carrier_that_this_marketplace_does_not_list_is_not_offered(
    brand: Brand, link: Link, other_link: Link, northgate: Connection
) -> None:
    learn_codes(northgate, "carrier", [CodeItem(code="DPDUK", label="DPD (UK)")])
    save_mapping(kind="carrier", brand=brand, link=other_link, from_code="DPD", to_code="dpd-nl", actor="alice")
    assert [one.code for one in suggestions("carrier", link, "DPD")] == ["DPDUK"]


def test_a_service_is_taken_for_the_carrier_whose_name_it_begins_with(link: Link, northgate: Connection) -> None:
    learn_codes(
        northgate, "carrier", [CodeItem(code=code, label=code.title()) for code in ("DPD", "DHL", "NEXTDAY", "DPDX")]
    )
    found = suggestions("carrier", link, "DPD Next Day")
    assert ("DPD", "The same first words") in [(one.code, one.why) for one in found]
    assert {"DHL", "DPDX"} & {one.code for one in found} == set()
    assert not any(one.certain for one in found)


@pytest.mark.usefixtures("_products")
def test_what_is_no_longer_listed_is_not_offered(link: Link, centra: Connection) -> None:
    learn_codes(centra, "sku", [CodeItem(code="ZX-1")], whole=True)
    assert suggestions("sku", link, "NW-1021") == []


@pytest.mark.usefixtures("_products")
def test_nothing_alike_is_an_empty_list(link: Link) -> None:
    assert suggestions("sku", link, "QQQQ", label="Garden hose") == []
    assert suggestions("market", link, "") == []


@pytest.mark.usefixtures("_products")
def test_the_list_is_as_short_as_asked(link: Link) -> None:
    assert len(suggestions("sku", link, "NW-102", label="Wool coat, black", limit=1)) == 1


@pytest.mark.usefixtures("_products")
def test_suggesting_takes_two_queries(
    brand: Brand, link: Link, other_link: Link, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    save_mapping(kind="sku", brand=brand, link=other_link, from_code="NW-1021", to_code="ZX-1", actor="alice")
    with django_assert_num_queries(2):
        suggestions("sku", link, "NW-1021", gtin="5000000000001", label="Wool coat, black, M")
