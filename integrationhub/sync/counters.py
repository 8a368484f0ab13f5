"""Counters of what leaves no row behind: refused webhooks. Kept per hour, so that a wave of forgeries becomes visible."""

from datetime import timedelta

from django.db.models import F, Sum
from django.db.models.functions import Coalesce

from connectors import ports
from integrationhub.sync.models import HourCount


def count(name: str, connection_id: int, *, by: int = 1) -> None:
    hour = ports.now().replace(minute=0, second=0, microsecond=0)
    row, made = HourCount.objects.get_or_create(
        name=name, connection_id=connection_id, hour=hour, defaults={"count": by}
    )
    if not made:
        HourCount.objects.filter(pk=row.pk).update(count=F("count") + by)


def counted(name: str, connection_id: int, *, hours: int = 24) -> int:
    since = ports.now() - timedelta(hours=hours)
    found = HourCount.objects.filter(name=name, connection_id=connection_id, hour__gte=since)
    return int(found.aggregate(total=Coalesce(Sum("count"), 0))["total"])
