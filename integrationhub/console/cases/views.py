"""The views over the queue: those that everybody has, and those that a person saved."""

from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect, QueryDict
from django.urls import reverse

from exceptions_app.models import ExceptionCase, SavedView
from integrationhub.console.cases import filters

OWN_VIEWS = 12
NAME_LENGTH = 40
QUICK_VIEWS: tuple[tuple[str, dict[str, str]], ...] = (
    ("Everything open", {}),
    ("Mine", {"owner": "me"}),
    ("Ops", {"team": ExceptionCase.Team.OPS.value}),
    ("Ecommerce", {"team": ExceptionCase.Team.ECOMMERCE.value}),
    ("Finance", {"team": ExceptionCase.Team.FINANCE.value}),
    ("Due today", {"due": "today"}),
    ("Overdue", {"late": "yes"}),
    ("Regressions", {"back": "yes"}),
    ("Snoozed", {"state": ExceptionCase.State.SNOOZED.value}),
    ("Closed", {"state": ExceptionCase.State.CLOSED.value}),
)
_KEPT = {str(one.parameter_name) for one in filters.ALL} | {"q", "o"}
_NOT_A_VIEW = ("o", "p", "all")


def tabs(request: HttpRequest) -> dict[str, Any]:
    """What `quick_views.html` shows. One query."""
    chosen = _chosen(request.GET, without=_NOT_A_VIEW)
    own = list(SavedView.objects.filter(owner_id=request.user.pk)[:OWN_VIEWS])
    quick = [
        {"label": label, "query": f"?{urlencode(query)}", "active": query == chosen} for label, query in QUICK_VIEWS
    ]
    mine = [
        {"id": view.pk, "label": view.name, "query": f"?{view.query}", "active": _as_chosen(view.query) == chosen}
        for view in own
    ]
    known = any(one["active"] for one in [*quick, *mine])
    return {
        "quick_views": quick,
        "own_views": mine,
        "may_save": bool(chosen) and not known and len(own) < OWN_VIEWS,
        "this_view": urlencode(_chosen(request.GET)),
        "active_own": next((one for one in mine if one["active"]), None),
    }


def save(request: HttpRequest) -> HttpResponse:
    """Keep the list's filters under a name, or forget a view. A name that exists is given the new filters."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    if not request.user.is_authenticated:
        raise PermissionDenied
    query = urlencode(_chosen(QueryDict(request.POST.get("query", "")[:500])))
    if request.POST.get("forget", "").isdigit():
        SavedView.objects.filter(owner_id=request.user.pk, pk=int(request.POST["forget"])).delete()
        return _to_list("")
    name = request.POST.get("name", "").strip()[:NAME_LENGTH]
    if not name:
        messages.error(request, "Give the view a name.")
    elif SavedView.objects.filter(owner_id=request.user.pk).exclude(name=name).count() >= OWN_VIEWS:
        messages.error(request, f"You have {OWN_VIEWS} views already. Forget one first.")
    else:
        SavedView.objects.update_or_create(owner_id=request.user.pk, name=name, defaults={"query": query})
        messages.success(request, f"Saved as “{name}”.")
    return _to_list(query)


def _to_list(query: str) -> HttpResponse:
    address = reverse("admin:exceptions_app_exceptioncase_changelist")
    return HttpResponseRedirect(f"{address}?{query}" if query else address)


def _chosen(data: QueryDict, *, without: tuple[str, ...] = ()) -> dict[str, str]:
    """The filters among the parameters: nothing else is kept, or led to."""
    return {name: str(value) for name, value in data.items() if name in _KEPT and name not in without and value}


def _as_chosen(query: str) -> dict[str, str]:
    return {name: value for name, value in parse_qsl(query) if name not in _NOT_A_VIEW}
