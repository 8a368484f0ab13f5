"""Which SKUs a channel has in the price ledger: those that a mapping names, with what they mean now."""

from typing import Any

from django.db import connection, transaction

from connectors import ports
from connectors.models import Link
from integrationhub.inventory.listing import MEANINGS

# A new meaning gives a refused price another chance: what the channel refused may have been another article.
_LIST = f"""
WITH meanings AS ({MEANINGS})
INSERT INTO catalogue_listingprice AS s
    (link_id, channel_id, owner_id, channel_sku, sku, title, retired, price_list, listed_currency, currency, dirty,
     superseded, state, reason, sent_currency, shown_currency, healed)
SELECT %(link)s, %(channel)s, %(owner)s, from_code, to_code, title, FALSE, '', '', '', TRUE, 0, 'UNREAD', '', '', '', 0
FROM meanings WHERE NOT retired ORDER BY from_code
ON CONFLICT (link_id, channel_sku) DO UPDATE
SET sku = EXCLUDED.sku, title = EXCLUDED.title, retired = FALSE, owner_id = EXCLUDED.owner_id, dirty = TRUE,
    state = CASE WHEN s.state = 'REFUSED' AND s.wanted IS NOT NULL THEN 'PENDING' ELSE s.state END
WHERE (s.sku, s.retired, s.owner_id) IS DISTINCT FROM (EXCLUDED.sku, FALSE, EXCLUDED.owner_id)
"""  # noqa: S608  our own names
_RETIRE = f"""
WITH meanings AS ({MEANINGS})
UPDATE catalogue_listingprice s SET retired = TRUE, dirty = TRUE
WHERE s.link_id = %(link)s AND NOT s.retired
  AND NOT EXISTS (SELECT 1 FROM meanings m WHERE m.from_code = s.channel_sku AND NOT m.retired)
"""  # noqa: S608  our own names


def refresh(link: Link) -> tuple[int, int]:
    """Bring a channel's rows in line with its SKU mappings. Returns how many came or changed, and how many were retired."""
    values: dict[str, Any] = {
        "link": link.pk,
        "brand": link.brand_id,
        "own_only": link.own_mappings_only,
        "channel": link.source_id,
        "owner": link.target_id,
        "now": ports.now(),
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LIST, values)
        changed = int(cursor.rowcount)
        cursor.execute(_RETIRE, values)
        return changed, int(cursor.rowcount)
