"""A catalogue of any size that several channels sell from one stock, made in SQL: everything is read, told and shown."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import connection

from benchmarks.ground import empty
from benchmarks.instant import BASE_URL
from benchmarks.shelf import ShelfConnector
from connectors import ports
from connectors.models import Brand, Connection, Link

UNITS = 40  # of every SKU, to begin with
TABLES = (
    "inventory_channelstock", "inventory_stockmark", "inventory_stockreading", "inventory_stockdelivery", "inventory_reservation",
    "sync_syncjob", "sync_attempt", "sync_call", "sync_callbody", "sync_blocker", "sync_writeintent",
)  # fmt: skip
_READINGS = """
INSERT INTO inventory_stockreading (connection_id, sku, available, as_of)
SELECT %(owner)s, 'OURS-' || n, %(units)s, %(now)s FROM generate_series(0, %(count)s - 1) n
"""
_STOCK = """
INSERT INTO inventory_channelstock
    (link_id, channel_id, owner_id, channel_sku, sku, title, category, retired, available, as_of, reserved, buffer, computed,
     computed_at, dirty, superseded, state, reason, sent, sent_at, acknowledged, acknowledged_at, shown, shown_at)
SELECT %(link)s, %(channel)s, %(owner)s, 'SHOP-' || n, 'OURS-' || n, 'Product ' || n, 'C' || n %% 50, FALSE, %(units)s, %(now)s,
       0, 0, %(units)s, %(now)s, FALSE, 0, 'ACKNOWLEDGED', '', %(units)s, %(now)s, %(units)s, %(now)s, %(units)s, %(now)s
FROM generate_series(0, %(count)s - 1) n
"""
_COUNTS = "SELECT count(*) FROM inventory_channelstock"


def make_links(name: str, *, channels: int) -> list[Link]:
    """Channels of one brand that sell from one owner's stock."""
    brand = Brand.objects.create(code=name, name=name.title())
    owner = _connection(brand, "Owner", platform="instant")
    started_at = ports.now() - timedelta(days=7)
    return [
        Link.objects.create(
            brand=brand, source=_connection(brand, f"Shop {number}"), target=owner, started_at=started_at
        )
        for number in range(channels)
    ]


def _connection(brand: Brand, name: str, *, platform: str = ShelfConnector.platform) -> Connection:
    values = {"base_url": BASE_URL, "credentials": {"token": "bench-token"}}
    return Connection.objects.create(brand=brand, platform=platform, name=name, **values)


def fill(links: Sequence[Link], count: int) -> None:
    """That many SKUs in each channel, in place of those that were there."""
    empty(TABLES)
    values: dict[str, Any] = {
        "owner": links[0].target_id,
        "units": UNITS,
        "now": ports.now() - timedelta(hours=1),
        "count": count,
    }
    with connection.cursor() as cursor:
        cursor.execute(_READINGS, values)
        for link in links:
            cursor.execute(_STOCK, {**values, "link": link.pk, "channel": link.source_id})
        cursor.execute(_COUNTS)
        if cursor.fetchone()[0] != count * len(links):
            raise RuntimeError("The catalogue is not what it should be.")
        for table in ("inventory_channelstock", "inventory_stockreading"):
            cursor.execute(f"VACUUM ANALYZE {table}")
