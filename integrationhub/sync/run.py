"""What a flow is given: its job, its link, the connectors, its document, and the one way to write."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from connectors import ports
from connectors.base import Connector
from connectors.canonical.errors import TransientError
from connectors.http import Call, Exchange
from connectors.models import Brand, Connection, Link
from integrationhub.sync import corrections, inbox
from integrationhub.sync.claim import ClaimedJob, calls_allowed
from integrationhub.sync.enqueue import NewJob, enqueue_many
from integrationhub.sync.gate import ConnectionGate, OvertakenError, UnguardedWriteError
from integrationhub.sync.models import Schedule
from integrationhub.sync.places import Place, place
from integrationhub.sync.writes import Effect, settle, write


class ShadowedError(Exception):
    """The flow runs in shadow mode and has come to the point where it would send."""


@dataclass(frozen=True, kw_only=True)
class Stake:
    """What hangs on a job: its value, the business time mappings are resolved at, and its deadline."""

    value: Decimal
    currency: str
    reporting: Decimal | None
    occurred_at: datetime
    deadline_at: datetime | None


class Run:
    """One try of one job. Flows read from it and write through it; nothing here outlives the try."""

    def __init__(self, job: ClaimedJob, *, mode: str) -> None:
        self.job = job
        self.mode = mode
        self.started_at = ports.now()
        self.calls: list[tuple[int, Exchange]] = []
        self.mapping_versions: set[int] = set()
        self.stake: Stake | None = None
        self.sent_again: set[str] = set()  # operations sent again after a doubt: the first may still take effect
        self.in_line: dict[str, ConnectionGate] = {}  # budgets in whose line it stands
        self.armed = False  # a write intent is open: only then may a call write

    # --- what it is about -----------------------------------------------------------------------------------------
    @cached_property
    def link(self) -> Link:
        if self.job.link_id is None:
            raise ValueError(f"{self.job.flow} runs on a connection, not on a link.")
        return place.link(self.job.link_id)

    @property
    def brand(self) -> Brand:
        return self.connection.row.brand

    @property
    def connection(self) -> Place:
        """The connection this job belongs to, whose budget it spends."""
        return place(self.job.connection_id)

    @property
    def source(self) -> Connector:
        return place(self.link.source_id).connector

    @property
    def target(self) -> Connector:
        return place(self.link.target_id).connector

    @property
    def source_row(self) -> Connection:
        return place(self.link.source_id).row

    @property
    def target_row(self) -> Connection:
        return place(self.link.target_id).row

    def document(self) -> Any:
        """The payload this job was made for, in its latest stored version, with the corrections that count for it."""
        if self.job.record_id is None:
            raise ValueError(f"{self.job.flow} {self.job.key} has no document.")
        payload, corrected = inbox.read_document(self.job.record_id)
        if corrected is None:
            return payload
        return corrections.applied(payload, document_id=corrected, record_id=self.job.record_id)

    # --- what it may do -------------------------------------------------------------------------------------------
    def write(self, effect: Effect) -> str:
        """Bring an effect about at a platform, once. In shadow mode the flow ends here."""
        if self.mode == Schedule.Mode.SHADOW:
            raise ShadowedError(f"Would now do {effect.operation} {effect.reference} at {effect.place.name}.")
        return write(self, effect)

    def settle(self, place: Connection, operation: str, **reference: str) -> None:
        """Say that what an earlier try was to bring about is so: see `writes.settle`."""
        settle(self, place, operation, **reference)

    def weigh(
        self,
        *,
        value: Decimal,
        currency: str,
        reporting: Decimal | None,
        occurred_at: datetime,
        deadline_at: datetime | None,
    ) -> None:
        """Say what is at stake. Written with the verdict, so that a case this job waits for can tell it."""
        self.stake = Stake(
            value=value, currency=currency, reporting=reporting, occurred_at=occurred_at, deadline_at=deadline_at
        )

    def enqueue(self, jobs: Iterable[NewJob]) -> list[int]:
        return enqueue_many(jobs)

    def check_before(self, call: Call) -> None:
        """Called just before a request leaves. Refuses what this worker may no longer do."""
        if call.write and not self.armed:
            raise UnguardedWriteError(f"{self.job.flow} writes {call.operation} outside the write protocol.")
        if not self.job.may_start_call:
            raise OvertakenError(f"{self.job.flow} {self.job.key} ran out of its own time.")
        if call.write:
            self._check_fence_and_switches(call)

    def _check_fence_and_switches(self, call: Call) -> None:
        allowed = calls_allowed(self.job)
        if allowed is None:
            raise OvertakenError(f"{self.job.flow} {self.job.key} is in another worker's hands.")
        if not allowed:
            raise TransientError(f"Calls are switched off; {call.operation} was not sent.", code="switched_off")
