"""Reserving stock in the hub for orders that the owner of stock does not know yet.

Free is what the owner had at its last reading, less what is held for other orders. Held and read under one lock per SKU, in
SKU order, so that parallel orders neither deadlock nor promise a unit twice. A hold ends when a reading taken after the order
was created there is in hand (it counts the order itself), or when the order lapses, is refused or cancelled.
"""

from collections.abc import Mapping

from django.db import transaction
from django.db.models import Sum

from connectors import ports
from connectors.canonical.orders import Order
from connectors.canonical.stock import StockLevel
from connectors.models import Connection
from integrationhub.orders.models import Reservation, SoldOrder, StockReading
from integrationhub.sync.flows import NeedsPersonError
from integrationhub.sync.run import Run

State = Reservation.State


def reserve(run: Run, order: Order, row: SoldOrder) -> None:
    """Hold stock for every line, or none: NeedsPersonError names what is missing. Repeating it changes nothing."""
    wanted = _wanted(order)
    if Reservation.objects.filter(order=row, state=State.HELD).count() == len(wanted):
        return
    levels = run.target.fetch_stock(sorted(wanted))
    with transaction.atomic():
        free = _free(run.target_row, record_readings(run.target_row, levels, skus=sorted(wanted)), besides=row)
        short = {sku: free.get(sku, 0) for sku, units in wanted.items() if free.get(sku, 0) < units}
        if short:
            raise _out_of_stock(run, row, wanted, short)
        Reservation.objects.bulk_create(
            [
                Reservation(order=row, connection=run.target_row, sku=sku, quantity=units)
                for sku, units in wanted.items()
            ],
            update_conflicts=True,
            unique_fields=["order", "sku"],
            update_fields=["quantity", "state", "ended_at"],
        )


def _wanted(order: Order) -> dict[str, int]:
    wanted: dict[str, int] = {}
    for line in order.open_lines:
        wanted[line.sku] = wanted.get(line.sku, 0) + line.quantity
    return wanted


def record_readings(place: Connection, levels: tuple[StockLevel, ...], *, skus: list[str]) -> list[StockReading]:
    """Write what the owner counted and return the rows of `skus`, locked. An older reading never replaces a newer one."""
    StockReading.objects.bulk_create([StockReading(connection=place, sku=sku) for sku in skus], ignore_conflicts=True)
    rows = list(StockReading.objects.filter(connection=place, sku__in=skus).order_by("sku").select_for_update())
    found = {level.sku: level for level in levels}
    for row in rows:
        level = found.get(row.sku)
        if level is not None and (row.as_of is None or level.as_of >= row.as_of):
            row.available, row.as_of = level.available, level.as_of
            row.save(update_fields=["available", "as_of"])
            _end_counted(place, level)
    return rows


def _end_counted(place: Connection, level: StockLevel) -> None:
    """Orders created at the owner before it counted are in its figure: holding for them too would count them twice."""
    Reservation.objects.filter(
        connection=place, sku=level.sku, state=State.HELD, order__target_created_at__lt=level.as_of
    ).update(state=State.COUNTED, ended_at=ports.now(), reason="Counted where it is fulfilled.")


def _free(place: Connection, rows: list[StockReading], *, besides: SoldOrder) -> Mapping[str, int]:
    held = (
        Reservation.objects.filter(connection=place, sku__in=[row.sku for row in rows], state=State.HELD)
        .exclude(order=besides)
        .values("sku")
        .annotate(units=Sum("quantity"))
    )
    promised = {row["sku"]: row["units"] for row in held}
    return {row.sku: row.available - promised.get(row.sku, 0) for row in rows if row.available is not None}


def _out_of_stock(run: Run, row: SoldOrder, wanted: Mapping[str, int], short: Mapping[str, int]) -> NeedsPersonError:
    """One case per SKU that is short: whoever finds stock of it lets every order go on that waits for it."""

    def finding(sku: str, also: tuple[NeedsPersonError, ...] = ()) -> NeedsPersonError:
        return NeedsPersonError(
            "out_of_stock",
            object_key=f"{run.target_row.pk}:{sku}",
            context={"sku": sku, "wanted": wanted[sku], "free": max(0, short[sku])},
            message=f"{run.target_row.name} does not have enough of {', '.join(sorted(short))} for {row.reference}.",
            also=also,
        )

    first, *rest = sorted(short)
    return finding(first, tuple(finding(sku) for sku in rest))


def let_go(row: SoldOrder, *, reason: str) -> int:
    """End what is held for an order that will not be created any more."""
    return Reservation.objects.filter(order=row, state=State.HELD).update(
        state=State.RELEASED, ended_at=ports.now(), reason=reason[:120]
    )
