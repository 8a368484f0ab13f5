"""Registers the console's pages of models: importing them is enough."""

from integrationhub.console.cases.listing import CaseAdmin
from integrationhub.console.connections.links import LinkAdmin
from integrationhub.console.connections.listing import ConnectionAdmin
from integrationhub.console.orders.listing import OrderAdmin
from integrationhub.console.people.listing import PeopleAdmin
from integrationhub.console.syncs.listing import SyncAdmin

__all__ = ["CaseAdmin", "ConnectionAdmin", "LinkAdmin", "OrderAdmin", "PeopleAdmin", "SyncAdmin"]
