"""Which records a mapping shaped, and which of them would come out otherwise if it changed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import CharField, Exists, F, OuterRef, QuerySet, Value
from django.db.models.functions import Cast, Concat
from django.urls import reverse

from integrationhub.orders.flows.importing import BEFORE_FULFILMENT
from integrationhub.orders.models import SoldOrder
from integrationhub.sync.models import SyncJob
from integrationhub.sync.models.jobs import TERMINAL_STATES
from mappings_app.models import MappingUse, MappingVersion
from mappings_app.uses import COUNT_CAP

LISTED_AT_MOST = 50
# Which flow asks the table again when a record goes on; what is finished is not asked again.
FLOWS: Mapping[str, str] = {"carrier": "confirm_dispatch", "refund_reason": "cancel_sold_order"}
ORDERS_FLOW = "import_order"


@dataclass(frozen=True, kw_only=True)
class Shaped:
    """One record as people know it."""

    reference: str
    url: str  # "" where the record has no page
    channel: str
    state: str
    used_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Effects:
    """What changing some versions would touch."""

    open_count: int  # would be mapped again; counted up to COUNT_CAP + 1
    open: Sequence[Shaped]
    finished_count: int
    finished: Sequence[Shaped]


def last_shaped(versions: Iterable[int], *, at_most: int = 20) -> tuple[list[Shaped], int]:
    """The last records these versions shaped, and how many there were, counted up to COUNT_CAP + 1. Three queries."""
    uses = _uses(list(versions))
    return shaped(list(uses.order_by("-used_at", "-pk")[:at_most])), _counted(uses)


def effects_of(versions: Sequence[MappingVersion]) -> Effects:
    """What the records that these versions shaped would come to if the versions no longer counted."""
    ids = [version.pk for version in versions]
    uses = _uses(ids)
    open_records = _open_records(uses, versions[0]) if versions else set()
    latest = uses.order_by("-used_at", "-pk")
    newest = list(latest[: 2 * LISTED_AT_MOST])
    going = [use for use in newest if use.record in open_records]
    if len(going) < min(len(open_records), LISTED_AT_MOST):  # some of them were mapped long ago
        going = list(latest.filter(record__in=sorted(open_records)[:LISTED_AT_MOST]))
    finished = [use for use in newest if use.record not in open_records][:LISTED_AT_MOST]
    told = {use.pk: one for use, one in zip([*going, *finished], shaped([*going, *finished]), strict=True)}
    count = _counted(uses) if len(newest) == 2 * LISTED_AT_MOST else len({use.record for use in newest})
    return Effects(
        open_count=len(open_records),
        open=_once([told[use.pk] for use in going]),
        finished_count=max(count - len(open_records), 0),
        finished=_once([told[use.pk] for use in finished]),
    )


def _uses(version_ids: Sequence[int]) -> QuerySet[MappingUse]:
    return MappingUse.objects.filter(version_id__in=version_ids)


def _counted(uses: QuerySet[MappingUse]) -> int:
    return uses.order_by().values("record").distinct()[: COUNT_CAP + 1].count()


def _once(rows: Sequence[Shaped]) -> list[Shaped]:
    """A record that several of the versions shaped is told once, as it was last."""
    return list({row.reference + row.channel: row for row in reversed(rows)}.values())[::-1]


def _open_records(uses: QuerySet[MappingUse], version: MappingVersion) -> set[str]:
    """Records whose work asks the table again: a job of theirs is open, or they are not created yet. One query."""
    flow = FLOWS.get(version.kind, ORDERS_FLOW)
    jobs = SyncJob.objects.filter(flow=flow, brand_id=version.brand_id).exclude(state__in=TERMINAL_STATES).order_by()
    records = jobs.filter(serial_key__in=uses.values("record")).values_list("serial_key", flat=True)
    if flow == ORDERS_FLOW:
        records = records.union(_not_created(uses, version))
    return set(records[: COUNT_CAP + 1])


def _not_created(uses: QuerySet[MappingUse], version: MappingVersion) -> "QuerySet[SoldOrder, str]":
    name = Concat(Value("order:"), Cast("link_id", CharField()), Value(":"), F("reference"), output_field=CharField())
    waiting = SoldOrder.objects.filter(
        brand_id=version.brand_id, state__in=[state.value for state in BEFORE_FULFILMENT], target_external_id=""
    )
    return (
        waiting.order_by()
        .annotate(record=name)
        .filter(Exists(uses.filter(record=OuterRef("record"))))
        .values_list("record", flat=True)
    )


def shaped(uses: Sequence[MappingUse]) -> list[Shaped]:
    """The records behind the uses, in their order. One query."""
    keys = {use.record: _order_of(use.record) for use in uses}
    found = {
        (order.link_id, order.reference): order
        for order in SoldOrder.objects.filter(
            link_id__in={link_id for link_id, _ in keys.values()}, reference__in={name for _, name in keys.values()}
        ).select_related("link__source")
    }
    return [_told(use, found.get(keys[use.record])) for use in uses]


def _order_of(record: str) -> tuple[int, str]:
    """ "order:12:MK-1" → (12, "MK-1"): see `orders.flows.routing.order_key`."""
    kind, _, rest = record.partition(":")
    link_id, _, reference = rest.partition(":")
    return (int(link_id), reference) if kind == "order" and link_id.isdigit() else (0, record)


def _told(use: MappingUse, order: SoldOrder | None) -> Shaped:
    if order is None:
        return Shaped(
            reference=_order_of(use.record)[1], url="", channel="–", state="no longer kept", used_at=use.used_at
        )
    return Shaped(
        reference=order.reference,
        url=reverse("admin:orders_soldorder_change", args=[order.pk]),
        channel=order.link.source.name,
        state=order.get_target_state_display() if order.target_external_id else order.get_state_display(),
        used_at=use.used_at,
    )
