"""What every page of listings and prices knows: the person's channels, and which prices of theirs are held back."""

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
from integrationhub.catalogue.flows.products import READ_PRODUCTS
from integrationhub.catalogue.models import PriceHold
from integrationhub.sync.models import Schedule

_KEPT_AS = "_hub_catalogue_around"
RIGHT = Right.MAP_CODES  # what products are made of is said by those who say what codes mean
LIMITS_RIGHT = Right.CONFIGURE  # the limits are the guard itself


@dataclass(frozen=True, kw_only=True)
class Channel:
    """A link, as merchandisers call it: the place where it is sold."""

    link: Link
    hold_id: int | None  # prices that wait for a decision
    because: str

    @property
    def name(self) -> str:
        return self.link.source.name

    @property
    def takes_products(self) -> bool:
        return self.link.source.platform in platforms_able_to(Capability.SEND_LISTINGS)

    @property
    def not_read(self) -> str:
        """What stands for a value that the channel was not seen to show."""
        reads_back = self.link.source.platform in platforms_able_to(Capability.READ_OFFERS)
        return "not read since" if reads_back else "can't be read back"


class Around:
    """The channels of the brands that this person sees. One query, made when asked for."""

    def __init__(self, brand_ids: set[int]) -> None:
        self._brand_ids = brand_ids

    @cached_property
    def channels(self) -> Mapping[int, Channel]:
        """By link id."""
        holds = PriceHold.objects.filter(link=OuterRef("pk"), state=PriceHold.State.OPEN)
        rows = Link.objects.filter(brand_id__in=self._brand_ids).select_related("brand", "source", "target")
        rows = rows.annotate(
            hold_id=Subquery(holds.values("pk")[:1]), hold_because=Subquery(holds.values("because")[:1])
        )
        return {
            link.pk: Channel(link=link, hold_id=link.hold_id, because=link.hold_because or "")
            for link in rows.order_by("source__name", "pk")
        }

    @cached_property
    def unread(self) -> Mapping[int, str]:
        """Why the products of an owner are not read: its connection's id → what it refuses. One query."""
        owners = {one.link.target_id for one in self.channels.values()}
        paused = Schedule.objects.filter(flow=READ_PRODUCTS.name, connection__in=owners).exclude(paused_reason="")
        return dict(paused.values_list("connection_id", "paused_reason"))

    def waiting(self) -> list[str]:
        """A sentence for each owner whose products are not read."""
        names = {one.link.target_id: one.link.target.name for one in self.channels.values()}
        return [
            f"Products of {names[pk]} are not read now, and what is new waits. {why}" for pk, why in self.unread.items()
        ]

    def notices(self) -> Iterator[Channel]:
        yield from (one for one in self.channels.values() if one.hold_id)


def around(request: HttpRequest) -> Around:
    """One for each request, whoever asks."""
    kept: Around | None = getattr(request, _KEPT_AS, None)
    if kept is None:
        kept = Around(rights_of(request).brand_ids(Right.SEE))
        setattr(request, _KEPT_AS, kept)
    return kept


def told(request: HttpRequest) -> dict[str, Any]:
    """What `console/catalogue/notices.html` shows on pages of prices."""
    return {"notices": list(around(request).notices()), "now": ports.now(), "zone": rights_of(request).zone}


def render(model_admin: HubModelAdmin, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    request.current_app = model_admin.admin_site.name
    standing = {**model_admin.admin_site.each_context(request), "opts": model_admin.opts}
    clock = {"now": ports.now(), "zone": rights_of(request).zone}
    return TemplateResponse(request, f"console/catalogue/{template}", {**standing, **clock, **context})
