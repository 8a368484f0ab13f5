"""What a channel is told SKU by SKU (quantities, prices, products): taken from a ledger, frozen, sent, followed, acknowledged.

One batch of a ledger is on its way to an account at a time. It is frozen when it is claimed: after an unknown outcome exactly
the same goes out again, and nothing newer can have gone out before it. What certainly did not arrive is let go, and newer
values take its place. Nothing here grows with the catalogue.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db import IntegrityError, connection, models, transaction

from connectors import ports
from connectors.models import Connection

U = TypeVar("U")

PENDING, SENT, ACKNOWLEDGED, REFUSED = "PENDING", "SENT", "ACKNOWLEDGED", "REFUSED"


class Delivery(models.Model):
    """One batch of values on its way to a channel's account. There is at most one on its way: a constraint of its table."""

    class State(models.TextChoices):
        SENDING = "SENDING", "Being sent"
        FOLLOWED = "FOLLOWED", "The channel works on it"
        DONE = "DONE", "Done"
        FAILED = "FAILED", "Refused as a whole"

    state = models.CharField(max_length=10, choices=State.choices, default=State.SENDING)
    ticket = models.CharField(max_length=80, blank=True)  # the channel's number of the import
    lines = models.PositiveIntegerField()
    refused = models.PositiveIntegerField(default=0)
    words = models.CharField(max_length=500, blank=True)  # why it failed, in the channel's words
    made_at = models.DateTimeField(default=ports.now)
    sent_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True


ON_ITS_WAY = (Delivery.State.SENDING, Delivery.State.FOLLOWED)


@dataclass(frozen=True, kw_only=True)
class Batch(Generic[U]):
    delivery: Any  # a row of the ledger's own Delivery model
    updates: tuple[U, ...]


# Chosen apart: a plan that asks a subquery again while it updates takes more rows than the limit.
_CLAIM = """
WITH next AS MATERIALIZED (
    SELECT s.id FROM {table} s
    WHERE s.channel_id = %(channel)s AND s.state = 'PENDING' AND s.link_id = ANY(%(links)s)
      AND s.{wanted} IS NOT NULL AND {sendable}
    ORDER BY {first}, s.id
    LIMIT %(size)s FOR UPDATE
)
UPDATE {table} SET state = 'SENT', {frozen}, sent_at = %(now)s, delivery_id = %(delivery)s
WHERE id IN (SELECT next.id FROM next)
RETURNING channel_sku, {columns}
"""
_WAITS = """
SELECT EXISTS (
    SELECT 1 FROM {table} s
    WHERE s.channel_id = %(channel)s AND s.state = 'PENDING' AND s.link_id = ANY(%(links)s)
      AND s.{wanted} IS NOT NULL AND {sendable}
)
"""
_NEXT_STATE = """
CASE WHEN s.{wanted} IS NULL THEN {without} WHEN s.{wanted} IS DISTINCT FROM s.sent THEN 'PENDING' ELSE '{otherwise}' END
"""
_ACKNOWLEDGE = """
UPDATE {table} s
SET acknowledged = s.sent, acknowledged_at = %(now)s, delivery_id = NULL, {on_taken},
    reason = CASE WHEN s.{wanted} IS NULL THEN s.reason ELSE '' END,
    state = {next_state}
WHERE s.delivery_id = %(delivery)s AND s.state = 'SENT' AND NOT s.channel_sku = ANY(%(refused)s)
"""
_REFUSE = """
UPDATE {table} s
SET delivery_id = NULL, reason = CASE WHEN s.{wanted} IS NULL THEN s.reason ELSE LEFT(v.words, 300) END, {on_refused},
    state = {next_state}
FROM unnest(%(refused)s::text[], %(words)s::text[]) AS v(sku, words)
WHERE s.delivery_id = %(delivery)s AND s.state = 'SENT' AND s.channel_sku = v.sku
"""
_LET_GO = """
UPDATE {table} s SET delivery_id = NULL, state = CASE WHEN s.{wanted} IS NULL THEN {without} ELSE 'PENDING' END
WHERE s.delivery_id = %(delivery)s AND s.state = 'SENT'
"""


