"""When the breaker of each channel stops a push: one row per link, whether or not somebody has set it."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from connectors.admin_base import HubModelAdmin, register, require, rights_of
from integrationhub.adminkit import fields
from integrationhub.console.stock import around
from integrationhub.inventory import breaker, deciding
from integrationhub.inventory.models import StockLimits


class LimitsForm(forms.Form):
    zero_percent = fields.integer(
        label="Ends at 0, %",
        help_text="Of the SKUs for sale: more than that many at 0 at once are held back.",
        required=True,
    )
    move_percent = fields.integer(
        label="Changes, %",
        help_text="Of the SKUs for sale: more than that many changes at once are held back.",
        required=True,
    )
    least = fields.integer(
        label="At least, SKUs",
        help_text="Fewer changes than that always pass: a small shop moves in large shares.",
        required=True,
    )
    reason = fields.paragraph(label="Why", help_text="For the audit trail.")

    def _percent(self, name: str) -> int:
        value: int = self.cleaned_data[name]
        if not 0 <= value <= 100:
            raise forms.ValidationError("Between 0 and 100.")
        return value

    def clean_zero_percent(self) -> int:
        return self._percent("zero_percent")

    def clean_move_percent(self) -> int:
        return self._percent("move_percent")

    def clean_least(self) -> int:
        value: int = self.cleaned_data["least"]
        if not 1 <= value <= 1_000_000:
            raise forms.ValidationError("Between 1 and 1,000,000.")
        return value


@register(StockLimits)
class StockLimitsAdmin(HubModelAdmin):
    address = "stock-limits"
    plural = "Stock limits"
    brand_path = "link__brand_id"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        known, rights = around.around(request).channels, rights_of(request)
        saved = {row.pk: row for row in StockLimits.objects.filter(link__in=list(known))}
        rows = [
            (one, saved.get(pk) or StockLimits(link=one.link), rights.may(around.LIMITS_RIGHT, one.link.brand_id))
            for pk, one in known.items()
        ]
        return around.render(self, request, "limits.html", {"title": self.plural, "rows": rows})

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> StockLimits | None:
        """By the link's id; those that count where nobody has set any."""
        if not object_id.isdigit():
            return None
        channel = around.around(request).channels.get(int(object_id))
        return breaker.limits_of(channel.link) if channel else None

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        limits: StockLimits = self.found(request, object_id)
        link = around.around(request).channels[int(object_id)].link
        may_change = rights_of(request).may(around.LIMITS_RIGHT, link.brand_id)
        form = LimitsForm(initial={name: getattr(limits, name) for name in deciding.LIMIT_FIELDS})
        if request.method == "POST":
            require(request, around.LIMITS_RIGHT, link.brand_id)
            form = LimitsForm(request.POST)
            if form.is_valid():
                return self._save(request, link, form.cleaned_data)
        context = {"title": f"Limits of {link.source.name}", "link": link, "limits": limits}
        return around.render(self, request, "limit.html", {**context, "form": form if may_change else None})

    def _save(self, request: HttpRequest, link: Any, values: dict[str, Any]) -> HttpResponse:
        changed = deciding.save_limits(link, values, actor=request.user.get_username(), reason=values["reason"])
        if changed:
            messages.success(request, f"Saved: the limits of {link.source.name}.")
        else:
            messages.info(request, "They stood like that already.")
        return HttpResponseRedirect(reverse("admin:inventory_stocklimits_changelist"))
