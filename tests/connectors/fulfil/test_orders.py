"""Orders at Fulfil, against the sandbox: created once, compared, released; cancelled until they are packed."""

from dataclasses import replace
from typing import Any

import pytest

from connectors.canonical.errors import ConfigurationError, PermanentError, UnknownOutcomeError
from connectors.canonical.orders import TargetOrder, TargetState
from connectors.fulfil.orders import CREATE_ORDER
from connectors.fulfil.sandbox import FulfilSandbox
from connectors.fulfil.sandbox.sales import exceptions_of, shipments_of
from tests.connectors.conformance import RecordingGate
from tests.connectors.fulfil.support import OPTIONS, ORDER, TEES, connector_of, released, sek


def created(tenant: FulfilSandbox, **settings: Any) -> TargetOrder:
    connector = connector_of(tenant, **settings)
    found = connector.read_order(connector.send_order(ORDER, OPTIONS))
    assert found is not None
    return found


def sale_of(tenant: FulfilSandbox, external_id: str) -> dict[str, Any]:
    return tenant.tenant.row("sale.sale", int(external_id))


def shipment_states(tenant: FulfilSandbox, external_id: str) -> list[str]:
    return [row["state"] for row in shipments_of(tenant.tenant, sale_of(tenant, external_id))]


# --- creating ---------------------------------------------------------------------------------------------------------
def test_what_was_charged_stands_in_fulfil_to_the_minor_unit(tenant: FulfilSandbox) -> None:
    found = created(tenant)

    assert (found.total, found.shipping, found.tax) == (sek("547.00"), sek("49.00"), sek("109.40"))
    assert [(line.sku, line.quantity, line.line_total) for line in found.lines] == [
        ("TEE-M", 2, sek("398.00")),
        ("SCARF", 3, sek("100.00")),
    ]
    assert found.dispatches == ()


def test_a_created_order_has_no_shipments_until_it_is_released(tenant: FulfilSandbox) -> None:
    found = created(tenant)
    assert shipment_states(tenant, found.external_id) == []

    connector_of(tenant).finish_order(found, ORDER, OPTIONS, confirm=True)

    assert shipment_states(tenant, found.external_id) == ["assigned"]


def test_finishing_without_confirming_releases_nothing(tenant: FulfilSandbox) -> None:
    found = created(tenant)

    connector_of(tenant).finish_order(found, ORDER, replace(OPTIONS, hold_reason="Unpaid."), confirm=False)

    assert sale_of(tenant, found.external_id)["state"] == "confirmed"


def test_creating_it_again_creates_nothing(tenant: FulfilSandbox) -> None:
    connector = connector_of(tenant)

    assert connector.send_order(ORDER, OPTIONS) == connector.send_order(ORDER, OPTIONS)
    assert len(tenant.orders_by_identifier(ORDER.reference)) == 1


def test_an_answer_inside_a_list_is_understood(tenant: FulfilSandbox) -> None:
    tenant.configure(answer_as_list=True)

    assert created(tenant).reference == ORDER.reference


def test_lines_that_lost_their_note_still_come_back_as_charged(tenant: FulfilSandbox) -> None:
    tenant.configure(keep_line_metadata=False)
    found = created(tenant)

    connector_of(tenant).finish_order(found, ORDER, OPTIONS, confirm=True)

    assert found.shipping == sek("49.00")
    assert shipment_states(tenant, found.external_id) == ["assigned"]


def test_a_deferred_creation_is_waited_for(tenant: FulfilSandbox) -> None:
    tenant.misbehave(CREATE_ORDER, "async")

    assert created(tenant).state is TargetState.PENDING


@pytest.mark.parametrize("kind", ["async_failed", "server_error"])
def test_a_creation_without_a_certain_answer_is_unknown(tenant: FulfilSandbox, kind: str) -> None:
    tenant.misbehave(CREATE_ORDER, kind)

    with pytest.raises(UnknownOutcomeError):
        connector_of(tenant).send_order(ORDER, OPTIONS)


def test_a_refusal_under_the_status_of_a_rate_limit_is_a_refusal(tenant: FulfilSandbox) -> None:
    tenant.misbehave(CREATE_ORDER, "hidden_validation")

    with pytest.raises(PermanentError):
        connector_of(tenant).send_order(ORDER, OPTIONS)
    assert tenant.orders_by_identifier(ORDER.reference) == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"lines": (replace(TEES, sku="NO-SUCH-SKU"),), "total": sek("447.00")}, "unknown_sku"),
        ({"shipping_address": replace(ORDER.shipping_address, country="ZZ")}, "E1000"),  # type: ignore[type-var]
    ],
)
def test_a_refused_order_leaves_nothing_behind(tenant: FulfilSandbox, change: dict[str, Any], code: str) -> None:
    people = len(tenant.tenant.tables["party.party"])

    with pytest.raises(PermanentError) as caught:
        connector_of(tenant).send_order(replace(ORDER, **change), OPTIONS)

    assert caught.value.code == code
    assert tenant.orders_by_identifier(ORDER.reference) == []
    assert len(tenant.tenant.tables["party.party"]) == people


