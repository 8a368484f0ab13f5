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
from integrationhub.orders.models import Reservation
from integrationhub.sync import drain
from integrationhub.sync.enqueue import enqueue_many, job_for_link
from integrationhub.sync.flows import Done, Flow, Outcome
from integrationhub.sync.gate import ConnectionGate
from integrationhub.sync.lanes import Lane
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
    yield found


def why_not(world: World, reference: str) -> list[str]:
    row = world.order(reference)
    unmapped = [line.sku for line in row.lines.all() if not line.target_sku]
    alive = [order for order in world.in_centra(reference) if order.status != "CANCELLED"]
    held: dict[str, int] = {}
    for reservation in row.reservations.filter(state=Reservation.State.HELD):
        held[reservation.sku] = held.get(reservation.sku, 0) + reservation.quantity
    short = [line.sku for line in row.lines.all() if held.get(line.target_sku, 0) < line.quantity]
    reasons = [f"{reference}: {sku} is not mapped" for sku in unmapped]
    if not alive and short:
        reasons.append(f"{reference}: not in Centra, and {short} not held")
    return reasons


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("seed", range(int(__import__("os").environ.get("SEEDS_FROM","0")), int(__import__("os").environ.get("SEEDS_FROM","0"))+int(__import__("os").environ.get("SEEDS","6"))))
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
            for case in ExceptionCase.objects.unresolved().filter(cause="out_of_stock"):
                from integrationhub.sync.blocking import retry

                retry(case, by="olivia")
