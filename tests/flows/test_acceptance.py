"""An order is accepted only when it is stored, mapped and covered; and before its window closes, or a person was told."""

import random
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote

import pytest

from connectors.http import Call
from connectors.models import Link
from connectors.sandboxkit import Fault
from exceptions_app.models import ExceptionCase
from integrationhub.inventory.models import Reservation
from integrationhub.sync import drain
from integrationhub.sync.blocking import retry
from integrationhub.sync.enqueue import enqueue_many, job_for_link
from integrationhub.sync.flows import Done, Flow, Outcome
from integrationhub.sync.gate import ConnectionGate
from integrationhub.sync.lanes import QUEUES, URGENT, Lane
from integrationhub.sync.places import place
from integrationhub.sync.run import Run
from tests.flows.world import LANES, World

pytestmark = pytest.mark.django_db

HOUR = 3600
POLICIES = list(Link.AcceptancePolicy)


# --- never before the policy is met -----------------------------------------------------------------------------------


@pytest.fixture
def too_early(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Why an acceptance should not have left, judged at the moment it leaves: the test's own reading of the policy."""
    found: list[str] = []
    seen = ConnectionGate.before_call

    def watching(gate: ConnectionGate, call: Call) -> None:
        seen(gate, call)
        if call.operation == "OR21":
            reference = unquote(call.url.split("/api/orders/")[1].split("/")[0])
            found.extend(why_not(world, reference))

    monkeypatch.setattr(ConnectionGate, "before_call", watching)
    return found


def why_not(world: World, reference: str) -> list[str]:
    row = world.order(reference)
    unmapped = [line.sku for line in row.lines.all() if not line.target_sku]
    alive = [order for order in world.in_centra(reference) if order.status != "CANCELLED"]
    held: dict[str, int] = {}
    for reservation in world.promises(reference).filter(state=Reservation.State.HELD):
        held[reservation.sku] = held.get(reservation.sku, 0) + reservation.quantity
    short = [line.sku for line in row.lines.all() if held.get(line.target_sku, 0) < line.quantity]
    reasons = [f"{reference}: {sku} is not mapped" for sku in unmapped]
    if not alive and short:
        reasons.append(f"{reference}: not in Centra, and {short} not held")
    return reasons


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("seed", range(6))
def test_no_acceptance_leaves_before_its_policy_is_met(
    world: World, too_early: list[str], policy: str, seed: int
) -> None:
    """Sales, mappings, stock counts, cancellations, faults and work in any order; then the faults stop."""
    Link.objects.update(acceptance_policy=policy)
    world.mirakl.change_settings(addresses_visible_from="CREATION" if policy == "CREATE_FIRST" else "SHIPPING")
    world.roomy()
    life = _Life(world, random.Random(seed))  # noqa: S311  a seed, not a secret
    for _ in range(30):
        life.step()
        assert too_early == []
    life.calm_down()
    assert too_early == []
    assert world.mirakl.journal.count("OR21") > 0
    for reference in life.references:
        assert world.state_at_northgate(reference) in ("SHIPPING", "CANCELED", "CLOSED"), world.reasons()
        expected = ["CONFIRMED"] if world.state_at_northgate(reference) == "SHIPPING" else []
        assert [order.status for order in world.in_centra(reference) if order.status != "CANCELLED"] == expected
    assert (world.open_jobs(), world.cases()) == ([], [])


class _Life:
    """What happens around the hub, drawn from a seed."""

    def __init__(self, world: World, rng: random.Random) -> None:
        self.world, self.rng = world, rng
        self.references: list[str] = []

    def step(self) -> None:
        moves: list[Callable[[], Any]] = [self.sell, self.sell, self.poll, self.poll, self.work_one_side, self.trouble]
        moves += [self.count_stock, self.customer_cancels, self.pass_time]
        self.rng.choice(moves)()

    def sell(self) -> None:
        skus = self.rng.sample(["NG-TEE-BLK-M", "NG-COAT-NVY-38", "NG-SCARF"], k=self.rng.choice((1, 1, 2)))
        lines = [(sku, self.rng.randint(1, 3), "29.90") for sku in skus]
        self.references.append(self.world.sell(*lines))

    def poll(self) -> None:
        self.world.poll()

    def work_one_side(self) -> None:
        self.world.advance(61)
        self.world.start("read_orders")
        side = self.rng.choice((self.world.northgate, self.world.centra_row))
        drain.drain(side.pk, lanes=LANES)

    def trouble(self) -> None:
        sandbox, operation = self.rng.choice(
            [
                (self.world.mirakl, "OR21"),
                (self.world.mirakl, "OR11"),
                (self.world.centra, "POST /order"),
                (self.world.centra, "StockOfSkus"),
                (self.world.centra, "UpdateOrder"),
            ]
        )
        kind = self.rng.choice(["drop_before", "drop_after", "status_after", "late", "malformed"])
        seconds = self.rng.choice([10, 50, 90]) if kind == "late" else 0
        sandbox.faults.add(Fault(kind=kind, operation=operation, seconds=seconds))

    def count_stock(self) -> None:
        stock = self.world.centra.stock("COAT-NVY-38")
        self.world.centra.set_stock("COAT-NVY-38", max(stock["allocated"], stock["physical"]) + self.rng.randint(0, 3))

    def customer_cancels(self) -> None:
        waiting = [reference for reference in self.references if self._can_be_cancelled(reference)]
        if waiting:
            self.world.mirakl.cancel_order(self.rng.choice(waiting))

    def _can_be_cancelled(self, reference: str) -> bool:
        return self.world.state_at_northgate(reference) in ("WAITING_DEBIT", "SHIPPING")

    def pass_time(self) -> None:
        self.world.wait(self.rng.choice([5, 70, 300]))

    def calm_down(self) -> None:
        """The faults stop, people map and count what is missing, and time passes."""
        self.world.mirakl.faults.clear()
        self.world.centra.faults.clear()
        self.world.map("sku", "NG-SCARF", "TEE-BLK-L")
        for sku in ("TEE-BLK-M", "TEE-BLK-L", "COAT-NVY-38"):
            self.world.centra.set_stock(sku, 1000)
        for _ in range(3):
            self.world.poll()
            self.world.wait(400)
            for case in ExceptionCase.objects.unresolved():
                retry(case, by="olivia")


# --- first of all lanes -----------------------------------------------------------------------------------------------


@pytest.fixture
def stock_flow(make_flow: Callable[..., Flow]) -> Flow:
    """Work that calls the marketplace once a job, as publishing stock does."""

    def publish(run: Run) -> Outcome:
        run.source.client.read_version()  # type: ignore[attr-defined]
        return Done()

    return make_flow(publish, name="publish_one", lane=Lane.STOCK, side="source")


def test_after_a_standstill_every_acceptance_leaves_before_a_thousand_stock_jobs(
    world: World, stock_flow: Flow
) -> None:
    """The workers stood still; the stock jobs have waited longer than the orders."""
    world.roomy()
    world.centra.set_stock("TEE-BLK-M", 100)
    world.mirakl.change_settings(acceptance_window_seconds=HOUR)
    Link.objects.update(acceptance_window_hours=1)
    place.forget()
    enqueue_many(job_for_link("publish_one", world.link, key=str(number)) for number in range(1000))
    references = [world.sell(("NG-TEE-BLK-M", 1, "29.90")) for _ in range(30)]
    world.advance(45 * 60)
    world.start("read_orders")
    drain.drain(world.northgate.pk, lanes=QUEUES[URGENT])
    drain.drain(world.centra_row.pk, lanes=QUEUES[URGENT])
    assert world.mirakl.journal.count("V01") == 0

    world.wait(14 * 60)
    calls = [entry.operation for entry in world.mirakl.journal.entries() if entry.operation in ("OR21", "V01")]
    assert calls == ["OR21"] * 30 + ["V01"] * 1000
    assert {world.state_at_northgate(reference) for reference in references} == {"SHIPPING"}


def test_an_order_that_nobody_answers_is_told_at_half_its_window_and_no_more_once_it_is_accepted(world: World) -> None:
    world.mirakl.set_call_frequency("OR21", 0, 60)
    reference = world.sell(("NG-TEE-BLK-M", 1, "29.90"))
    world.poll()
    world.run("watch_acceptance")
    assert world.cases() == []
    world.advance(12 * HOUR - 240)
    world.run("watch_acceptance")
    assert world.cases() == []
    world.advance(240)
    world.run("watch_acceptance")
    assert ("acceptance_at_risk", 1) in world.cases()
    case = ExceptionCase.objects.get(cause="acceptance_at_risk")
    assert case.next_deadline_at == world.order(reference).accept_by

    world.mirakl.set_call_frequency("OR21", None)
    for waiting in ExceptionCase.objects.unresolved().filter(cause="retries_spent"):
        retry(waiting, by="olivia")
    world.wait(HOUR)
    world.run("watch_acceptance")
    assert world.state_at_northgate(reference) == "SHIPPING"
    assert world.cases() == []


@pytest.mark.parametrize("bare_world", [{"acceptance_window_hours": 2}], indirect=True)
def test_an_order_that_lapses_is_one_case_and_holds_no_stock(world: World) -> None:
    world.mirakl.change_settings(acceptance_window_seconds=2 * HOUR)
    reference = world.sell(("NG-TEE-BLK-M", 1, "29.90"), ("NG-UNKNOWN", 1, "5.00"))
    world.poll()
    assert world.cases() == [("unmapped_sku", 1)]
    world.advance(2 * HOUR)
    world.poll()
    world.run("watch_acceptance")
    assert world.state_at_northgate(reference) == "REFUSED"
    assert world.cases() == [("acceptance_lapsed", 1)]
    assert not world.promises(reference).filter(state=Reservation.State.HELD).exists()
    assert (world.mirakl.journal.count("OR21"), world.centra.journal.count("POST /order")) == (0, 0)


def test_an_order_that_lapses_after_its_stock_was_reserved_gives_it_back(world: World) -> None:
    world.mirakl.set_call_frequency("OR21", 0, 60)
    reference = world.sell(("NG-COAT-NVY-38", 5, "199.00"))
    world.poll()
    assert world.promises(reference).get().state == Reservation.State.HELD
    world.advance(24 * HOUR)
    world.poll()
    assert world.promises(reference).get().state == Reservation.State.RELEASED
    world.mirakl.set_call_frequency("OR21", None)
    other = world.sell(("NG-COAT-NVY-38", 5, "199.00"))
    world.poll()
    assert world.promises(other).get().quantity == 5


# --- created first ----------------------------------------------------------------------------------------------------


@pytest.fixture
def creating_first(world: World) -> World:
    """A marketplace that shows addresses at once, and takes the money only when the test says so."""
    Link.objects.update(acceptance_policy=Link.AcceptancePolicy.CREATE_FIRST)
    place.forget()
    world.mirakl.change_settings(
        addresses_visible_from="CREATION", debit_request_seconds=None, debit_confirm_seconds=None
    )
    return world


def test_an_order_is_created_on_hold_then_accepted_then_confirmed_when_it_is_paid(creating_first: World) -> None:
    world = creating_first
    reference = world.sell(("NG-TEE-BLK-M", 2, "29.90"))
    world.poll()
    (order,) = world.in_centra(reference)
    assert (order.status, order.is_on_hold) == ("PENDING", True)
    assert world.state_at_northgate(reference) == "WAITING_DEBIT"
    created, accepted = world.centra.journal.entries("POST /order"), world.mirakl.journal.entries("OR21")
    assert [entry.at <= accepted[0].at for entry in created] == [True]
    assert (world.order(reference).target_on_hold, world.order(reference).target_confirmed_at) == (True, None)

    world.poll()
    assert order.status == "PENDING"
    world.mirakl.request_debit(reference)
    world.mirakl.confirm_debit(reference)
    world.poll()
    assert (order.status, order.is_on_hold) == ("CONFIRMED", False)
    assert world.order(reference).target_on_hold is False
    assert (len(world.in_centra(reference)), world.open_jobs(), world.cases()) == (1, [], [])
    world.centra.ship_order(order.number, carrier="DPD Next Day", tracking="1")  # the warehouse can pack it


def test_an_order_whose_payment_is_refused_is_cancelled_where_it_was_created(creating_first: World) -> None:
    world = creating_first
    reference = world.sell(("NG-TEE-BLK-M", 2, "29.90"))
    world.poll()
    world.mirakl.request_debit(reference)
    world.mirakl.refuse_debit(reference)
    world.poll()
    assert [order.status for order in world.in_centra(reference)] == ["CANCELLED"]
    assert world.centra.stock("TEE-BLK-M")["allocated"] == 0
    assert (world.confirmed_numbers(), world.open_jobs(), world.cases()) == ([], [], [])


def test_an_order_that_centra_cancelled_is_not_accepted_any_more(creating_first: World) -> None:
    world = creating_first
    world.run("read_events")
    world.mirakl.set_call_frequency("OR21", 0, 60)
    reference = world.sell(("NG-TEE-BLK-M", 2, "29.90"))
    world.poll()
    (order,) = world.in_centra(reference)
    world.centra.cancel_order(order.number)
    world.run("read_events")
    world.mirakl.set_call_frequency("OR21", None)
    world.wait(HOUR)
    world.poll()
    assert world.state_at_northgate(reference) == "REFUSED"
    assert (world.open_jobs(), world.cases()) == ([], [])
