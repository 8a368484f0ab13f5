"""Goods that come back: what is announced, what the warehouse received and shelved, and the credit note for it.

Received is the operational fact, and shelved is what sells again; the posted credit note is the financial one.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from connectors.canonical.errors import DataError, Problem
from connectors.canonical.money import Money


class ReturnState(StrEnum):
    """Where a return stands at the warehouse, in our words."""

    REQUESTED = "REQUESTED"  # announced, not arrived
    RECEIVED = "RECEIVED"  # arrived, not yet inspected and shelved: nothing of it may be sold
    RESTOCKED = "RESTOCKED"  # inspected; what is fit to sell is on the shelf again
    CANCELLED = "CANCELLED"
    UNKNOWN = "UNKNOWN"  # a value we have never seen: kept, and told to a person


@dataclass(frozen=True, kw_only=True)
class ReturnRequestLine:
    order_line_id: str  # the receiver's order line that comes back
    quantity: int  # units, at least 1
    line_id: str = ""  # the source's identifier of the return line
    reason: str = ""  # as the receiver is to show it
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class ReturnRequest:
    """A return as it is announced to who receives it; credited at the prices it was sold at."""

    reference: str  # the source's return id: the receiver takes it once
    order_external_id: str  # the receiver's number of the order it was sold with
    lines: tuple[ReturnRequestLine, ...]


@dataclass(frozen=True, kw_only=True)
class ReturnLine:
    line_id: str  # the receiver's identifier of the return line
    source_line_id: str = ""  # the source's, where it gave one
    sku: str
    requested: int  # units announced
    received: int  # units that arrived, of those announced
    restocked: int  # units on the shelf again, of those received; the rest was not fit to sell, or waits


@dataclass(frozen=True, kw_only=True)
class Return:
    """One parcel of a return as it stands at its receiver; a return may arrive in several."""

    external_id: str
    number: str = ""  # the receiver's human number
    reference: str  # the source's return id, "" when the receiver made the return itself
    order_external_id: str  # the receiver's number of the order it was sold with, "" when it does not say
    state: ReturnState
    source_state: str  # the receiver's own word for it
    lines: tuple[ReturnLine, ...]
    updated_at: datetime | None = None  # aware, UTC


@dataclass(frozen=True, kw_only=True)
class CreditNote:
    """What is given back on paper. Amounts are positive, tax included in the total."""

    external_id: str
    number: str = ""
    reference: str  # the source's return id, "" for one that belongs to no return
    order_external_id: str = ""
    posted: bool  # in the books; before that it may still change
    total: Money
    tax: Money
    issued_date: date | None = None


def check_return(found: Return) -> Return:
    """Return it, or raise DataError naming every line whose units do not add up."""
    problems = [
        Problem(
            field=f"lines[{index}]",
            message=f"{line.restocked} of {line.received} of {line.requested} units cannot be.",
            record=found.external_id,
        )
        for index, line in enumerate(found.lines)
        if not 0 <= line.restocked <= line.received <= line.requested
    ]
    if not found.lines:
        problems.append(Problem(field="lines", message="The return has no lines.", record=found.external_id))
    if problems:
        raise DataError(problems, record=f"Return {found.number or found.external_id}")
    return found
