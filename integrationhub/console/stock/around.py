"""What every stock page knows: the person's channels, which of them are switched or held back, and since when."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import OuterRef, Subquery
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from connectors import ports
from connectors.access import Right
from connectors.admin_base import HubModelAdmin, rights_of
from connectors.base import Capability
from connectors.models import Link
from connectors.registry import platforms_able_to
from integrationhub.inventory.models import StockHold, StockSwitch

_KEPT_AS = "_hub_stock_around"
RIGHT = Right.RUN_SYNCS  # to switch, release, refuse, set rules, read again: who may hold a flow may hold stock
LIMITS_RIGHT = Right.CONFIGURE  # the limits are the guard itself


@dataclass(frozen=True, kw_only=True)
class Channel:
    """A link, as stock people call it: the place where it is sold."""

    link: Link
    hold_id: int | None  # the breaker's, that waits for a decision
    because: str
    switch: StockSwitch | None  # its own, else its brand's

    @property
    def name(self) -> str:
        return self.link.source.name

    @property
    def reads_back(self) -> bool:
        """Whether the channel can be asked what it shows; where it cannot, what it took last is all there is to know."""
        return self.link.source.platform in platforms_able_to(Capability.READ_OFFERS)

    @property
    def not_read(self) -> str:
        """What stands for a number that the channel was not seen to show."""
        return "not read since" if self.reads_back else "can't be read back"


class Around:
    """The channels of the brands whose stock this person sees. Two queries, made when asked for."""

    def __init__(self, brand_ids: set[int]) -> None:
        self._brand_ids = brand_ids

    @cached_property
    def switches(self) -> list[StockSwitch]:
        rows = StockSwitch.objects.filter(brand_id__in=self._brand_ids)
        return list(rows.select_related("brand", "link__source", "link__target").order_by("brand_id", "link_id"))

    @cached_property
    def channels(self) -> Mapping[int, Channel]:
        """By link id."""
        holds = StockHold.objects.filter(link=OuterRef("pk"), state=StockHold.State.OPEN)
        rows = Link.objects.filter(brand_id__in=self._brand_ids).select_related("brand", "source", "target")
        rows = rows.annotate(
            hold_id=Subquery(holds.values("pk")[:1]), hold_because=Subquery(holds.values("because")[:1])
        )
        modes = {(row.brand_id, row.link_id): row for row in self.switches}
        return {
            link.pk: Channel(
                link=link,
                hold_id=link.hold_id,
                because=link.hold_because or "",
                switch=modes.get((link.brand_id, link.pk)) or modes.get((link.brand_id, None)),
            )
            for link in rows.order_by("source__name", "pk")
        }

    @property
    def held_back(self) -> list[Channel]:
        return [one for one in self.channels.values() if one.hold_id]

    def notices(self) -> Iterator[dict[str, Any]]:
        for one in self.held_back:
            yield {"kind": "hold", "channel": one}
        for switch in self.switches:
            yield {"kind": "switch", "switch": switch}


def around(request: HttpRequest) -> Around:
    """One for each request, whoever asks."""
    kept: Around | None = getattr(request, _KEPT_AS, None)
    if kept is None:
        kept = Around(rights_of(request).brand_ids(Right.SEE))
        setattr(request, _KEPT_AS, kept)
    return kept


def told(request: HttpRequest) -> dict[str, Any]:
    """What `console/stock/notices.html` shows."""
    return {"notices": list(around(request).notices()), "now": ports.now(), "zone": rights_of(request).zone}


def render(model_admin: HubModelAdmin, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    request.current_app = model_admin.admin_site.name
    standing = {**model_admin.admin_site.each_context(request), "opts": model_admin.opts, **told(request)}
    return TemplateResponse(request, f"console/stock/{template}", {**standing, **context})
