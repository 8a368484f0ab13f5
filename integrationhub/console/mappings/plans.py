"""Imports of mappings: what each would do, row by row, before it is confirmed; what it did, and the way back."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from connectors import ports
from connectors.access import Right
from connectors.admin_base import HubModelAdmin, register, require, rights_of
from exceptions_app.words import counted
from integrationhub.adminkit import moments
from integrationhub.console.mappings import long_imports, words
from integrationhub.console.mappings.filters import BrandFilter, KindFilter, PlanStateFilter
from integrationhub.console.mappings.progress import progress_of
from integrationhub.sync.models import Blocker
from mappings_app.applying import drop_plan
from mappings_app.errors import RefusedMappingError, StalePlanError
from mappings_app.models import WRITTEN, ImportPlan, ImportRow, MappingUse
from mappings_app.undoing import undoing
from mappings_app.uses import COUNT_CAP, count_words

ROWS_SHOWN = 100
# The order in which a person wants to look: what is wrong, what changes, what is new.
_VIEWS = (
    ("WRONG", "wrong"),
    ("CONFLICT", "contradicting"),
    ("DUPLICATE", "said twice"),
    ("CHANGED", "changed"),
    ("NEW", "new"),
    ("UNCHANGED", "unchanged"),
)
_RELEASED_WITHIN = timedelta(minutes=15)
_TONES = {
    "READING": " hub-chip-warn",
    "REFUSED": " hub-chip-bad",
    "READY": " hub-chip-warn",
    "APPLYING": " hub-chip-warn",
    "APPLIED": " hub-chip-good",
    "UNDOING": " hub-chip-warn",
}


@register(ImportPlan)
class ImportPlanAdmin(HubModelAdmin):
    address = "mappings/imports"
    plural = "Imports"
    list_display = ("named", "kind_words", "rows", "state_words", "made")
    list_filter = (PlanStateFilter, KindFilter, BrandFilter)
    list_select_related = ("brand",)
    ordering = ("-pk",)
    search_fields = ("file_name",)
    search_help_text = "Beginning of the file's name"
    change_list_template = "console/list.html"

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        term = search_term.strip().replace("\x00", "")
        return (queryset.filter(file_name__istartswith=term) if term else queryset), False

    @display(description="File", ordering="file_name")
    def named(self, plan: ImportPlan) -> str:
        return plan.file_name

    @display(description="Table", ordering="kind")
    def kind_words(self, plan: ImportPlan) -> str:
        return plan.kind_spec.plural[:1].upper() + plan.kind_spec.plural[1:]

    @display(description="Rows")
    def rows(self, plan: ImportPlan) -> str:
        told = [f"{plan.count(verdict):,} {label}" for verdict, label in _VIEWS if plan.count(verdict)]
        return ", ".join(told) or "none"

    @display(description="State", ordering="state")
    def state_words(self, plan: ImportPlan) -> SafeString:
        tone = _TONES.get(plan.state, "")
        return format_html('<span class="hub-chip{}">{}</span>', tone, plan.get_state_display())

    @display(description="Read", ordering="made_at")
    def made(self, plan: ImportPlan) -> SafeString:
        at = moments.ago(plan.made_at, now=ports.now(), zone=ZoneInfo(plan.brand.timezone))
        return format_html('<span class="hub-two-lines"><span>{}</span><small>{}</small></span>', at, plan.made_by)

    # --- one import -------------------------------------------------------------------------------------------------
    def own_urls(self) -> list[URLPattern]:
        return [
            self.page("<slug:object_id>/apply/", self.apply_view, "apply"),
            self.page("<slug:object_id>/saving/", self.saving_view, "saving"),
            self.page("<slug:object_id>/drop/", self.drop_view, "drop"),
            self.page("<slug:object_id>/undo/", self.undo_view, "undo"),
            self.page("<slug:object_id>/progress/", self.progress_view, "progress"),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        plan: ImportPlan = self.found(request, object_id)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": str(plan),
            "plan": plan,
            "may_map": rights_of(request).may(Right.MAP_CODES, plan.brand_id),
            "now": ports.now(),
            "zone": ZoneInfo(plan.brand.timezone),
            "list_url": words.address(plan.kind, "changelist"),
            "import_url": words.address(plan.kind, "import"),
            "tone": _TONES.get(plan.state, ""),
            "total": plan.count(*(verdict for verdict, _ in _VIEWS)),
            **_rows(plan, request),
            "going": long_imports.panel_of(plan),
            **(_after(plan) if plan.state in (ImportPlan.State.APPLIED, ImportPlan.State.UNDONE) else {}),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "console/mappings/plan.html", context)

    def apply_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        def apply(plan_id: int, *, actor: str) -> str:
            plan = ImportPlan.objects.get(pk=plan_id)
            saved = long_imports.save(plan, actor=actor, reason=request.POST.get("reason", "").strip())
            if saved.state == ImportPlan.State.APPLYING:
                return f"{counted(plan.to_write, 'mapping is', 'mappings are')} being saved."
            return f"{counted(plan.to_write, 'mapping is', 'mappings are')} saved. What waited goes on."

        return self._change(request, object_id, apply)

    def saving_view(self, request: HttpRequest, object_id: str) -> JsonResponse:
        """How far a long import is. A POST does a little more of it first."""
        plan: ImportPlan = self.found(request, object_id)
        if request.method == "POST":
            require(request, Right.MAP_CODES, plan.brand_id)
            long_imports.lend_a_hand(plan)
            plan.refresh_from_db()
        return JsonResponse(long_imports.progress_of(plan), headers={"Cache-Control": "no-store"})

    def drop_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        def drop(plan_id: int, *, actor: str) -> str:
            drop_plan(plan_id, actor=actor)
            return "Put away. Nothing was mapped."

        return self._change(request, object_id, drop)

    def undo_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        def undo(plan_id: int, *, actor: str) -> str:
            reason = request.POST.get("reason", "").strip()
            if not reason:
                raise RefusedMappingError(["Say why: it is kept on the audit trail."])
            plan = ImportPlan.objects.get(pk=plan_id)
            what = long_imports.undo(plan, actor=actor, reason=reason)
            kept = f" Changed again since, and left as they are: {words.named(what.kept_codes)}." if what.kept else ""
            going = ImportPlan.objects.filter(pk=plan_id, state=ImportPlan.State.UNDOING).exists()
            goes = ("goes", "go") if going else ("is", "are")
            back = counted(what.back, f"mapping {goes[0]}", f"mappings {goes[1]}")
            return f"{back} back to what stood before.{kept}" if going else f"{back} as before.{kept}"

        return self._change(request, object_id, undo)

    def _change(self, request: HttpRequest, object_id: str, change: Callable[..., str]) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        plan: ImportPlan = self.found(request, object_id)
        require(request, Right.MAP_CODES, plan.brand_id)
        try:
            messages.success(request, change(plan.pk, actor=request.user.get_username()))
        except StalePlanError as stale:
            differ = counted(len(stale.numbers), "row comes", "rows come")
            messages.warning(
                request,
                f"The tables changed since the dry run: {differ} out otherwise now. Nothing was saved."
                " Look at them, marked below, and confirm again.",
            )
        except RefusedMappingError as error:
            for problem in error.problems:
                messages.error(request, problem)
        return HttpResponseRedirect(reverse("admin:mappings_app_importplan_change", args=[plan.pk]))

    def progress_view(self, request: HttpRequest, object_id: str) -> JsonResponse:
        plan: ImportPlan = self.found(request, object_id)
        return JsonResponse(progress_of(_released(plan)))


# --- what the page shows ----------------------------------------------------------------------------------------------


def _rows(plan: ImportPlan, request: HttpRequest) -> dict[str, Any]:
    shown = request.GET.get("show", "")
    differing = plan.rows.filter(differs=True)
    tabs = [(verdict, label, plan.count(verdict)) for verdict, label in _VIEWS if plan.count(verdict)]
    known = [verdict for verdict, _, _ in tabs]
    rows: QuerySet[ImportRow] = plan.rows.order_by("number").select_related("link__source", "link__target")
    if shown in known:
        rows = rows.filter(verdict=shown)
    elif shown == "differs":
        rows = rows.filter(differs=True)
    count = plan.count(shown) if shown in known else rows.count() if shown == "differs" else plan.count(*known)
    pages = _KnownCount(rows, ROWS_SHOWN, count)
    return {
        "tabs": tabs,
        "shown": shown if shown in known or shown == "differs" else "",
        "differing": differing.count() if plan.state == ImportPlan.State.READY else 0,
        "page": pages.get_page(request.GET.get("page")),
        "refused": plan.count("WRONG", "CONFLICT"),
    }


class _KnownCount(Paginator):  # type: ignore[type-arg]
    """Pages of rows whose number the plan knows already."""

    def __init__(self, rows: QuerySet[ImportRow], per_page: int, count: int) -> None:
        super().__init__(rows, per_page)
        self.__dict__["count"] = count


def _after(plan: ImportPlan) -> dict[str, Any]:
    """What an applied import did, and what undoing it would do."""
    applied = plan.state == ImportPlan.State.APPLIED
    shaped = MappingUse.objects.filter(version__change=plan.change).values("record").distinct()
    state = progress_of(_released(plan))
    return {
        "undoing": undoing(plan) if applied else None,
        "shaped_count": count_words(shaped[: COUNT_CAP + 1].count()),
        "pressed": {"state": state, "url": reverse("admin:mappings_app_importplan_progress", args=[plan.pk])}
        if state["total"]
        else None,
    }


def _released(plan: ImportPlan) -> QuerySet[Blocker]:
    """What applying the plan let go."""
    if plan.applied_at is None:
        return Blocker.objects.none()
    codes: QuerySet[ImportRow, Any] = plan.rows.filter(verdict__in=WRITTEN).values("from_code")
    return Blocker.objects.filter(
        released_by=plan.applied_by[:150],
        released_at__gte=plan.applied_at,
        released_at__lte=plan.applied_at + _RELEASED_WITHIN,
        case__brand_id=plan.brand_id,
        case__mapping_kind=plan.kind,
        case__code__in=codes,
    )
