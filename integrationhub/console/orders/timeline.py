"""Everything that happened to one order, in the order in which it happened: what arrived, what was tried and answered,
what it waited for, who let it go. Each source is read with one or two indexed queries, and merged by time.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Q
from django.urls import reverse

from connectors.models import Connection
from exceptions_app.models import ExceptionCase
from exceptions_app.telling import plain
from integrationhub.inventory import promises
from integrationhub.inventory.models import Reservation
from integrationhub.orders.flows.routing import order_key
from integrationhub.orders.models import SoldDispatch, SoldOrder
from integrationhub.sync import ticks
from integrationhub.sync.models import Blocker, InboxRecord, SyncAttempt, SyncCall, SyncJob
from mappings_app.models import MAPPING_MODELS, MappingVersion

JOBS_READ = 60
ATTEMPTS_READ = 200
CALLS_READ = 400
RECORDS_READ = 100

Result = SyncAttempt.Result
_TONES = {
    Result.DONE: "good",
    Result.BLOCKED: "warn",
    Result.TRANSIENT: "warn",
    Result.UNKNOWN: "warn",
    Result.REFUSED: "bad",
    Result.ERRORED: "bad",
}


@dataclass(frozen=True, kw_only=True)
class CallRow:
    """One request to a platform; its bodies are fetched when it is unfolded."""

    id: int
    title: str
    seconds: float
    tone: str


@dataclass(frozen=True, kw_only=True)
class Reference:
    text: str
    url: str


@dataclass(frozen=True, kw_only=True)
class Entry:
    at: datetime
    who: str  # a connection's name, a person, or the hub
    text: str
    detail: str = ""
    tone: str = ""  # good | warn | bad | ""
    until: datetime | None = None
    references: Sequence[Reference] = ()
    calls: Sequence[CallRow] = ()
    record_id: int | None = None  # what was received, for whoever may read it


@dataclass
class Story:
    """What the page shows of an order's past, and what it waits for now."""

    entries: list[Entry] = field(default_factory=list)
    jobs: list[SyncJob] = field(default_factory=list)
    open_blockers: list[Blocker] = field(default_factory=list)


def story_of(order: SoldOrder) -> Story:
    jobs = list(
        SyncJob.objects.filter(serial_key=order_key(order.link_id, order.reference)).order_by("-pk")[:JOBS_READ]
    )
    blockers = _blockers(jobs)
    entries = [
        *_milestones(order),
        *_received(order),
        *_attempts(jobs),
        *_waits(blockers),
        *_dispatched(order),
        *_reserved(order),
    ]
    return Story(
        entries=sorted(entries, key=lambda entry: entry.at),
        jobs=jobs,
        open_blockers=[blocker for blocker in blockers if blocker.released_at is None],
    )


def owns_call(order: SoldOrder, call: SyncCall) -> bool:
    if call.job_id is None:
        return False
    return SyncJob.objects.filter(pk=call.job_id, serial_key=order_key(order.link_id, order.reference)).exists()


def records_of(order: SoldOrder) -> Q:
    """The inbox records that are about this order."""
    ids = list(order.dispatches.values_list("dispatch_id", flat=True))
    about = Q(connection_id=order.link.source_id, kind="order", external_id=order.reference)
    return about | Q(connection_id=order.target_id, kind="shipment", external_id__in=ids) if ids else about


# --- the sources ------------------------------------------------------------------------------------------------------


def _milestones(order: SoldOrder) -> Iterator[Entry]:
    sold_at, target = order.link.source.name, order.target.name
    told = (
        (order.placed_at, sold_at, "The customer placed the order.", ""),
        (order.accept_sent_at, "the hub", f"Accepted at {sold_at}.", "good"),
        (order.accepted_at, sold_at, "Shown as accepted.", "good"),
        (order.refused_by_us_at, "the hub", f"Refused at {sold_at}.", "warn"),
        (order.target_created_at, target, f"Created in {target} as {order.target_external_id}.", "good"),
        (order.target_confirmed_at, target, f"Confirmed in {target}.", "good"),
    )
    for at, who, text, tone in told:
        if at is not None:
            yield Entry(at=at, who=who, text=text, tone=tone)


def _received(order: SoldOrder) -> Iterator[Entry]:
    rows = InboxRecord.objects.filter(records_of(order)).select_related("connection").order_by("-pk")[:RECORDS_READ]
    for row in rows:
        version = f", version {row.version}" if row.version and row.version > 1 else ""
        yield Entry(
            at=row.received_at,
            who=row.connection.name,
            text=f"Received the {row.kind}{version}.",
            detail=". ".join(filter(None, [row.get_origin_display(), row.state_reason])),
            record_id=row.pk,
        )


