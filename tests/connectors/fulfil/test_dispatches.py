"""What left Fulfil's warehouses, against the sandbox: partial, split and merged shipments, none missed, none twice."""

from datetime import timedelta

import pytest

from connectors.base import Record
from connectors.canonical.dispatches import Dispatch
from connectors.canonical.errors import PermanentError
from connectors.fulfil import dispatches
from connectors.fulfil.sandbox import FulfilSandbox
from connectors.fulfil.sandbox.sales import shipments_of
from connectors.fulfil.sandbox.shipments import outgoing
from tests.connectors.conformance import START
from tests.connectors.fulfil.support import connector_of, released, sent


def shipments(tenant: FulfilSandbox, sale: int) -> list[int]:
    return [row["id"] for row in shipments_of(tenant.tenant, tenant.tenant.row("sale.sale", sale))]


def poll(tenant: FulfilSandbox, *, hours: int = 1) -> list[Record]:
    connector, window = connector_of(tenant), timedelta(hours=hours)
    records: list[Record] = []
    token: str | None = None
    while True:
        page = connector.fetch_dispatches(updated_from=START - window, updated_until=START + window, token=token)
        records += page.records
        token = page.next_token
        if token is None:
            return records


def parsed(tenant: FulfilSandbox) -> list[Dispatch]:
    connector = connector_of(tenant)
    return [connector.parse_dispatch(record.payload) for record in poll(tenant)]


def units(dispatch: Dispatch) -> dict[str, int]:
    return {line.sku: line.quantity for line in dispatch.lines}


def test_a_dispatch_tells_carrier_service_and_tracking(tenant: FulfilSandbox) -> None:
    sale = released(tenant)
    tenant.ship_order(sale, tracking_number="00370001", carrier="PostNord", url="https://tracking.example.com/00370001")

    (dispatch,) = parsed(tenant)

    assert (dispatch.carrier, dispatch.tracking_number) == ("PostNord", "00370001")
    assert dispatch.tracking_url == "https://tracking.example.com/00370001"
    assert (dispatch.order_reference, dispatch.order_external_id) == ("CE-10045", str(sale))
    assert units(dispatch) == {"TEE-M": 2, "SCARF": 3}
    assert dispatch.dispatched_at == START
    assert dispatch.is_last


def test_what_is_only_packed_has_not_left(tenant: FulfilSandbox) -> None:
    (shipment,) = shipments(tenant, released(tenant))
    tenant.pack_shipment(shipment)

    assert poll(tenant) == []


def test_a_split_order_leaves_in_parts_and_only_the_last_is_the_last(tenant: FulfilSandbox) -> None:
    sale = released(tenant)
    (shipment,) = shipments(tenant, sale)
    tees = outgoing(tenant.tenant, tenant.tenant.row("stock.shipment.out", shipment))[0]
    second = tenant.split_shipment(shipment, {tees["id"]: 1})

    tenant.ship(shipment, tracking_number="A")
    (first,) = parsed(tenant)
    assert (units(first), first.is_last) == ({"TEE-M": 1, "SCARF": 3}, False)

    tenant.ship(second, tracking_number="B")
    assert [(units(one), one.tracking_number, one.is_last) for one in parsed(tenant)] == [
        ({"TEE-M": 1, "SCARF": 3}, "A", False),
        ({"TEE-M": 1}, "B", True),
    ]


def test_a_merged_shipment_is_a_dispatch_of_each_of_its_orders(tenant: FulfilSandbox) -> None:
    orders = [released(tenant, reference) for reference in ("CE-1", "CE-2")]
    shipment = tenant.merge_shipments(*(shipments(tenant, one)[0] for one in orders))
    tenant.ship(shipment, tracking_number="A")

    found = parsed(tenant)

    assert [(one.dispatch_id, one.order_reference, one.tracking_number) for one in found] == [
        (f"{shipment}-{orders[0]}", "CE-1", "A"),
        (f"{shipment}-{orders[1]}", "CE-2", "A"),
    ]
    assert all(units(one) == {"TEE-M": 2, "SCARF": 3} for one in found)
    record = connector_of(tenant).fetch_dispatch(found[1].dispatch_id)
    assert record is not None
    assert record.external_id == found[1].dispatch_id


def test_shipments_of_other_channels_are_not_read(tenant: FulfilSandbox) -> None:
    sent(tenant, "CE-1")
    for row in tenant.tenant.select("sale.sale"):
        tenant.tenant.update("sale.sale", row, channel=None)

    assert poll(tenant) == []


def test_an_order_typed_by_hand_in_the_channel_is_not_the_hub_s(tenant: FulfilSandbox) -> None:
    sent(tenant, "CE-1")
    for row in tenant.tenant.select("sale.sale"):
        tenant.tenant.update("sale.sale", row, channel_identifier=None)

    assert poll(tenant) == []


def test_a_shipment_changed_outside_the_window_is_not_read(tenant: FulfilSandbox) -> None:
    sent(tenant, "CE-1")
    tenant.advance(3 * 3600)
    row = next(iter(tenant.tenant.select("stock.shipment.out")))
    tenant.tenant.update("stock.shipment.out", row, reference="later")
    row["create_date"] = row["write_date"]

    assert poll(tenant) == []
    assert len(poll(tenant, hours=4)) == 1


def test_a_shipment_that_changes_between_two_pages_hides_no_other(
    tenant: FulfilSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatches, "SHIPMENT_ROWS", 2)
    made = [sent(tenant, f"CE-{number}") for number in range(5)]
    connector, window = connector_of(tenant), timedelta(hours=1)
    first = connector.fetch_dispatches(updated_from=START - window, updated_until=START + window)
    tenant.advance(7200)
    row = tenant.tenant.row("stock.shipment.out", int(made[0].partition("-")[0]))
    tenant.tenant.update("stock.shipment.out", row, reference="late")

    second = connector.fetch_dispatches(
        updated_from=START - window, updated_until=START + window, token=first.next_token
    )

    assert [record.external_id for record in (*first.records, *second.records)] == made[:4]


@pytest.mark.parametrize("external_id", ["", "81292", "CS1", "1-2-3", "-1"])
def test_what_is_no_number_of_a_dispatch_is_not_asked_for(tenant: FulfilSandbox, external_id: str) -> None:
    with pytest.raises(PermanentError):
        connector_of(tenant).fetch_dispatch(external_id)
    assert tenant.journal.entries() == []


def test_a_dispatch_that_does_not_exist_is_none(tenant: FulfilSandbox) -> None:
    assert connector_of(tenant).fetch_dispatch("81292-1") is None
