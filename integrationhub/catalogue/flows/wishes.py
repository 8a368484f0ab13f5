"""`read_attributes`: what a channel wants to know of a product. Its tree, the categories that are mapped, the lists they name.

Each is read once a day, or when somebody asks; what is known stands meanwhile. A reading that is cut short goes on with what
is still old.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from connectors import ports
from connectors.base import Capability
from connectors.canonical.listings import ChannelAttribute, ChannelCategory, ChannelValue
from connectors.models import Connection, Link
from connectors.registry import platforms_able_to
from integrationhub.catalogue.listings import ledger
from integrationhub.catalogue.listings.deciding import PUBLISHING
from integrationhub.catalogue.listings.wishes import categories_in_use
from integrationhub.catalogue.models import KnownAttribute, KnownCategory, KnownValue, ValueList
from integrationhub.sync.enqueue import job_for_connection
from integrationhub.sync.flows import Done, Flow, Later, Outcome, register
from integrationhub.sync.lanes import Lane
from integrationhub.sync.models import Feed
from integrationhub.sync.run import Run
from mappings_app.codes import CodeItem, learn_codes
from mappings_app.kinds import ATTRIBUTE_VALUE, CATEGORY

FEED = "categories"
OLD_AFTER = timedelta(hours=24)
SUGGESTED_VALUES = 2_000  # a list that is longer is searched on the page of its attribute


def read_attributes(run: Run) -> Outcome:
    channel = run.connection.row
    links = list(Link.objects.filter(source=channel, active=True).select_related("brand"))
    feed, _ = Feed.objects.get_or_create(connection=channel, name=FEED)
    if _is_old(feed.last_success_at):
        keep_categories(channel, run.connection.connector.fetch_categories())
        feed.last_success_at = feed.last_read_at = ports.now()
        feed.save(update_fields=["last_success_at", "last_read_at"])
    read = 0
    for category in _old_categories(channel, links):
        if not run.job.may_start_call:
            return Later(ports.now(), f"{read} read so far; reading goes on.")
        keep_attributes(channel, category, run.connection.connector.fetch_attributes(category.code))
        read += 1
    for one in _old_lists(channel):
        if not run.job.may_start_call:
            return Later(ports.now(), f"{read} read so far; reading goes on.")
        keep_values(channel, one, run.connection.connector.fetch_values(one.code))
        read += 1
    if read:
        ledger.mark_links([link.pk for link in links])
        run.enqueue([job_for_connection(PUBLISHING, channel, key="tick")])
    return Done(f"{read} categories and value lists were read." if read else "Nothing is old enough to be read again.")


def _is_old(at: datetime | None) -> bool:
    return at is None or ports.now() - at > OLD_AFTER


def _old_categories(channel: Connection, links: Iterable[Link]) -> list[KnownCategory]:
    """Those that mappings name and nobody has asked about lately, the oldest first."""
    used = {code for link in links for code in categories_in_use(link)}
    rows = KnownCategory.objects.filter(connection=channel, code__in=used)
    return list(rows.filter(_old("attributes_read_at")).order_by("attributes_read_at", "code"))


def _old_lists(channel: Connection) -> list[ValueList]:
    return list(ValueList.objects.filter(_old("read_at"), connection=channel).order_by("read_at", "code"))


def _old(column: str) -> Q:
    before = ports.now() - OLD_AFTER
    return Q(ask_anew=True) | Q(**{f"{column}__isnull": True}) | Q(**{f"{column}__lt": before})


# --- what was read ----------------------------------------------------------------------------------------------------
def keep_categories(channel: Connection, categories: Sequence[ChannelCategory]) -> None:
    """The whole tree. An empty one is never taken for the truth."""
    if not categories:
        return
    unique = {one.code[:255]: one for one in categories if one.code}
    rows = [
        KnownCategory(connection=channel, code=code, label=one.label[:255], parent=one.parent[:255])
        for code, one in unique.items()
    ]
    with transaction.atomic():
        KnownCategory.objects.bulk_create(
            rows, batch_size=2_000, update_conflicts=True, unique_fields=["connection", "code"],
            update_fields=["label", "parent"],
        )  # fmt: skip
        KnownCategory.objects.filter(connection=channel).exclude(code__in=list(unique)).delete()
    learn_codes(channel, CATEGORY, _leaves(unique), whole=True)


def _leaves(categories: dict[str, ChannelCategory]) -> list[CodeItem]:
    """Every category with the way to it, so that two “Jumpers” are told apart."""
    items = []
    for code, one in categories.items():
        path, at = [one.label], one.parent
        while at in categories and len(path) < 20:
            path.append(categories[at].label)
            at = categories[at].parent
        items.append(CodeItem(code=code, label=" / ".join(path[::-1])))
    return items


def keep_attributes(channel: Connection, category: KnownCategory, attributes: Sequence[ChannelAttribute]) -> None:
    """What the channel wants in this category, or above it, takes the place of what it wanted before.

    An answer may speak of other categories too: Mirakl's PM11 tells those below, and some instances tell all.
    """
    here = {"", *_upwards(channel, category)}
    unique = {one.code: one for one in attributes if one.code and len(one.code) <= 255 and one.category in here}
    rows = [_row(channel, category.code, place, one) for place, one in enumerate(unique.values())]
    lists = sorted({row.list_code for row in rows if row.list_code})
    with transaction.atomic():
        KnownAttribute.objects.filter(connection=channel, category=category.code).delete()
        KnownAttribute.objects.bulk_create(rows, batch_size=2_000)
        ValueList.objects.bulk_create(
            [ValueList(connection=channel, code=code) for code in lists], ignore_conflicts=True, batch_size=2_000
        )
        category.attributes_read_at, category.ask_anew = ports.now(), False
        category.save(update_fields=["attributes_read_at", "ask_anew"])


def _upwards(channel: Connection, category: KnownCategory) -> set[str]:
    """The codes from this category to the top of the tree."""
    parents = dict(KnownCategory.objects.filter(connection=channel).values_list("code", "parent"))
    codes, at = {category.code}, category.parent
    while at and at not in codes:
        codes.add(at)
        at = parents.get(at, "")
    return codes


def _row(channel: Connection, category: str, place: int, one: ChannelAttribute) -> KnownAttribute:
    return KnownAttribute(
        connection=channel,
        category=category,
        position=place,
        code=one.code,
        label=one.label[:255],
        requirement=one.requirement,
        kind=one.kind,
        list_code=one.list_code[:255],
        max_length=one.max_length,
        unit=one.unit[:40],
        role=one.role[:80],
        variant=one.variant,
    )


def keep_values(channel: Connection, value_list: ValueList, values: Sequence[ChannelValue]) -> None:
    unique = {one.code: one.label[:255] for one in values if one.code and len(one.code) <= 255}
    rows = [KnownValue(value_list=value_list, code=code, label=label) for code, label in unique.items()]
    with transaction.atomic():
        KnownValue.objects.filter(value_list=value_list).delete()
        KnownValue.objects.bulk_create(rows, batch_size=5_000)
        value_list.read_at, value_list.ask_anew = ports.now(), False
        value_list.save(update_fields=["read_at", "ask_anew"])
    if len(unique) <= SUGGESTED_VALUES:
        learn_codes(channel, ATTRIBUTE_VALUE, [CodeItem(code=code, label=label) for code, label in unique.items()])


READ_ATTRIBUTES = register(
    Flow(
        name="read_attributes",
        label="Read categories and attributes",
        lane=Lane.BULK,
        run=read_attributes,
        side="connection",
        part="source",
        cadence_seconds=3600,
        platforms=platforms_able_to(Capability.READ_ATTRIBUTES),
        record="category",
        records="categories",
        done="read",
    )
)
