"""What a job of a flow takes of a connection's call budget: as much as the dearest of the last ones that were finished.

Rather too much than too little: what is kept for a job and not needed is free when it ends, while one that needs another call
than was kept for it may wait for it as long as the window is.
"""

import threading
from collections import Counter, deque
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from integrationhub.sync.run import Run

LAST = 8


class Expectations:
    """Of one process, shared by its threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: dict[tuple[str, int], deque[Mapping[str, int]]] = {}
        self._most: dict[tuple[str, int], Mapping[str, int]] = {}

    def needs(self, run: "Run", connection_id: int) -> dict[str, int]:
        """Bucket → units that this run is expected to take still. Nothing while no job of its flow was finished here."""
        left = Counter(self._most.get((run.job.flow, connection_id), {}))
        left.subtract(_spent(run).get(connection_id, {}))
        return {bucket: units for bucket, units in left.items() if units > 0}

    def learn(self, run: "Run") -> None:
        """Keep in mind what a run took that finished its job."""
        for connection_id, spent in _spent(run).items():
            key = (run.job.flow, connection_id)
            with self._lock:
                last = self._last.setdefault(key, deque(maxlen=LAST))
                last.append(spent)
                most: Counter[str] = Counter()
                for each in last:
                    most |= Counter(each)
                self._most[key] = most


def _spent(run: "Run") -> dict[int, Counter[str]]:
    """Connection → bucket → units."""
    spent: dict[int, Counter[str]] = {}
    for connection_id, exchange in run.calls:
        spent.setdefault(connection_id, Counter()).update(exchange.call.costs)
    return spent


expectations = Expectations()
