"""One order: its sides next to each other, its lines and money, what waits, what may be pressed, what happened."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from cryptography.fernet import InvalidToken
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import CharField, Prefetch, Q, Value
from django.db.models.functions import Cast, Concat
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from connectors import ports
from connectors.access import Right
from connectors.admin_base import Rights, require, rights_of
from connectors.canonical.orders import OrderState
from connectors.models import record_audit
from connectors.registry import connector_class
from exceptions_app.models import CaseLink, ExceptionCase
from exceptions_app.telling import tell
from integrationhub.console.orders import editing, timeline
from integrationhub.console.orders.lines import lines_of
from integrationhub.console.orders.looking import pretty
from integrationhub.console.orders.returns import returns_of
from integrationhub.console.orders.sides import at_cost, money_of, parcels_of, sides_of, steps_of
from integrationhub.console.orders.timeline import records_of_way
from integrationhub.console.orders.way import Stretch, stretches
from integrationhub.inventory import promises
from integrationhub.orders import correcting, deciding
from integrationhub.orders.deciding import Action
from integrationhub.orders.flows.readdressing import changed_parts
from integrationhub.orders.flows.routing import order_key
from integrationhub.orders.models import OrderPerson, SoldOrder, SoldReturn
from integrationhub.orders.way import whole_way
from integrationhub.sync import inbox
from integrationhub.sync.attempts import unpack
from integrationhub.sync.models import CallBody, Correction, InboxBody, InboxRecord, SyncCall, SyncJob
from integrationhub.sync.models.jobs import TERMINAL_STATES

if TYPE_CHECKING:
    from integrationhub.console.orders.listing import OrderAdmin


STILL_TO_LEAVE = frozenset(
    state.value
    for state in (
        OrderState.STAGING,
        OrderState.AWAITING_ACCEPTANCE,
        OrderState.AWAITING_PAYMENT,
        OrderState.READY_TO_SHIP,
        OrderState.UNKNOWN,
    )
)


@dataclass(frozen=True, kw_only=True)
class Buttons:
    """What may be pressed for the order on one link."""

    order: SoldOrder
    title: str  # "Northgate → Centra"; "" where there is only one link
    actions: list[Action]
    impossible: list[Action]
    editable: list[dict[str, str]]  # the documents of what waits, each with where it is corrected


def show(model_admin: "OrderAdmin", request: HttpRequest, order: SoldOrder) -> HttpResponse:
    """The same story whichever of its links it is entered by: the order's own beginning is told first."""
    way = stretches(whole_way(order))
    first, rights = way[0].order, rights_of(request)
    cases, money = _cases(way), money_of(way)
    context = {
        **model_admin.admin_site.each_context(request),
        "title": first.reference,
        "opts": model_admin.opts,
        "order": first,
        "orders": [stretch.order for stretch in way],
        "now": ports.now(),
        "zone": ZoneInfo(first.brand.timezone),
        "ship_by": first.ship_by if first.state in STILL_TO_LEAVE else None,
        "sides": sides_of(way, money),
        "steps": steps_of(way),
        "lines": lines_of(way),
        "money": money,
        "may_read_people": rights.may(Right.SEE_PERSONAL_DATA, first.brand_id),
        "erased_at": _person_erased_at(first),
        "parcels": parcels_of(way),
        "cases": [(case, tell(case)) for case in cases],
        "buttons": _buttons(way, cases, rights),
        "corrections": editing.told_corrections(_corrections(way)),
        "timeline_url": reverse("admin:orders_soldorder_timeline", args=[first.pk]),
        "at_cost": at_cost(first),
        "returns": returns_of([stretch.order for stretch in way]),
        # Several orders of a marketplace may be one basket; an order of a shop may be a marketplace's.
        "commercial_label": "Marketplace order" if connector_class(first.link.source.platform).is_shop() else "Basket",
    }
    request.current_app = model_admin.admin_site.name
    return TemplateResponse(request, "console/orders/order.html", context)


# --- what it shows ----------------------------------------------------------------------------------------------------


