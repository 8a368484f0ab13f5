"""Multi-shipment: parts of an order, one verdict per item, 2xx even when everything failed."""

from itertools import chain
from typing import Any
from uuid import UUID

import pytest

from connectors.mirakl.sandbox import MiraklSandbox
from tests.connectors.mirakl.sandbox.api import LINES, Shop, refusal

UPS = {"carrier_code": "UPS", "tracking_number": "1Z9"}


@pytest.fixture
def order_id(sandbox: MiraklSandbox) -> str:
    return sandbox.add_order(lines=LINES, advance_to="SHIPPING")


def parcel(order_id: str, *quantities: int, **changes: Any) -> dict[str, Any]:
    """So many units of line 1, of line 2, ..."""
    lines = [
        {"order_line_id": f"{order_id}-{index}", "quantity": quantity, "package_reference": f"P-{index}"}
        for index, quantity in enumerate(quantities, 1)
        if quantity
    ]
    return {"order_id": order_id, "shipped": True, "shipment_lines": lines, "tracking": UPS, **changes}


def create(shop: Shop, *parcels: dict[str, Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    answer = shop.post("/api/shipments", {"shipments": list(parcels)})
    assert answer.status_code == 201
    return answer.json()["shipment_success"], answer.json()["shipment_errors"]


def shipments(shop: Shop, order_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = shop.get("/api/shipments", order_id=order_id).json()["data"]
    return found


def test_a_shipment_is_created_and_shipped_in_one_step(shop: Shop, order_id: str) -> None:
    ((made,), errors) = create(shop, parcel(order_id, 1))
    assert errors == []
    assert str(UUID(made["id"])) == made["id"]
    assert (made["status"], made["shipped_date"], made["status_customer_debit"]) == (
        "SHIPPED",
        "2026-03-02T09:00:00Z",
        "NO_DEBIT",
    )
    assert made["shipment_lines"] == [{"order_line_id": f"{order_id}-1", "quantity": 1, "package_reference": "P-1"}]
    assert made["tracking"]["tracking_url"] == "https://track.example.com/ups/1Z9"
    assert shipments(shop, order_id) == [made]


def test_the_order_is_shipped_when_its_last_unit_has_left(shop: Shop, order_id: str) -> None:
    seen = []
    for quantities in ((1, 0), (0, 1), (1, 0)):
        create(shop, parcel(order_id, *quantities))
        order = shop.order(order_id)
        seen.append([order["order_state"], *(line["order_line_state"] for line in order["order_lines"])])
    assert seen == [
        ["SHIPPING", "SHIPPING", "SHIPPING"],
        ["SHIPPING", "SHIPPING", "SHIPPED"],
        ["SHIPPED", "SHIPPED", "SHIPPED"],
    ]


def test_the_same_call_again_makes_another_shipment_while_units_are_left(shop: Shop, order_id: str) -> None:
    create(shop, parcel(order_id, 1))
    create(shop, parcel(order_id, 1))
    assert len(shipments(shop, order_id)) == 2
    assert create(shop, parcel(order_id, 1)) == (
        [],
        [{"order_id": order_id, "message": "Shipment quantity is invalid."}],
    )


@pytest.mark.parametrize("quantities", [(3,), (0,), (-1,)])
def test_a_quantity_that_is_not_left_is_an_error_of_its_item(
    shop: Shop, order_id: str, quantities: tuple[int, ...]
) -> None:
    lines = [{"order_line_id": f"{order_id}-1", "quantity": quantities[0]}]
    made, errors = create(shop, parcel(order_id, shipment_lines=lines))
    assert (made, [error["message"] for error in errors]) == ([], ["Shipment quantity is invalid."])
    assert shipments(shop, order_id) == []


def test_two_entries_of_one_line_are_judged_together(shop: Shop, order_id: str) -> None:
    twice = [{"order_line_id": f"{order_id}-1", "quantity": 1}, {"order_line_id": f"{order_id}-1", "quantity": 2}]
    made, errors = create(shop, parcel(order_id, shipment_lines=twice))
    assert (made, len(errors)) == ([], 1)


def test_one_bad_shipment_leaves_the_others_alone_and_the_answer_is_still_201(
    sandbox: MiraklSandbox, shop: Shop, order_id: str
) -> None:
    unpaid = sandbox.add_order(lines=LINES)
    made, errors = create(shop, parcel(unpaid, 1), parcel(order_id, 2, 1), parcel("MKT-404-A", 1))
    assert [item["order_id"] for item in made] == [order_id]
    assert errors == [
        {"order_id": unpaid, "message": "The order status must be 'SHIPPING' but it is 'WAITING_ACCEPTANCE'."},
        {"order_id": "MKT-404-A", "message": "Order with identifier MKT-404-A not found"},
    ]
    assert shop.order(unpaid)["order_state"] == "WAITING_ACCEPTANCE"


@pytest.mark.parametrize(
    ("tracking", "words"),
    [
        ({"carrier_code": "ups", "tracking_number": "1"}, "does not exist"),
        ({"carrier_code": "UPS"}, "tracking number is mandatory"),
        ({"tracking_number": "1"}, "carrier name is mandatory"),
    ],
)
def test_a_shipment_with_a_bad_carrier_is_refused(
    shop: Shop, order_id: str, tracking: dict[str, str], words: str
) -> None:
    made, errors = create(shop, parcel(order_id, 1, tracking=tracking))
    assert made == []
    assert words in errors[0]["message"]
    assert shop.order(order_id)["order_state"] == "SHIPPING"


def test_the_link_is_called_tracking_url_here_and_carrier_url_is_just_unknown(shop: Shop, order_id: str) -> None:
    bike = {"carrier_name": "Bike Express", "tracking_number": "7"}
    ((first,), _) = create(shop, parcel(order_id, 1, tracking={**bike, "tracking_url": "https://bike.example/7"}))
    ((second,), _) = create(shop, parcel(order_id, 1, tracking={**bike, "carrier_url": "https://bike.example/7"}))
    assert (first["tracking"]["tracking_url"], second["tracking"]["tracking_url"]) == ("https://bike.example/7", None)


def test_a_shipping_type_may_demand_tracking_before_it_ships(sandbox: MiraklSandbox, shop: Shop) -> None:
    express = sandbox.add_order(lines=LINES, shipping_type="EXP", advance_to="SHIPPING")
    made, errors = create(shop, parcel(express, 1, tracking=None))
    assert (made, errors[0]["message"]) == ([], "Tracking details are mandatory for this shipping method")
    ((waiting,), _) = create(shop, parcel(express, 1, tracking=None, shipped=False))
    assert waiting["status"] == "SHIPPING"
    answer = shop.put("/api/shipments/ship", {"shipments": [{"id": waiting["id"]}]}).json()
    assert answer["shipment_success"] == []
    assert answer["shipment_errors"] == [
        {"id": waiting["id"], "message": "Tracking details are mandatory for this shipping method"}
    ]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"shipments": "x"}, "shipments"),
        ({"shipments": [{"order_id": "A", "shipment_lines": "x"}]}, "shipment_lines"),
        ({"shipments": [{"order_id": "A", "shipment_lines": [], "tracking": "x"}]}, "tracking"),
    ],
)
def test_a_wrong_shape_refuses_the_whole_call(shop: Shop, body: dict[str, Any], field: str) -> None:
    assert refusal(shop.post("/api/shipments", body)) == (
        400,
        f"Error with field {field}. Please check the field datatype.",
    )


