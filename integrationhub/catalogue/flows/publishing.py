"""`publish_prices`: tell a channel what to ask. One batch is on its way at a time, and it is followed to its end.

settle the price list → compute what was marked → breaker → claim (frozen, written down) → send → follow → acknowledge

Prices go out on a road of their own, which touches neither stock nor anything else of an offer.
"""

from connectors.base import Capability
from connectors.models import Connection, Link
from connectors.registry import platforms_able_to
from integrationhub.catalogue import breaker, ledger, telling, terms
from integrationhub.sync.delivering import Courier
from integrationhub.sync.flows import Done, Flow, Later, Outcome, register
from integrationhub.sync.lanes import Lane
from integrationhub.sync.run import Run

COURIER = Courier(
    ledger=ledger.LEDGER,
    kind="prices",
    values="prices",
    send=lambda connector, updates: connector.send_prices(updates),
    follow=lambda connector, ticket: connector.follow_prices(ticket),
    costs=lambda connector: connector.price_costs,
    follow_seconds=60,  # Mirakl states it for PRI02
)


def publish_prices(run: Run) -> Outcome:
    channel = run.connection.row
    batch = ledger.on_its_way(channel)
    held = 0
    if batch is None:
        links = _links(channel)
        settled = [(link, terms.settle(link)) for link in links]
        ledger.compute(channel, links)
        allowed = [link.pk for link, its_terms in settled if breaker.may_send(link, its_terms)]
        held = len(links) - len(allowed)
        claimed = COURIER.claim(run, allowed, size=run.connection.connector.price_lines_max)
        if isinstance(claimed, Later):
            return claimed
        batch = claimed
    if batch is None:
        told = Done("Held back: see the cases." if held else "Nothing changed.")
        telling.tell_refusals(channel)
        return told
    outcome = COURIER.bring_to_its_end(run, batch)
    telling.tell_refusals(channel)
    return outcome


def _links(channel: Connection) -> list[Link]:
    links = Link.objects.filter(source=channel, active=True).select_related("brand", "source", "target")
    return [link for link in links if link.target.platform in platforms_able_to(Capability.READ_PRICES)]


PUBLISH_PRICES = register(
    Flow(
        name="publish_prices",
        label="Publish prices",
        lane=Lane.CATALOGUE,
        run=publish_prices,
        side="connection",
        part="source",
        cadence_seconds=60,
        platforms=platforms_able_to(Capability.SEND_PRICES),
        record="price",
        records="prices",
        done="published",
    )
)
