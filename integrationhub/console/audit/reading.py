"""What the audit trail may be narrowed to, and how an entry is told. Read by keyset: the last page costs what the first does."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.urls import reverse

from connectors.access import Right
from connectors.admin_base import Rights
from connectors.models import AuditEntry, Brand

PAGE = 50
THE_HUB = "the hub"
KINDS = {
    "user": "People",
    "rolegrant": "Roles",
    "login": "Log-ins",
    "consolesession": "Sessions",
    "brand": "Brands",
    "connection": "Connections",
    "link": "Links",
    "schedule": "Syncs",
    "switch": "The switch over everything",
    "exceptioncase": "Cases",
    "soldorder": "Orders",
    "syncjob": "Work",
    "correction": "Corrections",
    "mappingversion": "Mappings",
    "skumapping": "SKU mappings",
    "auditentry": "The audit trail",
}
SPANS = {"today": "Today", "yesterday": "Yesterday", "7": "Last 7 days", "30": "Last 30 days", "90": "Last 90 days"}
# Where a person reads about the record itself. Others have no page of their own.
_PAGES = {
    "user": "auth_user_change",
    "brand": "connectors_brand_change",
    "connection": "connectors_connection_change",
    "link": "connectors_link_change",
    "exceptioncase": "exceptions_app_exceptioncase_change",
    "soldorder": "orders_soldorder_change",
}


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is asked for: choices only, so that each has an index. "" = any."""

    person: str = ""
    kind: str = ""
    record: str = ""  # "connection:12"
    span: str = ""
    brand: str = ""
    older: str = ""  # a place in the trail, as `place_of` writes it: what stands behind it
    newer: str = ""

    @property
    def narrowed(self) -> bool:
        return any((self.person, self.kind, self.record, self.span, self.brand))

    @property
    def choices(self) -> list[tuple[str, str]]:
        """What a form must carry to mean the same."""
        return [(name, value) for name, value in vars(self).items() if value and name not in ("older", "newer")]

    def query(self, **changes: str) -> str:
        """The address of the same choices with these changed; the place is not kept."""
        values = vars(replace(self, older="", newer="", **changes))
        return urlencode({name: value for name, value in values.items() if value})


def wanted(query: QueryDict) -> Wanted:
    """The choices in an address; what is not one of them counts as any."""
    values = {name: query.get(name, "").replace("\x00", "")[:160] for name in Wanted.__dataclass_fields__}
    if not values["record"]:
        values["record"] = query.get("q", "").replace("\x00", "")[:160]  # how a row's page asks for its history
    kind, colon, pk = values["record"].partition(":")
    values["record"] = f"{kind.lower()}:{pk}" if kind and colon and pk else ""
    values["kind"] = values["kind"] if values["kind"] in KINDS else ""
    values["span"] = values["span"] if values["span"] in SPANS else ""
    values["brand"] = values["brand"] if values["brand"].isdigit() else ""
    return Wanted(**values)


def entries(rights: Rights, asked: Wanted, *, now: datetime) -> QuerySet[AuditEntry]:
    """What the person may read of what is asked for, without the place and the order."""
    rows = AuditEntry.objects.seen_by(rights.brand_ids(Right.READ_AUDIT))
    if asked.person:
        rows = rows.filter(actor=asked.person)
    if asked.record:
        kind, _, pk = asked.record.partition(":")
        rows = rows.filter(subject_kind=kind, subject_id=pk)
    elif asked.kind:
        rows = rows.filter(subject_kind=asked.kind)
    if asked.brand:
        rows = rows.filter(brand_id=int(asked.brand))
    if asked.span:
        begins, ends = _bounds(asked.span, now.astimezone(rights.zone), rights.zone)
        rows = rows.filter(at__gte=begins)
        rows = rows.filter(at__lt=ends) if ends else rows
    return rows


def _bounds(span: str, here: datetime, zone: ZoneInfo) -> tuple[datetime, datetime | None]:
    midnight = datetime.combine(here.date(), time.min, tzinfo=zone)
    if span == "today":
        return midnight, None
    if span == "yesterday":
        return datetime.combine(here.date() - timedelta(days=1), time.min, tzinfo=zone), midnight
    return here - timedelta(days=int(span)), None


