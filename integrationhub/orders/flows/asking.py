"""Asking the source for an order as it stands this moment, with the corrections that people made to it."""

from connectors.canonical.orders import Order
from integrationhub.sync.corrections import as_it_counts
from integrationhub.sync.run import Run


def fresh_order(run: Run, reference: str) -> Order | None:
    """None when the source does not know it any more. Raises DataError when it cannot be read."""
    record = run.source.fetch_order(reference)
    return None if record is None else run.source.parse_order(as_it_counts(run.link.source_id, record))
