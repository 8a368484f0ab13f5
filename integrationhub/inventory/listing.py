"""Which SKUs a channel has in the ledger: those that a mapping names, with what they mean now."""

from typing import Any

from django.db import connection, transaction

from connectors import ports
from connectors.models import Link
from integrationhub.inventory import ledger
from integrationhub.inventory.models import ChannelStock

# A link's own mapping goes before the brand's default, as when an order is resolved; on some links the brand's do not count.
MEANINGS = """
SELECT DISTINCT ON (from_code) from_code, to_code, COALESCE(NULLIF(to_label, ''), from_label) AS title, retired, link_id AS own
FROM mappings_app_mappingversion
WHERE kind = 'sku' AND brand_id = %(brand)s AND superseded_at IS NULL
  AND (link_id = %(link)s OR (link_id IS NULL AND NOT %(own_only)s))
  AND (valid_from IS NULL OR valid_from <= %(now)s) AND (valid_to IS NULL OR valid_to > %(now)s) AND from_code <> ''
ORDER BY from_code, link_id NULLS LAST
"""
# A source whose own catalogue is known (Centra) has none of the SKUs that the brand's defaults name for marketplaces.
_OF_THE_SOURCE = """
SELECT m.* FROM meanings m
WHERE m.own IS NOT NULL
   OR EXISTS (SELECT 1 FROM mappings_app_knowncode k
              WHERE k.connection_id = %(channel)s AND k.kind = 'sku' AND k.code = m.from_code)
   OR NOT EXISTS (SELECT 1 FROM mappings_app_knowncode k WHERE k.connection_id = %(channel)s AND k.kind = 'sku')
"""
_LIST = f"""
WITH meanings AS ({MEANINGS}), its AS ({_OF_THE_SOURCE})
INSERT INTO inventory_channelstock AS s
    (link_id, channel_id, owner_id, channel_sku, sku, title, category, retired, reserved, buffer, dirty, superseded,
     state, reason)
SELECT %(link)s, %(channel)s, %(owner)s, from_code, to_code, title, '', FALSE, 0, 0, TRUE, 0, 'UNREAD', ''
FROM its WHERE NOT retired ORDER BY from_code
ON CONFLICT (link_id, channel_sku) DO UPDATE
SET sku = EXCLUDED.sku, title = EXCLUDED.title, retired = FALSE, owner_id = EXCLUDED.owner_id, dirty = TRUE
WHERE (s.sku, s.retired, s.owner_id) IS DISTINCT FROM (EXCLUDED.sku, FALSE, EXCLUDED.owner_id)
"""  # noqa: S608  our own names
_RETIRE = f"""
WITH meanings AS ({MEANINGS}), its AS ({_OF_THE_SOURCE})
UPDATE inventory_channelstock s SET retired = TRUE, dirty = TRUE
WHERE s.link_id = %(link)s AND NOT s.retired
  AND NOT EXISTS (SELECT 1 FROM its m WHERE m.from_code = s.channel_sku AND NOT m.retired)
"""  # noqa: S608  our own names


def refresh(link: Link) -> int:
    """Bring a channel's rows in line with its SKU mappings. Returns how many rows came, changed or were retired."""
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
        changed += int(cursor.rowcount)
        if changed:
            ledger.mark_passed_on(link)
    return changed


def skus_never_read(link: Link, *, limit: int) -> list[str]:
    """Owner's SKUs of this channel that nobody has read yet."""
    rows = ChannelStock.objects.filter(link=link, state=ChannelStock.State.UNREAD, retired=False)
    return list(rows.order_by("pk").values_list("sku", flat=True)[:limit])
