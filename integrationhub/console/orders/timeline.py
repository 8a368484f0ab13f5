"""Everything that happened to one order: what arrived, what was tried and answered, what it waited for, who let it go.

Each source is read with one indexed query, newest first, as far back as the page asked for needs; then merged by time.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from django.db.models import Q
from django.urls import reverse

from exceptions_app.causes import cause_named
from integrationhub.console.orders import returns
from integrationhub.console.orders.timeline_entries import CallRow, Entry, Reference
from integrationhub.inventory import promises
from integrationhub.inventory.models import Reservation
from integrationhub.orders.erasing import records_of
from integrationhub.orders.flows.routing import order_key
from integrationhub.orders.models import SoldDispatch, SoldOrder
from integrationhub.sync import ticks
from integrationhub.sync.models import Blocker, InboxRecord, SyncAttempt, SyncCall, SyncJob
from mappings_app.models import MAPPING_MODELS, MappingVersion

PAGE = 40
PAGES_AT_MOST = 50  # what is older is in the database, and in nobody's way
JOBS_READ = 200

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
class Story:
    """One page of an order's past, oldest first."""

    entries: list[Entry] = field(default_factory=list)
    page: int = 1
    older: int | None = None  # the page before this one in time
    newer: int | None = None


def story_of(way: Sequence[SoldOrder], *, page: int = 1) -> Story:
    """What happened to an order on all its links (`way`: its rows, the first link's first). Page 1 is the latest."""
    page = min(max(page, 1), PAGES_AT_MOST)
    needed = page * PAGE + 1
    jobs = list(SyncJob.objects.filter(serial_key__in=_keys(way)).order_by("-pk")[:JOBS_READ])
    dispatches = list(SoldDispatch.objects.filter(order__in=way).order_by("pk"))
    entries = [
        *_milestones(way),
        *_dispatched(way, dispatches),
        *returns.entries(way),
        *_reserved(way),
        *_received(way, dispatches, needed),
        *_attempts(jobs, needed),
        *_waits(jobs),
    ]
    entries.sort(key=lambda entry: entry.at)
    end = len(entries) - (page - 1) * PAGE
    shown = entries[max(end - PAGE, 0) : max(end, 0)]
    return Story(
        entries=_with_calls(shown),
        page=page,
        older=page + 1 if end > PAGE and page < PAGES_AT_MOST else None,
        newer=page - 1 if page > 1 else None,
    )


def owns_call(way: Sequence[SoldOrder], call: SyncCall) -> bool:
    if call.job_id is None:
        return False
    return SyncJob.objects.filter(pk=call.job_id, serial_key__in=_keys(way)).exists()


def records_of_way(way: Sequence[SoldOrder], dispatches: Sequence[SoldDispatch] | None = None) -> Q:
    """The inbox records that are about the order on any of its links. `dispatches`: theirs, where they have been read."""
    about = Q()
    for order in way:
        ids = None if dispatches is None else [row.dispatch_id for row in dispatches if row.order_id == order.pk]
        about |= records_of(order, dispatch_ids=ids)
    return about


def _keys(way: Sequence[SoldOrder]) -> list[str]:
    return [order_key(order.link_id, order.reference) for order in way]


# --- the sources ------------------------------------------------------------------------------------------------------


def _milestones(way: Sequence[SoldOrder]) -> Iterator[Entry]:
    yield Entry(at=way[0].placed_at, who=way[0].link.source.name, text="The customer placed the order.")
    for order in way:
        yield from _decided(order)


def _decided(order: SoldOrder) -> Iterator[Entry]:
    sold_at, target = order.link.source.name, order.target.name
    told = (
        (order.accept_sent_at, "the hub", f"Accepted at {sold_at}.", "good"),
        (order.accepted_at, sold_at, "Shown as accepted.", "good"),
        (order.refused_by_us_at, "the hub", f"Refused at {sold_at}.", "warn"),
        (order.cancel_wanted_at, order.cancel_wanted_by, "Cancelled it.", "warn"),
        (order.held_at, order.held_by, f"Holds it: {order.hold_reason}", "warn"),
        (order.target_created_at, target, f"Created in {target} as {order.number_there}.", "good"),
        (order.target_confirmed_at, target, f"Confirmed in {target}.", "good"),
    )
    for at, who, text, tone in told:
        if at is not None:
            yield Entry(at=at, who=who, text=text, tone=tone)


def _received(way: Sequence[SoldOrder], dispatches: Sequence[SoldDispatch], needed: int) -> Iterator[Entry]:
    about = records_of_way(way, dispatches)
    rows = InboxRecord.objects.filter(about).select_related("connection").order_by("-pk")[:needed]
    for row in reversed(rows):
        version = f", version {row.version}" if row.version and row.version > 1 else ""
        yield Entry(
            at=row.received_at,
            who=row.connection.name,
            text=f"Received the {row.kind}{version}.",
            detail=". ".join(filter(None, [row.get_origin_display(), row.state_reason])),
            record_id=row.pk,
        )


@dataclass(frozen=True, kw_only=True)
class _Tried(Entry):
    """A try, whose calls and mappings are read once it is known to be shown."""

    attempt_id: int
    version_ids: Sequence[int] = ()


