"""Writing the order ledger: what the source says, what the target says. One statement each, newest wins."""

import json
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Model

from connectors import ports
from connectors.canonical.errors import DataError, Problem
from connectors.canonical.money import Money
from connectors.canonical.orders import Address, Order, OrderState, TargetLine, TargetOrder
from connectors.models import Link
from integrationhub.orders.models import OrderPerson, SoldLine, SoldOrder
from integrationhub.sync.enqueue import reporting_value
from mappings_app.resolving import ResolvedOrder

LARGEST_NUMBER = 2**31  # of units, and of a currency's main unit


def target_reference(link: Link, reference: str) -> str:
    return f"{link.reference_prefix}{reference}"


def accept_by(order: Order, link: Link) -> Any:
    """When the marketplace refuses the order by itself; None when it waits for nobody, or nobody waits for it."""
    if order.state != OrderState.AWAITING_ACCEPTANCE or order.test:
        return None
    return order.placed_at + timedelta(hours=link.acceptance_window_hours)


_SOLD_FIELDS = [field.attname for field in SoldOrder._meta.concrete_fields if field.name != "target_lines"]
_TOLD = (  # what the source says, in the names of `_sold_values`; the other columns are the target's and the hub's
    "brand_id target_id target_reference commercial_reference state source_state channel country customer_initials"
    " currency total shipping tax value_reporting placed_at source_updated_at ship_by accept_by accepted_at record_id"
).split()
_RECORD_SOLD = f"""
WITH sold AS (
    INSERT INTO orders_soldorder AS o (
        link_id, reference, {", ".join(_TOLD)},
        target_external_id, target_state, tax_differs, target_on_hold, first_seen_at)
    VALUES (%(link_id)s, %(reference)s, {", ".join(f"%({name})s" for name in _TOLD)}, '', '', FALSE, FALSE, %(now)s)
    ON CONFLICT (link_id, reference) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in _TOLD)}
    WHERE o.source_updated_at <= excluded.source_updated_at
    RETURNING {", ".join(f"o.{name}" for name in _SOLD_FIELDS)}
), lines AS (
    INSERT INTO orders_soldline
        (order_id, line_id, sku, target_sku, title, quantity, unit_price, line_total, tax, cancelled)
    SELECT sold.id, n.line_id, n.sku, '', n.title, n.quantity, n.unit_price, n.line_total, n.tax, n.cancelled
    FROM sold, unnest(%(line_ids)s::text[], %(skus)s::text[], %(titles)s::text[], %(quantities)s::int[],
                      %(unit_prices)s::numeric[], %(line_totals)s::numeric[], %(line_taxes)s::numeric[],
                      %(cancelled)s::bool[]) WITH ORDINALITY
               AS n (line_id, sku, title, quantity, unit_price, line_total, tax, cancelled, place)
    ORDER BY n.place
    ON CONFLICT (order_id, line_id) DO UPDATE
    SET sku = excluded.sku, title = excluded.title, quantity = excluded.quantity, unit_price = excluded.unit_price,
        line_total = excluded.line_total, tax = excluded.tax, cancelled = excluded.cancelled
), person AS (
    INSERT INTO orders_orderperson (order_id, data)
    SELECT sold.id, %(person)s::bytea FROM sold WHERE %(person)s::bytea IS NOT NULL
    ON CONFLICT (order_id) DO UPDATE SET data = excluded.data WHERE orders_orderperson.erased_at IS NULL
)
SELECT * FROM sold
"""  # noqa: S608  our own names


def record_sold(order: Order, *, link: Link, record_id: int | None) -> SoldOrder:
    """Write what the source says of an order. An older word never replaces a newer one; the row as it stands is returned.

    Raises DataError for values that no order has: names of a thousand letters, amounts of a hundred billion.
    """
    _check_sizes(order, link)
    values = {
        **_sold_values(order, link, record_id),
        **_line_columns(order),
        "reference": order.reference,
        "now": ports.now(),
        "person": _person(order),
    }
    with connection.cursor() as cursor:
        cursor.execute(_RECORD_SOLD, values)
        found = cursor.fetchone()
    if found is None:  # what is recorded is newer
        row = SoldOrder.objects.get(link=link, reference=order.reference)
    else:
        row = SoldOrder.from_db(connection.alias, _SOLD_FIELDS, found)
    row.link = link
    return row


def _check_sizes(order: Order, link: Link) -> None:
    problems = [*_too_long("", SoldOrder, _texts(order, link)), *_too_large("", _amounts(order))]
    for index, line in enumerate(order.lines):
        path = f"lines[{index}]."
        amounts = {"unit_price": line.unit_price.amount, "line_total": line.line_total.amount}
        problems += _too_long(path, SoldLine, {"line_id": line.line_id, "sku": line.sku, "title": line.title[:250]})
        problems += _too_large(path, {**amounts, "quantity": line.quantity})
    if problems:
        raise DataError(problems, record=order.reference[:80])


def _texts(order: Order, link: Link) -> dict[str, str]:
    return {
        "reference": order.reference,
        "target_reference": target_reference(link, order.reference),
        "commercial_reference": order.commercial_reference,
        "channel": order.channel,
        "source_state": order.source_state[:60],
    }


def _amounts(order: Order) -> dict[str, Decimal]:
    return {"total": order.total.amount, "shipping": order.shipping.amount, "tax": order.tax.amount}


def _too_long(path: str, model: type[Model], texts: Mapping[str, str]) -> list[Problem]:
    lengths: dict[str, int] = {name: getattr(model._meta.get_field(name), "max_length", None) or 0 for name in texts}
    return [
        Problem(
            field=f"{path}{name}", message=f"It is longer than {lengths[name]} letters, or not text that can be read."
        )
        for name, text in texts.items()
        if len(text) > lengths[name] or "\x00" in text
    ]


