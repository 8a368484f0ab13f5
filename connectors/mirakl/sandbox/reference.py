"""The operator's own lists: carriers, reasons, categories, attributes and so on. No two operators share them."""

from dataclasses import dataclass, field
from typing import Any

from connectors.sandboxdata import COUNTRIES


@dataclass(frozen=True, kw_only=True)
class CarrierRow:
    code: str  # matched exactly, case included
    label: str
    standard_code: str | None = None
    tracking_url: str | None = None  # with {trackingId}: then a tracking number is mandatory


@dataclass(frozen=True, kw_only=True)
class ReasonRow:
    code: str
    label: str
    kind: str  # REFUND, CANCELATION, INCIDENT_OPEN, ...
    is_shop_right: bool = True


@dataclass(frozen=True, kw_only=True)
class ShippingTypeRow:
    code: str
    label: str
    description: str = ""
    standard_code: str | None = None
    mandatory_tracking: bool = False
    delivery_by_operator: bool = False
    click_and_collect: bool = False


@dataclass(frozen=True, kw_only=True)
class FieldRow:
    code: str
    label: str
    entity: str  # ORDER, ORDER_LINE, OFFER, SHOP
    kind: str = "STRING"
    required: bool = False
    editable: bool = True
    accepted_values: tuple[str, ...] = ()
    regex: str | None = None


@dataclass(frozen=True, kw_only=True)
class CategoryRow:
    code: str
    label: str
    parent: str = ""


@dataclass(frozen=True, kw_only=True)
class AttributeRow:
    code: str
    label: str
    category: str = ""  # "" = of every category; holds for those below it too
    kind: str = "TEXT"
    requirement: str = "OPTIONAL"  # REQUIRED, RECOMMENDED, DISABLED
    values_list: str = ""
    max_length: int | None = None
    role: str = ""
    variant: bool = False


_CARRIERS = (
    CarrierRow(code="DHL", label="DHL", standard_code="DHL", tracking_url="https://track.example.com/dhl/{trackingId}"),
    CarrierRow(code="DPD", label="DPD", standard_code="DPD", tracking_url="https://track.example.com/dpd/{trackingId}"),
    CarrierRow(code="DPDUK", label="DPD (UK)", tracking_url="https://track.example.com/dpd-uk/{trackingId}"),
    CarrierRow(code="UPS", label="UPS", standard_code="UPS", tracking_url="https://track.example.com/ups/{trackingId}"),
    CarrierRow(code="UPS (UK)", label="UPS (UK)", tracking_url="https://track.example.com/ups-uk/{trackingId}"),
    CarrierRow(code="RoyalMail", label="Royal Mail", tracking_url="https://track.example.com/royal-mail/{trackingId}"),
    CarrierRow(code="POSTNORD", label="PostNord", tracking_url="https://track.example.com/postnord/{trackingId}"),
    CarrierRow(code="COLISSIMO", label="Colissimo", tracking_url="https://track.example.com/colissimo/{trackingId}"),
    CarrierRow(code="COURIER", label="Local courier"),
)
_REASONS = (
    ReasonRow(code="14", label="No response from the shop", kind="REFUND", is_shop_right=False),
    ReasonRow(code="15", label="Out of stock", kind="REFUND"),
    ReasonRow(code="16", label="Canceled by the customer before shipping", kind="REFUND"),
    ReasonRow(code="17", label="Item returned", kind="REFUND"),
    ReasonRow(code="18", label="Item not received", kind="REFUND"),
    ReasonRow(code="19", label="Agreement with the shop", kind="REFUND"),
    ReasonRow(code="34", label="Out of stock", kind="CANCELATION"),
    ReasonRow(code="35", label="Customer changed their mind", kind="CANCELATION"),
    ReasonRow(
        code="SYSTEM_LATE_SHIPMENT_CANCELATION", label="Not shipped in time", kind="CANCELATION", is_shop_right=False
    ),
    ReasonRow(code="20", label="Item not received", kind="INCIDENT_OPEN", is_shop_right=False),
    ReasonRow(code="21", label="Item damaged", kind="INCIDENT_OPEN", is_shop_right=False),
    ReasonRow(code="30", label="Solved with the customer", kind="INCIDENT_CLOSE"),
    ReasonRow(code="31", label="Item sent again", kind="INCIDENT_CLOSE"),
    ReasonRow(code="40", label="Question about delivery", kind="ORDER_MESSAGING"),
    ReasonRow(code="RETURN_CHANGED_MIND", label="Changed my mind", kind="RETURN", is_shop_right=False),
    ReasonRow(code="RETURN_PDNT_TOO_SMALL", label="Too small", kind="RETURN", is_shop_right=False),
    ReasonRow(code="RETURN_DEFECTIVE_ITEM", label="Defective", kind="RETURN", is_shop_right=False),
    ReasonRow(code="RETURN_REJECTION_WINDOW_CLOSED", label="Return window closed", kind="RETURN_REJECTION"),
)
_SHIPPING_TYPES = (
    ShippingTypeRow(code="STD", label="Standard", description="Home delivery", standard_code="CD"),
    ShippingTypeRow(code="EXP", label="Express", description="Next working day", mandatory_tracking=True),
    ShippingTypeRow(code="CLC", label="Collect in store", click_and_collect=True),
)
_FIELDS = (
    FieldRow(code="gift-message", label="Gift message", entity="ORDER", kind="TEXTAREA", editable=False),
    FieldRow(code="seller-note", label="Note of the shop", entity="ORDER"),
    FieldRow(code="parcel-type", label="Parcel type", entity="ORDER", kind="LIST", accepted_values=("BOX", "BAG")),
    FieldRow(code="batch-number", label="Batch", entity="ORDER_LINE", regex="[A-Z0-9-]{1,20}"),
    FieldRow(code="season", label="Season", entity="OFFER", kind="LIST", accepted_values=("SS", "AW")),
)

