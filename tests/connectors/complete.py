"""Which suite proves which role, so that a role without its suite is noticed."""

from collections.abc import Mapping
from typing import Any

from connectors.base import Capability, Connector
from tests.connectors import conformance as orders
from tests.connectors import conformance_channels as channels

SUITES: Mapping[Capability, Any] = {
    Capability.READ_ORDERS: orders.ReadsOrdersSuite,
    Capability.ACCEPT_ORDERS: orders.AcceptsOrdersSuite,
    Capability.CREATE_ORDERS: orders.CreatesOrdersSuite,
    Capability.READ_DISPATCHES: orders.ReadsDispatchesSuite,
    Capability.CONFIRM_DISPATCHES: orders.ConfirmsDispatchesSuite,
    Capability.READ_RETURNS: orders.ReadsReturnsSuite,
    Capability.TAKE_RETURNS: orders.TakesReturnsSuite,
    Capability.LIST_CARRIERS: orders.ListsReferencesSuite,
    Capability.READ_STOCK: orders.ReadsStockSuite,
    Capability.READ_PRODUCTS: orders.ReadsProductsSuite,
    Capability.READ_PRICES: channels.ReadsPricesSuite,
    Capability.SEND_STOCK: channels.TakesStockSuite,
    Capability.SEND_PRICES: channels.TakesPricesSuite,
    Capability.READ_OFFERS: channels.ReadsOffersSuite,
    Capability.READ_ATTRIBUTES: channels.ReadsAttributesSuite,
    Capability.SEND_LISTINGS: channels.TakesListingsSuite,
    Capability.EVENTS_QUEUE: orders.EventsQueueSuite,
    Capability.WEBHOOKS: orders.WebhooksSuite,
}


def missing_suites(connector_class: type[Connector], module: Mapping[str, Any]) -> list[Capability]:
    """The roles a connector plays for which the module (its `globals()`) holds no suite."""
    tested = [item for name, item in module.items() if name.startswith("Test") and isinstance(item, type)]
    return [
        capability
        for capability, suite in SUITES.items()
        if connector_class.capabilities[capability] and not any(issubclass(item, suite) for item in tested)
    ]
