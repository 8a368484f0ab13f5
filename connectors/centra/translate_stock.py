"""What a warehouse in Centra has of each SKU: on the shelf, free, on offer. Pure."""

from dataclasses import dataclass

from connectors.canonical.cursor import Faults
from connectors.canonical.offers import Offer
from connectors.canonical.payload import JSON
from connectors.centra.reading import Node
from connectors.centra.translate import chosen_size, sellable


@dataclass(frozen=True, kw_only=True)
class OnShelf:
    """One size in one warehouse. On the shelf = free + allocated."""

    size_id: int
    physical: int
    free: int

    @property
    def allocated(self) -> int:
        return max(0, self.physical - self.free)


def parse_shelf(sku: str, sizes: JSON) -> OnShelf | None:
    """What one SKU has in the warehouse that was asked for; None when Centra does not know it.

    A size that was never kept there has none on the shelf. Raises DataError when two sizes that sell carry the SKU, since
    a guess would set the stock of the wrong one.
    """
    chosen, faults, _ = chosen_size(sku, sizes)
    if chosen is None:
        faults.raise_any()
        return None
    rows = chosen.children("stock")
    row = rows[0] if rows else None
    shelf = OnShelf(
        size_id=chosen.count("id"),
        physical=row.count("physicalQuantity") if row else 0,
        free=row.count("freeToAllocateQuantity") if row else 0,
    )
    faults.raise_any()
    return shelf


def parse_shelf_rows(warehouses: JSON) -> dict[int, OnShelf]:
    """By the size's id: what documents.READ_WAREHOUSE_STOCK shows. Raises DataError."""
    faults = Faults("Stock in Centra")
    rows = [row for found in _objects(warehouses) for row in _objects(found.get("stock"))]
    nodes = [Node(row, f"stock[{index}]", faults) for index, row in enumerate(rows)]
    found = [
        OnShelf(
            size_id=node.need("productSize").count("id"),
            physical=node.count("physicalQuantity"),
            free=node.count("freeToAllocateQuantity"),
        )
        for node in nodes
    ]
    faults.raise_any()
    return {one.size_id: one for one in found}


def parse_offers(sizes: JSON) -> tuple[Offer, ...]:
    """What is free of each size that sells; its sum of the warehouses that were asked for. No price: Centra owns those."""
    faults = Faults("Stock in Centra")
    nodes = [Node(row, f"productSizes[{index}]", faults) for index, row in enumerate(_objects(sizes))]
    offers = tuple(_offer(node) for node in nodes if sellable(node) and node.text("SKU"))
    faults.raise_any()
    return offers


def _offer(size: Node) -> Offer:
    free = sum(row.count("freeToAllocateQuantity") for row in size.children("stock"))
    names = (size.need("productVariant").need("product").text("name"), size.need("size").text("name"))
    return Offer(
        sku=size.text("SKU"),
        external_id=str(size.count("id")),
        gtin=size.text("EAN") or size.text("UPC"),
        title=" · ".join(name for name in names if name),
        quantity=max(0, free),
        active=free > 0,
        inactive_because=() if free > 0 else ("NONE_FREE",),
    )


def _objects(value: JSON) -> list[dict[str, JSON]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