def _too_large(path: str, numbers: Mapping[str, Decimal | int]) -> list[Problem]:
    return [
        Problem(field=f"{path}{name}", message=f"{number} is larger than any order's.")
        for name, number in numbers.items()
        if abs(Decimal(number)) >= LARGEST_NUMBER
    ]


def _sold_values(order: Order, link: Link, record_id: int | None) -> dict[str, Any]:
    address = order.shipping_address or order.billing_address
    return {
        "link_id": link.pk,
        "brand_id": link.brand_id,
        "target_id": link.target_id,
        "target_reference": target_reference(link, order.reference),
        "commercial_reference": order.commercial_reference,
        "state": order.state.value,
        "source_state": order.source_state[:60],
        "channel": order.channel,
        "country": address.country if address else "",
        "customer_initials": _initials(address),
        "currency": order.currency,
        "total": order.total.amount,
        "shipping": order.shipping.amount,
        "tax": order.tax.amount,
        "value_reporting": reporting_value(link.brand, order.total.amount, order.currency, on=order.placed_at),
        "placed_at": order.placed_at,
        "source_updated_at": order.updated_at,
        "ship_by": order.ship_by,
        "accept_by": accept_by(order, link),
        "accepted_at": order.accepted_at,
        "record_id": record_id,
    }


def _initials(address: Address | None) -> str:
    names = (address.first_name, address.last_name) if address else ()
    return "".join(f"{name[0].upper()}." for name in names if name[:1].isalpha())


def _line_columns(order: Order) -> dict[str, list[Any]]:
    lines = order.lines
    return {
        "line_ids": [line.line_id for line in lines],
        "skus": [line.sku for line in lines],
        "titles": [line.title[:250] for line in lines],
        "quantities": [line.quantity for line in lines],
        "unit_prices": [line.unit_price.amount for line in lines],
        "line_totals": [line.line_total.amount for line in lines],
        "line_taxes": [sum((tax.amount.amount for tax in line.taxes), start=Decimal(0)) for line in lines],
        "cancelled": [line.cancelled for line in lines],
    }


def _person(order: Order) -> bytes | None:
    """Who bought it, encrypted; None while the source says nothing of them."""
    if order.shipping_address is None and order.billing_address is None and not order.relay_email:
        return None
    data = {
        "shipping": _address(order.shipping_address),
        "billing": _address(order.billing_address),
        "email": order.relay_email,
    }
    encrypted: bytes = OrderPerson._meta.get_field("data").get_prep_value(data)
    return encrypted


def _address(address: Address | None) -> dict[str, Any] | None:
    if address is None:
        return None
    return {
        "name": f"{address.first_name} {address.last_name}".strip(),
        "company": address.company,
        "street": list(address.street),
        "postal_code": address.postal_code,
        "city": address.city,
        "region": address.region,
        "country": address.country,
        "phone": address.phone,
    }


# Until a creation is sent, who buys it as known now is what will be told: a later change is seen against that.
_RECORD_MAPPED = """
WITH told AS (
    UPDATE orders_orderperson p SET sent = p.data
    FROM orders_soldorder o
    WHERE p.order_id = o.id AND o.id = %(order)s AND o.target_created_at IS NULL
      AND NOT EXISTS (
        SELECT 1 FROM sync_writeintent i
        WHERE i.connection_id = o.target_id AND i.operation = 'create_order' AND i.reference = o.target_reference
      )
)
UPDATE orders_soldline l SET target_sku = v.sku, mapping_version_id = v.version
FROM unnest(%(lines)s::text[], %(skus)s::text[], %(versions)s::bigint[]) AS v (line_id, sku, version)
WHERE l.order_id = %(order)s AND l.line_id = v.line_id
  AND (l.target_sku, l.mapping_version_id) IS DISTINCT FROM (v.sku, v.version)
"""


def record_mapped(row: SoldOrder, resolved: ResolvedOrder) -> None:
    """Write which SKU and which mapping version each line got, and what will be told of its customer."""
    lines = resolved.order.open_lines
    with connection.cursor() as cursor:
        cursor.execute(
            _RECORD_MAPPED,
            {
                "order": row.pk,
                "lines": [line.line_id for line in lines],
                "skus": [line.sku for line in lines],
                "versions": [resolved.sku_versions.get(line.line_id) for line in lines],
            },
        )


def record_target(row: SoldOrder, seen: TargetOrder, **more: Any) -> None:
    """Write what the target says of the order."""
    values = {
        "target_external_id": seen.external_id,
        "target_number": seen.number[:60] or row.target_number,  # one that was told is not taken back
        "target_state": seen.state.value,
        "target_total": seen.total.amount,
        "target_tax": seen.tax.amount if seen.tax else None,
        "target_on_hold": seen.on_hold,
        "target_seen_at": ports.now(),
        "target_shipping": seen.shipping.amount,
        "target_lines": json.dumps([_target_line(line) for line in seen.lines]),
        **more,
    }
    told = ", ".join(f"{name} = %s" for name in values)
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE orders_soldorder SET {told} WHERE id = %s", [*values.values(), row.pk])  # noqa: S608  our names
    for name, value in values.items():
        setattr(row, name, value)


def _target_line(line: TargetLine) -> dict[str, Any]:
    amounts = {"unit_price": str(line.unit_price.amount), "line_total": str(line.line_total.amount)}
    return {"sku": line.sku, "quantity": line.quantity, **amounts}


def money(row: SoldOrder, name: str) -> Money:
    """One of the order's amounts with its currency."""
    return Money(getattr(row, name), row.currency)
