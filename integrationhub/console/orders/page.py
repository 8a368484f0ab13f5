"""One order: its two sides next to each other, its lines, and everything that happened."""

import contextlib
import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from cryptography.fernet import InvalidToken
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from connectors import ports
from connectors.access import Right
from connectors.admin_base import require, rights_of
from connectors.canonical.money import Money
from exceptions_app.telling import tell
from exceptions_app.words import counted
from integrationhub.console.back_office import page_url
from integrationhub.console.money_words import amount
from integrationhub.console.orders import timeline
from integrationhub.orders.models import OrderPerson, SoldLine, SoldOrder
from integrationhub.sync import blocking, inbox
from integrationhub.sync.attempts import unpack
from integrationhub.sync.models import CallBody, InboxBody, InboxRecord, SyncCall
from integrationhub.sync.models.jobs import WAITING_STATES
from mappings_app.models import MAPPING_MODELS, MappingVersion

if TYPE_CHECKING:
    from integrationhub.console.orders.listing import OrderAdmin

_KEPT_NUMBER = re.compile(r'"\\u0000([-+.\deE]+)\\u0000"')
_BODY_SHOWN = 200_000  # characters; a longer answer is cut, and says so


@dataclass(frozen=True, kw_only=True)
class Side:
    """The order as one platform has it."""

    name: str
    role: str
    number: str
    url: str
    state: str
    note: str
    total: str
    tax: str
    seen_at: Any
    total_differs: bool = False
    tax_differs: bool = False


def show(model_admin: "OrderAdmin", request: HttpRequest, order: SoldOrder) -> HttpResponse:
    rights, story = rights_of(request), timeline.story_of(order)
    may_read_people = rights.may(Right.SEE_PERSONAL_DATA, order.brand_id)
    context = {
        **model_admin.admin_site.each_context(request),
        "title": order.reference,
        "opts": model_admin.opts,
        "order": order,
        "now": ports.now(),
        "zone": ZoneInfo(order.brand.timezone),
        "sides": [_sold_side(order), _target_side(order)],
        "lines": [_line(line, order) for line in order.lines.select_related("mapping_version")],
        "person": _person(order) if may_read_people else None,
        "may_read_people": may_read_people,
        "dispatches": timeline.dispatches_of(order),
        "story": story,
        "cases": {blocker.case_id: (blocker.case, tell(blocker.case)) for blocker in story.open_blockers}.values(),
        "may_retry": rights.may(Right.WORK_CASES, order.brand_id) and bool(story.open_blockers),
    }
    request.current_app = model_admin.admin_site.name
    return TemplateResponse(request, "console/orders/order.html", context)


# --- what it shows ----------------------------------------------------------------------------------------------------


def _sold_side(order: SoldOrder) -> Side:
    source = order.link.source
    return Side(
        name=source.name,
        role="Sold at",
        number=order.reference,
        url=page_url(source, "order", order.reference),
        state=order.get_state_display(),
        note=f"In its own words: {order.source_state}" if order.source_state else "",
        total=amount(order.total, order.currency),
        tax=amount(order.tax, order.currency),
        seen_at=order.source_updated_at,
    )


def _target_side(order: SoldOrder) -> Side:
    return Side(
        name=order.target.name,
        role="Fulfilled in",
        number=order.target_external_id,
        url=page_url(order.target, "order", order.target_external_id),
        state=order.get_target_state_display(),
        note="On hold there." if order.target_on_hold else "",
        total=amount(order.target_total, order.currency),
        tax=amount(order.target_tax, order.currency),
        seen_at=order.target_seen_at,
        total_differs=_differ(order.total, order.target_total, order.currency),
        tax_differs=_differ(order.tax, order.target_tax, order.currency),
    )


def _differ(one: Decimal, other: Decimal | None, currency: str) -> bool:
    return other is not None and not Money(one, currency).agrees_with(Money(other, currency))


def _line(line: SoldLine, order: SoldOrder) -> dict[str, Any]:
    return {
        "sku": line.sku,
        "title": line.title,
        "target_sku": line.target_sku,
        "mapping_url": _mapping_url(line.mapping_version),
        "quantity": line.quantity,
        "unit_price": amount(line.unit_price, order.currency),
        "total": amount(line.line_total, order.currency),
        "tax": amount(line.tax, order.currency),
        "cancelled": line.cancelled,
    }


def _mapping_url(version: MappingVersion | None) -> str:
    if version is None or version.kind not in MAPPING_MODELS:
        return ""
    return reverse(f"admin:mappings_app_{MAPPING_MODELS[version.kind]._meta.model_name}_change", args=[version.pk])


def _person(order: SoldOrder) -> Mapping[str, Any] | None:
    """{"shipping", "billing", "email"}; None where the marketplace gave nothing, or it was erased."""
    try:
        person = order.person
    except OrderPerson.DoesNotExist:
        return None
    data: Mapping[str, Any] | None = person.data
    return data


# --- what it does -----------------------------------------------------------------------------------------------------


def retry(request: HttpRequest, order: SoldOrder) -> HttpResponse:
    """Try again what of this order waits for a person."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    require(request, Right.WORK_CASES, order.brand_id)
    story = timeline.story_of(order)
    waiting = [job.pk for job in story.jobs if job.state in WAITING_STATES]
    cases = {blocker.case_id: blocker.case for blocker in story.open_blockers}
    going: set[int] = set()
    for case in cases.values():
        going.update(blocking.retry(case, by=request.user.get_username(), job_ids=waiting))
    if going:
        messages.success(request, f"{counted(len(going), 'step is', 'steps are')} being tried again.")
    else:
        messages.info(request, "Nothing of this order is waiting.")
    return HttpResponseRedirect(reverse("admin:orders_soldorder_change", args=[order.pk]))


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
    return side.get("headers", {}), _pretty(str(side.get("body", "")))


def _pretty(text: str) -> str:
    """JSON indented, its numbers written as they came (50.10 stays 50.10); anything else as it is."""
    with contextlib.suppress(ValueError):
        kept = json.loads(text, parse_float=lambda number: f"\0{number}\0")
        text = _KEPT_NUMBER.sub(r"\1", json.dumps(kept, indent=2, ensure_ascii=False))
    return text if len(text) <= _BODY_SHOWN else f"{text[:_BODY_SHOWN]}\n… cut here; it is longer."


def received(request: HttpRequest, order: SoldOrder, record_id: int) -> HttpResponse:
    """A document as it arrived. It names the customer, so it takes the right to read that."""
    require(request, Right.SEE_PERSONAL_DATA, order.brand_id)
    row = InboxRecord.objects.filter(timeline.records_of(order), pk=record_id).first()
    if row is None:
        raise PermissionDenied
    try:
        body = inbox.read_body(record_id).decode(errors="replace")
    except (InboxBody.DoesNotExist, InvalidToken, zlib.error):
        body = "It is no longer kept."
    context: dict[str, Any] = {"parts": [("As it arrived", {}, _pretty(body))]}
    return TemplateResponse(request, "console/orders/call.html", context)
