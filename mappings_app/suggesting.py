"""What a code probably means, and why we think so: for a person to choose from, never chosen for them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.contrib.postgres.search import TrigramSimilarity
from django.db import connection as database
from django.db.models import FloatField, Q, QuerySet, Value

from connectors.models import Link
from mappings_app.columns import WantedRow
from mappings_app.kinds import Listed, kind_named
from mappings_app.models import CURRENT, KnownCode, MappingVersion, SeenCode, normal_code

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

    @property
    def certain(self) -> bool:
        """Whether a person may accept it unseen among many: exactly one code fits, and it fits exactly."""
        return self.confidence >= SAME_CODE_CONFIDENCE - 1


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
        CURRENT, _same_language(link), brand_id=link.brand_id, kind=kind, from_code=code, retired=False
    ).exclude(link=link)
    return {version.to_code: version for version in versions.select_related("link__source", "link__target")}


def _same_language(link: Link) -> Q:
    """Versions that lead to codes of the same side: a link with mappings of its own only speaks of another target."""
    if link.own_mappings_only:
        return Q(link__own_mappings_only=True, link__target=link.target_id)
    return Q(link__isnull=True) | Q(link__own_mappings_only=False)


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
        if first_words := _first_words(code):
            begins = known.annotate(
                likeness=TrigramSimilarity("normal_code", normal), alike=Value("The same first words")
            )
            yield begins.filter(normal_code__in=first_words)[:CANDIDATES_EACH_WAY]
        if len(normal) >= PREFIX_LENGTH:
            yield alike.filter(normal_code__startswith=normal)[:CANDIDATES_EACH_WAY]
    if label.strip():
        named = known.annotate(likeness=TrigramSimilarity("label", label), alike=Value("Similar name")).order_by(
            "-likeness"
        )
        yield named.filter(label__trigram_similar=label)[:CANDIDATES_EACH_WAY]


def _first_words(code: str) -> list[str]:
    """ "DPD Next Day" → what "DPD" and "DPD Next" are as codes: a carrier's service is often its name and more."""
    words = code.split()
    return [normal for count in range(1, len(words)) if (normal := normal_code(" ".join(words[:count])))]


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


# --- many codes at once -----------------------------------------------------------------------------------------------

SIMILAR_AT_MOST = 25  # codes for which a list looks for similar ones: each is a search of its own
CERTAIN_AT_ONCE = 2_000
_AMBIGUOUS_CONFIDENCE = 90

_SIMILAR = """
SELECT wanted.pk, known.code, known.label, known.likeness
FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[]) AS wanted (pk, connection_id, kind, normal_code)
CROSS JOIN LATERAL (
    SELECT code, label, similarity(normal_code, wanted.normal_code) AS likeness
    FROM mappings_app_knowncode
    WHERE connection_id = wanted.connection_id AND kind = wanted.kind AND active AND normal_code %% wanted.normal_code
    ORDER BY likeness DESC, code LIMIT 1
) AS known
"""


def suggestions_for(codes: Sequence[SeenCode], *, similar: bool = True) -> dict[int, Suggestion]:
    """The best suggestion for each of these seen codes (links loaded), by their ids. Three queries for any number.

    Where several codes fit equally well, none of them is certain.
    """
    fitting, past = _fitting(codes), _chosen_elsewhere(codes)
    found: dict[int, Suggestion] = {}
    for seen in codes:
        best = _best(seen, fitting) or past.get(seen.pk)
        if best:
            found[seen.pk] = best
    left = [seen for seen in codes if seen.pk not in found and normal_code(seen.code)]
    return found | (_similar(left[:SIMILAR_AT_MOST]) if similar and left else {})


def _receiver(seen: SeenCode) -> int:
    return int(getattr(seen.link, f"{kind_named(seen.kind).to_side.value}_id"))


def _fitting(codes: Sequence[SeenCode]) -> dict[tuple[int, str, str], list[KnownCode]]:
    """Known codes by (connection, kind, "gtin:…" or "code:…"). One query."""
    gtins = {seen.gtin for seen in codes if seen.gtin}
    normals = {normal_code(seen.code) for seen in codes} - {""}
    known = KnownCode.objects.filter(
        Q(gtin__in=gtins) | Q(normal_code__in=normals),
        connection_id__in={_receiver(seen) for seen in codes},
        kind__in={seen.kind for seen in codes},
        active=True,
    )
    found: dict[tuple[int, str, str], list[KnownCode]] = defaultdict(list)
    for one in known:
        found[one.connection_id, one.kind, f"code:{one.normal_code}"].append(one)
        if one.gtin:
            found[one.connection_id, one.kind, f"gtin:{one.gtin}"].append(one)
    return found


