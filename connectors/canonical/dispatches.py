"""A dispatch: units of one order that left together under one tracking number."""

from dataclasses import dataclass
from datetime import datetime

from connectors.canonical.errors import DataError, Problem


@dataclass(frozen=True, kw_only=True)
class DispatchLine:
    sku: str  # as the sender of the dispatch spells it (Centra's SKU)
    line_id: str = ""  # the receiver's order line id, filled by the hub before sending
    source_line_id: str = ""  # the sender's order line id
    quantity: int


@dataclass(frozen=True, kw_only=True)
class Dispatch:
    dispatch_id: str  # the sender's identifier: Centra's shipment id
    number: str = ""  # the sender's human number: "39790-1"
    order_reference: str  # the order id where it was sold
    order_external_id: str  # the sender's order number
    carrier: str  # the sender's carrier text; after resolving, the receiver's carrier code
    service: str = ""  # the sender's text; after resolving, what the carrier's mapping says of it
    tracking_number: str = ""
    tracking_url: str = ""
    carrier_name: str = ""  # set on purpose by a mapping to a named carrier that the receiver does not list
    lines: tuple[DispatchLine, ...]
    dispatched_at: datetime  # aware, UTC
    is_last: bool = False  # nothing of the order remains to be dispatched after this one


@dataclass(frozen=True, kw_only=True)
class DispatchRemark:
    """What did not go well beside a dispatch that was taken; it is a person's to settle."""

    code: str  # the cause of its case: "payment_not_captured"
    words: str  # a full sentence
    platform_words: str = ""  # the receiver's own, "" where it said none


@dataclass(frozen=True, kw_only=True)
class Carrier:
    """A carrier that a marketplace lists."""

    code: str
    label: str
    needs_tracking_number: bool = False


@dataclass(frozen=True, kw_only=True)
class Reason:
    code: str
    label: str
    kind: str  # REFUND, CANCELLATION, ...
    seller_may_use: bool


def check_dispatch(dispatch: Dispatch) -> Dispatch:
    """Return the dispatch, or raise DataError naming every field at fault."""
    problems = []
    if not dispatch.lines:
        problems.append(Problem(field="lines", message="The dispatch has no lines.", record=dispatch.dispatch_id))
    for index, line in enumerate(dispatch.lines):
        if line.quantity < 1:
            words = f"The quantity of {line.sku} is {line.quantity}; it must be at least 1."
            problems.append(Problem(field=f"lines[{index}].quantity", message=words, record=dispatch.dispatch_id))
    if problems:
        raise DataError(problems, record=f"Dispatch {dispatch.number or dispatch.dispatch_id}")
    return dispatch
