"""The prices that a channel shows against those it took: looked at whenever its offers are read back.

What has a reason is told apart; the rest is sent again, within bounds, and no price more than a few times: a channel that
never shows what it took (an approval that waits there, another system that writes) is a person's.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from connectors import ports
from connectors.canonical.offers import Offer
from connectors.models import Connection
from integrationhub.catalogue import telling, terms
from integrationhub.inventory import hooks

HEAL_ROWS = 500  # of one scan
HEAL_TIMES = 3  # of one price

# What a channel shows before it was ever told anything is as if it had taken it: only what differs is a change.
_SHOW = """
UPDATE catalogue_listingprice s
SET shown = v.amount, shown_currency = v.currency, shown_at = %(now)s,
    acknowledged = CASE WHEN s.acknowledged_at IS NULL AND s.state <> 'SENT' THEN v.amount ELSE s.acknowledged END,
    dirty = s.dirty OR (s.acknowledged_at IS NULL AND s.acknowledged IS DISTINCT FROM v.amount)
            OR s.shown_currency IS DISTINCT FROM v.currency::varchar,
    drifted_at = CASE
        WHEN s.acknowledged_at IS NOT NULL AND s.acknowledged <> v.amount THEN COALESCE(s.drifted_at, %(now)s)
    END
FROM unnest(%(skus)s::text[], %(amounts)s::numeric[], %(currencies)s::text[]) AS v(sku, amount, currency)
WHERE s.channel_id = %(channel)s AND s.channel_sku = v.sku
"""
# Something is on its way, or was taken since it was read.
_DRIFTED = """
SELECT s.id, (s.state <> 'ACKNOWLEDGED' OR s.dirty OR s.acknowledged_at >= s.shown_at), s.healed
FROM catalogue_listingprice s
WHERE s.channel_id = %(channel)s AND s.drifted_at IS NOT NULL AND s.shown_at >= %(since)s
  AND s.shown <> s.acknowledged AND s.shown_currency = s.currency
ORDER BY s.shown >= s.acknowledged, s.id
"""
# It is as if the channel had taken what it shows: then the ledger sees by itself that it has something else to say.
_HEAL = """
UPDATE catalogue_listingprice
SET acknowledged = shown, drifted_at = NULL, released = wanted, healed = healed + 1,
    state = CASE WHEN wanted IS DISTINCT FROM shown THEN 'PENDING' ELSE 'ACKNOWLEDGED' END
WHERE id = ANY(%s) AND state = 'ACKNOWLEDGED' AND shown IS NOT NULL AND wanted IS NOT NULL
"""


def record(channel: Connection, offers: Sequence[Offer]) -> int:
    """Write down what the channel shows. Returns how many of the offers the ledger knows."""
    told = {offer.sku: offer.price for offer in offers if offer.price is not None}
    if not told:
        return 0
    currencies = Counter(price.currency for price in told.values())
    terms.note_currency(channel, currencies.most_common(1)[0][0])
    values = {
        "channel": channel.pk,
        "now": ports.now(),
        "skus": list(told),
        "amounts": [price.amount for price in told.values()],
        "currencies": [price.currency for price in told.values()],
    }
    return _execute(_SHOW, values)


def compare(channel: Connection, began_at: datetime) -> None:
    """Tell what drifted since the scan began, and send the first of it again: what is sold too cheap goes first."""
    with transaction.atomic():
        rows = _rows(_DRIFTED, {"channel": channel.pk, "since": began_at})
        real = [(pk, times) for pk, explained, times in rows if not explained]
        again = [pk for pk, times in real if times < HEAL_TIMES][:HEAL_ROWS]
        healed = _execute(_HEAL, [again]) if again else 0
    telling.tell_drift(channel, healed=healed, left=len(real) - healed)


def _seen(channel: Connection, offers: Sequence[Offer]) -> None:
    record(channel, offers)


hooks.listen_to_scans(_seen, compare)


def _rows(statement: str, values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def _execute(statement: str, values: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.rowcount)
