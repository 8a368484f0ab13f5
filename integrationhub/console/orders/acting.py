"""Pressing something on an order: a page that says what it brings about, then doing it."""

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from connectors import ports
from connectors.admin_base import require, rights_of
from integrationhub.orders import deciding
from integrationhub.orders.deciding import Action, RefusedDecisionError
from integrationhub.orders.models import SoldOrder

if TYPE_CHECKING:
    from integrationhub.console.orders.listing import OrderAdmin


def act(model_admin: "OrderAdmin", request: HttpRequest, order: SoldOrder, name: str) -> HttpResponse:
    """GET says what would happen; POST does it."""
    kind = deciding.KINDS.get(name)
    if kind is None:
        raise PermissionDenied
    require(request, kind.right, order.brand_id)
    if request.method == "GET":
        return _confirm(model_admin, request, order, _action(request, order, name))
    if request.method != "POST":
        return HttpResponseNotAllowed(["GET", "POST"])
    return _do(model_admin, request, order, _action(request, order, name))


def _action(request: HttpRequest, order: SoldOrder, name: str) -> Action:
    rights = rights_of(request)
    return deciding.action(name, deciding.standing_of(order), has=lambda right: rights.may(right, order.brand_id))


def _do(model_admin: "OrderAdmin", request: HttpRequest, order: SoldOrder, action: Action) -> HttpResponse:
    if action.why_not:
        messages.info(request, action.why_not)  # most often a second press
        return _back(order)
    if action.typed_twice and request.POST.get("number", "").strip() != order.reference:
        return _confirm(model_admin, request, order, action, error="Type the order's number to be sure.")
    try:
        told = deciding.decide(
            action.name,
            order.pk,
            by=request.user,  # type: ignore[arg-type]  # the site lets nobody else in
            reason=request.POST.get("reason", ""),
            lines=request.POST.getlist("lines"),
            option=request.POST.get("option", ""),
        )
    except RefusedDecisionError as error:
        return _confirm(model_admin, request, order, action, error=str(error))
    messages.success(request, told)
    return _back(order)


def _back(order: SoldOrder) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:orders_soldorder_change", args=[order.pk]))


def _confirm(
    model_admin: "OrderAdmin", request: HttpRequest, order: SoldOrder, action: Action, *, error: str = ""
) -> HttpResponse:
    context: dict[str, Any] = {
        **model_admin.admin_site.each_context(request),
        "title": f"{action.label}: {order.reference}",
        "opts": model_admin.opts,
        "order": order,
        "action": action,
        "lines": [line for line in order.lines.all() if not line.cancelled] if action.chooses_lines else [],
        "chosen": request.POST.getlist("lines"),
        "options": deciding.options(action, order),
        "option": request.POST.get("option", ""),
        "reason": request.POST.get("reason", ""),
        "error": error,
        "now": ports.now(),
        "zone": ZoneInfo(order.brand.timezone),
    }
    request.current_app = model_admin.admin_site.name
    return TemplateResponse(request, "console/orders/act.html", context)
