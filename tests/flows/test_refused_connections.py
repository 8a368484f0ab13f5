"""Keys that are refused, rights that are missing: one case, nothing hammered, nothing lost, and on it goes once it is mended."""

import contextlib
from io import StringIO

import pytest
from django.core.management import call_command

from connectors.mirakl.sandbox.operations import ALL_ROLES
from connectors.models import AuditEntry, Connection
from exceptions_app.models import ExceptionCase
from integrationhub.sync import standing, sweep, ticks
from integrationhub.sync.models import Schedule
from integrationhub.sync.places import place
from tests.flows.world import World

pytestmark = pytest.mark.django_db

HOUR = 3600


def sell(world: World, count: int) -> list[str]:
    return [world.sell(("NG-TEE-BLK-M", 1, "29.90"), to="SHIPPING") for _ in range(count)]


def confirmed(world: World, references: list[str]) -> int:
    return sum(order.status == "CONFIRMED" for reference in references for order in world.in_centra(reference))


def live_for(world: World, seconds: float, *, step: float = 60) -> None:
    """Time passes with the scheduler at work."""
    ticks.plan_schedules()
    for _ in range(int(seconds // step)):
        world.advance(step)
        ticks.tick()
        sweep.take_back_expired()
        world.work()
    standing.recount_standing()


def test_a_refused_key_is_one_case_for_thirty_orders_and_is_not_tried_again_and_again(world: World) -> None:
    world.roomy()
    references = sell(world, 30)
    world.centra.revoke_token()
    world.poll()
    live_for(world, HOUR, step=120)
    ((cause, waiting),) = world.cases()
    clocked = Schedule.objects.filter(connection=world.centra_row).count()
    assert (cause, 30 <= waiting <= 30 + clocked) == (
        "connection_refused",
        True,
    )  # the orders, and what the clock starts
    assert len([entry for entry in world.centra.journal.entries() if entry.status == 401]) <= 3
    row = Connection.objects.get(pk=world.centra_row.pk)
    assert (row.state, row.state_reason != "") == (Connection.State.REFUSED, True)
    assert confirmed(world, references) == 0
    states = {state for flow, state in world.open_jobs() if flow == "import_order"}
    assert states <= {"QUEUED", "RETRYING"}
    assert AuditEntry.objects.filter(action="refused").count() == 1


def test_a_replaced_key_takes_everything_up_again_and_closes_the_case(world: World) -> None:
    world.roomy()
    references = sell(world, 30)
    world.centra.revoke_token()
    world.poll()
    with pytest.raises(SystemExit):
        call_command("check_connections", stdout=StringIO())
    assert Connection.objects.get(pk=world.centra_row.pk).state == Connection.State.REFUSED

    world.centra.add_token("the new one", integration=world.centra.integration)
    row = Connection.objects.get(pk=world.centra_row.pk)
    row.credentials = {**row.credentials, "token": "the new one"}
    row.settings = {**row.settings, "auto_confirm_off": True}
    row.save()
    place.forget()
    out = StringIO()
    with contextlib.suppress(SystemExit):
        call_command("check_connections", stdout=out)
    assert Connection.objects.get(pk=world.centra_row.pk).state == Connection.State.ACTIVE, out.getvalue()
    world.work()
    assert confirmed(world, references) == 30
    assert (world.cases(), world.open_jobs()) == ([], [])
    assert len(world.centra.orders) == 30


def test_a_marketplace_key_that_ends_in_the_middle_stops_acceptance_and_polls_with_one_case(world: World) -> None:
    reference = world.sell(("NG-TEE-BLK-M", 1, "29.90"))
    key = world.mirakl.api_key
    world.mirakl.revoke_api_key(key)
    live_for(world, HOUR, step=120)
    assert [cause for cause, _ in world.cases()] == ["connection_refused"]
    assert len(world.mirakl.journal.entries()) <= 3
    world.mirakl.keys[key] = ALL_ROLES
    row = Connection.objects.get(pk=world.northgate.pk)
    assert standing.resume_connection(row, by="olivia", reason="The key is valid again.")
    live_for(world, 10 * 60)
    assert [order.status for order in world.in_centra(reference)] == ["CONFIRMED"]
    assert world.cases() == []


def test_a_missing_right_pauses_the_one_flow_that_needs_it(world: World) -> None:
    """Without the right to read events no change is heard of; orders are created as ever."""
    world.roomy()
    world.centra.forbid("Event:read")
    ticks.plan_schedules()
    world.run("read_events")
    paused = Schedule.objects.exclude(paused_reason="")
    assert [row.flow for row in paused] == ["read_events"], world.reasons()
    assert [cause for cause, _ in world.cases()] == ["operation_refused"]
    assert Connection.objects.get(pk=world.centra_row.pk).state == Connection.State.ACTIVE

    references = sell(world, 3)
    asked = world.centra.journal.count("ReadEvents")
    live_for(world, HOUR, step=120)
    assert confirmed(world, references) == 3
    assert world.centra.journal.count("ReadEvents") == asked
    assert [cause for cause, _ in world.cases()] == ["operation_refused"]

    world.centra.tokens.get(world.centra.default_token).permissions |= {"Event:read"}
    standing.resume_schedule(paused.get(), by="olivia", reason="The right was granted.")
    world.work()
    assert world.centra.journal.count("ReadEvents") > asked
    assert world.cases() == []


def test_a_missing_right_to_accept_pauses_acceptance_and_not_the_polls(world: World) -> None:
    key = world.mirakl.add_api_key(["ROLE_PARTNER_ORDER_READ"])
    row = Connection.objects.get(pk=world.northgate.pk)
    row.credentials = {"api_key": key}
    row.save()
    place.forget()
    waiting, paid = world.sell(("NG-TEE-BLK-M", 1, "29.90")), sell(world, 1)
    world.poll()
    live_for(world, 20 * 60, step=120)
    assert world.state_at_northgate(waiting) == "WAITING_ACCEPTANCE"
    assert world.mirakl.journal.count("OR21") == 1
    assert confirmed(world, paid) == 1
    paused = Schedule.objects.exclude(paused_reason="").order_by("flow").values_list("flow", flat=True)
    lists = ["learn_carriers", "learn_offers", "learn_reasons"]  # this key may not read these either
    assert list(paused) == ["accept_order", *lists, "publish_stock", "read_returns", "scan_stock"]
    assert [cause for cause, _ in world.cases()] == ["operation_refused"] * 7
    waiting_case = ExceptionCase.objects.unresolved().get(context__operation="accept orders")
    assert waiting_case.waiting_count == 1
