"""Clock and randomness as ports, so that tests and the fault simulator run the very code that production runs.

Nothing else in the hub may read a clock or draw a random number: `tests/test_architecture.py` checks it.
"""

import random
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """Aware UTC time of day: for what people read and what rows compare."""
        ...

    def boottime(self) -> float:
        """Seconds that never run backwards and go on while a process or machine is suspended: for own deadlines."""
        ...

    def sleep(self, seconds: float) -> None: ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def boottime(self) -> float:
        # CLOCK_MONOTONIC stands still while a laptop sleeps; a worker that wakes must see its lease gone.
        boot = getattr(time, "CLOCK_BOOTTIME", None)
        return time.monotonic() if boot is None else time.clock_gettime(boot)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class VirtualClock:
    """A clock that moves only when told. `sleep` moves it too, so waiting code runs at once."""

    def __init__(self, start: datetime) -> None:
        if start.tzinfo is None:
            raise ValueError("A virtual clock starts at an aware time.")
        self._now = start.astimezone(UTC)
        self._boot = 0.0
        self._followers: list[Callable[[float], object]] = []

    def now(self) -> datetime:
        return self._now

    def boottime(self) -> float:
        return self._boot

    def sleep(self, seconds: float) -> None:
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
        self._boot += seconds
        for follow in self._followers:
            follow(seconds)

    def follow(self, *followers: Callable[[float], object]) -> None:
        """Let other clocks (those of sandboxes) move as far as this one whenever it moves."""
        self._followers += followers


_clock: Clock = SystemClock()
_rng: random.Random = random.SystemRandom()


def now() -> datetime:
    return _clock.now()


def boottime() -> float:
    return _clock.boottime()


def sleep(seconds: float) -> None:
    _clock.sleep(seconds)


def rng() -> random.Random:
    return _rng


def new_id() -> str:
    """A random 32-hex identifier, drawn from the randomness port."""
    return uuid.UUID(int=_rng.getrandbits(128), version=4).hex


@contextmanager
def using(*, clock: Clock | None = None, rng: random.Random | None = None) -> Iterator[None]:
    """Replace the ports for the whole process while the block runs."""
    global _clock, _rng
    before = (_clock, _rng)
    _clock, _rng = clock or _clock, rng or _rng
    try:
        yield
    finally:
        _clock, _rng = before


def use_clock(clock: Clock) -> None:
    """Install a clock for the life of the process (workers install the database's clock)."""
    global _clock
    _clock = clock
