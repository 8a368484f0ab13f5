"""`read_events` and `take_webhook`: being told that something changed. A telling is a hint; the jobs it makes re-read the state.

Events are confirmed at the platform only after they are stored and their jobs are made. A poll finds what no event told.
"""

import hashlib
from collections.abc import Sequence

import structlog
from django.db import transaction

from connectors import ports
from connectors.base import Capability
from connectors.canonical.errors import DataError
from connectors.canonical.events import Event, NotListeningError
from connectors.models import Connection
from connectors.registry import platforms_able_to
from integrationhub.sync import inbox, sequences
from integrationhub.sync.enqueue import enqueue_many
from integrationhub.sync.events import jobs_for
from integrationhub.sync.flows import Done, Flow, Outcome, register
from integrationhub.sync.inbox import encode
from integrationhub.sync.lanes import Lane
from integrationhub.sync.models import InboxRecord
from integrationhub.sync.run import Run
from integrationhub.sync.writes import Effect

BATCHES = 10  # of one run; what is left comes with the next

log = structlog.get_logger(__name__)


def read_events(run: Run) -> Outcome:
    place, count = run.connection.row, 0
    for _ in range(BATCHES):
        events = _fetch(run)
        if not events:
            break
        count += _take(place, events)
        _confirm(run, place, [event.event_id for event in events])
        if not run.job.may_start_call:
            break
    return Done(f"{count} changes." if count else "Nothing changed.")


def _fetch(run: Run) -> tuple[Event, ...]:
    connector = run.connection.connector
    try:
        return connector.fetch_events()
    except NotListeningError:
        run.write(_listening(run))
        return connector.fetch_events()


def _listening(run: Run) -> Effect:
    """Asking again for what is listened to already changes nothing, so each time is an effect of its own."""
    connector = run.connection.connector

    def send() -> str:
        connector.listen()
        return ""

    reference = f"listen:{ports.now().isoformat(timespec='seconds')}"
    return Effect(place=run.connection.row, operation="listen", reference=reference, send=send, find=lambda: None)


def _take(place: Connection, events: Sequence[Event]) -> int:
    """Store the events and make their jobs, in one transaction; one that was stored before makes nothing again."""
    with transaction.atomic():
        new = [event for event in events if _store(place, event) is not None]
        enqueue_many(jobs_for(place, new))
    return len(new)


def _store(place: Connection, event: Event) -> int | None:
    told = {"kind": event.kind, "external_id": event.external_id, "change": event.change}
    record_id = inbox.store_delivery(
        place.pk,
        kind=f"{event.kind} event"[:20],
        external_id=event.external_id,
        body=encode(told),
        delivery_key=f"event:{event.event_id}",
        origin=InboxRecord.Origin.EVENT,
    )
    if record_id is not None:
        inbox.set_state(record_id, InboxRecord.State.TAKEN)
    return record_id


def _confirm(run: Run, place: Connection, ids: list[str]) -> None:
    """Confirming is repeatable, so its look-up says: not done, do it."""

    def send() -> str:
        run.connection.connector.confirm_events(ids)
        return ""

    digest = hashlib.sha256("|".join(ids).encode()).hexdigest()[:16]
    reference = f"{ids[0]}..{ids[-1]}:{digest}"
    run.write(Effect(place=place, operation="confirm_events", reference=reference, send=send, find=lambda: None))


def take_webhook(run: Run) -> Outcome:
    """Work on a stored webhook body: what it tells of is read again."""
    record_id = run.job.record_id
    if record_id is None:
        raise ValueError("A webhook job has a stored body.")
    lost = _look_for_gaps(run, record_id)
    try:
        events = run.connection.connector.parse_webhook(inbox.read_body(record_id))
    except DataError as error:
        inbox.set_state(record_id, InboxRecord.State.UNREADABLE, reason=error.message)
        raise
    with transaction.atomic():
        jobs = jobs_for(run.connection.row, events)
        enqueue_many(jobs)
        inbox.set_state(record_id, InboxRecord.State.TAKEN if jobs else InboxRecord.State.IGNORED)
    told = f"{len(events)} changes told."
    return Done(f"{told} {lost} messages before it never came: what they told of is read now." if lost else told)


def _look_for_gaps(run: Run, record_id: int) -> int:
    """Where the platform counts its messages, one that never came brings the next poll forward. Returns how many did not."""
    counted = run.connection.connector.sequence_of(inbox.delivery_key(record_id))
    if counted is None:
        return 0
    place, (name, number) = run.connection.row, counted
    with transaction.atomic():
        lost = sequences.take(place.pk, name, number)
        if lost:
            enqueue_many(jobs_for(place, [Event(event_id=f"{name}:{number}", kind="missed", external_id="")]))
    if lost:
        log.warning("webhooks_missed", connection=place.pk, count=lost, before=number)
    return lost


READ_EVENTS = register(
    Flow(
        name="read_events",
        label="Read changes",
        lane=Lane.DISPATCH,
        run=read_events,
        side="connection",
        cadence_seconds=60,
        platforms=platforms_able_to(Capability.EVENTS_QUEUE),
    )
)
TAKE_WEBHOOK = register(
    Flow(
        name="take_webhook",
        label="Take webhooks",
        lane=Lane.DISPATCH,
        run=take_webhook,
        side="connection",
        platforms=platforms_able_to(Capability.WEBHOOKS),
    )
)