def _keys(way: Sequence[Stretch]) -> list[str]:
    return [order_key(stretch.order.link_id, stretch.order.reference) for stretch in way]


def _open_jobs(way: Sequence[Stretch]) -> list[SyncJob]:
    rows = SyncJob.objects.filter(serial_key__in=_keys(way)).exclude(state__in=TERMINAL_STATES)
    return list(rows.select_related("record", "link").order_by("pk"))


def _cases(way: Sequence[Stretch]) -> list[ExceptionCase]:
    """The open cases that hold it up, or that are about it alone."""
    holds = Q(blockers__job__serial_key__in=_keys(way), blockers__released_at=None)
    orders = [stretch.order.pk for stretch in way]
    returns = SoldReturn.objects.filter(order__in=orders)
    returned = returns.values_list(Concat(Value("return:"), Cast("pk", CharField())))
    mine = Q(object_key__in=[f"order:{pk}" for pk in orders]) | Q(object_key__in=returned)
    about = Q(brand_id=way[0].order.brand_id) & mine
    ids = ExceptionCase.objects.filter(holds | about).values("pk")
    links = Prefetch("case_links", queryset=CaseLink.objects.select_related("link__source"))
    rows = ExceptionCase.objects.unresolved().filter(pk__in=ids).select_related("brand", "target", "owner")
    return list(rows.prefetch_related(links).order_by("pk"))


def _corrections(way: Sequence[Stretch]) -> list[Correction]:
    about = Q()
    for stretch in way:
        order = stretch.order
        about |= Q(document__connection_id=order.link.source_id, document__external_id=order.reference)
    rows = Correction.objects.filter(about, document__kind="order")
    return list(rows.select_related("proposed_by", "decided_by"))


def _buttons(way: Sequence[Stretch], cases: Sequence[ExceptionCase], rights: Rights) -> list[Buttons]:
    jobs = _open_jobs(way)
    held = promises.held_by((stretch.order.link_id, stretch.order.reference) for stretch in way)
    return [
        _buttons_of(
            stretch,
            jobs=[job for job in jobs if job.serial_key == key],
            held=held[stretch.order.link_id, stretch.order.reference],
            manual_case=_manual_case(stretch.order, cases),
            rights=rights,
            title=stretch.title if len(way) > 1 else "",
        )
        for stretch, key in zip(way, _keys(way), strict=True)
    ]


def _manual_case(order: SoldOrder, cases: Sequence[ExceptionCase]) -> int | None:
    mine = (case.pk for case in cases if case.cause == "manual" and case.object_key == f"order:{order.pk}")
    return next(mine, None)


def _buttons_of(
    stretch: Stretch,
    *,
    jobs: list[SyncJob],
    held: Mapping[str, int],
    manual_case: int | None,
    rights: Rights,
    title: str,
) -> Buttons:
    brand_id = stretch.order.brand_id
    standing = deciding.Standing(
        order=stretch.order,
        lines=[line for line in stretch.lines if not line.cancelled],
        held=held,
        open_jobs=jobs,
        manual_case=manual_case,
    )
    actions = deciding.actions(standing, has=lambda right: rights.may(right, brand_id))
    return Buttons(
        order=stretch.order,
        title=title,
        actions=[action for action in actions if not action.why_not],
        impossible=[action for action in actions if action.why_not],
        editable=_editable(jobs, rights, brand_id),
    )


def _editable(jobs: list[SyncJob], rights: Rights, brand_id: int) -> list[dict[str, str]]:
    if not editing.may_open(rights, brand_id):
        return []
    names = {"import_order": "Correct the order", "confirm_dispatch": "Correct the dispatch"}
    return [
        {"label": names[job.flow], "url": reverse("admin:record_edit", args=[job.pk])}
        for job in jobs
        if job.flow in names and not correcting.why_not_correct(job)
    ]


def _person_erased_at(order: SoldOrder) -> Any:
    try:
        return order.person.erased_at
    except OrderPerson.DoesNotExist:
        return None


