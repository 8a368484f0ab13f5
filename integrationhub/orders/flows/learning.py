"""The codes of mapping tables, kept fresh by the clock: what people can choose from (`learn_carriers`, `learn_reasons`,
`learn_taxes`, `learn_products`), what a shop offers and will be sold (`learn_offers`), and which records each mapping shaped
(`count_mapping_uses`).
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from django.db import connection, transaction

from connectors import ports
from connectors.base import Capability
from connectors.canonical.dispatches import Reason
from connectors.models import Connection
from connectors.registry import platforms_able_to
from integrationhub.inventory import products
from integrationhub.orders.flows import alike, confirming, naming
from integrationhub.sync import places
from integrationhub.sync.flows import Done, Flow, Later, Outcome, register
from integrationhub.sync.lanes import Lane
from integrationhub.sync.models import Feed
from integrationhub.sync.run import Run
from mappings_app.codes import CodeItem, deactivate_unseen, learn_codes, note_seen
from mappings_app.uses import Use, keep_uses, use_mark

DAY_SECONDS = 24 * 3600
REASON_KINDS = ("CANCELLATION", "REFUND")
TRIES_A_STEP = 20_000
# A try is committed a moment after its number was drawn: what finished this lately is looked at again.
SETTLED_SECONDS = 120


def learn_carriers(run: Run) -> Outcome:
    count = confirming.learn_carriers(run.connection.row, run.connection.connector)
    return Done(f"{count} carriers.")


def learn_reasons(run: Run) -> Outcome:
    """The reasons that a seller may give for a cancellation or refund."""
    reasons = [one for one in run.connection.connector.fetch_reasons() if one.seller_may_use]
    items = [_reason_item(one) for one in reasons if one.kind in REASON_KINDS]
    return Done(f"{learn_codes(run.connection.row, 'refund_reason', items, whole=True)} reasons.")


def _reason_item(reason: Reason) -> CodeItem:
    return CodeItem(code=reason.code, label=f"{reason.label} ({reason.kind.lower()})")


def learn_taxes(run: Run) -> Outcome:
    """The taxes that orders may name where they are fulfilled; orders that waited for one of them go on."""
    place = run.connection.row
    listed = naming.learn_taxes(place, run.connection.connector)
    fitting = naming.let_go_what_fits(place, listed)
    return Done(f"{len(listed)} taxes; {fitting} that were missing fit by now." if fitting else f"{len(listed)} taxes.")


def learn_offers(run: Run) -> Outcome:
    """What the shop offers is what customers can buy: its SKUs are told before the first order carries them."""
    place, connector = run.connection.row, run.connection.connector
    row, _ = Feed.objects.get_or_create(connection=place, name="offers")
    count = 0
    while True:
        page = connector.fetch_offers(token=row.next_token or None)
        items = [CodeItem(code=one.sku, label=one.title, gtin=one.gtin) for one in page.offers if one.sku]
        count += len(items)
        _note_offered(place, items)
        row.next_token, row.last_read_at = page.next_token or "", ports.now()
        if page.next_token is None:
            row.last_success_at = ports.now()
        row.save()
        if page.next_token is None:
            alike.learned(run)
            return Done(f"{count} offers.")
        if not run.job.may_start_call:
            return Later(ports.now(), f"{count} offers so far; reading goes on.")


def _note_offered(place: Connection, items: Sequence[CodeItem]) -> None:
    for link in places.active_links(place.pk):
        note_seen(link, {"sku": items}, sold=False)


def learn_products(run: Run) -> Outcome:
    """Read the catalogue page by page; a read that is cut short goes on where it stopped."""
    place, connector = run.connection.row, run.connection.connector
    row, _ = Feed.objects.get_or_create(connection=place, name="products")
    began = row.reading_until or ports.now()
    count = 0
    while True:
        page = connector.fetch_products(token=row.next_token or None, content=False)
        read = products.parsed(place, connector, page.records)
        items = [CodeItem(code=item.sku, label=item.title, gtin=item.gtin) for item in read if item.active]
        count += learn_codes(place, "sku", items)
        row.next_token, row.reading_until, row.last_read_at = page.next_token or "", began, ports.now()
        if page.next_token is None:
            deactivate_unseen(place, "sku", since=began)
            products.forget_gone(place, since=began)
            row.reading_until, row.last_success_at = None, ports.now()
        row.save()
        if page.next_token is None:
            alike.learned(run)
            return Done(f"{count} products.")
        if not run.job.may_start_call:
            return Later(ports.now(), f"{count} products so far; reading goes on.")


# --- what each mapping shaped -----------------------------------------------------------------------------------------


def count_mapping_uses(run: Run) -> Outcome:
    """Go through the tries since the last time; whatever many connections want it, it is counted once."""
    count = 0
    while True:
        tries, more = catch_up_on_uses()
        count += tries
        if not more:
            return Done(f"{count} tries looked at.")
        if not run.job.may_start_call:
            return Later(ports.now(), f"{count} tries so far; counting goes on.")


_TRIES = """
SELECT attempt.id, attempt.finished_at, attempt.mapping_versions, job.serial_key
FROM sync_attempt attempt LEFT JOIN sync_syncjob job ON job.id = attempt.job_id
WHERE attempt.id > %s ORDER BY attempt.id LIMIT %s
"""


def catch_up_on_uses() -> tuple[int, bool]:
    """Count the next tries into the uses of mappings. Returns how many were looked at, and whether more are left.

    Repeatable: a try that is looked at twice counts once. Does nothing while somebody else is at it.
    """
    with transaction.atomic(savepoint=False):  # nobody goes on after a fault in it
        mark = use_mark()
        if mark is None:
            return 0, False
        with connection.cursor() as cursor:
            cursor.execute(_TRIES, [mark.attempt_id, TRIES_A_STEP])
            rows = cursor.fetchall()
        keep_uses(_uses(rows))
        settled = _settled(rows)
        if settled > mark.attempt_id:
            mark.attempt_id, mark.counted_at = settled, ports.now()
            mark.save(update_fields=["attempt_id", "counted_at"])
    return len(rows), len(rows) == TRIES_A_STEP and settled > 0


def _uses(rows: Iterable[Sequence[Any]]) -> list[Use]:
    return [
        Use(version_id=version_id, record=record, used_at=finished_at or ports.now())
        for _, finished_at, versions, record in rows
        if record
        for version_id in versions
    ]


def _settled(rows: Sequence[Sequence[Any]]) -> int:
    """The last try before the first that finished too lately to be sure that none before it is still on its way."""
    since = ports.now() - timedelta(seconds=SETTLED_SECONDS)
    settled = 0
    for attempt_id, finished_at, _, _ in rows:
        if finished_at is None or finished_at > since:
            break
        settled = attempt_id
    return settled


LEARN_CARRIERS = register(
    Flow(
        name="learn_carriers",
        label="Read the list of carriers",
        lane=Lane.BULK,
        run=learn_carriers,
        side="connection",
        part="source",
        cadence_seconds=DAY_SECONDS,
        platforms=platforms_able_to(Capability.LIST_CARRIERS),
    )
)
LEARN_PRODUCTS = register(
    Flow(
        name="learn_products",
        label="Read the list of products",
        lane=Lane.BULK,
        run=learn_products,
        side="connection",
        part="target",
        cadence_seconds=DAY_SECONDS,
        platforms=platforms_able_to(Capability.READ_PRODUCTS),
    )
)
LEARN_REASONS = register(
    Flow(
        name="learn_reasons",
        label="Read the list of reasons",
        lane=Lane.BULK,
        run=learn_reasons,
        side="connection",
        part="source",
        cadence_seconds=DAY_SECONDS,
        platforms=platforms_able_to(Capability.LIST_REASONS),
    )
)
LEARN_TAXES = register(
    Flow(
        name="learn_taxes",
        label="Read the list of taxes",
        lane=Lane.BULK,
        run=learn_taxes,
        side="connection",
        part="target",
        cadence_seconds=DAY_SECONDS,
        platforms=platforms_able_to(Capability.LIST_TAXES),
    )
)
LEARN_OFFERS = register(
    Flow(
        name="learn_offers",
        label="Read what the shop offers",
        lane=Lane.BULK,
        run=learn_offers,
        side="connection",
        part="source",
        cadence_seconds=DAY_SECONDS,
        platforms=platforms_able_to(Capability.READ_OFFERS),
    )
)
COUNT_MAPPING_USES = register(
    Flow(
        name="count_mapping_uses",
        label="Count what mappings shaped",
        lane=Lane.BULK,
        run=count_mapping_uses,
        side="connection",
        cadence_seconds=60,
        platforms=platforms_able_to(Capability.CREATE_ORDERS),
    )
)
