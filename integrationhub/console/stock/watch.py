"""Home's watch over overselling: said first while a channel shows more than it may for longer than a delivery takes."""

from collections.abc import Sequence
from datetime import timedelta

from django.db.models import Count
from django.urls import reverse

from connectors import ports
from connectors.models import Link
from exceptions_app.words import counted, listed
from integrationhub.console.front.health import Sign
from integrationhub.inventory import drift

# Each sale makes a channel show one too many until it has taken the next delivery: that is told by nobody.
ON_ITS_WAY = timedelta(minutes=5)


def oversold(links: Sequence[Link]) -> list[Sign]:
    """At most one sign, by one query over an index of nothing else; none, and none asked, without links."""
    if not links:
        return []
    rows = drift.oversold([link.pk for link in links]).filter(computed_at__lt=ports.now() - ON_ITS_WAY)
    found = dict(rows.order_by().values_list("link_id").annotate(Count("pk")))
    if not found:
        return []
    names = sorted({link.source.name for link in links if link.pk in found})
    count, verb = sum(found.values()), "shows" if len(names) == 1 else "show"
    text = f"{listed(names)} {verb} more than there is of {counted(count, 'SKU', 'SKUs')}: units that are gone may be sold."
    return [Sign(tone="bad", text=text, url=f"{reverse('admin:inventory_channelstock_changelist')}?watch=more")]
