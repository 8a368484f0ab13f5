"""One SKU in every channel: where each number comes from, who waits for its units, what was read, told and taken."""

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.db.models import OuterRef, Q, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import reverse

from connectors.admin_base import require, rights_of
from integrationhub.console.deliveries import standing_of
from integrationhub.console.stock import words
from integrationhub.console.stock.around import RIGHT, Around, around, render
from integrationhub.inventory import deciding
from integrationhub.inventory.models import ChannelStock, Reservation, StockDelivery, StockReading, StockRule
from integrationhub.orders.models import SoldOrder

if TYPE_CHECKING:
    from integrationhub.console.stock.listing import ChannelStockAdmin

RESERVATIONS_SHOWN = 50
DELIVERIES_SHOWN = 8


def show(model_admin: "ChannelStockAdmin", request: HttpRequest, stock: ChannelStock) -> HttpResponse:
    known = around(request)
    rows = list(ChannelStock.objects.filter(owner=stock.owner_id, sku=stock.sku, link__in=list(known.channels)))
    rows.sort(key=lambda row: (known.channels[row.link_id].name, row.channel_sku))
    promised = _reservations(stock)
    context = {
        "title": stock.sku,
        "stock": stock,
        "reading": StockReading.objects.filter(connection=stock.owner_id, sku=stock.sku).first(),
        "places": _places(rows, stock, known),
        "reservations": promised[:RESERVATIONS_SHOWN],
        "more_reservations": len(promised) > RESERVATIONS_SHOWN,
        "deliveries": [(one, standing_of(one)) for one in _deliveries(rows)],
        "may_act": rights_of(request).may(RIGHT, stock.link.brand_id),
    }
    return render(model_admin, request, "sku.html", context)


def _places(rows: list[ChannelStock], stock: ChannelStock, known: Around) -> list[dict[str, Any]]:
    """Each channel: its numbers, the sum, the rule that counts and how it stands."""
    named = Q(sku=stock.sku) | Q(sku="", category__in={"", *(row.category for row in rows)})
    rules = list(StockRule.objects.filter(named, brand=stock.link.brand_id).select_related("link__source"))
    places = []
    for row in rows:
        channel = known.channels[row.link_id]
        rule = words.rule_that_counts(rules, row, channel.link)
        places.append(
            {
                "stock": row,
                "channel": channel,
                "rule": rule,
                "rule_words": words.rule_words(rule),
                "rule_scope": words.scope_words(rule) if rule else "",
                "steps": words.steps(row, rule, channel),
                "standing": words.standing(row, channel),
                "differs": words.differs(row),
            }
        )
    return places


def _reservations(stock: ChannelStock) -> list[Reservation]:
    """Those that are held first, then the latest that ended; each with its order's page."""
    order = SoldOrder.objects.filter(link=OuterRef("link_id"), reference=OuterRef("reference"))
    rows = Reservation.objects.filter(connection=stock.owner_id, sku=stock.sku, state=Reservation.State.HELD)
    rows = rows.annotate(order_id=Subquery(order.values("pk")[:1])).select_related("link__source")
    return list(rows.order_by("-pk")[: RESERVATIONS_SHOWN + 1])


def _deliveries(rows: list[ChannelStock]) -> list[StockDelivery]:
    found = StockDelivery.objects.filter(connection__in={row.channel_id for row in rows})
    return list(found.select_related("connection").order_by("-pk")[:DELIVERIES_SHOWN])


def read_again(request: HttpRequest, stock: ChannelStock) -> HttpResponse:
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    require(request, RIGHT, stock.link.brand_id)
    if deciding.read_again(stock, actor=request.user.get_username()):
        messages.success(request, f"{stock.owner.name} is asked for {stock.sku} now.")
    else:
        messages.warning(request, f"Reading stock from {stock.owner.name} is held: it is asked once that runs again.")
    return HttpResponseRedirect(reverse("admin:inventory_channelstock_change", args=[stock.pk]))
