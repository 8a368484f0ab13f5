"""Shadow says what it would send; held does nothing; a switch stops the very next call."""

import pytest

from connectors.http import Exchange
from connectors.models import Connection
from integrationhub.sync import ticks
from integrationhub.sync.gate import ConnectionGate
from integrationhub.sync.models import Schedule, Switch, SyncAttempt, WriteIntent
from integrationhub.sync.places import place
from tests.flows.world import World

pytestmark = pytest.mark.django_db

WRITES = {"POST", "PUT", "PATCH", "DELETE"}
Mode = Schedule.Mode


def set_mode(world: World, mode: str) -> None:
    ticks.plan_schedules()
    Schedule.objects.update(mode=mode)


def writes_at_centra(world: World) -> list[str]:
    reads = ("Find", "Read", "StockOf")
    return [entry.operation for entry in world.centra.journal.entries() if not entry.operation.startswith(reads)]


def writes_at_mirakl(world: World) -> list[str]:
    return [entry.operation for entry in world.mirakl.journal.entries() if entry.method in WRITES]


def test_in_shadow_an_order_is_taken_mapped_and_weighed_and_nothing_is_sent(world: World) -> None:
    set_mode(world, Mode.SHADOW)
    reference = world.sell(("NG-TEE-BLK-M", 1, "29.90"), to="SHIPPING")
    world.poll()
    assert (writes_at_centra(world), writes_at_mirakl(world)) == ([], [])
    assert WriteIntent.objects.count() == 0
    job = world.job("import_order", reference)
    assert (job.state, job.reason) == ("SKIPPED", f"Shadow: Would now do create_order {reference} at Centra.")
    told = SyncAttempt.objects.filter(job_id=job.pk).values_list("result", "message")
    assert list(told) == [("SKIPPED", job.reason)]
    row = world.order(reference)
    assert (row.lines.get().target_sku, row.target_external_id) == ("TEE-BLK-M", "")


def test_in_shadow_a_missing_mapping_is_found_as_if_it_were_live(world: World) -> None:
    set_mode(world, Mode.SHADOW)
    world.sell(("NG-UNKNOWN", 1, "29.90"), to="SHIPPING")
    world.poll()
    assert world.cases() == [("unmapped_sku", 1)]


def test_in_shadow_acceptance_dispatch_cancellation_and_the_queue_of_changes_send_nothing(world: World) -> None:
    world.map("carrier", "DPD Next Day", "DPDUK")
    world.link.refund_reason = "15"
    world.link.save()
    world.run("read_events")
    shipped, cancelled, ended = (world.sell(("NG-TEE-BLK-M", 1, "29.90"), to="SHIPPING") for _ in range(3))
    world.poll()
    set_mode(world, Mode.SHADOW)
    world.sell(("NG-TEE-BLK-M", 1, "29.90"))
    world.centra.ship_order(world.in_centra(shipped)[0].number, carrier="DPD Next Day", tracking="1")
    world.centra.cancel_order(world.in_centra(cancelled)[0].number)
    world.mirakl.cancel_order(ended)
    world.centra.journal.clear()
    world.mirakl.journal.clear()
    world.poll()
    world.run("read_dispatches")
    world.run("read_events")
    assert (writes_at_centra(world), writes_at_mirakl(world)) == ([], [])
    would = [
        reason.split("Would now do ")[1].split()[0]
        for reason in SyncAttempt.objects.filter(message__startswith="Shadow").values_list("message", flat=True)
    ]
    flows = ["accept_order", "cancel_order", "cancel_sold_order", "confirm_events", "send_dispatch"]
    assert sorted(set(would)) == flows


