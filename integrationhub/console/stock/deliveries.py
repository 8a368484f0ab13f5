"""What was sent of stock."""

from typing import Any

from django.http import HttpRequest

from connectors.admin_base import register
from integrationhub.console.deliveries import DeliveryAdmin
from integrationhub.console.stock import around
from integrationhub.inventory.ledger import LEDGER
from integrationhub.inventory.models import StockDelivery


@register(StockDelivery)
class StockDeliveryAdmin(DeliveryAdmin):
    address = "stock-deliveries"
    plural = "Stock deliveries"
    ledger, lines_words = LEDGER, "Quantities"
    list_before_template = "console/stock/before_list.html"

    def around(self, request: HttpRequest) -> dict[str, Any]:
        return around.told(request)
