"""Returns, against the sandbox: announced once, received, shelved, credited."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from connectors.canonical.errors import DataError, PermanentError, UnknownOutcomeError
from connectors.canonical.returns import CreditNote, Return, ReturnRequest, ReturnRequestLine, ReturnState
from connectors.fulfil.returns import Returns
from connectors.fulfil.sandbox import FulfilSandbox, shipments
from connectors.fulfil.translate_returns import build_return, parse_credit_note, parse_return
from connectors.sandboxkit import Fault
from tests.connectors.conformance import START
from tests.connectors.fulfil.support import connector_of, sek, sent
from tests.contracts import contract

WINDOW: dict[str, Any] = {"since": START - timedelta(hours=1), "until": START + timedelta(hours=1), "token": None}
RETURN_ORDER = "sale.sale/return_order"


@pytest.fixture
def returns(tenant: FulfilSandbox) -> Returns:
    return Returns(connector_of(tenant).client, channel=3)


@pytest.fixture
def request_(tenant: FulfilSandbox) -> ReturnRequest:
    """One of two tees comes back."""
    sale = sent(tenant, "CE-1").partition("-")[2]
    tees = tenant.tenant.pointing("sale.line", "sale", int(sale))[0]
    line = ReturnRequestLine(order_line_id=str(tees["id"]), quantity=1, line_id="RL1", reason="Too small")
    return ReturnRequest(reference="CE-RMA-55", order_external_id=sale, lines=(line,))


def parcel(returns: Returns) -> Return:
    (record,) = returns.page(**WINDOW).records
    return parse_return(record.payload)


def shipment_of(returns: Returns) -> int:
    return int(parcel(returns).external_id)


def test_what_is_announced_keeps_the_contract(request_: ReturnRequest) -> None:
    assert contract("fulfil").request_problems("createReturnOrder", [build_return(request_)]) == []


def test_a_return_is_announced_once_and_found_again(
    returns: Returns, tenant: FulfilSandbox, request_: ReturnRequest
) -> None:
    assert returns.find("CE-RMA-55") is None

    made = returns.send(request_)

    assert returns.find("CE-RMA-55") == made == returns.send(request_)
    assert tenant.journal.count(RETURN_ORDER) == 2
    assert len(tenant.orders_by_identifier("CE-RMA-55")) == 1


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_an_announcement_without_an_answer_is_looked_up(
    returns: Returns, tenant: FulfilSandbox, request_: ReturnRequest, kind: str
) -> None:
    tenant.faults.add(Fault(kind=kind, operation=RETURN_ORDER))

    with pytest.raises(UnknownOutcomeError):
        returns.send(request_)

    assert (returns.find("CE-RMA-55") is not None) == (kind == "drop_after")


def test_more_than_was_sold_is_refused_and_nothing_is_announced(returns: Returns, request_: ReturnRequest) -> None:
    with pytest.raises(PermanentError):
        returns.send(replace(request_, lines=(replace(request_.lines[0], quantity=3),)))

    assert returns.find("CE-RMA-55") is None


def test_a_return_goes_from_announced_to_received_to_shelved(
    returns: Returns, tenant: FulfilSandbox, request_: ReturnRequest
) -> None:
    returns.send(request_)
    announced = parcel(returns)
    assert (announced.reference, announced.order_external_id) == ("CE-RMA-55", request_.order_external_id)
    assert announced.state is ReturnState.REQUESTED
    assert [(line.sku, line.source_line_id) for line in announced.lines] == [("TEE-M", "RL1")]
    seen = [_units(announced)]

    shipments.receive(tenant.tenant, shipment_of(returns))
    assert parcel(returns).state is ReturnState.RECEIVED
    seen.append(_units(parcel(returns)))

    shipments.return_done(tenant.tenant, shipment_of(returns))
    assert parcel(returns).state is ReturnState.RESTOCKED
    seen.append(_units(parcel(returns)))
    assert seen == [(1, 0, 0), (1, 1, 0), (1, 1, 1)]


def _units(found: Return) -> tuple[int, int, int]:
    (line,) = found.lines
    return line.requested, line.received, line.restocked


def test_what_is_not_fit_to_sell_is_received_and_not_on_the_shelf(
    returns: Returns, tenant: FulfilSandbox, request_: ReturnRequest
) -> None:
    returns.send(request_)
    number = shipment_of(returns)
    shipments.receive(tenant.tenant, number)
    for move in tenant.tenant.pointing("stock.move", "shipment", f"stock.shipment.out.return,{number}"):
        if str(move["origin"]).startswith("stock.move,"):
            tenant.tenant.update("stock.move", move, to_location=7)
    shipments.return_done(tenant.tenant, number)

    assert _units(parcel(returns)) == (1, 1, 0)


def test_the_credit_note_is_what_was_charged_for_what_came_back(
    returns: Returns, tenant: FulfilSandbox, request_: ReturnRequest
) -> None:
    returns.send(request_)
    assert returns.credit_notes(**WINDOW).records == ()
    shipments.receive(tenant.tenant, shipment_of(returns))
    shipments.return_done(tenant.tenant, shipment_of(returns))

    (record,) = returns.credit_notes(**WINDOW).records

    note = parse_credit_note(record.payload)
    assert note == CreditNote(
        external_id=record.external_id,
        number=note.number,
        reference="CE-RMA-55",
        order_external_id=request_.order_external_id,
        posted=True,
        total=sek("199.00"),
        tax=sek("39.80"),
        issued_date=START.date(),
    )


def test_a_credit_note_of_the_newer_kind_has_the_same_positive_amounts(
    returns: Returns, tenant: FulfilSandbox, request_: ReturnRequest
) -> None:
    returns.send(request_)
    shipments.receive(tenant.tenant, shipment_of(returns))
    shipments.return_done(tenant.tenant, shipment_of(returns))
    (row,) = tenant.tenant.select("account.invoice", type="out_credit_note")
    amounts = {name: -row[name] for name in ("untaxed_amount", "tax_amount", "total_amount")}
    tenant.tenant.update("account.invoice", row, type="out", **amounts)

    (record,) = returns.credit_notes(**WINDOW).records

    assert parse_credit_note(record.payload).total == sek("199.00")


@pytest.mark.parametrize("payload", [None, [], {}])
@pytest.mark.parametrize("parse", [parse_return, parse_credit_note])
def test_what_is_no_return_is_refused_with_its_fields(parse: Any, payload: Any) -> None:
    with pytest.raises(DataError) as caught:
        parse(payload)

    assert caught.value.problems
