"""Deciding on orders from a case: which of those that wait can be accepted now, what the others lack, and pressing it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import admin, messages
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from connectors import ports
from connectors.access import Right
from connectors.admin_base import Rights, require
from connectors.models import Link
from exceptions_app.causes import Fix, cause_named
from exceptions_app.models import ExceptionCase
from exceptions_app.words import counted, listed
from integrationhub.console.money_words import amount
from integrationhub.inventory import promises
from integrationhub.orders import deciding
from integrationhub.orders.deciding import RefusedDecisionError, Standing
from integrationhub.orders.flows.routing import order_key
from integrationhub.orders.flows.watching import at_risk
from integrationhub.orders.models import SoldLine, SoldOrder
from integrationhub.sync.models import Blocker, SyncJob
from integrationhub.sync.models.jobs import TERMINAL_STATES

SHOWN = 100
CHOSEN_AT_MOST = 100
CHOICES = ("accept", "refuse")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One order that waits for an answer."""

    order: SoldOrder
    total: str
    lacks: str  # what keeps it from being accepted, "" when nothing does
    can_accept: bool  # now, or by vouching for its stock
    needs_vouching: bool
    can_refuse: bool


def panel(case: ExceptionCase, rights: Rights) -> dict[str, Any] | None:
    """What `console/cases/fix_acceptance.html` shows, as `acceptance`; None for a case that is about something else.

    {"rows": [Row], "more": how many are not shown, "may_decide", "url": where the form goes, "case": the case}
    """
    if case.resolved or cause_named(case.cause).fix != Fix.ACCEPTANCE:
        return None
    orders = _orders(case)
    rows = _rows(orders[:SHOWN])
    return {
        "case": case,
        "rows": rows,
        "more": max(case.waiting_count - len(rows), 0) if len(orders) > SHOWN else 0,
        "may_decide": rights.may(Right.CHANGE_ORDERS, case.brand_id),
        "url": reverse("admin:case_acceptance"),
    }


def _orders(case: ExceptionCase, *, only: Iterable[int] | None = None) -> list[SoldOrder]:
    """The orders this case is about, by deadline; `only` narrows them to these ids."""
    kind, _, pk = case.object_key.partition(":")
    if case.cause == "acceptance_at_risk" and kind == "link" and pk.isdigit():
        link = Link.objects.filter(pk=int(pk), brand=case.brand_id).first()
        found = at_risk(link) if link else SoldOrder.objects.none()
    else:
        found = SoldOrder.objects.filter(brand=case.brand_id, reference__in=_references(case))
    if only is not None:
        found = found.filter(pk__in=list(only))
    lines = Prefetch("lines", queryset=SoldLine.objects.order_by("id"))
    related = found.select_related("brand", "target", "link__source", "link__target", "link__brand")
    return list(related.prefetch_related(lines).order_by("accept_by", "pk")[: SHOWN + 1])


def _references(case: ExceptionCase) -> list[str]:
    waiting = Blocker.objects.filter(case=case, released_at=None, job__serial_key__startswith="order:")
    keys = waiting.values_list("job__serial_key", flat=True).distinct()[: SHOWN * 10]
    return [key.split(":", 2)[2] for key in keys]


def _rows(orders: Sequence[SoldOrder]) -> list[Row]:
    jobs = _open_jobs(orders)
    held = promises.held_by((order.link_id, order.reference) for order in orders)
    return [
        _row(
            _standing(
                order, held[order.link_id, order.reference], jobs.get(order_key(order.link_id, order.reference), [])
            )
        )
        for order in orders
    ]


def _standing(order: SoldOrder, held: dict[str, int], jobs: list[SyncJob]) -> Standing:
    lines = [line for line in order.lines.all() if not line.cancelled]
    return Standing(order=order, lines=lines, held=held, open_jobs=jobs)


