"""Files: taken at once, done later, line by line; a finished import is not a successful one."""

import csv
import io
from typing import Any

import pytest

from connectors.mirakl.sandbox import MiraklSandbox
from connectors.sandboxdata import catalogue
from tests.connectors.mirakl.sandbox.api import Shop, refusal

ITEMS = catalogue(1)
FIRST, SECOND = ITEMS[0], ITEMS[1]
STOCK = "/api/offers/stock/imports"
PRICES = "/api/offers/pricing/imports"
OFFERS = "/api/offers/imports"
PRODUCTS = "/api/products/imports"


@pytest.fixture(autouse=True)
def _offers(sandbox: MiraklSandbox) -> None:
    sandbox.load_offers()


def file_of(*rows: str) -> str:
    return "\n".join(rows) + "\n"


def send(shop: Shop, path: str, file: str, **fields: str) -> Any:
    answer = shop.upload(path, file, **fields)
    assert answer.status_code == 201, answer.text
    return answer.json()["import_id"]


def offer(shop: Shop, sku: str = FIRST.sku) -> dict[str, Any]:
    found: list[dict[str, Any]] = shop.get("/api/offers", sku=sku).json()["offers"]
    (only,) = found
    return only


def stock_status(shop: Shop, import_id: str) -> dict[str, Any]:
    body: dict[str, Any] = shop.get(f"{STOCK}/{import_id}/status").json()
    return body


def until_done(shop: Shop, path: str, key: str = "status") -> dict[str, Any]:
    """Look as often as it takes; the clock stands still."""
    for _ in range(10):
        body: dict[str, Any] = shop.get(path).json()
        if body[key] in ("COMPLETE", "FAILED"):
            return body
    raise AssertionError(f"{path} is not done after ten looks.")


def report(answer: Any) -> list[list[str]]:
    return list(csv.reader(io.StringIO(answer.text), delimiter=";"))


# --- the cycle ------------------------------------------------------------------------------------------------------
def test_each_look_moves_an_import_on_by_one_step(shop: Shop) -> None:
    import_id = send(shop, STOCK, file_of('"offer-sku";"quantity"', f'"{FIRST.sku}";"5"'))
    assert isinstance(import_id, str)
    assert [stock_status(shop, import_id)["status"] for _ in range(4)] == ["WAITING", "RUNNING", "COMPLETE", "COMPLETE"]


def test_nothing_is_applied_before_it_is_complete(shop: Shop) -> None:
    before = offer(shop)["quantity"]
    import_id = send(shop, STOCK, file_of("offer-sku;quantity", f"{FIRST.sku};777"))
    seen = []
    for _ in range(3):
        stock_status(shop, import_id)
        seen.append(offer(shop)["quantity"])
    assert seen == [before, before, 777]


def test_time_moves_it_too_but_the_first_look_never_finds_it_complete(sandbox: MiraklSandbox, shop: Shop) -> None:
    import_id = send(shop, STOCK, file_of("offer-sku;quantity", f"{FIRST.sku};777"))
    sandbox.advance(40)
    assert offer(shop)["quantity"] == 777  # done, whether or not anybody looked
    assert [stock_status(shop, import_id)["status"] for _ in range(2)] == ["RUNNING", "COMPLETE"]


def test_a_later_file_never_overtakes_an_earlier_one(shop: Shop) -> None:
    first = send(shop, STOCK, file_of("offer-sku;quantity", f"{FIRST.sku};5"))
    second = send(shop, STOCK, file_of("offer-sku;quantity", f"{FIRST.sku};3"))
    until_done(shop, f"{STOCK}/{second}/status")
    until_done(shop, f"{STOCK}/{first}/status")
    assert offer(shop)["quantity"] == 3


def test_an_unknown_import_is_404(shop: Shop) -> None:
    for path in (f"{STOCK}/1/status", f"{OFFERS}/1", f"{PRODUCTS}/1"):
        assert shop.get(path).status_code == 404