def test_without_a_payment_gateway_a_paid_order_is_not_sent(tenant: FulfilSandbox) -> None:
    with pytest.raises(ConfigurationError) as caught:
        connector_of(tenant, payment_method="").send_order(ORDER, replace(OPTIONS, payment_method=""))

    assert caught.value.code == "no_payment_method"
    assert tenant.journal.entries() == []


def test_a_tax_that_is_added_is_seen_at_the_next_try(tenant: FulfilSandbox) -> None:
    connector = connector_of(tenant)
    (row,) = tenant.tenant.select("sale.channel.tax", name="SE VAT 25")
    tenant.tenant.update("sale.channel.tax", row, channel=None)
    (other,) = tenant.tenant.select("sale.channel.tax", name="DK VAT 25")
    tenant.tenant.update("sale.channel.tax", other, channel=None)
    with pytest.raises(PermanentError) as caught:
        connector.send_order(ORDER, OPTIONS)
    assert caught.value.code == "unknown_tax"

    tenant.tenant.update("sale.channel.tax", row, channel=3)

    assert connector.send_order(ORDER, OPTIONS)


def test_a_user_without_create_access_stops_only_creating(tenant: FulfilSandbox) -> None:
    tenant.set_channel(create_users=[])

    with pytest.raises(ConfigurationError) as caught:
        connector_of(tenant).send_order(ORDER, OPTIONS)

    assert (caught.value.operation, caught.value.code) == (CREATE_ORDER, "channel_access")


# --- money before release ---------------------------------------------------------------------------------------------
def test_another_total_is_never_released_and_says_what_fulfil_says(tenant: FulfilSandbox) -> None:
    tenant.configure(add_cents=1)
    found = created(tenant)
    assert (found.state, found.target_state) == (TargetState.PENDING, "draft")

    with pytest.raises(PermanentError) as caught:
        connector_of(tenant).finish_order(found, ORDER, OPTIONS, confirm=True)

    assert caught.value.code == "exceptions"
    assert "total mismatch: channel 547.00, computed 547.01" in caught.value.message
    assert shipment_states(tenant, found.external_id) == []


def test_a_settled_exception_does_not_make_the_money_right(tenant: FulfilSandbox) -> None:
    tenant.configure(add_cents=1)
    found = created(tenant)
    for row in exceptions_of(tenant.tenant, sale_of(tenant, found.external_id)):
        tenant.tenant.update("channel.exception", row, is_resolved=True)

    with pytest.raises(PermanentError) as caught:
        connector_of(tenant).finish_order(found, ORDER, OPTIONS, confirm=True)

    assert caught.value.code == "money"
    assert "the total is 547.01 SEK and not 547.00 SEK" in caught.value.message


def test_a_line_that_somebody_changed_keeps_the_order_back(tenant: FulfilSandbox) -> None:
    found = created(tenant)
    tees, scarf = tenant.tenant.pointing("sale.line", "sale", int(found.external_id))[:2]
    tenant.tenant.update("sale.line", tees, unit_price=tees["unit_price"] - 5)
    tenant.tenant.update("sale.line", scarf, quantity=1.0, unit_price=scarf["unit_price"] * 3 + 10)

    with pytest.raises(PermanentError) as caught:
        connector_of(tenant).finish_order(found, ORDER, OPTIONS, confirm=True)

    assert caught.value.code == "money"
    assert "TEE-M is 388.00 SEK and not 398.00 SEK" in caught.value.message
    assert tenant.journal.count("sale.sale/process") == 0


def test_a_half_made_order_is_brought_to_its_end(tenant: FulfilSandbox) -> None:
    found = created(tenant)
    tenant.tenant.update("sale.sale", sale_of(tenant, found.external_id), state="draft")

    connector_of(tenant).finish_order(found, ORDER, OPTIONS, confirm=True)

    assert sale_of(tenant, found.external_id)["state"] == "processing"


def test_releasing_twice_is_done_once(tenant: FulfilSandbox) -> None:
    connector, found = connector_of(tenant), created(tenant)

    connector.finish_order(found, ORDER, OPTIONS, confirm=True)
    connector.finish_order(found, ORDER, OPTIONS, confirm=True)

    assert tenant.journal.count("sale.sale/process") == 1
    assert len(shipment_states(tenant, found.external_id)) == 1


