"""The switches of stock: per channel and for a whole brand, each with what it brings about in numbers."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, reverse

from connectors.admin_base import HubModelAdmin, register, require, rights_of
from connectors.models import Brand, Link
from exceptions_app.words import counted
from integrationhub.console.reasons import NO_REASON, said_why
from integrationhub.console.stock import around
from integrationhub.inventory import deciding
from integrationhub.inventory.models import ChannelStock, StockSwitch

Mode = StockSwitch.Mode


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What a switch is about: one channel, or every channel of a brand."""

    brand: Brand
    link: Link | None
    switch: StockSwitch | None  # its own, as it stands

    @property
    def key(self) -> str:
        return f"link:{self.link.pk}" if self.link else f"brand:{self.brand.pk}"

    @property
    def name(self) -> str:
        return self.link.source.name if self.link else f"every channel of {self.brand}"


@register(StockSwitch)
class StockSwitchAdmin(HubModelAdmin):
    address = "stock-switches"
    plural = "Stock switches"

    def own_urls(self) -> list[URLPattern]:
        return [
            self.page("set/", self.set_view, "set"),
            self.page("<slug:object_id>/end/", self.end_view, "end"),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        rights = rights_of(request)
        rows = [(scope, rights.may(around.RIGHT, scope.brand.pk)) for scope in scopes(request)]
        return around.render(self, request, "switches.html", {"title": self.plural, "scopes": rows})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """A switch has no page of its own."""
        self.found(request, object_id)
        return HttpResponseRedirect(_page())

    # --- setting ----------------------------------------------------------------------------------------------------
    def set_view(self, request: HttpRequest) -> HttpResponse:
        """GET says what each position would bring about; POST sets it."""
        if not rights_of(request).may(around.RIGHT):
            raise PermissionDenied
        wanted = request.POST.get("scope") or request.GET.get("scope", "")
        scope = next((one for one in scopes(request) if one.key == wanted), None)
        if scope is None:
            return HttpResponseRedirect(_page())
        require(request, around.RIGHT, scope.brand.pk)
        if request.method != "POST":
            return self._ask(request, scope)
        return self._set(request, scope)

    def _ask(self, request: HttpRequest, scope: Scope, *, error: str = "") -> HttpResponse:
        context = {
            "title": f"Switch {scope.name}",
            "scope": scope,
            "choices": [(mode.value, mode.label, words) for mode, words in consequences(scope).items()],
            "chosen": request.POST.get("mode", ""),
            "reason": request.POST.get("reason", ""),
            "error": error,
        }
        return around.render(self, request, "switch.html", context)

    def _set(self, request: HttpRequest, scope: Scope) -> HttpResponse:
        mode, reason = request.POST.get("mode", ""), said_why(request)
        if mode not in Mode.values:
            return self._ask(request, scope, error="Choose what the channel is told.")
        if not reason:
            return self._ask(request, scope, error=NO_REASON)
        if request.POST.get("sure") != "yes":
            return self._ask(request, scope, error="Tick that you mean it.")
        changed = deciding.set_switch(scope.brand, scope.link, mode, actor=request.user.get_username(), reason=reason)
        if changed:
            messages.success(request, f"Switched: {scope.name}. {Mode(mode).label}.")
        else:
            messages.info(request, "It stood like that already.")
        return HttpResponseRedirect(_page())

    def end_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        row = StockSwitch.objects.filter(pk=int(object_id)).first() if object_id.isdigit() else None
        if row is None and rights_of(request).may(around.RIGHT):  # most often a second press
            messages.info(request, "It is switched back already.")
            return HttpResponseRedirect(_page())
        switch: StockSwitch = self.found(request, object_id)
        require(request, around.RIGHT, switch.brand_id)
        reason = said_why(request)
        if not reason:
            messages.error(request, NO_REASON)
        elif deciding.end_switch(switch.pk, actor=request.user.get_username(), reason=reason):
            messages.success(request, "Switched back: what may be shown is computed and sent again.")
        else:
            messages.info(request, "It is switched back already.")
        return HttpResponseRedirect(_page())


def scopes(request: HttpRequest) -> list[Scope]:
    """Each brand, then its channels."""
    known = around.around(request)
    own = {(row.brand_id, row.link_id): row for row in known.switches}
    found: list[Scope] = []
    for channel in sorted(known.channels.values(), key=lambda one: (one.link.brand.name, one.name)):
        brand = channel.link.brand
        if not found or found[-1].brand.pk != brand.pk:
            found.append(Scope(brand=brand, link=None, switch=own.get((brand.pk, None))))
        found.append(Scope(brand=brand, link=channel.link, switch=own.get((brand.pk, channel.link.pk))))
    return found


def consequences(scope: Scope) -> dict[Mode, str]:
    """What each position would do now, in numbers."""
    rows = ChannelStock.objects.filter(link__in=deciding.switched_links(scope.brand, scope.link))
    waiting = rows.filter(state=ChannelStock.State.PENDING).count()
    live = rows.filter(acknowledged__gt=0).count()
    kept = counted(live, "SKU stays", "SKUs stay")
    waits = (
        f"{counted(waiting, 'change that waits is', 'changes that wait are')} not sent" if waiting else "Nothing waits"
    )
    return {
        Mode.HOLD: f"{waits} until you switch back. {kept} for sale as shown now: units that are gone may be sold.",
        Mode.ZERO: f"{counted(live, 'SKU', 'SKUs')} of {scope.name} will show 0: nothing is for sale there.",
        Mode.LAST_GOOD: f"{kept} for sale at the quantity that was taken last; no new figure is sent, whatever is read.",
    }


def _page() -> str:
    return reverse("admin:inventory_stockswitch_changelist")
