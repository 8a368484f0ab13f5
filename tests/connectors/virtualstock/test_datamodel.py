"""What a product may say at a retailer: names from its guide, nothing that stock or prices tell."""

import pytest

from connectors.canonical.listings import AttributeKind, Requirement
from connectors.virtualstock.datamodel import (
    KNOWN,
    NOT_OURS,
    attributes,
    categories,
    named_for_others,
    names,
    without_stock_and_price,
    wrong_names,
)


def test_a_star_marks_what_the_retailer_demands_and_every_parting_will_do() -> None:
    assert list(names("short_description*, rrp;image_2\n hn_colour*")) == [
        ("short_description", True),
        ("rrp", False),
        ("image_2", False),
        ("hn_colour", True),
    ]


def test_what_the_documentation_names_keeps_its_meaning_and_the_rest_is_text() -> None:
    found = attributes("image*, hn_colour", price_field="hn_buy_price")

    assert [(one.code, one.label, one.kind, one.requirement, one.role) for one in found] == [
        ("image", "Main picture", AttributeKind.IMAGE, Requirement.REQUIRED, "MAIN_IMAGE"),
        ("hn_colour", "Hn colour", AttributeKind.TEXT, Requirement.OPTIONAL, ""),
    ]


@pytest.mark.parametrize("name", [*sorted(NOT_OURS), "cost_price"])
def test_neither_stock_nor_the_price_nor_what_the_retailer_fills_is_a_field_of_a_product(name: str) -> None:
    assert [one.code for one in attributes(f"rrp, {name}", price_field="cost_price")] == ["rrp"]
    assert without_stock_and_price({"rrp": "99.00", name: "1"}, price_field="cost_price") == {"rrp": "99.00"}


def test_without_names_all_that_is_documented_is_offered_and_nothing_demanded() -> None:
    found = attributes("", price_field="rrp")

    assert [one.code for one in found] == [one.code for one in KNOWN if one.code != "rrp"]
    assert {one.requirement for one in found} == {Requirement.OPTIONAL}


def test_what_cannot_be_a_name_is_told() -> None:
    assert wrong_names("short_description*, 2nd image, *, näme") == ["2nd", "*", "näme"]
    assert named_for_others("rrp, supplier_free_stock, enrolment_status*") == [
        "supplier_free_stock",
        "enrolment_status",
    ]


def test_a_category_without_a_number_cannot_be_named_and_one_without_a_name_is_shown_by_its_number() -> None:
    found = categories(
        [
            {"url": "https://www.the-edge.io/api/v4/categories/2/", "name": "Knitwear"},
            {"url": "https://www.the-edge.io/api/v4/categories/3/"},
            {"name": "Nowhere"},
            "strange",
        ]
    )

    assert [(one.code, one.label, one.parent) for one in found] == [("2", "Knitwear", ""), ("3", "Category 3", "")]
