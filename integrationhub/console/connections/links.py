"""Links: which two connections are kept in sync, and how orders are taken there."""

from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from connectors.access import Right
from connectors.admin import save_and_tell
from connectors.admin_base import HubModelAdmin, register, rights_of
from connectors.base import Capability
from connectors.models import Brand, Connection, Link
from connectors.registry import platforms_able_to
from integrationhub.adminkit.moments import span
from integrationhub.console.cases.filters import BrandFilter
from integrationhub.console.connections.going_live import objections
from integrationhub.sync import ticks
from integrationhub.sync.models import Schedule

_EXPLAINED = {
    "acceptance_policy": (
        "Create first: the order is made where it is fulfilled, on hold, and then accepted; needs the customer's address"
        " before acceptance. Reserve first: its stock is kept for it, it is accepted, and made once the address is known."
    ),
    "tax_difference": "What happens when the total agrees and the tax in it does not.",
    "fallback_email": "Orders whose marketplace hides the customer's e-mail are created with this one.",
}


class LinkForm(forms.ModelForm):  # type: ignore[type-arg]
    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        brand = cleaned.get("brand") or (self.instance.brand if self.instance.pk else None)
        for name in ("source", "target"):
            side = cleaned.get(name)
            if side and brand and side.brand_id != brand.pk:
                self.add_error(name, f"{side} does not belong to {brand}.")
        if cleaned.get("active") and not self.errors and not self._was_active():
            for words in objections(self._sides(cleaned)):
                self.add_error("active", words)
        return cleaned

    def _was_active(self) -> bool:
        return Link.objects.filter(pk=self.instance.pk, active=True).exists()

    def _sides(self, cleaned: dict[str, Any]) -> list[Connection]:
        """As entered; of a link that exists they are not asked for."""
        if self.instance.pk:
            return [self.instance.source, self.instance.target]
        return [side for side in (cleaned.get("source"), cleaned.get("target")) if side]


@register(Link)
class LinkAdmin(HubModelAdmin):
    address = "links"
    form = LinkForm
    add_right = Right.CONFIGURE
    change_right = Right.CONFIGURE
    list_display = ("pair", "brand", "policy", "window", "standing")
    list_filter = (BrandFilter,)
    list_select_related = ("source", "target", "brand")
    ordering = ("source__name",)
    change_list_template = "console/list.html"
    change_form_template = "console/form.html"
    fieldsets = (
        (None, {"fields": ("brand", ("source", "target"), "active", "started_at")}),
        (
            "Taking orders",
            {"fields": ("acceptance_policy", "acceptance_window_hours", "fallback_email", "reference_prefix")},
        ),
        (
            "Watching",
            {"fields": ("dispatch_confirmed_within_hours", "tax_difference", "cancellation_reason", "refund_reason")},
        ),
        ("Agreed order numbers", {"fields": (("order_number_from", "order_number_until"),)}),
    )

    # --- columns ----------------------------------------------------------------------------------------------------
    @display(description="Link")
    def pair(self, link: Link) -> str:
        return str(link)

    @display(description="Orders are")
    def policy(self, link: Link) -> str:
        first = Link.AcceptancePolicy.CREATE_FIRST
        return "created, then accepted" if link.acceptance_policy == first else "reserved, accepted, then created"

    @display(description="Acceptance window", ordering="acceptance_window_hours")
    def window(self, link: Link) -> str:
        return span(link.acceptance_window_hours * 3600)

    @display(description="State", ordering="active")
    def standing(self, link: Link) -> SafeString:
        tone, words = ("hub-chip-good", "in sync") if link.active else ("", "not in use")
        return format_html('<span class="hub-chip {}">{}</span>', tone, words)

    # --- the form ---------------------------------------------------------------------------------------------------
    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("brand", "source", "target", "started_at") if obj else ()

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        brands = rights_of(request).brand_ids(Right.CONFIGURE)
        if db_field.name == "brand":
            kwargs["queryset"] = Brand.objects.filter(pk__in=brands)
        elif db_field.name in ("source", "target"):
            kwargs["queryset"] = _able(db_field.name, brands)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in _EXPLAINED:
            kwargs["help_text"] = _EXPLAINED[db_field.name]
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if isinstance(field, forms.ModelChoiceField):  # no windows that add or change the other row from here
            for what in ("add", "change", "view", "delete"):
                setattr(field.widget, f"can_{what}_related", False)
        return field

    def save_model(self, request: HttpRequest, obj: Link, form: Any, change: bool) -> None:
        save_and_tell(obj, form, actor=request.user.get_username(), brand=obj.brand)
        ticks.plan_schedules()
        if words := cadence_warning(obj):
            messages.warning(request, words)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        link = self.found(request, object_id)
        context = {"warning": cadence_warning(link), "title": str(link), **(extra_context or {})}
        response: HttpResponse = super().change_view(request, object_id, form_url, context)
        return response


def _able(side: str, brands: set[int]) -> QuerySet[Connection]:
    """The connections that can stand on this side: orders are read from a source and created in a target."""
    needed = Capability.READ_ORDERS if side == "source" else Capability.CREATE_ORDERS
    return Connection.objects.filter(brand_id__in=brands, platform__in=platforms_able_to(needed)).order_by("name")


def cadence_warning(link: Link) -> str:
    """A sentence when orders are read too seldom for the acceptance window, else ""."""
    reading = Schedule.objects.filter(connection_id=link.source_id, flow="read_orders", cadence_seconds__isnull=False)
    cadence = reading.values_list("cadence_seconds", flat=True).first()
    window = link.acceptance_window_hours * 3600
    if cadence is None or cadence * 4 <= window:
        return ""
    return (
        f"Orders of {link.source} are read every {span(cadence)}, and each must be accepted within {span(window)}."
        " Read them at least four times in that window, so that one failed reading loses no order."
    )
