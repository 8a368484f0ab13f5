"""Bringing one batch of a ledger to its end: send, follow the channel's import, acknowledge. Shared by all ledgers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, TypeVar

from django.db import transaction

from connectors import ports
from connectors.base import Connector
from connectors.canonical.deliveries import Delivery as Answer
from connectors.canonical.deliveries import DeliveryState
from connectors.canonical.errors import HubError, PermanentError, UnknownOutcomeError
from integrationhub.sync.deliveries import Batch, Delivery, Ledger
from integrationhub.sync.flows import Done, Later, Outcome
from integrationhub.sync.run import Run, ShadowedError
from integrationhub.sync.standing import note_success
from integrationhub.sync.writes import Effect

STUCK_MINUTES = 60

U = TypeVar("U")


@dataclass(frozen=True, kw_only=True)
class Courier(Generic[U]):
    ledger: Ledger[U]
    kind: str  # "stock": begins codes and references
    values: str  # what people call them: "quantities"
    send: Callable[[Connector, Sequence[U]], Answer]  # setting the same values again changes nothing
    follow: Callable[[Connector, str], Answer]
    costs: Callable[[Connector], Mapping[str, int]]  # what one `send` takes of the call budget
    follow_seconds: int  # how often the platform states that an import's state may be asked for
    stuck_minutes: int = STUCK_MINUTES  # after so long without an end, a person looks
    note: Callable[[Delivery, Answer], None] | None = None  # keeps what an answer says beyond one reason for each SKU

    @property
    def lost(self) -> str:
        return f"The answer was lost; the {self.values} are sent again."

    def claim(
        self, run: Run, links: Sequence[int], *, size: int, first: Callable[[], Later | None] = lambda: None
    ) -> Batch[U] | Later | None:
        """The next batch; None when nothing waits. While the call budget has no room nothing is frozen.

        `first` says what must be seen to before anything goes out: asked only when something can.
        """
        channel = run.connection.row
        if not links or not self.ledger.waits(channel, links):
            return None
        room_at = run.connection.gate.room_at(self.costs(run.connection.connector), rank=run.job.lane)
        if room_at is not None:
            return Later(room_at, "The call budget is used up for now.")
        return first() or self.ledger.claim(channel, links, size=size)

    def bring_to_its_end(self, run: Run, batch: Batch[U]) -> Outcome:
        delivery = batch.delivery
        answer = self._send(run, batch) if delivery.state == Delivery.State.SENDING else self._follow(run, delivery)
        if answer.state is DeliveryState.PENDING:
            self.ledger.sent(delivery, ticket=answer.ticket)
            note_success([run.job.schedule_id])  # it takes its time and says so: nothing stands still
            due_at = ports.now() + timedelta(seconds=self.follow_seconds)
            return Later(due_at, f"{run.connection.row.name} works on {delivery.lines:,} {self.values}.")
        return self._ended(run, batch, answer)

    def _send(self, run: Run, batch: Batch[U]) -> Answer:
        connector, answers = run.connection.connector, list[Answer]()

        def send() -> str:
            answers.append(self.send(connector, batch.updates))
            return answers[-1].ticket

        # Setting the same values again changes nothing, so there is nothing to look up.
        effect = Effect(
            place=run.connection.row,
            operation=f"send_{self.kind}",
            reference=f"{self.kind}:{batch.delivery.pk}",
            send=send,
            find=lambda: None,
        )
        try:
            ticket = run.write(effect)
        except UnknownOutcomeError:
            raise  # it may have arrived: exactly this goes out again
        except (HubError, ShadowedError) as error:
            self.ledger.fail(batch.delivery, words=str(error))  # it did not: by the next try there may be newer values
            raise
        if not answers and not ticket:  # taken at once by an earlier try whose answer nobody wrote down
            return Answer(state=DeliveryState.FAILED, words=self.lost)
        return answers[0] if answers else Answer(state=DeliveryState.PENDING, ticket=ticket)

    def _follow(self, run: Run, delivery: Delivery) -> Answer:
        try:
            answer = self.follow(run.connection.connector, delivery.ticket)
        except PermanentError as error:
            self.ledger.fail(delivery, words=error.platform_words or error.message)
            raise
        if answer.state is DeliveryState.PENDING and _waited_too_long(delivery, minutes=self.stuck_minutes):
            self.ledger.fail(delivery, words="It was never worked on.")
            told = f"{run.connection.row.name} took a file of {delivery.lines:,} {self.values}"
            words = f"{told} and has not worked on it for {_hours(self.stuck_minutes)}."
            raise PermanentError(words, subject=delivery.ticket, code=f"{self.kind}_import_stuck")
        return answer

    def _ended(self, run: Run, batch: Batch[U], answer: Answer) -> Outcome:
        channel = run.connection.row
        if answer.state is DeliveryState.FAILED:
            first = not self.ledger.failed_before(batch.delivery)
            self.ledger.fail(batch.delivery, words=answer.words)
            if answer.words == self.lost:
                return Later(ports.now(), self.lost)
            if first:  # imports fail now and then, and the same file usually works the second time
                again_at = ports.now() + timedelta(seconds=self.follow_seconds)
                return Later(again_at, f"{channel.name} refused a whole file; it is sent once more.")
            words = f"{channel.name} refused a whole file of {batch.delivery.lines:,} {self.values}."
            raise PermanentError(
                words, subject=channel.name, platform_words=answer.words, code=f"{self.kind}_file_refused"
            )
        busy = sorted({line.sku for line in answer.refused if line.busy})
        refused = _reasons(answer)
        with transaction.atomic():
            if self.note is not None:
                self.note(batch.delivery, answer)
            self.ledger.acknowledge(batch.delivery, refused, busy=busy)
        took = batch.delivery.lines - len(refused) - len(busy)
        told = f"{channel.name} took {took:,} {self.values}"
        told += f", will take {len(busy):,} a little later" if busy else ""
        return Done(f"{told} and refused {len(refused):,}." if refused else f"{told}.")


def _reasons(answer: Answer) -> dict[str, str]:
    """Their SKU → why it was refused; several reasons stand beside each other."""
    reasons: dict[str, list[str]] = {}
    for line in (line for line in answer.refused if not line.busy):
        if line.message not in (known := reasons.setdefault(line.sku, [])):
            known.append(line.message)
    return {sku: " ".join(known) for sku, known in reasons.items()}


def _waited_too_long(delivery: Delivery, *, minutes: int) -> bool:
    return delivery.sent_at is not None and ports.now() - delivery.sent_at > timedelta(minutes=minutes)


def _hours(minutes: int) -> str:
    return "an hour" if minutes == STUCK_MINUTES else f"{minutes // 60} hours"
