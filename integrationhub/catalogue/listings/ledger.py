"""The listing ledger: what has changed is composed, checked, claimed, sent, acknowledged. Nothing here grows with the catalogue.

As with stock and prices: a row is computed under its lock and read in a second statement, so that what somebody else committed
meanwhile is seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import connection, transaction

from connectors import ports
from connectors.canonical.listings import ListingUpdate
from connectors.canonical.products import Product
from connectors.models import Connection, Link
from integrationhub.catalogue.listings.composing import Problem, compose, fingerprint, read_content
from integrationhub.catalogue.listings.readings import as_product
from integrationhub.catalogue.listings.wishes import WishBook
from integrationhub.catalogue.models import Listing, ListingDelivery, ListingProblem, Trouble
from integrationhub.sync.deliveries import Ledger

COMPUTE_ROWS = 1_000
ENDED = "Its mapping has ended."
NOT_SOLD = "Its owner no longer sells it."

State = Listing.State


# --- what has changed -------------------------------------------------------------------------------------------------
def mark_links(link_ids: Sequence[int]) -> int:
    """Something that these channels' listings are made with has changed."""
    return _execute("UPDATE catalogue_listing SET dirty = TRUE WHERE link_id = ANY(%s)", [list(link_ids)])


def mark_categories(link_ids: Sequence[int], *, own: Sequence[str] = (), theirs: Sequence[str] = ()) -> int:
    statement = "UPDATE catalogue_listing SET dirty = TRUE WHERE link_id = ANY(%s) AND "
    return _execute(f"{statement} (own_category = ANY(%s) OR category = ANY(%s))", [list(link_ids), [*own], [*theirs]])


def try_again(listing_ids: Sequence[int]) -> int:
    """What the channel refused goes out once more, as it is."""
    rows = Listing.objects.filter(pk__in=listing_ids, state=State.REFUSED, wanted__isnull=False)
    return rows.update(state=State.PENDING, refused=None)