def test_more_than_a_thousand_shipments_are_refused(shop: Shop, order_id: str) -> None:
    assert shop.post("/api/shipments", {"shipments": [parcel(order_id, 1)] * 1001}).status_code == 400
    assert shipments(shop, order_id) == []


# --- in two steps ---------------------------------------------------------------------------------------------------
def test_a_prepared_shipment_takes_its_units_and_ships_later(shop: Shop, order_id: str) -> None:
    ((waiting,), _) = create(shop, parcel(order_id, 2, 1, shipped=False, tracking=None))
    assert shop.get("/api/shipments/items_to_ship").json()["data"] == []
    answer = shop.post("/api/shipments/tracking", {"shipments": [{"id": waiting["id"], "tracking": UPS}]})
    assert answer.json() == {"shipment_success": [{"id": waiting["id"]}], "shipment_errors": []}
    shop.put("/api/shipments/ship", {"shipments": [{"id": waiting["id"]}]})
    assert shop.order(order_id)["order_state"] == "SHIPPED"
    (shipped,) = shipments(shop, order_id)
    assert (shipped["status"], shipped["tracking"]["tracking_number"]) == ("SHIPPED", "1Z9")


def test_shipping_twice_is_an_error_of_the_item(shop: Shop, order_id: str) -> None:
    ((made,), _) = create(shop, parcel(order_id, 1))
    answer = shop.put("/api/shipments/ship", {"shipments": [{"id": made["id"]}]})
    assert answer.status_code == 200
    assert answer.json()["shipment_errors"] == [
        {"id": made["id"], "message": "The shipment status must be 'SHIPPING' but it is 'SHIPPED'."}
    ]


