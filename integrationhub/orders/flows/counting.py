"""`count_orders` and `read_missing_order`: proof of completeness, and the way home for what it finds.

Every hour the source lists the orders that were placed yesterday and today. What it lists and the hub does not hold,
though the poll has read past it and nothing is under way, failed without an error: it becomes a case that names it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from connectors import ports
from connectors.base import Capability
from connectors.canonical.counts import OrderMark
from connectors.canonical.errors import TransientError
from connectors.canonical.money import Money
from connectors.models import Link
from connectors.registry import platforms_able_to
from integrationhub.orders.flows import comparing
from integrationhub.orders.flows.comparing import DUE_STATES, THERE, Missing
from integrationhub.orders.flows.routing import jobs_for_orders, order_key
from integrationhub.orders.missing import CAUSE, NAMED
from integrationhub.orders.models import SoldOrder
from integrationhub.sync import blocking, inbox
from integrationhub.sync.enqueue import enqueue_many, job_for_link, reporting_value
from integrationhub.sync.flows import Done, Flow, Later, NeedsPersonError, Outcome, register
from integrationhub.sync.gate import BudgetSpentError
from integrationhub.sync.lanes import Lane
from integrationhub.sync.models import Blocker, CountUnderWay, InboxRecord, SyncJob
from integrationhub.sync.models.jobs import TERMINAL_STATES, WAITING_STATES
from integrationhub.sync.run import Run

LAG_SECONDS = 60  # what was placed a moment ago is counted the next time
STALE_COUNT = timedelta(minutes=30)  # a count that was cut off longer ago begins anew
ARRIVES_WITHIN = timedelta(minutes=10)  # what was read in
LOOK_AGAIN_SECONDS = 15
AFTER_FIRST_POLL = timedelta(minutes=2)
HUB = "the hub"


def count_orders(run: Run) -> Outcome:
    if comparing.read_until(run.link) is None:
        return Later(ports.now() + AFTER_FIRST_POLL, "The first poll comes first: it needs the same calls.")
    count = _begun(run.link)
    marks = [_unpacked(one) for one in count.marks]
    try:
        while True:
            if not run.job.may_start_call:
                _put_aside(count, marks)
                return Later(ports.now(), f"{len(marks)} orders so far; counting goes on.")
            token = count.next_token or None
            page = run.source.list_orders_placed(since=count.since, until=count.until, token=token)
            marks += page.marks
            if page.next_token is None:
                break
            count.next_token = page.next_token
    except (BudgetSpentError, TransientError):
        _put_aside(count, marks)
        raise
    return _finish(run, count, marks)


def _begun(link: Link) -> CountUnderWay:
    """The count that was cut off, else a new one of yesterday and today."""
    now = ports.now()
    kept = CountUnderWay.objects.filter(link=link).first()
    if kept is not None and now - kept.began_at <= STALE_COUNT:
        return kept
    since = comparing.window(ZoneInfo(link.brand.timezone), now=now)
    until = now - timedelta(seconds=LAG_SECONDS)
    return CountUnderWay(link=link, since=since, until=until, next_token="", marks=[], began_at=now)


def _put_aside(count: CountUnderWay, marks: Sequence[OrderMark]) -> None:
    if not count.next_token:  # nothing was listed yet
        return
    values = {
        "since": count.since,
        "until": count.until,
        "next_token": count.next_token,
        "marks": [comparing.packed(mark) for mark in marks],
        "began_at": count.began_at,
    }
    CountUnderWay.objects.update_or_create(link=count.link, defaults=values)


def _unpacked(values: list[Any]) -> OrderMark:
    reference, placed_at, updated_at, amount, currency, expected = values
    return OrderMark(
        reference=reference,
        placed_at=datetime.fromisoformat(placed_at),
        updated_at=datetime.fromisoformat(updated_at),
        total=Money(Decimal(amount), currency) if amount is not None else None,
        expected=expected,
    )


def _finish(run: Run, count: CountUnderWay, marks: Sequence[OrderMark]) -> Outcome:
    link = run.link
    found = comparing.compare(link, marks, since=count.since, until=count.until)
    with transaction.atomic():
        comparing.keep(link, found.counts)
        CountUnderWay.objects.filter(link=link).delete()
        enqueue_many(_job(link, one) for one in found.missing)
    _look_again(link, {one.reference for one in found.missing}, settled=found.settled)
    counted = sum(one.source_count for one in found.counts)
    if found.missing:
        return Done(f"{counted} orders counted; {len(found.missing)} missing.")
    return Done(f"{counted} orders counted; none is missing.")


def _job(link: Link, one: Missing) -> Any:
    """One job an order: it waits on the case, and reads the order in when a person says so."""
    worth = {}
    if one.total is not None:
        reporting = reporting_value(link.brand, one.total, one.currency, on=one.placed_at)
        worth = {"value": one.total, "value_currency": one.currency, "value_reporting": reporting}
    return job_for_link(
        "read_missing_order",
        link,
        key=one.reference,
        serial_key=order_key(link.pk, one.reference),
        occurred_at=one.placed_at,
        **worth,
    )


def _look_again(link: Link, missing: set[str], *, settled: Sequence[str]) -> None:
    """What waits as missing and is not any more finds that out by itself; its case closes on that look."""
    waiting = SyncJob.objects.filter(flow="read_missing_order", link=link, state__in=WAITING_STATES)
    keys = [key for key in waiting.values_list("key", flat=True) if key not in missing]
    here = {*settled, *SoldOrder.objects.filter(link=link, reference__in=keys).values_list("reference", flat=True)}
    ids = list(waiting.filter(key__in=[key for key in keys if key in here]).values_list("pk", flat=True))
    for blocker in Blocker.objects.filter(job_id__in=ids, released_at=None).select_related("case"):
        blocking.retry(blocker.case, by=HUB, job_ids=[blocker.job_id])


# --- reading one in ---------------------------------------------------------------------------------------------------


def read_missing_order(run: Run) -> Outcome:
    """Wait for a person's word, then read the order from its source and see it arrive."""
    if _has_arrived(run):
        return Done("The order is where it should be.")
    if not _asked_for(run):
        raise _missing(run)
    if (importing := _import_of(run)) is not None:
        return _follow(run, importing)
    record = run.source.fetch_order(run.job.key)
    if record is None:
        return Done(f"{run.source_row.name} no longer shows this order.")
    with transaction.atomic():
        stored = inbox.store(run.link.source_id, [record], origin=InboxRecord.Origin.BACKFILL)
        latest = stored or inbox.latest(run.link.source_id, [record])
        jobs = jobs_for_orders(run.link.source, latest, backfill=True)
        enqueue_many(job for job in jobs if job.link_id == run.link.pk)
    return _soon("Read in; looking whether it arrives.")


