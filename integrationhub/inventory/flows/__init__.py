"""Flows of stock. Importing this package registers them with the engine."""

from integrationhub.inventory.flows import listing, looking, publishing, reading, scanning

__all__ = ["listing", "looking", "publishing", "reading", "scanning"]
