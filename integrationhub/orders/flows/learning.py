"""`learn_carriers` and `learn_products`: the codes a person can choose from when mapping, read once a day."""

from connectors import ports
from connectors.base import Capability
from connectors.registry import platforms_able_to
from integrationhub.orders.flows import confirming
from integrationhub.sync.flows import Done, Flow, Later, Outcome, register
from integrationhub.sync.lanes import Lane
from integrationhub.sync.models import Feed
from integrationhub.sync.run import Run
from mappings_app.codes import CodeItem, deactivate_unseen, learn_codes

DAY_SECONDS = 24 * 3600


def learn_carriers(run: Run) -> Outcome:
    count = confirming.learn_carriers(run.connection.row, run.connection.connector)
    return Done(f"{count} carriers.")


def learn_products(run: Run) -> Outcome:
    """Read the catalogue page by page; a read that is cut short goes on where it stopped."""
    place, connector = run.connection.row, run.connection.connector
    row, _ = Feed.objects.get_or_create(connection=place, name="products")
    began = row.reading_until or ports.now()
    count = 0
    while True:
        page = connector.fetch_products(token=row.next_token or None)
        products = [connector.parse_product(record.payload) for record in page.records]
        items = [CodeItem(code=item.sku, label=item.title, gtin=item.gtin) for item in products if item.active]
        count += learn_codes(place, "sku", items)
        row.next_token, row.reading_until, row.last_read_at = page.next_token or "", began, ports.now()
        if page.next_token is None:
            deactivate_unseen(place, "sku", since=began)
            row.reading_until, row.last_success_at = None, ports.now()
        row.save()
        if page.next_token is None:
            return Done(f"{count} products.")
        if not run.job.may_start_call:
            return Later(ports.now(), f"{count} products so far; reading goes on.")


LEARN_CARRIERS = register(
    Flow(
        name="learn_carriers",
        label="Read the list of carriers",
        lane=Lane.BULK,
        run=learn_carriers,
        side="connection",
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
        cadence_seconds=DAY_SECONDS,
        platforms=platforms_able_to(Capability.READ_PRODUCTS),
    )
)
