"""A sellable unit as the catalogue's owner knows it."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Product:
    external_id: str  # the owner's identifier of the sellable unit (Centra's product size id)
    sku: str
    gtin: str = ""
    title: str  # product, variant and size, readable: "Wool coat, black, M"
    active: bool = True
    # Content, where the owner was asked for it.
    group: str = ""  # the owner's identifier of the product whose variants and sizes belong together
    name: str = ""  # of the product
    variant: str = ""  # usually the colour
    size: str = ""
    brand: str = ""
    category: str = ""  # the owner's code, such as a path of its categories
    description: str = ""
    images: tuple[str, ...] = ()  # addresses, the main one first
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # the owner's own attribute names → values
