"""`watch_acceptance`: no acceptance window lapses unseen. Warned at half of it, again at four fifths.

`reread_order`: a person wants to know how an order stands at its source this moment.
"""

from datetime import timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Count, Min, QuerySet, Sum

from connectors import ports
from connectors.canonical.orders import OrderState
from connectors.models import Link
from exceptions_app.opening import open_case, roll_up
from integrationhub.orders.flows.routing import jobs_for_orders
from integrationhub.orders.models import SoldOrder
from integrationhub.sync import inbox
from integrationhub.sync.enqueue import enqueue_many
from integrationhub.sync.flows import Done, Flow, Outcome, Skipped, register
from integrationhub.sync.lanes import Lane
from integrationhub.sync.models import Blocker, InboxRecord
from integrationhub.sync.run import Run
from integrationhub.sync.standing import close_open_case

WARN_SHARE = 0.5
ALARM_SHARE = 0.8


def watch_acceptance(run: Run) -> Outcome:
    link = run.link
    late = at_risk(link)
    figures = late.aggregate(
        count=Count("pk"), value=Sum("value_reporting"), oldest=Min("placed_at"), deadline=Min("accept_by")
    )
    if not figures["count"]:
        close_open_case(
            link.brand_id,
            cause="acceptance_at_risk",
            object_key=f"link:{link.pk}",
            actor="the hub",
            reason="Every order was answered in time.",
        )
        return Done("No order waits too long for an answer.")
    with transaction.atomic():
        case, _ = open_case(
            brand=run.brand,
            cause="acceptance_at_risk",
            object_key=f"link:{link.pk}",
            target=run.source_row,
            link=link,
            context=_context(link, late),
        )
        figures["value"] = figures["value"] or Decimal(0)
        roll_up(case.pk, **figures)
    return Done(f"{figures['count']} orders must be accepted soon.")


def at_risk(link: Link) -> QuerySet[SoldOrder]:
    """Orders nobody answered although half of the window is gone."""
    used = timedelta(hours=link.acceptance_window_hours) * (1 - WARN_SHARE)
    waiting = SoldOrder.objects.filter(link=link, state=OrderState.AWAITING_ACCEPTANCE.value, accept_sent_at=None)
    return waiting.filter(accept_by__lte=ports.now() + used)


def _context(link: Link, late: QuerySet[SoldOrder]) -> dict[str, object]:
    alarm = timedelta(hours=link.acceptance_window_hours) * (1 - ALARM_SHARE)
    return {
        "lacking_stock": _lacking_stock(late),
        "urgent": late.filter(accept_by__lte=ports.now() + alarm).count(),
        "references": list(late.order_by("accept_by").values_list("reference", flat=True)[:5]),
    }


def _lacking_stock(late: QuerySet[SoldOrder]) -> int:
    """How many of them wait for stock: their import stands blocked on it."""
    references = late.values("reference")
    blocked = Blocker.objects.filter(
        released_at=None, case__cause="out_of_stock", job__flow="import_order", job__key__in=references
    )
    return blocked.values("job").distinct().count()


def reread_order(run: Run) -> Outcome:
    record = run.source.fetch_order(run.job.key)
    if record is None:
        return Skipped(f"{run.source_row.name} does not know this order any more.")
    with transaction.atomic():
        stored = inbox.store(run.source_row.pk, [record], origin=InboxRecord.Origin.POLL)
        enqueue_many(jobs_for_orders(run.source_row, stored))
    return Done("Something has changed; it is taken up." if stored else "Nothing has changed.")


WATCH_ACCEPTANCE = register(
    Flow(
        name="watch_acceptance",
        label="Watch acceptance windows",
        lane=Lane.ACCEPTANCE,
        run=watch_acceptance,
        side="source",
        cadence_seconds=60,
    )
)
REREAD_ORDER = register(
    Flow(
        name="reread_order",
        label="Read orders again",
        lane=Lane.ORDERS,
        run=reread_order,
        side="source",
        record="order",
        records="orders",
        done="read again",
    )
)
