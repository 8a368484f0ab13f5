"""Categories, attributes and product imports: Mirakl's answers and reports as ours, listings as its file."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.canonical.deliveries import Delivery, DeliveryState, RefusedLine
from connectors.canonical.errors import DataError
from connectors.canonical.listings import (
    AttributeKind,
    ChannelAttribute,
    ChannelCategory,
    ChannelValue,
    ListingUpdate,
    Requirement,
)
from connectors.mirakl import products
from connectors.mirakl.products import Columns, Report

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TICKET = "2041:shop_sku"


# --- what the marketplace wants to know -------------------------------------------------------------------------------
def test_parents_come_before_children_whatever_their_order() -> None:
    told = [
        {"code": "knit", "label": "Knitwear", "level": 2, "parent_code": "women"},
        {"code": "women", "label": None, "level": 1, "parent_code": None},
    ]

    assert products.parse_categories({"hierarchies": told}) == (
        ChannelCategory(code="women", label="women"),
        ChannelCategory(code="knit", label="Knitwear", parent="women"),
    )


def test_an_attribute_says_what_the_marketplace_wants() -> None:
    told = {
        "code": "colour",
        "label": "Colour",
        "hierarchy_code": "clothing",
        "type": "LIST",
        "type_parameters": [{"name": "LIST_CODE", "value": "colours"}],
        "requirement_level": "RECOMMENDED",
        "roles": [{"type": "COLOUR", "parameters": []}],
        "validations": "MIN_LENGTH|2,MAX_LENGTH|40",
        "variant": True,
    }

    assert products.parse_attributes({"attributes": [told]}) == (
        ChannelAttribute(
            code="colour",
            label="Colour",
            category="clothing",
            requirement=Requirement.RECOMMENDED,
            kind=AttributeKind.LIST,
            list_code="colours",
            max_length=40,
            role="COLOUR",
            variant=True,
        ),
    )


@pytest.mark.parametrize(("theirs", "ours"), sorted(products.KINDS.items()))
def test_every_kind_of_attribute_is_known_by_name(theirs: str, ours: AttributeKind) -> None:
    assert _attribute(type=theirs).kind is ours


def test_a_kind_that_came_since_is_unknown_and_has_no_list() -> None:
    found = _attribute(type="HOLOGRAM", type_parameter="shapes")

    assert (found.kind, found.list_code) == (AttributeKind.UNKNOWN, "")


@pytest.mark.parametrize(
    ("told", "list_code"),
    [
        ({"values_list": "sizes", "type_parameter": "other"}, "sizes"),
        ({"type_parameter": "sizes"}, "sizes"),
        ({"type_parameters": [{"name": "list_code", "value": "sizes"}], "values_list": "old"}, "sizes"),
    ],
)
def test_the_value_list_is_found_in_the_fields_of_older_platforms_too(told: dict[str, Any], list_code: str) -> None:
    assert _attribute(type="LIST", **told).list_code == list_code


@pytest.mark.parametrize(
    ("level", "flag", "requirement"),
    [
        ("REQUIRED", False, Requirement.REQUIRED),
        (None, True, Requirement.REQUIRED),
        (None, None, Requirement.OPTIONAL),
        ("PREFERRED", False, Requirement.OPTIONAL),
    ],
)
def test_the_level_says_what_is_required_and_else_the_old_flag(
    level: str | None, flag: bool | None, requirement: Requirement
) -> None:
    assert _attribute(requirement_level=level, required=flag).requirement is requirement


def test_an_attribute_that_is_disabled_is_left_out() -> None:
    assert products.parse_attributes({"attributes": [{"code": "x", "requirement_level": "DISABLED"}]}) == ()


def test_only_the_list_that_was_asked_for_counts() -> None:
    lists = [
        {"code": "sizes", "values": [{"code": "m", "label": "M"}, {"code": "l", "label": None}]},
        {"code": "colours", "values": [{"code": "black", "label": "Black"}]},
    ]

    assert products.parse_values({"values_lists": lists}, list_code="sizes") == (
        ChannelValue(list_code="sizes", code="m", label="M"),
        ChannelValue(list_code="sizes", code="l", label="l"),
    )


@pytest.mark.parametrize("broken", [[], {"attributes": {}}, {"attributes": [{"code": None}]}])
def test_attributes_that_cannot_be_read_are_refused(broken: Any) -> None:
    with pytest.raises(DataError):
        products.parse_attributes(broken)


def _attribute(**told: Any) -> ChannelAttribute:
    (found,) = products.parse_attributes({"attributes": [{"code": "x", **told}]})
    return found


# --- the file ---------------------------------------------------------------------------------------------------------
def test_the_file_has_a_column_for_every_attribute_that_any_product_has() -> None:
    updates = [
        ListingUpdate(sku="A", category="coats", values={"title": ('Coat; "warm"',), "care": ("wash-30", "no-dry")}),
        ListingUpdate(sku="B", category="shoes", values={"shoe": ("38",), "cat": ("ignored",), "sku": ("ignored",)}),
    ]

    assert products.product_file(updates, Columns(category="cat", sku="sku")).decode() == (
        '"cat";"sku";"care";"shoe";"title"\n"coats";"A";"wash-30|no-dry";"";"Coat; ""warm"""\n"shoes";"B";"";"38";""\n'
    )


