"""`list_stock`: bring the SKUs of a channel's ledger in line with its mappings."""

from connectors.base import Capability
from connectors.registry import platforms_able_to
from integrationhub.inventory import listing, owners
from integrationhub.sync.flows import Done, Flow, Outcome, Skipped, register
from integrationhub.sync.lanes import Lane
from integrationhub.sync.run import Run


def list_stock(run: Run) -> Outcome:
    if owners.refuse_two(run.link.source):
        return Skipped("Two systems own its stock: nothing is taken into the ledger until only one of them does.")
    changed = listing.refresh(run.link)
    return Done(f"{changed} SKUs came, changed or ended." if changed else "Nothing changed.")


LIST_STOCK = register(
    Flow(
        name="list_stock",
        label="Take SKUs into the stock ledger",
        lane=Lane.STOCK,
        run=list_stock,
        side="source",
        cadence_seconds=600,
        platforms=platforms_able_to(Capability.SEND_STOCK),
        record="SKU",
        records="SKUs",
        done="taken into the ledger",
    )
)
