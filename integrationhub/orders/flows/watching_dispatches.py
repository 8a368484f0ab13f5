"""`watch_dispatches`: no dispatch deadline passes unseen, and nothing that left stays untold.

Two cases for each link, told by the clock and closed by it: orders that must leave soon and are not told as dispatched, and
parcels that left hours ago and of which the source has heard nothing.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet, Sum
from django.db.models.expressions import RawSQL

from connectors import ports
from connectors.canonical.orders import OrderState, TargetState
from connectors.models import Link
from exceptions_app.opening import open_case, roll_up
from integrationhub.orders.models import SoldDispatch, SoldOrder
from integrationhub.sync.flows import Done, Flow, Outcome, register
from integrationhub.sync.lanes import Lane
from integrationhub.sync.models import Blocker
from integrationhub.sync.run import Run
from integrationhub.sync.standing import close_open_case

# Time enough to pack in the same shift what was forgotten; a whole day would name every order there is.
WARN_BEFORE = timedelta(hours=4)
# Where the order still lives at its source. What it shows as shipped needs no telling any more.
_LIVES = (
    OrderState.STAGING.value,
    OrderState.AWAITING_ACCEPTANCE.value,
    OrderState.AWAITING_PAYMENT.value,
    OrderState.READY_TO_SHIP.value,
)
AT_RISK, UNTOLD = "dispatch_at_risk", "dispatch_untold"

# Orders of a link whose units that were told, or that left, are fewer than are wanted, or not fewer.
_BY_UNITS = """
SELECT o.id FROM orders_soldorder o WHERE o.link_id = %s AND ({counted}) {compared}
    (SELECT COALESCE(SUM(l.quantity), 0) FROM orders_soldline l WHERE l.order_id = o.id AND NOT l.cancelled)
"""
_TOLD = """
SELECT COALESCE(SUM((t.line->>'quantity')::int), 0)
FROM orders_solddispatch d, jsonb_array_elements(d.lines) AS t (line) WHERE d.order_id = o.id AND d.state <> 'SEEN'
"""
_LEFT = """
SELECT COALESCE(SUM(p.units::int), 0)
FROM orders_solddispatch d, jsonb_each_text(d.packed) AS p (sku, units) WHERE d.order_id = o.id
"""
_NOT_WHOLLY_TOLD = _BY_UNITS.format(counted=_TOLD, compared="<")
_WHOLLY_LEFT = _BY_UNITS.format(counted=_LEFT, compared=">=")


def watch_dispatches(run: Run) -> Outcome:
    late, untold = _watch_deadlines(run), _watch_untold(run)
    if not late and not untold:
        return Done("Nothing is late, and nothing that left is untold.")
    return Done(f"{late} orders must leave soon; {untold} dispatches are untold.")


# --- what must leave --------------------------------------------------------------------------------------------------
def must_leave(link: Link) -> QuerySet[SoldOrder]:
    """Orders whose deadline is near or past, and of which not every unit was told as dispatched."""
    ready = SoldOrder.objects.filter(link=link, state=OrderState.READY_TO_SHIP.value)
    near = ready.filter(ship_by__lte=ports.now() + WARN_BEFORE)
    return near.filter(pk__in=RawSQL(_NOT_WHOLLY_TOLD, [link.pk]))  # noqa: S611  our own names


def _watch_deadlines(run: Run) -> int:
    late = must_leave(run.link)
    figures = late.aggregate(
        count=Count("pk"), value=Sum("value_reporting"), oldest=Min("placed_at"), deadline=Min("ship_by")
    )
    context = {"packed": packed(late).count(), "references": _first(late)} if figures["count"] else {}
    return _tell(run, AT_RISK, figures, context, closed="Every order that was due has left.")


def packed(orders: QuerySet[SoldOrder]) -> QuerySet[SoldOrder]:
    """Those that are in a parcel already, told of or not, or that a shipment was begun for."""
    in_parcel = Exists(SoldDispatch.objects.filter(order=OuterRef("pk")))
    return orders.filter(Q(in_parcel) | Q(target_state__in=(TargetState.PROCESSING.value, TargetState.SHIPPED.value)))


def _first(orders: QuerySet[SoldOrder]) -> list[str]:
    return list(orders.order_by("ship_by", "pk").values_list("reference", flat=True)[:5])


# --- what left and was not told ---------------------------------------------------------------------------------------
def not_told(link: Link) -> QuerySet[SoldDispatch]:
    """Parcels that left hours ago and were not sent to the source, of orders that have left as a whole.

    A first parcel may have to wait for the last one, where a marketplace takes an order only as a whole.
    """
    since = ports.now() - timedelta(hours=link.dispatch_confirmed_within_hours)
    seen = SoldDispatch.objects.filter(state=SoldDispatch.State.SEEN, dispatched_at__lte=since)
    living = seen.filter(order__link=link, order__state__in=_LIVES)
    return living.filter(order_id__in=RawSQL(_WHOLLY_LEFT, [link.pk]))  # noqa: S611  our own names


def _watch_untold(run: Run) -> int:
    link, waiting = run.link, not_told(run.link)
    figures = waiting.aggregate(
        count=Count("pk"),
        value=Sum("order__value_reporting"),
        oldest=Min("dispatched_at"),
        deadline=Min("order__ship_by"),
    )
    context: dict[str, Any] = {}
    if figures["count"]:
        blocked = Blocker.objects.filter(
            released_at=None, job__flow="confirm_dispatch", job__link=link, job__key__in=waiting.values("dispatch_id")
        )
        context = {
            "hours": link.dispatch_confirmed_within_hours,
            "blocked": blocked.values("job").distinct().count(),
            "left": run.target_row.name,
            "references": list(waiting.order_by("dispatched_at").values_list("order__reference", flat=True)[:5]),
        }
    return _tell(run, UNTOLD, figures, context, closed=f"{run.source_row.name} has heard of everything that left.")


def _tell(run: Run, cause: str, figures: dict[str, Any], context: dict[str, Any], *, closed: str) -> int:
    """One open case with these figures, or none when nothing is left of it. Returns how many it tells of."""
    link, count = run.link, int(figures["count"])
    key = f"link:{link.pk}"
    if not count:
        close_open_case(link.brand_id, cause=cause, object_key=key, actor="the hub", reason=closed)
        return 0
    with transaction.atomic():
        case, _ = open_case(
            brand=run.brand, cause=cause, object_key=key, target=run.source_row, link=link, context=context
        )
        roll_up(case.pk, **{**figures, "value": figures["value"] or Decimal(0)})
    return count


WATCH_DISPATCHES = register(
    Flow(
        name="watch_dispatches",
        label="Watch dispatch deadlines",
        lane=Lane.DISPATCH,
        run=watch_dispatches,
        side="source",
        cadence_seconds=300,
    )
)
