"""POST /graphql: tokens, permissions, errors, extensions, paging, filters, dates."""

from typing import Any

import pytest
import requests

from connectors.centra.sandbox import CentraSandbox
from connectors.sandboxkit import Fault
from tests.connectors.centra.sandbox import operations
from tests.connectors.centra.sandbox.api import Api

NUMBERS = "query Numbers { orders(sort: [number_ASC]) { number } }"


def numbers(api: Api, where: str, **variables: Any) -> list[int]:
    rows = api.ask(f"query {{ orders(where: {where}, sort: [number_ASC]) {{ number }} }}", **variables)["orders"]
    return [row["number"] for row in rows]


# --- tokens and permissions -------------------------------------------------------------------------------------------------
def test_every_answer_carries_the_extensions(api: Api) -> None:
    answer = api.post("query Stores { stores { id name type } }").json()

    assert answer["data"]["stores"][0] == {"id": 1, "name": "Retail", "type": "DIRECT_TO_CONSUMER"}
    assert answer["extensions"] == {"complexity": 10, "permissionsUsed": ["Store:read"], "appVersion": "v1.60.0"}


@pytest.mark.parametrize("how", ["unknown", "missing", "expired", "revoked", "old"])
def test_without_a_valid_token_nothing_is_answered(api: Api, sandbox: CentraSandbox, how: str) -> None:
    number = api.placed(("COAT-S", 1, "10.00"))
    match how:
        case "unknown":
            api.token = "somebody"
        case "missing":
            api.token = ""
        case "expired":
            sandbox.expire_token()
        case "revoked":
            sandbox.revoke_token()
        case _:
            sandbox.advance(30 * 86_400)

    answer = api.post(operations.CONFIRM, number=number)

    assert answer.status_code == 401
    assert answer.json()["errors"][0]["extensions"]["category"] == "authentication"
    assert sandbox.order(number).status == "PENDING"


def test_the_token_may_come_as_a_cookie(api: Api, sandbox: CentraSandbox) -> None:
    answer = requests.post(
        f"{sandbox.base_url}/graphql",
        json={"query": "{ stores { id } }"},
        cookies={"graphql-access": api.token},
        timeout=5,
    )

    assert answer.json()["data"]["stores"][0] == {"id": 1}


def test_a_missing_permission_fails_the_field_in_the_platforms_words(api: Api, sandbox: CentraSandbox) -> None:
    sandbox.add_token("shy", integration="hub", permissions=["Store:read"])
    api.token = "shy"

    answer = api.post("query { orderConnection(first: 1) { totalCount } }").json()

    assert answer["data"] is None
    (error,) = answer["errors"]
    assert error["message"] == "You need Order:read permission to access orderConnection."
    assert error["extensions"] == {"category": "authorization"}
    assert error["path"] == ["orderConnection"]


def test_a_missing_field_permission_leaves_the_rest(api: Api, sandbox: CentraSandbox) -> None:
    sandbox.forbid("Order.shippingAddress:read")
    api.placed(("COAT-S", 1, "10.00"))

    answer = api.post("query { orders { number shippingAddress { city } } }").json()

    assert answer["data"] == {"orders": [{"number": 10_001, "shippingAddress": None}]}
    assert answer["errors"][0]["message"] == "You need Order.shippingAddress:read permission to access shippingAddress."


def test_a_mutation_without_its_permission_changes_nothing(api: Api, sandbox: CentraSandbox) -> None:
    number = api.placed(("COAT-S", 1, "10.00"))
    sandbox.forbid("Order:write")

    (error,) = api.errors(operations.CONFIRM, number=number)

    assert error["message"] == "You need Order:write permission to access confirmOrder."
    assert sandbox.order(number).status == "PENDING"


def test_a_store_restriction_hides_the_other_stores(api: Api, sandbox: CentraSandbox) -> None:
    number = api.placed(("COAT-S", 1, "10.00"))
    sandbox.add_token("wholesale", integration="hub", store_ids=[2])
    api.token = "wholesale"

    assert api.ask(NUMBERS)["orders"] == []
    assert api.ask("{ stores { id } markets { id } }") == {"stores": [{"id": 2}], "markets": []}
    assert api.refused(operations.CONFIRM, number=number) == f"Could not find Order with number {number}"