def test_roles_name_the_columns_of_the_category_and_the_sku() -> None:
    told = [("kat", "CATEGORY"), ("ref", "SHOP_SKU"), ("title", "TITLE"), ("x", "")]
    attributes = [
        ChannelAttribute(code=code, label=code, requirement=Requirement.REQUIRED, kind=AttributeKind.TEXT, role=role)
        for code, role in told
    ]

    assert products.columns_of(attributes) == Columns(category="kat", sku="ref")
    assert products.columns_of(attributes[2:]) == Columns(category="", sku="")


# --- the import -------------------------------------------------------------------------------------------------------
def _import(**told: Any) -> products.ProductImport:
    body = {
        "import_status": "COMPLETE",
        "date_created": "2026-03-02T08:00:00Z",
        "transform_lines_in_success": 2,
        "has_transformation_error_report": True,
        "has_error_report": True,
        "integration_details": {"products_successfully_synchronized": 2},
        **told,
    }
    return products.parse_import(body, ticket=TICKET, now=NOW)


@pytest.mark.parametrize(
    "status",
    ["TRANSFORMATION_WAITING", "TRANSFORMATION_QUEUED", "QUEUED", "TRANSFORMATION_RUNNING", "WAITING", "RUNNING"],
)
def test_an_import_under_way_is_pending_and_has_no_report_yet(status: str) -> None:
    found = _import(import_status=status)

    assert found.delivery == Delivery(state=DeliveryState.PENDING, ticket=TICKET)
    assert (found.has_transformation_errors, found.has_integration_errors) == (False, False)


def test_with_the_operator_what_the_transformation_refused_is_known_already() -> None:
    found = _import(import_status="SENT", integration_details=None)

    assert found.delivery.state is DeliveryState.PENDING
    assert (found.has_transformation_errors, found.has_integration_errors) == (True, False)


def test_complete_without_its_integration_is_not_over() -> None:
    assert _import(integration_details=None).delivery.state is DeliveryState.PENDING


def test_complete_is_over_when_no_line_got_to_the_operator() -> None:
    found = _import(integration_details=None, transform_lines_in_success=0)

    assert found.delivery == Delivery(state=DeliveryState.DONE, ticket=TICKET, taken=0)
    assert (found.has_transformation_errors, found.has_integration_errors) == (True, True)


def test_what_the_operator_counts_as_not_taken_is_said() -> None:
    details = {"products_successfully_synchronized": 1, "rejected_products": 2, "products_not_accepted_in_time": 1}

    assert _import(integration_details=details).delivery == Delivery(
        state=DeliveryState.DONE,
        ticket=TICKET,
        taken=1,
        words="The operator counts products as not taken: 2 rejected, 1 not accepted in time.",
    )


@pytest.mark.parametrize("status", sorted(products.FAILED))
def test_failed_is_failed_in_their_words(status: str) -> None:
    assert _import(import_status=status, reason_status="No column").delivery.words == "No column"
    assert _import(import_status=status).delivery.words == f"The import is {status} at the marketplace."
    assert _import(import_status=status).delivery.state is DeliveryState.FAILED


