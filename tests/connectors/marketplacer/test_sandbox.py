"""The sandbox against the contract, and its own rules where the connector never meets them."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from graphql import GraphQLSchema, build_schema, get_named_type, is_abstract_type, is_leaf_type, parse, validate

from connectors import ports
from connectors.marketplacer.sandbox import API_KEY, MarketplacerSandbox, make
from connectors.marketplacer.sandbox.resolving import SDL_PATH
from connectors.sandboxkit import Fault, SandboxClock
from tests.connectors.conformance import START
from tests.connectors.marketplacer.payloads import CONTRACT
from tests.connectors.marketplacer.shop import LINES

ROOTS = ("brands", "taxons", "advertsWhere", "allAdverts", "invoices", "refundRequests", "shipmentCarriers")
ARGUMENTS = {"advertsWhere": 'first: 500, skus: ["NV1001-410-M"]', "allAdverts": "includeDeleted: true"}


def ask(sandbox: MarketplacerSandbox, query: str, *, headers: dict[str, str] | None = None, **variables: Any) -> Any:
    given = {"Authorization": f"Bearer {API_KEY}"} if headers is None else headers
    body = json.dumps({"query": query, "variables": variables, "operation": "Ignored"}).encode()
    request = Request(f"{sandbox.base_url}/graphql", body, {"Content-Type": "application/json", **given})
    with urlopen(request) as answer:
        return json.load(answer)


def refused(sandbox: MarketplacerSandbox, headers: dict[str, str]) -> tuple[int, str, str | None]:
    with pytest.raises(HTTPError) as caught:
        ask(sandbox, "{ __typename }", headers=headers)
    with caught.value as answer:
        return answer.status, answer.read().decode(), answer.headers["Retry-After"]


@pytest.fixture(scope="module")
def contract() -> GraphQLSchema:
    return build_schema(CONTRACT.read_text())


@pytest.fixture(scope="module")
def lived_in() -> Iterator[MarketplacerSandbox]:
    """An instance in which everything has happened once."""
    with (
        ports.using(clock=ports.VirtualClock(START)),
        MarketplacerSandbox(clock=SandboxClock(START, frozen=True)) as sandbox,
    ):
        reference = sandbox.add_order(lines=LINES, discount="5.00")
        invoice = sandbox.market.invoice(reference)
        carrier = next(sandbox.market.of("ShipmentCarrier"))["id"]
        item = {"lineItemId": invoice["lineItems"][0]["id"], "quantity": 1}
        shipment = {
            "invoiceId": invoice["id"],
            "postageCarrierId": carrier,
            "trackingNumber": "PN1",
            "dispatchedAt": "2026-01-15T10:00:00Z",
            "shippedItems": [item],
        }
        made = ask(sandbox, SHIP, input=shipment)
        assert made["data"]["shipmentCreate"]["errors"] is None
        request = sandbox.request_refund(reference, units={"NV2004-120-L": 1})
        sandbox.return_refund(request)
        sandbox.refund(request)
        yield sandbox


SHIP = (
    "mutation S($input: ShipmentCreateMutationInput!) { shipmentCreate(input: $input) "
    "{ status shipment { id } errors { field messages } } }"
)


def test_the_sandbox_serves_the_contract() -> None:
    assert SDL_PATH.read_text() == CONTRACT.read_text()


def everything(schema: GraphQLSchema, kind: Any, depth: int) -> str:
    """A selection of every field that needs no argument, `depth` levels down; what sellers may not see is left out."""
    if is_abstract_type(kind):
        parts = [f"... on {one.name} {everything(schema, one, 0)}" for one in schema.get_possible_types(kind)]
        return "{ __typename " + " ".join(parts) + " }"
    parts = ["__typename"]
    for name, field in kind.fields.items():
        inner = get_named_type(field.type)
        if (kind.name, name) == ("Invoice", "order"):
            continue
        if is_leaf_type(inner):
            parts.append(f"{kind.name}_{name}: {name}")
        elif depth > 0:
            parts.append(f"{kind.name}_{name}: {name} {everything(schema, inner, depth - 1)}")
    return "{ " + " ".join(parts) + " }"


@pytest.mark.parametrize("root", ROOTS)
def test_every_field_of_every_list_can_be_read_and_fits_its_type(
    contract: GraphQLSchema, lived_in: MarketplacerSandbox, root: str
) -> None:
    """The executor itself refuses a value that does not fit, or a null where none may be."""
    kind = get_named_type(contract.query_type.fields[root].type)  # type: ignore[union-attr]
    query = f"{{ {root}({ARGUMENTS.get(root, 'first: 5')}) {everything(contract, kind, 2)} }}"
    assert validate(contract, parse(query)) == []

    answer = ask(lived_in, query)

    assert answer.get("errors") is None, answer["errors"][:2]
    nodes = next(value for name, value in answer["data"][root].items() if name.endswith("_nodes"))
    assert nodes


# --- doors ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("headers", "text"),
    [
        ({}, "API Token has expired"),
        ({"Authorization": "Bearer wrong"}, "API Token has expired"),
        ({"Authorization": f"Bearer {API_KEY}", "MARKETPLACER-API-KEY": API_KEY}, "API Token has expired"),
    ],
)
def test_a_wrong_key_or_two_are_turned_away(sandbox: MarketplacerSandbox, headers: dict[str, str], text: str) -> None:
    assert refused(sandbox, headers) == (401, text, None)


def test_the_second_door_is_asked_first(sandbox: MarketplacerSandbox) -> None:
    sandbox.configure(basic_user="staging", basic_password="open-sesame")

    assert refused(sandbox, {"Authorization": f"Bearer {API_KEY}"})[:2] == (401, "Unauthorized")
    assert refused(sandbox, {"Authorization": "Basic c3RhZ2luZzpvcGVuLXNlc2FtZQ=="})[:2] == (
        401,
        "API Token has expired",
    )


@pytest.mark.parametrize(("told", "header"), [(True, "60"), (False, None)])
def test_more_calls_than_allowed_are_put_off(sandbox: MarketplacerSandbox, told: bool, header: str | None) -> None:
    sandbox.configure(calls_per_minute=1, retry_after=told)
    ask(sandbox, "{ __typename }")

    assert refused(sandbox, {"Authorization": f"Bearer {API_KEY}"})[::2] == (429, header)
    sandbox.advance(60)
    ask(sandbox, "{ __typename }")


# --- quirks -----------------------------------------------------------------------------------------------------------
def test_an_order_is_not_for_sellers(lived_in: MarketplacerSandbox) -> None:
    answer = ask(lived_in, "{ invoices { nodes { id order { id } } } }")

    (error,) = answer["errors"]
    assert error["path"] == ["invoices", "nodes", 0, "order"]
    assert answer["data"]["invoices"]["nodes"][0]["order"] is None


def test_the_final_refund_is_the_operators(lived_in: MarketplacerSandbox) -> None:
    answer = ask(lived_in, 'mutation { refundRequestRefund(input: {refundRequestId: "x", notes: []}) { status } }')

    assert answer["data"] == {"refundRequestRefund": None}
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"


def test_adverts_without_an_argument_are_none_and_not_all(lived_in: MarketplacerSandbox) -> None:
    assert ask(lived_in, "{ advertsWhere { totalCount } }")["data"]["advertsWhere"]["totalCount"] == 0


def test_a_bare_value_is_taken_for_a_list_of_one(lived_in: MarketplacerSandbox) -> None:
    query = "query Q($s: InvoiceSort) { invoices(sort: $s) { totalCount } }"

    assert ask(lived_in, query, s={"fields": "CREATED_AT"})["data"]["invoices"]["totalCount"] == 1


def test_a_field_that_is_not_there_is_told_with_its_type(lived_in: MarketplacerSandbox) -> None:
    (error,) = ask(lived_in, "{ invoices { nodes { colour } } }")["errors"]

    assert error["extensions"] == {"code": "undefinedField", "typeName": "Invoice", "fieldName": "colour"}


def test_a_date_that_is_none_is_refused_to_the_letter(lived_in: MarketplacerSandbox) -> None:
    told = {"invoiceId": "x", "postageCarrierId": "x", "trackingNumber": "x", "shippedItems": []}

    (error,) = ask(lived_in, SHIP, input={**told, "dispatchedAt": "2024-06-21T00"})["errors"]

    assert error["message"] == (
        "Variable $input of type ShipmentCreateMutationInput! was provided invalid value for dispatchedAt "
        '(Could not coerce value "2024-06-21T00" to ISO8601Date)'
    )


def test_the_platform_sells_no_more_than_it_has(sandbox: MarketplacerSandbox) -> None:
    sandbox.add_product(title="Coat", skus={"COAT": 1})

    with pytest.raises(ValueError, match="1 units on hand"):
        sandbox.add_order(lines=[{"sku": "COAT", "quantity": 2}])
    sandbox.add_order(lines=[{"sku": "COAT", "quantity": 1}])

    assert sandbox.shown("COAT")["quantity"] == 0


def test_a_return_puts_nothing_back_on_the_shelf(sandbox: MarketplacerSandbox) -> None:
    sandbox.add_product(title="Coat", skus={"COAT": 5})
    request = sandbox.request_refund(sandbox.add_order(lines=[{"sku": "COAT"}]), units={"COAT": 1})
    with pytest.raises(ValueError, match="Can only mark a returned or processed RefundRequest as refunded"):
        sandbox.refund(request)
    sandbox.return_refund(request)
    sandbox.refund(request)

    assert sandbox.shown("COAT")["quantity"] == 4


# --- control ----------------------------------------------------------------------------------------------------------
def steer(sandbox: MarketplacerSandbox, name: str, payload: dict[str, Any]) -> Any:
    with urlopen(Request(f"{sandbox.base_url}/_control/{name}", json.dumps(payload).encode())) as answer:
        return json.load(answer)


def test_everything_can_be_brought_about_over_http(sandbox: MarketplacerSandbox) -> None:
    reference = steer(sandbox, "add_order", {"lines": [{"sku": "COAT", "quantity": 2, "price": "10.50"}]})["result"]

    assert steer(sandbox, "invoice", {"reference": reference})["flags"] == ["PAID"]
    with pytest.raises(HTTPError) as caught:
        steer(sandbox, "configure", {"colour": "blue"})
    with caught.value as answer:
        assert answer.status == 400


def test_a_fault_is_named_by_the_document_or_by_its_root_field(sandbox: MarketplacerSandbox) -> None:
    for name in ("Mine", "brands"):
        sandbox.faults.add(Fault(kind="status_before", operation=name))

        with pytest.raises(HTTPError) as caught:
            ask(sandbox, "query Mine { brands { totalCount } }")
        with caught.value as answer:
            assert answer.status == 503
    assert sandbox.journal.count("Mine") == 2


def test_the_command_gets_a_believable_shop() -> None:
    sandbox = make(seed=1)

    assert len(list(sandbox.market.of("Variant"))) > 300
    assert len(list(sandbox.market.of("Invoice"))) == 12
    assert list(make().market.of("Invoice")) == []
    assert set(sandbox.credentials()) == {"api_key", "currency", "webhook_secret", "webhook_hmac_key"}


def test_what_was_saved_goes_on_where_it_stood(sandbox: MarketplacerSandbox, tmp_path: Any) -> None:
    reference = sandbox.add_order(lines=LINES)

    sandbox.save(tmp_path / "state")
    again = MarketplacerSandbox.load(tmp_path / "state")

    assert again.invoice(reference) == sandbox.invoice(reference)  # type: ignore[attr-defined]
