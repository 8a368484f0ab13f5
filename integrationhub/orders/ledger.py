"""Writing the order ledger: what the source says, what the target says. One statement each, newest wins."""

from datetime import timedelta
from typing import Any

from django.db import connection, transaction

from connectors import ports
from connectors.canonical.money import Money
from connectors.canonical.orders import Address, Order, OrderState, TargetOrder
from connectors.models import Link
from integrationhub.orders.models import OrderPerson, SoldLine, SoldOrder
from integrationhub.sync.enqueue import reporting_value
from mappings_app.resolving import ResolvedOrder


def target_reference(link: Link, reference: str) -> str:
    return f"{link.reference_prefix}{reference}"


def accept_by(order: Order, link: Link) -> Any:
    """When the marketplace refuses the order by itself; None when it waits for nobody."""
    if order.state != OrderState.AWAITING_ACCEPTANCE:
        return None
    return order.placed_at + timedelta(hours=link.acceptance_window_hours)


def record_sold(order: Order, *, link: Link, record_id: int | None) -> SoldOrder:
    """Write what the source says of an order. An older word never replaces a newer one; the row as it stands is returned."""
    values = _sold_values(order, link, record_id)
    with transaction.atomic():
        row, made = SoldOrder.objects.get_or_create(link=link, reference=order.reference, defaults=values)
        if not made:
            if order.updated_at < row.source_updated_at:
                return row
            for name, value in values.items():
                setattr(row, name, value)
            row.save(update_fields=list(values))
        _record_lines(order, row, made=made)
        _record_person(order, row, made=made)
    return row


def _sold_values(order: Order, link: Link, record_id: int | None) -> dict[str, Any]:
    address = order.shipping_address or order.billing_address
    return {
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
    return "".join(f"{name[0].upper()}." for name in names if name)


def _record_lines(order: Order, row: SoldOrder, *, made: bool) -> None:
    lines = [
        SoldLine(
            order=row,
            line_id=line.line_id,
            sku=line.sku,
            title=line.title[:250],
            quantity=line.quantity,
            unit_price=line.unit_price.amount,
            line_total=line.line_total.amount,
            tax=sum((tax.amount.amount for tax in line.taxes), start=line.line_total.amount * 0),
            cancelled=line.cancelled,
        )
        for line in order.lines
    ]
    if made:
        SoldLine.objects.bulk_create(lines)
        return
    SoldLine.objects.bulk_create(
        lines,
        update_conflicts=True,
        unique_fields=["order", "line_id"],
        update_fields=["sku", "title", "quantity", "unit_price", "line_total", "tax", "cancelled"],
    )


def _record_person(order: Order, row: SoldOrder, *, made: bool) -> None:
    if order.shipping_address is None and order.billing_address is None and not order.relay_email:
        return
    data = {
        "shipping": _address(order.shipping_address),
        "billing": _address(order.billing_address),
        "email": order.relay_email,
    }
    person = OrderPerson(order=row, data=data)
    if made:
        person.save(force_insert=True)
        return
    OrderPerson.objects.bulk_create([person], update_conflicts=True, unique_fields=["order"], update_fields=["data"])


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


_RECORD_MAPPED = """
UPDATE orders_soldline l SET target_sku = v.sku, mapping_version_id = v.version
FROM unnest(%s::text[], %s::text[], %s::bigint[]) AS v (line_id, sku, version)
WHERE l.order_id = %s AND l.line_id = v.line_id AND (l.target_sku, l.mapping_version_id) IS DISTINCT FROM (v.sku, v.version)
"""


def record_mapped(row: SoldOrder, resolved: ResolvedOrder) -> None:
    """Write which SKU and which mapping version each line got."""
    lines = resolved.order.open_lines
    with connection.cursor() as cursor:
        cursor.execute(
            _RECORD_MAPPED,
            [
                [line.line_id for line in lines],
                [line.sku for line in lines],
                [resolved.sku_versions.get(line.line_id) for line in lines],
                row.pk,
            ],
        )


def record_target(row: SoldOrder, seen: TargetOrder, **more: Any) -> None:
    """Write what the target says of the order."""
    values = {
        "target_external_id": seen.external_id,
        "target_state": seen.state.value,
        "target_total": seen.total.amount,
        "target_tax": seen.tax.amount if seen.tax else None,
        "target_on_hold": seen.on_hold,
        "target_seen_at": ports.now(),
        **more,
    }
    SoldOrder.objects.filter(pk=row.pk).update(**values)
    for name, value in values.items():
        setattr(row, name, value)


def money(row: SoldOrder, name: str) -> Money:
    """One of the order's amounts with its currency."""
    return Money(getattr(row, name), row.currency)
