"""Holding stock in the hub for an order that the owner of stock does not know yet. The ledger is `integrationhub.inventory`."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from connectors.canonical.orders import Order
from connectors.models import Link
from integrationhub.inventory import promises, readings
from integrationhub.orders.models import SoldOrder
from integrationhub.sync.flows import NeedsPersonError
from integrationhub.sync.run import Run
from mappings_app.lookup import VersionTable


def reserve(run: Run, order: Order, row: SoldOrder) -> None:
    """Hold stock for every line, or none: NeedsPersonError names what is missing. Repeating it changes nothing."""
    wanted = _wanted(order)
    if promises.held(run.link.pk, row.reference) == wanted:
        return
    readings.record(run.target_row.pk, run.target.fetch_stock(sorted(wanted)))
    short = promises.hold(run.link, row.reference, wanted)
    if short:
        raise _out_of_stock(run, row, wanted, short)


def keep(link: Link, order: Order, row: SoldOrder) -> None:
    """Hold the units that were sold already, whatever the readings say: those of lines whose SKU is known. Repeatable."""
    table = VersionTable.load(link, {"sku": {line.sku for line in order.open_lines}})
    wanted: Counter[str] = Counter()
    for line in order.open_lines:
        version = table.at("sku", line.sku, order.placed_at)
        if version is not None:
            wanted[version.to_code] += line.quantity
    held = promises.held(link.pk, row.reference)
    if held == wanted:
        return
    if held.keys() - wanted.keys():
        promises.let_go(link.pk, row.reference, reason="No longer on the order.", but=wanted.keys())
    if wanted:
        promises.vouch(
            link, row.reference, wanted, reason=f"Sold at {link.source.name}, not yet in {link.target.name}."
        )


def until_counted(link: Link, order: Order, row: SoldOrder, *, since: datetime) -> None:
    """The order, mapped, stands where its stock is owned: its units are held until a count that was taken after `since`."""
    reason = f"{link.target.name} has it, and has not counted since."
    promises.owner_knows(link, row.reference, _wanted(order), since=since, reason=reason)


def _wanted(order: Order) -> dict[str, int]:
    wanted: dict[str, int] = {}
    for line in order.open_lines:
        wanted[line.sku] = wanted.get(line.sku, 0) + line.quantity
    return wanted


def _out_of_stock(run: Run, row: SoldOrder, wanted: Mapping[str, int], short: Mapping[str, int]) -> NeedsPersonError:
    """One case per SKU that is short: whoever finds stock of it lets every order go on that waits for it."""

    def finding(sku: str, also: tuple[NeedsPersonError, ...] = ()) -> NeedsPersonError:
        return NeedsPersonError(
            "out_of_stock",
            object_key=f"{run.target_row.pk}:{sku}",
            context={"sku": sku, "wanted": wanted[sku], "free": short[sku]},
            message=f"{run.target_row.name} does not have enough of {', '.join(sorted(short))} for {row.reference}.",
            also=also,
        )

    first, *rest = sorted(short)
    return finding(first, tuple(finding(sku) for sku in rest))


def let_go(row: SoldOrder, *, reason: str) -> int:
    """End what is held for an order that will not be created any more."""
    return promises.let_go(row.link_id, row.reference, reason=reason)
