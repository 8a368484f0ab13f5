"""The write protocol, piece by piece: what each is for is said by the test that fails without it."""

from collections.abc import Callable
from typing import Any

import pytest

from connectors import ports
from connectors.canonical.errors import PermanentError, TransientError, UnknownOutcomeError
from connectors.http import Call
from connectors.models import Link
from integrationhub.sync.claim import LEASE_SECONDS, claim
from integrationhub.sync.enqueue import enqueue, job_for_link
from integrationhub.sync.flows import Flow
from integrationhub.sync.gate import OvertakenError, UnguardedWriteError
from integrationhub.sync.lanes import Lane
from integrationhub.sync.models import Schedule, SyncJob, WriteIntent
from integrationhub.sync.run import Run, ShadowedError
from integrationhub.sync.sweep import take_back_expired
from integrationhub.sync.writes import SETTLE_SECONDS, Effect, SettlingError

pytestmark = pytest.mark.django_db

CREATE = Call(operation="POST /order", write=True, method="POST", url="http://127.0.0.1:9/order")


class Target:
    """A platform that counts what it is asked."""

    def __init__(self) -> None:
        self.orders: list[str] = []
        self.looks = 0
        self.error: Exception | None = None
        self.commits_before_error = False

    def send(self) -> str:
        if self.error is None or self.commits_before_error:
            self.orders.append(f"C-{len(self.orders) + 1}")
        if self.error is not None:
            raise self.error
        return self.orders[-1]

    def find(self) -> str | None:
        self.looks += 1
        return self.orders[0] if self.orders else None


@pytest.fixture
def target() -> Target:
    return Target()


@pytest.fixture
def begin(link: Link, make_flow: Callable[..., Flow]) -> Callable[..., Run]:
    """Claim the one job of the test and start a try of it."""
    make_flow()
    enqueue(job_for_link("try_out", link, key="MK-1"))

    def start(*, mode: str = Schedule.Mode.LIVE) -> Run:
        SyncJob.objects.exclude(state="RUNNING").update(state="QUEUED", due_at=ports.now())
        (job,) = claim(connection_id=link.target_id, lanes=tuple(Lane), size=1, owner="alice")
        return Run(job, mode=mode)

    return start


def end(run: Run) -> None:
    SyncJob.objects.filter(pk=run.job.id).update(state="RETRYING", lease_until=None)


def effect(link: Link, target: Target, **more: Any) -> Effect:
    return Effect(
        place=link.target, operation="create_order", reference="MK-1", send=target.send, find=target.find, **more
    )


def test_an_effect_that_is_done_is_never_sent_again(link: Link, begin: Callable[..., Run], target: Target) -> None:
    run = begin()
    assert run.write(effect(link, target)) == "C-1"
    assert run.write(effect(link, target)) == "C-1"
    assert (target.orders, target.looks) == (["C-1"], 0)
    intent = WriteIntent.objects.get()
    assert (intent.state, intent.external_id, intent.tries) == ("DONE", "C-1", 1)


def test_an_unknown_outcome_is_looked_up_only_after_the_settle_window(
    link: Link, begin: Callable[..., Run], target: Target, virtual_clock: ports.VirtualClock
) -> None:
    target.error, target.commits_before_error = UnknownOutcomeError("No answer."), True
    run = begin()
    with pytest.raises(UnknownOutcomeError):
        run.write(effect(link, target))
    end(run)
    assert WriteIntent.objects.get().state == "UNKNOWN"

    run = begin()
    with pytest.raises(SettlingError) as settling:
        run.write(effect(link, target))
    assert (settling.value.due_at - virtual_clock.now()).total_seconds() == SETTLE_SECONDS
    assert target.looks == 0
    end(run)

    virtual_clock.advance(SETTLE_SECONDS)
    target.error = None
    run = begin()
    assert run.write(effect(link, target)) == "C-1"
    assert (target.orders, target.looks) == (["C-1"], 1)


def test_an_effect_that_never_happened_is_sent_again_after_the_look_up(
    link: Link, begin: Callable[..., Run], target: Target, virtual_clock: ports.VirtualClock
) -> None:
    target.error = UnknownOutcomeError("No answer.")
    run = begin()
    with pytest.raises(UnknownOutcomeError):
        run.write(effect(link, target))
    end(run)
    virtual_clock.advance(SETTLE_SECONDS)
    target.error = None
    run = begin()
    assert run.write(effect(link, target)) == "C-1"
    assert (target.looks, WriteIntent.objects.get().tries) == (1, 2)
    assert run.sent_again == {"create_order"}


