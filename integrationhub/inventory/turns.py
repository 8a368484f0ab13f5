"""Orders first: what came in while a figure was on its way is read before a channel is told, so that no unit is sold twice.

A channel takes units off by itself when it sells them (Mirakl), or adds what it has allocated to what it is told (Centra). Told
a figure that was computed without its latest orders it would sell those units again. So each batch asks for one reading of
orders and waits for it, for half a minute at most. Then it goes by what is known: while orders cannot be read the other channels
sell on, and a figure that nobody is told is no truer than one that lacks some orders. The delivery says up to when they were
known; a reading that fails for longer is a case of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors import ports
from connectors.models import Connection
from integrationhub.inventory import hooks
from integrationhub.inventory.models import StockTurn
from integrationhub.sync.flows import Later

JUST_READ = timedelta(seconds=20)  # read by another batch, or by the clock: one reading in a slice is enough
LOOK_AGAIN = timedelta(seconds=3)
PATIENCE = timedelta(seconds=30)
OVER = 4 * PATIENCE  # a turn that began before that ended without a batch
WORDS = "New orders are read first: what they need is not for sale any more."
WITHOUT = "Newer orders could not be read before."


@dataclass(frozen=True, kw_only=True)
class Turn:
    """The next batch of a channel, as it stood before its figures were computed."""

    channel: Connection
    places: tuple[Connection, ...]  # whose orders take units away
    began_at: datetime | None  # it waits for orders since then
    due: dict[int, datetime]  # connection id → when its orders may be in hand, of those whose are not

    def wait(self) -> Later | None:
        """Whether orders are read first. Called when there is something to send, and room to send it."""
        now = ports.now()
        began_at = self.began_at or now
        ends_at = began_at + PATIENCE
        awaited = [due_at for due_at in self.due.values() if due_at <= ends_at]
        if not awaited or now >= ends_at:
            return None
        if self.began_at is None:
            self._begin(now)
        return Later(min(max(now + LOOK_AGAIN, *awaited), ends_at), WORDS)

    def _begin(self, now: datetime) -> None:
        StockTurn.objects.update_or_create(channel=self.channel, defaults={"began_at": now})
        for place in self.places:
            if place.pk in self.due:
                hooks.ask_for_orders(place)

    @property
    def known_at(self) -> datetime | None:
        """Every order up to then is in the figures; None where no orders are read."""
        known = [hooks.orders_known_at(place) for place in self.places]
        return min((at for at in known if at is not None), default=None)


def look(channel: Connection, places: Sequence[Connection]) -> Turn:
    """Before the figures are computed: what is read from now on is not in them."""
    now = ports.now()
    rows = StockTurn.objects.filter(channel=channel, began_at__gt=now - OVER)
    began_at = rows.values_list("began_at", flat=True).first()
    due = {place.pk: hooks.orders_due_at(place, began_at or now - JUST_READ) for place in places}
    return Turn(
        channel=channel,
        places=tuple(places),
        began_at=began_at,
        due={pk: due_at for pk, due_at in due.items() if due_at is not None},
    )


def end(turn: Turn) -> None:
    if turn.began_at is not None:
        StockTurn.objects.filter(channel=turn.channel).delete()