# --- errors -----------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "query",
    ["{ orders { number ", "{ orders { nonsense } }", '{ orders(where: { status: ["CONFIRMED"] }) { number } }'],
)
def test_a_document_that_does_not_fit_is_an_error_of_category_graphql(api: Api, query: str) -> None:
    answer = api.post(query)

    assert answer.status_code == 200
    assert {error["extensions"]["category"] for error in answer.json()["errors"]} == {"graphql"}
    assert "data" not in answer.json()
    assert answer.json()["extensions"]["appVersion"] == "v1.60.0"


def test_a_date_that_is_none_is_refused(api: Api) -> None:
    (error,) = api.errors(operations.ORDERS_SINCE, since="the other day", stores=[1], page=1)

    assert error["extensions"]["category"] == "graphql"


def test_a_string_variable_may_stand_for_a_date(api: Api) -> None:
    api.placed(("COAT-S", 1, "10.00"))
    query = "query($since: String) { orders(where: { updatedAt: { from: $since } }) { number } }"

    assert api.ask(query, since="-1 hour")["orders"] == [{"number": 10_001}]
    assert api.ask(query, since="+1 hour")["orders"] == []


def test_a_reference_takes_exactly_one_field(api: Api, sandbox: CentraSandbox) -> None:
    number = api.placed(("COAT-S", 1, "10.00"))
    query = 'mutation { confirmOrder(input: { order: { number: %d, externalId: "x" } }) { order { id } } }'

    (error,) = api.errors(query % number)

    assert "exactly one field" in error["message"]
    assert sandbox.order(number).status == "PENDING"


# --- lists ------------------------------------------------------------------------------------------------------------------
def test_a_list_has_twenty_rows_by_default_and_ends_short(api: Api, sandbox: CentraSandbox) -> None:
    sandbox.set_stock("COAT-S", 100)
    for _ in range(25):
        api.placed(("COAT-S", 1, "10.00"))

    first = api.ask(NUMBERS)["orders"]
    second = api.ask("query { orders(sort: [number_ASC], page: 2) { number } }")["orders"]

    assert [len(first), len(second)] == [20, 5]
    assert first[-1]["number"] + 1 == second[0]["number"]


@pytest.mark.parametrize("limit", [0, 201, -1])
def test_a_limit_is_one_to_two_hundred(api: Api, limit: int) -> None:
    (error,) = api.errors(f"{{ orders(limit: {limit}) {{ number }} }}")

    assert error["message"] == "Limit must be between 1 and 200."


def test_filters_join_by_and_and_lists_mean_or(api: Api, sandbox: CentraSandbox) -> None:
    one = api.confirmed(("COAT-S", 1, "10.00"), comment="Northvale A-1")
    two = api.placed(("COAT-S", 1, "10.00"), comment="Northvale A-2")
    three = api.placed(("COAT-S", 1, "10.00"))
    sandbox.hold_order(three, reason="WAITING_FOR_FRAUD_CHECK")

    assert numbers(api, "{ status: [CONFIRMED, PENDING] }") == [one, two, three]
    assert numbers(api, "{ status: [PENDING], isOnHold: false }") == [two]
    assert numbers(api, '{ status: [PENDING], negate: ["status"] }') == [one]
    assert numbers(api, '{ otherComment: { contains: "northvale" } }') == [one, two]
    assert numbers(api, '{ otherComment: { startsWith: "Northvale A-2" } }') == [two]
    assert numbers(api, "{ orderHoldReason: [WAITING_FOR_FRAUD_CHECK] }") == [three]
    assert numbers(api, '{ notNull: ["orderHoldReason"] }') == [three]
    assert numbers(api, f'{{ search: "{two}" }}') == [two]
    assert numbers(api, f"{{ number: [{one}, {three}], storeType: DIRECT_TO_CONSUMER }}") == [one, three]
    assert numbers(api, "{ allocatedWarehouseCount: { from: 1, to: 1 }, countryId: [1] }") == [one, two, three]


def test_a_string_match_takes_exactly_one_field(api: Api) -> None:
    (error,) = api.errors('{ orders(where: { otherComment: { equals: "a", contains: "b" } }) { number } }')

    assert error["message"] == "StringMatch takes exactly one field."