@pytest.mark.parametrize("path", [STOCK, PRICES, PRODUCTS])
def test_a_form_without_a_file_is_400(sandbox: MiraklSandbox, shop: Shop, path: str) -> None:
    answer = shop.call("POST", path, files={"other": ("x.csv", b"x", "text/csv")})
    assert refusal(answer) == (400, "Param 'file' is required")
    assert sandbox.market.imports.jobs == {}


# --- stock ----------------------------------------------------------------------------------------------------------
def test_zero_is_a_quantity_and_deactivates_the_offer(shop: Shop) -> None:
    import_id = send(shop, STOCK, file_of("offer-sku;quantity", f"{FIRST.sku};0"))
    until_done(shop, f"{STOCK}/{import_id}/status")
    found = offer(shop)
    assert (found["quantity"], found["active"], found["inactivity_reasons"]) == (0, False, ["ZERO_QUANTITY"])


def test_bad_lines_are_reported_and_the_good_ones_land(shop: Shop) -> None:
    rows = ("offer-sku;quantity", f"{FIRST.sku};5", "NOPE;1", f"{SECOND.sku};minus one", f"{SECOND.sku};1.5")
    import_id = send(shop, STOCK, file_of(*rows))
    status = until_done(shop, f"{STOCK}/{import_id}/status")
    assert (status["status"], status["lines_in_success"], status["lines_in_error"]) == ("COMPLETE", 1, 3)
    assert status["has_error_report"] is True
    answer = shop.get(f"{STOCK}/{import_id}/error_report")
    assert answer.headers["Content-Type"] == "text/csv"
    number = "The quantity must be a whole number of 0 or more"
    assert report(answer) == [
        ["line-number", "error-reason", "offer-sku", "quantity"],
        ["3", "The offer does not exist", "NOPE", "1"],
        ["4", number, SECOND.sku, "minus one"],
        ["5", number, SECOND.sku, "1.5"],
    ]
    assert offer(shop)["quantity"] == 5


def test_a_report_that_is_not_there_is_404_with_its_own_words(shop: Shop) -> None:
    import_id = send(shop, STOCK, file_of("offer-sku;quantity", f"{FIRST.sku};5"))
    until_done(shop, f"{STOCK}/{import_id}/status")
    assert refusal(shop.get(f"{STOCK}/{import_id}/error_report")) == (
        404,
        f"Resource not available : report on import id {import_id}",
    )


def test_a_file_without_its_columns_fails_as_a_whole(shop: Shop) -> None:
    before = offer(shop)["quantity"]
    import_id = send(shop, STOCK, file_of("sku;quantity", f"{FIRST.sku};5"))
    assert until_done(shop, f"{STOCK}/{import_id}/status")["status"] == "FAILED"
    assert offer(shop)["quantity"] == before


def test_stock_is_kept_per_warehouse_where_there_are_some(sandbox: MiraklSandbox, shop: Shop) -> None:
    sandbox.set_warehouses(["NORTH", "SOUTH"])
    header = "offer-sku;quantity;warehouse-code;update-delete"
    rows = (header, f"{FIRST.sku};5;NORTH;", f"{FIRST.sku};7;SOUTH;update", f"{FIRST.sku};1;MOON;")
    status = until_done(shop, f"{STOCK}/{send(shop, STOCK, file_of(*rows))}/status")
    assert (status["lines_in_success"], status["lines_in_error"], offer(shop)["quantity"]) == (2, 1, 12)
    until_done(shop, f"{STOCK}/{send(shop, STOCK, file_of(header, f'{FIRST.sku};;NORTH;delete'))}/status")
    assert offer(shop)["warehouses"] == [{"code": "SOUTH", "quantity": 7}]


