"""A run on screen: its plan with what is still to be chosen, then how far it is, with pause and cancel."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect, JsonResponse, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse

from connectors import ports
from connectors.access import Right
from connectors.admin_base import rights_of
from exceptions_app.models import CaseRun, CaseRunItem, ExceptionCase
from exceptions_app.telling import tell
from exceptions_app.words import counted, number
from integrationhub.adminkit.moments import span
from integrationhub.console.cases import acting
from integrationhub.console.cases.acting import NotAskedProperlyError
from integrationhub.console.cases.bulk import running
from integrationhub.console.cases.bulk.planning import figures, jobs_of
from integrationhub.console.cases.bulk.running import Standing
from integrationhub.console.cases.progress import waiting_for

if TYPE_CHECKING:
    from integrationhub.console.cases.listing import CaseAdmin

CASES_NAMED = 12
REFUSALS_TOLD = 20


def found(request: HttpRequest, run_id: int, right: Right) -> CaseRun:
    """The run, for whoever has the right for each of its brands; PermissionDenied for anybody else."""
    run = CaseRun.objects.select_related("planner").filter(pk=run_id).first()
    if run is None or not set(run.brands.values_list("pk", flat=True)) <= rights_of(request).brand_ids(right):
        raise PermissionDenied
    return run


def show(model_admin: "CaseAdmin", request: HttpRequest, run: CaseRun) -> HttpResponse:
    rights = rights_of(request)
    context = {
        **model_admin.admin_site.each_context(request),
        "title": run.get_act_display(),
        "opts": model_admin.opts,
        "run": run,
        "now": ports.now(),
        "zone": rights.zone,
        "back": _list_url(run),
        "may_work": set(run.brands.values_list("pk", flat=True)) <= rights.brand_ids(Right.WORK_CASES),
        **(_planned(run) if run.state == CaseRun.State.PLANNED else _begun(run)),
    }
    request.current_app = model_admin.admin_site.name
    return TemplateResponse(request, "console/cases/run.html", context)


def press(request: HttpRequest, run: CaseRun) -> HttpResponse:
    """Start, pause, go on or give up."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    name = request.POST.get("do", "")
    if name not in _PRESSES:
        raise PermissionDenied
    try:
        _PRESSES[name](request, run)
    except NotAskedProperlyError as error:
        messages.error(request, str(error))
    if name == "cancel" and run.state == CaseRun.State.PLANNED:
        return HttpResponseRedirect(_list_url(run))
    return HttpResponseRedirect(reverse("admin:exceptions_app_exceptioncase_run", args=[run.pk]))


def tell_progress(request: HttpRequest, run: CaseRun) -> JsonResponse:
    """{"total", "ended", "told", "finished", "state", "refusals": [...]}. A POST works off a little more of it first."""
    if request.method == "POST":
        if not set(run.brands.values_list("pk", flat=True)) <= rights_of(request).brand_ids(Right.WORK_CASES):
            raise PermissionDenied
        running.carry_on(run.pk)
        run.refresh_from_db(fields=["state"])
    stands = running.standing(run)
    told = {
        "total": stands.total,
        "ended": stands.ended,
        "told": words(run, stands),
        "finished": run.state in (CaseRun.State.DONE, CaseRun.State.CANCELLED) and stands.finished,
        "state": run.get_state_display(),
        "over": run.state not in (CaseRun.State.RUNNING, CaseRun.State.PAUSED),
    }
    return JsonResponse(told, headers={"Cache-Control": "no-store"})


# --- what it shows ----------------------------------------------------------------------------------------------------


def _planned(run: CaseRun) -> dict[str, Any]:
    cases = ExceptionCase.objects.filter(pk__in=run.choice["cases"]).with_words().in_queue_order()[: CASES_NAMED + 1]
    shown = list(cases)
    told = figures(run)
    return {
        "plan": told,
        "records_word": counted(told.records, "record", "records"),
        "cases": [(case, tell(case)) for case in shown[:CASES_NAMED]],
        "more": max(told.cases - CASES_NAMED, 0),
        "takes": None if run.seconds is None else span(max(run.seconds, 1)),
        "button": _button(run, cases=told.cases, records=told.records),
        **_to_choose(run),
    }