def _soon(reason: str) -> Later:
    return Later(ports.now() + timedelta(seconds=LOOK_AGAIN_SECONDS), reason)


def _has_arrived(run: Run) -> bool:
    """In the hub, and at the target where it is due there: the postcondition of the case."""
    row = SoldOrder.objects.filter(link=run.link, reference=run.job.key).first()
    if row is None:
        return False
    return row.state not in DUE_STATES or (bool(row.target_external_id) and row.target_state in THERE)


def _asked_for(run: Run) -> bool:
    """Whether the job has waited on its case before: then somebody has let it go on."""
    return Blocker.objects.filter(job_id=run.job.id, case__cause=CAUSE).exists()


def _import_of(run: Run) -> SyncJob | None:
    """The import that was made for it a moment ago, open or over."""
    since = ports.now() - ARRIVES_WITHIN
    jobs = SyncJob.objects.filter(flow="import_order", link=run.link, key=run.job.key)
    latest = jobs.order_by("-pk").first()
    if latest is None or (latest.state in TERMINAL_STATES and (latest.finished_at or since) <= since):
        return None
    return latest


def _follow(run: Run, importing: SyncJob) -> Outcome:
    if importing.state in WAITING_STATES:
        return Done("Read in. It waits for something that has a case of its own.")
    if importing.state in TERMINAL_STATES:
        raise _missing(run, message="It was read in, and still is not where it should be.")
    return _soon("Read in; it is being created.")


def _missing(run: Run, *, message: str = "") -> NeedsPersonError:
    jobs = SyncJob.objects.filter(flow="read_missing_order", link=run.link).exclude(state__in=TERMINAL_STATES)
    named = list(jobs.order_by("occurred_at", "pk").values_list("key", flat=True)[:NAMED])
    return NeedsPersonError(
        CAUSE,
        object_key=f"link:{run.link.pk}",
        context={"orders": named, "missing": jobs.count()},
        place=run.target_row,
        message=message or f"{run.source_row.name} lists {run.job.key}, and nothing is known of it here.",
    )


COUNT_ORDERS = register(
    Flow(
        name="count_orders",
        label="Count orders",
        lane=Lane.BULK,
        run=count_orders,
        side="source",
        cadence_seconds=3600,
        platforms=platforms_able_to(Capability.COUNT_ORDERS),
    )
)
READ_MISSING_ORDER = register(
    Flow(
        name="read_missing_order",
        label="Read in missing orders",
        lane=Lane.ORDERS,
        run=read_missing_order,
        side="source",
        platforms=platforms_able_to(Capability.COUNT_ORDERS),
        record="order",
        records="orders",
        done="read in",
    )
)
