"""What the records say was spent of a budget: with it a wiped Redis learns again how full the hourly windows are."""

from collections.abc import Iterator
from datetime import datetime

from connectors.models import Connection
from connectors.registry import connector_class
from integrationhub.sync.models import SyncCall


def spent_since(key: str, since: datetime) -> Iterator[tuple[str, datetime, int]]:
    """(bucket, when, units) of every recorded call that the budget `key` paid for, oldest first."""
    sharing = [
        row.pk for row in Connection.objects.all() if connector_class(row.platform).budget_key(row.account()) == key
    ]
    calls = SyncCall.objects.filter(connection_id__in=sharing, started_at__gte=since).order_by("started_at")
    for started_at, costs in calls.values_list("started_at", "costs").iterator(chunk_size=2_000):
        for bucket, units in costs.items():
            yield bucket, started_at, units
