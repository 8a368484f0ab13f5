"""What can go wrong with one call, and what must be true of every flow once it is over."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from connectors.sandboxkit import Fault, JournalEntry, Sandbox
from integrationhub.sync.writes import SETTLE_SECONDS
from tests.flows.world import World

# As the platform misbehaves: before the effect, after it, instead of it, or long after the caller has given up.
FAULTS: dict[str, dict[str, float]] = {
    "drop_before": {},
    "drop_after": {},
    "status_before": {"status": 503},
    "status_after": {"status": 502},
    "malformed": {},
    "rate_limit": {"seconds": 20},
    "slow": {"seconds": 0.02},
    "late within the settle window": {"seconds": 40},
    "late beyond the settle window": {"seconds": 200},
}
QUARTER = 15 * 60


def fault(name: str, operation: str) -> Fault:
    return Fault(kind=name.split()[0], operation=operation, **FAULTS[name])  # type: ignore[arg-type]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One write of one flow: how the world comes to it, what sets it off, and what must be true in the end."""

    operation: str  # as the sandbox names it
    before: Callable[[World], str]  # returns the order's reference
    act: Callable[[World, str], object]
    after: Callable[[World, str], object]


def play(world: World, sandbox: Sandbox, case: Case, kind: str) -> None:
    """Let the write meet the fault, let time pass, and look at the end."""
    world.roomy()
    reference = case.before(world)
    sandbox.journal.clear()
    sandbox.faults.add(fault(kind, case.operation))
    case.act(world, reference)
    hit = [entry for entry in sandbox.journal.entries() if entry.fault]
    assert [entry.fault for entry in hit] == [kind.split()[0]], "the fault did not hit"
    for _ in range(2):
        world.wait(QUARTER)
        world.poll()
    case.after(world, reference)
    assert_settled(world)
    assert_settle_window_kept(sandbox.journal.entries(hit[0].operation))


def living(world: World, reference: str) -> list[Any]:
    return [order for order in world.in_centra(reference) if order.status != "CANCELLED"]


def assert_settled(world: World) -> None:
    """Nothing is open or asks for a person any more."""
    assert world.open_jobs() == [], world.reasons()
    assert world.cases() == []


def assert_settle_window_kept(entries: list[JournalEntry]) -> None:
    """No call was repeated while the one before it might still take effect."""
    for earlier, later in pairwise(entries):
        uncertain = earlier.fault in {"drop_before", "drop_after", "status_before", "status_after", "malformed", "late"}
        if uncertain and earlier.body == later.body:
            apart = datetime.fromisoformat(later.at) - datetime.fromisoformat(earlier.at)
            assert apart.total_seconds() >= SETTLE_SECONDS
