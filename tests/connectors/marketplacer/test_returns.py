"""Refund requests of dispatched goods, against the sandbox: found whenever they change, and told apart from cancellations."""

from datetime import timedelta
from decimal import Decimal

import pytest

from connectors.base import Record
from connectors.canonical.errors import DataError, PermanentError
from connectors.canonical.money import Money
from connectors.canonical.returns import Return, ReturnState
from connectors.marketplacer.connector import MarketplacerConnector
from connectors.marketplacer.returns import STATES, parse_return
from connectors.marketplacer.sandbox import MarketplacerSandbox
from connectors.marketplacer.sandbox.market import global_id
from connectors.marketplacer.sandbox.resolving import executable_schema
from tests.connectors.conformance import START, all_pages, records_of
from tests.connectors.marketplacer.payloads import payload
from tests.connectors.marketplacer.shop import LINES, dispatch_of

TEE, COAT = LINES[0]["sku"], LINES[1]["sku"]


def sent_order(connector: MarketplacerConnector, sandbox: MarketplacerSandbox) -> str:
    reference = sandbox.add_order(lines=LINES)
    connector.send_dispatch(dispatch_of(sandbox, reference))
    return reference


def read(connector: MarketplacerConnector, *, since: float = -3600, until: float = 3600) -> list[Record]:
    """What changed between so many seconds before and after the sandbox's beginning."""
    window = {"updated_from": START + timedelta(seconds=since), "updated_until": START + timedelta(seconds=until)}
    return records_of(all_pages(lambda token: connector.fetch_returns(**window, token=token)))


def only(connector: MarketplacerConnector, **window: float) -> Return:
    (found,) = {record.external_id: record for record in read(connector, **window)}.values()
    return connector.parse_return(found.payload)


def test_a_return_names_its_order_its_lines_and_what_is_to_be_given_back(
    connector: MarketplacerConnector, sandbox: MarketplacerSandbox
) -> None:
    reference = sent_order(connector, sandbox)
    request = sandbox.request_refund(reference, units={TEE: 1}, dispatched=True, reason="Too small")

    found = only(connector)

    sold = next(line["id"] for line in sandbox.invoice(reference)["lines"] if line["sku"] == TEE)
    assert (found.external_id, found.number, found.order_external_id) == (request, "529", reference)
    assert (found.state, found.source_state, found.refunds) == (ReturnState.REQUESTED, "AWAITING", ())
    alone = connector.fetch_return(request)
    assert alone is not None
    assert (alone.order_external_id, connector.parse_return(alone.payload)) == (reference, found)
    (line,) = found.lines
    assert (line.sku, line.order_line_id, line.requested, line.reason) == (TEE, sold, 1, "Too small")
    assert line.amount == found.refund_wanted == Money(Decimal("49.90"), "AUD")


def test_a_request_that_is_not_there_is_none(connector: MarketplacerConnector) -> None:
    assert connector.fetch_return(global_id("RefundRequest", 77)) is None


def test_a_cancellation_is_no_return(connector: MarketplacerConnector, sandbox: MarketplacerSandbox) -> None:
    request = sandbox.request_refund(sandbox.add_order(lines=LINES), units={TEE: 1})

    assert (read(connector), connector.fetch_return(request)) == ([], None)


def test_goods_that_arrived_are_told_there_and_the_refund_is_the_operators(
    connector: MarketplacerConnector, sandbox: MarketplacerSandbox
) -> None:
    request = sandbox.request_refund(sent_order(connector, sandbox), units={TEE: 2}, dispatched=True)

    connector.confirm_return(request, note="received in warehouse")
    arrived = only(connector)
    with pytest.raises(PermanentError):
        connector.confirm_return(request, note="received in warehouse")
    sandbox.refund(request)
    refunded = only(connector)

    assert [(one.state, one.source_state) for one in (arrived, refunded)] == [
        (ReturnState.RECEIVED, "RETURNED"),
        (ReturnState.COMPLETED, "REFUNDED"),
    ]
    assert (arrived.refunded, refunded.refunded) == (None, Money(Decimal("99.80"), "AUD"))
    assert refunded.refunds[0].transaction_id == request


