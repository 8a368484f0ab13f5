"""Orders at the platform: how they are listed, and what may become of their lines."""

from typing import Any

import pytest

from connectors.virtualstock.sandbox import VirtualstockSandbox
from tests.connectors.virtualstock.sandbox.api import Client, item, parcel
from tests.connectors.virtualstock.shop import LINES

LATER = {"sub_status": "Out of Stock", "supplier_dispatch_date": "2026-02-01T12:00:00"}


def sold(edge: VirtualstockSandbox, status: str = "", **values: Any) -> str:
    return edge.add_order(lines=LINES, advance_to=status, **values)


def references(client: Client, **query: Any) -> list[str]:
    return [order["order_reference"] for order in client.get("/restapi/v4/orders/", **query).json()["results"]]


# --- lists ------------------------------------------------------------------------------------------------------------
def test_ten_orders_make_a_page_unless_more_are_asked_for(edge: VirtualstockSandbox, client: Client) -> None:
    made = [sold(edge) for _ in range(12)]

    page = client.get("/restapi/v4/orders/", status="ORDER").json()

    assert (page["count"], len(page["results"]), page["previous"]) == (12, 10, None)
    assert page["next"] == "https://www.the-edge.io/restapi/v4/orders/?status=ORDER&limit=10&offset=10"
    assert references(client, limit=100) == made
    assert references(client, limit=10, offset=10) == made[10:]


def test_orders_are_filtered_by_what_is_documented(edge: VirtualstockSandbox, client: Client) -> None:
    other = edge.add_retailer(retailer_id=7002, client_id=8802)
    first, second = sold(edge), sold(edge, "ORDER_ACK", retailer_id=other)

    assert references(client, status="ORDER") == [first]
    assert references(client, retailer_id=other) == [second]
    assert references(client, order_reference=second) == [second]
    assert references(client, part_number="NV2004-120-L") == [first, second]
    assert client.get("/restapi/v4/orders/", status="new").status_code == 400


def test_addresses_are_on_another_host_or_on_this_one(edge: VirtualstockSandbox, client: Client) -> None:
    reference = sold(edge)
    assert edge.order(reference)["url"].startswith("https://www.the-edge.io/restapi/v4/orders/")

    edge.change_settings(legacy_urls=False)
    client.get("/restapi/v4/orders/")

    assert edge.order(reference)["url"].startswith(edge.base_url)


def test_times_have_no_zone_and_stand_in_the_platforms_own(edge: VirtualstockSandbox) -> None:
    reference = sold(edge)
    assert edge.order(reference)["order_date"] == "2026-01-15T09:00:00"

    edge.change_settings(timezone="Australia/Sydney")

    assert edge.order(reference)["order_date"] == "2026-01-15T20:00:00"


def test_a_retailer_may_send_no_prices(edge: VirtualstockSandbox) -> None:
    edge.change_retailer(sends_prices=False)

    order = edge.order(sold(edge))

    assert (order["total"], order["items"][0]["unit_cost_price"], order["items"][0]["total"]) == (None, None, None)


def test_the_orders_status_may_follow_its_lines_later(edge: VirtualstockSandbox, client: Client) -> None:
    edge.change_settings(order_status_lag_seconds=60)
    reference = sold(edge)
    edge.advance(60)
    client.act(reference, "acknowledge", item(), item("502", "NV2004-120-L", 1))

    assert (edge.order(reference)["status"], edge.line_statuses(reference)) == ("ORDER", ["ORDER_ACK", "ORDER_ACK"])
    edge.advance(60)
    assert edge.order(reference)["status"] == "ORDER_ACK"


# --- the state machine ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("before", "action", "after"),
    [
        ("ORDER", "acknowledge", "ORDER_ACK"),
        ("ORDER", "backorder", "BACKORDER"),
        ("ORDER_ACK", "backorder", "BACKORDER"),
        ("BACKORDER", "backorder", "BACKORDER"),
        ("ORDER_ACK", "dispatch", "DISPATCH"),
        ("BACKORDER", "dispatch", "DISPATCH"),
        ("CANCEL", "dispatch", "DISPATCH"),
        ("CANCEL", "cancel_acknowledge", "CANCEL_ACK"),
        ("ORDER", "cancel_request", "CANCEL"),
        ("BACKORDER", "cancel_request", "CANCEL"),
        ("RMA", "return_acknowledge", "RMA_ACK"),
    ],
)
def test_a_line_goes_its_way(edge: VirtualstockSandbox, client: Client, before: str, action: str, after: str) -> None:
    reference = sold(edge, before)
    if before == "CANCEL":
        edge.set_line_status(reference, "502", "ORDER_ACK")
    more = {"dispatch": parcel(), "backorder": item(**LATER), "cancel_request": item(reason_code=126)}

    answer = client.act(reference, action, more.get(action, item()))

    assert (answer.status_code, answer.content) == (200, b"")
    assert edge.line_statuses(reference)[0] == after


