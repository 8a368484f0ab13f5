"""One case: what it is, what to do, the fix beside it, what waits, what happened — and what pressing its buttons does."""

from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.http import urlencode

from connectors import ports
from connectors.access import Right
from connectors.admin_base import Rights, require, rights_of
from exceptions_app.causes import Fix
from exceptions_app.errors import RefusedCaseError
from exceptions_app.models import ExceptionCase
from exceptions_app.telling import Telling, explain
from integrationhub.console.cases import acting, choosing
from integrationhub.console.cases.about import about
from integrationhub.console.cases.fixing import FixForm, Missing, missing_of, save_fix
from integrationhub.console.cases.previewing import previews
from integrationhub.console.cases.progress import CHOICE, RELEASE, RETRY, Press, progress
from integrationhub.console.cases.settling import SETTLED_BY_HAND, may_close
from integrationhub.console.cases.waiting import waiting_page
from integrationhub.console.catalogue.cases import fix_url, products_url
from integrationhub.console.manual import playbook
from integrationhub.console.money_words import at_stake
from integrationhub.console.orders import acceptance
from mappings_app.errors import RefusedMappingError
from mappings_app.forms import find_known_codes, receivers
from mappings_app.models import MAPPING_MODELS, MappingVersion

if TYPE_CHECKING:
    from integrationhub.console.cases.listing import CaseAdmin

_BREAKER_WORDS = "Nothing is sent to this channel until somebody releases or refuses it, line by line in sight."

_LISTINGS_WORDS = (
    "Say what the attribute is made of, and see at once what comes out. Exactly these products go out then."
)


def show(
    model_admin: "CaseAdmin", request: HttpRequest, case: ExceptionCase, *, form: FixForm | None = None
) -> HttpResponse:
    now, rights = ports.now(), rights_of(request)
    telling = explain(case, now=now)
    context = {
        **model_admin.admin_site.each_context(request),
        "title": f"Case {case.pk}",
        "opts": model_admin.opts,
        "case": case,
        "telling": telling,
        "now": now,
        "zone": ZoneInfo(case.brand.timezone),
        "value": at_stake(case.waiting_value, case.brand.reporting_currency),
        "may_work": rights.may(Right.WORK_CASES, case.brand_id),
        "may_map": rights.may(Right.MAP_CODES, case.brand_id),
        "may_edit": any(rights.may(right, case.brand_id) for right in (Right.CHANGE_ORDERS, Right.APPROVE_MONEY)),
        "is_open": not case.resolved,
        "overdue": case.state == ExceptionCase.State.OPEN and case.target_at is not None and case.target_at < now,
        "playbook": playbook(telling.playbook),
        "waiting": waiting_page(case, number=_page_number(request)) if not case.resolved else None,
        "products_url": products_url(case),
        **_fix(case, telling, form, rights, now=now),
        "person_url": _person_url(case, rights),
        **_deciding(case),
        "events": list(case.events.all()),
        "about": about(case),
        "pressed": _pressed(request, case),
    }
    request.current_app = model_admin.admin_site.name
    return TemplateResponse(request, "console/cases/case.html", context)


# --- what it shows ----------------------------------------------------------------------------------------------------


def _fix(
    case: ExceptionCase, telling: Telling, form: FixForm | None, rights: Rights, *, now: datetime
) -> dict[str, Any]:
    """The panel beside the words: {"fix_template", …what it shows}."""
    missing = missing_of(case) if not case.resolved else None
    if missing is None:
        return _other_fix(case, telling, rights, now=now)
    form = form or FixForm(missing)
    scopes = form.scope_choices(now)
    return {
        "fix_template": "console/cases/fix_mapping.html",
        "missing": missing,
        "form": form,
        "attributes": [form[name] for name in form.fields if name.startswith("attribute_")],
        "scopes": scopes,
        "checked": next((scope for scope in scopes if scope["checked"]), scopes[0]),
    }


