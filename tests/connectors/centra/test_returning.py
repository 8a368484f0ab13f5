"""Returns and refunds at Centra, against the sandbox: what a window tells, what it does not, and how it reads."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors import ports
from connectors.base import Record
from connectors.canonical.errors import DataError
from connectors.canonical.returns import Return, ReturnState
from connectors.centra.connector import CentraConnector
from connectors.centra.sandbox import CentraSandbox, payments, returns
from connectors.centra.sandbox.stock import StockPolicy
from connectors.http import OpenGate
from connectors.sandboxkit import SandboxClock
from tests.connectors.centra.support import OPTIONS, ORDER, account_of, eur, stocked

START = datetime(2026, 1, 15, 9, 0, tzinfo=UTC)
IN_EUROS = replace(OPTIONS, market="3", price_list="3")


@pytest.fixture
def clock() -> Iterator[ports.VirtualClock]:
    clock = ports.VirtualClock(START)
    with ports.using(clock=clock):
        yield clock


@pytest.fixture
def tenant(clock: ports.VirtualClock) -> Iterator[CentraSandbox]:
    with stocked(CentraSandbox(clock=SandboxClock(START, frozen=True))) as tenant:
        clock.follow(tenant.advance)
        yield tenant


@pytest.fixture
def centra(tenant: CentraSandbox) -> CentraConnector:
    return CentraConnector(account_of(tenant), gate=OpenGate())


@pytest.fixture
def shipment(tenant: CentraSandbox, centra: CentraConnector) -> Any:
    """Three coats at 33.33, paid and sent, with 4.90 for the delivery; a cent more on one of them."""
    number = int(centra.send_order(ORDER, IN_EUROS))
    tenant.confirm_order(number)
    return tenant.shop.shipments.get(tenant.ship_order(number)["shipment"])


def give_back(tenant: CentraSandbox, shipment: Any, **costs: str) -> int:
    policy = StockPolicy(release=True)
    amounts = {name: Decimal(value) for name, value in costs.items()}
    lines = [(next(line for line in shipment.lines if line.quantity > line.returned_quantity), 1)]
    return returns.create(tenant.shop, shipment, lines, policy, costs=returns.ReturnCosts(**amounts)).id


def told(centra: CentraConnector, since: datetime, until: datetime) -> list[Record]:
    found, token = [], None
    while True:
        page = centra.fetch_returns(updated_from=since, updated_until=until, token=token)
        found += page.records
        token = page.next_token
        if token is None:
            return found


def read(centra: CentraConnector, external_id: str) -> Return:
    record = centra.fetch_return(external_id)
    assert record is not None
    return centra.parse_return(record.payload)


def test_a_return_is_read_with_all_its_amounts(tenant: CentraSandbox, centra: CentraConnector, shipment: Any) -> None:
    made = give_back(tenant, shipment, shipping="4.90", cost="2.00")

    found = read(centra, str(made))

    assert found.money is not None
    (line,) = found.lines
    assert (found.state, found.source_state, found.returned_to_stock) == (ReturnState.REQUESTED, "PENDING", True)
    assert found.order_external_id == str(shipment.order.number)
    assert (line.sku, line.order_line_id) == ("NV1001-410-M", str(shipment.lines[0].order_line.id))
    assert (line.amount, found.money.shipping, found.money.cost) == (found.money.lines, eur("4.90"), eur("2.00"))
    assert found.money.total == found.money.lines + eur("2.90")
    assert found.refunded is None


def test_a_refund_completes_the_return_and_has_its_transaction(
    tenant: CentraSandbox, centra: CentraConnector, shipment: Any
) -> None:
    made = give_back(tenant, shipment)

    (entry,) = returns.refund(tenant.shop, tenant.shop.returns.get(made))  # type: ignore[arg-type]

    found = read(centra, str(made))
    assert found.money is not None
    assert (found.state, found.refunded) == (ReturnState.COMPLETED, found.money.total)
    assert [one.transaction_id for one in found.refunds] == [str(entry.id)]


def test_a_window_tells_of_what_was_made_in_it_and_of_what_was_paid_back_in_it(
    tenant: CentraSandbox, centra: CentraConnector, shipment: Any, clock: ports.VirtualClock
) -> None:
    early = give_back(tenant, shipment)
    clock.advance(3600)
    late = give_back(tenant, shipment)
    window = (START + timedelta(minutes=30), START + timedelta(hours=2))
    assert [record.external_id for record in told(centra, *window)] == [str(late)]

    returns.refund(tenant.shop, tenant.shop.returns.get(early))  # type: ignore[arg-type]

    assert [record.external_id for record in told(centra, *window)] == [str(late), str(early)]


def test_a_return_that_was_only_completed_is_in_no_window_and_is_read_by_its_id(
    tenant: CentraSandbox, centra: CentraConnector, shipment: Any, clock: ports.VirtualClock
) -> None:
    made = give_back(tenant, shipment)
    clock.advance(3600)
    returns.complete(tenant.shop, tenant.shop.returns.get(made))  # type: ignore[arg-type]

    assert told(centra, START + timedelta(minutes=30), START + timedelta(hours=2)) == []
    assert read(centra, str(made)).state is ReturnState.COMPLETED


def test_a_refund_without_a_return_is_money_alone(
    tenant: CentraSandbox, centra: CentraConnector, shipment: Any
) -> None:
    payments.add_entry(tenant.shop, shipment.order, "REFUND", "SUCCESS", Decimal("4.90"), reference="psp-77")

    (record,) = told(centra, START - timedelta(hours=1), START + timedelta(hours=1))

    found = centra.parse_return(record.payload)
    assert (found.external_id, found.order_external_id) == (record.external_id, str(shipment.order.number))
    assert (found.lines, found.refunded) == ((), eur("4.90"))
    assert [one.transaction_id for one in found.refunds] == ["psp-77"]
    assert read(centra, record.external_id) == found


@pytest.mark.parametrize("external_id", ["999", "refund-999"])
def test_what_is_not_there_is_none(centra: CentraConnector, external_id: str) -> None:
    assert centra.fetch_return(external_id) is None


def test_a_sum_that_is_not_its_parts_is_refused(tenant: CentraSandbox, centra: CentraConnector, shipment: Any) -> None:
    record = centra.fetch_return(str(give_back(tenant, shipment)))
    assert record is not None
    payload = {**record.payload, "grandTotal": {"value": Decimal("99.99"), "currency": {"code": "EUR"}}}

    with pytest.raises(DataError) as caught:
        centra.parse_return(payload)

    assert [problem.field for problem in caught.value.problems] == ["money.total"]