# --- pages ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class PageOfTrail:
    rows: Sequence["Told"]
    older: str  # the place behind the last row, "" at the end
    newer: str
    choices: Mapping[str, Sequence[tuple[str, str]]] = field(default_factory=dict)


def page(rows: QuerySet[AuditEntry], asked: Wanted) -> PageOfTrail:
    """PAGE entries from the place asked for, newest first. One query, whatever the size of the trail."""
    backwards = bool(asked.newer) and not asked.older
    place = _place(asked.newer if backwards else asked.older)
    if place is not None:
        at, pk = place
        later = Q(at__gt=at) | Q(at=at, pk__gt=pk)
        earlier = Q(at__lt=at) | Q(at=at, pk__lt=pk)
        # The first half alone lets the index begin at the place.
        rows = rows.filter(later, at__gte=at) if backwards else rows.filter(earlier, at__lte=at)
    order = ("at", "pk") if backwards else ("-at", "-pk")
    found = list(rows.select_related("brand").order_by(*order)[: PAGE + 1])
    more, found = len(found) > PAGE, found[:PAGE]
    if backwards:
        found.reverse()
    behind = more if not backwards else True
    before = more if backwards else place is not None
    return PageOfTrail(
        rows=[told(entry) for entry in found],
        older=place_of(found[-1]) if found and behind else "",
        newer=place_of(found[0]) if found and before else "",
    )


def place_of(entry: AuditEntry) -> str:
    return f"{entry.at.isoformat()}_{entry.pk}"


def _place(text: str) -> tuple[datetime, int] | None:
    moment, _, pk = text.rpartition("_")
    try:
        at = datetime.fromisoformat(moment)
    except ValueError:
        return None
    return (at, int(pk)) if pk.isdigit() and at.tzinfo is not None else None


def people(rights: Rights) -> list[tuple[str, str]]:
    """Who may have done something: everybody with an account that has, or had, a role of these brands, and the hub."""
    brands = rights.brand_ids(Right.READ_AUDIT)
    users = get_user_model().objects.filter(Q(role_grants__brand_id__in=brands) | Q(role_grants=None)).distinct()
    names = users.order_by("username").values_list("username", flat=True)[:500]
    return [(THE_HUB, "The hub itself"), *((name, name) for name in names)]


def brands(rights: Rights) -> list[tuple[str, str]]:
    ids = rights.brand_ids(Right.READ_AUDIT)
    if len(ids) < 2:
        return []
    return [(str(pk), name) for pk, name in Brand.objects.filter(pk__in=ids).values_list("pk", "name")]


# --- telling ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Told:
    """An entry as people read it."""

    entry: AuditEntry
    action: str
    kind: str
    changes: Sequence[tuple[str, str, str]]
    zone: ZoneInfo
    record: str  # "connection:12"
    record_url: str


def told(entry: AuditEntry) -> Told:
    page_name = _PAGES.get(entry.subject_kind)
    return Told(
        entry=entry,
        action=action_words(entry.action),
        kind=KINDS.get(entry.subject_kind, entry.subject_kind.replace("_", " ").capitalize()),
        changes=changes_of(entry.before, entry.after),
        zone=ZoneInfo(entry.brand.timezone) if entry.brand else ZoneInfo("UTC"),
        record=f"{entry.subject_kind}:{entry.subject_id}",
        record_url=reverse(f"admin:{page_name}", args=[entry.subject_id]) if page_name else "",
    )


def action_words(action: str) -> str:
    """ "case.snoozed" → "snoozed"."""
    return action.rpartition(".")[2].replace("_", " ")


def changes_of(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> list[tuple[str, str, str]]:
    """(name, what it was, what it is) of everything that differs; long values are told as they are, to be wrapped."""
    old, new = before or {}, after or {}
    names = dict.fromkeys([*old, *new])
    return [
        (name.replace("_", " "), _words(old.get(name)), _words(new.get(name)))
        for name in names
        if old.get(name) != new.get(name)
    ]


def _words(value: Any) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "; ".join(_words(item) for item in value) or "–"
    if isinstance(value, Mapping):
        return ", ".join(f"{key.replace('_', ' ')} {_words(item)}" for key, item in value.items()) or "–"
    return str(value)


def change_words(changes: Iterable[tuple[str, str, str]]) -> str:
    """For a file's one cell: "state: Live → Held; owner: – → alice"."""
    return "; ".join(f"{name}: {old} → {new}" for name, old, new in changes)
