"""Flows of prices. Importing this package registers them with the engine."""

from integrationhub.catalogue.flows import listing, publishing, reading

__all__ = ["listing", "publishing", "reading"]
