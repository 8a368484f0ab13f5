"""Who makes jobs of what a platform tells by itself. Layers above register; each takes the kinds it knows."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from connectors.canonical.events import Event
from connectors.models import Connection
from integrationhub.sync.enqueue import NewJob

Listener: TypeAlias = Callable[[Connection, Sequence[Event]], list[NewJob]]

_listeners: list[Listener] = []


def listen(listener: Listener) -> Listener:
    """Register who is told. It is called in the transaction that stores the events: it reads and writes rows, no more."""
    _listeners.append(listener)
    return listener


def jobs_for(place: Connection, events: Sequence[Event]) -> list[NewJob]:
    """What the events make, from everybody who listens."""
    return [job for listener in _listeners for job in listener(place, events)]
