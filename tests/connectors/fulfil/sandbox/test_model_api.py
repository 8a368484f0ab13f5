"""The Model API: requests as the vendor's client 3.2.0 sends them, domains, paging, typed JSON, refusals, limits."""

import base64
import json
from typing import Any

import pytest

from connectors.fulfil.sandbox import FulfilSandbox, make
from connectors.fulfil.sandbox.schema import MODELS as KEPT
from connectors.fulfil.sandbox.server import API_KEY
from tests.connectors.fulfil.sandbox.api import CONTRACT, MODELS, Api, amount, order, record_problems

PRODUCT = "product.product"


def codes(api: Api, domain: Any, **context: Any) -> list[str]:
    rows = api.call(PRODUCT, "search_read", domain, None, None, [["id", "ASC"]], ["code"], context=context)
    return [row["code"] for row in rows]


# --- domains ----------------------------------------------------------------------------------------------------------
SKUS = ["shipping", "TEE-M", "TEE-L", "SCARF"]
DOMAINS: list[tuple[Any, list[str]]] = [
    ([], SKUS),
    (None, SKUS),
    ([["code", "=", "SCARF"]], ["SCARF"]),
    (["code", "=", "SCARF"], ["SCARF"]),  # a bare clause
    ([["AND", ["code", "=", "SCARF"]]], ["SCARF"]),
    (["AND", ["code", "like", "TEE%"], ["variant_name", "=", "L"]], ["TEE-L"]),
    (["OR", ["code", "=", "SCARF"], ["code", "=", "TEE-M"]], ["TEE-M", "SCARF"]),
    (
        [["type", "=", "goods"], ["OR", [["code", "=", "SCARF"]], [["variant_name", "=", "M"], ["upc", "!=", None]]]],
        ["TEE-M", "SCARF"],
    ),
    ([["code", "!=", "SCARF"], ["type", "=", "goods"]], ["TEE-M", "TEE-L"]),
    ([["code", "in", ["SCARF", "TEE-L", "X"]]], ["TEE-L", "SCARF"]),
    ([["code", "not in", ["SCARF", "TEE-L"]]], ["shipping", "TEE-M"]),
    ([["code", "like", "tee%"]], []),
    ([["code", "ilike", "tee%"]], ["TEE-M", "TEE-L"]),
    ([["code", "not ilike", "tee%"]], ["shipping", "SCARF"]),
    ([["upc", "=", None]], ["shipping", "TEE-L", "SCARF"]),
    ([["salable", "=", "true"], ["id", ">", 3]], ["SCARF"]),
    ([["template.name", "=", "Tee"]], ["TEE-M", "TEE-L"]),
    ([["template", "where", [["name", "=", "Tee"]]]], ["TEE-M", "TEE-L"]),
    ([["template.products.code", "=", "TEE-L"]], ["TEE-M", "TEE-L"]),  # through a list
    ([["list_price", ">=", "0.00"], ["list_price", "<", amount("0.01")]], SKUS),
]  # fmt: skip


@pytest.mark.parametrize(("domain", "expected"), DOMAINS)
def test_a_domain_means_what_it_says(api: Api, domain: Any, expected: list[str]) -> None:
    assert codes(api, domain) == expected


def test_archived_records_are_shown_when_they_are_asked_for(api: Api, tenant: FulfilSandbox) -> None:
    tenant.edit_product("SCARF", active=False)

    assert codes(api, [["code", "=", "SCARF"]]) == []
    assert codes(api, [["code", "=", "SCARF"]], active_test=False) == ["SCARF"]
    assert codes(api, [["active", "=", False]]) == ["SCARF"]


def test_zones_are_below_their_warehouse(api: Api) -> None:
    assert api.call("stock.location", "search", [["id", "child_of", 4]], None, None, [["id", "ASC"]]) == [1, 2, 3, 4]
    assert api.call("stock.location", "search", [["id", "parent_of", [3]]], None, None, [["id", "ASC"]]) == [3, 4]


# --- reading ----------------------------------------------------------------------------------------------------------
def test_search_read_stops_at_500_without_a_word_and_search_does_not(api: Api, tenant: FulfilSandbox) -> None:
    for number in range(510):
        tenant.tenant.insert("party.party", name=f"Party {number}")

    assert len(api.call("party.party", "search_read", [], 0, None, None, ["name"])) == 500
    assert len(api.call("party.party", "search_read", [], 0, 9999, None, ["name"])) == 500
    ids = api.call("party.party", "search", [], 0, None, None)
    assert len(ids) == api.call("party.party", "search_count", []) == 511
    assert len(api.call("party.party", "search_read", [], 500, None, None, ["name"])) == 11