# --- what it shall be -------------------------------------------------------------------------------------------------
_LOCK = """
SELECT id FROM catalogue_listing
WHERE channel_id = %s AND link_id = %s AND dirty ORDER BY id LIMIT %s FOR UPDATE
"""
_READ = """
SELECT s.id, s.channel_sku, s.retired, r.id IS NOT NULL, COALESCE(r.category, ''), COALESCE(r.active, TRUE), r.content
FROM catalogue_listing s
LEFT JOIN catalogue_productreading r ON r.connection_id = s.owner_id AND r.sku = s.sku
WHERE s.id = ANY(%s)
"""
_WRITE = """
UPDATE catalogue_listing s
SET dirty = FALSE, own_category = v.own_category, category = v.category, content = v.content, wanted = v.wanted,
    problems = v.problems, title = CASE WHEN v.title = '' THEN s.title ELSE v.title END,
    wanted_at = CASE WHEN s.wanted IS DISTINCT FROM v.wanted THEN %(now)s ELSE s.wanted_at END,
    superseded = s.superseded + (s.state = 'PENDING' AND s.wanted IS DISTINCT FROM v.wanted)::int,
    reason = CASE WHEN v.wanted IS NULL THEN v.reason WHEN s.refused = v.wanted THEN s.reason ELSE '' END,
    state = CASE
        WHEN s.state = 'SENT' THEN s.state
        WHEN v.problems > 0 THEN 'INCOMPLETE'
        WHEN v.wanted IS NULL THEN CASE WHEN v.reason = '' THEN 'UNREAD' ELSE 'SKIPPED' END
        WHEN s.refused = v.wanted THEN 'REFUSED'
        WHEN v.wanted IS DISTINCT FROM s.acknowledged THEN 'PENDING'
        ELSE 'ACKNOWLEDGED'
    END
FROM unnest(%(ids)s::bigint[], %(own_category)s::text[], %(category)s::text[], %(title)s::text[], %(content)s::text[],
            %(wanted)s::text[], %(problems)s::int[], %(reason)s::text[])
     AS v(id, own_category, category, title, content, wanted, problems, reason)
WHERE s.id = v.id
"""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one listing comes to."""

    own_category: str = ""
    category: str = ""
    title: str = ""
    content: str = ""
    problems: Sequence[Problem] = ()
    reason: str = ""  # why it is skipped; "" with neither content nor problems: something was not read yet

    @property
    def wanted(self) -> str | None:
        return fingerprint(self.content) if self.content and not self.problems else None


def compute(channel: Connection, links: Sequence[Link]) -> int:
    """Compose every marked listing of a channel again. Returns how many there were."""
    return sum(_compute(channel, link) for link in links)


def _compute(channel: Connection, link: Link) -> int:
    done, book = 0, WishBook(link)
    while True:
        with transaction.atomic():
            ids = [row[0] for row in _rows(_LOCK, [channel.pk, link.pk, COMPUTE_ROWS])]
            if ids:
                _write(link, _rows(_READ, [ids]), book)
        done += len(ids)
        if len(ids) < COMPUTE_ROWS:
            return done


def outcome_of(product: Product | None, book: WishBook, *, channel_sku: str, retired: bool = False) -> Outcome:
    """What the channel shall know of one product, or everything that keeps it from being told."""
    if retired:
        return Outcome(reason=ENDED)
    if product is None:
        return Outcome()
    told = Outcome(own_category=product.category, title=product.title[:255])
    if not product.active:
        return replace(told, reason=NOT_SOLD)
    category = book.category(product.category)
    if not category:
        what = f"Category {product.category} is not mapped." if product.category else "It is in no category."
        return _kept_back(told, Trouble.NO_CATEGORY, what)
    told = replace(told, category=category)
    if not book.is_known(category):
        return _kept_back(told, Trouble.CATEGORY_GONE, f"{book.link.source.name} has no category {category} any more.")
    wishes = book.wishes(category)
    if wishes is None:
        return told
    composed = compose(product, wishes, channel_sku=channel_sku)
    problems = composed.problems
    reason = problems[0].message[:300] if problems else ""
    return replace(told, content=composed.content, problems=problems, reason=reason)


def _kept_back(told: Outcome, kind: Trouble, words: str) -> Outcome:
    return replace(told, problems=[Problem(kind=kind, message=words, code=told.own_category)], reason=words[:300])


def _write(link: Link, rows: Sequence[Sequence[Any]], book: WishBook) -> None:
    book.learn({row[4] for row in rows})
    names = ("ids", "own_category", "category", "title", "content", "wanted", "problems", "reason")
    columns: dict[str, list[Any]] = {name: [] for name in names}
    found: list[ListingProblem] = []
    for pk, channel_sku, retired, read, _, _, content in rows:
        product = as_product(content) if read else None
        told = outcome_of(product, book, channel_sku=channel_sku, retired=retired)
        values = (
            pk, told.own_category, told.category, told.title, told.content, told.wanted, len(told.problems), told.reason
        )  # fmt: skip
        for name, value in zip(names, values, strict=True):
            columns[name].append(value)
        found += [_problem_row(link, pk, told, problem) for problem in told.problems]
    ListingProblem.objects.filter(listing__in=columns["ids"]).exclude(kind=Trouble.REFUSED).delete()
    ListingProblem.objects.bulk_create(found, batch_size=2_000)
    _execute(_WRITE, {**columns, "now": ports.now()})


def _problem_row(link: Link, listing_id: int, told: Outcome, problem: Problem) -> ListingProblem:
    return ListingProblem(
        listing_id=listing_id,
        link=link,
        kind=problem.kind,
        category=(told.category or told.own_category)[:255],
        attribute=problem.attribute[:255],
        label=problem.label[:255],
        code=problem.code[:255],
        message=problem.message[:500],
    )


# --- what it is told, and what it took --------------------------------------------------------------------------------
def _update(sku: str, wanted: str, content: str, published: str) -> ListingUpdate:
    category, values = read_content(content)
    _, before = read_content(published)
    return ListingUpdate(sku=sku, category=category, values=values, emptied=frozenset(before.keys() - values.keys()))


LEDGER = Ledger(
    rows=Listing,
    deliveries=ListingDelivery,
    update=_update,
    wanted="wanted",
    # What it took last stands still while a batch is on its way: it is read with it, to tell what has been emptied.
    frozen={"sent": "wanted", "sent_content": "content", "published": "published"},
    without="CASE WHEN s.problems > 0 THEN 'INCOMPLETE' WHEN s.reason = '' THEN 'UNREAD' ELSE 'SKIPPED' END",
    first="s.acknowledged IS NOT NULL",  # what the channel does not know at all goes first
    on_taken="published = s.sent_content, refused = NULL",
    on_refused="refused = s.sent",
)
claim, on_its_way = LEDGER.claim, LEDGER.on_its_way


# --- SQL --------------------------------------------------------------------------------------------------------------
def _rows(statement: str, values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def _execute(statement: str, values: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.rowcount)
