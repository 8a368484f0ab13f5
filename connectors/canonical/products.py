"""A sellable unit as the catalogue's owner knows it."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Product:
    external_id: str  # the owner's identifier of the sellable unit (Centra's product size id)
    sku: str
    gtin: str = ""
    title: str  # product, variant and size, readable: "Wool coat, black, M"
    active: bool = True
