"""`read_stock`: what the owner of stock says. Changed SKUs first, then those never read, then the oldest readings in turn.

A source that answers with nothing, or with far less than was asked for, is not believed: what is known stands, and a person is
told. A SKU that the source alone does not know keeps its last figure; it is looked for again once a day.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction

from connectors import ports
from connectors.base import Capability, Connector
from connectors.canonical.errors import ConfigurationError, DataError, PermanentError
from connectors.canonical.events import Event
from connectors.canonical.stock import StockLevel
from connectors.models import Connection
from connectors.registry import platforms_able_to
from exceptions_app.opening import HUB, open_case
from integrationhub.inventory import readings, tellings
from integrationhub.inventory.flows import looking
from integrationhub.inventory.models import StockTelling
from integrationhub.sync.enqueue import NewJob, enqueue_many, job_for_connection
from integrationhub.sync.events import listen
from integrationhub.sync.flows import Done, Flow, Later, Outcome, register
from integrationhub.sync.lanes import Lane
from integrationhub.sync.run import Run
from integrationhub.sync.standing import close_open_case

ASK_SKUS = 200
OLD_HOURS = 6  # a reading is made again after so long, told of or not
FEW = 20  # of fewer SKUs, shares say little
SHARE_BELIEVED = 0.5
LOOK_AGAIN_MINUTES = 5
MISSED_HOURS = 24  # a SKU that the owner did not know is looked for again
TELLINGS_A_CALL = 50
GATHERED_SECONDS = 10  # an order is told of several times as it is placed: one reading does for all


def read_stock(run: Run) -> Outcome:
    owner, done = run.connection.row, set[str]()
    _ask_for_what_was_touched(run)
    while run.job.may_start_call:
        skus = [sku for sku in _wanted(owner) if sku not in done]  # one told of while it was read is for the next run
        if not skus:
            if done:
                _tell_unknown(owner)
            return Done(f"{len(done):,} SKUs." if done else "Nothing to read.")
        levels = _fetch(run.connection.connector, skus)
        if not _believed(owner, skus, levels):
            due_at = ports.now() + timedelta(minutes=LOOK_AGAIN_MINUTES)
            return Later(due_at, f"{owner.name} named {len(levels)} of {len(skus)} SKUs: not believed.")
        readings.record(owner.pk, levels)
        readings.missed(owner.pk, sorted(set(skus) - {level.sku for level in levels}))
        done.update(skus)
    return Later(ports.now(), f"{len(done):,} SKUs so far; reading goes on.")


def _ask_for_what_was_touched(run: Run) -> None:
    """Orders, shipments and returns that events named: the SKUs on their lines are read next."""
    owner = run.connection.row
    while run.job.may_start_call and (told := tellings.waiting(owner.pk, limit=TELLINGS_A_CALL)):
        skus = _touched(run.connection.connector, told)
        with transaction.atomic():
            readings.ask(owner.pk, readings.listed(owner.pk, skus))
            enqueue_many(looking.look_at(owner, skus, kind=tellings.MOVED))
            tellings.forget(told)


def _touched(connector: Connector, told: Sequence[StockTelling]) -> set[str]:
    try:
        return set(connector.fetch_touched_skus(told[0].kind, [row.external_id for row in told]))
    except (ConfigurationError, DataError, PermanentError):  # not ours to read: the rolling reading finds what moved
        return set()


_NEVER_READ = """
SELECT DISTINCT s.sku FROM inventory_channelstock s
WHERE s.owner_id = %(owner)s AND s.state = 'UNREAD' AND NOT s.retired
  AND NOT EXISTS (SELECT 1 FROM inventory_stockreading r WHERE r.connection_id = s.owner_id AND r.sku = s.sku)
LIMIT %(limit)s
"""
_OLDEST = """
SELECT r.sku FROM inventory_stockreading r
WHERE r.connection_id = %(owner)s AND r.as_of < %(before)s AND r.missed_at IS NULL
  AND EXISTS (
      SELECT 1 FROM inventory_channelstock s WHERE s.owner_id = r.connection_id AND s.sku = r.sku AND NOT s.retired
  )
ORDER BY r.as_of LIMIT %(limit)s
"""
_MISSED = """
SELECT r.sku FROM inventory_stockreading r
WHERE r.connection_id = %(owner)s AND r.looked_at < %(before)s AND r.missed_at IS NOT NULL
  AND EXISTS (
      SELECT 1 FROM inventory_channelstock s WHERE s.owner_id = r.connection_id AND s.sku = r.sku AND NOT s.retired
  )
