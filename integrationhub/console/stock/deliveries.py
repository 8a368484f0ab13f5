"""What was sent of stock."""

from typing import Any

from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.decorators import display

from connectors.admin_base import register
from integrationhub.console.deliveries import DeliveryAdmin, ago
from integrationhub.console.stock import around
from integrationhub.inventory.ledger import LEDGER
from integrationhub.inventory.models import StockDelivery


@register(StockDelivery)
class StockDeliveryAdmin(DeliveryAdmin):
    address = "stock-deliveries"
    plural = "Stock deliveries"
    list_display = ("channel", "lines_told", "standing", "made", "sent", "ended", "orders_known", "number")
    ledger, lines_words = LEDGER, "Quantities"
    list_before_template = "console/stock/before_list.html"

    def around(self, request: HttpRequest) -> dict[str, Any]:
        return around.told(request)

    @display(description="Orders known up to")
    def orders_known(self, one: StockDelivery) -> SafeString:
        return ago(one, one.orders_known_at)
