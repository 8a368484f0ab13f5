"""`list_prices`: bring the SKUs of a channel's price ledger in line with its mappings. What came is read on both sides."""

from connectors.base import Capability
from connectors.registry import platforms_able_to
from integrationhub.catalogue import listing, terms
from integrationhub.catalogue.flows.reading import READ_PRICES
from integrationhub.inventory.flows.scanning import SCAN_STOCK
from integrationhub.sync.enqueue import NewJob, job_for_connection
from integrationhub.sync.flows import Done, Flow, Outcome, Skipped, register
from integrationhub.sync.lanes import Lane
from integrationhub.sync.run import Run


def list_prices(run: Run) -> Outcome:
    link = run.link
    if link.target.platform not in READ_PRICES.platforms:
        return Skipped(f"{link.target.name} owns no prices.")
    terms.of(link)
    changed, retired = listing.refresh(link)
    if changed:
        run.enqueue(_readings(run))
    return Done(f"{changed + retired} SKUs came, changed or ended." if changed or retired else "Nothing changed.")


def _readings(run: Run) -> list[NewJob]:
    """What the owner asks for the new SKUs, and what the channel shows of them: its price is the one to start from."""
    source, target = run.link.source, run.link.target
    scans = [job_for_connection(SCAN_STOCK.name, source, key="tick")] if source.platform in SCAN_STOCK.platforms else []
    return [*scans, job_for_connection(READ_PRICES.name, target, key="tick")]


LIST_PRICES = register(
    Flow(
        name="list_prices",
        label="Take SKUs into the price ledger",
        lane=Lane.CATALOGUE,
        run=list_prices,
        side="source",
        cadence_seconds=600,
        platforms=platforms_able_to(Capability.SEND_PRICES),
        record="SKU",
        records="SKUs",
        done="taken into the ledger",
    )
)
