"""The page of syncs: each flow on each link, with the buttons that run, hold, shadow or free it."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, reverse

from connectors import ports
from connectors.access import Right
from connectors.admin_base import HubModelAdmin, register, require, rights_of
from connectors.models import Brand, Connection, record_audit
from integrationhub.console.connections.going_live import objections
from integrationhub.console.connections.switching import all_calls_stopped, switch_everything
from integrationhub.console.syncs import budgets, table
from integrationhub.sync import ticks
from integrationhub.sync.models import Schedule

Mode = Schedule.Mode
MODES = {"live": Mode.LIVE, "shadow": Mode.SHADOW, "hold": Mode.HELD}
_TOLD = {
    Mode.LIVE: "{} runs.",
    Mode.SHADOW: "{} does everything but send.",
    Mode.HELD: "{} is held. Nothing is lost: work waits.",
}


@register(Schedule)
class SyncAdmin(HubModelAdmin):
    address = "syncs"
    plural = "Syncs"
    brand_path = "connection__brand_id"
    list_select_related = ("connection", "link__source", "link__target")

    def own_urls(self) -> list[URLPattern]:
        return [
            self.page("switch/", self.switch_view, "switch"),
            self.page("<slug:object_id>/press/", self.press_view, "press"),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        rights, now = rights_of(request), ports.now()
        rows = table.standings(rights.brand_ids(Right.SEE), now=now, cursors=True)
        connections = {one.schedule.connection_id: one.schedule.connection for one in rows}
        context = {
            "title": "Syncs",
            "groups": table.grouped(rows, budgets.used_by(connections.values())),
            "connections": len(connections),
            "runnable": rights.brand_ids(Right.RUN_SYNCS),
            "stopped": all_calls_stopped(),
            "may_switch": may_switch_everything(request),
            **(extra_context or {}),
        }
        return self._render(request, "console/syncs/syncs.html", context)

    def _render(self, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
        request.current_app = self.admin_site.name
        around = {**self.admin_site.each_context(request), "opts": self.opts, "now": ports.now()}
        return TemplateResponse(request, template, {**around, "zone": rights_of(request).zone, **context})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """A flow has no page of its own: its row is on the page of all."""
        row = self.found(request, object_id)
        return HttpResponseRedirect(f"{_page()}#sync-{row.pk}")

    def press_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        row = self.found(request, object_id)
        require(request, Right.RUN_SYNCS, row.connection.brand_id)
        name = request.POST.get("do", "")
        if name == "run":
            self._run_now(request, row)
        elif name in MODES:
            self._set_mode(request, row, MODES[name], request.POST.get("reason", "").strip())
        else:
            raise PermissionDenied
        return HttpResponseRedirect(f"{_page()}#sync-{row.pk}")

    def _run_now(self, request: HttpRequest, row: Schedule) -> None:
        label = ticks.label(row.flow)
        if row.cadence_seconds is None:
            messages.error(request, f"{label} runs when something happens, not by the clock.")
        elif row.mode == Mode.HELD:
            messages.error(request, f"{label} is held. Let it run first.")
        else:
            with transaction.atomic():
                ticks.enqueue_now(row)
                _tell(row, actor=request.user.get_username(), action="sync.run", before=None, after={"run": "now"})
            messages.success(request, f"{label} runs now.")

    def _set_mode(self, request: HttpRequest, row: Schedule, mode: str, reason: str) -> None:
        label = ticks.label(row.flow)
        if mode != Mode.LIVE and not reason:
            messages.error(request, "Say why: it is kept on the audit trail and shown to everyone.")
            return
        if mode == Mode.LIVE and row.mode != mode and (against := objections(_sides(row))):
            messages.error(request, " ".join(against))
            return
        with transaction.atomic():
            changed = (
                Schedule.objects.filter(pk=row.pk, mode=row.mode)
                .exclude(mode=mode)
                .update(mode=mode, mode_reason="" if mode == Mode.LIVE else reason[:300])
            )
            if changed:
                before, after = {"mode": row.get_mode_display()}, {"mode": Mode(mode).label}
                actor = request.user.get_username()
                _tell(row, actor=actor, action="sync.mode_changed", before=before, after=after, reason=reason)
        if changed:
            messages.success(request, _TOLD[Mode(mode)].format(label))
        else:
            messages.info(request, "It stood like that already.")

    def switch_view(self, request: HttpRequest) -> HttpResponse:
        """The switch over everything."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not may_switch_everything(request):
            raise PermissionDenied
        on, reason = request.POST.get("to") == "on", request.POST.get("reason", "").strip()
        if not reason:
            messages.error(request, "Say why: it is kept on the audit trail and shown to everyone.")
        elif not on and request.POST.get("sure") != "yes":
            messages.error(request, "Tick that you mean it: this stops every order, dispatch and stock update.")
        elif switch_everything(on=on, actor=request.user.get_username(), reason=reason):
            messages.success(request, "Calls go on." if on else "No call is made to any platform any more. Work waits.")
        else:
            messages.info(request, "It stood like that already.")
        return HttpResponseRedirect(_page())


def may_switch_everything(request: HttpRequest) -> bool:
    """It stops every brand, so it takes whoever configures every brand."""
    mine = rights_of(request).brand_ids(Right.CONFIGURE)
    return bool(mine) and not Brand.objects.exclude(pk__in=mine).exists()


def _tell(row: Schedule, *, actor: str, action: str, before: Any, after: Any, reason: str = "") -> None:
    brand = row.connection.brand
    record_audit(actor=actor, action=action, subject=row, brand=brand, before=before, after=after, reason=reason[:500])


def _sides(row: Schedule) -> list[Connection]:
    return [row.link.source, row.link.target] if row.link is not None else [row.connection]


def _page() -> str:
    return reverse("admin:sync_schedule_changelist")
