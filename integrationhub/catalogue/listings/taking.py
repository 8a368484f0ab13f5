"""Which SKUs a channel has in the listing ledger: those that a mapping names, with what they mean now."""

from typing import Any

from django.db import connection, transaction
from django.db.models import Max

from connectors import ports
from connectors.models import Link
from integrationhub.catalogue.listings import ledger
from integrationhub.catalogue.models import ListingTerms
from integrationhub.inventory.listing import MEANINGS
from mappings_app.kinds import ATTRIBUTE_VALUE, CATEGORY
from mappings_app.lookup import counting_for
from mappings_app.models import MappingVersion

_LIST = f"""
WITH meanings AS ({MEANINGS})
INSERT INTO catalogue_listing AS s
    (link_id, channel_id, owner_id, channel_sku, sku, title, retired, own_category, category, content, dirty, problems,
     superseded, state, reason, sent_content, published)
SELECT %(link)s, %(channel)s, %(owner)s, from_code, to_code, title, FALSE, '', '', '', TRUE, 0, 0, 'UNREAD', '', '', ''
FROM meanings WHERE NOT retired ORDER BY from_code
ON CONFLICT (link_id, channel_sku) DO UPDATE
SET sku = EXCLUDED.sku, title = EXCLUDED.title, retired = FALSE, owner_id = EXCLUDED.owner_id, dirty = TRUE
WHERE (s.sku, s.retired, s.owner_id) IS DISTINCT FROM (EXCLUDED.sku, FALSE, EXCLUDED.owner_id)
"""  # noqa: S608  our own names
_RETIRE = f"""
WITH meanings AS ({MEANINGS})
UPDATE catalogue_listing s SET retired = TRUE, dirty = TRUE
WHERE s.link_id = %(link)s AND NOT s.retired
  AND NOT EXISTS (SELECT 1 FROM meanings m WHERE m.from_code = s.channel_sku AND NOT m.retired)
"""  # noqa: S608  our own names


def terms_of(link: Link) -> ListingTerms:
    return ListingTerms.objects.get_or_create(link=link)[0]


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


def follow_mappings(link: Link, terms: ListingTerms) -> bool:
    """Mark what mappings of categories and values changed since the last look: saved, retired, imported or rolled back.

    Returns whether a category mapping was among them.
    """
    rows = MappingVersion.objects.filter(brand=link.brand_id, kind__in=(CATEGORY, ATTRIBUTE_VALUE))
    newest = rows.aggregate(newest=Max("pk"))["newest"] or 0
    if newest <= terms.mappings_seen:
        return False
    fresh = rows.filter(counting_for(link), pk__gt=terms.mappings_seen, pk__lte=newest)
    own = set(fresh.filter(kind=CATEGORY).values_list("from_code", flat=True))
    with transaction.atomic():
        if fresh.filter(kind=ATTRIBUTE_VALUE).exists():
            ledger.mark_links([link.pk])
        elif own:
            ledger.mark_categories([link.pk], own=sorted(own))
        terms.mappings_seen = newest
        terms.save(update_fields=["mappings_seen"])
    return bool(own)
