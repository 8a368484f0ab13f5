"""Orders, shipments, returns, stock and webhooks as the platform does them."""

import json
from typing import Any

import pytest

from connectors.fulfil.sandbox import FulfilSandbox
from connectors.fulfil.sandbox.webhooks import MOST_FAILURES, RETRY_SECONDS, signature
from tests.connectors.fulfil.sandbox.api import CONTRACT, Api, amount, order

SALE, SHIPMENT, BACK = "sale.sale", "stock.shipment.out", "stock.shipment.out.return"


def sold(api: Api, identifier: str = "CE-10045", **changes: Any) -> int:
    return int(api.call("sale.channel", "create_order", 3, order(identifier, **changes))["id"])


def shipped(api: Api) -> tuple[int, int]:
    sale = sold(api)
    api.call(SALE, "process", [sale])
    (shipment,) = seen(api, SALE, sale, "shipments")["shipments"]
    api.call(SHIPMENT, "pack", [shipment])
    api.call(SHIPMENT, "done", shipment)  # the vendor's curl examples are flat
    return sale, int(shipment)


def seen(api: Api, model: str, record: int, *names: str) -> dict[str, Any]:
    found: dict[str, Any] = api.call(model, "read", [record], list(names))[0]
    return found


def stock(api: Api) -> tuple[float, float]:
    told = api.call("product.product", "get_product_inventory", [2], [4])["2"]["4"]
    return told["quantity_on_hand"], told["quantity_available"]


# --- orders -----------------------------------------------------------------------------------------------------------
def test_the_reference_s_order_comes_in_as_its_totals_say(api: Api) -> None:
    assert CONTRACT.request_problems("createOrder", [3, order()]) == []
    made = api.call("sale.channel", "create_order", 3, order())
    assert CONTRACT.answer_problems("createOrder", 200, made) == []
    assert made["rec_name"] == "SO1 (CE-10045)"

    sale = seen(
        api, SALE, made["id"], "state", "untaxed_amount", "tax_amount", "total_amount", "payment_total", "write_date"
    )
    assert sale["state"] == "confirmed"
    assert sale["total_amount"] == sale["payment_total"] == amount("447.00")
    assert (sale["untaxed_amount"], sale["tax_amount"]) == (amount("357.60"), amount("89.40"))


def test_the_same_identifier_creates_nothing_and_answers_the_same(api: Api) -> None:
    assert sold(api) == sold(api)
    assert api.call(SALE, "search_count", []) == 1
    assert api.call("party.party", "search_count", [["email", "!=", None]]) == 1


@pytest.mark.parametrize(
    ("status", "action", "state"),
    [
        ("pending", "process_manually", "confirmed"),
        ("pending", "process_automatically", "processing"),
        ("completed", "import_as_past", "done"),
    ],
)
def test_the_channel_s_order_state_decides_how_far_it_goes(
    api: Api, tenant: FulfilSandbox, status: str, action: str, state: str
) -> None:
    tenant.set_order_state(status, action)

    assert seen(api, SALE, sold(api, status=status), "state")["state"] == state


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"status": "paid"}, "paid is not a valid status"),
        ({"reference": ""}, "reference"),
        ({"currency_code": "XTS"}, "Currency"),
        ({"requested_shipping_service": "drone"}, "Shipping carrier is not configured for code: drone"),
        ({"payments": [{"method": "paypal", "amount": "447.00", "state": "success"}]}, "paypal"),
    ],
)
def test_what_the_channel_does_not_know_is_refused(api: Api, change: dict[str, Any], words: str) -> None:
    assert words in api.refused("sale.channel", "create_order", 3, order(**change))["message"]
    assert api.call(SALE, "search_count", []) == 0


def test_a_total_that_does_not_add_up_is_a_draft_with_an_exception_or_a_refusal(
    api: Api, tenant: FulfilSandbox
) -> None:
    sale = sold(api, amount="446.99")
    found = seen(api, SALE, sale, "state", "has_channel_exception", "exceptions")
    assert (found["state"], found["has_channel_exception"]) == ("draft", True)
    assert "unresolved" in _after_quote(api, sale)

    api.call("channel.exception", "resolve_exception_button", found["exceptions"])
    api.call(SALE, "confirm", [sale])
    tenant.configure(total_mismatch="error")
    assert "mismatch" in api.refused("sale.channel", "create_order", 3, order("CE-2", amount="1.00"))["message"]


