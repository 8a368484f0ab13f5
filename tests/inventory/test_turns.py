"""A batch waits for orders to be read: once, not for long, and not in vain."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from connectors import ports
from connectors.models import Connection
from integrationhub.inventory import hooks, turns
from integrationhub.inventory.models import StockTurn
from integrationhub.sync.flows import Later
from tests import factories

pytestmark = pytest.mark.django_db
Clock = ports.VirtualClock


class Orders:
    """Orders of every place are in hand, or come at that moment."""

    due_at: datetime | None = None
    asked: int = 0
    since: datetime | None = None

    def due(self, place: Connection, since: datetime) -> datetime | None:
        self.since = since
        return self.due_at

    def ask(self, place: Connection) -> None:
        self.asked += 1


@pytest.fixture
def orders() -> Iterator[Orders]:
    before, told = list(hooks._orders_feed), Orders()
    hooks.tell_orders_feed(hooks.OrdersFeed(due_at=told.due, ask=told.ask, known_at=lambda place: None))
    yield told
    hooks._orders_feed[:] = before


@pytest.fixture
def channel(virtual_clock: Clock) -> Connection:
    return factories.make_link(factories.make_brand("nordhem", "Nordhem")).source


def wait(channel: Connection) -> Later | None:
    return turns.look(channel, [channel]).wait()


def test_orders_that_were_read_a_moment_ago_are_not_read_again(
    channel: Connection, orders: Orders, virtual_clock: Clock
) -> None:
    assert wait(channel) is None
    assert orders.since == virtual_clock.now() - turns.JUST_READ
    assert (orders.asked, StockTurn.objects.count()) == (0, 0)


def test_a_batch_asks_once_and_goes_when_the_orders_are_in_hand(
    channel: Connection, orders: Orders, virtual_clock: Clock
) -> None:
    began_at = orders.due_at = virtual_clock.now()
    for _ in range(3):
        later = wait(channel)
        assert later is not None
        assert later.due_at == virtual_clock.now() + turns.LOOK_AGAIN
        virtual_clock.advance(3)
    assert (orders.asked, orders.since) == (1, began_at)
    orders.due_at = None
    turn = turns.look(channel, [channel])
    assert turn.wait() is None
    turns.end(turn)
    assert not StockTurn.objects.exists()


def test_a_batch_goes_by_what_is_known_after_half_a_minute(
    channel: Connection, orders: Orders, virtual_clock: Clock
) -> None:
    waited = 0.0
    orders.due_at = virtual_clock.now()
    while (later := wait(channel)) is not None:
        seconds = (later.due_at - virtual_clock.now()).total_seconds()
        assert seconds > 0
        waited += seconds
        virtual_clock.advance(seconds)
    assert (waited, orders.asked) == (turns.PATIENCE.total_seconds(), 1)


def test_nobody_waits_for_a_reading_that_comes_too_late(
    channel: Connection, orders: Orders, virtual_clock: Clock
) -> None:
    orders.due_at = virtual_clock.now() + turns.PATIENCE + timedelta(seconds=1)
    assert wait(channel) is None
    assert (orders.asked, StockTurn.objects.count()) == (0, 0)


def test_a_turn_that_nobody_ended_counts_for_nothing(channel: Connection, orders: Orders, virtual_clock: Clock) -> None:
    orders.due_at = virtual_clock.now()
    assert wait(channel) is not None
    virtual_clock.advance(turns.OVER.total_seconds())
    orders.due_at = virtual_clock.now()
    assert wait(channel) is not None
    assert orders.since == virtual_clock.now() - turns.JUST_READ
    assert (orders.asked, StockTurn.objects.get().began_at) == (2, virtual_clock.now())
