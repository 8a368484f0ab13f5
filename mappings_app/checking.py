"""What a mapping must be before it is saved."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from connectors.models import Brand, Connection, Link
from mappings_app.errors import RefusedMappingError
from mappings_app.kinds import UNLISTED, Attribute, Kind, Listed, Side
from mappings_app.models import CODE_LENGTH, KnownCode

ATTRIBUTE_LENGTH = 500


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A mapping as a person asks for it."""

    kind: Kind
    brand: Brand
    link: Link | None
    from_code: str  # never trimmed: it must equal what the platform sends, spaces included
    to_code: str
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def unlisted(self) -> bool:
        """Whether the code stands outside the receiver's list on purpose."""
        return bool(self.attributes.get(UNLISTED))


def check_draft(draft: Draft) -> None:
    """Raise RefusedMappingError with everything that is wrong with the draft itself."""
    if problems := draft_problems(draft):
        raise RefusedMappingError(problems)


def draft_problems(draft: Draft) -> list[str]:
    """Everything that is wrong with the draft itself, each a full sentence."""
    return [*_link_problems(draft), *_code_problems(draft), *_attribute_problems(draft)]


def check_listed(draft: Draft) -> None:
    """Raise RefusedMappingError when the code must be on the receiver's list, is not, and not so on purpose."""
    if draft.kind.listed is not Listed.MUST or draft.unlisted:
        return
    if words := list_warning(kind=draft.kind, brand=draft.brand, link=draft.link, to_code=draft.to_code):
        raise RefusedMappingError([words])


def list_warning(*, kind: Kind, brand: Brand, link: Link | None, to_code: str) -> str:
    """Return "" when the receiving side lists the code or has told no list, else a sentence for whoever chooses it.

    A brand default is for several receivers: one that lists the code is enough, and each dispatch or order is checked
    against its own receiver again.
    """
    if kind.listed is Listed.FREE:
        return ""
    receivers = receivers_of(brand, link, kind.to_side)
    known = KnownCode.objects.filter(connection__in=receivers, kind=kind.code, active=True)
    if known.filter(code=to_code).exists() or not known.exists():
        return ""
    return not_listed_words(receivers, to_code)


def not_listed_words(receivers: Sequence[Connection], to_code: str) -> str:
    if len(receivers) == 1:
        return f"{receivers[0].name} does not list {to_code}."
    return f"Neither {' nor '.join(receiver.name for receiver in receivers)} lists {to_code}."


def receivers_of(brand: Brand, link: Link | None, side: Side) -> list[Connection]:
    """Whom a mapping is for: the link's connection on that side, or those of all the brand's links."""
    if link is not None:
        return [getattr(link, side.value)]
    role = "links_as_source" if side is Side.SOURCE else "links_as_target"
    return list(Connection.objects.filter(brand=brand, **{f"{role}__active": True}).distinct())


def _link_problems(draft: Draft) -> Iterator[str]:
    if draft.link and draft.link.brand_id != draft.brand.pk:
        yield f"{draft.link} does not belong to {draft.brand}."


def _code_problems(draft: Draft) -> Iterator[str]:
    kind = draft.kind
    # The empty code may stand for records that name none; blanks alone are no code that anybody could read.
    if not draft.from_code.strip() and not (draft.from_code == "" and kind.empty_words):
        yield f"Say which code is mapped ({kind.from_words})."
    if not draft.to_code:
        yield f"Say what it is mapped to ({kind.to_words})."
    for words, code in ((kind.from_words, draft.from_code), (kind.to_words, draft.to_code)):
        if len(code) > CODE_LENGTH:
            yield f"{_sentence_start(words)} is longer than {CODE_LENGTH} characters."
        if has_control_characters(code):
            yield f"{_sentence_start(words)} contains characters that cannot be seen, such as a line break."


def _attribute_problems(draft: Draft) -> Iterator[str]:
    known = {attribute.name: attribute for attribute in draft.kind.attributes}
    for name, value in draft.attributes.items():
        if name not in known:
            yield f"A {draft.kind.label} has no “{name}”."
        elif words := _attribute_problem(known[name], value):
            yield f"{_sentence_start(known[name].label)}: {words}"


def _attribute_problem(attribute: Attribute, value: Any) -> str:
    """Return what is wrong with the value, or "". Empty values are fine: they are dropped."""
    if attribute.kind == "boolean":
        return "" if isinstance(value, bool) else "say yes or no."
    if not isinstance(value, str):
        return "give it as text."
    if len(value) > ATTRIBUTE_LENGTH or has_control_characters(value):
        return f"at most {ATTRIBUTE_LENGTH} characters that can be seen."
    if attribute.kind == "currency" and value and not re.fullmatch("[A-Z]{3}", value):
        return "three capital letters, such as GBP."
    if attribute.kind == "link" and value and not _is_link(value, attribute.placeholder):
        return f"an address that starts with https:// and contains {attribute.placeholder}."
    return ""


def _is_link(value: str, placeholder: str) -> bool:
    parts = urlsplit(value)
    return parts.scheme in {"http", "https"} and bool(parts.netloc) and placeholder in value


def can_be_mapped(from_code: str) -> bool:
    """Whether a person could save a mapping for this code: what cannot be seen or kept is the record's fault."""
    readable = from_code == "" or bool(from_code.strip())
    return readable and len(from_code) <= CODE_LENGTH and not has_control_characters(from_code)


def has_control_characters(text: str) -> bool:
    """Also what stands for no character at all (U+FFFE and its like): no file could carry it."""
    return any(unicodedata.category(letter) in {"Cc", "Cs"} or _is_no_character(letter) for letter in text)


def _is_no_character(letter: str) -> bool:
    return ord(letter) & 0xFFFE == 0xFFFE or 0xFDD0 <= ord(letter) <= 0xFDEF


def _sentence_start(words: str) -> str:
    return words[:1].upper() + words[1:]