# --- offers ---------------------------------------------------------------------------------------------------------
def import_offers(shop: Shop, *rows: str, mode: str = "NORMAL", **fields: str) -> dict[str, Any]:
    import_id = send(shop, OFFERS, file_of(*rows), import_mode=mode, **fields)
    assert isinstance(import_id, int)
    return until_done(shop, f"{OFFERS}/{import_id}")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "Param 'import_mode' is required"),
        ({"import_mode": ""}, "Param 'import_mode' is required"),
        ({"import_mode": "normal"}, "Param 'import_mode' has an invalid value: normal"),
        ({"import_mode": "NORMAL", "with_products": "yes"}, "Param 'with_products' must be true or false"),
    ],
)
def test_an_offer_import_says_how_it_is_meant(
    sandbox: MiraklSandbox, shop: Shop, fields: dict[str, str], message: str
) -> None:
    assert refusal(shop.upload(OFFERS, "sku\n", **fields)) == (400, message)
    assert sandbox.market.imports.jobs == {}


def test_columns_that_the_file_lacks_keep_their_values(shop: Shop) -> None:
    before = offer(shop)
    status = import_offers(shop, "sku;price", f"{FIRST.sku};123,45")
    assert (status["offer_updated"], status["offer_inserted"]) == (1, 0)
    after = offer(shop)
    assert after == {**before, "price": 123.45, "total_price": 123.45} | {
        name: after[name] for name in ("all_prices", "applicable_pricing")
    }


def test_a_new_offer_attaches_to_a_product_the_operator_lists(shop: Shop) -> None:
    import_offers(shop, "sku;update-delete", f"{FIRST.sku};delete")
    rows = ("sku;product-id;product-id-type;price;quantity;state", f"MINE-1;{FIRST.gtin};EAN;99.00;4;11")
    assert import_offers(shop, *rows)["offer_inserted"] == 1
    found = offer(shop, "MINE-1")
    assert (found["product_title"], found["quantity"]) == (FIRST.title, 4)
    assert shop.get(f"/api/offers/{found['offer_id']}").json() == found


def test_refused_lines_come_back_as_they_were_sent_with_number_and_reason(shop: Shop) -> None:
    rows = (
        "sku;product-id;product-id-type;price;quantity;state;entity_id;update-delete",
        "NEW-1;4006381333931;EAN;10;1;11;e1;",
        f"NEW-2;{FIRST.gtin};EAN;10;1;New;e2;",
        f"{FIRST.sku};{SECOND.gtin};EAN;10;1;11;e3;",
        "GONE;;;;;;e4;delete",
        f"NEW/3;{FIRST.gtin};EAN;10;1;11;e5;",
        f"NEW-4;{FIRST.gtin};EAN;10.123;1;11;e6;",
        f"NEW-5;{FIRST.gtin};EAN;;1;11;e7;",
    )
    status = import_offers(shop, *rows)
    assert (status["status"], status["lines_read"], status["lines_in_error"]) == ("COMPLETE", 7, 7)
    header, *lines = report(shop.get(f"{OFFERS}/{status['import_id']}/error_report"))
    assert header == [*rows[0].split(";"), "error-line", "error-message"]
    assert [(line[6], line[8], line[9]) for line in lines] == [
        ("e1", "2", "The product does not exist"),
        ("e2", "3", "The state of the product is unknown"),
        (
            "e3",
            "4",
            "The product linked to the new offer is different from the product linked to the existing offer.",
        ),
        ("e4", "5", "The offer does not exist"),
        ("e5", "6", "The sku may have 40 characters and no slash"),
        ("e6", "7", "The price is invalid"),
        ("e7", "8", "The price is mandatory"),
    ]


def test_replace_deletes_what_the_file_does_not_name(shop: Shop) -> None:
    status = import_offers(shop, "sku;quantity", f"{FIRST.sku};1", f"{SECOND.sku};2", mode="REPLACE")
    assert status["offer_deleted"] == len(ITEMS) - 2
    assert shop.get("/api/offers", max=100).json()["total_count"] == 2


