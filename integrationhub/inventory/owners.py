"""Who owns the stock that a link is about, where stock is passed on: Fulfil → Centra → marketplaces.

Centra is a channel of Fulfil and what marketplaces read. What it has free is then never believed beyond what its own owner has
free: min(Fulfil's available − orders that Fulfil does not count yet, Centra's free to allocate).
"""

from collections.abc import Sequence
from typing import Any

from django.db import connection, transaction

from connectors.base import Capability
from connectors.models import Connection, Link
from connectors.registry import platforms_able_to
from exceptions_app.opening import HUB, open_case
from integrationhub.sync.standing import close_open_case

# Units free at whoever owns the stock of s.owner_id, for s.sku there; no row where that connection is nobody's channel.
FREE_BEYOND = """
    SELECT MIN(r.available - COALESCE((
        SELECT SUM(h.quantity) FROM inventory_reservation h
        WHERE h.connection_id = u.owner_id AND h.sku = u.sku AND h.state = 'HELD'
    ), 0)) AS units
    FROM connectors_link l
    JOIN inventory_channelstock u ON u.link_id = l.id AND u.channel_sku = s.sku AND NOT u.retired
    JOIN inventory_stockreading r ON r.connection_id = u.owner_id AND r.sku = u.sku AND r.available IS NOT NULL
    WHERE l.source_id = s.owner_id AND l.active
      AND EXISTS (SELECT 1 FROM connectors_link a JOIN connectors_link b ON b.target_id = a.source_id)
"""  # asked once for all rows: most brands pass no stock on, and theirs cost nothing more
_FREE = f"""
SELECT s.sku, beyond.units
FROM (SELECT %(owner)s::bigint AS owner_id, unnest(%(skus)s::text[]) AS sku) s
JOIN LATERAL ({FREE_BEYOND}) beyond ON beyond.units IS NOT NULL
"""  # noqa: S608  our own names


def free_beyond(passes_on_id: int, skus: Sequence[str]) -> dict[str, int]:
    """By SKU of a connection that passes stock on: what its owner has free, less what is held for orders that owner lacks."""
    with connection.cursor() as cursor:
        cursor.execute(_FREE, {"owner": passes_on_id, "skus": list(skus)})
        return {str(sku): int(units) for sku, units in cursor.fetchall()}


def stock_links(channel_id: int) -> list[Link]:
    """The active links over which a channel would be told somebody's stock."""
    able = platforms_able_to(Capability.READ_STOCK)
    links = Link.objects.filter(source=channel_id, active=True, target__platform__in=able)
    return list(links.select_related("brand", "source", "target").order_by("pk"))


def passes_on(links: Sequence[Link]) -> list[Connection]:
    """Those of the links' targets that are themselves told stock by another owner."""
    told = set(
        Link.objects.filter(source__in={link.target_id for link in links}, active=True).values_list("source", flat=True)
    )
    return list({link.target_id: link.target for link in links if link.target_id in told}.values())


def refuse_two(channel: Connection) -> bool:
    """Whether two owners would tell this channel what it may show: then a person is asked, and nothing may be written."""
    links = stock_links(channel.pk)
    cause, key = "stock_two_owners", f"stock owners:{channel.pk}"
    if len({link.target_id for link in links}) < 2:
        close_open_case(
            channel.brand_id, cause=cause, object_key=key, actor=HUB, reason="One system owns its stock now."
        )
        return False
    context: dict[str, Any] = {"channel": channel.name, "owners": [link.target.name for link in links]}
    with transaction.atomic():
        open_case(brand=channel.brand, cause=cause, object_key=key, target=channel, link=links[0], context=context)
    return True
