"""What a channel shall know of one product, and everything that is wrong with it, at once. Every road to a channel goes through
`compose`. Pure: what was read and mapped is handed in.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from connectors.canonical.listings import AttributeKind, ChannelAttribute, Requirement
from connectors.canonical.products import Product
from integrationhub.catalogue.listings import templates
from integrationhub.catalogue.listings.checking import Spelling, WrongValueError, spelled
from integrationhub.catalogue.models.listings import Trouble
from mappings_app.kinds import VALUE_OF_LIST
from mappings_app.models import normal_code

LISTS = frozenset({AttributeKind.LIST, AttributeKind.LIST_OF_SEVERAL})
SEVERAL = frozenset({AttributeKind.LIST_OF_SEVERAL, AttributeKind.UNKNOWN})
# What an attribute is made of where nobody has said so, by what the channel uses it for. Channels that name no role, or
# another, are told nothing by this table.
BY_ROLE: Mapping[str, str] = {
    "TITLE": "{title}",
    "DESCRIPTION": "{description}",
    "BRAND": "{brand}",
    "EAN": "{gtin}",
    "GTIN": "{gtin}",
    "UPC": "{gtin}",
    "BARCODE": "{gtin}",
    "UNIQUE_IDENTIFIER": "{their sku}",
    "SHOP_SKU": "{their sku}",
    "VARIANT_GROUP_CODE": "{group}",
    "PRODUCT": "{group}",
    "MAIN_IMAGE": "{main image}",
    "IMAGE": "{main image}",
    "IMAGES": "{images}",
}
SEVERAL_ROLES = frozenset({"IMAGES"})  # take several values whatever their kind
CATEGORY_ROLES = frozenset({"CATEGORY"})  # told with the listing itself


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What one attribute is made of."""

    says: str = ""
    default: str = ""
    unit: str = ""
    shorten: bool = False
    own: bool = True  # False: nobody has said so; it is the channel's own role of the attribute


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What a channel wants to know in one category, and how it spells values."""

    category: str
    attributes: Sequence[ChannelAttribute]
    rules: Mapping[str, Rule]  # by attribute
    lists: Mapping[str, "Values"]  # by the list's code
    meanings: Mapping[str, str]  # "list / our value" → their value, as mapped


@dataclass(frozen=True, kw_only=True)
class Values:
    """A value list."""

    labels: Mapping[str, str]  # code → label
    alike: Mapping[str, str]  # spelled without capitals, accents and blanks → code, where only one is spelled so

    @classmethod
    def of(cls, labels: Mapping[str, str]) -> "Values":
        found: dict[str, set[str]] = {}
        for code, label in labels.items():
            for spelling in (code, label):
                if plain := normal_code(spelling):
                    found.setdefault(plain, set()).add(code)
        return cls(labels=labels, alike={plain: min(codes) for plain, codes in found.items() if len(codes) == 1})


@dataclass(frozen=True, kw_only=True)
class Problem:
    kind: Trouble
    message: str  # a full sentence
    attribute: str = ""  # code
    label: str = ""
    code: str = ""  # what lacks a mapping


@dataclass(frozen=True, kw_only=True)
class Line:
    """One attribute of one product: what we have, what becomes of it, what is wrong with it."""

    attribute: ChannelAttribute
    rule: Rule
    ours: tuple[str, ...] = ()
    theirs: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Composed:
    category: str
    lines: Sequence[Line] = field(default=())

    @property
    def problems(self) -> list[Problem]:
        return [problem for line in self.lines for problem in line.problems]

    @property
    def values(self) -> dict[str, tuple[str, ...]]:
        return {line.attribute.code: line.theirs for line in self.lines if line.theirs}

    @property
    def content(self) -> str:
        """In one spelling, so that the same content is the same text."""
        told = {"category": self.category, "values": self.values}
        return json.dumps(told, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def fingerprint(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


def read_content(content: str) -> tuple[str, dict[str, tuple[str, ...]]]:
    """Category and values of a content that `Composed` wrote; nothing of an empty one."""
    told = json.loads(content) if content else {}
    return told.get("category", ""), {code: tuple(values) for code, values in told.get("values", {}).items()}


def compose(product: Product, wishes: Wishes, *, channel_sku: str) -> Composed:
    lines = [
        _line(attribute, product, wishes, channel_sku=channel_sku)
        for attribute in wishes.attributes
        if attribute.role.upper() not in CATEGORY_ROLES
    ]
    return Composed(category=wishes.category, lines=lines)


def rule_of(attribute: ChannelAttribute, rules: Mapping[str, Rule]) -> Rule:
    """The rule somebody made, else what the channel's own role of it suggests."""
    return rules.get(attribute.code) or Rule(says=BY_ROLE.get(attribute.role.upper(), ""), own=False)