def test_a_date_range_takes_both_ends_in(api: Api, sandbox: CentraSandbox) -> None:
    number = api.placed(("COAT-S", 1, "10.00"))
    moment = "2026-03-02T10:00:00+01:00"

    assert numbers(api, f'{{ updatedAt: {{ from: "{moment}", to: "{moment}" }} }}') == [number]
    assert numbers(api, '{ updatedAt: { from: "2026-03-02T09:00:00Z" } }') == [number]
    assert numbers(api, '{ updatedAt: { from: "2026-03-02 10:00:01" } }') == []
    assert numbers(api, "{ updatedAt: {} }") == [number]


def test_sorting_by_updated_at_follows_changes(api: Api, sandbox: CentraSandbox) -> None:
    one = api.placed(("COAT-S", 1, "10.00"))
    sandbox.advance(60)
    two = api.placed(("COAT-S", 1, "10.00"))
    sandbox.advance(60)
    api.done(operations.CONFIRM, number=one)

    rows = api.ask("{ orders(sort: [updatedAt_ASC]) { number updatedAt } }")["orders"]

    assert rows == [
        {"number": two, "updatedAt": "2026-03-02T10:01:00+01:00"},
        {"number": one, "updatedAt": "2026-03-02T10:02:00+01:00"},
    ]


def test_a_date_field_takes_a_php_format(api: Api) -> None:
    api.placed(("COAT-S", 1, "10.00"))

    rows = api.ask('{ orders { day: createdAt(format: "D j M y") at: createdAt(format: "U") } }')["orders"]

    assert rows == [{"day": "Mon 2 Mar 26", "at": "1772442000"}]


def test_a_connection_counts_and_walks_both_ways(api: Api) -> None:
    made = [api.placed(("COAT-S", 1, "10.00")) for _ in range(5)]
    query = """
    query($first: Int, $after: String, $last: Int, $before: String) {
      orderConnection(sort: [number_ASC], first: $first, after: $after, last: $last, before: $before) {
        totalCount edges { cursor node { number } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      }
    }
    """

    head = api.ask(query, first=2)["orderConnection"]
    rest = api.ask(query, first=10, after=head["pageInfo"]["endCursor"])["orderConnection"]
    back = api.ask(query, last=2, before=rest["pageInfo"]["startCursor"])["orderConnection"]

    assert head["totalCount"] == 5
    assert [edge["node"]["number"] for edge in head["edges"] + rest["edges"]] == made
    assert (head["pageInfo"]["hasNextPage"], head["pageInfo"]["hasPreviousPage"]) == (True, False)
    assert (rest["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasPreviousPage"]) == (False, True)
    assert back["edges"] == head["edges"]
    assert "either first or last" in api.errors(query)[0]["message"]


def test_a_list_may_lag_behind_while_a_look_up_by_number_does_not(api: Api, sandbox: CentraSandbox) -> None:
    sandbox.configure(list_lag_seconds=60)
    number = api.placed(("COAT-S", 1, "10.00"), comment="A-1")

    assert numbers(api, '{ otherComment: { contains: "A-1" } }') == []
    assert api.order(number)["number"] == number
    sandbox.advance(60)
    assert numbers(api, '{ otherComment: { contains: "A-1" } }') == [number]


def test_payment_entries_are_found_by_their_reference(api: Api, sandbox: CentraSandbox) -> None:
    number = api.placed(("COAT-S", 1, "10.00"), payment={"auth": {"status": 1, "transaction": "A-1"}})
    api.placed(("COAT-S", 1, "10.00"), payment={"auth": {"status": 1, "transaction": "A-2"}})
    query = '{ orderPaymentHistory(where: { externalReference: ["A-1"] }) { entryType order { number } } }'

    assert api.ask(query)["orderPaymentHistory"] == [{"entryType": "AUTH", "order": {"number": number}}]


# --- variants of the platform -----------------------------------------------------------------------------------------------
def test_a_deprecated_field_is_named_in_the_answer_that_used_it(api: Api, sandbox: CentraSandbox) -> None:
    sandbox.deprecate("Order.otherComment", "removed on 2026-09-01, use comments")

    used = api.post("{ orders { otherComment } }").json()["extensions"]
    unused = api.post("{ orders { number } }").json()["extensions"]

    assert used["deprecatedFieldsUsed"] == ["Order.otherComment: removed on 2026-09-01, use comments"]
    assert "deprecatedFieldsUsed" not in unused


