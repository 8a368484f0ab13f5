"""What was sent of prices and of products."""

from typing import Any

from django.http import HttpRequest

from connectors.admin_base import register
from integrationhub.catalogue.ledger import LEDGER as PRICES
from integrationhub.catalogue.listings.ledger import LEDGER as LISTINGS
from integrationhub.catalogue.models import ListingDelivery, PriceDelivery
from integrationhub.console.catalogue import around
from integrationhub.console.deliveries import DeliveryAdmin


@register(PriceDelivery)
class PriceDeliveryAdmin(DeliveryAdmin):
    address = "price-deliveries"
    plural = "Price deliveries"
    ledger, lines_words = PRICES, "Prices"
    list_before_template = "console/catalogue/before_list.html"

    def around(self, request: HttpRequest) -> dict[str, Any]:
        return around.told(request)


@register(ListingDelivery)
class ListingDeliveryAdmin(DeliveryAdmin):
    address = "listing-deliveries"
    plural = "Listing deliveries"
    ledger, lines_words = LISTINGS, "Products"
