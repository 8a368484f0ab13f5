"""What counted when an order was first mapped, for a person who wants it tried again by that and not by today's mappings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from connectors import ports
from exceptions_app.deadlines import clock
from integrationhub.orders.flows.routing import order_key
from integrationhub.orders.models import SoldLine, SoldOrder
from integrationhub.sync.models import SyncAttempt, SyncJob
from mappings_app.lookup import VersionTable

TODAYS, ORIGINAL = "today", "original"
WORDS = {ORIGINAL: ", with the mappings of then", TODAYS: ", with today's mappings"}


@dataclass(frozen=True, kw_only=True)
class Option:
    """One way to try it again. Of several, the first is the one that stands."""

    name: str
    label: str
    told: tuple[str, ...]  # what it means, in sentences


def ways(order: SoldOrder, lines: Sequence[SoldLine]) -> tuple[Option, ...]:
    """By today's mappings, or by those that counted when it was first mapped; none while it never was."""
    then = first_mapped_at(order)
    if then is None:
        return ()
    differ = differences(order, lines, then=then)
    today = Option(
        name=TODAYS,
        label="With today's mappings",
        told=("What each code means by what is known today: a mapping that was put right since counts.",),
    )
    original = Option(
        name=ORIGINAL,
        label=f"With the mappings of {clock(then, ports.now(), ZoneInfo(order.brand.timezone))}",
        told=(
            "What each code meant when this order was first mapped: what was changed since does not count for it, now and"
            " later on. A code that had no mapping then is mapped by today's.",
            f"What comes out otherwise: {'; '.join(differ)}." if differ else "Its SKUs come out the same both ways.",
        ),
    )
    return (today, original) if order.mappings_as_of is None else (original, today)


def first_mapped_at(order: SoldOrder) -> datetime | None:
    """When the first try began that found a mapping for all of it; None while there was none."""
    jobs = SyncJob.objects.filter(serial_key=order_key(order.link_id, order.reference), flow="import_order")
    tries = SyncAttempt.objects.filter(job_id__in=list(jobs.values_list("pk", flat=True)))
    return tries.exclude(mapping_versions=[]).order_by("pk").values_list("started_at", flat=True).first()


def differences(order: SoldOrder, lines: Sequence[SoldLine], *, then: datetime) -> list[str]:
    """How its SKUs come out otherwise by what counted then: "NG-TEE: NW-TEE-M then, NW-TEE-L today". Two queries at most."""
    skus = sorted({line.sku for line in lines})
    former = VersionTable.load(order.link, {"sku": skus}, known_at=then)
    today = VersionTable.load(order.link, {"sku": skus})
    told = []
    for sku in skus:
        was, now = (table.at("sku", sku, order.placed_at) for table in (former, today))
        if (was and was.to_code) != (now and now.to_code):
            told.append(
                f"{sku}: {was.to_code if was else 'not mapped'} then, {now.to_code if now else 'not mapped'} today"
            )
    return told