_CATEGORIES = (
    CategoryRow(code="clothing", label="Clothing"),
    CategoryRow(code="womens-clothing", label="Women's clothing", parent="clothing"),
    CategoryRow(code="womens-coats", label="Women's coats", parent="womens-clothing"),
    CategoryRow(code="womens-knitwear", label="Women's knitwear", parent="womens-clothing"),
    CategoryRow(code="womens-shirts", label="Women's shirts", parent="womens-clothing"),
    CategoryRow(code="womens-t-shirts", label="Women's T-shirts", parent="womens-clothing"),
    CategoryRow(code="womens-trousers", label="Women's trousers", parent="womens-clothing"),
    CategoryRow(code="womens-jeans", label="Women's jeans", parent="womens-clothing"),
    CategoryRow(code="womens-dresses", label="Women's dresses", parent="womens-clothing"),
    CategoryRow(code="shoes", label="Shoes"),
    CategoryRow(code="accessories", label="Accessories"),
)
_ATTRIBUTES = (
    AttributeRow(code="category", label="Category", requirement="REQUIRED", role="CATEGORY"),
    AttributeRow(code="shop_sku", label="Shop SKU", requirement="REQUIRED", max_length=40, role="SHOP_SKU"),
    AttributeRow(code="ean", label="EAN", requirement="REQUIRED", role="EAN"),
    AttributeRow(code="title", label="Title", requirement="REQUIRED", max_length=120, role="TITLE"),
    AttributeRow(
        code="description",
        label="Description",
        kind="LONG_TEXT",
        requirement="RECOMMENDED",
        max_length=2000,
        role="DESCRIPTION",
    ),
    AttributeRow(code="brand", label="Brand", kind="LIST", requirement="REQUIRED", values_list="brands", role="BRAND"),
    AttributeRow(code="main_image", label="Main image", kind="MEDIA", requirement="REQUIRED", role="MAIN_IMAGE"),
    AttributeRow(code="image_2", label="Second image", kind="MEDIA"),
    AttributeRow(code="variant_group", label="Variant group", role="VARIANT_GROUP_CODE"),
    AttributeRow(
        code="colour",
        label="Colour",
        category="clothing",
        kind="LIST",
        requirement="REQUIRED",
        values_list="colours",
        variant=True,
    ),
    AttributeRow(
        code="size",
        label="Size",
        category="clothing",
        kind="LIST",
        requirement="REQUIRED",
        values_list="sizes",
        variant=True,
    ),
    AttributeRow(
        code="care", label="Care", category="clothing", kind="LIST_MULTIPLE_VALUES", values_list="care-symbols"
    ),
    AttributeRow(
        code="composition",
        label="Composition",
        category="womens-knitwear",
        requirement="REQUIRED",
        max_length=255,
    ),
    AttributeRow(code="length_cm", label="Length in cm", category="womens-dresses", kind="INTEGER"),
    AttributeRow(
        code="shoe_size",
        label="Size",
        category="shoes",
        kind="LIST",
        requirement="REQUIRED",
        values_list="sizes",
        variant=True,
    ),
    AttributeRow(code="gift_wrap", label="Gift wrap", category="accessories", requirement="DISABLED"),
)
_VALUE_LISTS = {
    "brands": {"norrvik": "Norrvik", "fjellhus": "Fjellhus"},
    "colours": {
        "black": "Black",
        "white": "White",
        "blue": "Blue",
        "green": "Green",
        "grey": "Grey",
        "red": "Red",
        "brown": "Brown",
        "beige": "Beige",
    },
    "sizes": {
        size.lower().replace(" ", "-"): size
        for size in (*("XS", "S", "M", "L", "XL"), *map(str, range(34, 47)), "One size")
    },
    "care-symbols": {"wash-30": "Wash at 30 °C", "hand-wash": "Wash by hand", "no-tumble-dry": "Do not tumble dry"},
}