def test_dotted_fields_are_flat_keys_and_do_not_lead_through_lists(api: Api) -> None:
    (row,) = api.call(PRODUCT, "search_read", [["code", "=", "TEE-M"]], None, None, None, ["template.name"])
    assert row == {"id": 2, "template.name": "Tee"}

    told = api.refused("product.template", "search_read", [], None, None, None, ["products.code"])
    assert "list" in told["message"]


def test_the_object_form_of_search_read_is_taken(api: Api) -> None:
    asked = {
        "filters": [["code", "like", "TEE%"]],
        "fields": ["code"],
        "offset": 1,
        "limit": 5,
        "order": [["code", "asc"]],
    }

    assert [row["code"] for row in api.call(PRODUCT, "search_read", asked)] == ["TEE-M"]
    assert api.call(PRODUCT, "search_count", asked) == 2


def test_records_are_read_in_the_order_of_their_ids_and_a_field_nobody_has_is_refused(api: Api) -> None:
    assert [row["code"] for row in api.call(PRODUCT, "read", [4, 2], ["code"])] == ["SCARF", "TEE-M"]
    assert api.refused(PRODUCT, "read", [2], ["colour"])["type"] == "UserError"
    assert api.refused(PRODUCT, "search", [["colour", "=", 1]])["type"] == "UserError"


def test_amounts_are_never_floats_and_quantities_always_are(api: Api) -> None:
    (row,) = api.call(PRODUCT, "read", [2], ["list_price", "quantity_on_hand"])

    assert row == {"id": 2, "list_price": {"__class__": "Decimal", "decimal": "0"}, "quantity_on_hand": 1020.0}


@pytest.mark.parametrize("model", sorted(set(KEPT) & set(MODELS)))
def test_every_record_of_every_model_keeps_the_contract(api: Api, tenant: FulfilSandbox, model: str) -> None:
    lived_in(api)
    rows = api.call(model, "read", api.call(model, "search", [], context={"active_test": False}))

    assert rows or model in NEVER_MADE
    known = CONTRACT.resolved({"$ref": MODELS[model]})
    for row in rows:
        assert record_problems(model, row) == []
        strangers = set(row) - named(known) - OURS.get(model, set())
        assert strangers == set()


NEVER_MADE = {"product.product.channel_listing", "ir.webhook", "stock.inventory", "stock.inventory.line"}
# what the sandbox keeps to do its work, beside what the contract names
OURS: dict[str, set[str]] = {
    "party.address": {"channel_identifier"},
    "account.invoice": {"sale"},
    "sale.line": {"origin"},
    "sale.sale": {"description"},
    "product.product": {"quantity_on_hand"},
    "stock.location": {"quantity_available"},
    "stock.shipment.out": {"comment"},
    "shipment.tracking": {"tracking_url"},
    "party.contact_mechanism": set(),
}


def named(schema: dict[str, Any]) -> set[str]:
    found = set(schema.get("properties", {}))
    for part in schema.get("allOf", ()):
        found |= named(CONTRACT.resolved(part))
    return found


def lived_in(api: Api) -> None:
    """Everything has happened once: an order was sold, released, sent and taken back in part; another does not add up."""
    sale = api.call("sale.channel", "create_order", 3, order())["id"]
    api.call("sale.sale", "process", [sale])
    (shipment,) = api.call("sale.sale", "read", [sale], ["shipments"])[0]["shipments"]
    api.sandbox.ship(shipment, tracking_number="00370001")
    line = api.call("sale.sale", "read", [sale], ["lines"])[0]["lines"][0]
    back = [{"channel_identifier": "R-1", "lines": [{"order_line_id": line, "return_quantity": 1}]}]
    made = api.ask("PUT", f"/model/sale.sale/{sale}/return_order", back)
    assert made.status == 200
    api.call("sale.channel", "create_order", 3, order("CE-2", amount=amount("446.99")))


# --- REST forms, the door ---------------------------------------------------------------------------------------------
def test_rest_forms_answer_201_and_204_where_calls_answer_200(api: Api) -> None:
    made = api.ask("POST", "/model/party.party", [{"name": "Bob"}])
    assert made.status == 201
    (row,) = json.loads(made.encoded())
    assert row["rec_name"] == "Bob"
    assert api.ask("PUT", f"/model/party.party/{row['id']}", {"name": "Charlie"}).status == 200
    assert json.loads(api.ask("GET", f"/model/party.party/{row['id']}").encoded())["name"] == "Charlie"
    assert api.ask("DELETE", f"/model/party.party/{row['id']}").status == 204
    assert api.ask("GET", f"/model/party.party/{row['id']}").status == 404
    assert api.call("party.party", "create", [{"name": "Bob"}]) == [row["id"] + 1]


