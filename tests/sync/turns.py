"""Virtual time for many threads: one runs at a time, until it sleeps; then the one that wakes first goes on.

Repeatable to the step: what would race in real time comes in one order, which the seed of the randomness decides.
"""

import heapq
import itertools
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

GLANCE_SECONDS = 0.01  # how often an event that is waited for is looked at


class TurnsOverError(BaseException):
    """The test has ended; whoever sleeps wakes no more."""


class Turns:
    """A clock (`ports.Clock`) and the threads that live by it."""

    def __init__(self, start: datetime) -> None:
        self._start = start
        self._seconds = 0.0
        self._numbers = itertools.count()
        self._sleeping: list[tuple[float, int, threading.Lock]] = []
        self._parked: list[threading.Lock] = []  # until a bell rings
        self._back = _closed_door()
        self._own = threading.local()
        self._over = False
        self.errors: list[BaseException] = []

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._seconds)

    def boottime(self) -> float:
        return self._seconds

    def sleep(self, seconds: float) -> None:
        if self._over:
            raise TurnsOverError
        self._wake_at(self._seconds + max(0.0, seconds), self._own.turn)
        self._hand_on()

    def start(self, work: Callable[[], object], *, at: float | None = None) -> None:
        """A thread that begins at its turn."""
        turn = _closed_door()

        def run() -> None:
            self._own.turn = turn
            turn.acquire()
            try:
                if not self._over:
                    work()
            except TurnsOverError:
                pass
            except BaseException as error:  # noqa: BLE001  the test's own thread raises it again
                self.errors.append(error)
            finally:
                self._back.release()

        self._wake_at(self._seconds if at is None else at, turn)
        threading.Thread(target=run, daemon=True).start()

    def run(self, *, until: float) -> None:
        """Let them all go on until that moment, or until none is left that sleeps. Raises what one of them raised."""
        while self._sleeping and self._sleeping[0][0] <= until and not self.errors:
            self._seconds, _, turn = heapq.heappop(self._sleeping)
            turn.release()
            self._back.acquire()
        if self.errors:
            raise self.errors[0]

    def end(self) -> None:
        """Let every thread end that still waits for its turn."""
        self._over = True
        for turn in [*self._parked, *(turn for _, _, turn in self._sleeping)]:
            turn.release()
            self._back.acquire()

    def park(self) -> None:
        self._parked.append(self._own.turn)
        self._hand_on()

    def call_back(self, turn: threading.Lock) -> None:
        self._parked.remove(turn)
        self._wake_at(self._seconds, turn)

    @property
    def own(self) -> threading.Lock:
        turn: threading.Lock = self._own.turn
        return turn

    def _wake_at(self, moment: float, turn: threading.Lock) -> None:
        heapq.heappush(self._sleeping, (moment, next(self._numbers), turn))

    def _hand_on(self) -> None:
        turn = self.own
        self._back.release()
        turn.acquire()
        if self._over:
            raise TurnsOverError


class Bell:
    """Threads wait for it."""

    def __init__(self, turns: Turns) -> None:
        self._turns, self._waiting = turns, list[threading.Lock]()

    def wait(self) -> None:
        self._waiting.append(self._turns.own)
        self._turns.park()

    def ring(self) -> None:
        for turn in self._waiting:
            self._turns.call_back(turn)
        self._waiting.clear()


class TurnLock:
    """A lock that hands the turn on while it waits."""

    def __init__(self, turns: Turns) -> None:
        self._free, self._held = Bell(turns), False

    def __enter__(self) -> None:
        while self._held:
            self._free.wait()
        self._held = True

    def __exit__(self, *_: object) -> None:
        self._held = False
        self._free.ring()


class TurnEvent:
    """An event that is waited for in virtual time."""

    def __init__(self, turns: Turns) -> None:
        self._turns, self._is_set = turns, False

    def set(self) -> None:
        self._is_set = True

    def clear(self) -> None:
        self._is_set = False

    def wait(self, seconds: float) -> None:
        ends = self._turns.boottime() + seconds
        while not self._is_set and self._turns.boottime() < ends:
            self._turns.sleep(min(GLANCE_SECONDS, ends - self._turns.boottime()))


class TurnPool:
    """Stands in for ThreadPoolExecutor."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns

    def __call__(self, threads: int, **_: object) -> "TurnPool":
        return self

    def __enter__(self) -> "TurnPool":
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def submit(self, work: Callable[[int], object], number: int) -> "_Waiting":
        done = _Waiting(self._turns)
        self._turns.start(lambda: done.after(lambda: work(number)))
        return done


class _Waiting:
    """A future."""

    def __init__(self, turns: Turns) -> None:
        self._bell, self._ended = Bell(turns), False

    def after(self, work: Callable[[], object]) -> None:
        try:
            work()
        finally:
            self._ended = True
            self._bell.ring()

    def result(self) -> None:
        while not self._ended:
            self._bell.wait()


def _closed_door() -> threading.Lock:
    door = threading.Lock()
    door.acquire()
    return door
