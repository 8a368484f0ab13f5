"""Six token buckets: https://centra.dev/integration-api/api-rate-limits"""

from datetime import timedelta
from email.utils import parsedate_to_datetime

import pytest

from connectors.centra.sandbox import CentraSandbox
from connectors.sandboxkit import Fault
from tests.connectors.centra.sandbox import operations
from tests.connectors.centra.sandbox.api import START, Api

QUERY = "{ stores { id } }"


def test_a_fresh_instance_shows_the_documented_quotas(api: Api) -> None:
    rows = api.ask(operations.RATE_LIMITS)["rateLimits"]

    assert {(row["type"], row["intervalSeconds"]): row["quota"] for row in rows} == {
        ("REQUEST_COUNT", "TEN_SECONDS"): 20,
        ("REQUEST_COUNT", "ONE_HOUR"): 10_000,
        ("QUERY_COMPLEXITY", "TEN_SECONDS"): 150_000,
        ("QUERY_COMPLEXITY", "ONE_HOUR"): 20_000_000,
        ("MUTATION_COUNT", "TEN_SECONDS"): 100,
        ("MUTATION_COUNT", "ONE_HOUR"): 1_000,
    }
    used = {(row["type"], row["intervalSeconds"]): (row["usedQuota"], row["remainingQuota"]) for row in rows}
    assert used["REQUEST_COUNT", "TEN_SECONDS"] == (1, 19)  # the look at the limits is counted itself
    assert used["QUERY_COMPLEXITY", "ONE_HOUR"] == (10, 19_999_990)


def test_the_limits_can_be_read_without_any_permission(api: Api, sandbox: CentraSandbox) -> None:
    sandbox.add_token("shy", integration=None, permissions=["Store:read"])
    api.token = "shy"

    assert len(api.ask(operations.RATE_LIMITS)["rateLimits"]) == 6


def test_an_empty_bucket_is_429_with_the_time_it_may_go_on(api: Api, sandbox: CentraSandbox) -> None:
    for _ in range(20):
        api.ask(QUERY)

    refused = api.post(QUERY)

    assert refused.status_code == 429
    resumes = START + timedelta(seconds=1)  # one request comes back every half second
    assert refused.headers["Retry-After"] == str(int(resumes.timestamp()))
    sandbox.advance(1)
    assert api.post(QUERY).status_code == 200


def test_a_refused_call_changes_nothing_and_costs_nothing(api: Api, sandbox: CentraSandbox) -> None:
    number = api.placed(("COAT-S", 1, "10.00"))
    sandbox.set_limits({("MUTATION_COUNT", "TEN_SECONDS"): 1})
    api.done(operations.TAG_IMPORTED, number=number, ext="A-1")

    assert api.post(operations.CONFIRM, number=number).status_code == 429
    assert sandbox.order(number).status == "PENDING"
    sandbox.advance(10)
    api.done(operations.CONFIRM, number=number)


def test_every_mutation_of_a_document_counts(api: Api, sandbox: CentraSandbox) -> None:
    number = api.placed(("COAT-S", 1, "10.00"))
    sandbox.set_limits({("MUTATION_COUNT", "ONE_HOUR"): 3})
    update = f'updateDirectToConsumerOrder(order: {{ number: {number} }}, input: {{ externalId: "A" }})'
    tag = f"{update} {{ userErrors {{ message }} }}"

    assert api.post(f"mutation {{ a: {tag} b: {tag} }}").status_code == 200
    assert api.post(f"mutation {{ a: {tag} b: {tag} }}").status_code == 429
    assert api.post(f"mutation {{ a: {tag} }}").status_code == 200


def test_complexity_is_limit_times_what_a_row_costs(api: Api, sandbox: CentraSandbox) -> None:
    def cost(query: str, **variables: int) -> int:
        return int(api.post(query, **variables).json()["extensions"]["complexity"])

    assert cost("{ orders(limit: 100) { number status lines { id } } }") == 300
    assert cost("{ orders { number } }") == 20
    assert cost("query($n: Int) { orders(limit: $n) { ...o } } fragment o on Order { number }", n=50) == 50
    assert cost("{ warehouses(limit: 1) { stock(limit: 100) { freeToAllocateQuantity } } }") == 100
    assert cost("{ warehouses(limit: 1) { stock(limit: 100) { physicalQuantity } } }") == 500


def test_a_query_that_costs_too_much_is_429(api: Api, sandbox: CentraSandbox) -> None:
    sandbox.set_limits({("QUERY_COMPLEXITY", "TEN_SECONDS"): 100})

    assert api.post("{ orders(limit: 200) { number } }").status_code == 429
    assert api.post("{ orders(limit: 100) { number } }").status_code == 200


@pytest.mark.parametrize("form", ["iso", "http_date"])
def test_the_timestamp_can_take_other_notations(api: Api, sandbox: CentraSandbox, form: str) -> None:
    sandbox.configure(retry_after=form)
    sandbox.faults.add(Fault(kind="rate_limit", seconds=90))

    answer = api.post(QUERY)

    resumes = START + timedelta(seconds=90)
    assert answer.status_code == 429
    value = answer.headers["Retry-After"]
    assert value == resumes.isoformat() if form == "iso" else parsedate_to_datetime(value) == resumes


def test_the_order_api_has_no_documented_limit(api: Api, sandbox: CentraSandbox) -> None:
    sandbox.set_limits({("REQUEST_COUNT", "TEN_SECONDS"): 1})
    api.ask(QUERY)

    assert [api.placed(("COAT-S", 1, "10.00")) for _ in range(3)] == [10_001, 10_002, 10_003]


def test_an_unknown_bucket_is_refused(sandbox: CentraSandbox) -> None:
    with pytest.raises(ValueError, match="Unknown bucket"):
        sandbox.set_limits({("REQUESTS", "DAY"): 1})