@pytest.mark.parametrize("happens", ["return_refund", "deny_refund"])
def test_what_becomes_of_an_open_request_is_seen_when_it_is_asked_for(
    connector: MarketplacerConnector, sandbox: MarketplacerSandbox, happens: str
) -> None:
    """Refund requests have no time of their last change: no window shows it."""
    request = sandbox.request_refund(sent_order(connector, sandbox), units={TEE: 1}, dispatched=True)
    sandbox.advance(40 * 86_400)
    getattr(sandbox, happens)(request)

    assert read(connector, since=40 * 86_400 - 300, until=40 * 86_400 + 300) == []
    record = connector.fetch_return(request)
    assert record is not None
    state = {"return_refund": ReturnState.RECEIVED, "deny_refund": ReturnState.CANCELLED}[happens]
    assert connector.parse_return(record.payload).state is state


def test_a_refund_is_seen_in_its_own_window_however_old_the_request(
    connector: MarketplacerConnector, sandbox: MarketplacerSandbox
) -> None:
    request = sandbox.request_refund(sent_order(connector, sandbox), units={TEE: 1}, dispatched=True)
    sandbox.advance(40 * 86_400)
    sandbox.return_refund(request)
    sandbox.refund(request)

    assert only(connector, since=40 * 86_400 - 300, until=40 * 86_400 + 300).state is ReturnState.COMPLETED


def test_a_line_that_is_denied_is_not_to_be_given_back(
    connector: MarketplacerConnector, sandbox: MarketplacerSandbox
) -> None:
    sandbox.configure(refund_flow="advanced")
    reference = sent_order(connector, sandbox)
    sandbox.request_refund(reference, units={TEE: 1, COAT: 1}, dispatched=True)
    first, second = (line.line_id for line in only(connector).lines)

    connector.decide_refund_lines([first], accepted=True)
    connector.decide_refund_lines([second], accepted=False, reason="Worn")

    found = only(connector)
    assert (found.state, found.refund_wanted) == (ReturnState.REQUESTED, Money(Decimal("49.90"), "AUD"))


def test_where_the_deprecated_cents_are_gone_what_is_shown_is_read(
    connector: MarketplacerConnector, sandbox: MarketplacerSandbox
) -> None:
    sandbox.request_refund(sent_order(connector, sandbox), units={TEE: 1}, dispatched=True)
    sandbox.remove_field("RefundRequestLineItem.amountCents")

    assert only(connector).refund_wanted == Money(Decimal("49.90"), "AUD")


def test_where_the_marketplace_does_not_tell_a_return_from_a_cancellation_none_is_read(
    connector: MarketplacerConnector, sandbox: MarketplacerSandbox
) -> None:
    sandbox.request_refund(sent_order(connector, sandbox), units={TEE: 1}, dispatched=True)
    sandbox.remove_field("RefundRequestLineItem.dispatched")

    assert read(connector) == []


def test_every_documented_status_has_a_meaning_and_any_other_is_unknown() -> None:
    documented = set(executable_schema(frozenset()).type_map["RefundRequestStatusEnum"].values)  # type: ignore[attr-defined]
    assert set(STATES) == documented
    assert (
        parse_return({**payload("refund_request"), "status": "SENT_TO_MARS"}, currency="AUD").state
        is ReturnState.UNKNOWN
    )


def test_a_request_without_goods_and_order_says_all_that_it_lacks() -> None:
    with pytest.raises(DataError) as caught:
        parse_return({"id": "x", "legacyId": 7, "status": None, "lineItems": []}, currency="AUD")

    assert {problem.field for problem in caught.value.problems} == {"invoice", "status"}


def test_the_payload_is_read_to_the_letter() -> None:
    found = parse_return(payload("refund_request"), currency="AUD")

    assert (found.number, found.order_external_id, found.source_state) == ("530", "10363", "AWAITING")
    assert [(line.sku, line.requested) for line in found.lines] == [("NV1001-410-M", 1)]  # postage is no goods
    assert found.refund_wanted == Money(Decimal("59.85"), "AUD")  # and is given back with them
