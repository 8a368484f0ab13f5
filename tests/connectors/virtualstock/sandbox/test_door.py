"""Who may come in, and how often."""

import pytest
import requests

from connectors.virtualstock.sandbox import VirtualstockSandbox
from tests.connectors.virtualstock.sandbox.api import Client

ORDERS = "/restapi/v4/orders/"


def test_an_access_token_ends_after_five_minutes(edge: VirtualstockSandbox, client: Client) -> None:
    edge.advance(299)
    assert client.get(ORDERS).status_code == 200

    edge.advance(1)

    assert client.get(ORDERS).status_code == 401


def test_a_refresh_token_gives_access_for_four_hours_and_is_not_renewed(
    edge: VirtualstockSandbox, client: Client
) -> None:
    refresh = client.sign_in()["refresh"]
    edge.advance(4 * 3600 - 1)
    answer = client.post("/restapi/v4/token/refresh", {"refresh": refresh})
    assert (answer.status_code, set(answer.json())) == (200, {"access"})

    edge.advance(1)

    assert client.post("/restapi/v4/token/refresh", {"refresh": refresh}).status_code == 401


def test_the_names_of_the_vendors_own_code_samples_are_wrong(client: Client) -> None:
    refresh = client.sign_in()["refresh"]

    answer = client.post("/restapi/v4/token/refresh", {"refresh_token": refresh})

    assert (answer.status_code, answer.json()) == (400, {"refresh": ["This field is required."]})


def test_the_plain_password_opens_too_until_it_is_withdrawn(edge: VirtualstockSandbox) -> None:
    given = edge.credentials()
    login = (given["username"], given["password"])
    assert requests.get(edge.base_url + ORDERS, auth=login, timeout=10).status_code == 200

    edge.change_settings(basic_allowed=False)

    assert requests.get(edge.base_url + ORDERS, auth=login, timeout=10).status_code == 401


@pytest.mark.parametrize("header", ["", "Bearer nonsense", "Basic nonsense", "Token x"])
def test_nobody_else_comes_in(edge: VirtualstockSandbox, header: str) -> None:
    answer = requests.get(edge.base_url + ORDERS, headers={"Authorization": header} if header else {}, timeout=10)

    assert answer.status_code == 401


def test_posting_without_the_slash_is_not_allowed(client: Client) -> None:
    answer = client.post("/api/v4/invoices", {})

    assert (answer.status_code, answer.json()) == (405, {"detail": 'Method "POST" not allowed.'})


@pytest.mark.parametrize("path", ["/restapi/v4/orders", "/restapi/v3/orders/", "/api/v4/products/1/stock/"])
def test_an_address_that_is_none_is_not_found(client: Client, path: str) -> None:
    assert client.get(path).status_code == 404


def test_calls_of_one_minute_are_counted_and_the_next_minute_is_free(edge: VirtualstockSandbox, client: Client) -> None:
    edge.change_settings(calls_per_minute=3)
    edge.advance(15)
    assert [client.get(ORDERS).status_code for _ in range(3)] == [200, 200, 200]

    answer = client.get(ORDERS)

    words = "Request was throttled. Request was throttled. Expected available in 45.0 seconds."
    assert (answer.status_code, answer.json()) == (429, {"detail": words})
    assert "Retry-After" not in answer.headers
    edge.advance(45)
    assert client.get(ORDERS).status_code == 200


def test_a_release_answers_nothing_but_500(edge: VirtualstockSandbox, client: Client) -> None:
    edge.change_settings(down=True)

    answer = client.get(ORDERS)

    assert (answer.status_code, answer.content) == (500, b"")


def test_the_hand_is_reachable_over_http(edge: VirtualstockSandbox) -> None:
    control = f"{edge.base_url}/_control"
    made = requests.post(f"{control}/add-order", json={"lines": [{"sku": "TEE"}]}, timeout=10).json()

    shown = requests.post(f"{control}/order", json={"reference": made["result"]}, timeout=10).json()

    assert shown["status"] == "ORDER"
    assert requests.post(f"{control}/no-such-step", json={}, timeout=10).status_code == 404
    assert requests.post(f"{control}/change-settings", json={"list_order": "UPWARDS"}, timeout=10).status_code == 400


def test_a_shop_is_the_same_for_one_seed() -> None:
    one, other = VirtualstockSandbox(), VirtualstockSandbox()
    for sandbox in (one, other):
        sandbox.load_shop(orders=12, seed=5)

    assert [order.reference for order in one.edge.orders.values()] == [
        order.reference for order in other.edge.orders.values()
    ]
    assert len(one.edge.products) > 300