def test_a_list_is_paged_filtered_and_capped(api: Api) -> None:
    query = {
        "filter": [["type", "=", "goods"]],
        "field": "code",
        "page": "2",
        "per_page": "2",
        "order": [["id", "ASC"]],
    }
    reply = api.ask("GET", f"/model/{PRODUCT}", query=query)

    assert [row["code"] for row in json.loads(reply.encoded())] == ["SCARF"]
    assert CONTRACT.answer_problems("listRecords", 200, json.loads(reply.encoded())) == []
    assert [
        row["id"] for row in json.loads(api.ask("GET", f"/model/{PRODUCT}", query={"code": "TEE-L"}).encoded())
    ] == [3]
    assert api.ask("GET", f"/model/{PRODUCT}", query={"per_page": "501"}).status == 400


@pytest.mark.parametrize(
    "headers",
    [
        {"x-api-key": API_KEY},
        {"authorization": f"Bearer {API_KEY}"},
        {"authorization": "Basic " + base64.b64encode(f"{API_KEY}:".encode()).decode()},
    ],
)
def test_a_key_is_taken_in_every_form(tenant: FulfilSandbox, headers: dict[str, str]) -> None:
    assert Api(tenant, headers).ask("GET", "/test").status == 200


@pytest.mark.parametrize("headers", [{}, {"x-api-key": "other"}, {"authorization": "Bearer other"}])
def test_without_a_key_nothing_is_answered(tenant: FulfilSandbox, headers: dict[str, str]) -> None:
    reply = Api(tenant, headers).ask("PUT", "/model/sale.sale/search", [])

    assert (reply.status, reply.content_type) == (401, "application/json")
    assert json.loads(reply.encoded())["code"] == 401


def test_calls_of_a_second_are_counted_and_the_next_second_is_a_new_one(tenant: FulfilSandbox) -> None:
    api = Api(tenant)
    tenant.configure(calls_per_second=2)
    assert [api.ask("GET", "/test").status for _ in range(3)] == [200, 200, 429]

    refused = api.ask("GET", "/test")
    assert refused.headers["Retry-After"] == "1"
    assert refused.headers["X-RateLimit-Remaining"] == "0"
    assert json.loads(refused.encoded())["name"] == "Too Many Requests"
    tenant.advance(1)
    assert api.ask("GET", "/test").status == 200


def test_silly_arguments_are_an_error_of_the_server_s(api: Api) -> None:
    reply = api.ask("PUT", "/model/sale.sale/search", [1])

    assert (reply.status, reply.headers["X-Sentry-ID"]) == (500, "3f1d5e0c7b")


def test_what_does_not_exist_is_404(api: Api) -> None:
    assert api.refused("sale.sale", "fly", status=404)["name"] == "Not Found"
    assert api.refused("sale.ship", "search", status=404)["code"] == 404
    assert api.refused("sale.sale", "read", [99], status=404)["code"] == 404


def test_a_refused_request_leaves_nothing_of_what_it_began(api: Api, tenant: FulfilSandbox) -> None:
    before = {model: len(rows) for model, rows in tenant.tenant.tables.items()}
    lines = [*order()["sale_lines"], {"sku": "NOPE", "quantity": 1, "unit_price": "1"}]

    assert "NOPE" in api.refused("sale.channel", "create_order", 3, order(sale_lines=lines))["message"]

    assert {model: len(rows) for model, rows in tenant.tenant.tables.items()} == before
    assert api.call("sale.sale", "search_count", []) == 0


def test_lists_are_written_by_commands(api: Api) -> None:
    (count,) = api.call(
        "stock.inventory",
        "create",
        [{"location": 3, "lost_found": 7, "type": "cycle", "lines": [["create", [{"product": 2, "quantity": 11}]]]}],
    )
    (line,) = api.call("stock.inventory", "read", [count], ["lines"])[0]["lines"]
    api.call("stock.inventory", "write", [count], {"lines": [["write", [line], {"quantity": 12}]]})
    api.call("stock.inventory", "complete", [count])
    api.call("stock.inventory", "confirm", [count])

    assert api.call(PRODUCT, "get_product_inventory", [2], [4]) == {
        "2": {"4": {"quantity_on_hand": 12.0, "quantity_available": 12.0}}
    }
    assert api.refused("stock.inventory", "confirm", [count])["type"] == "UserError"


def test_the_sandbox_of_the_command_sells_the_brand_s_goods() -> None:
    empty, full = make(), make(seed=1)

    assert len(empty.tenant.tables[PRODUCT]) == 1
    assert len(full.tenant.tables[PRODUCT]) > 300
    assert full.credentials() == {"api_key": API_KEY, "webhook_secret": full.tenant.webhooks.secret}