def _best(seen: SeenCode, fitting: dict[tuple[int, str, str], list[KnownCode]]) -> Suggestion | None:
    place = (_receiver(seen), seen.kind)
    by_gtin = fitting.get((*place, f"gtin:{seen.gtin}"), []) if seen.gtin else []
    by_code = fitting.get((*place, f"code:{normal_code(seen.code)}"), [])
    same = [one for one in by_code if one.code == seen.code]
    for ones, why, confidence in (
        (by_gtin, "GTIN equal", GTIN_CONFIDENCE),
        (same, "Same code", SAME_CODE_CONFIDENCE),
        (by_code, "Same code, written differently", SAME_CODE_CONFIDENCE - 1),
    ):
        if ones:
            # The code names one article and the GTIN another: a person has to look.
            clear = len(ones) == 1 and not (by_gtin and same and same[0] != by_gtin[0])
            first = min(ones, key=lambda one: one.code)
            return Suggestion(
                code=first.code, label=first.label, why=why, confidence=confidence if clear else _AMBIGUOUS_CONFIDENCE
            )
    return None


def _chosen_elsewhere(codes: Sequence[SeenCode]) -> dict[int, Suggestion]:
    """What people chose for the same codes on other channels. One query."""
    versions = MappingVersion.objects.filter(
        CURRENT,
        brand_id__in={seen.brand_id for seen in codes},
        kind__in={seen.kind for seen in codes},
        from_code__in={seen.code for seen in codes},
        retired=False,
    ).select_related("link__source", "link__target")
    by_code: dict[tuple[int, str, str], list[MappingVersion]] = defaultdict(list)
    for version in versions.order_by("-pk"):
        by_code[version.brand_id, version.kind, version.from_code].append(version)
    found = {}
    for seen in codes:
        said = by_code[seen.brand_id, seen.kind, seen.code]
        others = [one for one in said if one.link_id != seen.link_id and _speaks_alike(one, seen.link)]
        if others:
            found[seen.pk] = _chosen(others[0])
    return found


def _speaks_alike(version: MappingVersion, link: Link) -> bool:
    if version.link is None or not version.link.own_mappings_only:
        return not link.own_mappings_only
    return link.own_mappings_only and version.link.target_id == link.target_id


def _similar(codes: Sequence[SeenCode]) -> dict[int, Suggestion]:
    columns: list[list[Any]] = [
        [seen.pk for seen in codes],
        [_receiver(seen) for seen in codes],
        [seen.kind for seen in codes],
        [normal_code(seen.code) for seen in codes],
    ]
    with database.cursor() as cursor:
        cursor.execute(_SIMILAR, columns)
        return {
            pk: Suggestion(code=code, label=label, why="Similar code", confidence=round(likeness * LIKENESS_CONFIDENCE))
            for pk, code, label, likeness in cursor.fetchall()
        }


def certain_rows(codes: QuerySet[SeenCode]) -> list[WantedRow]:
    """A row for each code whose suggestion is certain, for a plan that a person confirms: at most CERTAIN_AT_ONCE codes.

    Where every channel that uses a code gets the same answer, the row is for every channel; else each gets its own.
    """
    seen = list(codes.select_related("link__source", "link__target")[:CERTAIN_AT_ONCE])
    found = suggestions_for(seen, similar=False)
    by_code: dict[str, list[SeenCode]] = defaultdict(list)
    for one in seen:
        if one.pk in found and found[one.pk].certain:
            by_code[one.code].append(one)
    everywhere = _links_using({one.code for one in seen}, seen)
    wanted: list[WantedRow] = []
    for code, ones in by_code.items():
        common = [one for one in ones if not one.link.own_mappings_only]
        answers = {found[one.pk].code for one in common}
        shared = len(answers) == 1 and {one.link_id for one in common} == everywhere[code]
        for one in common[:1] if shared else common:
            wanted.append(_wanted(len(wanted) + 1, one, found[one.pk], shared=shared))
        for one in ones:
            if one.link.own_mappings_only:
                wanted.append(_wanted(len(wanted) + 1, one, found[one.pk], shared=False))
    return wanted


def _links_using(codes: Iterable[str], seen: Sequence[SeenCode]) -> dict[str, set[int]]:
    """Code → the links that were seen to use it."""
    used: dict[str, set[int]] = defaultdict(set)
    if seen:
        rows = SeenCode.objects.filter(brand_id=seen[0].brand_id, kind=seen[0].kind, code__in=set(codes))
        rows = rows.exclude(link__own_mappings_only=True)
        for code, link_id in rows.values_list("code", "link_id"):
            used[code].add(link_id)
    return used


def _wanted(number: int, seen: SeenCode, suggestion: Suggestion, *, shared: bool) -> WantedRow:
    return WantedRow(
        number=number,
        from_code=seen.code,
        to_code=suggestion.code,
        link=None if shared else seen.link,
        from_label=seen.label,
        to_label=suggestion.label,
        why=f"{suggestion.why}.",
    )