def test_tracking_of_a_shipment_is_overwritten_and_a_bad_carrier_leaves_it(shop: Shop, order_id: str) -> None:
    ((made,), _) = create(shop, parcel(order_id, 1))
    dhl = {"carrier_code": "DHL", "tracking_number": "2"}
    shop.post("/api/shipments/tracking", {"shipments": [{"id": made["id"], "tracking": dhl}]})
    wrong = {"carrier_code": "dhl", "tracking_number": "3"}
    answer = shop.post("/api/shipments/tracking", {"shipments": [{"id": made["id"], "tracking": wrong}]})
    assert answer.json()["shipment_success"] == []
    assert shipments(shop, order_id)[0]["tracking"]["tracking_number"] == "2"


def test_an_unknown_shipment_is_named(shop: Shop) -> None:
    answer = shop.put("/api/shipments/ship", {"shipments": [{"id": "nope"}]})
    assert (answer.status_code, answer.json()) == (
        200,
        {"shipment_success": [], "shipment_errors": [{"id": "nope", "message": "No shipment with id 'nope'."}]},
    )


def test_only_what_has_not_left_can_be_deleted(shop: Shop, order_id: str) -> None:
    ((gone,), _) = create(shop, parcel(order_id, 1))
    ((waiting,), _) = create(shop, parcel(order_id, 1, shipped=False))
    answer = shop.put("/api/shipments/delete", {"shipments": [{"id": gone["id"]}, {"id": waiting["id"]}]}).json()
    assert answer["shipment_success"] == [{"id": waiting["id"]}]
    assert answer["shipment_errors"] == [
        {
            "id": gone["id"],
            "message": f"Shipment '{gone['id']}' is not in SHIPPING status and cannot be deleted.",
        }
    ]
    assert [item["id"] for item in shipments(shop, order_id)] == [gone["id"]]


def test_a_wrong_method_is_405(shop: Shop) -> None:
    assert shop.put("/api/shipments/tracking", {"shipments": [{"id": "x", "tracking": UPS}]}).status_code == 405


# --- what is left ---------------------------------------------------------------------------------------------------
def test_items_to_ship_are_the_units_in_no_shipment_with_the_address(shop: Shop, order_id: str) -> None:
    create(shop, parcel(order_id, 1))
    (waiting,) = shop.get("/api/shipments/items_to_ship", order_id=order_id).json()["data"]
    assert [(line["order_line_id"], line["quantity"]) for line in waiting["shipment_lines"]] == [
        (f"{order_id}-1", 1),
        (f"{order_id}-2", 1),
    ]
    assert waiting["shipping_address"] == shop.order(order_id)["customer"]["shipping_address"]


