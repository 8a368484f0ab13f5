"""The queue: one row per missing fact, the next deadline first, then the most money."""

from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import admin, messages
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import URLPattern, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import display

from connectors import ports
from connectors.access import Right
from connectors.admin_base import HubModelAdmin, register, require, rights_of
from exceptions_app.causes import cause_named
from exceptions_app.models import CaseQuerySet, CaseRun, ExceptionCase
from exceptions_app.telling import tell
from exceptions_app.words import number
from integrationhub.adminkit import moments
from integrationhub.console.cases import asking, filters, page, views
from integrationhub.console.cases.bulk import pages, planning
from integrationhub.console.money_words import at_stake


@register(ExceptionCase)
class CaseAdmin(HubModelAdmin):
    address = "cases"
    list_display = ("told", "next_step", "waiting", "value", "oldest", "deadline", "whose", "standing")
    list_filter = filters.ALL
    ordering = (F("next_deadline_at").asc(nulls_last=True), F("waiting_value").desc(), "pk")
    search_fields = ("code",)  # what is searched: get_search_results
    search_help_text = "SKU, carrier, order number or words"
    list_before_template = "console/cases/quick_views.html"
    change_list_template = "console/cases/list.html"
    actions = ("retry_selected", "assign_selected", "hand_over_selected", "snooze_selected", "close_selected")

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
        context = {**views.tabs(request), "keys_for": "list", **(extra_context or {})}
        response: HttpResponse = super().changelist_view(request, context)
        return response

    def get_ordering(self, request: HttpRequest) -> Any:
        """What is closed has no deadline any more: the latest first."""
        closed = request.GET.get("state") == ExceptionCase.State.CLOSED
        return ("-closed_at", "-pk") if closed else self.ordering

    # --- columns ----------------------------------------------------------------------------------------------------
    @display(description="Case")
    def told(self, case: ExceptionCase) -> SafeString:
        return format_html('<span class="hub-sentence">{}{}</span>', _marks(case), tell(case))

    @display(description="Next step")
    def next_step(self, case: ExceptionCase) -> SafeString:
        if case.resolved:
            return format_html('<span class="hub-quiet">{}</span>', "–")
        address = reverse("admin:exceptions_app_exceptioncase_change", args=[case.pk])
        return format_html(
            '<a class="hub-button hub-button-small" href="{}#fix">{}</a>', address, cause_named(case.cause).next_step
        )

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
        owner = case.owner.get_username() if case.owner else "nobody"
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
            more = f"or when {number(case.wake_at_count)} wait" if case.wake_at_count else ""
            return _two_lines("Snoozed", format_html("{} {}", until, more))
        if case.resolved:
            when = moments.ago(case.closed_at, now=ports.now(), zone=_zone(case))
            return _two_lines("Closed", format_html("{} by {}", when, case.closed_by))
        return format_html("{}", case.get_state_display())

    # --- many at once -----------------------------------------------------------------------------------------------
    def has_work_permission(self, request: HttpRequest) -> bool:
        return rights_of(request).may(Right.WORK_CASES)

    @admin.action(description="Try again everything that waits…", permissions=["work"])
    def retry_selected(self, request: HttpRequest, queryset: QuerySet[ExceptionCase]) -> HttpResponse | None:
        return self._plan(request, queryset, CaseRun.Act.RETRY)

    @admin.action(description="Assign…", permissions=["work"])
    def assign_selected(self, request: HttpRequest, queryset: QuerySet[ExceptionCase]) -> HttpResponse | None:
        return self._plan(request, queryset, CaseRun.Act.ASSIGN)

    @admin.action(description="Hand over…", permissions=["work"])
    def hand_over_selected(self, request: HttpRequest, queryset: QuerySet[ExceptionCase]) -> HttpResponse | None:
        return self._plan(request, queryset, CaseRun.Act.HAND_OVER)

    @admin.action(description="Snooze…", permissions=["work"])
    def snooze_selected(self, request: HttpRequest, queryset: QuerySet[ExceptionCase]) -> HttpResponse | None:
        return self._plan(request, queryset, CaseRun.Act.SNOOZE)

    @admin.action(description="Close with a reason…", permissions=["work"])
    def close_selected(self, request: HttpRequest, queryset: QuerySet[ExceptionCase]) -> HttpResponse | None:
        return self._plan(request, queryset, CaseRun.Act.CLOSE)

    def _plan(self, request: HttpRequest, queryset: QuerySet[ExceptionCase], act: CaseRun.Act) -> HttpResponse | None:
        """Freeze what was chosen, and lead to the page that says what will be done to it."""
        workable = rights_of(request).brand_ids(Right.WORK_CASES)
        cases = list(queryset.filter(brand_id__in=workable, pk__in=unresolved_ids())[: planning.CASES_AT_MOST + 1])
        if not cases:
            messages.warning(request, "None of these cases is open and yours to work on.")
            return None
        try:
            run = planning.plan(act, cases, planner=request.user, back_to=request.GET.urlencode())
        except planning.TooManyError as error:
            messages.error(request, str(error))
            return None
        return HttpResponseRedirect(reverse("admin:exceptions_app_exceptioncase_run", args=[run.pk]))

    # --- one case ---------------------------------------------------------------------------------------------------
    def own_urls(self) -> list[URLPattern]:
        return [
            self.page("views/save/", self.views_view, "view_save"),
            self.page("runs/<int:run_id>/", self.run_view, "run"),
            self.page("runs/<int:run_id>/press/", self.run_press_view, "run_press"),
            self.page("runs/<int:run_id>/progress/", self.run_progress_view, "run_progress"),
            self.page("<slug:object_id>/tried/", self.tried_view, "tried"),
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

    def tried_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return asking.last_try(request, self.found(request, object_id))

    # --- views and runs ---------------------------------------------------------------------------------------------
    def views_view(self, request: HttpRequest) -> HttpResponse:
        require(request, Right.SEE, None)
        return views.save(request)

    def run_view(self, request: HttpRequest, run_id: int) -> HttpResponse:
        return pages.show(self, request, pages.found(request, run_id, Right.SEE))

    def run_press_view(self, request: HttpRequest, run_id: int) -> HttpResponse:
        return pages.press(request, pages.found(request, run_id, Right.WORK_CASES))

    def run_progress_view(self, request: HttpRequest, run_id: int) -> JsonResponse:
        return pages.tell_progress(request, pages.found(request, run_id, Right.SEE))


def unresolved_ids() -> QuerySet[ExceptionCase]:
    return ExceptionCase.objects.unresolved().values("pk")  # type: ignore[return-value]


def _marks(case: ExceptionCase) -> SafeString:
    """What sets a case apart, before its sentence."""
    marks = []
    if case.state == ExceptionCase.State.OPEN and case.target_at is not None and case.target_at < ports.now():
        late = moments.span((ports.now() - case.target_at).total_seconds())
        marks.append(("hub-chip-bad", f"overdue {late}"))
    if case.regression:
        by = f", closed before by {case.previous.closed_by}" if case.previous and case.previous.closed_by else ""
        marks.append(("hub-chip-warn", f"came back{by}"))
    return format_html_join("", '<span class="hub-chip {}">{}</span> ', marks)


def _two_lines(first: str, second: SafeString) -> SafeString:
    return format_html('<span class="hub-two-lines"><span>{}</span><small>{}</small></span>', first, second)


def _zone(case: ExceptionCase) -> ZoneInfo:
    return ZoneInfo(case.brand.timezone)


def _is_id(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) < 18
