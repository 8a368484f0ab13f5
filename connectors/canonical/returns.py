"""Goods that come back: what is announced, what the warehouse received and shelved, and what is given back for it.

Two sides speak of one return. Where the order was sold, a return is announced and refunded; where the goods go, it is
received, inspected and shelved. Received is the operational fact, and shelved is what sells again; the posted credit note
is the financial one at the books, the refund at who took the money.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from connectors.canonical.errors import DataError, Problem
from connectors.canonical.money import Money, total

REFUND_MARK = "refund-"  # begins the id of a refund that no return of its platform names: "refund-77"


class ReturnState(StrEnum):
    """Where a return stands at the platform that was asked, in our words."""

    REQUESTED = "REQUESTED"  # announced, not arrived; at who sold it: not refunded yet
    RECEIVED = "RECEIVED"  # arrived, not yet inspected and shelved: nothing of it may be sold
    RESTOCKED = "RESTOCKED"  # inspected; what is fit to sell is on the shelf again
    COMPLETED = "COMPLETED"  # over where it was sold: refunded, or closed
    CANCELLED = "CANCELLED"  # withdrawn, refused or deleted: no goods, no money
    UNKNOWN = "UNKNOWN"  # a value we have never seen: kept, and told to a person


# --- announcing -------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class ReturnRequestLine:
    order_line_id: str = ""  # the receiver's order line that comes back, where it is known
    sold_line_id: str = ""  # else the line as it was sold: the source's identifier, which the receiver was told
    quantity: int  # units, at least 1
    line_id: str = ""  # the source's identifier of the return line
    reason: str = ""  # as the receiver is to show it
    note: str = ""
    amount: Money | None = None  # given back for all these units, tax included; None = what they were sold at
    tax: Money | None = None  # of `amount`, as the source states it


@dataclass(frozen=True, kw_only=True)
class ReturnRequest:
    """A return as it is announced to who receives it."""

    reference: str  # names the return: the receiver takes it once
    order_external_id: str  # the receiver's number of the order it was sold with
    lines: tuple[ReturnRequestLine, ...]
    shipping: Money | None = None  # delivery given back with it, tax included; None or 0: none
    shipping_tax: Money | None = None


# --- reading ----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class ReturnLine:
    line_id: str  # the platform's identifier of the return line
    source_line_id: str = ""  # at a receiver: the line's identifier where it was announced, where the receiver was told
    order_line_id: str = ""  # at who sold it: the order line, as `OrderLine.line_id`; "" when it does not say
    sku: str  # as the platform spells it
    requested: int  # units announced
    received: int = 0  # units that arrived, of those announced
    restocked: int = 0  # units on the shelf again, of those received; the rest was not fit to sell, or waits
    reason: str = ""  # the customer's, in the platform's words
    amount: Money | None = None  # given back for these units, tax included; None when the platform does not say
    tax: Money | None = None  # of `amount`


@dataclass(frozen=True, kw_only=True)
class RefundEntry:
    """One movement of money back to the customer."""

    transaction_id: str  # the platform's, "" where it gives none
    state: str  # SUCCESS | PENDING | FAILED
    amount: Money
    at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class ReturnMoney:
    """What is given back for a return, as who sold it states it. Tax is inside every amount; all are positive."""

    lines: Money
    shipping: Money
    handling: Money
    discount: Money  # of the order's vouchers, kept back
    cost: Money  # what the customer pays for returning
    tax: Money  # inside the total
    total: Money  # lines + shipping + handling − discount − cost


@dataclass(frozen=True, kw_only=True)
class Return:
    """A return as one platform has it: where it was sold, or one parcel of it at who receives it.

    A refund without goods (delivery, goodwill) is a Return without lines and with money.
    """

    external_id: str
    number: str = ""  # the platform's human number
    reference: str = ""  # at a receiver: what it was announced as, "" when the receiver made the return itself
    return_id: str = ""  # at a receiver: its number of the whole return, as `find_return` gives it
    order_external_id: str  # the platform's own number of the order it was sold with, "" when it does not say
    state: ReturnState
    source_state: str  # the platform's own word for it
    lines: tuple[ReturnLine, ...]
    created_at: datetime | None = None  # aware, UTC
    updated_at: datetime | None = None  # aware, UTC
    answer_by: datetime | None = None  # when the platform decides by itself, where it waits for an answer
    refund_wanted: Money | None = None  # at a marketplace: what the customer is to get back, where it says
    money: ReturnMoney | None = None  # what is given back, where the platform says it in full
    refunds: tuple[RefundEntry, ...] = ()  # what was paid back, or tried
    returned_to_stock: bool = False  # the platform has put the goods back into its own stock by itself

    @property
    def refunded(self) -> Money | None:
        """What has gone back to the customer; None while nothing has."""
        paid = [entry.amount for entry in self.refunds if entry.state == "SUCCESS"]
        return total(paid, currency=paid[0].currency) if paid else None


@dataclass(frozen=True, kw_only=True)
class CreditNote:
    """What is given back on paper. Amounts are positive, tax included in the total."""

    external_id: str
    number: str = ""
    reference: str  # what the return was announced as, "" for one that belongs to no return
    return_id: str = ""  # as of a parcel
    order_external_id: str = ""
    posted: bool  # in the books; before that it may still change
    total: Money
    tax: Money
    issued_date: date | None = None


def check_return(found: Return) -> Return:
    """Return it, or raise DataError naming every line whose units, and every sum whose parts, do not add up."""
    problems = [*_unit_problems(found), *_money_problems(found)]
    if not found.lines and found.money is None:
        problems.append(Problem(field="lines", message="The return has no lines.", record=found.external_id))
    if problems:
        raise DataError(problems, record=f"Return {found.number or found.external_id}")
    return found


def _unit_problems(found: Return) -> list[Problem]:
    return [
        Problem(
            field=f"lines[{index}]",
            message=f"{line.restocked} of {line.received} of {line.requested} units cannot be.",
            record=found.external_id,
        )
        for index, line in enumerate(found.lines)
        if not 0 <= line.restocked <= line.received <= line.requested
    ]


def _money_problems(found: Return) -> list[Problem]:
    money = found.money
    if money is None:
        return []
    parts = (money.lines, money.shipping, money.handling, money.discount, money.cost, money.tax, money.total)
    if len({part.currency for part in parts}) > 1:
        return [Problem(field="money", message="Its amounts are in different currencies.", record=found.external_id)]
    expected = money.lines + money.shipping + money.handling - money.discount - money.cost
    if expected.agrees_with(money.total):
        return []
    words = f"Its parts make {expected}, and it says {money.total}."
    return [Problem(field="money.total", message=words, record=found.external_id)]
