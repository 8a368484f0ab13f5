"""Products of a retailer's data model: who they are, and what is written into them. Pure but for the calls it is given.

The keys of `data` are each retailer's own; values come back as text whatever was sent, and stock does not come back.
Source: the vendor's Postman collection, "Products"; captured traffic of one retailer, read 2026-01.
"""

import threading
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta

from connectors import ports
from connectors.canonical.errors import DataError, Problem
from connectors.canonical.listings import ListingUpdate
from connectors.canonical.money import Money
from connectors.canonical.payload import JSON
from connectors.virtualstock.reading import rest_id

LIST_LASTS = timedelta(hours=6)
LOOK_AGAIN = timedelta(minutes=15)  # a part number that nobody has is not asked for at every quantity


class ProductIds:
    """Part number → the REST ids of its products, as far as the list was read. Safe to share between threads.

    The list is read page by page and kept, so that a read that was cut off goes on where it stood. One part number has a
    product for each retailer that lists it.
    """

    def __init__(self, list_page: Callable[[int], JSON], find: Callable[[str], list[JSON]], *, client_id: str) -> None:
        self._list_page, self._find, self._client_id = list_page, find, client_id
        self._lock = threading.Lock()
        self._known: dict[str, tuple[str, ...]] = {}
        self._absent: dict[str, datetime] = {}
        self._offset: int | None = 0  # None: the list was read to its end
        self._read_at = ports.now()

    def of(self, skus: Collection[str]) -> dict[str, tuple[str, ...]]:
        """The ids of each SKU; a SKU that no retailer lists has none."""
        with self._lock:
            if self._offset is None and ports.now() - self._read_at >= LIST_LASTS:
                self._offset = 0
            while self._offset is not None and any(sku not in self._known for sku in skus):
                self._read_page(self._offset)
            for sku in skus:
                if sku not in self._known and self._may_look(sku):
                    self._look_up(sku)
            return {sku: self._known.get(sku, ()) for sku in skus}

    def look_again(self, sku: str) -> tuple[str, ...]:
        """After a 404: the product may have been made anew."""
        with self._lock:
            self._known.pop(sku, None)
            self._look_up(sku)
            return self._known.get(sku, ())

    def forget(self, sku: str) -> None:
        """It was just created: the next look asks for it at once."""
        with self._lock:
            self._known.pop(sku, None)
            self._absent[sku] = ports.now() - LOOK_AGAIN

    def _read_page(self, offset: int) -> None:
        if offset == 0:
            self._read_at = ports.now()
        page = self._list_page(offset)
        results = page["results"]
        self._learn(results)
        total = page.get("count")
        at_end = not results or (isinstance(total, int) and offset + len(results) >= total)
        self._offset = None if at_end else offset + len(results)
        if self._offset is None:
            self._read_at = ports.now()

    def _look_up(self, sku: str) -> None:
        found = [product for product in self._find(sku) if part_number(product) == sku]
        self._learn(found)
        if sku not in self._known:
            self._absent[sku] = ports.now()

    def _may_look(self, sku: str) -> bool:
        """What a list just read to its end does not name is not looked up one by one."""
        since = self._absent.get(sku, self._read_at)
        return ports.now() - since >= LOOK_AGAIN

    def _learn(self, products: list[JSON]) -> None:
        for product in products:
            sku, number = part_number(product), product_id(product)
            if sku and number and (not self._client_id or client_of(product) == self._client_id):
                self._known[sku] = tuple(sorted({*self._known.get(sku, ()), number}))


def part_number(product: JSON) -> str:
    found = product.get("part_number") if isinstance(product, dict) else None
    return str(found).strip() if isinstance(found, str | int) else ""


def product_id(product: JSON) -> str:
    return rest_id(product.get("url")) if isinstance(product, dict) else ""


def client_of(product: JSON) -> str:
    """The retailer's number in the product API; it need not be the one of the order API."""
    return rest_id(product.get("client")) if isinstance(product, dict) else ""


def price_data(price: Money, field: str) -> dict[str, str]:
    """The cost price under the retailer's own name for it."""
    return {field: f"{price.rounded().amount:f}"}


def listing_data(update: ListingUpdate) -> dict[str, str]:
    """A field with several values is one text, parted by commas."""
    return {name: ", ".join(values) for name, values in update.values.items()}


def new_product(update: ListingUpdate, *, base_url: str, client_id: str, supplier_id: str) -> Mapping[str, JSON]:
    """The body of a new product: category, retailer and supplier are addresses on the host that is called.

    Raises DataError when the connection does not say who the retailer is.
    """
    if not client_id or not supplier_id:
        words = "The connection must say the retailer's and your own number in products before one can be created."
        raise DataError([Problem(field="client", message=words, record=update.sku)], record=update.sku)
    root = f"{base_url.rstrip('/')}/api/v4"
    return {
        "part_number": update.sku,
        "category": f"{root}/categories/{update.category}/",
        "client": f"{root}/clients/{client_id}/",
        "supplier": f"{root}/suppliers/{supplier_id}/",
        "data": listing_data(update),
    }
