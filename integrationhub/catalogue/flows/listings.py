"""Products: taking SKUs into the listing ledger, reading products and wishes, publishing.

`publish_listings`: compose what was marked → check all of it → claim (frozen, written down) → send → follow → acknowledge.
One batch is on its way at a time. Its lane is the last: prices and stock of the same account go first.
"""

from typing import Any

from django.dispatch import receiver

from connectors.base import Capability
from connectors.canonical.deliveries import Delivery as Answer
from connectors.models import Connection, Link
from connectors.registry import platforms_able_to
from integrationhub.catalogue.flows import products
from integrationhub.catalogue.flows.products import READ_PRODUCTS
from integrationhub.catalogue.flows.wishes import READ_ATTRIBUTES
from integrationhub.catalogue.listings import feedback, ledger, taking, telling
from integrationhub.catalogue.listings.deciding import PUBLISHING, publish_now
from integrationhub.sync.deliveries import Delivery
from integrationhub.sync.delivering import Courier
from integrationhub.sync.enqueue import NewJob, job_for_connection
from integrationhub.sync.flows import Done, Flow, Later, Outcome, Skipped, register
from integrationhub.sync.lanes import Lane
from integrationhub.sync.run import Run
from mappings_app.kinds import ATTRIBUTE_VALUE, CATEGORY
from mappings_app.models import MappingVersion
from mappings_app.signals import mapping_saved

STUCK_MINUTES = 72 * 60  # a channel's people look at new products themselves
# More of a file would be read by nobody when it is refused as a whole.
LINES_MAX = 5_000


def _note(delivery: Delivery, answer: Answer) -> None:
    feedback.note(delivery, answer.refused)


COURIER = Courier(
    ledger=ledger.LEDGER,
    kind="listings",
    values="products",
    send=lambda connector, updates: connector.send_listings(updates),
    follow=lambda connector, ticket: connector.follow_listings(ticket),
    costs=lambda connector: connector.listing_costs,
    follow_seconds=60,  # Mirakl states a minute for P42
    stuck_minutes=STUCK_MINUTES,
    note=_note,
)


def publish_listings(run: Run) -> Outcome:
    channel = run.connection.row
    batch = ledger.on_its_way(channel)
    links = _links(channel)
    if batch is None:
        settled = [(link, taking.terms_of(link)) for link in links]
        asks = [taking.follow_mappings(link, terms) for link, terms in settled]
        if any(asks):
            run.enqueue(wishes_of(channel))
        ledger.compute(channel, links)
        allowed = [link.pk for link, terms in settled if terms.publishes]
        size = min(run.connection.connector.listing_lines_max or LINES_MAX, LINES_MAX)
        claimed = COURIER.claim(run, allowed, size=size)
        if claimed is None or isinstance(claimed, Later):
            telling.tell(channel)
            if isinstance(claimed, Later):
                return claimed
            return Done("Nothing changed." if allowed or not links else "Publishing products is switched off.")
        batch = claimed
    outcome = COURIER.bring_to_its_end(run, batch)
    ledger.compute(channel, links)
    telling.tell(channel)
    return outcome


def _links(channel: Connection) -> list[Link]:
    links = Link.objects.filter(source=channel, active=True).select_related("brand", "source", "target")
    return [link for link in links if link.target.platform in READ_PRODUCTS.platforms]


PUBLISH_LISTINGS = register(
    Flow(
        name=PUBLISHING,
        label="Publish products",
        lane=Lane.BULK,
        run=publish_listings,
        side="connection",
        part="source",
        cadence_seconds=300,
        platforms=platforms_able_to(Capability.SEND_LISTINGS),
        record="product",
        records="products",
        done="published",
    )
)


def list_listings(run: Run) -> Outcome:
    link = run.link
    able = platforms_able_to(Capability.SEND_LISTINGS)
    if link.target.platform not in READ_PRODUCTS.platforms or link.source.platform not in able:
        return Skipped(f"{link.target.name} owns no products, or {link.source.name} takes none.")
    taking.terms_of(link)
    changed, retired = taking.refresh(link)
    if changed:
        run.enqueue(_readings(link))
    return Done(f"{changed + retired} SKUs came, changed or ended." if changed or retired else "Nothing changed.")


def _readings(link: Link) -> list[NewJob]:
    """What came is read from the start: a reading under way has its pages behind it."""
    products.whole_again(link.target_id)
    jobs = [job_for_connection(READ_PRODUCTS.name, link.target, key="tick")]
    return [*jobs, *wishes_of(link.source)]


def wishes_of(channel: Connection) -> list[NewJob]:
    """What the channel wants is read anew, where it can be asked."""
    can_say = channel.platform in READ_ATTRIBUTES.platforms
    return [job_for_connection(READ_ATTRIBUTES.name, channel, key="tick")] if can_say else []


LIST_LISTINGS = register(
    Flow(
        name="list_listings",
        label="Take SKUs into the listing ledger",
        lane=Lane.BULK,
        run=list_listings,
        side="source",
        cadence_seconds=600,
        platforms=platforms_able_to(Capability.SEND_LISTINGS),
        record="SKU",
        records="SKUs",
        done="taken into the ledger",
    )
)


@receiver(mapping_saved)
def publish_what_a_mapping_mends(sender: Any, *, version: MappingVersion, **_: Any) -> None:
    """At once, rather than by the clock. Whatever else changes mappings is seen by the next look (`follow_mappings`)."""
    if version.kind not in (CATEGORY, ATTRIBUTE_VALUE):
        return
    links = Link.objects.filter(brand=version.brand_id, active=True).select_related("source")
    for link in links:
        if version.link_id in (None, link.pk):
            publish_now(link)
