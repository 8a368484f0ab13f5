"""`publish_stock`: tell a channel what it may show. One batch is on its way at a time, and it is followed to its end.

mark → compute → breaker → new orders are read → claim (frozen, written down) → send → follow → acknowledge

What changes while a batch is on its way waits for the next: the last value is what is sent. A batch whose outcome is unknown
is sent again exactly as it was frozen; nothing newer can have gone out before it.
"""

from collections.abc import Sequence
from datetime import timedelta

from connectors import ports
from connectors.base import Capability
from connectors.canonical.stock import StockUpdate
from connectors.models import Connection, Link
from connectors.registry import platforms_able_to
from integrationhub.inventory import breaker, ledger, owners, turns
from integrationhub.inventory.flows.scanning import SCAN_STOCK
from integrationhub.inventory.models import DriftScan, StockDelivery, StockSwitch
from integrationhub.inventory.turns import Turn
from integrationhub.sync.deliveries import Batch
from integrationhub.sync.delivering import Courier
from integrationhub.sync.enqueue import enqueue, job_for_connection
from integrationhub.sync.flows import Done, Flow, Later, Outcome, register
from integrationhub.sync.lanes import Lane
from integrationhub.sync.run import Run

SHOPS = platforms_able_to(Capability.CREATE_ORDERS) & platforms_able_to(Capability.READ_OFFERS)
LOOK_SECONDS = 10
SILENT = (StockSwitch.Mode.HOLD, StockSwitch.Mode.LAST_GOOD)
COURIER = Courier(
    ledger=ledger.LEDGER,
    kind="stock",
    values="quantities",
    send=lambda connector, updates: connector.send_stock(updates),
    follow=lambda connector, ticket: connector.follow_stock(ticket),
    costs=lambda connector: connector.stock_costs,
    follow_seconds=15,  # Mirakl states it for STO02
)


def publish_stock(run: Run) -> Outcome:
    channel = run.connection.row
    batch = ledger.on_its_way(channel)
    if batch is not None:
        return COURIER.bring_to_its_end(run, batch)
    if not ledger.stirs(channel):
        return Done("Nothing changed.")
    if owners.refuse_two(channel):
        return Done("Held back: two systems own its stock.")
    links = list(Link.objects.filter(source=channel, active=True).select_related("brand", "source", "target"))
    if not _was_looked_at(channel):
        enqueue(job_for_connection(SCAN_STOCK.name, channel, key="tick"))
        return Later(ports.now() + timedelta(seconds=LOOK_SECONDS), "What it shows now is read first.")
    turn = turns.look(channel, (channel, *owners.passes_on(links)))
    ledger.compute(channel, links)
    allowed = _allowed(links)
    claimed = COURIER.claim(run, allowed, size=run.connection.connector.stock_lines_max, first=turn.wait)
    if isinstance(claimed, Later):
        return claimed
    turns.end(turn)
    if claimed is not None:
        return _tell(run, claimed, turn)
    return Done("Nothing changed." if len(allowed) == len(links) else "Held back: see the stock page.")


def _tell(run: Run, batch: Batch[StockUpdate], turn: Turn) -> Outcome:
    StockDelivery.objects.filter(pk=batch.delivery.pk).update(orders_known_at=turn.known_at)
    outcome = COURIER.bring_to_its_end(run, batch)
    if not isinstance(outcome, Done):
        return outcome
    words = f"{outcome.message} {turns.WITHOUT}" if turn.due else outcome.message
    # Taken at once: what did not fit goes on inside the budget, not with the next slot.
    full = batch.delivery.lines == run.connection.connector.stock_lines_max
    return Later(ports.now(), words) if full else Done(words)


def _was_looked_at(channel: Connection) -> bool:
    """A shop that sold before it had an owner of stock is read before it is first told anything: the breaker knows then
    what would be emptied."""
    if channel.platform not in SHOPS or StockDelivery.objects.filter(connection=channel).exists():
        return True
    return DriftScan.objects.filter(channel=channel, ended_at__isnull=False).exists()


def _allowed(links: Sequence[Link]) -> list[int]:
    """The links whose channel may be told something now."""
    modes = ledger.switches(links)
    return [link.pk for link in links if modes.get(link.pk) not in SILENT and breaker.check(link) is None]


PUBLISH_STOCK = register(
    Flow(
        name="publish_stock",
        label="Publish stock",
        lane=Lane.STOCK,
        run=publish_stock,
        side="connection",
        part="source",
        cadence_seconds=60,
        platforms=platforms_able_to(Capability.SEND_STOCK),
        record="quantity",
        records="quantities",
        done="published",
    )
)