def _attempts(jobs: Sequence[SyncJob], needed: int) -> Iterator[Entry]:
    by_id = {job.pk: job for job in jobs}
    rows = SyncAttempt.objects.filter(job_id__in=by_id).defer("traceback").order_by("-pk")[:needed]
    for row in reversed(rows):
        result = Result(row.result)
        yield _Tried(
            at=row.started_at,
            until=row.finished_at,
            who="the hub",
            text=f"{ticks.label(by_id[row.job_id].flow)}: {result.label.lower()}.",
            detail=row.message,
            tone=_TONES.get(result, ""),
            attempt_id=row.pk,
            version_ids=row.mapping_versions,
        )


def _with_calls(entries: Sequence[Entry]) -> list[Entry]:
    tried = [entry for entry in entries if isinstance(entry, _Tried)]
    calls = _calls([entry.attempt_id for entry in tried])
    versions = _versions({pk for entry in tried for pk in entry.version_ids})
    return [_completed(entry, calls, versions) if isinstance(entry, _Tried) else entry for entry in entries]


def _completed(entry: _Tried, calls: dict[int, list[CallRow]], versions: dict[int, Reference]) -> Entry:
    return Entry(
        at=entry.at,
        until=entry.until,
        who=entry.who,
        text=entry.text,
        detail=entry.detail,
        tone=entry.tone,
        references=[versions[pk] for pk in entry.version_ids if pk in versions],
        calls=calls.get(entry.attempt_id, []),
    )


def _calls(attempt_ids: Sequence[int]) -> dict[int, list[CallRow]]:
    """The job is asked for too: that is what calls are indexed by."""
    if not attempt_ids:
        return {}
    jobs = SyncAttempt.objects.filter(pk__in=attempt_ids).values("job_id")
    rows = SyncCall.objects.filter(job_id__in=jobs, attempt_id__in=attempt_ids).select_related("connection")
    found: dict[int, list[CallRow]] = {}
    for row in rows.order_by("pk"):
        if row.attempt_id is not None:
            found.setdefault(row.attempt_id, []).append(_call_row(row))
    return found


def _call_row(row: SyncCall) -> CallRow:
    answer, tone = answer_words(row)
    what = "Told" if row.write else "Asked"
    title = f"{what} {row.connection.name}: {row.operation} – {answer}"
    return CallRow(id=row.pk, title=title, seconds=row.seconds, tone=tone)


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
    if not ids:
        return {}
    return {
        row.pk: Reference(
            text=f"{row.kind_spec.label}: {row}",
            url=reverse(f"admin:mappings_app_{MAPPING_MODELS[row.kind]._meta.model_name}_change", args=[row.pk]),
        )
        for row in MappingVersion.objects.filter(pk__in=ids)
        if row.kind in MAPPING_MODELS
    }


def _waits(jobs: Iterable[SyncJob]) -> Iterator[Entry]:
    for blocker in Blocker.objects.filter(job_id__in=[job.pk for job in jobs]).select_related("case").order_by("pk"):
        url = reverse("admin:exceptions_app_exceptioncase_change", args=[blocker.case_id])
        told = f"{cause_named(blocker.case.cause).label} {blocker.case.code}".strip()
        case = Reference(text=told, url=url)
        yield Entry(at=blocker.since, who="the hub", text="Waits for a person.", tone="warn", references=[case])
        if blocker.released_at:
            by = blocker.released_by or "the hub"
            yield Entry(at=blocker.released_at, who=by, text="Let go on.", tone="good", references=[case])


def _dispatched(way: Sequence[SoldOrder], dispatches: Sequence[SoldDispatch]) -> Iterator[Entry]:
    orders = {order.pk: order for order in way}
    for row in dispatches:
        order = orders[row.order_id]
        sold_at, target = order.link.source.name, order.target.name
        named = f"Dispatch {row}"
        if row.tracking_number:
            named += f" ({row.carrier} {row.tracking_number})"
        # What a shop passes on it has not packed: the ERP's own words tell when it left.
        left = "left the warehouse" if order is way[-1] else f"left, as {target} shows it"
        told = (
            (row.dispatched_at, target, f"{named} {left}."),
            (row.sent_at, "the hub", f"{named} was sent to {sold_at}."),
            (row.shown_at, sold_at, f"{named} is shown."),
        )
        for at, who, text in told:
            if at is not None:
                yield Entry(at=at, who=who, text=text, tone="good")


def _reserved(way: Sequence[SoldOrder]) -> Iterator[Entry]:
    for row in promises.of_orders((order.link_id, order.reference) for order in way):
        why = row.reason if row.state == Reservation.State.HELD else ""
        yield Entry(at=row.held_at, who="the hub", text=f"Reserved {row.quantity} × {row.sku}.", detail=why)
        if row.ended_at and row.state != Reservation.State.HELD:
            yield Entry(
                at=row.ended_at,
                who="the hub",
                text=f"Reservation of {row.quantity} × {row.sku} ended: {row.get_state_display().lower()}.",
                detail=row.reason,
            )
