"""Home's watch over overselling: said first while a channel shows more than it may for longer than a delivery takes."""

from collections.abc import Mapping, Sequence

from django.urls import reverse

from connectors.models import Link
from exceptions_app.words import counted, listed
from integrationhub.console.front.health import Sign


def oversold(links: Sequence[Link], counts: Mapping[int, int]) -> list[Sign]:
    """One sign for all channels that show too many (`counts`: link id → SKUs); none where there is none."""
    names = sorted({link.source.name for link in links if counts.get(link.pk)})
    if not names:
        return []
    count, verb = sum(counts.values()), "shows" if len(names) == 1 else "show"
    text = f"{listed(names)} {verb} more than there is of {counted(count, 'SKU', 'SKUs')}: units that are gone may be sold."
    return [Sign(tone="bad", text=text, url=f"{reverse('admin:inventory_channelstock_changelist')}?watch=more")]