def _to_choose(run: CaseRun) -> dict[str, Any]:
    if run.act == CaseRun.Act.ASSIGN:
        people = [set(acting.colleagues(brand_id)) for brand_id in run.brands.values_list("pk", flat=True)]
        everywhere = set.intersection(*people) if people else set()
        return {"people": sorted(everywhere, key=lambda one: one.get_username())}
    if run.act == CaseRun.Act.SNOOZE:
        return {"snoozes": acting.snooze_labels()}
    return {"teams": ExceptionCase.Team.choices} if run.act == CaseRun.Act.HAND_OVER else {}


def _button(run: CaseRun, *, cases: int, records: int) -> str:
    if run.act == CaseRun.Act.RETRY:
        return f"Try {counted(records, 'record', 'records')} again"
    verb = {"ASSIGN": "Assign", "HAND_OVER": "Hand over", "SNOOZE": "Snooze", "CLOSE": "Close"}[run.act]
    return f"{verb} {counted(cases, 'case', 'cases')}"


def _begun(run: CaseRun) -> dict[str, Any]:
    stands = running.standing(run)
    refused = run.items.filter(state=CaseRunItem.State.REFUSED).select_related("case")[:REFUSALS_TOLD]
    return {
        "stands": stands,
        "told": words(run, stands),
        "refusals": [(item.case, item.note) for item in refused],
        "waiting_cases": waiting_for(jobs_of(run)) if stands.waiting else [],
        "goes_on": run.state == CaseRun.State.RUNNING,
        "progress_url": reverse("admin:exceptions_app_exceptioncase_run_progress", args=[run.pk]),
    }


def words(run: CaseRun, stands: Standing) -> str:
    """ "37 of 40 done · 2 to go · 1 waiting again"."""
    parts = [f"{number(stands.done)} of {number(stands.total)} done"]
    for count, told in (
        (stands.going, "under way"),
        (stands.to_go, "to go"),
        (stands.waiting, "waiting again"),
        (stands.refused, "refused"),
        (stands.left, "left as they were"),
    ):
        if count:
            parts.append(f"{number(count)} {told}")
    return " · ".join(parts)


def _list_url(run: CaseRun) -> str:
    query = QueryDict(run.back_to).urlencode()
    address = reverse("admin:exceptions_app_exceptioncase_changelist")
    return f"{address}?{query}" if query else address


# --- what pressing does -----------------------------------------------------------------------------------------------


def _start(request: HttpRequest, run: CaseRun) -> None:
    choice = _choice(request, run)
    if running.start(run.pk, by=request.user, choice=choice):
        running.carry_on(run.pk)
    else:
        messages.info(request, "It was started already.")


def _choice(request: HttpRequest, run: CaseRun) -> dict[str, Any]:
    """What the form chose. Raises NotAskedProperlyError."""
    data, reason = request.POST, request.POST.get("text", "").strip()
    if run.act == CaseRun.Act.ASSIGN:
        return {"owner": _owner(run, data.get("owner", ""))}
    if run.act == CaseRun.Act.HAND_OVER:
        if data.get("team") not in ExceptionCase.Team.values:
            raise NotAskedProperlyError("Choose a team.")
        return {"team": data["team"], "reason": reason}
    if run.act == CaseRun.Act.SNOOZE:
        end = acting.snooze_end(data, rights_of(request).zone)
        return {"until": end.isoformat(), "more": acting.how_many_more(data), "reason": reason}
    if run.act == CaseRun.Act.CLOSE and not reason:
        raise NotAskedProperlyError("Say why they are closed.")
    return {"reason": reason}


def _owner(run: CaseRun, wanted: str) -> int | None:
    if not wanted:
        return None
    if wanted not in {str(one.pk) for one in _to_choose(run)["people"]}:
        raise NotAskedProperlyError("Choose somebody who may work on all of these cases.")
    return int(wanted)


def _pause(request: HttpRequest, run: CaseRun) -> None:
    running.pause(run.pk)


def _resume(request: HttpRequest, run: CaseRun) -> None:
    if running.resume(run.pk):
        running.carry_on(run.pk)


def _cancel(request: HttpRequest, run: CaseRun) -> None:
    running.cancel(run.pk)


_PRESSES: Mapping[str, Callable[[HttpRequest, CaseRun], None]] = {
    "start": _start,
    "pause": _pause,
    "resume": _resume,
    "cancel": _cancel,
}
