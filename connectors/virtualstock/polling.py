"""How far a reading of orders, or of returns, has come. Pure.

The platform cannot be asked what changed since: it lists orders by status, in an order it does not document. So a poll
lists every status in which there is something to do, each time. Orders that are done would be listed for ever: they are
listed once an hour, and those placed long before the window are left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

# In the order in which orders move on, so that one that moves meanwhile is met again further down.
OPEN = ("ORDER", "ORDER_ACK", "BACKORDER", "CANCEL", "RMA")
ENDED = (
    "CANCEL_ACK",
    "DISPATCH",
    "RMA_ACK",
    "RMA_AUTHORISED",
    "RMA_REJ",
    "RMA_COLLECTION_BOOKED",
    "RMA_REC",
    "RMA_EXC",
)
LOOK_BACK = timedelta(days=90)  # an order that ends was placed at most so long before


def statuses(
    since: datetime, until: datetime, *, open_ones: Sequence[str] = OPEN, ended: Sequence[str] = ENDED
) -> tuple[str, ...]:
    """What a reading of this window lists: what has ended too when a full hour lies in it, or the window is longer."""
    return (*open_ones, *ended) if _hours(since) != _hours(until) else tuple(open_ones)


def _hours(moment: datetime) -> int:
    return int(moment.timestamp()) // 3600


@dataclass(frozen=True, kw_only=True)
class Place:
    """Between pages it travels as a token."""

    status: str
    offset: int = 0
    total: int | None = None  # what the page before counted
    met_recent: bool = False  # a page before this one held orders of the time looked at

    @classmethod
    def decoded(cls, token: str | None, wanted: Sequence[str]) -> "Place":
        if token is None:
            return cls(status=wanted[0])
        status, offset, total, met = token.split(":")
        return cls(status=status, offset=int(offset), total=int(total) if total else None, met_recent=met == "1")

    def encoded(self) -> str:
        total = "" if self.total is None else str(self.total)
        return f"{self.status}:{self.offset}:{total}:{int(self.met_recent)}"

    def within(self, count: int, *, total: int | None, all_old: bool) -> "Place | None":
        """Where this status's next page begins, after one with `count` orders; None at its end.

        Orders that moved on leave the list, and those behind them move up: what stood at the head of this page may have
        slipped behind it, so the same place is read again, as much earlier. A list of ended orders that went from recent
        ones to a whole page of old ones is sorted, and what follows is older still.
        """
        shrunk = max(0, self.total - total) if self.total is not None and total is not None else 0
        if shrunk:
            return replace(self, offset=max(0, self.offset - shrunk), total=total)
        at_end = count == 0 or (total is not None and self.offset + count >= total)
        if at_end or (all_old and self.met_recent):
            return None
        met = self.met_recent or not all_old
        return replace(self, offset=self.offset + count, total=total, met_recent=met)

    def after(self, wanted: Sequence[str]) -> "Place | None":
        """The next status to list; None after the last."""
        # A window that began with the ended ones keeps them to its end: `wanted` follows from the window alone.
        following = wanted.index(self.status) + 1 if self.status in wanted else len(wanted)
        return Place(status=wanted[following]) if following < len(wanted) else None
