"""What goes over the wire: paths, key, shop, dates, paging, media types, buckets. Judged by the vendor's contract."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.canonical.errors import (
    ConfigurationError,
    PermanentError,
    TransientError,
    UnknownOutcomeError,
)
from connectors.mirakl import writes
from connectors.mirakl.client import PAGE_SIZE, MiraklClient, Place, iso, limits
from connectors.mirakl.connector import MiraklConnector
from tests.connectors.conformance import RecordingGate
from tests.connectors.mirakl.contract import check_request
from tests.connectors.mirakl.network import Network, account, answer, body_of, orders_answer, payload_answer, query_of
from tests.connectors.mirakl.payloads import load, order
from tests.connectors.mirakl.shop import dispatch_of

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
DECISION = {"order_lines": [{"id": "MN-88210-A-1", "accepted": True}]}
VERDICTS = {"shipment_success": [{"id": "s-1"}], "shipment_errors": []}


def refund_body() -> Any:
    payload = order()
    left = writes.read_remainders(payload, line_ids={"MN-88210-A-1", "MN-88210-A-2"}, shipped={})
    return writes.build_refund(payload, left, reason_code="15")


def cancelation_body() -> Any:
    payload = order()
    left = writes.read_remainders(payload, line_ids={"MN-88210-A-1"}, shipped={})
    return writes.build_cancelation(payload, left, reason_code="34")


DISPATCH = dispatch_of("MN-88210-A")
TRACKING = {"shipments": [{"id": "s-1", "tracking": {"carrier_code": "PN", "tracking_number": "00370"}}]}
PLACE: dict[str, Any] = {"updated_from": NOON - timedelta(hours=1), "updated_until": NOON, "offset": 0}

# Operation code → how the client makes it, and an answer it can live with.
CALLS: dict[str, tuple[Callable[[MiraklClient], object], Any]] = {
    "OR11": (lambda client: client.list_orders(**PLACE), {"orders": [], "total_count": 0}),
    "OR21": (lambda client: client.decide_order("MN-88210-A", DECISION), None),
    "OR23": (lambda client: client.set_tracking("MN-88210-A", writes.build_tracking(DISPATCH)), None),
    "OR24": (lambda client: client.ship_order("MN-88210-A"), None),
    "OR04": (
        lambda client: client.set_references(writes.build_references({"MN-88210-A": "39790"})),
        {"updated_orders": []},
    ),
    "OR28": (lambda client: client.refund(refund_body()), load("refund_created")),
    "OR29": (lambda client: client.cancel_order("MN-88210-A"), None),
    "OR30": (lambda client: client.cancel_lines(cancelation_body()), load("cancelation_created")),
    "RT11": (
        lambda client: client.list_returns(updated_from=PLACE["updated_from"], updated_until=PLACE["updated_until"]),
        load("returns"),
    ),
    "ST01": (lambda client: client.create_shipments(writes.build_shipment(DISPATCH)), load("shipment_created")),
    "ST11": (lambda client: client.list_shipments("MN-88210-A"), load("shipments")),
    "ST12": (lambda client: client.list_items_to_ship("MN-88210-A"), {"data": []}),
    "ST23": (lambda client: client.set_shipment_tracking(TRACKING), VERDICTS),
    "ST24": (lambda client: client.validate_shipments(["s-1"]), VERDICTS),
    "SH21": (lambda client: client.list_carriers(), load("carriers")),
    "SH12": (lambda client: client.list_shipping_types(), {"shipping_types": []}),
    "RE01": (lambda client: client.list_reasons(), load("reasons")),
    "A01": (lambda client: client.read_account(), load("account")),
    "PC01": (lambda client: client.read_configuration(), load("configuration")),
    "CH11": (lambda client: client.list_channels(), {"channels": []}),
    "AF01": (lambda client: client.list_additional_fields(), {"additional_fields": []}),
    "V01": (lambda client: client.read_version(), {"version": "3.1"}),
    "STO01": (lambda client: client.import_stock(b'"offer-sku";"quantity"\n"A";"1"\n'), {"import_id": "17"}),
    "STO02": (lambda client: client.read_stock_import("17"), {"import_id": "17", "status": "WAITING"}),
    "STO03": (lambda client: client.read_stock_errors("17"), "1;unknown"),
}
WRITES = {"OR21", "OR23", "OR24", "OR04", "OR28", "OR29", "OR30", "ST01", "ST23", "ST24", "STO01"}


@pytest.mark.parametrize("code", CALLS)
def test_every_call_is_one_the_vendor_documents(code: str, client: MiraklClient, network: Network) -> None:
    call, reply = CALLS[code]
    network.put(answer(reply, status=204 if reply is None else 200))

    call(client)

    check_request(network.last, code=code)


@pytest.mark.parametrize("code", CALLS)
def test_every_call_carries_the_bare_key_and_the_shop(code: str, client: MiraklClient, network: Network) -> None:
    call, reply = CALLS[code]
    network.put(answer(reply, status=204 if reply is None else 200))

    call(client)

    assert network.last.headers["Authorization"] == "key-4f1c9a7e"
    assert query_of(network.last)["shop_id"] == ["2054"]
    assert network.last.headers["Accept"] == ("text/csv" if code == "STO03" else "application/json")


@pytest.mark.parametrize("code", CALLS)
def test_every_call_goes_by_its_code_says_whether_it_writes_and_has_a_bucket(
    code: str, client: MiraklClient, network: Network, gate: RecordingGate
) -> None:
    call, reply = CALLS[code]
    network.put(answer(reply, status=204 if reply is None else 200))

    call(client)

    (made,) = gate.calls
    assert (made.operation, made.write) == (code, code in WRITES)
    assert set(made.costs) <= {limit.bucket for limit in limits(account())}
    assert list(made.costs.values()) == [1]


def test_without_a_shop_number_mirakl_takes_the_users_default_shop(network: Network, gate: RecordingGate) -> None:
    network.put(payload_answer("carriers"))

    MiraklClient(account(shop_id=None), gate=gate).list_carriers()

    assert "shop_id" not in query_of(network.last)


@pytest.mark.parametrize("code", ["OR24", "OR29"])
def test_a_put_without_a_body_says_that_its_length_is_0(code: str, client: MiraklClient, network: Network) -> None:
    network.put(answer(status=204))

    CALLS[code][0](client)

    assert network.last.headers["Content-Length"] == "0"
    assert not network.last.body


def test_a_poll_asks_for_gross_amounts_oldest_first_in_large_pages(client: MiraklClient, network: Network) -> None:
    network.put(orders_answer())
    paris = timezone(timedelta(hours=1))

    client.list_orders(
        updated_from=datetime(2026, 3, 2, 10, 0, 0, 250_000, tzinfo=paris), updated_until=NOON, offset=200
    )

    assert query_of(network.last) == {
        "start_update_date": ["2026-03-02T09:00:00.250Z"],
        "end_update_date": ["2026-03-02T12:00:00.000Z"],
        "max": ["100"],
        "offset": ["200"],
        "sort": ["dateCreated"],
        "order": ["asc"],
        "order_tax_mode": ["TAX_INCLUDED"],
        "shop_id": ["2054"],
    }
    assert "%3A" in network.last.url
    assert "+" not in network.last.url


def test_a_poll_counts_once_however_many_pages_it_takes(
    client: MiraklClient, network: Network, gate: RecordingGate
) -> None:
    network.put(orders_answer(), orders_answer(), orders_answer())

    client.list_orders(**PLACE)
    client.list_orders(**{**PLACE, "offset": 100})
    client.read_orders(["MN-88210-A", "MN-88211-A"])

    assert [dict(call.costs) for call in gate.calls] == [{"OR11": 1}, {"OR11 reads": 1}, {"OR11 reads": 1}]
    assert query_of(network.last)["order_ids"] == ["MN-88210-A,MN-88211-A"]
    assert query_of(network.last)["order_tax_mode"] == ["TAX_INCLUDED"]


def test_an_id_cannot_change_the_path(client: MiraklClient, network: Network) -> None:
    network.put(answer(status=204))

    client.ship_order("A/../../B?x=1")

    assert network.requests == ["PUT /api/orders/A%2F..%2F..%2FB%3Fx%3D1/ship"]


def test_amounts_go_out_as_exact_numbers(client: MiraklClient, network: Network) -> None:
    network.put(payload_answer("refund_created"))

    client.refund(refund_body())

    entry = body_of(network.last)["refunds"][0]
    assert (entry["amount"], entry["shipping_amount"]) == (Decimal("99.80"), Decimal("4.90"))
    assert b'"amount":99.80' in (network.last.body or b"").replace(b" ", b"")


def test_stock_is_sent_as_a_file(client: MiraklClient, network: Network) -> None:
    network.put(answer({"import_id": "17"}, status=201))

    assert client.import_stock(b'"offer-sku";"quantity"\n"NV1001-410-M";"0"\n') == {"import_id": "17"}

    assert network.last.headers["Content-Type"].startswith("multipart/form-data")
    assert b'name="file"; filename="stock.csv"' in (network.last.body or b"")
    assert b'"NV1001-410-M";"0"' in (network.last.body or b"")


def test_shipments_are_read_over_all_pages_by_token_alone(client: MiraklClient, network: Network) -> None:
    network.put(answer({"data": [{"id": "1"}], "next_page_token": "abc+/="}), answer({"data": [{"id": "2"}]}))

    assert client.list_shipments("MN-88210-A") == [{"id": "1"}, {"id": "2"}]

    first, second = network.sent
    assert query_of(first) == {
        "order_id": ["MN-88210-A"],
        "limit": ["100"],
        "sort": ["dateCreated,ASC"],
        "shop_id": ["2054"],
    }
    assert query_of(second) == {"page_token": ["abc+/="], "shop_id": ["2054"]}


@pytest.mark.parametrize("address", ["https://x-prod.mirakl.net/", "https://x-prod.mirakl.net/api"])
def test_the_address_may_be_given_as_operators_print_it(address: str, network: Network, gate: RecordingGate) -> None:
    network.put(answer({"version": "3"}))
    given = account()

    MiraklClient(type(given)(name="x", base_url=address, credentials=given.credentials), gate=gate).read_version()

    assert network.last.url == "https://x-prod.mirakl.net/api/version"


# --- answers that are none --------------------------------------------------------------------------------------------
@pytest.mark.parametrize("body", ["", "null", "[]", '"x"', "<orders/>", '{"orders": {}}', '{"total_count": 3}'])
def test_a_list_without_its_list_is_a_failed_read(client: MiraklClient, network: Network, body: str) -> None:
    network.put(answer(body))

    with pytest.raises(TransientError):
        client.list_orders(**PLACE)


@pytest.mark.parametrize("code", ["OR28", "OR30", "ST01", "ST24", "OR04"])
@pytest.mark.parametrize("body", ["", "[]", '{"refunds": 1, "cancelations": 1, "shipment_success": 1}'])
def test_a_write_without_a_verdict_has_an_unknown_outcome(
    client: MiraklClient, network: Network, code: str, body: str
) -> None:
    network.put(answer(body))

    with pytest.raises(UnknownOutcomeError):
        CALLS[code][0](client)


# --- error table ------------------------------------------------------------------------------------------------------
def unauthorized(status: int) -> dict[str, Any]:
    return {"message": "Something", "status": status}


@pytest.mark.parametrize(
    ("status", "body", "family", "code"),
    [
        (400, unauthorized(400), PermanentError, ""),
        (401, unauthorized(401), ConfigurationError, "api_key"),
        (403, unauthorized(403), ConfigurationError, "role"),
        (404, {"message": "Not Found"}, ConfigurationError, "unknown_address"),
        (
            404,
            {"message": "Resource not available : report on import id 7", "status": 404},
            PermanentError,
            "not_found",
        ),
        (404, "<html>no such page</html>", PermanentError, "not_found"),
        (405, unauthorized(405), PermanentError, ""),
        (406, unauthorized(406), PermanentError, ""),
        (410, unauthorized(410), ConfigurationError, "gone"),
        (415, unauthorized(415), PermanentError, ""),
        (429, unauthorized(429), TransientError, "429"),
        (500, unauthorized(500), UnknownOutcomeError, "500"),
        (502, "<html>Bad gateway</html>", UnknownOutcomeError, "502"),
        (503, unauthorized(503), UnknownOutcomeError, "503"),
    ],
)
def test_every_refusal_of_a_write_has_its_family(
    client: MiraklClient, network: Network, status: int, body: Any, family: type[Exception], code: str
) -> None:
    network.put(answer(body, status=status))

    with pytest.raises(family) as caught:
        client.decide_order("MN-88210-A", DECISION)

    assert getattr(caught.value, "code", None) == code


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_server_fault_of_a_read_may_be_tried_again(client: MiraklClient, network: Network, status: int) -> None:
    network.put(answer(unauthorized(status), status=status))

    with pytest.raises(TransientError):
        client.read_orders(["MN-88210-A"])


def test_a_wrong_key_pauses_the_connection_and_a_missing_role_its_operation(
    client: MiraklClient, network: Network
) -> None:
    network.put(answer(unauthorized(401), status=401), answer(unauthorized(403), status=403))

    with pytest.raises(ConfigurationError) as key:
        client.ship_order("MN-88210-A")
    with pytest.raises(ConfigurationError) as role:
        client.ship_order("MN-88210-A")

    assert (key.value.operation, role.value.operation) == ("", "OR24")
    assert "ROLE_PARTNER_ORDER_SHIP" in role.value.message


# --- paging -----------------------------------------------------------------------------------------------------------
def test_a_first_page_begins_at_the_start() -> None:
    assert Place.decoded(None) == Place(offset=0, total=None)


@pytest.mark.parametrize("place", [Place(), Place(offset=100, total=250), Place(offset=100, total=None)])
def test_a_token_holds_the_place(place: Place) -> None:
    assert Place.decoded(place.encoded()) == place


@pytest.mark.parametrize(
    ("place", "count", "total", "following"),
    [
        (Place(), 0, 0, None),
        (Place(), 40, 40, None),
        (Place(), PAGE_SIZE, 250, Place(offset=100, total=250)),
        (Place(offset=200, total=250), 50, 250, None),
        (
            Place(offset=100, total=200),
            PAGE_SIZE,
            200,
            Place(offset=200, total=200),
        ),  # a full last page: look once more
        (Place(offset=200, total=200), 0, 200, None),
        (Place(offset=100, total=250), PAGE_SIZE, 247, Place(offset=97, total=247)),  # three left the window
        (Place(offset=200, total=203), 0, 198, Place(offset=195, total=198)),
        (Place(offset=100, total=250), PAGE_SIZE, 260, Place(offset=200, total=260)),
        (Place(), PAGE_SIZE, None, Place(offset=100, total=None)),
        (Place(offset=100, total=None), 60, None, Place(offset=160, total=None)),
        (Place(offset=160, total=None), 0, None, None),
    ],
)
def test_the_next_page_begins_where_nobody_is_skipped(
    place: Place, count: int, total: int | None, following: Place | None
) -> None:
    assert place.following(count, total=total) == following


@given(data=st.data(), count=st.integers(0, 450))
def test_whoever_stays_in_the_window_is_read_whoever_leaves_it(data: st.DataObject, count: int) -> None:
    window, seen = list(range(count)), set[int]()
    place: Place | None = Place()
    while place is not None:
        page = window[place.offset : place.offset + PAGE_SIZE]
        seen.update(page)
        place = place.following(len(page), total=len(window))
        for leaver in data.draw(st.lists(st.sampled_from(window), max_size=9, unique=True)) if window else []:
            window.remove(leaver)

    assert set(window) <= seen


# --- limits -----------------------------------------------------------------------------------------------------------
def test_the_documented_maxima_are_kept() -> None:
    found = {limit.bucket: (limit.calls, limit.seconds) for limit in limits(account())}

    assert found["OR11"] == (1, 60)
    assert found["OR04"] == (1, 60)
    assert found["ST12"] == found["RT11"] == (1, 300)
    assert (found["STO01"], found["STO02"], found["STO03"]) == ((1, 60), (1, 15), (1, 60))
    assert {found[name] for name in ("A01", "AF01", "CH11", "SH12", "SH21")} == {(3, 86_400)}
    assert all(limit.source for limit in limits(account()))


def test_an_external_partner_may_poll_every_quarter_of_an_hour() -> None:
    found = {limit.bucket: limit.seconds for limit in MiraklConnector.limits(account(or11_tier="external_partner"))}

    assert found["OR11"] == 900


def test_moments_are_written_in_utc() -> None:
    assert iso(datetime(2026, 3, 29, 3, 30, tzinfo=timezone(timedelta(hours=2)))) == "2026-03-29T01:30:00.000Z"