def _other_fix(case: ExceptionCase, telling: Telling, rights: Rights, *, now: datetime) -> dict[str, Any]:
    """The panel of causes that no mapping mends."""
    if case.resolved:
        return {}
    if telling.fix == Fix.CONNECTION and case.target_id:
        url = reverse("admin:connectors_connection_change", args=[case.target_id])
        return {"fix_template": "console/cases/fix_connection.html", "fix_url": url}
    if telling.fix == Fix.BREAKER and (hold := case.context.get("hold")):
        page = "catalogue_pricehold_change" if case.cause == "prices_stopped" else "inventory_stockhold_change"
        url = reverse(f"admin:{page}", args=[hold])
        return {"fix_template": "console/cases/fix_other.html", "fix_url": url, "fix_words": _BREAKER_WORDS}
    if telling.fix == Fix.LISTINGS and (url := fix_url(case)):
        return {"fix_template": "console/cases/fix_other.html", "fix_url": url, "fix_words": _LISTINGS_WORDS}
    if telling.fix == Fix.ACCEPTANCE:
        return {"fix_template": "console/cases/fix_acceptance.html", "acceptance": acceptance.panel(case, rights)}
    if telling.fix == Fix.CHOOSE and (choice := choosing.choice_of(case)):
        may_choose = rights.may(choosing.CHOOSE_RIGHT, case.brand_id)
        return {"fix_template": "console/cases/fix_choose.html", "choice": choice, "may_choose": may_choose}
    if telling.fix in SETTLED_BY_HAND:
        return {"fix_template": "console/cases/fix_confirm.html", "only_noted": telling.fix == Fix.NONE}
    preview = previews(case, [])[None]
    return {
        "fix_template": "console/cases/fix_retry.html",
        "fix_url": _cancel_url(case) if telling.fix == Fix.CANCEL else "",
        "preview": preview,
        "would": preview.retry_sentence(currency=case.brand.reporting_currency, now=now),
        "edits": telling.fix == Fix.EDIT,
    }


def _cancel_url(case: ExceptionCase) -> str:
    """The page that says what cancelling the case's order brings about; "" for a case that is about none."""
    kind, _, pk = case.object_key.partition(":")
    return reverse("admin:orders_soldorder_act", args=[pk, "cancel"]) if kind == "order" else ""


def _person_url(case: ExceptionCase, rights: Rights) -> str:
    """Old and new side by side, loaded only when somebody unfolds it: personal data are in no case."""
    if case.cause != "address_changed" or not rights.may(Right.SEE_PERSONAL_DATA, case.brand_id):
        return ""
    return reverse("admin:orders_soldorder_person", args=[case.object_key.partition(":")[2]])


def _page_number(request: HttpRequest) -> int:
    wanted = request.GET.get("page", "1")
    return max(int(wanted), 1) if wanted.isascii() and wanted.isdigit() and len(wanted) < 6 else 1


def _deciding(case: ExceptionCase) -> dict[str, Any]:
    return {
        "may_close": may_close(case),
        "colleagues": acting.colleagues(case.brand_id),
        "teams": ExceptionCase.Team.choices,
        "snoozes": acting.snooze_labels(),
        "mapping": _mapping_since(case) if case.resolved else None,
        "sold_at": ", ".join(channel.link.source.name for channel in case.case_links.all()),
        "differences": [one for one in case.context.get("differences", []) if isinstance(one, dict)],
    }


def _mapping_since(case: ExceptionCase) -> dict[str, str] | None:
    """The way back from a fix: the mapping that stands for the case's code now."""
    if not case.mapping_kind or case.mapping_kind not in MAPPING_MODELS:
        return None
    versions = MappingVersion.objects.filter(
        brand_id=case.brand_id, kind=case.mapping_kind, from_code=case.code, superseded_at=None, retired=False
    )
    version = versions.order_by("-pk").first()
    if version is None:
        return None
    model = MAPPING_MODELS[case.mapping_kind]._meta.model_name
    return {"text": str(version), "url": reverse(f"admin:mappings_app_{model}_change", args=[version.pk])}