def _attempts(jobs: Sequence[SyncJob]) -> Iterator[Entry]:
    by_id = {job.pk: job for job in jobs}
    rows = list(SyncAttempt.objects.filter(job_id__in=by_id).defer("traceback").order_by("-pk")[:ATTEMPTS_READ])
    calls = _calls(by_id)
    versions = _versions({pk for row in rows for pk in row.mapping_versions})
    for row in rows:
        result = Result(row.result)
        yield Entry(
            at=row.started_at,
            until=row.finished_at,
            who="the hub",
            text=f"{ticks.label(by_id[row.job_id].flow)}: {result.label.lower()}.",
            detail=row.message,
            tone=_TONES.get(result, ""),
            references=[versions[pk] for pk in row.mapping_versions if pk in versions],
            calls=calls.get(row.pk, []),
        )


def _calls(job_ids: Iterable[int]) -> dict[int, list[CallRow]]:
    rows = SyncCall.objects.filter(job_id__in=list(job_ids)).order_by("-pk")[:CALLS_READ]
    names = dict(Connection.objects.filter(pk__in={row.connection_id for row in rows}).values_list("pk", "name"))
    found: dict[int, list[CallRow]] = {}
    for row in reversed(rows):
        if row.attempt_id is not None:
            found.setdefault(row.attempt_id, []).append(_call_row(row, names.get(row.connection_id, "a platform")))
    return found


def _call_row(row: SyncCall, name: str) -> CallRow:
    answer, tone = answer_words(row)
    what = "Told" if row.write else "Asked"
    return CallRow(id=row.pk, title=f"{what} {name}: {row.operation} – {answer}", seconds=row.seconds, tone=tone)


def answer_words(row: SyncCall) -> tuple[str, str]:
    """How it was answered, in words with the number behind, and the tone of that."""
    if row.status is None:
        return row.error or "no answer", "bad"
    if row.status < 400:
        return f"answered ({row.status})", "good"
    if row.status == 429:
        return f"asked us to slow down ({row.status})", "warn"
    return (f"refused ({row.status})", "bad") if row.status < 500 else (f"failed there ({row.status})", "bad")


def _versions(ids: set[int]) -> dict[int, Reference]:
    rows = MappingVersion.objects.filter(pk__in=ids)
    return {
        row.pk: Reference(
            text=f"{row.kind_spec.label}: {row}",
            url=reverse(f"admin:mappings_app_{MAPPING_MODELS[row.kind]._meta.model_name}_change", args=[row.pk]),
        )
        for row in rows
        if row.kind in MAPPING_MODELS
    }


def _blockers(jobs: Sequence[SyncJob]) -> list[Blocker]:
    blockers = list(Blocker.objects.filter(job_id__in=[job.pk for job in jobs]).order_by("pk"))
    cases = ExceptionCase.objects.filter(pk__in={blocker.case_id for blocker in blockers}).with_words().in_bulk()
    for blocker in blockers:
        blocker.case = cases[blocker.case_id]
    return blockers


def _waits(blockers: Sequence[Blocker]) -> Iterator[Entry]:
    for blocker in blockers:
        url = reverse("admin:exceptions_app_exceptioncase_change", args=[blocker.case_id])
        case = Reference(text=plain(blocker.case), url=url)
        yield Entry(at=blocker.since, who="the hub", text="Waits for a person.", tone="warn", references=[case])
        if blocker.released_at:
            yield Entry(
                at=blocker.released_at,
                who=blocker.released_by or "the hub",
                text="Let go on.",
                tone="good",
                references=[case],
            )


def _dispatched(order: SoldOrder) -> Iterator[Entry]:
    sold_at = order.link.source.name
    for row in order.dispatches.all():
        named = f"Dispatch {row}"
        if row.tracking_number:
            named += f" ({row.carrier} {row.tracking_number})"
        told = (
            (row.dispatched_at, order.target.name, f"{named} left the warehouse."),
            (row.sent_at, "the hub", f"{named} was sent to {sold_at}."),
            (row.shown_at, sold_at, f"{named} is shown."),
        )
        for at, who, text in told:
            if at is not None:
                yield Entry(at=at, who=who, text=text, tone="good")


def _reserved(order: SoldOrder) -> Iterator[Entry]:
    for row in promises.of_order(order.link_id, order.reference):
        yield Entry(at=row.held_at, who="the hub", text=f"Reserved {row.quantity} × {row.sku}.")
        if row.ended_at and row.state != Reservation.State.HELD:
            yield Entry(
                at=row.ended_at,
                who="the hub",
                text=f"Reservation of {row.quantity} × {row.sku} ended: {row.get_state_display().lower()}.",
                detail=row.reason,
            )


def dispatches_of(order: SoldOrder) -> list[SoldDispatch]:
    return list(order.dispatches.order_by("dispatched_at", "pk"))
