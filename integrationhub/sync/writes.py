"""The one road to a write at a platform.

intent committed → own deadline and fence re-checked just before the send → call with a total time-out → fenced write of the
outcome, ids included. Outcome unknown → settle window → look-up at the target by our reference → finish or send again.

Each piece was needed in simulation: without the intent, untried and unknown cannot be told apart; a look-up right after a
time-out proves nothing (settle); a fence in our database cannot stop a paused worker from calling (own deadline).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import Exists

from connectors import ports
from connectors.canonical.errors import HubError, TransientError, UnknownOutcomeError
from connectors.models import Connection
from integrationhub.sync.gate import OvertakenError
from integrationhub.sync.models import SyncJob, WriteIntent
from integrationhub.sync.models.calls import UNSETTLED_STATES

if TYPE_CHECKING:
    from integrationhub.sync.run import Run

SETTLE_SECONDS = 60

State = WriteIntent.State


class SettlingError(UnknownOutcomeError):
    """An earlier try may still take effect; a look-up would prove nothing before `due_at`."""

    def __init__(self, message: str, *, due_at: datetime) -> None:
        super().__init__(message, code="settling")
        self.due_at = due_at


@dataclass(frozen=True, kw_only=True)
class Effect:
    """One effect at a platform, as a flow wants it."""

    place: Connection
    operation: str  # ours: "create_order"
    reference: str  # names the effect: the order's reference, the dispatch id, ...
    send: Callable[[], str]  # makes it; returns its external id, or ""
    find: Callable[[], str | None]  # looks it up at the platform: its external id ("" where it has none), or None
    finish: Callable[[str], None] | None = None  # further calls that complete what was sent or found; repeatable
    look_first: bool = False  # look before the first send too: a backup may have been restored, or a person was faster


def write(run: "Run", effect: Effect) -> str:
    """Bring the effect about once and return its external id.

    Raises what `send`, `find` and `finish` raise, SettlingError while an earlier try may still take effect, and
    OvertakenError when this worker may not write any more. A half-made effect is finished by the next try, never skipped.
    """
    intent = _Intent(run, effect)
    state = intent.declare_first()
    if state == State.DONE:
        return intent.external_id
    if state != State.SENT:
        intent.external_id = _sent_or_found(intent, effect, earlier=state)
    if effect.finish is not None:
        with _armed(run):
            effect.finish(intent.external_id)
        intent.record(State.DONE)
    return intent.external_id


def settle(run: "Run", place: Connection, operation: str, **reference: str) -> None:
    """What an earlier try was to bring about is seen to be so, whoever did it: nothing of it is in doubt any more.

    For flows that find nothing left to do. `reference` is looked up as given: `reference=`, or `reference__startswith=`.
    """
    mine = SyncJob.objects.filter(pk=run.job.id, fence=run.job.fence)
    intents = WriteIntent.objects.filter(Exists(mine), connection=place, operation=operation, **reference)
    intents.filter(state__in=UNSETTLED_STATES).update(state=State.DONE, settled_at=ports.now())


def _sent_or_found(intent: "_Intent", effect: Effect, *, earlier: str | None) -> str:
    if effect.look_first or earlier not in (None, State.NOT_SENT):
        found = _look_up(intent, effect, first=earlier is None)
        if found is not None:
            intent.declare_again(sending=False)
            intent.record(intent.success, external_id=found)
            return found
    intent.declare_again(sending=True)
    return _send(intent, effect)


def _look_up(intent: "_Intent", effect: Effect, *, first: bool) -> str | None:
    try:
        return effect.find()
    except HubError:
        if first:
            intent.record_quietly(State.NOT_SENT)  # so that the next try need not wait for a send that never was
        raise


def _send(intent: "_Intent", effect: Effect) -> str:
    try:
        with _armed(intent.run):
            external_id = effect.send()
    except UnknownOutcomeError:
        intent.record_quietly(State.UNKNOWN)
        raise
    except (TransientError, OvertakenError):
        intent.record_quietly(State.NOT_SENT)
        raise
    except HubError:
        intent.record_quietly(State.REFUSED)
        raise
    intent.record(intent.success, external_id=external_id)
    return external_id


@contextmanager
def _armed(run: "Run") -> Iterator[None]:
    run.armed = True
    try:
        yield
    finally:
        run.armed = False


_DECLARE_FIRST = """
INSERT INTO sync_writeintent (connection_id, operation, reference, state, token, job_id, sent_at, tries, sent_twice, external_id)
SELECT %(place)s, %(operation)s, %(reference)s, 'SENDING', %(token)s, j.id, %(now)s, 1, FALSE, ''
FROM sync_syncjob j WHERE j.id = %(job)s AND j.fence = %(fence)s AND j.state = 'RUNNING'
ON CONFLICT (connection_id, operation, reference) DO NOTHING
RETURNING id
"""

_DECLARE_AGAIN = """
UPDATE sync_writeintent i
SET state = 'SENDING', token = %(token)s, job_id = %(job)s, sent_at = %(now)s, tries = i.tries + 1, settled_at = NULL,
    sent_twice = i.sent_twice OR (%(sending)s AND i.state IN ('SENDING', 'UNKNOWN'))
