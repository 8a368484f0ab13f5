"""Flows of stock. Importing this package registers them with the engine."""

from integrationhub.inventory.flows import listing, publishing, reading

__all__ = ["listing", "publishing", "reading"]
