"""What the owner's lists ask, written down. An older reading never replaces a newer one; what is marked is what differs."""

from collections.abc import Sequence
from typing import Any

from django.db import connection, transaction

from connectors.canonical.prices import ListedPrice

# SKUs that no channel has are not kept: a catalogue is larger than what is offered of it.
_RECORD = """
INSERT INTO catalogue_pricereading AS r (connection_id, price_list, sku, amount, currency, as_of)
SELECT %(owner)s, v.price_list, v.sku, v.amount, v.currency, v.as_of
FROM unnest(%(lists)s::text[], %(skus)s::text[], %(amounts)s::numeric[], %(currencies)s::text[], %(as_of)s::timestamptz[])
     AS v(price_list, sku, amount, currency, as_of)
WHERE EXISTS (SELECT 1 FROM catalogue_listingprice s WHERE s.owner_id = %(owner)s AND s.sku = v.sku)
ORDER BY v.price_list, v.sku
ON CONFLICT (connection_id, price_list, sku) DO UPDATE
SET amount = EXCLUDED.amount, currency = EXCLUDED.currency, as_of = EXCLUDED.as_of
WHERE r.as_of <= EXCLUDED.as_of
RETURNING price_list, sku, amount, currency
"""
# A row that is being computed is locked: this waits for it, and then looks at what it was computed from.
_MARK = """
UPDATE catalogue_listingprice s SET dirty = TRUE
FROM unnest(%(lists)s::text[], %(skus)s::text[], %(amounts)s::numeric[], %(currencies)s::text[])
         AS v(price_list, sku, amount, currency),
     catalogue_priceterms t
WHERE s.owner_id = %(owner)s AND s.sku = v.sku AND t.link_id = s.link_id AND t.price_list = v.price_list
  AND ((s.listed, s.listed_currency, s.price_list) IS DISTINCT FROM (v.amount, v.currency::varchar, v.price_list::varchar)
       OR s.as_of IS NULL)
"""


def record(owner_id: int, prices: Sequence[ListedPrice]) -> int:
    """Write readings down and mark what follows from them. Returns how many prices of channels that concerns."""
    newest: dict[tuple[str, str], ListedPrice] = {}
    for price in prices:
        key = (price.price_list, price.sku)
        if key not in newest or newest[key].as_of <= price.as_of:
            newest[key] = price
    if not newest:
        return 0
    rows = newest.values()
    values: dict[str, Any] = {
        "owner": owner_id,
        "lists": [row.price_list for row in rows],
        "skus": [row.sku for row in rows],
        "amounts": [row.price.amount if row.price else None for row in rows],
        "currencies": [row.price.currency if row.price else "" for row in rows],
        "as_of": [row.as_of for row in rows],
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_RECORD, values)
        taken = cursor.fetchall()
        if not taken:
            return 0
        cursor.execute(_MARK, {"owner": owner_id, **_columns(taken)})
        return int(cursor.rowcount)


def _columns(taken: Sequence[Sequence[Any]]) -> dict[str, list[Any]]:
    lists, skus, amounts, currencies = (list(column) for column in zip(*taken, strict=True))
    return {"lists": lists, "skus": skus, "amounts": amounts, "currencies": currencies}
