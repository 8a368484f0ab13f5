"""Parts of forms that map codes: what a kind's attributes look like, and finding a code somebody half remembers."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.db.models import Q, QuerySet

from connectors.models import Brand, Connection, Link
from integrationhub.adminkit import fields
from mappings_app.errors import RefusedMappingError
from mappings_app.kinds import KINDS, Attribute, Kind
from mappings_app.models import KnownCode, normal_code
from mappings_app.saving import save_mapping

FOUND_AT_MOST = 20
_PREFIX = "attribute_"


def attribute_fields(kind: Kind) -> dict[str, forms.Field]:
    """A field for each further thing a mapping of this kind may say."""
    return {f"{_PREFIX}{attribute.name}": _attribute_field(attribute) for attribute in kind.attributes}


def _attribute_field(attribute: Attribute) -> forms.Field:
    label = attribute.label[:1].upper() + attribute.label[1:]
    if attribute.kind == "boolean":
        return fields.yes_no(label=label, help_text=attribute.help)
    return fields.text(label=label, help_text=attribute.help, required=False, max_length=500)


def attributes_from(kind: Kind, cleaned: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the fields say; None for a kind that has none."""
    if not kind.attributes:
        return None
    return {attribute.name: cleaned.get(f"{_PREFIX}{attribute.name}", "") for attribute in kind.attributes}


def receivers(kind: Kind, links: Sequence[Link]) -> list[int]:
    """The connections whose codes can be chosen for these links."""
    return list({getattr(link, f"{kind.to_side.value}_id") for link in links})


def find_known_codes(kind: Kind, receiver_ids: Sequence[int], typed: str) -> QuerySet[KnownCode]:
    """Codes that begin with what was typed, in any spelling, or whose name contains it. At most FOUND_AT_MOST."""
    known = KnownCode.objects.filter(connection_id__in=receiver_ids, kind=kind.code, active=True)
    normal = normal_code(typed)
    if normal:
        known = known.filter(
            Q(normal_code__startswith=normal) | Q(label__icontains=typed.strip()) | Q(gtin=typed.strip())
        )
    return known.order_by("code")[:FOUND_AT_MOST]


def label_of(kind: Kind, links: Sequence[Link], code: str) -> str:
    """What the receiving side calls the code; "" where it does not list it."""
    known = KnownCode.objects.filter(connection_id__in=receivers(kind, links), kind=kind.code, code=code)
    return known.values_list("label", flat=True).first() or ""


class MappingForm(forms.Form):
    """A new mapping, or what a code means from now on. Saved through `save_mapping` only."""

    def __init__(self, *args: Any, kind: Kind, brands: QuerySet[Brand], links: QuerySet[Link], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind, self.links = kind, {str(link.pk): link for link in links.select_related("source", "target", "brand")}
        self.brands = {str(brand.pk): brand for brand in brands}
        self._add_fields()

    def _add_fields(self) -> None:
        kind = self.kind
        if len(self.brands) > 1:
            self.fields["brand"] = fields.choice(
                label="Brand", choices=[(pk, brand.name) for pk, brand in self.brands.items()]
            )
        self.fields["link"] = fields.choice(
            label="Counts for",
            required=False,
            choices=[("", "Every channel of the brand"), *((pk, f"Only {link}") for pk, link in self.links.items())],
            help_text="A channel's own mapping goes before the one for every channel.",
        )
        empty = f" Leave it empty for {kind.empty_words}." if kind.empty_words else ""
        self.fields["from_code"] = fields.exact_text(
            label=kind.from_words[:1].upper() + kind.from_words[1:],
            help_text=f"Exactly as it is spelt there, spaces included.{empty}",
            required=not kind.empty_words,
        )
        self.fields["to_code"] = fields.text(
            label=kind.to_words[:1].upper() + kind.to_words[1:], max_length=255, list="hub-known-codes"
        )
        self.fields.update(attribute_fields(kind))
        self.fields["reason"] = fields.text(
            label="Why", help_text="Kept on the audit trail.", required=False, max_length=500
        )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        link = self.links.get(cleaned.get("link") or "")
        brand = self.brands.get(cleaned.get("brand") or "") or (link.brand if link else None)
        cleaned["link_row"], cleaned["brand_row"] = link, brand or next(iter(self.brands.values()), None)
        if link and link.brand_id != (cleaned["brand_row"].pk if cleaned["brand_row"] else None):
            self.add_error("link", f"{link} does not belong to this brand.")
        return cleaned

    def save(self, *, actor: str) -> Any:
        """Save it. On refusal the form carries the reasons and None is returned."""
        values = self.cleaned_data
        links = [values["link_row"]] if values["link_row"] else self._links_of(values["brand_row"])
        try:
            return save_mapping(
                kind=self.kind.code,
                brand=values["brand_row"],
                link=values["link_row"],
                from_code=values["from_code"],
                to_code=values["to_code"],
                to_label=label_of(self.kind, links, values["to_code"]),
                attributes=attributes_from(self.kind, values),
                actor=actor,
                reason=values["reason"],
            )
        except RefusedMappingError as error:
            for problem in error.problems:
                self.add_error(None, problem)
            return None

    def _links_of(self, brand: Brand) -> list[Link]:
        return [link for link in self.links.values() if link.brand_id == brand.pk]


def all_receivers(kind: str, brand_ids: set[int]) -> list[int]:
    """The connections of these brands whose codes of this kind are known."""
    known = KnownCode.objects.filter(kind=KINDS[kind].code, connection__brand_id__in=brand_ids)
    ids = Connection.objects.filter(pk__in=known.values("connection_id"))
    return list(ids.values_list("pk", flat=True))