def test_units_refunded_for_good_are_not_waited_for(shop: Shop, order_id: str) -> None:
    create(shop, parcel(order_id, 1, 1))
    entry = {
        "order_line_id": f"{order_id}-1",
        "amount": "49.90",
        "shipping_amount": 0,
        "quantity": 1,
        "reason_code": "15",
        "currency_iso_code": "EUR",
        "excluded_from_shipment": True,
    }
    assert shop.refund(entry).status_code == 200
    order = shop.order(order_id)
    assert [order["order_state"], *(line["order_line_state"] for line in order["order_lines"])] == ["SHIPPED"] * 3


def test_without_multi_shipment_the_whole_family_is_404(sandbox: MiraklSandbox, shop: Shop, order_id: str) -> None:
    sandbox.change_settings(multi_shipment=False)
    assert shop.get("/api/shipments").status_code == 404
    assert shop.post("/api/shipments", {"shipments": [parcel(order_id, 1)]}).status_code == 404
    assert shop.put("/api/shipments/ship", {"shipments": [{"id": "x"}]}).status_code == 404
    assert sandbox.market.shipments == {}
    assert shop.get("/api/platform/configuration").json()["features"]["shipment"]["multi_shipment"] is False
    assert shop.put(f"/api/orders/{order_id}/ship").status_code == 204


# --- seeking --------------------------------------------------------------------------------------------------------
def test_seek_pages_lead_on_and_back_by_opaque_tokens(sandbox: MiraklSandbox, shop: Shop) -> None:
    for order_id in sandbox.add_orders(5, lines=LINES, advance_to="SHIPPING"):
        create(shop, parcel(order_id, 1))
        sandbox.advance(60)
    first = shop.get("/api/shipments", limit=2, sort="dateCreated,ASC").json()
    second = shop.get("/api/shipments", page_token=first["next_page_token"]).json()
    third = shop.get("/api/shipments", page_token=second["next_page_token"]).json()
    pages = [[item["created_date"] for item in page["data"]] for page in (first, second, third)]
    assert [len(page) for page in pages] == [2, 2, 1]
    dates = list(chain.from_iterable(pages))
    assert sorted(dates) == dates
    assert (first["previous_page_token"], third["next_page_token"]) == (None, None)
    assert shop.get("/api/shipments", page_token=third["previous_page_token"]).json()["data"] == second["data"]


def test_everything_beside_a_token_is_ignored(sandbox: MiraklSandbox, shop: Shop) -> None:
    for order_id in sandbox.add_orders(3, lines=LINES, advance_to="SHIPPING"):
        create(shop, parcel(order_id, 1))
    token = shop.get("/api/shipments", limit=1).json()["next_page_token"]
    plain = shop.get("/api/shipments", page_token=token).json()["data"]
    beside = shop.get("/api/shipments", page_token=token, limit=99, order_id="MKT-404-A").json()["data"]
    assert (plain, len(plain)) == (beside, 1)


@pytest.mark.parametrize(
    "query", [{"limit": 101}, {"sort": "dateCreated"}, {"sort": "price,ASC"}, {"page_token": "made up"}]
)
def test_a_seek_that_makes_no_sense_is_400(shop: Shop, query: dict[str, Any]) -> None:
    assert shop.get("/api/shipments", **query).status_code == 400


def test_shipments_are_filtered_by_state_and_time_of_change(sandbox: MiraklSandbox, shop: Shop) -> None:
    first, second = sandbox.add_orders(2, lines=LINES, advance_to="SHIPPING")
    create(shop, parcel(first, 1))
    sandbox.advance(600)
    create(shop, parcel(second, 1, shipped=False))

    def found(**query: str) -> list[str]:
        return [item["order_id"] for item in shop.get("/api/shipments", **query).json()["data"]]

    assert found(shipment_state_code="SHIPPED") == [first]
    assert found(shipment_state_code="SHIPPED,SHIPPING") == [first, second]
    assert found(last_updated_from="2026-03-02T09:10:00Z") == [second]
    assert found(last_updated_to="2026-03-02T09:09:59Z") == [first]