def test_a_tenant_may_lack_a_field_and_says_so_by_introspection(api: Api, sandbox: CentraSandbox) -> None:
    sandbox.remove_field("Shipment.externalId")

    kinds = api.ask('{ a: __type(name: "Shipment") { fields { name } } b: __type(name: "Order") { fields { name } } }')

    assert "externalId" not in {field["name"] for field in kinds["a"]["fields"]}
    assert "externalId" in {field["name"] for field in kinds["b"]["fields"]}
    assert api.errors("{ shipments { externalId } }")[0]["extensions"]["category"] == "graphql"


def test_an_order_may_show_a_status_nobody_documented(api: Api, sandbox: CentraSandbox) -> None:
    number = api.placed(("COAT-S", 1, "10.00"))
    sandbox.show_strange_status(number, "AWAITING_REVIEW")

    assert api.order(number)["status"] == "AWAITING_REVIEW"


def test_a_change_of_the_schema_that_does_not_fit_is_refused(api: Api, sandbox: CentraSandbox) -> None:
    with pytest.raises(ValueError, match="There is no field"):
        sandbox.remove_field("Order.colour")

    assert api.ask("{ stores { id } }")["stores"][0] == {"id": 1}


# --- names for faults and the journal -----------------------------------------------------------------------------------------
def test_a_call_is_journalled_by_its_documents_name_else_by_its_first_root_field(
    api: Api, sandbox: CentraSandbox
) -> None:
    api.ask(NUMBERS)
    api.ask("{ stores { id } markets { id } }")
    api.placed(("COAT-S", 1, "10.00"))
    api.mutate(operations.CONFIRM, number=10_001)

    assert [entry.operation for entry in sandbox.journal.entries()] == ["Numbers", "stores", "POST /order", "Confirm"]
    assert [entry.operation for entry in sandbox.calls("confirmOrder")] == ["Confirm"]
    assert [entry.operation for entry in sandbox.calls("markets")] == ["stores"]


@pytest.mark.parametrize("target", ["Both", "updateDirectToConsumerOrder", "confirmOrder", "mutation"])
def test_a_fault_finds_a_document_by_its_name_a_root_field_or_its_kind(
    api: Api, sandbox: CentraSandbox, target: str
) -> None:
    number = api.placed(("COAT-S", 1, "10.00"))
    sandbox.faults.add(Fault(kind="status_after", operation=target, status=502))
    both = """
    mutation Both($number: Int!) {
      updateDirectToConsumerOrder(order: { number: $number }, input: { externalId: "A-1" }) { userErrors { message } }
      confirmOrder(input: { order: { number: $number } }) { userErrors { message } }
    }
    """

    assert api.ask(NUMBERS)["orders"] == [{"number": number}]  # a query is not hit
    assert api.post(both, number=number).status_code == 502
    assert sandbox.order(number).status == "CONFIRMED"
    assert sandbox.order(number).external_ids == {"hub": "A-1"}


def test_mutations_of_one_document_run_in_order_and_a_failing_one_undoes_nothing(
    api: Api, sandbox: CentraSandbox
) -> None:
    one, two = api.placed(("COAT-S", 1, "10.00")), api.placed(("COAT-S", 1, "10.00"))
    query = f"""
    mutation {{
      a: confirmOrder(input: {{ order: {{ number: {one} }} }}) {{ userErrors {{ message }} }}
      b: confirmOrder(input: {{ order: {{ number: {one} }} }}) {{ order {{ id }} userErrors {{ message path }} }}
      c: confirmOrder(input: {{ order: {{ number: {two} }} }}) {{ userErrors {{ message }} }}
    }}
    """

    data = api.ask(query)

    assert data["a"] == data["c"] == {"userErrors": []}
    assert data["b"] == {
        "order": None,
        "userErrors": [
            {
                "message": f'Order "{one}" cannot be confirmed, its status is "CONFIRMED".',
                "path": ["input", "order"],
            }
        ],
    }


def test_a_late_mutation_takes_effect_after_the_caller_gave_up(api: Api, sandbox: CentraSandbox) -> None:
    number = api.placed(("COAT-S", 1, "10.00"))
    sandbox.faults.add(Fault(kind="late", operation="confirmOrder", seconds=20))
    with pytest.raises(OSError):
        api.post(operations.CONFIRM, number=number)
    assert sandbox.order(number).status == "PENDING"

    sandbox.advance(20)

    assert sandbox.order(number).status == "CONFIRMED"
