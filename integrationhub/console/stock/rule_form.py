"""The form of a stock rule: what it is about is fixed once it is saved, what it keeps back can be changed."""

import hashlib
import json
from typing import Any

from django import forms
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminDecimalFieldWidget

from connectors.admin_base import rights_of
from connectors.models import Brand
from integrationhub.adminkit import fields
from integrationhub.console.stock.around import RIGHT, around
from integrationhub.inventory.models import StockRule

SCOPE = ("brand", "channel", "category", "sku")
AMOUNTS = ("buffer_units", "buffer_percent", "floor", "cap")
MOST = 1_000_000


class RuleForm(forms.Form):
    brand = fields.choice(label="Brand", choices=[])
    channel = fields.choice(label="Channel", choices=[], required=False)
    category = fields.text(
        label="Category", help_text="The channel's code of it. Empty: every one.", required=False, max_length=120
    )
    sku = fields.exact_text(label="Our SKU", help_text="Empty: every SKU.", required=False)
    buffer_units = fields.integer(label="Buffer, units", help_text="So many are kept back.")
    buffer_percent = forms.DecimalField(
        label="Buffer, %",
        help_text="Of what is free, rounded up. The larger of the two buffers counts.",
        required=False,
        max_digits=5,
        decimal_places=2,
        min_value=0,
        max_value=100,
        widget=UnfoldAdminDecimalFieldWidget(),
    )
    floor = fields.integer(label="Floor", help_text="Fewer than so many are not shown at all.")
    cap = fields.integer(label="Cap", help_text="Never show more than so many. Empty: no cap.")
    reason = fields.paragraph(label="Why", help_text="For the audit trail.")

    def __init__(self, data: Any, *, request: HttpRequest, rule: StockRule | None) -> None:
        super().__init__(data, initial=_initial(rule))
        self.rule = rule
        brands = rights_of(request).brand_ids(RIGHT)
        self._links = {pk: one.link for pk, one in around(request).channels.items() if one.link.brand_id in brands}
        self._brands = {link.brand_id: link.brand for link in self._links.values()}
        if rule is not None:
            for name in SCOPE:
                del self.fields[name]
            return
        self._offer("brand", [(str(pk), brand.name) for pk, brand in self._brands.items()])
        every = [(str(pk), f"Only {link.source.name}") for pk, link in self._links.items()]
        self._offer("channel", [("", "Every channel"), *every])
        if len(self._brands) == 1:
            self.fields["brand"].widget = forms.HiddenInput()
            self.initial["brand"] = str(next(iter(self._brands)))

    def _offer(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        for name in ("buffer_units", "floor", "cap"):
            value = cleaned.get(name)
            if value is not None and not 0 <= value <= MOST:
                self.add_error(name, f"Between 0 and {MOST:,}.")
        cap, floor = cleaned.get("cap"), cleaned.get("floor") or 0
        if cap is not None and 0 < cap < floor:
            self.add_error("cap", f"Fewer than {floor} are not shown, so a cap of {cap} would say otherwise.")
        if self.rule is None and not self.errors:
            self._check_scope(cleaned)
        return cleaned

    def _check_scope(self, cleaned: dict[str, Any]) -> None:
        link = self._links.get(int(cleaned["channel"])) if cleaned["channel"] else None
        if link is not None and str(link.brand_id) != cleaned["brand"]:
            self.add_error("channel", f"{link.source.name} does not belong to {self._brand(cleaned)}.")
        if cleaned["category"] and cleaned["sku"]:
            self.add_error("sku", "A rule is for a category or for a SKU, not for both.")
        if not self.errors and twin(self.wanted()):
            self.add_error(None, "There is a rule for exactly this already. Change that one.")

    def _brand(self, cleaned: dict[str, Any]) -> Brand:
        return self._brands[int(cleaned["brand"])]

    def wanted(self) -> StockRule:
        """The rule as it would be saved."""
        cleaned = self.cleaned_data
        if self.rule is None:
            link = self._links[int(cleaned["channel"])] if cleaned["channel"] else None
            rule = StockRule(brand=self._brand(cleaned), link=link, category=cleaned["category"], sku=cleaned["sku"])
        else:
            rule = StockRule.objects.select_related("brand", "link__source").get(pk=self.rule.pk)
        rule.buffer_units = cleaned["buffer_units"] or 0
        rule.buffer_percent = cleaned["buffer_percent"] or 0
        rule.floor, rule.cap = cleaned["floor"] or 0, cleaned["cap"]
        return rule

    def fingerprint(self) -> str:
        """Of what was previewed: only that is saved. The reason may still be put better."""
        told = {name: str(value) for name, value in self.cleaned_data.items() if name != "reason"}
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:32]


def twin(rule: StockRule) -> StockRule | None:
    """Another rule for the same."""
    rows = StockRule.objects.filter(brand=rule.brand_id, link=rule.link_id, category=rule.category, sku=rule.sku)
    return rows.exclude(pk=rule.pk).first()


def _initial(rule: StockRule | None) -> dict[str, Any]:
    return {name: getattr(rule, name) for name in AMOUNTS} if rule else {}
