"""Giving money back after dispatch where an order was sold: what is asked for, what may still be, and what was.

What was given back is a `Return` with money: `connectors.canonical.returns`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from connectors.canonical.errors import PermanentError
from connectors.canonical.money import Money, total
from connectors.canonical.returns import Return


class ByHand(StrEnum):
    """Why a refund is for a person to make: codes of PermanentError, and of what the hub finds before it asks."""

    SWITCHED_OFF = "switched_off"  # the link does not let the hub refund
    NO_CALL = "no_call"  # the platform has no call for it
    NO_GOODS = "no_goods"  # money alone: for what, nobody says
    DELIVERY_ALONE = "delivery_alone"  # the platform gives delivery back only together with goods
    NOT_PLACED = "not_placed"  # for goods, or an amount, that the order as it was sold does not have
    WHOLE_UNITS = "whole_units"  # the platform gives back whole units at their price, and this is another amount
    NOT_LEFT = "not_left"  # more than may still be given back there
    ENDED = "ended"  # the order is in a state in which nothing is given back any more, or yet
    OPERATOR = "operator"  # only the marketplace's operator can
    UNLIKE = "unlike"  # something else of these lines was given back there already, and by another amount


@dataclass(frozen=True, kw_only=True)
class RefundLine:
    line_id: str  # the order line where it was sold, as `OrderLine.line_id`
    quantity: int  # units given back
    amount: Money  # goods, tax included, for all these units


@dataclass(frozen=True, kw_only=True)
class Refund:
    order_reference: str
    lines: tuple[RefundLine, ...]
    shipping: Money  # delivery given back with it, tax included; 0: none
    reason_code: str  # the platform's own

    @property
    def total(self) -> Money:
        return total((line.amount for line in self.lines), currency=self.shipping.currency) + self.shipping


@dataclass(frozen=True, kw_only=True)
class Left:
    """What may still be given back of one order line."""

    units: int
    goods: Money  # tax included
    shipping: Money
    open: bool  # False: nothing of it is given back in the state it is in
    shipped: bool = True  # False: it has not left yet, as far as is told there


@dataclass(frozen=True, kw_only=True)
class RefundStanding:
    """An order's refunds after dispatch, as they stand where it was sold."""

    made: tuple[Return, ...] = ()  # each is COMPLETED once it is paid
    left: Mapping[str, Left]  # order line id → what is left of it

    def waits_for_dispatch(self, lines: Sequence[RefundLine]) -> bool:
        """Whether it is not told there yet that these left: a refund now would be one before dispatch."""
        return any(line.line_id in self.left and not self.left[line.line_id].shipped for line in lines)

    def why_not(self, refund: Refund) -> ByHand | None:
        """Why the refund cannot be made there now, as far as any platform would say so."""
        lines = [(line, self.left.get(line.line_id)) for line in refund.lines]
        if any(left is None or not left.open for _, left in lines):
            return ByHand.ENDED
        over = any(left.goods.minor() < line.amount.minor() for line, left in lines if left is not None)
        delivery = self.delivery_left(currency=refund.shipping.currency)
        return ByHand.NOT_LEFT if over or delivery.minor() < refund.shipping.minor() else None

    def delivery_left(self, *, currency: str) -> Money:
        return total((left.shipping for left in self.left.values() if left.open), currency=currency)

    def left_of(self, line_ids: Sequence[str], *, currency: str) -> Money:
        """What is left of these lines, with all the delivery that is left."""
        goods = [self.left[key].goods for key in line_ids if key in self.left and self.left[key].open]
        return total([*goods, self.delivery_left(currency=currency)], currency=currency)


def by_hand(why: ByHand, message: str, *, subject: str = "", platform_words: str = "") -> PermanentError:
    """A refusal that makes a refund a person's to make."""
    return PermanentError(message, subject=subject, platform_words=platform_words, code=why.value)
