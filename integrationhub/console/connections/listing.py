"""Connections: how each stands, its settings, its test, its switch, what its platform can do."""

from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, URLPattern, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from connectors import ports
from connectors.access import Right
from connectors.admin_base import HubModelAdmin, register, require, rights_of
from connectors.base import CAPABILITY_LABELS, Capability
from connectors.models import Brand, Connection
from connectors.registry import CONNECTORS
from exceptions_app.telling import platform_label
from integrationhub.adminkit import moments
from integrationhub.console.cases.filters import BrandFilter
from integrationhub.console.connections.ages import too_old
from integrationhub.console.connections.forms import ConnectionForm, new_connection
from integrationhub.console.connections.switching import switch_connection
from integrationhub.console.connections.testing import Tried, try_connection
from integrationhub.console.orders.timeline import answer_words
from integrationhub.console.syncs import budgets
from integrationhub.sync import sequences, ticks
from integrationhub.sync.counters import counted
from integrationhub.sync.models import SyncCall

CALLS_SHOWN = 25
_TONES = {
    Connection.State.ACTIVE: "hub-chip-good",
    Connection.State.REFUSED: "hub-chip-bad",
    Connection.State.SWITCHED_OFF: "hub-chip-warn",
}


@register(Connection)
class ConnectionAdmin(HubModelAdmin):
    address = "connections"
    add_right = Right.CONFIGURE
    list_display = ("called", "platform_name", "brand", "standing", "since", "expires")
    list_filter = (BrandFilter,)
    list_select_related = ("brand",)
    ordering = ("brand__name", "name")
    change_list_template = "console/list.html"

    # --- columns ----------------------------------------------------------------------------------------------------
    @display(description="Name", ordering="name")
    def called(self, row: Connection) -> str:
        return row.name

    @display(description="Platform", ordering="platform")
    def platform_name(self, row: Connection) -> str:
        return platform_label(row.platform)

    @display(description="State", ordering="state")
    def standing(self, row: Connection) -> SafeString:
        return state_chip(row)

    @display(description="Since", ordering="state_changed_at")
    def since(self, row: Connection) -> SafeString:
        return moments.ago(row.state_changed_at, now=ports.now(), zone=ZoneInfo(row.brand.timezone))

    @display(description="Key expires", ordering="credentials_expire_at")
    def expires(self, row: Connection) -> SafeString:
        return moments.countdown(
            row.credentials_expire_at, now=ports.now(), zone=ZoneInfo(row.brand.timezone), never="not stated"
        )

    # --- pages ------------------------------------------------------------------------------------------------------
    def own_urls(self) -> list[URLPattern]:
        return [
            self.page("capabilities/", self.capabilities_view, "capabilities"),
            self.page("<slug:object_id>/test/", self.test_view, "test"),
            self.page("<slug:object_id>/switch/", self.switch_view, "switch"),
        ]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """First the platform, then what that platform asks for."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        brands = list(Brand.objects.filter(pk__in=rights_of(request).brand_ids(Right.CONFIGURE)).order_by("name"))
        platform = request.GET.get("platform", "")
        if platform not in CONNECTORS:
            choices = [{"name": name, "label": kind.label} for name, kind in CONNECTORS.items()]
            return self._render(
                request, "console/connections/choose.html", {"title": "New connection", "choices": choices}
            )
        row = new_connection(platform)
        form = ConnectionForm(request.POST if request.method == "POST" else None, row=row, brands=brands)
        if request.method == "POST" and form.is_valid():
            form.save(actor=request.user.get_username())
            ticks.plan_schedules()
            messages.success(request, f"{row} is saved. Test it now: the test says what is still missing.")
            return HttpResponseRedirect(self._address(row))
        title = f"New {platform_label(platform)} connection"
        return self._render(request, "console/connections/add.html", {"title": title, "form": form})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        row = self.found(request, object_id)
        may_configure = rights_of(request).may(Right.CONFIGURE, row.brand_id)
        if request.method == "POST":
            require(request, Right.CONFIGURE, row.brand_id)
        known = row.platform in CONNECTORS
        form = self._form(request, row) if may_configure and known else None
        if form and request.method == "POST" and form.is_valid():
            changed = form.save(actor=request.user.get_username())
            words = " The address is new, so the former keys are gone." if changed.secrets_wiped else ""
            messages.success(request, f"Saved.{words} Test the connection now.")
            return HttpResponseRedirect(self._address(row))
        return self._show(request, row, form=form)

    def _form(self, request: HttpRequest, row: Connection) -> ConnectionForm:
        return ConnectionForm(request.POST if request.method == "POST" else None, row=row, brands=[row.brand])

    def test_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        row = self.found(request, object_id)
        require(request, Right.CONFIGURE, row.brand_id)
        result = try_connection(row, actor=request.user.get_username())
        row.refresh_from_db()
        form = ConnectionForm(row=row, brands=[row.brand])
        return self._show(request, row, form=form, result=result)

    def switch_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        row = self.found(request, object_id)
        require(request, Right.CONFIGURE, row.brand_id)
        on, reason = request.POST.get("to") == "on", request.POST.get("reason", "").strip()
        if not reason:
            messages.error(request, "Say why: it is kept on the audit trail and shown to everyone.")
        elif not on and request.POST.get("sure") != "yes":
            messages.error(request, f"Tick that you mean it: nothing goes to or comes from {row.name} then.")
        elif switch_connection(row, on=on, actor=request.user.get_username(), reason=reason):
            told = "Calls go on." if on else "No call is made to it any more. Nothing is lost: work waits."
            messages.success(request, told)
        else:
            messages.info(request, "It stood like that already.")
        return HttpResponseRedirect(self._address(row))

    def capabilities_view(self, request: HttpRequest) -> HttpResponse:
        """What each platform can and cannot do, from the connectors themselves."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        rows = [
            (CAPABILITY_LABELS[capability], [_ability(kind, capability) for kind in CONNECTORS.values()])
            for capability in Capability
        ]
        context = {
            "title": "What the platforms can do",
            "platforms": [kind.label for kind in CONNECTORS.values()],
            "rows": rows,
        }
        return self._render(request, "console/connections/capabilities.html", context)

    # --- around -----------------------------------------------------------------------------------------------------
    def _show(
        self, request: HttpRequest, row: Connection, *, form: ConnectionForm | None, result: Tried | None = None
    ) -> HttpResponse:
        kind = CONNECTORS.get(row.platform)
        calls = SyncCall.objects.filter(connection=row).order_by("-started_at")[:CALLS_SHOWN]
        context = {
            "title": row.name,
            "row": row,
            "platform": platform_label(row.platform),
            "chip": state_chip(row),
            "old_key": too_old(row, ports.now()) if form else "",
            "form": form,
            "result": result,
            "may_configure": form is not None,
            "now": ports.now(),
            "zone": ZoneInfo(row.brand.timezone),
            "webhook_address": _webhook_address(request, row) if form else "",
            "webhooks_refused": counted("webhooks_refused", row.pk),
            "webhooks_missing": sequences.missing(row.pk),
            "calls": [(call, *answer_words(call)) for call in calls],
            "limits": budgets.every_window(row),
            "in_use": budgets.used_by([row])[row.pk],
            "abilities": [(label, *_ability(kind, one)) for one, label in CAPABILITY_LABELS.items()] if kind else [],
        }
        return self._render(request, "console/connections/connection.html", context)

    def _address(self, row: Connection) -> str:
        return reverse("admin:connectors_connection_change", args=[row.pk])

    def _render(self, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
        request.current_app = self.admin_site.name
        return TemplateResponse(
            request, template, {**self.admin_site.each_context(request), "opts": self.opts, **context}
        )


def state_chip(row: Connection) -> SafeString:
    tone = _TONES.get(Connection.State(row.state), "")
    return format_html('<span class="hub-chip {}">{}</span>', tone, row.get_state_display())


def _ability(kind: Any, capability: Capability) -> tuple[bool, str]:
    return bool(kind.capabilities[capability]), kind.capability_notes.get(capability, "")


def _webhook_address(request: HttpRequest, row: Connection) -> str:
    kind = CONNECTORS.get(row.platform)
    if kind is None or not kind.capabilities[Capability.WEBHOOKS]:
        return ""
    try:
        return request.build_absolute_uri(reverse("webhook", args=[row.webhook_path]))
    except NoReverseMatch:
        return ""