@dataclass(frozen=True, kw_only=True)
class Ledger(Generic[U]):
    """The names of a ledger's own tables and columns; every word of SQL is ours, never a value's.

    Its rows have channel_id, link_id, channel_sku, state, reason, sent, sent_at, delivery_id, acknowledged and
    acknowledged_at; and what `on_taken` and `on_refused` set.
    """

    rows: type[models.Model]
    deliveries: Any  # the concrete Delivery model of these rows
    update: Callable[..., U]  # (their SKU, *frozen values) → what is sent
    wanted: str  # the column of what the channel shall show; empty = it is told nothing
    frozen: Mapping[str, str]  # column → the column it is frozen from; the first is `sent`
    without: str  # SQL over row s: the state of a row that has nothing to be told
    first: str = "TRUE"  # SQL over row s: what goes out first
    sendable: str = "TRUE"  # SQL over row s: what may go out at all
    # What else is written with the channel's answer. What was read back before is no longer what it shows.
    on_taken: str = "released = NULL, shown = NULL, drifted_at = NULL"
    on_refused: str = "released = NULL"

    def _sql(self, statement: str, **more: str) -> str:
        names = {
            "table": str(self.rows._meta.db_table),
            "wanted": self.wanted,
            "without": self.without,
            "first": self.first,
            "sendable": self.sendable,
            "on_taken": self.on_taken,
            "on_refused": self.on_refused,
            "frozen": ", ".join(f"{column} = {source}" for column, source in self.frozen.items()),
            "columns": ", ".join(self.frozen),
        }
        return statement.format(**names, **more)

    def _then(self, otherwise: str) -> str:
        return _NEXT_STATE.format(wanted=self.wanted, without=self.without, otherwise=otherwise)

    # --- what it is told ------------------------------------------------------------------------------------------
    def waits(self, channel: Connection, links: Sequence[int]) -> bool:
        """Whether there is anything to claim."""
        return bool(_rows(self._sql(_WAITS), {"channel": channel.pk, "links": list(links)})[0][0])

    def claim(self, channel: Connection, links: Sequence[int], *, size: int) -> Batch[U] | None:
        """Take what waits, freeze it, and write down that it is being sent. None: nothing waits, or a batch is on its way."""
        try:
            with transaction.atomic():
                delivery: Any = self.deliveries.objects.create(connection=channel, lines=0)
                values = {
                    "now": ports.now(), "delivery": delivery.pk, "channel": channel.pk, "links": list(links), "size": size
                }  # fmt: skip
                rows = _rows(self._sql(_CLAIM), values)
                if not rows:
                    transaction.set_rollback(True)
                    return None
                self.deliveries.objects.filter(pk=delivery.pk).update(lines=len(rows))
        except IntegrityError:
            return None
        delivery.lines = len(rows)
        return Batch(delivery=delivery, updates=self._updates(rows))

    def on_its_way(self, channel: Connection) -> Batch[U] | None:
        """The batch that was claimed and has not ended, with exactly what was frozen then."""
        delivery = self.deliveries.objects.filter(connection=channel, state__in=ON_ITS_WAY).first()
        if delivery is None:
            return None
        rows = self.rows._default_manager.filter(delivery=delivery, state=SENT)
        return Batch(delivery=delivery, updates=self._updates(rows.values_list("channel_sku", *self.frozen)))

    def _updates(self, rows: Any) -> tuple[U, ...]:
        """In an order of their own, so that what is sent again is the same to the letter."""
        return tuple(self.update(*row) for row in sorted(rows))

    def sent(self, delivery: Delivery, *, ticket: str) -> None:
        """The channel has the batch and works on it."""
        self.deliveries.objects.filter(pk=delivery.pk, state=Delivery.State.SENDING).update(
            state=Delivery.State.FOLLOWED, ticket=ticket, sent_at=ports.now()
        )

    # --- what it took ---------------------------------------------------------------------------------------------
    def acknowledge(self, delivery: Delivery, refused: Mapping[str, str], *, busy: Sequence[str] = ()) -> bool:
        """The channel has worked the batch off. False when somebody wrote that before us.

        `refused`: their SKU → why. `busy`: their SKUs that the channel could not take just now; they wait for the next batch.
        """
        with transaction.atomic():
            if not self._end(delivery, Delivery.State.DONE, refused=len(refused)):
                return False
            values = {
                "now": ports.now(),
                "delivery": delivery.pk,
                "refused": list(refused),
                "words": list(refused.values()),
            }
            if busy:
                _execute(self._sql(_LET_GO) + " AND s.channel_sku = ANY(%(busy)s)", {**values, "busy": list(busy)})
            _execute(self._sql(_REFUSE, next_state=self._then(REFUSED)), values)
            _execute(self._sql(_ACKNOWLEDGE, next_state=self._then(ACKNOWLEDGED)), values)
        return True

    def failed_before(self, delivery: Any) -> bool:
        """Whether the account's batch before this one failed as a whole, too."""
        earlier = self.deliveries.objects.filter(connection=delivery.connection_id, pk__lt=delivery.pk)
        return bool(earlier.order_by("-pk").values_list("state", flat=True).first() == Delivery.State.FAILED)

    def fail(self, delivery: Delivery, *, words: str) -> bool:
        """The channel refused the whole batch, or never had it: nothing of it counts, and all of it waits again."""
        with transaction.atomic():
            if not self._end(delivery, Delivery.State.FAILED, words=words):
                return False
            _execute(self._sql(_LET_GO), {"delivery": delivery.pk})
        return True

    def _end(self, delivery: Delivery, state: str, *, refused: int = 0, words: str = "") -> bool:
        found = self.deliveries.objects.filter(pk=delivery.pk, state__in=ON_ITS_WAY)
        return bool(found.update(state=state, ended_at=ports.now(), refused=refused, words=words[:500]))


def _rows(statement: str, values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def _execute(statement: str, values: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.rowcount)