def test_what_was_shadowed_goes_out_when_the_flow_goes_live(world: World) -> None:
    set_mode(world, Mode.SHADOW)
    reference = world.sell(("NG-TEE-BLK-M", 1, "29.90"))
    world.poll()
    assert world.state_at_northgate(reference) == "WAITING_ACCEPTANCE"
    set_mode(world, Mode.LIVE)
    world.poll()
    assert world.state_at_northgate(reference) == "WAITING_ACCEPTANCE"  # nothing changed there: nothing comes by itself
    world.mirakl.advance_order(reference, "SHIPPING")
    world.poll()
    assert [order.status for order in world.in_centra(reference)] == ["CONFIRMED"]


def test_a_held_flow_runs_nothing_keeps_its_work_and_takes_it_up_again(world: World) -> None:
    ticks.plan_schedules()
    Schedule.objects.get_or_create(flow="import_order", connection=world.centra_row, link=world.link)
    Schedule.objects.filter(flow="import_order").update(mode=Mode.HELD)
    reference = world.sell(("NG-TEE-BLK-M", 1, "29.90"), to="SHIPPING")
    world.poll()
    assert world.centra.journal.entries() == []
    assert world.open_jobs() == [("import_order", "QUEUED")]
    assert not SyncAttempt.objects.filter(job_id=world.job("import_order", reference).pk).exists()
    Schedule.objects.filter(flow="import_order").update(mode=Mode.LIVE)
    world.work()
    assert [order.status for order in world.in_centra(reference)] == ["CONFIRMED"]


def test_a_held_feed_is_not_started_by_the_clock(world: World) -> None:
    set_mode(world, Mode.HELD)
    world.advance(600)
    assert ticks.tick() == 0
    world.work()
    assert (world.mirakl.journal.entries(), world.centra.journal.entries()) == ([], [])


def test_a_connection_that_is_switched_off_is_not_called_and_its_work_waits(world: World) -> None:
    Connection.objects.filter(pk=world.centra_row.pk).update(state=Connection.State.SWITCHED_OFF)
    reference = world.sell(("NG-TEE-BLK-M", 1, "29.90"), to="SHIPPING")
    world.poll()
    assert world.centra.journal.entries() == []
    assert world.open_jobs() == [("import_order", "QUEUED")]
    Connection.objects.filter(pk=world.centra_row.pk).update(state=Connection.State.ACTIVE)
    place.forget()
    world.work()
    assert [order.status for order in world.in_centra(reference)] == ["CONFIRMED"]


@pytest.mark.parametrize("switch", ["everything", "one connection"])
@pytest.mark.parametrize("calls_before", range(4))
def test_a_switch_thrown_in_the_middle_of_an_order_stops_the_very_next_write(
    world: World, monkeypatch: pytest.MonkeyPatch, switch: str, calls_before: int
) -> None:
    """Nothing that was asked for before is lost: switched on again, the order is finished, not made twice."""
    reference = world.sell(("NG-TEE-BLK-M", 1, "29.90"), to="SHIPPING")
    made: list[str] = []
    record = ConnectionGate.after_call

    def throwing(gate: ConnectionGate, exchange: Exchange) -> None:
        record(gate, exchange)
        if gate.connection_id == world.centra_row.pk:
            made.append(exchange.call.operation)
            if len(made) == calls_before + 1:
                throw(world, switch)

    monkeypatch.setattr(ConnectionGate, "after_call", throwing)
    world.poll()
    assert made[:1] == ["orders"]
    assert not {"POST /order", "confirmOrder"} & set(made[calls_before + 1 :])

    monkeypatch.undo()
    Switch.objects.update(calls_allowed=True)
    Connection.objects.update(state=Connection.State.ACTIVE)
    place.forget()
    world.wait(600)
    assert [order.status for order in world.in_centra(reference)] == ["CONFIRMED"]
    assert world.centra.journal.count("POST /order") == 1
    assert (world.open_jobs(), world.cases()) == ([], [])


def throw(world: World, switch: str) -> None:
    """A person's click."""
    if switch == "everything":
        Switch.objects.update_or_create(id=True, defaults={"calls_allowed": False, "changed_by": "olivia"})
    else:
        Connection.objects.filter(pk=world.centra_row.pk).update(state=Connection.State.SWITCHED_OFF)
