"""Returns, against the sandbox: announced once, received, shelved, credited."""

import json
from dataclasses import replace
from datetime import timedelta
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Any, cast

import pytest

from connectors.canonical.errors import DataError, PermanentError, UnknownOutcomeError
from connectors.canonical.money import Money, minor_digits
from connectors.canonical.returns import CreditNote, Return, ReturnRequest, ReturnRequestLine, ReturnState
from connectors.fulfil.returns import Returns
from connectors.fulfil.sandbox import FulfilSandbox, shipments
from connectors.fulfil.translate_returns import SoldLine, build_return, parse_credit_note, parse_return
from connectors.sandboxkit import Fault
from tests.connectors.conformance import START
from tests.connectors.fulfil.support import connector_of, sek, sent
from tests.contracts import contract

WINDOW: dict[str, Any] = {"since": START - timedelta(hours=1), "until": START + timedelta(hours=1), "token": None}
RETURN_ORDER = "sale.sale/return_order"


@pytest.fixture
def returns(tenant: FulfilSandbox) -> Returns:
    return Returns(connector_of(tenant).client, channels=[3])


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
    assert announced.return_id == returns.find("CE-RMA-55")
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
        return_id=returns.find("CE-RMA-55") or "",
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


# --- amounts ----------------------------------------------------------------------------------------------------------
def told(amount: Money, *, tax: Money | None, rate: str, units: int = 1) -> dict[str, Any]:
    """How one line is announced whose taxes come to `rate`."""
    line = ReturnRequestLine(sold_line_id="L1", quantity=units, amount=amount, tax=tax)
    request = ReturnRequest(reference="return-1", order_external_id="77", lines=(line,))
    sold = {"L1": SoldLine(line_id=5, rate=Decimal(rate))}
    (built,) = build_return(request, sold=sold)["lines"]
    return cast(dict[str, Any], built)


@pytest.mark.parametrize(
    ("amount", "tax", "currency", "rate", "units", "price"),
    [
        ("199.00", "39.80", "SEK", "0.25", 1, "159.2000"),
        ("100.00", "20.00", "SEK", "0.25", 3, "26.6667"),
        ("1000", "91", "JPY", "0.10", 1, "909.0000"),
        ("1999", "182", "JPY", "0.10", 2, "908.5000"),
        ("0.03", "0.01", "SEK", "0.25", 1, "0.0240"),  # 0.02 and its tax of 0.00 make 0.02; 0.024 is 0.02 and 0.01
        ("10.06", "2.01", "SEK", "0.25", 1, "8.0500"),
    ],
)
def test_a_price_is_what_fulfil_makes_the_amount_of(
    amount: str, tax: str, currency: str, rate: str, units: int, price: str
) -> None:
    line = told(Money(Decimal(amount), currency), tax=Money(Decimal(tax), currency), rate=rate, units=units)

    assert (line["order_line_id"], line["unit_price"]) == (5, Decimal(price))


RATES = {"SEK": "0.25", "EUR": "0.19", "GBP": "0.20", "USD": "0.0825", "JPY": "0.10"}


@pytest.mark.parametrize(("currency", "rate"), [*RATES.items(), ("SEK", "0.12"), ("EUR", "0.07"), ("GBP", "0.05")])
@pytest.mark.parametrize("units", [1, 3])
def test_price_and_tax_make_every_refund_to_the_minor_unit(currency: str, rate: str, units: int) -> None:
    """Over every small amount. Fulfil taxes the price as it is, like Tryton; if it taxed the rounded amount, some would be one
    minor unit apart, and never more. So are some of those where net and tax are rounded at a half both: at 20 percent no
    price makes 0.03, 0.09, 0.15, …
    """
    coin = Decimal(1).scaleb(-minor_digits(currency))
    for minor in range(1, 400):
        whole = minor * coin
        inside = (whole * Decimal(rate) / (1 + Decimal(rate))).quantize(coin, rounding=ROUND_HALF_UP)
        line = told(Money(whole, currency), tax=Money(inside, currency), rate=rate, units=units)
        base = line["unit_price"] * units
        net, tax = (one.quantize(coin, rounding=ROUND_HALF_EVEN) for one in (base, base * Decimal(rate)))
        both_turn_over = 2 * minor / (1 + Decimal(rate)) % 2 == 1
        assert net + tax == whole or both_turn_over
        assert abs(tax - inside) <= coin
        assert abs(net + (net * Decimal(rate)).quantize(coin, rounding=ROUND_HALF_EVEN) - whole) <= coin


def test_what_no_price_makes_of_one_line_another_of_the_return_makes_up_for() -> None:
    """At 20 percent, where one amount in six has no price."""
    pairs = [(first, second) for first in range(1, 20) for second in range(20, 40)]
    for minors in [*pairs, (3, 9, 15, 20), (3, 9, 20), (9, 100, 15, 21)]:
        amounts = [Money(Decimal(minor).scaleb(-2), "GBP") for minor in minors]
        made = made_of(amounts, rate=Decimal("0.20"))
        assert sum(made) == Decimal(sum(minors)).scaleb(-2)
        assert all(abs(one - amount.amount) <= Decimal("0.01") for one, amount in zip(made, amounts, strict=True))


