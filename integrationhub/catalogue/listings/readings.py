"""The owner's products, written down. Only what a channel lists is kept; what is marked is what differs."""

import json
from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from connectors.canonical.products import Product

_RECORD = """
INSERT INTO catalogue_productreading AS r (connection_id, sku, category, active, content, as_of)
SELECT %(owner)s, v.sku, v.category, v.active, v.content::jsonb, %(as_of)s
FROM unnest(%(skus)s::text[], %(categories)s::text[], %(active)s::boolean[], %(contents)s::text[])
     AS v(sku, category, active, content)
WHERE EXISTS (SELECT 1 FROM catalogue_listing s WHERE s.owner_id = %(owner)s AND s.sku = v.sku)
ORDER BY v.sku
ON CONFLICT (connection_id, sku) DO UPDATE
SET category = EXCLUDED.category, active = EXCLUDED.active, content = EXCLUDED.content, as_of = EXCLUDED.as_of
WHERE r.as_of <= EXCLUDED.as_of AND (r.content, r.active) IS DISTINCT FROM (EXCLUDED.content, EXCLUDED.active)
RETURNING sku
"""
_MARK = "UPDATE catalogue_listing SET dirty = TRUE WHERE owner_id = %s AND sku = ANY(%s)"


def record(owner_id: int, products: Sequence[Product], *, as_of: datetime) -> int:
    """Write products down and mark what follows from them. Returns how many listings that concerns."""
    unique = {product.sku: product for product in products if product.sku}
    if not unique:
        return 0
    rows = unique.values()
    values: dict[str, Any] = {
        "owner": owner_id,
        "as_of": as_of,
        "skus": list(unique),
        "categories": [_clean(row.category)[:255] for row in rows],
        "active": [row.active for row in rows],
        "contents": [_clean(json.dumps(_told(row), ensure_ascii=False)) for row in rows],
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_RECORD, values)
        taken = [row[0] for row in cursor.fetchall()]
        if not taken:
            return 0
        cursor.execute(_MARK, [owner_id, taken])
        return int(cursor.rowcount)


def as_product(content: Any) -> Product:
    """The product that `record` wrote down. A field that was added since has its default."""
    told = json.loads(content) if isinstance(content, str) else content
    known = {one.name for one in fields(Product)}
    values = {name: value for name, value in told.items() if name in known}
    values["images"] = tuple(values.get("images", ()))
    values["attributes"] = {name: tuple(each) for name, each in values.get("attributes", {}).items()}
    values["category"] = values.get("category", "")[:255]
    return Product(**values)


def _told(product: Product) -> dict[str, Any]:
    told: dict[str, Any] = {one.name: getattr(product, one.name) for one in fields(product)}
    told["attributes"] = {name: list(each) for name, each in product.attributes.items()}
    return told


def _clean(text: str) -> str:
    """Without NUL, which PostgreSQL keeps neither in text nor in jsonb."""
    return text.replace("\\u0000", "").replace("\x00", "")
