"""What a code probably means, and why we think so: for a person to choose from, never chosen for them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.contrib.postgres.search import TrigramSimilarity
from django.db.models import FloatField, QuerySet, Value

from connectors.models import Link
from mappings_app.kinds import Listed, kind_named
from mappings_app.models import CURRENT, KnownCode, MappingVersion, normal_code

# Shorter codes are the beginning of too many others.
PREFIX_LENGTH = 4
CANDIDATES_EACH_WAY = 10

GTIN_CONFIDENCE = 100
SAME_CODE_CONFIDENCE = 95
PAST_CHOICE_CONFIDENCE = 80
LIKENESS_CONFIDENCE = 70  # at most, for what is merely alike


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    code: str
    label: str
    why: str  # "GTIN equal", "Chosen for Harbour & Co → Centra": read beside the code
    confidence: int  # 0-100, for order and emphasis


def suggestions(
    kind: str, link: Link, code: str, *, gtin: str = "", label: str = "", limit: int = 5
) -> list[Suggestion]:
    """Return what the code may mean on this link, the most probable first. Two queries, whatever the lists' length."""
    spec = kind_named(kind)
    receiver_id = getattr(link, f"{spec.to_side.value}_id")
    past = _past_choices(kind, link, code)
    known = _candidates(kind, receiver_id, code=code, gtin=gtin, label=label, past=list(past))
    found = [_suggestion(candidate, code=code, gtin=gtin, past=past) for candidate in known]
    if spec.listed is not Listed.MUST:
        listed = {candidate.code for candidate in known}
        found += [_chosen(version) for to_code, version in past.items() if to_code not in listed]
    best: dict[str, Suggestion] = {}
    for suggestion in sorted(found, key=lambda one: (-one.confidence, one.code)):
        best.setdefault(suggestion.code, suggestion)
    return list(best.values())[:limit]


def _past_choices(kind: str, link: Link, code: str) -> dict[str, MappingVersion]:
    """What the same code means on the brand's other links: target code → the version that says so."""
    versions = MappingVersion.objects.filter(
        CURRENT, brand_id=link.brand_id, kind=kind, from_code=code, retired=False
    ).exclude(link=link)
    return {version.to_code: version for version in versions.select_related("link__source", "link__target")}


class _Candidate(NamedTuple):
    code: str
    normal_code: str
    label: str
    gtin: str
    likeness: float  # 0 to 1
    alike: str  # what was compared: words for a person


def _candidates(kind: str, receiver_id: int, *, code: str, gtin: str, label: str, past: list[str]) -> list[_Candidate]:
    """One query; each way of being alike asks an index of its own."""
    known = KnownCode.objects.filter(connection_id=receiver_id, kind=kind, active=True)
    ways = [way.values_list(*_Candidate._fields) for way in _ways(known, code=code, gtin=gtin, label=label, past=past)]
    if not ways:
        return []
    return [_Candidate(*row) for row in ways[0].union(*ways[1:], all=True)]


def _ways(known: QuerySet[KnownCode], *, code: str, gtin: str, label: str, past: list[str]) -> Iterator[QuerySet[Any]]:
    certain = known.annotate(likeness=Value(1.0, output_field=FloatField()), alike=Value(""))
    normal = normal_code(code)
    if gtin:
        yield certain.filter(gtin=gtin)[:CANDIDATES_EACH_WAY]
    if past:
        yield certain.filter(code__in=past)[:CANDIDATES_EACH_WAY]
    if normal:
        yield certain.filter(normal_code=normal)[:CANDIDATES_EACH_WAY]
        alike = known.annotate(likeness=TrigramSimilarity("normal_code", normal), alike=Value("Similar code")).order_by(
            "-likeness"
        )
        yield alike.filter(normal_code__trigram_similar=normal)[:CANDIDATES_EACH_WAY]
        if len(normal) >= PREFIX_LENGTH:
            yield alike.filter(normal_code__startswith=normal)[:CANDIDATES_EACH_WAY]
    if label.strip():
        named = known.annotate(likeness=TrigramSimilarity("label", label), alike=Value("Similar name")).order_by(
            "-likeness"
        )
        yield named.filter(label__trigram_similar=label)[:CANDIDATES_EACH_WAY]


def _suggestion(candidate: _Candidate, *, code: str, gtin: str, past: dict[str, MappingVersion]) -> Suggestion:
    if gtin and candidate.gtin == gtin:
        why, confidence = "GTIN equal", GTIN_CONFIDENCE
    elif candidate.code == code:
        why, confidence = "Same code", SAME_CODE_CONFIDENCE
    elif candidate.normal_code == normal_code(code):
        why, confidence = "Same code, written differently", SAME_CODE_CONFIDENCE - 1
    elif version := past.get(candidate.code):
        return _chosen(version, label=candidate.label)
    else:
        why, confidence = candidate.alike, round(candidate.likeness * LIKENESS_CONFIDENCE)
    return Suggestion(code=candidate.code, label=candidate.label, why=why, confidence=confidence)


def _chosen(version: MappingVersion, *, label: str = "") -> Suggestion:
    why = f"Chosen for {version.link}" if version.link else "Chosen for the whole brand"
    return Suggestion(code=version.to_code, label=label or version.to_label, why=why, confidence=PAST_CHOICE_CONFIDENCE)
