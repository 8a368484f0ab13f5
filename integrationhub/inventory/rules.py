"""Which rule counts for a SKU in a channel: the most specific one, whole; where there is none, a buffer for what sells.

SKU here > SKU anywhere > category here > category anywhere > this channel > the brand > by how it sells.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import ROUND_CEILING, Decimal

from connectors import ports
from connectors.models import Connection, Link
from integrationhub.inventory import hooks
from integrationhub.inventory.models import StockRule
from integrationhub.inventory.quantity import NO_RULE, Rule
from integrationhub.sync.models import Schedule

LOOK_BACK_DAYS = 14
UNKNOWN_CADENCE_SECONDS = 300


class RuleBook:
    """The rules of a brand's channels, read once."""

    def __init__(self, links: Sequence[Link]) -> None:
        self._links = {link.pk: link for link in links}
        brands = {link.brand_id for link in links}
        self._rules = {
            (row.brand_id, row.link_id, row.category, row.sku): Rule(
                buffer_units=row.buffer_units, buffer_percent=row.buffer_percent, floor=row.floor, cap=row.cap
            )
            for row in StockRule.objects.filter(brand_id__in=brands)
        }
        self._ruled = {brand_id for brand_id, *_ in self._rules}
        self._exposed = exposed_seconds(links)

    def rule(self, *, link_id: int, sku: str, category: str, sold: int) -> Rule:
        """`sold`: units of the SKU sold anywhere in the last LOOK_BACK_DAYS."""
        brand_id = self._links[link_id].brand_id
        for scope in scopes(link_id, category, sku) if brand_id in self._ruled else ():
            if found := self._rules.get((brand_id, *scope)):
                return found
        return default_rule(sold=sold, exposed_seconds=self._exposed[link_id])


def scopes(link_id: int, category: str, sku: str) -> list[tuple[int | None, str, str]]:
    """(link id, category, SKU) of every rule that could count, the one that goes first first."""
    by_category = [(link_id, category, ""), (None, category, "")] if category else []
    return [(link_id, "", sku), (None, "", sku), *by_category, (link_id, "", ""), (None, "", "")]


def default_rule(*, sold: int, exposed_seconds: float) -> Rule:
    """Keep back what other channels sell, on average, before the hub hears of it; nothing of what does not sell."""
    if not sold:
        return NO_RULE
    expected = Decimal(sold) * Decimal(exposed_seconds) / Decimal(LOOK_BACK_DAYS * 86_400)
    units = int(expected.to_integral_value(rounding=ROUND_CEILING))
    return Rule(buffer_units=units) if units else NO_RULE


def exposed_seconds(links: Sequence[Link]) -> Mapping[int, float]:
    """By link: how long a unit may be sold elsewhere before this channel shows it. 0 for the only channel of its owner."""
    cadences: dict[int, float] = {}
    rows = Schedule.objects.filter(flow="read_orders", link=None).values_list("connection_id", "cadence_seconds")
    for connection_id, seconds in rows:
        cadences[connection_id] = float(seconds or UNKNOWN_CADENCE_SECONDS)
    siblings: dict[int, list[Link]] = {}
    for link in Link.objects.filter(target__in={link.target_id for link in links}, active=True):
        siblings.setdefault(link.target_id, []).append(link)
    return {
        link.pk: max(
            (
                cadences.get(other.source_id, UNKNOWN_CADENCE_SECONDS)
                for other in siblings.get(link.target_id, [])
                if other.source_id != link.source_id
            ),
            default=0.0,
        )
        for link in links
    }


def sold_lately(owner: Connection | int, skus: Sequence[str]) -> Mapping[str, int]:
    owner_id = owner if isinstance(owner, int) else owner.pk
    return hooks.sold_units(owner_id, skus, ports.now() - timedelta(days=LOOK_BACK_DAYS))
