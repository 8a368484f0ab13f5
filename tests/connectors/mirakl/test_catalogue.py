"""The marketplace's catalogue as the connector calls it: the requests, what they cost, and imports followed to the end."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from connectors import ports
from connectors.canonical.deliveries import DeliveryState
from connectors.canonical.errors import ConfigurationError, DataError
from connectors.canonical.listings import ListingUpdate
from connectors.mirakl.connector import MiraklConnector
from connectors.mirakl.sandbox import AttributeRow, MiraklSandbox
from connectors.sandboxkit import SandboxClock
from tests.connectors.conformance import START, RecordingGate
from tests.connectors.conformance_channels import to_the_end
from tests.connectors.mirakl.contract import check_request
from tests.connectors.mirakl.network import Network, account, answer, query_of
from tests.connectors.mirakl.shop import account_of, listing_of

ROLES = {
    "attributes": [{"code": "kat", "roles": [{"type": "CATEGORY"}]}, {"code": "ref", "roles": [{"type": "SHOP_SKU"}]}]
}
UPDATE = ListingUpdate(sku="A-1", category="coats", values={"title": ("Coat",)})


# --- the requests -----------------------------------------------------------------------------------------------------
def test_a_category_is_asked_for_by_its_documented_name_without_those_below(
    connector: MiraklConnector, network: Network
) -> None:
    network.put(answer({"attributes": []}))

    assert connector.fetch_attributes("womens-knitwear") == ()

    check_request(network.last, code="PM11")
    asked = query_of(network.last)
    assert (asked["hierarchy"], asked["max_level"]) == (["womens-knitwear"], ["0"])


def test_a_value_list_is_never_asked_for_without_its_code(connector: MiraklConnector, network: Network) -> None:
    network.put(answer({"values_lists": []}))

    assert connector.fetch_values("sizes") == ()

    check_request(network.last, code="VL11")
    assert query_of(network.last)["code"] == ["sizes"]


def test_products_are_sent_in_the_operators_format_under_the_columns_mirakl_names(
    connector: MiraklConnector, network: Network
) -> None:
    network.put(answer(ROLES), answer({"import_id": 2041}, status=201), answer({"import_id": 2042}, status=201))

    delivery = connector.send_listings([UPDATE])
    connector.send_listings([UPDATE])

    assert (delivery.state, delivery.ticket) == (DeliveryState.PENDING, "2041:ref")
    assert network.requests == [
        "GET /api/products/attributes",
        "POST /api/products/imports",
        "POST /api/products/imports",
    ]
    check_request(network.last, code="P41")
    body = network.last.body or b""
    assert b'name="operator_format"\r\n\r\ntrue' in body
    assert b'"kat";"ref";"title"\n"coats";"A-1";"Coat"\n' in body


def test_columns_that_the_connection_names_are_not_asked_for(network: Network, gate: RecordingGate) -> None:
    named = MiraklConnector(account(category_attribute="kat", sku_attribute="ref"), gate=gate)
    network.put(answer({"import_id": 2041}, status=201))

    named.send_listings([UPDATE])

    assert network.requests == ["POST /api/products/imports"]
    assert [(call.operation, dict(call.costs)) for call in gate.calls] == [("P41", {"P41": 1})]


@pytest.mark.parametrize(("place", "words"), [(0, "your SKU"), (1, "the category")])
def test_a_column_that_nobody_names_is_a_setting_to_be_made_and_nothing_is_sent(
    connector: MiraklConnector, network: Network, gate: RecordingGate, place: int, words: str
) -> None:
    network.put(answer({"attributes": ROLES["attributes"][place : place + 1]}))

    with pytest.raises(ConfigurationError, match=words):
        connector.send_listings([UPDATE])

    assert gate.writes == []


def test_the_documented_frequencies_are_kept() -> None:
    limits = {limit.bucket: (limit.calls, limit.seconds) for limit in MiraklConnector.limits(account())}

    assert (limits["P41"], limits["P42"], limits["P51"], limits["H11"]) == ((1, 900), (1, 60), (1, 60), (1, 3600))
    assert {"PM11", "VL11", "P44", "P47"} <= limits.keys()


# --- an import to its end ---------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def market() -> Iterator[MiraklSandbox]:
    with MiraklSandbox(clock=SandboxClock(START, frozen=True)) as sandbox:
        yield sandbox


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with ports.using(clock=ports.VirtualClock(START)):
        yield


AS_IT_WAS = {"operator_integrates": True, "report_sku_column": "shop_sku", "report_error_column": "errors"}


@pytest.fixture
def shop(market: MiraklSandbox, gate: RecordingGate) -> MiraklConnector:
    market.change_settings(**AS_IT_WAS)
    return MiraklConnector(account_of(market), gate=gate)


def test_both_stages_name_what_they_refuse_and_warnings_are_not_lost(
    shop: MiraklConnector, market: MiraklSandbox
) -> None:
    market.change_settings(operator_integrates=False)
    good, bad_digit, too_long = (listing_of(place) for place in range(3))
    bad_digit = listing_of(1, values={**bad_digit.values, "ean": ("9520000000012",)})
    too_long = listing_of(2, values={**too_long.values, "title": ("x" * 121,)})
    unsaid = listing_of(
        3, values={code: cells for code, cells in listing_of(3).values.items() if code != "description"}
    )
    ticket = shop.send_listings([good, bad_digit, too_long, unsaid]).ticket
    market.advance(3600)
    shop.follow_listings(ticket)
    while (waiting := shop.follow_listings(ticket)).refused == ():
        assert waiting.state is DeliveryState.PENDING

    assert (waiting.state, [line.sku for line in waiting.refused]) == (DeliveryState.PENDING, [too_long.sku])

    market.integrate_products()
    market.change_settings(operator_integrates=True)
    done = shop.follow_listings(ticket)

    assert (done.state, done.taken) == (DeliveryState.DONE, 2)
    assert [(line.sku, line.code, line.attribute) for line in done.refused] == [
        (too_long.sku, "2004", "title"),
        (bad_digit.sku, "2019", ""),
    ]
    assert done.words == (
        "The operator counts products as not taken: 1 with wrong identifiers.\n"
        f"{unsaid.sku}: The attribute 'description' (Description) is recommended (1001)"
    )
    assert market.taken_product(good.sku) is not None


def test_an_operators_own_report_says_which_setting_is_missing_and_is_read_with_it(
    market: MiraklSandbox, gate: RecordingGate
) -> None:
    market.change_settings(report_sku_column="artikel", report_error_column="grund")
    bad_digit = listing_of(4, values={**listing_of(4).values, "ean": ("1",)})
    blind = MiraklConnector(account_of(market), gate=gate)
    ticket = blind.send_listings([bad_digit]).ticket
    with pytest.raises(DataError, match="artikel, grund"):
        to_the_end(market, blind.follow_listings(ticket), blind.follow_listings)

    told = MiraklConnector(account_of(market, report_sku_column="artikel", report_error_column="grund"), gate=gate)

    assert [line.sku for line in told.follow_listings(ticket).refused] == [bad_digit.sku]


def test_an_operator_whose_attributes_have_no_roles_wants_the_columns_entered(
    shop: MiraklConnector, market: MiraklSandbox, gate: RecordingGate
) -> None:
    before = list(market.market.reference.attributes)
    market.set_attributes([AttributeRow(code="ref", label="Ref")])

    with pytest.raises(ConfigurationError):
        shop.send_listings([UPDATE])

    market.set_attributes(before)
    assert gate.writes == []


def test_the_test_of_the_connection_tells_when_the_key_may_not_send_products(
    market: MiraklSandbox, gate: RecordingGate
) -> None:
    key = market.add_api_key(["ROLE_PARTNER_SHOP_READ", "ROLE_PARTNER_ORDER_READ"])
    poor = MiraklConnector(replace(account_of(market), credentials={"api_key": key}), gate=gate)

    findings = {finding.subject: finding for finding in poor.check().findings}

    assert (findings["Role: send products"].ok, findings["Role: send products"].blocking) == (False, False)
    assert "ROLE_PARTNER_PRODUCT_WRITE" in findings["Role: send products"].message
    assert gate.writes == []