ORDER BY r.looked_at LIMIT %(limit)s
"""


def _wanted(owner: Connection) -> list[str]:
    """The next SKUs to ask for, the most urgent ones first; none when every reading is young enough."""
    wanted = dict.fromkeys(readings.asked(owner.pk, limit=ASK_SKUS))
    for statement, hours in ((_NEVER_READ, 0), (_OLDEST, OLD_HOURS), (_MISSED, MISSED_HOURS)):
        if len(wanted) < ASK_SKUS:
            before = ports.now() - timedelta(hours=hours)
            with connection.cursor() as cursor:
                cursor.execute(statement, {"owner": owner.pk, "before": before, "limit": ASK_SKUS - len(wanted)})
                wanted |= dict.fromkeys(row[0] for row in cursor.fetchall())
    return list(wanted)


def _fetch(connector: Connector, skus: Sequence[str]) -> list[StockLevel]:
    """What the owner says of these SKUs. One that cannot be read is left out, and keeps no other from being read."""
    try:
        return list(connector.fetch_stock(skus))
    except DataError:
        if len(skus) == 1:
            return []
        half = len(skus) // 2
        return [*_fetch(connector, skus[:half]), *_fetch(connector, skus[half:])]


def _believed(owner: Connection, skus: Sequence[str], levels: Sequence[StockLevel]) -> bool:
    known = readings.known(owner.pk, skus)
    answered = len(known & {level.sku for level in levels})
    believed = len(known) < FEW or answered >= len(known) * SHARE_BELIEVED
    cause, key = "stock_source_empty", f"stock source:{owner.pk}"
    if believed:
        close_open_case(owner.brand_id, cause=cause, object_key=key, actor=HUB, reason="It names the SKUs again.")
        return True
    with transaction.atomic():
        context = {"known": len(known), "answered": answered}
        open_case(brand=owner.brand, cause=cause, object_key=key, target=owner, context=context)
    return False


def _tell_unknown(owner: Connection) -> None:
    """SKUs that channels offer and the owner does not know: one case, which closes when there are none any more."""
    cause, key = "stock_sku_unknown", f"stock unknown:{owner.pk}"
    count, example = readings.unknown(owner.pk)
    if not count:
        close_open_case(owner.brand_id, cause=cause, object_key=key, actor=HUB, reason="It knows all of them now.")
        return
    with transaction.atomic():
        context = {"count": count, "example": example}
        open_case(brand=owner.brand, cause=cause, object_key=key, target=owner, context=context)


READ_STOCK = register(
    Flow(
        name="read_stock",
        label="Read stock",
        lane=Lane.STOCK,
        run=read_stock,
        side="connection",
        part="target",
        cadence_seconds=60,
        platforms=platforms_able_to(Capability.READ_STOCK),
        record="SKU",
        records="SKUs",
        done="read",
    )
)


def asked_by_events(place: Connection, events: Sequence[Event]) -> list[NewJob]:
    """Stock changes name their SKUs; orders, shipments and returns have them on their lines, which are read first.

    An event whose SKUs are not told any more is found by the rolling reading.
    """
    if place.platform not in READ_STOCK.platforms:
        return []
    looks = looking.asked_by_events(place, events)
    return [*looks, *_readings(place, events)]


def _readings(place: Connection, events: Sequence[Event]) -> list[NewJob]:
    told = _last_told(events)
    if readings.ask(place.pk, readings.listed(place.pk, told), told=told) if told else []:
        return [*_gathered(place, events), job_for_connection(READ_STOCK.name, place, key="tick")]
    return _gathered(place, events)


def _last_told(events: Sequence[Event]) -> dict[str, datetime | None]:
    """SKU → when its stock changed last by what is told, None where a telling names no time."""
    told: dict[str, datetime | None] = {}
    for event in events:
        if event.kind != "stock" or not event.external_id:
            continue
        known = told.get(event.external_id, event.occurred_at)
        later = None if known is None or event.occurred_at is None else max(known, event.occurred_at)
        told[event.external_id] = later
    return told


def _gathered(place: Connection, events: Sequence[Event]) -> list[NewJob]:
    if not tellings.note(place.pk, events):
        return []
    due_at = ports.now() + timedelta(seconds=GATHERED_SECONDS)
    return [job_for_connection(READ_STOCK.name, place, key="tick", due_at=due_at)]


listen(asked_by_events)
