"""What a tenant holds before anything is sold: structure, catalogue, stock. Ids are positive integers.

Field names follow the GraphQL schema in snake case, so that most fields resolve by name alone. Amounts are Decimals in
the record's currency, tax included unless said otherwise; times are aware and cut to seconds, as the platform stores them.
"""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

ZERO = Decimal(0)


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class Currency:
    id: int
    code: str
    name: str
    is_base: bool
    rate: Decimal  # one unit in the tenant's base currency
    digits: int = 2  # of its smallest coin


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class Country:
    id: int
    code: str
    name: str
    is_eu: bool
    continent: str | None = None
    states: list[Any] = field(default_factory=list)


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class Store:
    id: int
    name: str
    type: str = "DIRECT_TO_CONSUMER"


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class StorePlugin:
    id: int
    name: str
    uri: str
    plugin: str
    status: str = "ACTIVE"


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class Named:
    """Brand, Collection, Folder, Category, TaxGroup, Campaign, Size: an id and a name."""

    id: int
    name: str
    uri: str | None = None
    status: str = "ACTIVE"
    updated_at: datetime | None = None


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class SizeChart:
    id: int
    name: str
    sizes: list[Named] = field(default_factory=list)


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class AllocationRule:
    id: int
    name: str
    warehouse_ids: list[int]  # in order of priority


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class Market:
    id: int
    name: str
    store: Store
    country_codes: list[str]
    rule: AllocationRule
    comment: str | None = None
    external_ids: dict[str, str] = field(default_factory=dict)  # integration name → external id


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class ShippingOption:
    id: int
    name: str
    uri: str


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class Pricelist:
    id: int
    name: str
    store: Store
    currency: Currency
    country_codes: list[str]
    default_shipping_option: ShippingOption
    updated_at: datetime
    status: str = "ACTIVE"
    comment: str | None = None
    includes_tax: bool = True  # False: tax comes on top of its prices
    prices: dict[tuple[int, int | None], "Price"] = field(default_factory=dict)  # (product, variant or None)


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class Price:
    id: int
    pricelist: Pricelist
    product: "Product"
    product_variant: "Variant | None"
    amount: Decimal


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class Warehouse:
    id: int
    name: str
    threshold: int = 0
    status: str = "ACTIVE"
    stock_ownership: str = "OWN"
    allocation_policy: str = "DIRECT"
    stock_master: str = "CENTRA"
    is_hidden_from_stock_view: bool = False
    is_consignation: bool = False
    country: Country | None = None
    state: None = None
    state_or_province: str | None = None
    zip_code: str | None = None


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class Product:
    id: int
    name: str
    product_number: str
    created_at: datetime
    updated_at: datetime
    tax_group: Named
    status: str = "ACTIVE"
    internal_comment: str | None = None
    brand: Named | None = None
    collection: Named | None = None
    folder: Named | None = None
    category: Named | None = None
    country_of_origin: Country | None = None
    harmonized_commodity_code: str | None = None
    harmonized_commodity_code_description: str | None = None
    weight: None = None
    variants: list["Variant"] = field(default_factory=list)
    displays: list["Display"] = field(default_factory=list)
    attributes: dict[str, dict[str, str]] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class Variant:
    id: int
    product: Product
    name: str
    variant_number: str
    updated_at: datetime
    status: str = "ACTIVE"
    internal_name: str | None = None
    stock_offset: int = 0
    size_chart: SizeChart | None = None
    product_sizes: list["ProductSize"] = field(default_factory=list)
    attributes: dict[str, dict[str, str]] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class ProductSize:
    id: int
    product_variant: Variant
    size: Named
    size_number: str
    sku: str
    ean: str | None
    updated_at: datetime
    upc: str | None = None
    description: str | None = None
    comment: str | None = None
    is_active: bool = True
    preorder: bool = False
    weight: None = None


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class Display:
    id: int
    name: str
    product: Product
    store: Store
    markets: list[Market]
    tax_group: Named
    updated_at: datetime
    uri: str
    status: str = "ACTIVE"
    categories: list[Named] = field(default_factory=list)
    description: str | None = None
    short_description: str | None = None
    media: list["Media"] = field(default_factory=list)


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class Media:
    id: int
    url: str
    type: str = "image/jpeg"


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class Customer:
    id: int
    email: str
    store: Store
    created_at: datetime
    updated_at: datetime
    first_name: str | None = None
    last_name: str | None = None
    status: str = "ACTIVE"
    gender: str | None = None
    phone_number: str | None = None
    cell_phone_number: str | None = None
    is_anonymized: bool = False
    registered: bool = False
    country_code: str | None = None
    market: Market | None = None
    pricelist: Pricelist | None = None
    attributes: dict[str, dict[str, str]] = field(default_factory=dict)
    external_ids: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class Address:
    first_name: str | None = None
    last_name: str | None = None
    company_name: str | None = None
    attention: str | None = None
    address1: str | None = None
    address2: str | None = None
    city: str | None = None
    zip_code: str | None = None
    state_or_province: str | None = None
    country: Country | None = None
    state: None = None
    email: str | None = None
    phone_number: str | None = None
    cell_phone_number: str | None = None
    fax_number: str | None = None
    vat_number: str | None = None


# --- stock ----------------------------------------------------------------------------------------------------------
@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class StockRow:
    """The stock of one size in one warehouse. physical = free + allocated, none below zero."""

    warehouse: Warehouse
    product_size: ProductSize
    physical: int = 0
    allocated: int = 0
    demand: int = 0  # ordered, not allocated; counted at the first warehouse of the order's allocation rule
    last_line: "StockChangeLine | None" = None

    @property
    def free(self) -> int:
        return self.physical - self.allocated

    @property
    def publishable(self) -> int:
        """Free units less the variant's offset, which replaces the warehouse's threshold when it is above 0."""
        offset = self.product_size.product_variant.stock_offset
        return max(0, self.free - (offset if offset > 0 else self.warehouse.threshold))


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class StockChange:
    id: int
    type: str
    comment: str
    created_at: datetime
    warehouse: Warehouse
    lines: list["StockChangeLine"] = field(default_factory=list)


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class StockChangeLine:
    id: int
    delivered_quantity: int  # negative when units left
    product_size: ProductSize
    stock_change: StockChange
    row: StockRow
    cost: Decimal | None = None


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class MappedAttribute:
    id: int
    name: str
    type_name: str
    object_type: str
    values: dict[str, str]