def test_the_same_request_before_the_first_is_done_is_the_same_import(shop: Shop) -> None:
    file = file_of("sku;quantity", f"{FIRST.sku};1")
    first = send(shop, OFFERS, file, import_mode="NORMAL")
    assert send(shop, OFFERS, file, import_mode="NORMAL") == first
    assert send(shop, OFFERS, file + "\n", import_mode="NORMAL") != first
    assert send(shop, OFFERS, file, import_mode="REPLACE") != first
    until_done(shop, f"{OFFERS}/{first}")
    assert send(shop, OFFERS, file, import_mode="NORMAL") != first


def test_stock_files_are_never_taken_for_the_same(shop: Shop) -> None:
    file = file_of("offer-sku;quantity", f"{FIRST.sku};1")
    assert send(shop, STOCK, file) != send(shop, STOCK, file)


def test_an_import_with_products_waits_for_them_first(shop: Shop) -> None:
    answer = shop.upload(OFFERS, file_of("sku;quantity", f"{FIRST.sku};1"), import_mode="NORMAL", with_products="true")
    assert answer.json()["product_import_id"] is not None
    assert answer.headers["Location"] == f"{shop.sandbox.base_url}{OFFERS}/{answer.json()['import_id']}"
    seen = [shop.get(f"{OFFERS}/{answer.json()['import_id']}").json()["status"] for _ in range(4)]
    assert seen == ["WAITING_SYNCHRONIZATION_PRODUCT", "WAITING", "RUNNING", "COMPLETE"]


def test_prices_differ_by_channel_and_unknown_channels_are_refused(shop: Shop) -> None:
    rows = ("sku;price[channel=SE];price[channel=FR]", f"{FIRST.sku};119.00;129.00")
    import_offers(shop, *rows)
    prices = {tuple(price["context"]["channel_codes"]): price["price"] for price in offer(shop)["all_prices"]}
    assert (prices["SE",], prices["FR",]) == (119, 129)
    assert import_offers(shop, "sku;price[channel=XX]", f"{FIRST.sku};1")["lines_in_error"] == 1


def test_a_file_nobody_can_read_fails(shop: Shop) -> None:
    status = import_offers(shop, "price;quantity", "1;1")
    assert (status["status"], status["reason_status"]) == ("FAILED", "The column 'sku' is missing")


def test_offer_imports_are_listed_newest_first(sandbox: MiraklSandbox, shop: Shop) -> None:
    first = import_offers(shop, "sku;quantity", f"{FIRST.sku};1")["import_id"]
    sandbox.advance(60)
    second = send(shop, OFFERS, file_of("sku;quantity", f"{FIRST.sku};2"), import_mode="NORMAL")
    rows = shop.get(OFFERS).json()["data"]
    assert [(row["import_id"], row["status"]) for row in rows] == [(second, "WAITING"), (first, "COMPLETE")]


# --- prices ---------------------------------------------------------------------------------------------------------
def price_status(shop: Shop, import_id: str) -> dict[str, Any]:
    """After three looks, the last of which finds it done."""
    looks = [shop.get(PRICES, import_id=import_id).json()["data"] for _ in range(3)]
    found: dict[str, Any] = looks[-1][0]
    return found


def test_prices_of_an_offer_are_replaced_as_a_whole(shop: Shop) -> None:
    header = "offer-sku;price;discount-price;channels"
    import_id = send(shop, PRICES, file_of(header, f"{FIRST.sku};100;80;", f"{FIRST.sku};90;;SE|FR"))
    status = price_status(shop, import_id)
    assert (status["status"], status["lines_in_success"], status["offers_updated"]) == ("COMPLETE", 2, 1)
    prices = [(price["context"]["channel_codes"], price["price"]) for price in offer(shop)["all_prices"]]
    assert prices == [([], 80), (["FR"], 90), (["SE"], 90)]
    price_status(shop, send(shop, PRICES, file_of(header, f"{FIRST.sku};110;;")))
    assert [price["price"] for price in offer(shop)["all_prices"]] == [110]


