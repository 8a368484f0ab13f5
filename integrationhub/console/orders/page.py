"""One order: its sides next to each other, its lines and money, what waits, what may be pressed, what happened."""

import zlib
from collections.abc import Mapping
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
from connectors.models import record_audit
from connectors.registry import connector_class
from exceptions_app.models import CaseLink, ExceptionCase
from exceptions_app.telling import tell
from integrationhub.console.orders import editing, timeline
from integrationhub.console.orders.looking import pretty
from integrationhub.console.orders.returns import returns_of
from integrationhub.console.orders.sides import at_cost, lines_of, money_of, sides_of, steps_of
from integrationhub.inventory import promises
from integrationhub.orders import correcting, deciding
from integrationhub.orders.erasing import records_of
from integrationhub.orders.flows.routing import order_key
from integrationhub.orders.models import OrderPerson, SoldOrder
from integrationhub.sync import inbox
from integrationhub.sync.attempts import unpack
from integrationhub.sync.models import CallBody, Correction, InboxBody, InboxRecord, SyncCall, SyncJob
from integrationhub.sync.models.jobs import TERMINAL_STATES

if TYPE_CHECKING:
    from integrationhub.console.orders.listing import OrderAdmin


def show(model_admin: "OrderAdmin", request: HttpRequest, order: SoldOrder) -> HttpResponse:
    rights, brand_id = rights_of(request), order.brand_id
    lines = list(order.lines.select_related("mapping_version"))
    jobs, dispatches, cases = _open_jobs(order), list(order.dispatches.order_by("dispatched_at", "pk")), _cases(order)
    standing = deciding.Standing(
        order=order,
        lines=[line for line in lines if not line.cancelled],
        held=promises.held(order.link_id, order.reference),
        open_jobs=jobs,
        manual_case=next((case.pk for case in cases if case.cause == "manual"), None),
    )
    actions = deciding.actions(standing, has=lambda right: rights.may(right, brand_id))
    context = {
        **model_admin.admin_site.each_context(request),
        "title": order.reference,
        "opts": model_admin.opts,
        "order": order,
        "now": ports.now(),
        "zone": ZoneInfo(order.brand.timezone),
        "sides": sides_of(order),
        "steps": steps_of(order, lines, dispatches),
        "lines": lines_of(order, lines),
        "money": money_of(order),
        "at_cost": at_cost(order),
        "may_read_people": rights.may(Right.SEE_PERSONAL_DATA, brand_id),
        "erased_at": _person_erased_at(order),
        "dispatches": dispatches,
        "returns": returns_of(order),
        "cases": [(case, tell(case)) for case in cases],
        "actions": [action for action in actions if not action.why_not],
        "impossible": [action for action in actions if action.why_not],
        "corrections": editing.told_corrections(_corrections(order)),
        "editable": _editable(jobs, rights, brand_id),
        "timeline_url": reverse("admin:orders_soldorder_timeline", args=[order.pk]),
        # Several orders of a marketplace may be one basket; an order of a shop may be a marketplace's.
        "commercial_label": "Marketplace order" if connector_class(order.link.source.platform).is_shop() else "Basket",
    }
    request.current_app = model_admin.admin_site.name
    return TemplateResponse(request, "console/orders/order.html", context)


# --- what it shows ----------------------------------------------------------------------------------------------------


def _open_jobs(order: SoldOrder) -> list[SyncJob]:
    key = order_key(order.link_id, order.reference)
    rows = SyncJob.objects.filter(serial_key=key).exclude(state__in=TERMINAL_STATES)
    return list(rows.select_related("record", "link").order_by("pk"))


def _cases(order: SoldOrder) -> list[ExceptionCase]:
    """The open cases that hold it up, or that are about it alone."""
    key = order_key(order.link_id, order.reference)
    holds = Q(blockers__job__serial_key=key, blockers__released_at=None)
    returned = order.returns.values_list(Concat(Value("return:"), Cast("pk", CharField())))
    mine = Q(object_key=f"order:{order.pk}") | Q(object_key__in=returned)
    about = mine & Q(brand_id=order.brand_id)
    ids = ExceptionCase.objects.filter(holds | about).values("pk")
    links = Prefetch("case_links", queryset=CaseLink.objects.select_related("link__source"))
    rows = ExceptionCase.objects.unresolved().filter(pk__in=ids).select_related("brand", "target", "owner")
    return list(rows.prefetch_related(links).order_by("pk"))


def _corrections(order: SoldOrder) -> list[Correction]:
    rows = Correction.objects.filter(
        document__connection_id=order.link.source_id, document__kind="order", document__external_id=order.reference
    )
    return list(rows.select_related("proposed_by", "decided_by"))


def _editable(jobs: list[SyncJob], rights: Rights, brand_id: int) -> list[dict[str, str]]:
    """The documents of what waits, each with where it is corrected."""
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
    story = timeline.story_of(order, page=int(text) if text.isdigit() and len(text) < 6 else 1)
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
    return TemplateResponse(request, "console/orders/person.html", {"person": _person(order)})


def _person(order: SoldOrder) -> Mapping[str, Any] | None:
    """{"shipping", "billing", "email"}; None where the marketplace gave nothing, or it was erased."""
    try:
        data: Mapping[str, Any] | None = order.person.data
    except OrderPerson.DoesNotExist:
        return None
    return data


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
    if row is None or not timeline.owns_call(order, row):
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
    row = InboxRecord.objects.filter(records_of(order), pk=record_id).first()
    if row is None:
        raise PermissionDenied
    _note_opened(request, order, what="what arrived")
    try:
        body = inbox.read_body(record_id).decode(errors="replace")
    except (InboxBody.DoesNotExist, InvalidToken, zlib.error):
        body = "It is no longer kept."
    context: dict[str, Any] = {"parts": [("As it arrived", {}, pretty(body))]}
    return TemplateResponse(request, "console/orders/call.html", context)