WHERE i.connection_id = %(place)s AND i.operation = %(operation)s AND i.reference = %(reference)s AND i.token = %(expected)s
  AND EXISTS (SELECT 1 FROM sync_syncjob j WHERE j.id = %(job)s AND j.fence = %(fence)s AND j.state = 'RUNNING')
"""

_RECORD = """
UPDATE sync_writeintent i
SET state = %(state)s, external_id = COALESCE(NULLIF(%(external_id)s, ''), i.external_id), settled_at = %(now)s
WHERE i.connection_id = %(place)s AND i.operation = %(operation)s AND i.reference = %(reference)s AND i.token = %(token)s
  AND EXISTS (SELECT 1 FROM sync_syncjob j WHERE j.id = %(job)s AND j.fence = %(fence)s)
"""


class _Intent:
    """The durable row of one effect, as this try sees it. Every change carries our token and the job's fence."""

    def __init__(self, run: "Run", effect: Effect) -> None:
        self.run = run
        self.effect = effect
        self.token = ports.new_id()
        self.expected: str | None = None  # the token of an earlier try whose intent we take over
        self.in_doubt = False  # the earlier try may have taken effect
        self.external_id = ""
        self.success = State.DONE if effect.finish is None else State.SENT

    def declare_first(self) -> str | None:
        """Write down that we are about to send. None when nobody did before; else the state the earlier try left.

        Raises SettlingError while that try may still take effect, OvertakenError when the job is another's by now.
        """
        if self._execute(_DECLARE_FIRST):
            return None
        earlier = WriteIntent.objects.filter(
            connection=self.effect.place, operation=self.effect.operation, reference=self.effect.reference
        ).first()
        if earlier is None:
            raise self._overtaken()
        self._wait_until_settled(earlier)
        self.in_doubt = earlier.state in UNSETTLED_STATES
        if earlier.sent_twice:
            self.run.sent_again.add(self.effect.operation)
        self.external_id = earlier.external_id
        if earlier.state in (State.DONE, State.SENT):
            self.token = earlier.token
        else:
            self.expected = earlier.token
        return earlier.state

    def _wait_until_settled(self, earlier: WriteIntent) -> None:
        settled_at = earlier.sent_at + timedelta(seconds=SETTLE_SECONDS)
        if earlier.state in UNSETTLED_STATES and ports.now() < settled_at:
            raise SettlingError("An earlier try may still take effect; the hub looks it up first.", due_at=settled_at)

    def declare_again(self, *, sending: bool) -> None:
        """Take over the intent of an earlier try. Does nothing when the intent is new and ours."""
        if self.expected is None:
            return
        if not self._execute(_DECLARE_AGAIN, expected=self.expected, sending=sending):
            raise self._overtaken()
        if sending and self.in_doubt:
            self.run.sent_again.add(self.effect.operation)

    def record(self, state: str, *, external_id: str = "") -> None:
        """Write the outcome. Raises OvertakenError, and writes nothing, when we are late."""
        if not self._execute(_RECORD, state=state, external_id=external_id):
            raise self._overtaken()

    def record_quietly(self, state: str) -> None:
        """Write the outcome of a try that failed; when we are late, the one who took over writes it."""
        self._execute(_RECORD, state=state, external_id="")

    def _execute(self, statement: str, **more: Any) -> bool:
        values = {
            "place": self.effect.place.pk,
            "operation": self.effect.operation,
            "reference": self.effect.reference,
            "token": self.token,
            "now": ports.now(),
            "job": self.run.job.id,
            "fence": self.run.job.fence,
            **more,
        }
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            return bool(cursor.rowcount == 1)

    def _overtaken(self) -> OvertakenError:
        return OvertakenError(f"{self.effect.operation} {self.effect.reference} is in another worker's hands.")