def _after_quote(api: Api, sale: int) -> str:
    api.call(SALE, "quote", [sale])
    return str(api.refused(SALE, "confirm", [sale])["message"])


def test_an_order_of_a_client_without_a_channel_is_refused(api: Api) -> None:
    assert "current_channel" in api.refused(SALE, "create", [{"party": 1}])["message"]


# --- shipments --------------------------------------------------------------------------------------------------------
def test_an_order_goes_from_confirmed_to_done_and_its_units_off_the_shelf(api: Api) -> None:
    assert stock(api) == (1000.0, 1000.0)
    sale = sold(api)
    assert stock(api) == (1000.0, 998.0)
    api.call(SALE, "process", [sale])
    api.call(SALE, "process", [sale])
    (shipment,) = seen(api, SALE, sale, "shipments")["shipments"]
    assert seen(api, SHIPMENT, shipment, "state")["state"] == "assigned"
    api.call(SHIPMENT, "pack", [[shipment]])
    assert stock(api) == (998.0, 998.0)
    api.call(SHIPMENT, "done", [[shipment]])
    assert stock(api) == (998.0, 998.0)

    found = seen(api, SALE, sale, "state", "shipment_state", "invoice_state")
    assert found == {"id": sale, "state": "done", "shipment_state": "sent", "invoice_state": "paid"}


def test_what_is_not_all_there_waits(api: Api, tenant: FulfilSandbox) -> None:
    tenant.set_stock("TEE-M", 1)
    sale = sold(api)
    api.call(SALE, "process", [sale])
    (shipment,) = seen(api, SALE, sale, "shipments")["shipments"]
    assert seen(api, SHIPMENT, shipment, "state")["state"] == "waiting"
    assert stock(api) == (1.0, -1.0)
    assert api.call(SHIPMENT, "assign_try", [shipment]) is False
    assert api.refused(SHIPMENT, "pack", [shipment])["type"] == "UserError"

    tenant.set_stock("TEE-M", 5)
    assert api.call(SHIPMENT, "assign_try", [shipment]) is True


def test_a_held_shipment_is_not_packed_and_a_packed_one_not_held_back(api: Api) -> None:
    sale = sold(api)
    api.call(SALE, "process", [sale])
    (shipment,) = seen(api, SALE, sale, "shipments")["shipments"]
    api.call(SHIPMENT, "hold", [shipment], "Look at it")
    assert "on hold" in api.refused(SHIPMENT, "pack", [shipment])["message"]
    assert "not cancelled" in api.refused(SALE, "cancel", [sale])["message"]

    api.call(SHIPMENT, "unhold", [shipment], "Fine")
    api.call(SHIPMENT, "cancel", [shipment])
    assert seen(api, SALE, sale, "shipment_state")["shipment_state"] == "exception"
    api.call(SALE, "cancel", [sale])
    assert seen(api, SALE, sale, "state")["state"] == "cancel"
    assert stock(api) == (1000.0, 1000.0)


def test_a_shipment_is_split_by_units(api: Api) -> None:
    sale = sold(api)
    api.call(SALE, "process", [sale])
    (shipment,) = seen(api, SALE, sale, "shipments")["shipments"]
    (move,) = seen(api, SHIPMENT, shipment, "outgoing_moves")["outgoing_moves"]
    reply = api.ask("PUT", f"/model/{SHIPMENT}/{shipment}/split", [[{"id": move, "quantity": 1}], "2026-01-20"])
    assert reply.status == 200

    ids = seen(api, SALE, sale, "shipments")["shipments"]
    assert [seen(api, SHIPMENT, one, "total_quantity")["total_quantity"] for one in ids] == [1.0, 1.0]
    api.sandbox.ship(ids[1])
    assert seen(api, SALE, sale, "state", "shipment_state") == {
        "id": sale,
        "state": "processing",
        "shipment_state": "waiting",
    }