@pytest.mark.parametrize(
    ("before", "action", "to"),
    [
        ("ORDER_ACK", "acknowledge", "ORDER_ACK"),
        ("ORDER", "dispatch", "DISPATCH"),
        ("DISPATCH", "dispatch", "DISPATCH"),
        ("DISPATCH", "cancel_request", "CANCEL"),
        ("ORDER", "cancel_acknowledge", "CANCEL_ACK"),
        ("CANCEL_ACK", "acknowledge", "ORDER_ACK"),
    ],
)
def test_a_line_goes_no_other_way(edge: VirtualstockSandbox, client: Client, before: str, action: str, to: str) -> None:
    reference = sold(edge, before)
    sent = {"dispatch": parcel(), "cancel_request": item(reason_code=126)}.get(action, item())

    answer = client.act(reference, action, sent)

    assert answer.status_code == 400
    assert answer.text.startswith("Validation ")
    if before != "DISPATCH" or action != "dispatch":
        assert answer.text == f"Validation Not allowed to change state of item 1 from {before} to {to}"
    assert edge.line_statuses(reference) == [before, before]


@pytest.mark.parametrize("atomic", [True, False])
def test_one_bad_line_stops_all_or_only_those_behind_it(
    edge: VirtualstockSandbox, client: Client, atomic: bool
) -> None:
    edge.change_settings(atomic_actions=atomic)
    reference = sold(edge)

    answer = client.act(reference, "acknowledge", item(), item("999"))

    assert answer.status_code == 400
    assert edge.line_statuses(reference) == ["ORDER" if atomic else "ORDER_ACK", "ORDER"]


@pytest.mark.parametrize(
    ("form", "kind"), [("TEXT", "text/plain"), ("STRING", "application/json"), ("DETAIL", "application/json")]
)
def test_a_refusal_comes_in_each_of_its_shapes(edge: VirtualstockSandbox, client: Client, form: str, kind: str) -> None:
    edge.change_settings(validation_form=form)

    answer = client.act(sold(edge, "DISPATCH"), "acknowledge", item())

    words = "Validation Not allowed to change state of item 1 from DISPATCH to ORDER_ACK"
    assert answer.headers["Content-Type"] == kind
    assert {"TEXT": words, "STRING": f'"{words}"', "DETAIL": f'{{"detail": "{words}"}}'}[form] == answer.text


@pytest.mark.parametrize(
    ("quantity", "words"),
    [
        (0, "Validation error: Cancel quantity value can't be less or equal zero"),
        (3, "Validation error: Cancel quantity value 3 is bigger than allowed for item"),
        (1, "Validation error: Partial cancellation not allowed item 1"),
    ],
)
def test_a_cancellation_of_too_few_or_too_many_is_refused(
    edge: VirtualstockSandbox, client: Client, quantity: int, words: str
) -> None:
    answer = client.act(sold(edge), "cancel_request", item(quantity=quantity, reason_code=126))

    assert (answer.status_code, answer.text) == (400, words)


@pytest.mark.parametrize("field", ["part_number", "line_ref", "quantity", "carrier", "tracking_number"])
def test_a_dispatch_without_what_it_needs_is_refused(edge: VirtualstockSandbox, client: Client, field: str) -> None:
    reference = sold(edge, "ORDER_ACK")

    answer = client.act(reference, "dispatch", {**parcel(), field: ""})

    assert (answer.status_code, answer.json()) == (400, {field: ["This field is required."]})
    assert edge.parcels(reference) == []


@pytest.mark.parametrize("change", [{"carrier": "DPD"}, {"supplier_dispatch_date": "2026-01-15T09:00:00"}])
def test_a_dispatch_names_a_slug_and_a_date(edge: VirtualstockSandbox, client: Client, change: dict[str, str]) -> None:
    assert client.act(sold(edge, "ORDER_ACK"), "dispatch", {**parcel(), **change}).status_code == 400


def test_a_part_of_a_line_leaves_only_where_the_retailer_allows_it(edge: VirtualstockSandbox, client: Client) -> None:
    reference = sold(edge, "ORDER_ACK")
    assert client.act(reference, "dispatch", parcel(quantity=1)).status_code == 400

    edge.change_retailer(partial_quantity=True)

    assert client.act(reference, "dispatch", parcel(quantity=1)).status_code == 200
    assert edge.line_statuses(reference)[0] == "ORDER_ACK"
    assert client.act(reference, "dispatch", parcel(quantity=1)).status_code == 200
    assert edge.line_statuses(reference)[0] == "DISPATCH"


def test_retailers_have_their_own_words_and_wishes(edge: VirtualstockSandbox, client: Client) -> None:
    edge.change_retailer(fulfilment_routes=["WAREHOUSE"], comments=False)
    reference = sold(edge)

    assert client.act(reference, "acknowledge", item()).json() == {"fulfillment_route": ["This field is required."]}
    wrong = {**LATER, "sub_status": "On holiday", "fulfillment_route": "WAREHOUSE"}
    assert client.act(reference, "backorder", item(**wrong)).json() == {
        "sub_status": ['"On holiday" is not a valid choice.']
    }
    talking = {**LATER, "fulfillment_route": "WAREHOUSE", "comment": "Sorry"}
    assert client.act(reference, "backorder", item(**talking)).status_code == 400
    assert edge.line_statuses(reference) == ["ORDER", "ORDER"]