def test_a_worker_that_died_after_its_intent_leaves_an_unknown_not_an_untried(
    link: Link, begin: Callable[..., Run], target: Target, virtual_clock: ports.VirtualClock
) -> None:
    def dies() -> str:
        target.orders.append("C-1")
        raise KeyboardInterrupt

    run = begin()
    with pytest.raises(KeyboardInterrupt):
        run.write(Effect(place=link.target, operation="create_order", reference="MK-1", send=dies, find=target.find))
    assert WriteIntent.objects.get().state == "SENDING"
    virtual_clock.advance(LEASE_SECONDS + 1)
    take_back_expired()
    assert begin().write(effect(link, target)) == "C-1"
    assert target.orders == ["C-1"]


def test_a_certain_failure_may_be_sent_again_at_once(link: Link, begin: Callable[..., Run], target: Target) -> None:
    target.error = TransientError("Refused connection.")
    run = begin()
    with pytest.raises(TransientError):
        run.write(effect(link, target))
    assert WriteIntent.objects.get().state == "NOT_SENT"
    target.error = None
    assert run.write(effect(link, target)) == "C-1"
    assert target.looks == 0


def test_a_refusal_is_written_down_and_looked_up_before_the_next_send(
    link: Link, begin: Callable[..., Run], target: Target
) -> None:
    target.error = PermanentError("The platform says no.")
    run = begin()
    with pytest.raises(PermanentError):
        run.write(effect(link, target))
    assert WriteIntent.objects.get().state == "REFUSED"
    target.error = None
    assert run.write(effect(link, target)) == "C-1"
    assert target.looks == 1


def test_an_effect_that_somebody_else_made_is_found_not_made(
    link: Link, begin: Callable[..., Run], target: Target
) -> None:
    target.orders.append("C-by-hand")
    assert begin().write(effect(link, target, look_first=True)) == "C-by-hand"
    assert target.orders == ["C-by-hand"]
    assert WriteIntent.objects.get().state == "DONE"


def test_a_half_made_effect_is_finished_by_the_next_try(link: Link, begin: Callable[..., Run], target: Target) -> None:
    finished: list[str] = []

    def breaks(external_id: str) -> None:
        raise TransientError("The second call was refused.")

    run = begin()
    with pytest.raises(TransientError):
        run.write(effect(link, target, finish=breaks))
    assert (WriteIntent.objects.get().state, WriteIntent.objects.get().external_id) == ("SENT", "C-1")
    assert run.write(effect(link, target, finish=finished.append)) == "C-1"
    assert (target.orders, finished, WriteIntent.objects.get().state) == (["C-1"], ["C-1"], "DONE")


def test_a_worker_that_was_overtaken_writes_no_outcome(
    link: Link, begin: Callable[..., Run], target: Target, virtual_clock: ports.VirtualClock
) -> None:
    """It slept past its lease in mid-call; another took the job and found its order."""
    run = begin()

    def slow() -> str:
        external_id = target.send()
        virtual_clock.advance(LEASE_SECONDS + 1)
        take_back_expired()
        assert begin().write(effect(link, target)) == "C-1"
        WriteIntent.objects.update(external_id="C-1 as found")
        return external_id

    with pytest.raises(OvertakenError):
        run.write(Effect(place=link.target, operation="create_order", reference="MK-1", send=slow, find=target.find))
    assert WriteIntent.objects.get().external_id == "C-1 as found"
    assert target.orders == ["C-1"]


def test_no_call_starts_after_the_workers_own_deadline(
    begin: Callable[..., Run], virtual_clock: ports.VirtualClock
) -> None:
    run = begin()
    run.armed = True
    run.check_before(CREATE)
    virtual_clock.advance(LEASE_SECONDS - 29)
    with pytest.raises(OvertakenError):
        run.check_before(CREATE)


def test_no_write_leaves_under_a_lost_fence(begin: Callable[..., Run]) -> None:
    run = begin()
    run.armed = True
    SyncJob.objects.update(fence=99)
    with pytest.raises(OvertakenError):
        run.check_before(CREATE)


def test_a_write_outside_the_protocol_is_a_fault_of_the_flow(begin: Callable[..., Run]) -> None:
    with pytest.raises(UnguardedWriteError):
        begin().check_before(CREATE)


def test_shadow_mode_does_everything_but_send(link: Link, begin: Callable[..., Run], target: Target) -> None:
    with pytest.raises(ShadowedError):
        begin(mode=Schedule.Mode.SHADOW).write(effect(link, target))
    assert (target.orders, WriteIntent.objects.count()) == ([], 0)