def test_one_bad_price_keeps_all_prices_of_its_offer(shop: Shop) -> None:
    before = offer(shop)["all_prices"]
    rows = ("offer-sku;price;channels", f"{FIRST.sku};100;", f"{FIRST.sku};x;SE", f"{SECOND.sku};55;")
    import_id = send(shop, PRICES, file_of(*rows))
    status = price_status(shop, import_id)
    assert (status["offers_updated"], status["offers_in_error"], status["lines_in_error"]) == (1, 1, 2)
    assert (offer(shop)["all_prices"], offer(shop, SECOND.sku)["price"]) == (before, 55)
    assert [line[:2] for line in report(shop.get(f"{PRICES}/{import_id}/error_report"))[1:]] == [
        ["2", "The price is not a number"],
        ["3", "The price is not a number"],
    ]


# --- products -------------------------------------------------------------------------------------------------------
PRODUCT_COLUMNS = "category;shop_sku;ean;title;description;brand;main_image;colour;size;composition;nonsense"
REST = "norrvik;https://img.example.com/1.jpg;black;m"


def product(sku: str, *, category: str = "womens-coats", ean: str = "9520000000011", **cells: str) -> str:
    values = {"title": "Long coat", "description": "Warm.", "rest": REST, "composition": "", **cells}
    return ";".join((category, sku, ean, *values.values(), "x"))


def product_errors(shop: Shop, *lines: str) -> list[tuple[str, str]]:
    """Errors and warnings of each line that the transformation has something to say about."""
    import_id = send(shop, PRODUCTS, file_of(PRODUCT_COLUMNS, *lines), operator_format="true")
    until_done(shop, f"{PRODUCTS}/{import_id}", key="import_status")
    rows = report(shop.get(f"{PRODUCTS}/{import_id}/transformation_error_report"))
    return [(row[-2], row[-1]) for row in rows[1:]]


def test_a_product_passes_transformation_and_integration(sandbox: MiraklSandbox, shop: Shop) -> None:
    lines = (product("C-1"), product("C-2", ean="9520000000012"), product("C-3", ean="9520000000035", title=""))
    import_id = send(shop, PRODUCTS, file_of(PRODUCT_COLUMNS, *lines), operator_format="true")
    path = f"{PRODUCTS}/{import_id}"
    seen = [shop.get(path).json()["import_status"] for _ in range(6)]
    assert seen == ["TRANSFORMATION_WAITING", "TRANSFORMATION_RUNNING", "WAITING", "RUNNING", "SENT", "COMPLETE"]
    status = shop.get(path).json()
    assert (status["transform_lines_in_success"], status["transform_lines_in_error"]) == (2, 1)
    assert status["integration_details"]["products_successfully_synchronized"] == 1
    assert status["integration_details"]["products_with_wrong_identifiers"] == 1
    refused = report(shop.get(f"{path}/transformation_error_report"))[1]
    assert refused[-2] == "1000|The attribute 'title' (Title) is required"
    assert report(shop.get(f"{path}/error_report"))[1] == ["C-2", "2019|The reference is invalid"]
    assert [row[0] for row in report(shop.get(f"{path}/new_product_report"))] == ["shop_sku", "C-1"]
    transformed = report(shop.get(f"{path}/transformed_file"))
    assert (len(transformed), "nonsense" in transformed[0]) == (3, False)
    assert shop.get("/api/products", product_references="EAN|9520000000011").json()["total_count"] == 1
    assert shop.get(PRODUCTS).json()["product_import_trackings"][0]["import_id"] == import_id
    assert [taken["sku"] for taken in sandbox.taken_products()] == ["C-1"]


