"""What a channel wants to know, as it was read, and what people have said of it: put together for one category at a time."""

from collections.abc import Iterable, Mapping, Sequence

from connectors import ports
from connectors.canonical.listings import AttributeKind, ChannelAttribute, Requirement
from connectors.models import Link
from integrationhub.catalogue.listings.composing import Rule, Values, Wishes
from integrationhub.catalogue.models import AttributeRule, KnownAttribute, KnownCategory, KnownValue, ValueList
from mappings_app.kinds import ATTRIBUTE_VALUE, CATEGORY
from mappings_app.lookup import VersionTable, counting_for
from mappings_app.models import MappingVersion
from mappings_app.models.versions import in_force


class WishBook:
    """Everything that listings of one link are made with. Read once for a batch, each category when it is first asked for."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self._wishes: dict[str, Wishes | None] = {}
        self._lists: dict[str, Values | None] = {}
        self._rules: dict[str, dict[str, Rule]] | None = None
        self._meanings: Mapping[str, str] | None = None
        self._categories: dict[str, str] = {}
        self._known: set[str] | None = None

    # --- categories -----------------------------------------------------------------------------------------------
    def learn(self, own_categories: Iterable[str]) -> None:
        """Find what these categories of ours are called there. One query."""
        wanted, now = set(own_categories), ports.now()
        table = VersionTable.load(self.link, {CATEGORY: wanted})
        found = {code: table.at(CATEGORY, code, now) for code in wanted}
        self._categories.update({code: version.to_code for code, version in found.items() if version})

    def category(self, own: str) -> str:
        """The channel's code; "" where nobody has mapped it."""
        return self._categories.get(own, "")

    def is_known(self, category: str) -> bool:
        """Whether the channel has this category still; a channel whose tree nobody has read may have any."""
        if self._known is None:
            rows = KnownCategory.objects.filter(connection=self.link.source_id)
            self._known = set(rows.values_list("code", flat=True))
        return not self._known or category in self._known

    # --- what it wants --------------------------------------------------------------------------------------------
    def wishes(self, category: str) -> Wishes | None:
        """None while the channel has not been asked what it wants here."""
        if category not in self._wishes:
            self._wishes[category] = self._load(category)
        return self._wishes[category]

    def _load(self, category: str) -> Wishes | None:
        asked = KnownCategory.objects.filter(connection=self.link.source_id, code=category)
        if not asked.filter(attributes_read_at__isnull=False).exists():
            return None
        attributes = attributes_of(self.link.source_id, category)
        codes = {one.list_code for one in attributes if one.list_code}
        self._read_lists(codes)
        if any(self._lists.get(code) is None for code in codes):
            return None
        lists = {code: values for code in codes if (values := self._lists[code]) is not None}
        return Wishes(
            category=category,
            attributes=attributes,
            rules=self.rules(category),
            lists=lists,
            meanings=self.meanings,
        )

    def _read_lists(self, codes: Iterable[str]) -> None:
        wanted = [code for code in codes if code not in self._lists]
        read = ValueList.objects.filter(connection=self.link.source_id, code__in=wanted, read_at__isnull=False)
        ids = dict(read.values_list("pk", "code"))
        labels: dict[str, dict[str, str]] = {code: {} for code in ids.values()}
        rows = KnownValue.objects.filter(value_list__in=list(ids)).values_list("value_list_id", "code", "label")
        for list_id, code, label in rows.iterator(5_000):
            labels[ids[list_id]][code] = label
        self._lists.update({code: Values.of(labels[code]) if code in labels else None for code in wanted})

    # --- what people said -----------------------------------------------------------------------------------------
    def rules(self, category: str) -> dict[str, Rule]:
        """By attribute; the category's own go before those for every category."""
        if self._rules is None:
            self._rules = {}
            for row in AttributeRule.objects.filter(link=self.link):
                self._rules.setdefault(row.category, {})[row.attribute] = as_rule(row)
        return {**self._rules.get("", {}), **self._rules.get(category, {})}

    @property
    def meanings(self) -> Mapping[str, str]:
        if self._meanings is None:
            self._meanings = value_meanings(self.link)
        return self._meanings


def as_rule(row: AttributeRule) -> Rule:
    return Rule(says=row.says, default=row.default, unit=row.unit, shorten=row.shorten)


def attributes_of(channel_id: int, category: str) -> list[ChannelAttribute]:
    rows = KnownAttribute.objects.filter(connection=channel_id, category=category).order_by("position")
    return [as_attribute(row) for row in rows]


def as_attribute(row: KnownAttribute) -> ChannelAttribute:
    return ChannelAttribute(
        code=row.code,
        label=row.label or row.code,
        category=row.category,
        requirement=Requirement(row.requirement),
        kind=AttributeKind(row.kind),
        list_code=row.list_code,
        max_length=row.max_length,
        unit=row.unit,
        role=row.role,
        variant=row.variant,
    )


def value_meanings(link: Link) -> dict[str, str]:
    """ "list / our value" → their value, as mapped now; the channel's own row goes before the brand's."""
    rows = MappingVersion.objects.filter(
        in_force(ports.now()), kind=ATTRIBUTE_VALUE, brand=link.brand_id, retired=False
    )
    told = rows.filter(counting_for(link)).values_list("link_id", "from_code", "to_code")
    by_code: dict[str, str] = {}
    for _, from_code, to_code in sorted(told, key=lambda one: one[0] is not None):
        by_code[from_code] = to_code
    return by_code


def categories_in_use(link: Link) -> set[str]:
    """The channel's categories that mappings name now."""
    rows = MappingVersion.objects.filter(in_force(ports.now()), kind=CATEGORY, brand=link.brand_id, retired=False)
    return set(rows.filter(counting_for(link)).values_list("to_code", flat=True))


def path_of(categories: Mapping[str, KnownCategory], code: str) -> Sequence[str]:
    """The labels from the top of the tree down to this category."""
    path: list[str] = []
    while code in categories and len(path) < 20:  # a tree that bites its tail ends all the same
        path.append(categories[code].label or code)
        code = categories[code].parent
    return path[::-1]
