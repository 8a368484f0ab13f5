"""By which list each channel is priced, and when its breaker stops a push: one row per link."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from connectors.admin_base import HubModelAdmin, register, require, rights_of
from connectors.models import Link
from integrationhub.adminkit import fields
from integrationhub.catalogue import deciding
from integrationhub.catalogue.models import PriceTerms
from integrationhub.console.catalogue import around
from integrationhub.console.reasons import number


class TermsForm(forms.Form):
    currency = fields.text(
        label="Currency",
        help_text="Of the channel's offers: three capital letters, such as GBP. Empty: as the channel shows them.",
        required=False,
        max_length=3,
    )
    change_percent = fields.integer(
        label="Changes, % of prices",
        help_text="More than that many prices changing at once are held back …",
        required=True,
    )
    move_percent = fields.integer(
        label="By more than, %", help_text="… where they change by more than this.", required=True
    )
    fall_percent = fields.integer(
        label="Falls by, %",
        help_text="A price that would fall by more than this is held back by itself.",
        required=True,
    )
    least = fields.integer(
        label="At least, prices", help_text="Fewer changes than that pass, unless one falls too far.", required=True
    )
    reason = fields.paragraph(label="Why", help_text="For the audit trail.")

    def clean_currency(self) -> str:
        value: str = self.cleaned_data["currency"]
        if value and not (len(value) == 3 and value.isascii() and value.isalpha() and value.isupper()):
            raise forms.ValidationError("Three capital letters, such as GBP.")
        return value

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        for name in ("change_percent", "move_percent", "fall_percent"):
            if name in cleaned and not 0 <= cleaned[name] <= 100:
                self.add_error(name, "Between 0 and 100.")
        if "least" in cleaned and not 1 <= cleaned["least"] <= 1_000_000:
            self.add_error("least", "Between 1 and 1,000,000.")
        return cleaned


@register(PriceTerms)
class PriceTermsAdmin(HubModelAdmin):
    address = "price-terms"
    plural = "Price terms"
    brand_path = "link__brand_id"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        known, rights = around.around(request).channels, rights_of(request)
        saved = {row.pk: row for row in PriceTerms.objects.filter(link__in=list(known))}
        rows = [
            (one, saved.get(pk) or PriceTerms(link=one.link), rights.may(around.LIMITS_RIGHT, one.link.brand_id))
            for pk, one in known.items()
        ]
        context = {"title": self.plural, "rows": rows, **around.told(request)}
        return around.render(self, request, "price_terms.html", context)

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> PriceTerms | None:
        """By the link's id; those that count where nobody has set any."""
        channel = around.around(request).channels.get(number(object_id))
        if channel is None:
            return None
        return PriceTerms.objects.filter(link=channel.link).first() or PriceTerms(link=channel.link)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        terms: PriceTerms = self.found(request, object_id)
        link = around.around(request).channels[number(object_id)].link
        may_change = rights_of(request).may(around.LIMITS_RIGHT, link.brand_id)
        form = TermsForm(initial={name: getattr(terms, name) for name in deciding.TERM_FIELDS})
        if request.method == "POST":
            require(request, around.LIMITS_RIGHT, link.brand_id)
            form = TermsForm(request.POST)
            if form.is_valid():
                return self._save(request, link, form.cleaned_data)
        context = {"title": f"Price terms of {link.source.name}", "link": link, "terms": terms, **around.told(request)}
        return around.render(self, request, "price_term.html", {**context, "form": form if may_change else None})

    def _save(self, request: HttpRequest, link: Link, values: dict[str, Any]) -> HttpResponse:
        if deciding.save_terms(link, values, actor=request.user.get_username(), reason=values["reason"]):
            messages.success(request, f"Saved: the price terms of {link.source.name}.")
        else:
            messages.info(request, "They stood like that already.")
        return HttpResponseRedirect(reverse("admin:catalogue_priceterms_changelist"))