# --- returns ----------------------------------------------------------------------------------------------------------
def test_goods_come_back_are_received_shelved_and_credited(api: Api) -> None:
    sale, _ = shipped(api)
    line = seen(api, SALE, sale, "lines")["lines"][0]
    told = [
        {"channel_identifier": "R-1", "reference": "RMA-1", "lines": [{"order_line_id": line, "return_quantity": 1}]}
    ]
    assert CONTRACT.request_problems("createReturnOrder", told) == []
    made = json.loads(api.ask("PUT", f"/model/{SALE}/{sale}/return_order", told).encoded())
    again = json.loads(api.ask("PUT", f"/model/{SALE}/{sale}/return_order", told).encoded())
    assert made == again

    (shipment,) = seen(api, SALE, made["id"], "shipment_returns")["shipment_returns"]
    api.call(BACK, "receive", [shipment])
    assert stock(api) == (998.0, 998.0)  # received is not yet on the shelf
    api.call(BACK, "done", [shipment])
    assert stock(api) == (999.0, 999.0)
    (note,) = api.call(
        "account.invoice",
        "search_read",
        [["type", "=", "out_credit_note"]],
        None,
        None,
        None,
        ["state", "total_amount"],
    )
    assert (note["state"], note["total_amount"]) == ("posted", amount("199.00"))


def test_more_than_was_sold_cannot_come_back(api: Api) -> None:
    sale, _ = shipped(api)
    line = seen(api, SALE, sale, "lines")["lines"][0]

    reply = api.ask(
        "PUT", f"/model/{SALE}/{sale}/return_order", [{"lines": [{"order_line_id": line, "return_quantity": 3}]}]
    )

    assert reply.status == 400
    assert api.call(SALE, "search_count", []) == 1


# --- webhooks and control ---------------------------------------------------------------------------------------------
def test_each_change_of_stock_is_told_once_and_signed(api: Api, tenant: FulfilSandbox) -> None:
    tenant.configure_webhooks("https://hub.example.com/hook")
    sale = sold(api)
    api.call(SALE, "process", [sale])
    taken: list[tuple[bytes, dict[str, str]]] = []

    def take(body: bytes, headers: dict[str, str]) -> int:
        taken.append((body, headers))
        return 200

    assert tenant.tenant.webhooks.deliver(take) == 1
    ((body, headers),) = taken
    assert headers["X-Fulfil-Hmac-SHA256"] == signature(body, secret=tenant.tenant.webhooks.secret)
    (event,) = json.loads(body)
    assert (event["product_code"], event["warehouse_quantities"][0]["quantity_available"]) == ("TEE-M", 998.0)
    assert CONTRACT.problems({"$ref": "#/components/schemas/InventoryLevelEvent"}, [event]) == []


def test_a_webhook_that_fails_comes_again_and_is_given_up_silently(tenant: FulfilSandbox) -> None:
    tenant.configure_webhooks("https://hub.example.com/hook")
    tenant.set_stock("TEE-M", 5)
    for _ in range(MOST_FAILURES):
        assert tenant.tenant.webhooks.deliver(lambda body, headers: 302) == 0
        tenant.advance(RETRY_SECONDS)

    tenant.set_stock("TEE-M", 6)
    assert tenant.tenant.webhooks.archived
    assert tenant.tenant.webhooks.waiting == []


def test_a_deferred_result_is_asked_for_later(api: Api, tenant: FulfilSandbox) -> None:
    tenant.misbehave("party.party/search_count", "async")
    task = api.call("party.party", "search_count", [])
    assert task["__class__"] == "AsyncResult"

    reply = api.ask("POST", "/async-result", {"tasks": [[task["task_id"], task["token"]]]})
    assert json.loads(reply.encoded()) == {"tasks": [{"state": "SUCCESS", "result": 1}]}


def test_the_control_calls_do_what_the_methods_do(tenant: FulfilSandbox) -> None:
    api = Api(tenant)
    sale = sold(api)
    assert tenant.control("set_stock", {"sku": "TEE-M", "units": 7}) == {"ok": True}
    assert stock(api) == (7.0, 5.0)
    assert tenant.control("load_catalogue", {"seed": 1, "stock": 1})["result"] > 300
    assert [one["id"] for one in tenant.control("orders", {})["orders"]] == [sale]
    assert tenant.control("misbehave", {"operation": "*", "kinds": ["server_error"]}) == {"ok": True}
    assert api.ask("GET", "/test").status == 500
    assert tenant.control("forbid", {"operations": ["sale.sale"]}) == {"ok": True}
    assert api.refused(SALE, "search", [], status=403)["code"] == 403
    with pytest.raises(KeyError):
        tenant.control("no_such_thing", {})
    with pytest.raises(ValueError, match="Unknown switch"):
        tenant.control("configure", {"gravity": 1})
