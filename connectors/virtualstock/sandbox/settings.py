"""What each retailer configures, and where the vendor's documentation is silent: the sandbox can be either."""

from dataclasses import dataclass, field, fields
from typing import Any

MINUTE, HOUR = 60, 3600
CHOICES: dict[str, tuple[str, ...]] = {
    "validation_form": ("TEXT", "STRING", "DETAIL"),
    "list_order": ("OLDEST", "NEWEST"),
}


def change(holder: Any, values: dict[str, Any]) -> None:
    """Set several at once, or none when one of them is wrong. Raises ValueError."""
    known = {item.name for item in fields(holder)}
    for name, value in values.items():
        if name not in known:
            raise ValueError(f"Unknown setting {name!r}; one of {', '.join(sorted(known))}.")
        if name in CHOICES and value not in CHOICES[name]:
            raise ValueError(f"{name} is one of {', '.join(CHOICES[name])}, not {value!r}.")
    for name, value in values.items():
        setattr(holder, name, value)


@dataclass(kw_only=True)
class Retailer:
    """One retailer's set-up. Nothing of it can be asked for by API."""

    name: str = "Harrow & Vale"
    retailer_id: int = 7001  # in the order API
    client_id: int = 8801  # in the product API
    uuid: str = "0b0f7c1e-2f7e-4a55-9f0e-3c1c0a4d9a11"
    currency: str = "GBP"
    sends_prices: bool = True
    tells_about_itself: bool = True  # retailer_data on orders
    acknowledge_sub_statuses: list[str] = field(default_factory=lambda: ["Processing", "Picking"])
    backorder_sub_statuses: list[str] = field(
        default_factory=lambda: ["Out of Stock", "Discontinued", "Manufacturing Problem"]
    )
    fulfilment_routes: list[str] = field(default_factory=list)  # when not empty, one of them is mandatory
    comments: bool = True
    partial_quantity: bool = False
    delivery_date_mandatory: bool = False  # supplier_delivery_date with a back order
    invoicing: bool = True
    stock_field: str = "supplier_free_stock"  # what a full update calls it; the fast one knows one name only
    data_keys: list[str] = field(
        default_factory=lambda: [
            "rrp",
            "cost_price",
            "barcode",
            "short_description",
            "description",
            "image",
            "leadtime_in_days",
            "stock_updated_at",
            "enrolment_status",
        ]
    )
    strict_data_model: bool = False  # refuse keys that are not in the model
    required_keys: list[str] = field(default_factory=list)  # no product is made without them (inferred)
    part_number_is_retailers: bool = False  # orders carry the retailer's number as part_number


@dataclass(kw_only=True)
class PlatformSettings:
    access_seconds: float = 5 * MINUTE
    refresh_seconds: float = 4 * HOUR
    basic_allowed: bool = True
    calls_per_minute: int | None = None  # enforced when set: 250 says the vendor, 150 one retailer
    legacy_urls: bool = True  # `url` fields on another host than the one that was called
    orders_page: int = 10
    products_page: int = 100
    largest_page: int = 1000
    list_order: str = "OLDEST"
    timezone: str = "UTC"  # of the naive times that it writes
    validation_form: str = "TEXT"  # how "Validation error: ..." arrives
    action_status: int = 200
    order_status_lag_seconds: float = 0  # the order's status follows its lines so much later
    line_status_lags: bool = False  # as captured: the order says ORDER_ACK, its line still ORDER
    dispatch_needs_acknowledge: bool = True
    atomic_actions: bool = True  # False: the lines before the bad one are changed all the same
    return_acknowledged_as: str = "RMA_ACK"
    filters_ignored: bool = False  # order_reference is not looked at, as misnamed filters are elsewhere
    down: bool = False  # 500 for everything: a release