def test_where_nothing_else_can_make_up_for_it_a_minor_unit_too_little_is_credited() -> None:
    assert made_of([Money(Decimal("0.15"), "GBP")], rate=Decimal("0.20")) == [Decimal("0.14")]
    nothing = Money(Decimal(0), "GBP")
    assert made_of([Money(Decimal("0.15"), "GBP"), nothing], rate=Decimal("0.20")) == [Decimal("0.14"), Decimal("0.01")]


def made_of(amounts: list[Money], *, rate: Decimal) -> list[Decimal]:
    """What Fulfil makes of a return whose lines give back these amounts, one unit each."""
    sold = {f"L{place}": SoldLine(line_id=place, rate=rate) for place, _ in enumerate(amounts, start=1)}
    lines = [
        ReturnRequestLine(sold_line_id=name, quantity=1, amount=amount)
        for name, amount in zip(sold, amounts, strict=True)
    ]
    request = ReturnRequest(reference="return-1", order_external_id="77", lines=tuple(lines))
    prices = [line["unit_price"] for line in build_return(request, sold=sold)["lines"]]
    cents = [(price, price * rate) for price in prices]
    return [sum((one.quantize(Decimal("0.01"), ROUND_HALF_EVEN) for one in pair), Decimal(0)) for pair in cents]


@pytest.mark.parametrize(("tax_from", "total", "tax"), [("price", "100.03", "20.01"), ("amount", "100.02", "20.00")])
def test_how_fulfil_rounds_tax_decides_whether_every_amount_can_be_met(
    returns: Returns, tenant: FulfilSandbox, request_: ReturnRequest, tax_from: str, total: str, tax: str
) -> None:
    tenant.configure(tax_from=tax_from)
    lowered = replace(request_.lines[0], amount=sek("100.03"), tax=sek("20.01"))

    returns.send(replace(request_, lines=(lowered,)))
    shipments.receive(tenant.tenant, shipment_of(returns))
    shipments.return_done(tenant.tenant, shipment_of(returns))

    (record,) = returns.credit_notes(**WINDOW).records
    note = parse_credit_note(record.payload)
    assert (note.total, note.tax) == (sek(total), sek(tax))


def test_what_goes_back_at_the_price_it_was_sold_at_has_no_price_of_its_own() -> None:
    """Its own price carries the tax that was stated, which no rate makes of every amount: 10.03 holds 2.01 at 25 percent."""
    sold = {"L1": SoldLine(line_id=5, rate=Decimal("0.25"), price=Decimal("8.02"), tax=Decimal("2.01"))}
    line = ReturnRequestLine(sold_line_id="L1", quantity=1, amount=sek("10.03"), tax=sek("2.01"))
    request = ReturnRequest(reference="return-1", order_external_id="77", lines=(line,))

    assert build_return(request, sold=sold)["lines"] == [{"order_line_id": 5, "return_quantity": 1}]


def test_delivery_goes_back_on_the_orders_own_line(returns: Returns, tenant: FulfilSandbox) -> None:
    sale = sent(tenant, "CE-1").partition("-")[2]
    line = ReturnRequestLine(sold_line_id="L1", quantity=1, amount=sek("189.00"), tax=sek("37.80"))
    request = ReturnRequest(
        reference="return-9", order_external_id=sale, lines=(line,), shipping=sek("49.00"), shipping_tax=sek("9.80")
    )

    returns.send(request)
    shipments.receive(tenant.tenant, shipment_of(returns))
    shipments.return_done(tenant.tenant, shipment_of(returns))

    (record,) = returns.credit_notes(**WINDOW).records
    note = parse_credit_note(record.payload)
    assert (note.total, note.tax) == (sek("238.00"), sek("47.60"))
    assert record.order_external_id == sale
    (call,) = tenant.journal.entries(RETURN_ORDER)
    assert contract("fulfil").request_problems("createReturnOrder", json.loads(call.body)) == []


def test_delivery_that_the_order_has_no_line_for_is_refused() -> None:
    line = ReturnRequestLine(order_line_id="5", quantity=1)
    request = ReturnRequest(reference="return-9", order_external_id="77", lines=(line,), shipping=sek("49.00"))

    with pytest.raises(PermanentError):
        build_return(request, sold={"L1": SoldLine(line_id=5, rate=Decimal("0.25"))})


def test_a_line_that_the_order_does_not_have_is_refused(returns: Returns, tenant: FulfilSandbox) -> None:
    sale = sent(tenant, "CE-1").partition("-")[2]
    request = ReturnRequest(
        reference="return-9", order_external_id=sale, lines=(ReturnRequestLine(sold_line_id="L99", quantity=1),)
    )

    with pytest.raises(PermanentError) as caught:
        returns.send(request)

    assert "L99" in caught.value.message
    assert tenant.journal.count(RETURN_ORDER) == 0


def test_one_parcel_is_read_by_its_id(returns: Returns, request_: ReturnRequest) -> None:
    returns.send(request_)
    found = returns.one(str(shipment_of(returns)))

    assert found is not None
    assert (found.order_external_id, parse_return(found.payload).reference) == (
        request_.order_external_id,
        "CE-RMA-55",
    )
    assert returns.one("999999") is None
