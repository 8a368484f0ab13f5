"""OR11: filters, dates, paging that shifts, a delta that repeats, orders that show late."""

from datetime import timedelta
from typing import Any

import pytest

from connectors.mirakl.sandbox import MiraklSandbox
from tests.connectors.mirakl.sandbox.api import LINES, Shop, refusal
from tests.connectors.mirakl.sandbox.conftest import START


def stamp(seconds: float) -> str:
    """So many seconds after the sandbox's start."""
    return (START + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def minutes_apart(sandbox: MiraklSandbox, count: int, **values: Any) -> list[str]:
    made = []
    for _ in range(count):
        made.append(sandbox.add_order(lines=LINES, **values))
        sandbox.advance(60)
    return made


# --- paging ---------------------------------------------------------------------------------------------------------
def test_a_page_has_ten_orders_oldest_first_unless_asked_otherwise(sandbox: MiraklSandbox, shop: Shop) -> None:
    made = minutes_apart(sandbox, 12)
    answer = shop.get("/api/orders").json()
    assert ([order["order_id"] for order in answer["orders"]], answer["total_count"]) == (made[:10], 12)
    assert shop.ids(offset=10) == made[10:]
    assert shop.ids(max=3, order="desc") == made[:-4:-1]
    assert shop.ids(offset=100) == []


def test_the_link_header_leads_both_ways_and_keeps_the_query(sandbox: MiraklSandbox, shop: Shop) -> None:
    minutes_apart(sandbox, 3)
    links = shop.get("/api/orders", max=1, offset=1, order_tax_mode="TAX_INCLUDED").links
    base = f"{sandbox.base_url}/api/orders?max=1&order_tax_mode=TAX_INCLUDED&offset="
    assert (links["previous"]["url"], links["next"]["url"]) == (base + "0", base + "2")
    assert shop.get("/api/orders").links == {}


def test_the_legacy_parameter_switches_paging_off(sandbox: MiraklSandbox, shop: Shop) -> None:
    made = minutes_apart(sandbox, 12)
    assert shop.ids(paginate="false") == made
    assert len(shop.ids(paginate="true")) == 10


@pytest.mark.parametrize(
    "query",
    [
        {"max": 101},
        {"max": 0},
        {"max": "many"},
        {"offset": -1},
        {"sort": "price"},
        {"order": "up"},
        {"order_state_codes": "REFUNDED"},  # a state of lines only
        {"order_state_codes": "shipping"},
        {"payment_workflow": "CASH"},
        {"order_tax_mode": "NET"},
        {"customer_debited": "maybe"},
        {"start_date": "2026-03-02"},
        {"start_update_date": "yesterday"},
        {"start_update_date": "2026-03-02T09:00:00"},
        {"start_update_date": "0001-01-01T00:00:00+14:00"},
    ],
)
def test_a_parameter_that_makes_no_sense_is_400(shop: Shop, query: dict[str, Any]) -> None:
    assert shop.get("/api/orders", **query).status_code == 400


def test_a_literal_plus_in_a_query_is_a_space_and_refused(sandbox: MiraklSandbox, shop: Shop) -> None:
    assert shop.call("GET", "/api/orders?start_date=2026-03-02T10:00:00+01:00").status_code == 400
    made = sandbox.add_order(lines=LINES)
    assert shop.ids(start_date="2026-03-02T10:00:00+01:00") == [made]  # sent as %2B


def test_unknown_parameters_are_ignored(sandbox: MiraklSandbox, shop: Shop) -> None:
    made = minutes_apart(sandbox, 2)
    assert shop.ids(commercial_ids="MKT-NONE") == made


def test_offset_paging_shifts_when_an_order_changes_between_pages(sandbox: MiraklSandbox, shop: Shop) -> None:
    made = minutes_apart(sandbox, 4)
    window = {"start_update_date": stamp(60), "end_update_date": stamp(239), "max": 2}
    assert shop.ids(**window) == made[:2]
    sandbox.advance(600)
    shop.accept(made[0])  # leaves the window, and everyone behind it moves up
    assert shop.ids(**window, offset=2) == [made[3]]
    assert shop.ids(**window) == made[1:3]


# --- the update window ----------------------------------------------------------------------------------------------
def test_the_start_of_the_update_window_is_widened_by_a_delta_and_the_end_is_not(
    sandbox: MiraklSandbox, shop: Shop
) -> None:
    made = sandbox.add_order(lines=LINES)
    assert shop.ids(start_update_date=stamp(60)) == [made]
    assert shop.ids(start_update_date=stamp(61)) == []
    assert shop.ids(end_update_date=stamp(0)) == [made]
    assert shop.ids(end_update_date=stamp(-1)) == []


def test_every_change_of_state_moves_the_order_and_its_lines_in_time(sandbox: MiraklSandbox, shop: Shop) -> None:
    order_id = sandbox.add_order(lines=LINES)
    sandbox.advance(600)
    shop.accept(order_id)
    order = shop.order(order_id)
    assert order["created_date"] == stamp(0)
    assert [order["last_updated_date"], *(line["last_updated_date"] for line in order["order_lines"])] == [
        stamp(600)
    ] * 3
    assert shop.ids(start_update_date=stamp(600)) == [order_id]


def test_an_order_may_show_long_after_its_creation(sandbox: MiraklSandbox, shop: Shop) -> None:
    order_id = sandbox.add_order(lines=LINES, visible_after=2400)
    assert shop.ids() == []
    assert shop.accept(order_id).status_code == 404
    sandbox.advance(2400)
    assert shop.ids(start_date=stamp(60)) == []  # a cursor on creation dates misses it
    assert shop.ids(start_update_date=stamp(2400)) == [order_id]


def test_with_an_index_lag_the_list_shows_the_old_order_until_the_lag_is_over(
    sandbox: MiraklSandbox, shop: Shop
) -> None:
    order_id = sandbox.add_order(lines=LINES)
    sandbox.change_settings(index_lag_seconds=120)
    sandbox.advance(30)
    assert shop.accept(order_id).status_code == 204
    assert shop.order(order_id)["order_state"] == "WAITING_ACCEPTANCE"
    assert refusal(shop.accept(order_id))[0] == 400  # the platform itself knows better than its index
    sandbox.advance(119)
    assert shop.order(order_id)["order_state"] == "WAITING_ACCEPTANCE"
    sandbox.advance(1)
    order = shop.order(order_id)
    assert (order["order_state"], order["last_updated_date"]) == ("WAITING_DEBIT", stamp(30))


def test_a_new_order_behind_the_lag_shows_with_a_date_in_the_past(sandbox: MiraklSandbox, shop: Shop) -> None:
    sandbox.change_settings(index_lag_seconds=300)
    order_id = sandbox.add_order(lines=LINES)
    sandbox.advance(299)
    assert shop.ids() == []
    sandbox.advance(1)
    assert shop.order(order_id)["last_updated_date"] == stamp(0)


def test_a_change_that_waits_behind_the_lag_never_hides_a_newer_one(sandbox: MiraklSandbox, shop: Shop) -> None:
    sandbox.change_settings(index_lag_seconds=300)
    order_id = sandbox.add_order(lines=LINES)
    sandbox.change_settings(index_lag_seconds=0)
    sandbox.advance(10)
    shop.accept(order_id)
    sandbox.advance(290)
    assert shop.order(order_id)["order_state"] == "SHIPPING"


def test_a_range_of_more_than_the_longest_window_is_400_where_the_operator_set_one(
    sandbox: MiraklSandbox, shop: Shop
) -> None:
    sandbox.change_settings(longest_window_days=365)
    assert shop.get("/api/orders", start_update_date=stamp(-366 * 86400)).status_code == 400
    assert shop.get("/api/orders", start_update_date=stamp(-364 * 86400)).status_code == 200


# --- filters --------------------------------------------------------------------------------------------------------
def test_lists_are_taken_repeated_and_joined(sandbox: MiraklSandbox, shop: Shop) -> None:
    first, second, _ = minutes_apart(sandbox, 3)
    assert shop.ids(order_ids=f"{first},{second}") == [first, second]
    assert shop.ids(order_ids=[first, second]) == [first, second]


def test_more_than_a_hundred_ids_are_refused(shop: Shop) -> None:
    ids = ",".join(f"MKT-{n}-A" for n in range(101))
    assert refusal(shop.get("/api/orders", order_ids=ids)) == (
        400,
        "The limit of 100 is exceeded for the parameter : order_ids",
    )


def test_orders_are_filtered_by_what_they_are(sandbox: MiraklSandbox, shop: Shop) -> None:
    swedish = sandbox.add_order(lines=LINES, country="SWE")
    french = sandbox.add_order(lines=LINES, country="FRA", advance_to="SHIPPING")
    loose = sandbox.add_order(lines=LINES, channel=None, payment_workflow="PAY_ON_DELIVERY", customer_reference="C-9")
    elsewhere = sandbox.add_order(lines=LINES, country="SWE", fulfillment_center="FC-1")
    sandbox.open_incident(f"{french}-1")
    expected: list[tuple[dict[str, Any], list[str]]] = [
        ({"order_state_codes": "SHIPPING,SHIPPED"}, [french]),
        ({"channel_codes": "SE"}, [swedish, elsewhere]),
        ({"only_null_channel": "true", "channel_codes": "SE"}, [loose]),
        ({"customer_debited": "true"}, [french]),
        ({"customer_debited": "false"}, [swedish, loose, elsewhere]),
        ({"has_incident": "true"}, [french]),
        ({"payment_workflow": "PAY_ON_DELIVERY"}, [loose]),
        ({"fulfillment_center_code": "FC-1"}, [elsewhere]),
        ({"order_references_for_customer": "C-9"}, [loose]),
        ({"start_date": stamp(0), "end_date": stamp(0)}, [swedish, french, loose, elsewhere]),
        ({"start_date": stamp(1)}, []),
    ]
    assert [(query, shop.ids(**query)) for query, _ in expected] == expected


def test_a_poll_of_many_thousand_orders_reads_its_window_only(sandbox: MiraklSandbox, shop: Shop) -> None:
    sandbox.add_orders(3000, lines=LINES)
    sandbox.advance(3600)
    fresh = sandbox.add_orders(3, lines=LINES)
    answer = shop.get("/api/orders", start_update_date=stamp(3600), max=100).json()
    assert ([order["order_id"] for order in answer["orders"]], answer["total_count"]) == (fresh, 3)
    rendered = [order for order in sandbox.market.orders.values() if order.rendered]
    assert [order.order_id for order in rendered] == fresh
