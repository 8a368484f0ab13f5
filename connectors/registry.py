"""The platforms, by name. The only road from the hub to a platform's folder."""

from collections.abc import Mapping

from connectors.base import Capability, Connector
from connectors.centra.connector import CentraConnector
from connectors.fulfil.connector import FulfilConnector
from connectors.marketplacer.connector import MarketplacerConnector
from connectors.mirakl.connector import MiraklConnector
from connectors.virtualstock.connector import VirtualstockConnector

CONNECTORS: Mapping[str, type[Connector]] = {
    connector.platform: connector
    for connector in (CentraConnector, FulfilConnector, MarketplacerConnector, MiraklConnector, VirtualstockConnector)
}


def connector_class(platform: str) -> type[Connector]:
    return CONNECTORS[platform]


def platforms_able_to(capability: Capability) -> frozenset[str]:
    return frozenset(name for name, connector in CONNECTORS.items() if connector.capabilities[capability])
