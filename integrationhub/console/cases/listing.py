"""The queue: one row per missing fact, the next deadline first, then the most money."""

from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.contrib import admin, messages
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from connectors import ports
from connectors.access import Right
from connectors.admin_base import HubModelAdmin, register, rights_of
from exceptions_app import deciding
from exceptions_app.errors import RefusedCaseError
from exceptions_app.models import CaseQuerySet, ExceptionCase
from exceptions_app.telling import tell
from exceptions_app.words import counted, number
from integrationhub.adminkit import moments
from integrationhub.console.cases import filters, page
from integrationhub.console.cases.acting import NotAskedProperlyError, colleagues, snooze_end, snooze_labels
from integrationhub.console.money_words import at_stake

TOLD_REFUSALS = 5
QUICK_VIEWS: tuple[tuple[str, dict[str, str]], ...] = (
    ("Everything open", {}),
    ("Mine", {"owner": "me"}),
    ("Operations", {"team": "OPS"}),
    ("Ecommerce", {"team": "ECOMMERCE"}),
    ("Finance", {"team": "FINANCE"}),
    ("Due today", {"due": "today"}),
    ("Came back", {"back": "yes"}),
    ("Snoozed", {"state": "SNOOZED"}),
)


@register(ExceptionCase)
class CaseAdmin(HubModelAdmin):
    address = "cases"
    list_display = ("told", "waiting", "value", "oldest", "deadline", "whose", "standing")
    list_filter = (
        filters.StateFilter,
        filters.TeamFilter,
        filters.OwnerFilter,
        filters.DueFilter,
        filters.CauseFilter,
        filters.ChannelFilter,
        filters.BrandFilter,
        filters.CameBackFilter,
    )
    ordering = (F("next_deadline_at").asc(nulls_last=True), F("waiting_value").desc(), "pk")
    search_fields = ("code",)  # what is searched: get_search_results
    search_help_text = "SKU, carrier, order number or words"
    list_before_template = "console/cases/quick_views.html"
    change_list_template = "console/cases/list.html"
    actions = ("retry_selected", "assign_selected", "snooze_selected")

    # --- rows -------------------------------------------------------------------------------------------------------
    def get_queryset(self, request: HttpRequest) -> QuerySet[ExceptionCase]:
        rows = super().get_queryset(request)
        assert isinstance(rows, CaseQuerySet)
        return rows.with_words()

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[ExceptionCase], search_term: str
    ) -> tuple[QuerySet[ExceptionCase], bool]:
        """Cases are as few as there are causes, so looking into their words is cheap."""
        for word in search_term.replace("\x00", "").split():
            within = Q(code__icontains=word) | Q(platform_words__icontains=word) | Q(context__icontains=word)
            within |= Q(case_links__link__source__name__icontains=word) | Q(target__name__icontains=word)
            queryset = queryset.filter(within | Q(pk=int(word)) if _is_id(word) else within)
        return queryset.distinct() if search_term.strip() else queryset, False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        context = {"quick_views": _quick_views(request), **(extra_context or {})}
        response: HttpResponse = super().changelist_view(request, context)
        return response

    # --- columns ----------------------------------------------------------------------------------------------------
    @display(description="Case")
    def told(self, case: ExceptionCase) -> SafeString:
        back = format_html('<span class="hub-chip hub-chip-warn">{}</span> ', "came back") if case.regression else ""
        return format_html('<span class="hub-sentence">{}{}</span>', back, tell(case))

    @display(description="Waiting", ordering="waiting_count")
    def waiting(self, case: ExceptionCase) -> SafeString:
        return format_html('<span class="hub-number">{}</span>', number(case.waiting_count))

    @display(description="Value", ordering="waiting_value")
    def value(self, case: ExceptionCase) -> SafeString:
        words = at_stake(case.waiting_value, case.brand.reporting_currency)
        return format_html('<span class="hub-number">{}</span>', words)

    @display(description="Oldest", ordering="oldest_at")
    def oldest(self, case: ExceptionCase) -> SafeString:
        return moments.age(case.oldest_at, now=ports.now(), zone=_zone(case))

    @display(description="Deadline", ordering="next_deadline_at")
    def deadline(self, case: ExceptionCase) -> SafeString:
        return moments.countdown(case.next_deadline_at, now=ports.now(), zone=_zone(case))

    @display(description="Owner")
    def whose(self, case: ExceptionCase) -> SafeString:
        owner = case.owner.get_username() if case.owner else "nobody yet"
        quiet = "" if case.owner else " hub-quiet"
        return format_html(
            '<span class="hub-two-lines"><span class="{}">{}</span><small>{}</small></span>',
            quiet.strip(),
            owner,
            case.get_team_display(),
        )

    @display(description="State")
    def standing(self, case: ExceptionCase) -> SafeString:
        if case.state == ExceptionCase.State.SNOOZED:
            until = moments.countdown(case.snoozed_until, now=ports.now(), zone=_zone(case))
            return format_html('<span class="hub-two-lines"><span>Snoozed</span><small>{}</small></span>', until)
        return format_html("{}", case.get_state_display())

    # --- many at once -----------------------------------------------------------------------------------------------
    def has_work_permission(self, request: HttpRequest) -> bool:
        return rights_of(request).may(Right.WORK_CASES)

    @admin.action(description="Try again everything that waits", permissions=["work"])
    def retry_selected(self, request: HttpRequest, queryset: QuerySet[ExceptionCase]) -> HttpResponse | None:
        if "apply" not in request.POST:
            cases = self._workable(request, queryset)
            records = sum(case.waiting_count for case in cases)
            return self._ask(request, cases, "console/cases/retry.html", records=records)

        def retry(case: ExceptionCase) -> None:
            deciding.request_retry(case.pk, actor=request.user.get_username())

        self._do_to_each(request, queryset, retry, told="being tried again")
        return None

    @admin.action(description="Assign…", permissions=["work"])
    def assign_selected(self, request: HttpRequest, queryset: QuerySet[ExceptionCase]) -> HttpResponse | None:
        cases = self._workable(request, queryset)
        people = {str(one.pk): one for brand_id in {case.brand_id for case in cases} for one in colleagues(brand_id)}
        if "apply" not in request.POST:
            return self._ask(request, cases, "console/cases/assign.html", people=people.values())
        owner = people.get(request.POST.get("owner", ""))

        def assign(case: ExceptionCase) -> None:
            deciding.assign(case.pk, owner=owner, actor=request.user.get_username())

        self._do_to_each(request, queryset, assign, told=f"assigned to {owner.get_username() if owner else 'nobody'}")
        return None

    @admin.action(description="Snooze until…", permissions=["work"])
    def snooze_selected(self, request: HttpRequest, queryset: QuerySet[ExceptionCase]) -> HttpResponse | None:
        cases = self._workable(request, queryset)
        if "apply" not in request.POST:
            return self._ask(request, cases, "console/cases/snooze.html", choices=snooze_labels())
        try:
            end = snooze_end(request.POST, rights_of(request).zone)
        except NotAskedProperlyError as error:
            messages.error(request, str(error))
            return self._ask(request, cases, "console/cases/snooze.html", choices=snooze_labels())

        def snooze(case: ExceptionCase) -> None:
            reason = request.POST.get("text", "")
            deciding.snooze(case.pk, until=end, actor=request.user.get_username(), reason=reason)

        self._do_to_each(request, queryset, snooze, told="snoozed")
        return None

    def _workable(self, request: HttpRequest, queryset: QuerySet[ExceptionCase]) -> list[ExceptionCase]:
        return list(queryset.filter(brand_id__in=rights_of(request).brand_ids(Right.WORK_CASES)))

    def _ask(self, request: HttpRequest, cases: list[ExceptionCase], template: str, **more: Any) -> HttpResponse:
        """The page between choosing the rows and doing it: says what it will be done to."""
        context = {
            **self.admin_site.each_context(request),
            "title": "Cases",
            "cases": [(case, tell(case)) for case in cases[:10]],
            "count": len(cases),
            "more": max(len(cases) - 10, 0),
            "action": request.POST.get("action", ""),
            "ids": [case.pk for case in cases],
            **more,
        }
        return TemplateResponse(request, template, context)

    def _do_to_each(self, request: HttpRequest, queryset: QuerySet[ExceptionCase], act: Any, *, told: str) -> None:
        done, refusals = 0, []
        for case in self._workable(request, queryset):
            try:
                act(case)
                done += 1
            except RefusedCaseError as error:
                refusals.append(f"Case {case.pk}: {error}")
        if done:
            messages.success(request, f"{counted(done, 'case is', 'cases are')} {told}.")
        for words in refusals[:TOLD_REFUSALS]:
            messages.warning(request, words)
        if len(refusals) > TOLD_REFUSALS:
            messages.warning(request, f"And {len(refusals) - TOLD_REFUSALS} more were refused.")

    # --- one case ---------------------------------------------------------------------------------------------------
    def own_urls(self) -> list[URLPattern]:
        return [
            self.page("<slug:object_id>/map/", self.map_view, "map"),
            self.page("<slug:object_id>/act/", self.act_view, "act"),
            self.page("<slug:object_id>/progress/", self.progress_view, "progress"),
            self.page("<slug:object_id>/codes/", self.codes_view, "codes"),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        return page.show(self, request, self.found(request, object_id))

    def map_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return page.save(self, request, self.found(request, object_id))

    def act_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return page.press(request, self.found(request, object_id))

    def progress_view(self, request: HttpRequest, object_id: str) -> JsonResponse:
        return page.tell_progress(request, self.found(request, object_id))

    def codes_view(self, request: HttpRequest, object_id: str) -> JsonResponse:
        return page.find_codes(request, self.found(request, object_id))


def _zone(case: ExceptionCase) -> ZoneInfo:
    return ZoneInfo(case.brand.timezone)


def _is_id(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) < 18


def _quick_views(request: HttpRequest) -> list[dict[str, Any]]:
    chosen = {name: value for name, value in request.GET.items() if name not in ("o", "p", "q")}
    return [
        {"label": label, "query": f"?{urlencode(query)}", "active": query == chosen} for label, query in QUICK_VIEWS
    ]
