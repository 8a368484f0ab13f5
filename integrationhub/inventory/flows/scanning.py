"""`scan_stock`: read back what a channel shows, page by page inside the budget, and compare when the last page is in hand."""

from django.db import transaction

from connectors import ports
from connectors.base import Capability
from connectors.models import Connection, Link
from connectors.registry import platforms_able_to
from exceptions_app.opening import HUB, open_case
from integrationhub.inventory import drift, hooks, ledger, overwrites
from integrationhub.inventory.drift import Found
from integrationhub.inventory.models import DriftScan
from integrationhub.sync.flows import Done, Flow, Later, Outcome, register
from integrationhub.sync.lanes import Lane
from integrationhub.sync.run import Run
from integrationhub.sync.standing import close_open_case


def scan_stock(run: Run) -> Outcome:
    channel, connector = run.connection.row, run.connection.connector
    scan, _ = DriftScan.objects.get_or_create(channel=channel, ended_at=None, defaults={"began_at": ports.now()})
    while run.job.may_start_call:
        page = connector.fetch_offers(token=scan.token or None)
        drift.record(channel, page.offers)
        hooks.tell_offers_seen(channel, page.offers)
        scan.offers, scan.token = scan.offers + len(page.offers), page.next_token or ""
        if page.next_token is None:
            return end(channel, scan, where=connector.stock_written_in)
        scan.save(update_fields=["offers", "token"])
    return Later(ports.now(), f"{scan.offers:,} offers so far; reading goes on.")


def end(channel: Connection, scan: DriftScan, *, where: str = "") -> Outcome:
    """All that the channel shows is written down: say what of it is not as it should be."""
    ledger.compute(channel, list(Link.objects.filter(source=channel, active=True)))  # what has changed is no drift
    found = drift.compare(scan)
    scan.drifted, scan.explained, scan.healed, scan.left = found.drifted, found.explained, found.healed, found.left
    scan.ended_at = ports.now()
    scan.save()
    _tell(channel, found)
    overwrites.tell(channel, where=where)
    if found.drifted == found.explained:
        overwrites.close_if_over(channel)
    hooks.tell_scan_ended(channel, scan.began_at)
    if not found.drifted:
        return Done(f"All {scan.offers:,} offers show what they should.")
    told = f"{found.drifted:,} of {scan.offers:,} offers differ: {found.explained:,} explained, {found.healed:,} sent again"
    return Done(f"{told}, {found.left:,} left." if found.left else f"{told}.")


def _tell(channel: Connection, found: Found) -> None:
    cause, key = "stock_drift", f"stock drift:{channel.pk}"
    left = found.left - found.contested
    if not left:
        close_open_case(
            channel.brand_id, cause=cause, object_key=key, actor=HUB, reason="A whole scan found nothing left over."
        )
        return
    with transaction.atomic():
        open_case(
            brand=channel.brand,
            cause=cause,
            object_key=key,
            target=channel,
            link=Link.objects.filter(source=channel, active=True).order_by("pk").first(),
            context={"left": left, "healed": found.healed},
        )


SCAN_STOCK = register(
    Flow(
        name="scan_stock",
        label="Compare what channels show",
        lane=Lane.BULK,
        run=scan_stock,
        side="connection",
        part="source",
        cadence_seconds=3600,
        platforms=platforms_able_to(Capability.READ_OFFERS),
        record="offer",
        records="offers",
        done="compared",
    )
)
