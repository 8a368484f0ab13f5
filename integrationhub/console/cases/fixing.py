"""The fix beside the words: for a missing code, a form that maps it and releases what waits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.db import transaction
from django.http import QueryDict

from connectors.models import Link
from exceptions_app.causes import cause_named
from exceptions_app.models import ExceptionCase
from integrationhub.adminkit import fields
from integrationhub.console.cases.previewing import Preview, about, previews
from mappings_app.checking import list_warning
from mappings_app.forms import attribute_fields, attributes_from, label_of
from mappings_app.kinds import KINDS, Kind, Side
from mappings_app.models import MappingVersion
from mappings_app.saving import save_mapping
from mappings_app.suggesting import Suggestion, suggestions

OTHER = ""  # the choice "another code", which is typed


@dataclass(frozen=True, kw_only=True)
class Missing:
    """The code that a case says is missing, and where it may be mapped."""

    case: ExceptionCase
    kind: Kind
    code: str
    links: Sequence[Link]

    @property
    def noun(self) -> tuple[str, str]:
        return ("dispatch", "dispatches") if self.kind.code == "carrier" else ("order", "orders")

    @property
    def words(self) -> str:
        return self.code or self.kind.empty_words


def missing_of(case: ExceptionCase) -> Missing | None:
    """What the case misses; None where its cause is another. Reads the prefetched channels only."""
    kind = KINDS.get(cause_named(case.cause).fix.removeprefix("mapping:"))
    if kind is None:
        return None
    code = case.code if case.mapping_kind else str(case.context.get("from", ""))
    links = [channel.link for channel in case.case_links.all()]
    return Missing(case=case, kind=kind, code=code, links=links) if links else None


class FixForm(forms.Form):
    """Choose what the code means, for whom, and save."""

    def __init__(self, missing: Missing, data: QueryDict | None = None) -> None:
        super().__init__(data)
        self.missing = missing
        self.suggestions = self._suggestions()
        self.previews = previews(missing.case, missing.links)
        self.warning = ""
        self._add_fields()

    def _suggestions(self) -> list[Suggestion]:
        missing, context = self.missing, self.missing.case.context
        return suggestions(
            missing.kind.code,
            missing.links[0],
            missing.code,
            gtin=str(context.get("gtin", "")),
            label=str(context.get("label", "")),
        )

    def _add_fields(self) -> None:
        missing = self.missing
        self.fields["choice"] = forms.ChoiceField(
            choices=[*((one.code, one.code) for one in self.suggestions), (OTHER, "Another code")],
            required=False,
            initial=self.suggestions[0].code if self._first_is_certain else OTHER,
        )
        self.fields["other"] = fields.text(
            label="Another code",
            required=False,
            max_length=255,
            list="hub-known-codes",
            placeholder=f"Type {missing.kind.to_words}, or part of its name",
        )
        self.fields["scope"] = forms.ChoiceField(
            choices=[(str(link.pk), link.source.name) for link in missing.links] + self._for_all,
            required=self._for_all == [],
            initial="" if self._best_for_all else str(missing.links[0].pk),
        )
        self.fields.update(attribute_fields(missing.kind))
        self.fields["reason"] = fields.text(label="Why (for the audit trail, optional)", required=False, max_length=500)
        self.fields["sure"] = forms.BooleanField(required=False, widget=forms.HiddenInput())

    @property
    def _for_all(self) -> list[tuple[str, str]]:
        """The choice "every channel", where what is said for all of them counts for some that waits."""
        counts = any(not link.own_mappings_only for link in self.missing.links)
        return [("", "every channel")] if counts else []

    @property
    def _best_for_all(self) -> bool:
        """What the shop calls it is the same for every channel; what a channel calls it (carriers, reasons) is its own."""
        own_words = self.missing.kind.to_side is Side.SOURCE and len(self.missing.links) == 1
        return bool(self._for_all) and not own_words

    @property
    def _first_is_certain(self) -> bool:
        return bool(self.suggestions) and self.suggestions[0].confidence >= 95

    # --- what it shows ----------------------------------------------------------------------------------------------
    def chosen(self) -> str:
        value = self["choice"].value()
        return OTHER if value is None else str(value)

    def scope_choices(self, now: datetime) -> list[dict[str, Any]]:
        """For whom it counts: each channel alone, or all of the brand; with what each would release."""
        brand, wanted = self.missing.case.brand, str(self["scope"].value() or "")
        rows: list[tuple[str, str, Preview]] = []
        if self._for_all:
            rows.append(("", f"For every channel of {brand.name}", self.previews[None]))
        rows += [(str(link.pk), f"For {link.source.name} only", self.previews[link.pk]) for link in self.missing.links]
        return [
            {
                "value": value,
                "label": label,
                "preview": preview,
                "sentence": preview.sentence(noun=self.missing.noun, currency=brand.reporting_currency, now=now),
                "button": f"Save and release {preview.waiting:,}" if preview.waiting else "Save",
                "checked": value == wanted,
            }
            for value, label, preview in rows
        ]

    # --- what it takes ----------------------------------------------------------------------------------------------
    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        code = cleaned.get("choice") or cleaned.get("other") or ""
        if not code:
            raise forms.ValidationError(f"Choose or type {self.missing.kind.to_words} first.")
        cleaned["to_code"] = code
        cleaned["link"] = next((link for link in self.missing.links if str(link.pk) == cleaned.get("scope")), None)
        self.warning = list_warning(
            kind=self.missing.kind, brand=self.missing.case.brand, link=cleaned["link"], to_code=code
        )
        if self.warning and not cleaned.get("sure") and not self._is_refused_anyway:
            raise forms.ValidationError(f"{self.warning} Save once more if you are sure.", code="sure")
        return cleaned

    @property
    def _is_refused_anyway(self) -> bool:
        return self.missing.kind.listed == "MUST"

    @property
    def asks_whether_sure(self) -> bool:
        return self.is_bound and self.has_error("__all__", code="sure")


def save_fix(form: FixForm, *, actor: str) -> tuple[MappingVersion, datetime | None]:
    """Save the mapping, which releases what waits in the same transaction. Returns it and the moment of that release.

    Raises RefusedMappingError; nothing is written then.
    """
    missing, values = form.missing, form.cleaned_data
    with transaction.atomic():
        version = save_mapping(
            kind=missing.kind.code,
            brand=missing.case.brand,
            link=values["link"],
            from_code=missing.code,
            to_code=values["to_code"],
            from_label=str(missing.case.context.get("label", "")),
            to_label=label_of(missing.kind, missing.links, values["to_code"]),
            attributes=attributes_from(missing.kind, values),
            actor=actor,
            reason=values["reason"],
        )
        released_at = (
            about(missing.case)
            .filter(released_at__isnull=False, released_by=actor[:150])
            .order_by("-released_at")
            .values_list("released_at", flat=True)
            .first()
        )
    return version, released_at
