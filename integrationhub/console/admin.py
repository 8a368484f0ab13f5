"""Registers the console's pages of models: importing them is enough."""

from integrationhub.console.audit.listing import AuditAdmin
from integrationhub.console.cases.listing import CaseAdmin
from integrationhub.console.cases.ownership import RoutingRuleAdmin, TeamTargetAdmin
from integrationhub.console.catalogue.channels import ListingTermsAdmin
from integrationhub.console.catalogue.deliveries import ListingDeliveryAdmin, PriceDeliveryAdmin
from integrationhub.console.catalogue.listing import ListingAdmin
from integrationhub.console.catalogue.price_holds import PriceHoldAdmin
from integrationhub.console.catalogue.price_terms import PriceTermsAdmin
from integrationhub.console.catalogue.prices import ListingPriceAdmin
from integrationhub.console.catalogue.rules import AttributeRuleAdmin
from integrationhub.console.connections.links import LinkAdmin
from integrationhub.console.connections.listing import ConnectionAdmin
from integrationhub.console.mappings.listing import MappingAdmin
from integrationhub.console.mappings.plans import ImportPlanAdmin
from integrationhub.console.mappings.worklist import SeenCodeAdmin
from integrationhub.console.orders.corrections import CorrectionAdmin
from integrationhub.console.orders.listing import OrderAdmin
from integrationhub.console.orders.return_listing import ReturnAdmin
from integrationhub.console.people.listing import PeopleAdmin
from integrationhub.console.stock.deliveries import StockDeliveryAdmin
from integrationhub.console.stock.drift import DriftScanAdmin
from integrationhub.console.stock.holds import StockHoldAdmin
from integrationhub.console.stock.limits import StockLimitsAdmin
from integrationhub.console.stock.listing import ChannelStockAdmin
from integrationhub.console.stock.rules import StockRuleAdmin
from integrationhub.console.stock.switches import StockSwitchAdmin
from integrationhub.console.syncs.listing import SyncAdmin

__all__ = [
    "AttributeRuleAdmin",
    "AuditAdmin",
    "CaseAdmin",
    "ChannelStockAdmin",
    "ConnectionAdmin",
    "CorrectionAdmin",
    "DriftScanAdmin",
    "ImportPlanAdmin",
    "LinkAdmin",
    "ListingAdmin",
    "ListingDeliveryAdmin",
    "ListingPriceAdmin",
    "ListingTermsAdmin",
    "MappingAdmin",
    "OrderAdmin",
    "PeopleAdmin",
    "PriceDeliveryAdmin",
    "PriceHoldAdmin",
    "PriceTermsAdmin",
    "ReturnAdmin",
    "RoutingRuleAdmin",
    "SeenCodeAdmin",
    "StockDeliveryAdmin",
    "StockHoldAdmin",
    "StockLimitsAdmin",
    "StockRuleAdmin",
    "StockSwitchAdmin",
    "SyncAdmin",
    "TeamTargetAdmin",
]