def _line(attribute: ChannelAttribute, product: Product, wishes: Wishes, *, channel_sku: str) -> Line:
    rule = rule_of(attribute, wishes.rules)
    ours = templates.fill(rule.says, product, channel_sku=channel_sku)
    if not ours and rule.default:
        ours = (rule.default,)
    ours = tuple(dict.fromkeys(ours))
    if not ours:
        return Line(attribute=attribute, rule=rule, problems=_missing(attribute, rule))
    if len(ours) > 1 and attribute.kind not in SEVERAL and attribute.role.upper() not in SEVERAL_ROLES:
        words = f"{attribute.label} takes one value; {len(ours)} are there: {', '.join(ours)[:200]}."
        return Line(attribute=attribute, rule=rule, ours=ours, problems=(_problem(Trouble.SEVERAL, attribute, words),))
    theirs, problems = list[str](), list[Problem]()
    for value in ours:
        try:
            theirs.append(_told(value, attribute, rule, wishes))
        except WrongValueError as error:
            code = _value_code(attribute, value) if error.kind is Trouble.NOT_ON_LIST else ""
            words = f"{attribute.label}: {error.message}"
            problems.append(_problem(error.kind, attribute, words, code=code))
    told = tuple(dict.fromkeys(theirs))
    return Line(attribute=attribute, rule=rule, ours=ours, theirs=told, problems=tuple(problems))


def _missing(attribute: ChannelAttribute, rule: Rule) -> tuple[Problem, ...]:
    if attribute.requirement is not Requirement.REQUIRED:
        return ()
    why = f"“{rule.says}” comes to nothing." if rule.says else "Nobody has said what it is made of."
    return (_problem(Trouble.MISSING, attribute, f"{attribute.label} is missing. {why}"),)


def _told(value: str, attribute: ChannelAttribute, rule: Rule, wishes: Wishes) -> str:
    if attribute.kind not in LISTS or not attribute.list_code:
        return spelled(value, attribute, Spelling(unit=rule.unit, shorten=rule.shorten))
    known = wishes.lists.get(attribute.list_code)
    meaning = wishes.meanings.get(_value_code(attribute, value))
    if known is None:  # the list was not read yet, or the channel has none of this name: it checks itself
        return meaning or value
    if meaning in known.labels:
        return str(meaning)
    if meaning is not None:
        words = f"“{value}” is mapped to {meaning}, which is not on the list any more."
        raise WrongValueError(Trouble.NOT_ON_LIST, words)
    if value in known.labels:
        return value
    if alike := known.alike.get(normal_code(value)):
        return alike
    raise WrongValueError(Trouble.NOT_ON_LIST, f"“{value}” is not on the list.")


def _value_code(attribute: ChannelAttribute, value: str) -> str:
    return f"{attribute.list_code}{VALUE_OF_LIST}{value}"[:255]


def _problem(kind: Trouble, attribute: ChannelAttribute, message: str, *, code: str = "") -> Problem:
    return Problem(
        kind=kind, message=message[:500], attribute=attribute.code, label=attribute.label or attribute.code, code=code
    )