# --- what is fetched on its own ---------------------------------------------------------------------------------------


def tell_story(model_admin: "OrderAdmin", request: HttpRequest, order: SoldOrder) -> HttpResponse:
    """One page of the timeline: a part of the order's page, or (without scripts) a page of its own."""
    text = request.GET.get("page", "1")
    way = whole_way(order)
    story = timeline.story_of(way, page=int(text) if text.isdigit() and len(text) < 6 else 1)
    order = way[0]
    context = {
        "title": f"Timeline of {order.reference}",
        "opts": model_admin.opts,
        "order": order,
        "story": story,
        "may_read_people": rights_of(request).may(Right.SEE_PERSONAL_DATA, order.brand_id),
        "timeline_url": reverse("admin:orders_soldorder_timeline", args=[order.pk]),
        "now": ports.now(),
        "zone": ZoneInfo(order.brand.timezone),
    }
    if request.headers.get("X-Requested-With") == "fetch" or request.GET.get("part"):
        return TemplateResponse(request, "console/orders/timeline.html", context)
    request.current_app = model_admin.admin_site.name
    whole = {**model_admin.admin_site.each_context(request), **context}
    return TemplateResponse(request, "console/orders/timeline_page.html", whole)


def person(request: HttpRequest, order: SoldOrder) -> HttpResponse:
    """Who bought it and where it goes. Each look is on the audit trail."""
    require(request, Right.SEE_PERSONAL_DATA, order.brand_id)
    _note_opened(request, order, what="customer")
    return TemplateResponse(request, "console/orders/person.html", {"person": _person(order), "sent": _sent(order)})


def _person(order: SoldOrder) -> Mapping[str, Any] | None:
    """{"shipping", "billing", "email"}; None where the marketplace gave nothing, or it was erased."""
    try:
        data: Mapping[str, Any] | None = order.person.data
    except OrderPerson.DoesNotExist:
        return None
    return data


def _sent(order: SoldOrder) -> Mapping[str, Any] | None:
    """What was sent on, where the source says something else by now."""
    try:
        person = order.person
    except OrderPerson.DoesNotExist:
        return None
    return person.sent if changed_parts(person.sent, person.data) else None


def _note_opened(request: HttpRequest, order: SoldOrder, *, what: str) -> None:
    with transaction.atomic():
        record_audit(
            actor=request.user.get_username(),
            action="personal_data.opened",
            subject=order,
            brand=order.brand,
            after={"what": what},
        )


def call(request: HttpRequest, order: SoldOrder, call_id: int) -> HttpResponse:
    """The exact question and answer of one call. They were redacted before they were stored."""
    row = SyncCall.objects.filter(pk=call_id).first()
    if row is None or not timeline.owns_call(whole_way(order), row):
        raise PermissionDenied
    body = CallBody.objects.filter(call_id=call_id).first()
    sides = [("Question", body.request), ("Answer", body.response)] if body else []
    parts = [(label, *_readable(unpack(bytes(data)))) for label, data in sides]
    return TemplateResponse(request, "console/orders/call.html", {"call": row, "parts": parts})


def _readable(side: Mapping[str, Any]) -> tuple[Mapping[str, str], str]:
    return side.get("headers", {}), pretty(str(side.get("body", "")))


def received(request: HttpRequest, order: SoldOrder, record_id: int) -> HttpResponse:
    """A document as it arrived. It names the customer, so it takes the right to read that, and each look is noted."""
    require(request, Right.SEE_PERSONAL_DATA, order.brand_id)
    row = InboxRecord.objects.filter(records_of_way(whole_way(order)), pk=record_id).first()
    if row is None:
        raise PermissionDenied
    _note_opened(request, order, what="what arrived")
    try:
        body = inbox.read_body(record_id).decode(errors="replace")
    except (InboxBody.DoesNotExist, InvalidToken, zlib.error):
        body = "It is no longer kept."
    context: dict[str, Any] = {"parts": [("As it arrived", {}, pretty(body))]}
    return TemplateResponse(request, "console/orders/call.html", context)