def test_an_order_that_must_wait_is_not_released(tenant: FulfilSandbox) -> None:
    found = created(tenant)

    with pytest.raises(ConfigurationError):
        connector_of(tenant).finish_order(found, ORDER, replace(OPTIONS, hold_reason="Unpaid."), confirm=True)

    assert shipment_states(tenant, found.external_id) == []


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"state": "cancel"}, "cancelled"),
        ({"state": "parked"}, "unknown_state"),
        ({"channel_identifier": "CE-9"}, "other_reference"),
    ],
)
def test_an_order_that_is_not_ours_to_finish_is_left_alone(
    tenant: FulfilSandbox, values: dict[str, str], code: str
) -> None:
    found = created(tenant)
    tenant.tenant.update("sale.sale", sale_of(tenant, found.external_id), **values)
    gate = RecordingGate()

    with pytest.raises(PermanentError) as caught:
        connector_of(tenant, gate=gate).finish_order(found, ORDER, OPTIONS, confirm=True)

    assert (caught.value.code, gate.writes) == (code, [])


# --- cancelling -------------------------------------------------------------------------------------------------------
def test_an_order_that_is_not_released_is_cancelled_at_once(tenant: FulfilSandbox) -> None:
    found = created(tenant)

    connector_of(tenant).cancel_order(found, comment="The customer changed her mind.")

    assert sale_of(tenant, found.external_id)["state"] == "cancel"
    assert connector_of(tenant).fetch_stock(["TEE-M"])[0].available == 1020


def test_a_released_order_is_held_then_its_shipments_and_then_it_is_cancelled(tenant: FulfilSandbox) -> None:
    external_id = str(released(tenant))
    connector, gate = connector_of(tenant), RecordingGate()
    found = connector.read_order(external_id)
    assert found is not None

    connector_of(tenant, gate=gate).cancel_order(found, comment="Lost.")

    assert [call.operation for call in gate.writes] == [
        "stock.shipment.out/hold", "stock.shipment.out/cancel", "sale.sale/cancel",
    ]  # fmt: skip
    assert shipment_states(tenant, external_id) == ["cancel"]
    assert connector.fetch_stock(["TEE-M"])[0].available == 1020


def test_cancelling_again_changes_nothing(tenant: FulfilSandbox) -> None:
    found, gate = created(tenant), RecordingGate()
    connector_of(tenant).cancel_order(found, comment="Lost.")

    connector_of(tenant, gate=gate).cancel_order(found, comment="Lost.")

    assert gate.writes == []


def test_a_packed_order_is_not_cancelled_any_more(tenant: FulfilSandbox) -> None:
    external_id, gate = str(released(tenant)), RecordingGate()
    (shipment,) = shipments_of(tenant.tenant, sale_of(tenant, external_id))
    tenant.pack_shipment(shipment["id"])
    found = connector_of(tenant).read_order(external_id)
    assert found is not None
    assert found.state is TargetState.PROCESSING

    with pytest.raises(PermanentError) as caught:
        connector_of(tenant, gate=gate).cancel_order(found, comment="Lost.")

    assert (caught.value.code, gate.writes) == ("too_late", [])


def test_a_shipment_that_serves_another_order_too_is_not_cancelled(tenant: FulfilSandbox) -> None:
    first, second = released(tenant, "CE-1"), released(tenant, "CE-2")
    ids = [shipments_of(tenant.tenant, sale_of(tenant, str(one)))[0]["id"] for one in (first, second)]
    tenant.merge_shipments(*ids)
    connector, gate = connector_of(tenant), RecordingGate()
    found = connector.read_order(str(first))
    assert found is not None

    with pytest.raises(PermanentError) as caught:
        connector_of(tenant, gate=gate).cancel_order(found, comment="Lost.")

    assert (caught.value.code, gate.writes) == ("shared_shipment", [])


def test_every_line_at_once_is_the_whole_order_and_a_part_is_a_person_s_to_take_off(tenant: FulfilSandbox) -> None:
    connector, found = connector_of(tenant), created(tenant)
    whole = {line.line_id: line.quantity for line in found.lines}

    with pytest.raises(PermanentError) as caught:
        connector.cancel_lines(found, quantities={found.lines[0].line_id: 1}, comment="Lost.")
    assert caught.value.code == "part"
    assert sale_of(tenant, found.external_id)["state"] == "confirmed"

    connector.cancel_lines(found, quantities=whole, comment="Lost.")
    assert sale_of(tenant, found.external_id)["state"] == "cancel"


@pytest.mark.parametrize("external_id", ["", "SO1", "0", "-1", "99999999999999999999"])
def test_what_is_no_number_of_fulfil_s_is_not_asked_for(tenant: FulfilSandbox, external_id: str) -> None:
    with pytest.raises(PermanentError):
        connector_of(tenant).read_order(external_id)
    assert tenant.journal.entries() == []


def test_nothing_personal_is_kept_of_an_order(tenant: FulfilSandbox) -> None:
    gate = RecordingGate()

    connector_of(tenant, gate=gate).send_order(ORDER, OPTIONS)

    kept = repr(gate.exchanges)
    for personal in ("Alice", "Ågren", "Storgatan", "111 22", "relay-1@", "+46701740605"):
        assert personal not in kept