def _pressed(request: HttpRequest, case: ExceptionCase) -> dict[str, Any] | None:
    """The panel that counts down what a button set going; None when no button was just pressed."""
    press = _press_in(request)
    if press is None:
        return None
    address = reverse("admin:exceptions_app_exceptioncase_progress", args=[case.pk])
    query = urlencode(press.query)
    return {"url": f"{address}?{query}", "state": progress(case, press)}


def _press_in(request: HttpRequest) -> Press | None:
    """The press that the address tells of; None where it tells of none that makes sense."""
    what, text, job = (request.GET.get(name, "") for name in ("what", "at", "job"))
    try:
        pressed_at = parse_datetime(text)
    except ValueError:
        return None
    if what not in (RELEASE, RETRY, CHOICE) or pressed_at is None or pressed_at.tzinfo is None:
        return None
    job_id = int(job) if job.isascii() and job.isdigit() and len(job) < 18 else None
    return None if what == CHOICE and job_id is None else Press(what=what, at=pressed_at, job_id=job_id)


# --- what it does -----------------------------------------------------------------------------------------------------


def save(model_admin: "CaseAdmin", request: HttpRequest, case: ExceptionCase) -> HttpResponse:
    """Save the mapping and release what waits; back to the case, which then counts down."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    require(request, Right.MAP_CODES, case.brand_id)
    missing = missing_of(case)
    if missing is None or case.resolved:
        messages.info(request, "This case is settled already.")
        return _back(case)
    form = FixForm(missing, request.POST)
    if not form.is_valid():
        return show(model_admin, request, case, form=form)
    return _saved(model_admin, request, case, form)


def _saved(model_admin: "CaseAdmin", request: HttpRequest, case: ExceptionCase, form: FixForm) -> HttpResponse:
    try:
        version, released_at = save_fix(form, actor=request.user.get_username())
    except RefusedMappingError as error:
        for problem in error.problems:
            form.add_error(None, problem)
        return show(model_admin, request, case, form=form)
    messages.success(request, f"Saved: {version}.")
    return _back(case, Press(what=RELEASE, at=released_at) if released_at else None)


def press(request: HttpRequest, case: ExceptionCase) -> HttpResponse:
    """One of the buttons beside the mapping: assign, comment, snooze, try again, close, reopen."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    require(request, Right.WORK_CASES, case.brand_id)
    name = request.POST.get("do", "")
    if name not in acting.ACTS:
        raise PermissionDenied
    if name == "choose":
        require(request, choosing.CHOOSE_RIGHT, case.brand_id)
    pressed_at = ports.now()
    try:
        done = acting.act(name, case, request.POST, request.user)
    except (RefusedCaseError, acting.NotAskedProperlyError) as error:
        messages.error(request, str(error))
        return _back(case)
    messages.success(request, done.told)
    if done.chosen_job_id is not None:
        return _back(case, Press(what=CHOICE, at=pressed_at, job_id=done.chosen_job_id))
    return _back(case, Press(what=RETRY, at=pressed_at, job_id=done.job_id) if done.retried else None)


def _back(case: ExceptionCase, press: Press | None = None) -> HttpResponse:
    address = reverse("admin:exceptions_app_exceptioncase_change", args=[case.pk])
    return HttpResponseRedirect(f"{address}?{urlencode(press.query)}" if press else address)


def tell_progress(request: HttpRequest, case: ExceptionCase) -> JsonResponse:
    press = _press_in(request)
    if press is None:
        raise PermissionDenied
    return JsonResponse(progress(case, press), headers={"Cache-Control": "no-store"})


def find_codes(request: HttpRequest, case: ExceptionCase) -> JsonResponse:
    """The codes that can be chosen and match what was typed: {"codes": [{"code", "label"}]}."""
    require(request, Right.MAP_CODES, case.brand_id)
    missing: Missing | None = missing_of(case)
    if missing is None:
        return JsonResponse({"codes": []})
    known = find_known_codes(missing.kind, receivers(missing.kind, missing.links), request.GET.get("q", ""))
    return JsonResponse({"codes": [{"code": one.code, "label": one.label} for one in known]})