@pytest.mark.parametrize("age", [timedelta(days=10), timedelta(days=10, seconds=1)])
def test_an_operator_that_never_answers_is_given_up_after_ten_days(age: timedelta) -> None:
    sent_at = (NOW - age).isoformat()

    found = _import(import_status="SENT", integration_details=None, date_created=sent_at).delivery

    assert found.state is (DeliveryState.PENDING if age == timedelta(days=10) else DeliveryState.FAILED)


@pytest.mark.parametrize("broken", [{"import_status": "PAUSED"}, {"import_status": None}, {"integration_details": 3}])
def test_an_import_whose_state_is_not_known_is_refused(broken: dict[str, Any]) -> None:
    with pytest.raises(DataError):
        _import(**broken)


# --- the reports ------------------------------------------------------------------------------------------------------
def test_each_problem_of_a_line_is_one_refusal_with_its_code_and_attribute() -> None:
    report = (
        '\ufeff"line number";"category";"ref";"errors";"warnings"\n'
        '"2";"coats";"A";"1000|The attribute \'colour\' (Colour, main) is required,'
        '2004|The attribute \'title\' (Title) may have 120 characters";""\n'
        '"3";"coats";"B";"";"3004|The description is short"\n'
    ).encode()

    assert products.parse_transformation_report(report, sku_column="ref") == Report(
        refused=(
            RefusedLine(
                sku="A",
                code="1000",
                message="The attribute 'colour' (Colour, main) is required",
                attribute="colour",
            ),
            RefusedLine(
                sku="A", code="2004", message="The attribute 'title' (Title) may have 120 characters", attribute="title"
            ),
        ),
        remarks=("B: The description is short (3004)",),
    )


@pytest.mark.parametrize(
    ("cell", "code", "message"),
    [
        ("MCM-04020|The product has been deleted.", "MCM-04020", "The product has been deleted."),
        ("Please call us, 24 hours a day", "", "Please call us, 24 hours a day"),
        ("REF", "", "REF"),
    ],
)
def test_a_problem_may_have_any_code_or_none(cell: str, code: str, message: str) -> None:
    report = f'shop_sku;errors\n"A";"{cell}"\n'.encode()

    (refused,) = products.parse_integration_report(report, sku_column="", own_sku="", own_error="").refused

    assert refused == RefusedLine(sku="A", code=code, message=message)


@pytest.mark.parametrize(
    ("report", "own"),
    [
        (b"provider_unique_identifier,errors\nA,No\n", ("", "")),
        (b"sku;error-message\nA;No\n", ("", "")),
        (b"ref;errors\nA;No\n", ("", "")),  # the column that was sent
        (b"Artikel\tGrund\nA\tNo\n", ("Artikel", "Grund")),
    ],
)
def test_the_operators_own_report_is_read_by_the_usual_columns_or_those_of_the_connection(
    report: bytes, own: tuple[str, str]
) -> None:
    found = products.parse_integration_report(report, sku_column="ref", own_sku=own[0], own_error=own[1])

    assert found.refused == (RefusedLine(sku="A", message="No"),)


@pytest.mark.parametrize("report", [b"Artikel;Grund\nA;No\n", b"PK\x03\x04", b"<products/>"])
def test_a_report_that_nobody_can_read_is_a_fault_that_says_so(report: bytes) -> None:
    with pytest.raises(DataError):
        products.parse_integration_report(report, sku_column="ref", own_sku="", own_error="")


def test_an_empty_report_refuses_nothing() -> None:
    assert products.parse_transformation_report(b"", sku_column="ref") == Report(refused=(), remarks=())


def test_warnings_become_words_and_never_refusals() -> None:
    done = Delivery(state=DeliveryState.DONE, ticket=TICKET, taken=1, words="First.")
    line = RefusedLine(sku="A", message="No")
    reports = [Report(refused=(line,), remarks=("B: Short (3004)",)), Report(refused=(line,), remarks=())]

    found = products.with_reports(done, reports)

    assert (found.refused, found.words) == ((line,), "First.\nB: Short (3004)")


def test_of_very_many_warnings_the_first_are_shown_and_the_rest_counted() -> None:
    remarks = tuple(f"S{number}: Short" for number in range(products.REMARKS_MAX + 2))
    done = Delivery(state=DeliveryState.DONE, ticket=TICKET)

    words = products.with_reports(done, [Report(refused=(), remarks=remarks)]).words.splitlines()

    assert (len(words), words[-1]) == (products.REMARKS_MAX + 1, "And 2 more in the marketplace's report.")
