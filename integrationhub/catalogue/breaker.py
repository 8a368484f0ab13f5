"""Stop before harm: a push that would shake a channel's prices is held whole; a price that would fall too far, by itself."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import F

from connectors import ports
from connectors.models import Link
from integrationhub.catalogue.models import ListingPrice, PriceHold, PriceHoldLine, PriceTerms
from integrationhub.sync.holding import Holds

SAMPLE_LINES = 20
COUNTED_FOR = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True)
class Push:
    """What would be sent to a channel, as far as nobody has let it through yet."""

    live: int  # prices the channel has now
    moved: int  # of these, how many would change by more than the limit
    fallen: int  # of these, how many would fall by more than the limit


_WAITS = "s.link_id = %(link)s AND s.state = 'PENDING' AND s.acknowledged > 0 AND s.released IS DISTINCT FROM s.wanted"
_MOVED = "ABS(s.wanted - s.acknowledged) * 100 > s.acknowledged * %(move)s"
_FALLEN = "s.wanted * 100 < s.acknowledged * (100 - %(fall)s)"
_PUSH = f"""
SELECT COUNT(*) FILTER (WHERE {_MOVED}), COUNT(*) FILTER (WHERE {_FALLEN})
FROM catalogue_listingprice s WHERE s.channel_id = %(channel)s AND {_WAITS}
"""  # noqa: S608  our own names
_STOPPED = f"""
SELECT s.id FROM catalogue_listingprice s
WHERE s.channel_id = %(channel)s AND {_WAITS} AND (({_FALLEN}) OR (%(whole)s AND {_MOVED}))
"""  # noqa: S608  our own names


def look(link: Link, terms: PriceTerms) -> Push:
    with connection.cursor() as cursor:
        cursor.execute(_PUSH, _values(link, terms))
        moved, fallen = cursor.fetchone()
    live = _live(link, terms) if moved >= terms.least or fallen else terms.live
    return Push(live=live, moved=moved, fallen=fallen)


def _values(link: Link, terms: PriceTerms) -> dict[str, Any]:
    return {
        "link": link.pk, "channel": link.source_id, "move": terms.move_percent, "fall": terms.fall_percent
    }  # fmt: skip


def _live(link: Link, terms: PriceTerms) -> int:
    """How many prices the channel has, counted anew when the figure is old."""
    now = ports.now()
    if terms.live_counted_at is None or now - terms.live_counted_at > COUNTED_FOR:
        terms.live, terms.live_counted_at = ListingPrice.objects.filter(link=link, acknowledged__gt=0).count(), now
        terms.save(update_fields=["live", "live_counted_at"])
    return terms.live


def shakes(push: Push, terms: PriceTerms) -> str:
    """Why the push must not go as a whole, in plain words; "" when it may."""
    if push.moved < terms.least or push.moved * 100 <= push.live * terms.change_percent:
        return ""
    return f"{push.moved} of {push.live} prices would change by more than {terms.move_percent} %."


def falls(push: Push, terms: PriceTerms) -> str:
    """Why single prices must not go, in plain words; "" when all may."""
    if not push.fallen:
        return ""
    prices = "1 price" if push.fallen == 1 else f"{push.fallen} prices"
    return f"{prices} would fall by more than {terms.fall_percent} %."


_LET_THROUGH = """
UPDATE catalogue_listingprice s SET released = l.amount
FROM catalogue_priceholdline l WHERE l.hold_id = %(hold)s AND l.price_id = s.id
"""
_TURN_DOWN = """
UPDATE catalogue_listingprice s SET state = 'SKIPPED', reason = LEFT(%(words)s, 300), turned_down = l.amount
FROM catalogue_priceholdline l
WHERE l.hold_id = %(hold)s AND l.price_id = s.id AND s.state = 'PENDING' AND s.wanted = l.amount
"""


def _figures(hold: PriceHold) -> dict[str, Any]:
    return {"live": hold.live, "moved": hold.moved, "fallen": hold.fallen, "because": hold.because}


HOLDS = Holds(
    model=PriceHold,
    kind="prices",
    cause="prices_stopped",
    figures=_figures,
    let_through=_LET_THROUGH,
    turn_down=_TURN_DOWN,
)
release, refuse = HOLDS.release, HOLDS.refuse


def may_send(link: Link, terms: PriceTerms) -> bool:
    """Whether anything may go out. A price that falls too far is held meanwhile either way, here and by the ledger's claim."""
    push = look(link, terms)
    shaken, fallen = shakes(push, terms), falls(push, terms)
    standing = HOLDS.standing(link.pk)
    if not shaken and not fallen:
        if standing is not None:
            HOLDS.end_by_itself(standing)
    elif standing is None:
        _open(link, terms, push, whole=bool(shaken), because=shaken or fallen)
    return not shaken


def _open(link: Link, terms: PriceTerms, push: Push, *, whole: bool, because: str) -> PriceHold:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_STOPPED, {**_values(link, terms), "whole": whole})
            ids = [row[0] for row in cursor.fetchall()]
        rows = ListingPrice.objects.filter(pk__in=ids).order_by(F("wanted") / F("acknowledged"), "pk")
        hold = PriceHold.objects.create(
            link=link,
            live=push.live,
            moved=push.moved,
            fallen=push.fallen,
            because=because,
            sample=[[row.channel_sku, str(row.acknowledged), str(row.wanted)] for row in rows[:SAMPLE_LINES]],
        )
        lines = (PriceHoldLine(hold=hold, price=row, amount=row.wanted) for row in rows.iterator(5_000) if row.wanted)
        PriceHoldLine.objects.bulk_create(lines, batch_size=5_000)
        HOLDS.tell(hold)
    return hold
