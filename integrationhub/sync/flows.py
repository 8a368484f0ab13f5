"""What a flow is. Flows register here; the engine knows none by name.

A flow is a function `(run: Run) -> Outcome`. What it raises decides what happens next (`connectors.canonical.errors`, and
`NeedsPersonError` below for a finding of our own).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from integrationhub.sync.lanes import Lane

if TYPE_CHECKING:
    from connectors.models import Connection
    from integrationhub.sync.run import Run


@dataclass(frozen=True)
class Done:
    """The work is finished; `message` tells people what was done."""

    message: str = ""


@dataclass(frozen=True)
class Skipped:
    """There was nothing to do, and why."""

    reason: str


@dataclass(frozen=True)
class Later:
    """Not yet, and not a failure: look again at `due_at`."""

    due_at: datetime
    reason: str


Outcome: TypeAlias = Done | Skipped | Later


class NeedsPersonError(Exception):
    """A finding of a flow that a person must decide on: it becomes a case, and the job waits for it."""

    def __init__(
        self,
        cause: str,
        *,
        object_key: str,
        context: Mapping[str, Any] | None = None,
        message: str = "",
        platform_words: str = "",
        place: "Connection | None" = None,
        also: "Sequence[NeedsPersonError]" = (),
    ) -> None:
        super().__init__(message or cause)
        self.cause = cause
        self.object_key = object_key
        self.context = dict(context or {})
        self.message = message
        self.platform_words = platform_words
        self.place = place  # the connection the sentence is about; None = the one the flow spends the budget of
        self.also = tuple(also)  # further findings of the same try, each a case of its own


@dataclass(frozen=True, kw_only=True)
class Flow:
    name: str
    label: str  # what people read: "Create orders"
    lane: Lane
    run: Callable[["Run"], Outcome]
    side: str  # whose budget it spends: "source" or "target" of its link, or "connection" for a feed
    cadence_seconds: int | None = None  # None: runs when something happens
    platforms: frozenset[str] = frozenset()  # for side "connection": platforms that have this feed
    part: str = ""  # for side "connection": "source", "target" or "either": what it must play in an active link
    record: str = "record"  # what people call one of the things it works on: "order"
    records: str = "records"
    done: str = "passed on"  # what happens to it: "created", as in "37 orders can't be created"
    backfill: "Backfill | None" = None  # for a feed: fetch what is older than its start, on a person's word

    @property
    def words(self) -> dict[str, str]:
        """How cases name what this flow works on."""
        return {"record": self.record, "records": self.records, "done": self.done, "did": self.done}


@dataclass(frozen=True, kw_only=True)
class BackfillPage:
    """What one page of a back-fill held; `stored` is 0 in a preview."""

    seen: int
    known: int  # stored in this very version already
    stored: int
    total: int | None  # how many the platform says there are


Backfill: TypeAlias = Callable[["Connection", datetime, bool], Iterator[BackfillPage]]

_FLOWS: dict[str, Flow] = {}


def register(flow: Flow) -> Flow:
    if flow.name in _FLOWS:
        raise ValueError(f"Two flows are named {flow.name}.")
    _FLOWS[flow.name] = flow
    return flow


def flow(name: str) -> Flow:
    return _FLOWS[name]


def flows() -> tuple[Flow, ...]:
    return tuple(_FLOWS.values())
