"""A flow that does nothing: what is left is the engine."""

from collections.abc import Iterator

from connectors.models import Connection
from integrationhub.sync.enqueue import enqueue_many, job_for_connection
from integrationhub.sync.flows import Done, Flow, Outcome, register
from integrationhub.sync.lanes import Lane
from integrationhub.sync.run import Run

CHUNK = 1000


def do_nothing(run: Run) -> Outcome:
    return Done()


NOOP = register(Flow(name="noop", label="Do nothing", lane=Lane.BULK, run=do_nothing, side="connection"))


def enqueue_noops(place: Connection, count: int) -> None:
    """Make that many jobs, as a feed would: some at a time."""
    for numbers in _chunks(count):
        enqueue_many(job_for_connection(NOOP.name, place, key=f"noop-{number}") for number in numbers)


def _chunks(count: int) -> Iterator[range]:
    for start in range(0, count, CHUNK):
        yield range(start, min(start + CHUNK, count))
