"""A worker that sleeps past its lease (a suspended machine, a stopped process) neither calls nor writes when it wakes."""

from collections.abc import Callable

import pytest

from connectors.http import Call
from connectors.transport import Incoming, Outgoing, transport, using_transport
from integrationhub.sync import drain
from integrationhub.sync.claim import LEASE_SECONDS
from integrationhub.sync.gate import ConnectionGate
from integrationhub.sync.models import SyncAttempt, SyncJob, WriteIntent
from integrationhub.sync.sweep import take_back_expired
from integrationhub.sync.writes import SETTLE_SECONDS
from tests.flows.world import LANES, World

pytestmark = pytest.mark.django_db


class Nap:
    """Falls asleep once, where it is told to; what happens meanwhile is the others' work."""

    def __init__(self, world: World, meanwhile: Callable[[], object]) -> None:
        self.world, self.meanwhile, self.taken = world, meanwhile, False

    def take(self, seconds: float) -> None:
        if not self.taken:
            self.taken = True
            self.world.advance(seconds)
            self.meanwhile()


def another_worker(world: World) -> None:
    """The sweeper takes the job back, and a second worker does it while the first still sleeps."""
    take_back_expired()
    world.advance(SETTLE_SECONDS)
    drain.drain(world.centra_row.pk, lanes=LANES)


def sold(world: World) -> str:
    reference = world.sell(("NG-TEE-BLK-M", 1, "29.90"), to="SHIPPING")
    world.advance(121)
    world.start("read_orders")
    drain.drain(world.northgate.pk, lanes=LANES)
    return reference


@pytest.mark.parametrize("operation", ["FindOrders", "POST /order", "ReadBeforeFinish", "UpdateAndConfirmOrder"])
def test_a_worker_that_slept_between_its_intent_and_the_call_does_not_call(
    world: World, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    """It sleeps at the gate: after everything was decided, before the request leaves."""
    world.roomy()
    reference = sold(world)
    nap = Nap(world, lambda: another_worker(world))
    names = {"FindOrders": "orders", "ReadBeforeFinish": "orders", "UpdateAndConfirmOrder": "confirmOrder"}
    open_gate = ConnectionGate._take_budget

    def sleepy(gate: ConnectionGate, call: Call, *, rank: int) -> None:
        if call.operation == names.get(operation, operation):
            nap.take(LEASE_SECONDS + 1)
        open_gate(gate, call, rank=rank)

    monkeypatch.setattr(ConnectionGate, "_take_budget", sleepy)
    tally = drain.drain(world.centra_row.pk, lanes=LANES)
    assert (nap.taken, tally.overtaken) == (True, 1)
    assert [order.status for order in world.in_centra(reference)] == ["CONFIRMED"]
    assert (world.centra.journal.count("POST /order"), len(world.confirmed_numbers())) == (1, 1)
    assert world.job("import_order", reference).state == SyncJob.State.DONE
    assert SyncAttempt.objects.filter(result="OVERTAKEN").count() == 1
    assert WriteIntent.objects.get(operation="create_order").external_id == str(world.in_centra(reference)[0].number)
    assert (world.open_jobs(), world.cases()) == ([], [])


class SleepyTransport:
    """The answer arrives, and the worker falls asleep before it reads it."""

    def __init__(self, nap: Nap, path: str) -> None:
        self.nap, self.path, self.network = nap, path, transport()

    def send(self, outgoing: Outgoing) -> Incoming:
        incoming = self.network.send(outgoing)
        if outgoing.url.endswith(self.path):
            self.nap.take(LEASE_SECONDS + 1)
        return incoming


def test_what_a_worker_learnt_before_it_slept_is_not_written_when_it_wakes(world: World) -> None:
    """Centra made the order and said so; the worker slept with the answer in its hand, and another one found the order."""
    world.roomy()
    reference = sold(world)
    seen: list[str] = []

    def meanwhile() -> None:
        another_worker(world)
        seen.append(WriteIntent.objects.get(operation="create_order").token)

    with using_transport(SleepyTransport(Nap(world, meanwhile), "/order")):
        tally = drain.drain(world.centra_row.pk, lanes=LANES)
    assert tally.overtaken == 1
    (order,) = world.in_centra(reference)
    assert order.status == "CONFIRMED"
    intent = WriteIntent.objects.get(operation="create_order")
    assert (intent.token, intent.state, intent.external_id) == (seen[0], "DONE", str(order.number))
    assert world.centra.journal.count("POST /order") == 1
    assert (world.open_jobs(), world.cases()) == ([], [])


def test_a_worker_that_sleeps_again_and_again_is_overtaken_until_somebody_stays_awake(world: World) -> None:
    world.roomy()
    references = [sold(world) for _ in range(3)]
    for _ in range(2):
        naps = Nap(world, take_back_expired)
        with using_transport(SleepyTransport(naps, "/order")):
            drain.drain(world.centra_row.pk, lanes=LANES)
        world.advance(SETTLE_SECONDS)
    world.wait(600)
    assert [[order.status for order in world.in_centra(reference)] for reference in references] == [["CONFIRMED"]] * 3
    assert world.cases() == []
