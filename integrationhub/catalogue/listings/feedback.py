"""What a channel says of products that it refused: kept beside each, problem by problem, until it says something else."""

from collections.abc import Sequence

from connectors.canonical.deliveries import RefusedLine
from integrationhub.catalogue.models import KnownAttribute, Listing, ListingProblem, Trouble
from integrationhub.sync.deliveries import Delivery


def note(delivery: Delivery, refused: Sequence[RefusedLine]) -> None:
    """Replace what was said of the products of this batch. Before they are acknowledged: then nobody knows the batch any more."""
    rows = Listing.objects.filter(delivery=delivery.pk)
    ListingProblem.objects.filter(listing__in=rows, kind=Trouble.REFUSED).delete()
    said: dict[str, dict[RefusedLine, None]] = {}
    for line in (line for line in refused if not line.busy):
        said.setdefault(line.sku, {})[line] = None
    if not said:
        return
    listings = list(rows.filter(channel_sku__in=list(said)))
    known = _labels(delivery, {line.attribute for lines in said.values() for line in lines if line.attribute})
    ListingProblem.objects.bulk_create(
        [
            ListingProblem(
                listing=row,
                link_id=row.link_id,
                kind=Trouble.REFUSED,
                category=row.category,
                attribute=line.attribute[:255],
                label=known.get(line.attribute, line.attribute)[:255],
                code=line.code[:255],
                message=line.message[:500],
            )
            for row in listings
            for line in said[row.channel_sku]
        ],
        batch_size=2_000,
    )


def _labels(delivery: Delivery, attributes: set[str]) -> dict[str, str]:
    channel_id = getattr(delivery, "connection_id", None)
    rows = KnownAttribute.objects.filter(connection=channel_id, code__in=attributes)
    return dict(rows.values_list("code", "label"))