def _open_jobs(orders: Sequence[SoldOrder]) -> dict[str, list[SyncJob]]:
    keys = [order_key(order.link_id, order.reference) for order in orders]
    found: dict[str, list[SyncJob]] = {}
    for job in SyncJob.objects.filter(serial_key__in=keys).exclude(state__in=TERMINAL_STATES):
        found.setdefault(job.serial_key, []).append(job)
    return found


def _row(standing: Standing) -> Row:
    kinds = deciding.KINDS
    why_not = kinds["accept"].why_not(standing)
    lacks = why_not
    if not why_not and standing.uncovered:
        lacks = f"No stock is reserved for {listed(standing.uncovered)}."
    return Row(
        order=standing.order,
        total=amount(standing.order.total, standing.order.currency),
        lacks=lacks,
        can_accept=not why_not,
        needs_vouching=not why_not and bool(standing.uncovered),
        can_refuse=not kinds["refuse"].why_not(standing),
    )


# --- pressing it ------------------------------------------------------------------------------------------------------


def decide(request: HttpRequest) -> HttpResponse:
    """First what would happen, then, once that was read (`sure`), doing it."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    case = _case(request)
    do = request.POST.get("do", "")
    if do not in CHOICES:
        raise PermissionDenied
    ids = [int(one) for one in request.POST.getlist("orders")[:CHOSEN_AT_MOST] if one.isdigit()]
    orders = _orders(case, only=ids)
    if not orders:
        messages.info(request, "Choose at least one order that still waits.")
        return _back(case)
    rows = _rows(orders)
    reason = request.POST.get("reason", "").strip()
    needs_reason = do == "refuse" or any(row.needs_vouching for row in rows)
    if not request.POST.get("sure") or (needs_reason and not reason):
        return _confirm(request, case, do, rows, needs_reason=needs_reason)
    _carry_out(request, do, rows, reason)
    return _back(case)


def _case(request: HttpRequest) -> ExceptionCase:
    text = request.POST.get("case", "")
    case = ExceptionCase.objects.filter(pk=int(text)).select_related("brand").first() if text.isdigit() else None
    if case is None:
        raise PermissionDenied
    require(request, Right.CHANGE_ORDERS, case.brand_id)
    return case


def _carry_out(request: HttpRequest, do: str, rows: Sequence[Row], reason: str) -> None:
    done, refused = 0, []
    person: AbstractBaseUser = request.user  # type: ignore[assignment]  # the site lets nobody else in
    for row in rows:
        try:
            deciding.decide(do, row.order.pk, by=person, reason=reason)
            done += 1
        except RefusedDecisionError as error:
            refused.append(f"{row.order.reference}: {error}")
    if done:
        verb = "accepted" if do == "accept" else "refused"
        messages.success(request, f"{counted(done, 'order is', 'orders are')} being {verb}.")
    for told in refused[:5]:
        messages.warning(request, told)
    if len(refused) > 5:
        messages.warning(request, f"And {len(refused) - 5} more cannot be decided like this now.")


def _confirm(
    request: HttpRequest, case: ExceptionCase, do: str, rows: Sequence[Row], *, needs_reason: bool
) -> HttpResponse:
    can = [row for row in rows if (row.can_accept if do == "accept" else row.can_refuse)]
    context = {
        **admin.site.each_context(request),
        "title": f"{'Accept' if do == 'accept' else 'Refuse'} {counted(len(can), 'order', 'orders')}",
        "opts": ExceptionCase._meta,
        "case": case,
        "do": do,
        "rows": rows,
        "can": can,
        "vouching": [row for row in can if row.needs_vouching] if do == "accept" else [],
        "needs_reason": needs_reason,
        "asked_without_reason": bool(request.POST.get("sure")),
        "now": ports.now(),
        "zone": ZoneInfo(case.brand.timezone),
    }
    request.current_app = admin.site.name
    return TemplateResponse(request, "console/orders/decide.html", context)


def _back(case: ExceptionCase) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:exceptions_app_exceptioncase_change", args=[case.pk]))