@dataclass(kw_only=True)
class Reference:
    carriers: list[CarrierRow] = field(default_factory=lambda: list(_CARRIERS))
    reasons: list[ReasonRow] = field(default_factory=lambda: list(_REASONS))
    shipping_types: list[ShippingTypeRow] = field(default_factory=lambda: list(_SHIPPING_TYPES))
    fields: list[FieldRow] = field(default_factory=lambda: list(_FIELDS))
    categories: list[CategoryRow] = field(default_factory=lambda: list(_CATEGORIES))
    attributes: list[AttributeRow] = field(default_factory=lambda: list(_ATTRIBUTES))
    value_lists: dict[str, dict[str, str]] = field(default_factory=lambda: dict(_VALUE_LISTS))  # list → code → label
    offer_states: dict[str, str] = field(default_factory=lambda: {"11": "New", "1": "Used - like new"})
    document_types: dict[str, str] = field(
        default_factory=lambda: {"CUSTOMER_INVOICE": "Customer invoice", "DELIVERY_NOTE": "Delivery note"}
    )
    warehouses: list[str] = field(default_factory=list)
    channels: dict[str, str] = field(default_factory=dict)  # code -> label
    locales: dict[str, str] = field(default_factory=dict)

    @classmethod
    def standard(cls, countries: tuple[str, ...]) -> "Reference":
        """One storefront per country, named by its two letters."""
        places = [COUNTRIES[code] for code in countries]
        return cls(
            channels={place.code_2: place.name for place in places},
            locales={place.locale: place.name for place in places} | {"en_GB": "English"},
        )

    def carrier(self, code: str) -> CarrierRow | None:
        return next((row for row in self.carriers if row.code == code), None)

    def shop_reason(self, code: str, kind: str) -> ReasonRow | None:
        """A reason the shop itself may give."""
        return next((row for row in self.reasons if (row.code, row.kind) == (code, kind) and row.is_shop_right), None)

    def reason_label(self, code: str | None) -> str | None:
        return next((row.label for row in self.reasons if row.code == code), None)

    def shipping_type(self, code: str) -> ShippingTypeRow:
        found = next((row for row in self.shipping_types if row.code == code), None)
        return found or ShippingTypeRow(code=code, label=code)

    def field_row(self, code: str, entity: str) -> FieldRow | None:
        return next((row for row in self.fields if (row.code, row.entity) == (code, entity)), None)


def rows_from(kind: type[Any], rows: list[dict[str, Any]]) -> list[Any]:
    """Rows of a list as the operator's control call sends them. Raises TypeError for an unknown or missing column."""
    return [kind(**row) for row in rows]
