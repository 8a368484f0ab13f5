"""The cases of listings: one for each thing that is wrong, however many products it keeps back; closed when none is left."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import connection, transaction

from connectors import ports
from connectors.models import Connection, Link
from exceptions_app.deciding import close_case
from exceptions_app.grouping import fitted
from exceptions_app.models import ExceptionCase
from exceptions_app.opening import HUB, open_case, roll_up
from integrationhub.catalogue.models import KnownCategory, Trouble
from integrationhub.sync.enqueue import reporting_value
from mappings_app.kinds import VALUE_OF_LIST

CAUSES_TOLD = 40  # of one channel, those that keep most products back; more would fill the queue and be read by nobody
CAUSES = ("listing_incomplete", "listing_refused", "unmapped_category", "unmapped_attribute_value")

# What cannot be sold there at all meanwhile: units that may be shown, at the price that would be asked. What the channel
# offers already goes on selling, and is not counted.
_GROUPS = """
WITH found AS (
    SELECT DISTINCT ON (p.listing_id, p.kind, p.attribute, p.code, words)
           p.listing_id, p.link_id, p.kind, p.attribute, p.label, s.channel_sku,
           CASE WHEN p.kind IN ('NO_CATEGORY', 'NOT_ON_LIST', 'REFUSED') THEN '' ELSE p.category END AS category,
           CASE WHEN p.kind IN ('NO_CATEGORY', 'NOT_ON_LIST') THEN p.code ELSE '' END AS code,
           CASE WHEN p.kind = 'REFUSED' THEN p.message ELSE '' END AS words,
           CASE WHEN s.acknowledged IS NULL AND l.acknowledged IS NULL THEN GREATEST(c.computed, 0) * l.wanted END AS value,
           l.currency
    FROM catalogue_listingproblem p
    JOIN catalogue_listing s ON s.id = p.listing_id
    LEFT JOIN catalogue_listingprice l ON l.link_id = s.link_id AND l.channel_sku = s.channel_sku
    LEFT JOIN inventory_channelstock c ON c.link_id = s.link_id AND c.channel_sku = s.channel_sku
    WHERE p.link_id = ANY(%s) AND ((p.kind <> 'REFUSED' AND s.state = 'INCOMPLETE')
                                   OR (p.kind = 'REFUSED' AND s.state = 'REFUSED'))
    ORDER BY p.listing_id, p.kind, p.attribute, p.code, words
)
SELECT kind, category, attribute, code, words, MIN(label), MIN(link_id), COUNT(DISTINCT listing_id), MIN(channel_sku),
       SUM(value), MIN(currency)
FROM found GROUP BY kind, category, attribute, code, words
ORDER BY COUNT(DISTINCT listing_id) DESC, kind, category, attribute, code, words
"""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that keeps products of a channel back."""

    cause: str
    key: str  # the object key, or the code that lacks a mapping
    link_id: int
    count: int
    value: Decimal = Decimal(0)  # in the brand's reporting currency; 0 where nobody knows it
    context: dict[str, Any] = field(default_factory=dict)


def tell(channel: Connection) -> None:
    """Bring the channel's cases in line with what was found. Nothing is written where nothing changed.

    A channel that is told nothing misses nothing: while its publishing is off, its page alone says what is wrong.
    """
    rows = Link.objects.filter(source=channel, active=True, listing_terms__publishes=True)
    links = {link.pk: link for link in rows.select_related("brand", "source", "target")}
    found = {(one.cause, one.key): one for one in _findings(channel, list(links))}
    cases = ExceptionCase.objects.unresolved().filter(cause__in=CAUSES, target=channel)
    standing = {(case.cause, case.code if case.mapping_kind else case.object_key): case for case in cases}
    for key, one in found.items():
        _keep(links[one.link_id], one, standing.get(key))
    for key, case in standing.items():
        if key not in found:
            close_case(case.pk, actor=HUB, reason="No product is kept back by it any more.")


def _keep(link: Link, one: Finding, standing: ExceptionCase | None) -> None:
    if standing is None or any(standing.context.get(name) != value for name, value in one.context.items()):
        keyed = {"code": one.key} if one.cause.startswith("unmapped_") else {"object_key": one.key}
        with transaction.atomic():
            standing, _ = open_case(
                brand=link.brand, cause=one.cause, target=link.source, link=link, context=one.context,
                platform_words=one.context.get("words", ""), **keyed,
            )  # fmt: skip
    if (standing.waiting_count, standing.waiting_value) != (one.count, one.value):
        roll_up(standing.pk, count=one.count, value=one.value, oldest=None, deadline=None)


def _findings(channel: Connection, link_ids: Sequence[int]) -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute(_GROUPS, [list(link_ids)])
        rows = cursor.fetchall()
    labels = dict(KnownCategory.objects.filter(connection=channel).values_list("code", "label")) if rows else {}
    merged: dict[tuple[str, str], Finding] = {}
    for kind, category, attribute, code, words, label, link_id, count, sku, value, currency in rows:
        worth = _worth(channel, value, currency)
        context = {
            "attribute": label or attribute,
            "attribute_code": attribute,
            "sku": sku,
            "trouble": kind,
            "link": link_id,
        }
        if kind == Trouble.NO_CATEGORY:
            cause, key = "unmapped_category", code
        elif kind == Trouble.NOT_ON_LIST:
            value_of_ours = code.partition(VALUE_OF_LIST)[2]
            cause, key = "unmapped_attribute_value", code
            context |= {"label": value_of_ours, "value": value_of_ours}
        elif kind == Trouble.REFUSED:
            cause, key = "listing_refused", fitted(f"listing refused:{channel.pk}:{attribute}:{words}")
            context |= {"words": words}
        else:
            cause, key = "listing_incomplete", fitted(f"listing:{channel.pk}:{kind}:{category}:{attribute}")
            context |= {"category": labels.get(category, category), "category_code": category}
        one = Finding(cause=cause, key=key, link_id=link_id, count=count, value=worth, context=context)
        merged.setdefault((one.cause, one.key), one)  # the larger one stands first
    yield from list(merged.values())[:CAUSES_TOLD]


def _worth(channel: Connection, value: Decimal | None, currency: str | None) -> Decimal:
    if not value or not currency:
        return Decimal(0)
    worth = reporting_value(channel.brand, value, currency, on=ports.now())
    return Decimal(0) if worth is None else worth.quantize(Decimal("0.01"))