def test_a_category_asks_for_what_those_above_it_ask_for(shop: Shop) -> None:
    rest = "norrvik;https://img.example.com/1.jpg;;m"
    assert product_errors(shop, product("K-1", category="womens-knitwear", rest=rest)) == [
        (
            "1000|The attribute 'composition' (Composition) is required,"
            "1000|The attribute 'colour' (Colour) is required",
            "",
        )
    ]


@pytest.mark.parametrize(
    ("cells", "errors", "warnings"),
    [
        ({"category": "Coats"}, "1004|The category could not be identified", ""),
        ({"title": "x" * 121}, "2004|The attribute 'title' (Title) may have 120 characters", ""),
        (
            {"rest": "norrvik;https://img.example.com/1.jpg;Black;m"},  # a label is no code
            "2006|The attribute 'colour' (Colour) is not in the possible values set in the value list",
            "",
        ),
        ({"description": ""}, "", "1001|The attribute 'description' (Description) is recommended"),
    ],
)
def test_each_rule_has_its_code(shop: Shop, cells: dict[str, str], errors: str, warnings: str) -> None:
    assert product_errors(shop, product("C-1", **cells)) == [(errors, warnings)]


def test_products_wait_with_the_operator_until_it_integrates_them(sandbox: MiraklSandbox, shop: Shop) -> None:
    sandbox.change_settings(operator_integrates=False, report_sku_column="ref", report_error_column="motif")
    lines = (product("C-1"), product("C-2", ean="1"), product("C-3", category=""))
    import_id = send(shop, PRODUCTS, file_of(PRODUCT_COLUMNS, *lines), operator_format="true")
    sandbox.advance(3 * 86400)
    path = f"{PRODUCTS}/{import_id}"
    assert [shop.get(path).json()["import_status"] for _ in range(7)][-1] == "SENT"
    status = shop.get(path).json()
    assert (status["has_transformation_error_report"], status["integration_details"]) == (True, None)
    assert shop.get(f"{path}/error_report").status_code == 404
    assert sandbox.taken_products() == []

    assert sandbox.integrate_products() == 1

    assert shop.get(path).json()["import_status"] == "COMPLETE"
    assert report(shop.get(f"{path}/error_report"))[0] == ["ref", "motif"]
    assert [taken["sku"] for taken in sandbox.taken_products()] == ["C-1"]


def test_attributes_come_with_those_of_parents_and_of_children(shop: Shop) -> None:
    def asked(**query: Any) -> set[str]:
        return {row["code"] for row in shop.get("/api/products/attributes", **query).json()["attributes"]}

    assert {"colour", "composition", "length_cm"} <= asked(hierarchy="clothing")
    assert asked(hierarchy="clothing", max_level=0).isdisjoint({"composition", "length_cm", "shoe_size"})
    assert asked(hierarchy_code="clothing") == asked()  # a wrong name is ignored
    assert asked(with_roles="true") > {"category", "shop_sku"}
    assert "colour" not in asked(with_roles="true")


def test_the_same_question_is_answered_once_an_hour(sandbox: MiraklSandbox, shop: Shop) -> None:
    sandbox.change_settings(call_limits=True)
    codes = [shop.get("/api/values_lists", code=code).status_code for code in ("brands", "sizes", "brands")]
    assert codes == [200, 200, 429]


def test_without_the_operators_format_no_category_is_found(shop: Shop) -> None:
    import_id = send(shop, PRODUCTS, file_of(PRODUCT_COLUMNS, product("C-1")))
    status = until_done(shop, f"{PRODUCTS}/{import_id}", key="import_status")
    assert (status["transform_lines_in_error"], status["has_error_report"]) == (1, False)
    line = report(shop.get(f"{PRODUCTS}/{import_id}/transformation_error_report"))[1]
    assert "1004|The category could not be identified" in line
    assert shop.get(f"{PRODUCTS}/{import_id}/error_report").status_code == 404
