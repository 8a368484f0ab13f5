"""The page that edits what all attributes of one category are made of: what was asked for, typed, and comes out of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import Count, Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode

from connectors.admin_base import rights_of
from connectors.canonical.listings import AttributeKind, ChannelAttribute, Requirement
from connectors.canonical.products import Product
from integrationhub.catalogue.listings import composing, deciding, templates
from integrationhub.catalogue.listings.checking import UNITS
from integrationhub.catalogue.listings.composing import Composed, Line, Rule
from integrationhub.catalogue.listings.deciding import Wanted
from integrationhub.catalogue.listings.readings import as_product
from integrationhub.catalogue.listings.wishes import as_rule, attributes_of, categories_in_use, path_of
from integrationhub.catalogue.models import (
    AttributeRule,
    KnownCategory,
    Listing,
    ListingProblem,
    ListingTerms,
    ProductReading,
)
from integrationhub.console.catalogue import around
from integrationhub.console.reasons import number, said_why

ATTRIBUTES_SHOWN = 150  # more fields than that no form takes at once: the rest is found by its name
PRODUCTS_OFFERED = 25
NUMBERS = frozenset({AttributeKind.NUMBER, AttributeKind.WHOLE_NUMBER})
TEXTS = frozenset({AttributeKind.TEXT, AttributeKind.LONG_TEXT})
KIND_WORDS: Mapping[AttributeKind, str] = {
    AttributeKind.TEXT: "text",
    AttributeKind.LONG_TEXT: "long text",
    AttributeKind.WHOLE_NUMBER: "whole number",
    AttributeKind.NUMBER: "number",
    AttributeKind.DATE: "date",
    AttributeKind.YES_NO: "yes or no",
    AttributeKind.LIST: "one of a list",
    AttributeKind.LIST_OF_SEVERAL: "several of a list",
    AttributeKind.IMAGE: "address of an image",
    AttributeKind.LINK: "address",
    AttributeKind.UNKNOWN: "something the hub does not know",
}


@dataclass(frozen=True, kw_only=True)
class Field:
    """One attribute on the page: its rule as typed or saved, and what the chosen product comes to."""

    place: int
    attribute: ChannelAttribute
    rule: Rule
    saved: bool  # here, not suggested by the channel's own role
    inherited: bool  # by the rule for every category
    line: Line | None
    errors: Sequence[str]

    @property
    def required(self) -> bool:
        return self.attribute.requirement is Requirement.REQUIRED

    @property
    def wants(self) -> str:
        """ "text, up to 120 characters"."""
        parts = [KIND_WORDS[self.attribute.kind]]
        parts += [f"up to {self.attribute.max_length} characters"] if self.attribute.max_length else []
        parts += [f"in {self.attribute.unit}"] if self.attribute.unit else []
        return ", ".join(parts)

    @property
    def is_number(self) -> bool:
        return self.attribute.kind in NUMBERS

    @property
    def is_text(self) -> bool:
        return self.attribute.kind in TEXTS and bool(self.attribute.max_length)


class EditPage:
    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.asked = request.POST if request.method == "POST" else request.GET
        self.channels = {pk: one for pk, one in around.around(request).channels.items() if one.takes_products}
        self.channel = self.channels.get(number(self.asked.get("channel", "")))
        if self.channel is None and not self._saving:
            self.channel = self._first()
        self.error = ""
        self.refused: dict[str, list[str]] = {}

    @property
    def _saving(self) -> bool:
        """What is saved is saved where it was asked for, or nowhere."""
        return self.request.method == "POST"

    def _first(self) -> around.Channel | None:
        """Where products are listed already, else any."""
        listing = ListingTerms.objects.filter(link__in=list(self.channels), publishes=True).order_by("link")
        chosen = listing.values_list("pk", flat=True).first()
        return self.channels[chosen] if chosen else next(iter(self.channels.values()), None)

    # --- what is looked at ----------------------------------------------------------------------------------------
    @cached_property
    def categories(self) -> dict[str, KnownCategory]:
        if self.channel is None:
            return {}
        rows = KnownCategory.objects.filter(connection=self.channel.link.source_id)
        return {row.code: row for row in rows}

    @cached_property
    def used(self) -> list[tuple[str, str]]:
        """The channel's categories that products are listed in, with the way to each."""
        if self.channel is None:
            return []
        codes = categories_in_use(self.channel.link)
        return sorted(
            ((code, " / ".join(path_of(self.categories, code)) or code) for code in codes), key=lambda one: one[1]
        )

    @cached_property
    def category(self) -> str:
        asked = self.asked.get("category", "")
        codes = [code for code, _ in self.used]
        return asked if asked in codes else (codes[0] if codes and not self._saving else "")

    @property
    def everywhere(self) -> bool:
        """Whether what is saved counts for every category of the channel."""
        return self.asked.get("scope") == "all"

    @property
    def scope(self) -> str:
        return "" if self.everywhere else self.category

    @cached_property
    def attributes(self) -> list[ChannelAttribute]:
        if self.channel is None or not self.category:
            return []
        rows = attributes_of(self.channel.link.source_id, self.category)
        return [one for one in rows if one.role.upper() not in composing.CATEGORY_ROLES]

    @cached_property
    def shown(self) -> list[ChannelAttribute]:
        about, term = self.asked.get("about", ""), self.asked.get("q", "").strip().casefold()
        rows = self.attributes
        if about:
            rows = [one for one in rows if one.code == about]
        elif term:
            rows = [one for one in rows if term in one.label.casefold() or term in one.code.casefold()]
        elif self.asked.get("all") != "1":
            rows = [one for one in rows if self._matters(one)]
        return rows[:ATTRIBUTES_SHOWN]

    def _matters(self, attribute: ChannelAttribute) -> bool:
        ruled = attribute.code in self.saved or attribute.code in self.inherited
        return ruled or attribute.requirement is not Requirement.OPTIONAL or bool(composing.rule_of(attribute, {}).says)

    # --- rules ----------------------------------------------------------------------------------------------------
    @cached_property
    def _rules(self) -> list[AttributeRule]:
        if self.channel is None:
            return []
        return list(AttributeRule.objects.filter(link=self.channel.link, category__in={"", self.category}))

    @cached_property
    def saved(self) -> dict[str, Rule]:
        return {row.attribute: as_rule(row) for row in self._rules if row.category == self.scope}

    @cached_property
    def inherited(self) -> dict[str, Rule]:
        """What counts for every category, where this page is about one."""
        return {row.attribute: as_rule(row) for row in self._rules if not row.category} if self.scope else {}

    def wanted(self) -> list[Wanted]:
        """What was typed, of the attributes that the form held."""
        posted = self.request.POST
        known = {one.code for one in self.attributes}
        found = []
        for place in range(ATTRIBUTES_SHOWN):
            code = posted.get(f"code-{place}")
            if code is None:
                break
            if code in known:
                found.append(Wanted(attribute=code, rule=self._typed(place)))
        return [one for one in found if not self._is_suggestion(one)]

    def _typed(self, place: int) -> Rule:
        posted = self.request.POST
        said = {
            name: posted.get(f"{name}-{place}", "").replace("\x00", "").strip() for name in ("says", "default", "unit")
        }
        return Rule(
            says=said["says"][:1000],
            default=said["default"][:500],
            unit=said["unit"][:20],
            shorten=posted.get(f"shorten-{place}") == "on",
        )

    def _is_suggestion(self, one: Wanted) -> bool:
        """What stood there without anybody having said it is not saved as if somebody had."""
        return one.attribute not in self.saved and self._standing(one.attribute) == one.rule

    def _standing(self, code: str) -> Rule:
        """The rule that counts without one of this scope's own, spelled as the form spells it."""
        if code in self.inherited:
            return self.inherited[code]
        attribute = next(one for one in self.attributes if one.code == code)
        return Rule(says=composing.rule_of(attribute, {}).says)

    # --- the product ----------------------------------------------------------------------------------------------
    @cached_property
    def listings(self) -> list[Listing]:
        """Products of this category to try the rules on; those that something is wrong with first."""
        if self.channel is None or not self.category:
            return []
        rows = Listing.objects.filter(link=self.channel.link, category=self.category, retired=False)
        return list(
            rows.only("channel_sku", "title", "sku", "owner_id", "problems").order_by("-problems", "pk")[
                :PRODUCTS_OFFERED
            ]
        )

    @cached_property
    def listing(self) -> Listing | None:
        sku = self.asked.get("sku", "").strip()
        if sku and self.channel is not None:
            rows = Listing.objects.filter(link=self.channel.link, channel_sku=sku)
            if found := rows.first():
                return found
        return next(iter(self.listings), None)

    @cached_property
    def product(self) -> Product | None:
        if self.listing is None:
            return None
        row = ProductReading.objects.filter(connection=self.listing.owner_id, sku=self.listing.sku).first()
        return as_product(row.content) if row else None

    @cached_property
    def composed(self) -> Composed | None:
        if self.channel is None or self.product is None or self.listing is None or not self.category:
            return None
        wanted = self.wanted() if self.request.method == "POST" else []
        return deciding.preview(
            self.channel.link, self.category, self.product, channel_sku=self.listing.channel_sku, wanted=wanted
        )

    # --- all of it ------------------------------------------------------------------------------------------------
    def fields(self) -> list[Field]:
        lines = {line.attribute.code: line for line in self.composed.lines} if self.composed else {}
        typed = self._typed_rules()
        refused = self.refused or deciding.problems_of(self.wanted() if self.request.method == "POST" else [])
        return [
            Field(
                place=place,
                attribute=one,
                rule=typed.get(one.code) or self.saved.get(one.code) or self._standing(one.code),
                saved=one.code in self.saved,
                inherited=one.code in self.inherited and one.code not in self.saved,
                line=lines.get(one.code),
                errors=refused.get(one.code, ()),
            )
            for place, one in enumerate(self.shown)
        ]

    def _typed_rules(self) -> dict[str, Rule]:
        if self.request.method != "POST":
            return {}
        codes = ((place, self.request.POST.get(f"code-{place}")) for place in range(ATTRIBUTES_SHOWN))
        return {code: self._typed(place) for place, code in codes if code}

    @property
    def address(self) -> str:
        names = ("about", "q", "all", "scope", "sku")
        query: dict[str, Any] = {name: self.asked.get(name, "") for name in names}
        query |= {"channel": self.channel.link.pk if self.channel else "", "category": self.category}
        told = urlencode({name: value for name, value in query.items() if value})
        return f"{reverse('admin:catalogue_attributerule_edit')}?{told}"

    def _kept_back(self) -> dict[str, int]:
        """Products of this category that something keeps back, and those of them that are being looked at again."""
        if self.channel is None or not self.category:
            return {"kept_back": 0, "looked_at_again": 0}
        rows = ListingProblem.objects.filter(link=self.channel.link, category=self.category)
        found = rows.aggregate(
            kept_back=Count("listing", distinct=True, filter=Q(listing__dirty=False)),
            looked_at_again=Count("listing", distinct=True, filter=Q(listing__dirty=True)),
        )
        return {name: int(count) for name, count in found.items()}

    def context(self) -> dict[str, Any]:
        product = self.product
        return {
            "page": self,
            "channels": list(self.channels.values()),
            "fields": self.fields(),
            "left_out": len(self.attributes) - len(self.shown),
            "attributes_read": self.category in self.categories
            and self.categories[self.category].attributes_read_at is not None,
            "product": product,
            "own_attributes": sorted(product.attributes.items()) if product else [],
            "own_fields": templates.FIELDS,
            "problems": self.composed.problems if self.composed else [],
            **self._kept_back(),
            "units": list(UNITS),
            "may_act": bool(self.channel)
            and rights_of(self.request).may(around.RIGHT, self.channel.link.brand_id if self.channel else None),
            "reason": said_why(self.request) if self.request.method == "POST" else "",
        }
