"""`publish_stock`: tell a channel what it may show. One batch is on its way at a time, and it is followed to its end.

mark → compute → breaker → claim (frozen, written down) → send → follow → acknowledge

What changes while a batch is on its way waits for the next: the last value is what is sent. A batch whose outcome is unknown
is sent again exactly as it was frozen; nothing newer can have gone out before it.
"""

from collections.abc import Sequence
from datetime import timedelta

from connectors import ports
from connectors.base import Capability
from connectors.canonical.deliveries import Delivery, DeliveryState
from connectors.canonical.errors import HubError, PermanentError, UnknownOutcomeError
from connectors.models import Link
from connectors.registry import platforms_able_to
from integrationhub.inventory import breaker, hooks, ledger
from integrationhub.inventory.ledger import Batch
from integrationhub.inventory.models import StockDelivery, StockSwitch
from integrationhub.sync.flows import Done, Flow, Later, Outcome, register
from integrationhub.sync.lanes import Lane
from integrationhub.sync.run import Run, ShadowedError
from integrationhub.sync.writes import Effect

STUCK_MINUTES = 60
FOLLOW_SECONDS = 15  # Mirakl states that an import's state may be asked for every 15 seconds

State = StockDelivery.State
LOST = "The answer was lost; the quantities are sent again."
SILENT = (StockSwitch.Mode.HOLD, StockSwitch.Mode.LAST_GOOD)


def publish_stock(run: Run) -> Outcome:
    channel = run.connection.row
    batch = ledger.on_its_way(channel)
    if batch is not None:
        return _bring_to_its_end(run, batch)
    links = list(Link.objects.filter(source=channel, active=True).select_related("brand", "source", "target"))
    again_at = hooks.wait_for_orders(channel)
    if again_at is not None:
        return Later(again_at, "New orders are read first: what they need is not for sale any more.")
    ledger.compute(channel, links)
    allowed = _allowed(links)
    batch = ledger.claim(channel, allowed, size=run.connection.connector.stock_lines_max) if allowed else None
    if batch is not None:
        return _bring_to_its_end(run, batch)
    return Done("Nothing changed." if len(allowed) == len(links) else "Held back: see the stock page.")


def _allowed(links: Sequence[Link]) -> list[int]:
    """The links whose channel may be told something now."""
    modes = ledger.switches(links)
    return [link.pk for link in links if modes.get(link.pk) not in SILENT and breaker.check(link) is None]


def _bring_to_its_end(run: Run, batch: Batch) -> Outcome:
    delivery = batch.delivery
    answer = _send(run, batch) if delivery.state == State.SENDING else _follow(run, delivery)
    if answer.state is DeliveryState.PENDING:
        ledger.sent(delivery, ticket=answer.ticket)
        due_at = ports.now() + timedelta(seconds=FOLLOW_SECONDS)
        return Later(due_at, f"{run.connection.row.name} works on {delivery.lines:,} quantities.")
    return _ended(run, batch, answer)


def _send(run: Run, batch: Batch) -> Delivery:
    connector, answers = run.connection.connector, list[Delivery]()

    def send() -> str:
        answers.append(connector.send_stock(batch.updates))
        return answers[-1].ticket

    # Setting the same quantities again changes nothing, so there is nothing to look up.
    effect = Effect(
        place=run.connection.row,
        operation="send_stock",
        reference=f"stock:{batch.delivery.pk}",
        send=send,
        find=lambda: None,
    )
    try:
        ticket = run.write(effect)
    except UnknownOutcomeError:
        raise  # it may have arrived: exactly this goes out again
    except (HubError, ShadowedError) as error:
        ledger.fail(batch.delivery, words=str(error))  # it did not: by the next try there may be newer figures
        raise
    if not answers and not ticket:  # taken at once by an earlier try whose answer nobody wrote down
        return Delivery(state=DeliveryState.FAILED, words=LOST)
    return answers[0] if answers else Delivery(state=DeliveryState.PENDING, ticket=ticket)


def _follow(run: Run, delivery: StockDelivery) -> Delivery:
    try:
        answer = run.connection.connector.follow_stock(delivery.ticket)
    except PermanentError as error:
        ledger.fail(delivery, words=error.platform_words or error.message)
        raise
    if answer.state is DeliveryState.PENDING and _waited_too_long(delivery):
        ledger.fail(delivery, words="It was never worked on.")
        words = f"{run.connection.row.name} took a file of {delivery.lines:,} quantities and has not worked on it for an hour."
        raise PermanentError(words, subject=delivery.ticket, code="stock_import_stuck")
    return answer


def _waited_too_long(delivery: StockDelivery) -> bool:
    return delivery.sent_at is not None and ports.now() - delivery.sent_at > timedelta(minutes=STUCK_MINUTES)


def _ended(run: Run, batch: Batch, answer: Delivery) -> Outcome:
    channel = run.connection.row
    if answer.state is DeliveryState.FAILED:
        ledger.fail(batch.delivery, words=answer.words)
        if answer.words == LOST:
            return Later(ports.now(), LOST)
        words = f"{channel.name} refused a whole file of {batch.delivery.lines:,} quantities."
        raise PermanentError(words, subject=channel.name, platform_words=answer.words, code="stock_file_refused")
    refused = {line.sku: line.message for line in answer.refused}
    ledger.acknowledge(batch.delivery, refused)
    took = batch.delivery.lines - len(refused)
    told = f"{channel.name} took {took:,} quantities"
    return Done(f"{told} and refused {len(refused):,}." if refused else f"{told}.")


PUBLISH_STOCK = register(
    Flow(
        name="publish_stock",
        label="Publish stock",
        lane=Lane.STOCK,
        run=publish_stock,
        side="connection",
        cadence_seconds=60,
        platforms=platforms_able_to(Capability.SEND_STOCK),
        record="quantity",
        records="quantities",
        done="published",
    )
)
