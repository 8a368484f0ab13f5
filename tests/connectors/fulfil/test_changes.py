"""Which orders changed in Fulfil, against the sandbox: none is missed because its date is elsewhere or nowhere."""

from datetime import timedelta

import pytest

from connectors.base import Record
from connectors.canonical.destinations import same_address
from connectors.canonical.errors import PermanentError
from connectors.fulfil import changes
from connectors.fulfil.sandbox import FulfilSandbox
from tests.connectors.conformance import START
from tests.connectors.fulfil.support import ORDER, connector_of, released

HOUR = timedelta(hours=1)


def changed(tenant: FulfilSandbox, *, since: timedelta = -HOUR, until: timedelta = HOUR) -> list[Record]:
    connector, records, token = connector_of(tenant), [], None
    while True:
        page = connector.fetch_order_changes(updated_from=START + since, updated_until=START + until, token=token)
        records += page.records
        token = page.next_token
        if token is None:
            return records


def later(tenant: FulfilSandbox) -> None:
    tenant.advance(2 * 3600)


def test_an_order_is_told_by_its_state_and_units_and_by_nothing_personal(tenant: FulfilSandbox) -> None:
    sale = released(tenant)

    (record,) = changed(tenant)

    assert (record.kind, record.external_id) == ("order", str(sale))
    assert record.payload["state"] == "processing"
    assert set(record.payload) == {"state", "lines"}
    assert sorted(int(units) for units in record.payload["lines"].values())[-2:] == [2, 3]


def test_an_order_that_nobody_ever_touched_is_found_by_its_creation(tenant: FulfilSandbox) -> None:
    sale = released(tenant)
    row = tenant.tenant.row("sale.sale", sale)
    row["write_date"] = None

    assert [record.external_id for record in changed(tenant)] == [str(sale)]


def test_a_line_that_changes_alone_brings_its_order(tenant: FulfilSandbox) -> None:
    sale = released(tenant)
    before = changed(tenant)[0].payload
    later(tenant)
    assert changed(tenant, since=HOUR, until=3 * HOUR) == []

    tenant.reduce_line(sale, "SCARF", 1)

    (record,) = changed(tenant, since=HOUR, until=3 * HOUR)
    assert (record.external_id, record.payload["state"]) == (str(sale), "processing")
    assert record.payload["lines"] != before["lines"]


def test_a_cancelled_order_is_told_and_pages_lose_none(tenant: FulfilSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "ORDER_ROWS", 1)
    sale = released(tenant)
    tenant.cancel_order(sale)

    records = changed(tenant)

    assert [(record.external_id, record.payload["state"]) for record in records] == [(str(sale), "cancel")]


def test_where_an_order_goes_is_read_from_its_open_parcels(tenant: FulfilSandbox) -> None:
    sale = released(tenant)
    assert ORDER.shipping_address is not None

    held = connector_of(tenant).read_destination(str(sale))

    (delivery,) = held.deliveries
    assert same_address(delivery, ORDER.shipping_address)
    assert held.billing is not None


def test_where_an_unknown_order_goes_is_refused_before_anything_is_guessed(tenant: FulfilSandbox) -> None:
    with pytest.raises(PermanentError) as caught:
        connector_of(tenant).read_destination("999")
    assert caught.value.code == "order_gone"
