"""Flows of prices and listings. Importing this package registers them with the engine."""

from integrationhub.catalogue.flows import listing, listings, products, publishing, reading, wishes

__all__ = ["listing", "listings", "products", "publishing", "reading", "wishes"]
