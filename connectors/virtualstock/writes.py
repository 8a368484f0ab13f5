"""Ours → the items of Virtualstock's actions, and what an order shows of them. Pure.

A line is `line_reference` on orders, `line_ref` in actions and `order_line_reference` on invoices; an action names it
together with its `part_number`. Only the lines named change. Source: the vendor's Postman collection, "Orders".
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from connectors.canonical.dispatches import Dispatch, check_dispatch
from connectors.canonical.errors import DataError, Problem
from connectors.canonical.payload import JSON
from connectors.virtualstock.reading import Node
from connectors.virtualstock.translate import line_statuses

Item: TypeAlias = dict[str, Any]

LONGEST_TRACKING_NUMBER = 100
LONGEST_TRACKING_URL = 255
UNDECIDED = frozenset({"ORDER"})
STOPPABLE = frozenset({"ORDER", "ORDER_ACK"})  # BACKORDER: the retailer was asked already


@dataclass(frozen=True, kw_only=True)
class Manners:
    """What a retailer wants to hear with an action, as the connection is set."""

    zone: ZoneInfo
    lead_time_days: int | None = None  # promised with an acknowledgement, where the retailer wants a date
    fulfilment_route: str = ""
    acknowledge_sub_status: str = ""
    backorder_sub_status: str = ""
    backorder_days: int = 14
    partial_quantities: bool = False  # the retailer takes a part of one line's units


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of the order as it stands at the platform."""

    reference: str
    part_number: str
    quantity: int
    status: str

    def item(self, *, quantity: int | None = None) -> Item:
        return {
            "part_number": self.part_number,
            "line_ref": self.reference,
            "quantity": self.quantity if quantity is None else quantity,
        }


def read_lines(payload: JSON) -> dict[str, Line]:
    """By line reference. Raises DataError for a line that cannot be named."""
    node = Node.root(payload)
    lines = [
        Line(
            reference=item.text("line_reference", required=True),
            part_number=item.text("part_number", required=True),
            quantity=item.count("quantity"),
            status=status,
        )
        for item, status in zip(node.children("items"), line_statuses(payload), strict=False)
    ]
    node.faults.record = node.text("order_reference")
    node.faults.raise_any()
    return {line.reference: line for line in lines}


# --- deciding ---------------------------------------------------------------------------------------------------------
def build_acknowledgement(lines: Collection[Line], manners: Manners, *, now: datetime) -> list[Item]:
    more: Item = {}
    if manners.acknowledge_sub_status:
        more["sub_status"] = manners.acknowledge_sub_status
    if manners.lead_time_days is not None:
        more["supplier_dispatch_date"] = _datetime(now + timedelta(days=manners.lead_time_days), manners.zone)
    if manners.fulfilment_route:
        more["fulfillment_route"] = manners.fulfilment_route
    return [{**line.item(), **more} for line in lines]


def build_backorder(lines: Collection[Line], manners: Manners, *, now: datetime) -> list[Item]:
    """The nearest thing to a refusal: the reason makes the retailer ask for the cancellation."""
    more: Item = {
        "sub_status": manners.backorder_sub_status,
        "supplier_dispatch_date": _datetime(now + timedelta(days=manners.backorder_days), manners.zone),
    }
    if manners.fulfilment_route:
        more["fulfillment_route"] = manners.fulfilment_route
    return [{**line.item(), **more} for line in lines]


def _datetime(moment: datetime, zone: ZoneInfo) -> str:
    """Acknowledgements and back orders take a time without a zone, a dispatch takes a date."""
    return moment.astimezone(zone).strftime("%Y-%m-%dT%H:%M:%S")


# --- dispatching ------------------------------------------------------------------------------------------------------
def check_sendable(dispatch: Dispatch) -> Dispatch:
    """Return the dispatch, or raise DataError naming everything the platform would need and does not get."""
    check_dispatch(dispatch)
    problems = [
        Problem(field=f"lines[{index}].line_id", message=f"{line.sku} has no order line at the retailer.")
        for index, line in enumerate(dispatch.lines)
        if not line.line_id
    ]
    if not dispatch.carrier and not dispatch.carrier_name:
        problems.append(Problem(field="carrier", message="The dispatch has no carrier that the platform knows."))
    if not dispatch.tracking_number:
        problems.append(Problem(field="tracking_number", message="Virtualstock demands a tracking number."))
    elif len(dispatch.tracking_number) > LONGEST_TRACKING_NUMBER:
        words = f"Virtualstock takes a tracking number of {LONGEST_TRACKING_NUMBER} letters at most."
        problems.append(Problem(field="tracking_number", message=words))
    if problems:
        raise DataError(problems, record=f"Dispatch {dispatch.number or dispatch.dispatch_id}")
    return dispatch


def units_sent(dispatch: Dispatch) -> dict[str, int]:
    """Line reference → units, over all lines of the dispatch."""
    units: dict[str, int] = {}
    for line in dispatch.lines:
        units[line.line_id] = units.get(line.line_id, 0) + line.quantity
    return units


def skus_in_excess(lines: Mapping[str, Line], dispatch: Dispatch) -> list[str]:
    """SKUs of the dispatch of which the order has no such line, or not so many units."""
    units = units_sent(dispatch)
    return [
        line.sku
        for line in dispatch.lines
        if line.line_id not in lines or units[line.line_id] > lines[line.line_id].quantity
    ]


def split_lines(lines: Mapping[str, Line], dispatch: Dispatch) -> list[str]:
    """References of the lines of which only a part of the units is in this dispatch."""
    return [ref for ref, units in units_sent(dispatch).items() if ref in lines and units < lines[ref].quantity]


def build_dispatch(lines: Sequence[Line], dispatch: Dispatch, manners: Manners) -> list[Item]:
    """One carrier and tracking number for each line. A line that goes only whole is sent with all its units."""
    units = units_sent(dispatch)
    more: Item = {
        "carrier": dispatch.carrier,
        "supplier_dispatch_date": dispatch.dispatched_at.astimezone(manners.zone).date().isoformat(),
        "tracking_number": dispatch.tracking_number,
    }
    if dispatch.tracking_url and len(dispatch.tracking_url) <= LONGEST_TRACKING_URL:
        more["tracking_url"] = dispatch.tracking_url
    return [
        {**line.item(quantity=units[line.reference] if manners.partial_quantities else line.quantity), **more}
        for line in lines
    ]
