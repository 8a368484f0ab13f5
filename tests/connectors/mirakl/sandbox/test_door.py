"""Key, address, shop, role and media types: what is judged before any operation."""

from http.client import HTTPConnection

import pytest
import requests

from connectors.mirakl.sandbox import MiraklSandbox
from tests.connectors.mirakl.sandbox.api import LINES, Shop, refusal


def test_the_bare_key_opens(shop: Shop) -> None:
    assert shop.get("/api/orders").json() == {"orders": [], "total_count": 0}


@pytest.mark.parametrize("header", [None, "", "Bearer {key}", "wrong"])
def test_any_other_authorization_is_401(sandbox: MiraklSandbox, header: str | None) -> None:
    headers = {"Accept": "application/json"}
    if header is not None:
        headers["Authorization"] = header.format(key=sandbox.api_key)
    answer = requests.get(sandbox.base_url + "/api/orders", headers=headers, timeout=10)
    assert refusal(answer) == (401, "Unauthorized")


def test_an_unknown_address_is_404_without_a_status_in_the_body(shop: Shop) -> None:
    answer = shop.get("/api/orders/none/of/this")
    assert (answer.status_code, answer.json()) == (404, {"message": "Not Found"})


def test_a_known_address_with_the_wrong_method_is_405(sandbox: MiraklSandbox, shop: Shop) -> None:
    assert shop.put("/api/shipments/tracking", {"shipments": []}).status_code == 405


def test_the_shops_own_id_is_taken_on_every_operation(sandbox: MiraklSandbox, shop: Shop) -> None:
    order_id = sandbox.add_order(lines=LINES)
    body = {"order_lines": [{"id": f"{order_id}-{n}", "accepted": True} for n in (1, 2)]}
    answer = shop.call("PUT", f"/api/orders/{order_id}/accept", params={"shop_id": 2001}, json=body)
    assert answer.status_code == 204


@pytest.mark.parametrize(("shop_id", "status"), [("2002", 404), ("mine", 400)])
def test_another_shop_is_refused(shop: Shop, shop_id: str, status: int) -> None:
    assert shop.get("/api/orders", shop_id=shop_id).status_code == status


def test_a_key_without_the_role_is_403_and_changes_nothing(sandbox: MiraklSandbox, shop: Shop) -> None:
    order_id = sandbox.add_order(lines=LINES)
    reader = Shop(sandbox, key=sandbox.add_api_key(roles=["ROLE_PARTNER_ORDER_READ"]))
    assert reader.ids() == [order_id]
    assert refusal(reader.accept(order_id)) == (403, "Access denied")
    assert shop.order(order_id)["order_state"] == "WAITING_ACCEPTANCE"


def test_the_administrator_does_not_read_the_transaction_log(sandbox: MiraklSandbox) -> None:
    administrator = Shop(sandbox, key=sandbox.add_api_key(roles=["ROLE_SHOP_ADMIN"]))
    assert administrator.get("/api/account").status_code == 200
    assert administrator.get("/api/sellerpayment/transactions_logs").status_code == 403


def test_a_revoked_key_is_unknown(sandbox: MiraklSandbox) -> None:
    key = sandbox.add_api_key(roles=["ROLE_SHOP_ADMIN"])
    sandbox.revoke_api_key(key)
    assert Shop(sandbox, key=key).get("/api/orders").status_code == 401


def test_json_sent_to_a_multipart_operation_is_415(sandbox: MiraklSandbox, shop: Shop) -> None:
    assert shop.post("/api/offers/stock/imports", {"file": "x"}).status_code == 415
    assert sandbox.market.imports.jobs == {}


def test_a_form_sent_to_a_json_operation_is_415(shop: Shop) -> None:
    assert shop.call("PUT", "/api/orders/refund", data={"refunds": "x"}).status_code == 415


def test_an_older_operation_answers_xml_unless_json_is_asked_for(sandbox: MiraklSandbox, shop: Shop) -> None:
    sandbox.add_order(lines=LINES, commercial_id="MKT-1")
    shop.session.headers["Accept"] = "*/*"
    answer = shop.get("/api/orders")
    assert answer.headers["Content-Type"] == "application/xml"
    assert "<order_id>MKT-1-A</order_id>" in answer.text


def test_a_newer_operation_knows_json_only(shop: Shop) -> None:
    shop.session.headers["Accept"] = "*/*"
    assert shop.get("/api/shipments").json()["data"] == []


def test_an_accept_that_nothing_satisfies_is_406(shop: Shop) -> None:
    shop.session.headers["Accept"] = "text/html"
    assert shop.get("/api/orders").status_code == 406


def test_a_put_without_body_still_needs_its_content_length(sandbox: MiraklSandbox) -> None:
    order_id = sandbox.add_order(lines=LINES, advance_to="SHIPPING")
    connection = HTTPConnection(sandbox.base_url.removeprefix("http://"), timeout=10)
    connection.putrequest("PUT", f"/api/orders/{order_id}/ship")
    connection.putheader("Authorization", sandbox.api_key)
    connection.endheaders()
    assert connection.getresponse().status == 411
    connection.close()
    assert sandbox.order(order_id)["order_state"] == "SHIPPING"


@pytest.mark.parametrize("body", ["[]", "{", '{"refunds": {}}', '{"refunds": "x"}', '{"refunds": [1]}'])
def test_a_body_of_the_wrong_type_names_its_field(shop: Shop, body: str) -> None:
    answer = shop.call("PUT", "/api/orders/refund", data=body, headers={"Content-Type": "application/json"})
    assert refusal(answer) == (400, "Error with field refunds. Please check the field datatype.")


def test_the_version_needs_a_key_but_no_role(sandbox: MiraklSandbox) -> None:
    nobody = Shop(sandbox, key=sandbox.add_api_key())
    assert nobody.get("/api/version").status_code == 200
    assert nobody.get("/api/account").status_code == 403
