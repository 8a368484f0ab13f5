"""What instances differ in, and what the public pages leave open: each is a switch."""

from dataclasses import dataclass, field
from decimal import Decimal


@dataclass(kw_only=True)
class Settings:
    currency: str = "AUD"
    money_form: str = "${}"  # how Formatted fields show an amount; {} is 1,234.50
    cents: bool = True  # False: the deprecated Cents fields of invoices and line items are gone
    tax_rate: Decimal = Decimal(10)
    tax_included: bool = True  # False: tax comes on top of every amount
    discount_on_lines: bool = True  # False: a discount stands on the invoice alone
    refund_flow: str = "standard"  # standard | advanced
    empty_errors_list: bool = False  # True: success is `errors: []`, not null
    introspection: bool = True
    sku_filter: bool = True  # False: advertsWhere takes no `skus`
    country_code: bool = True  # False: a country has a name only
    vetting: bool = False  # the operator reviews each advert before it goes on sale
    default_rows: int = 50
    most_rows: int = 20_000
    calls_per_minute: int | None = None
    retry_after: bool = True  # False: 429 and 503 carry no Retry-After
    basic_user: str = ""  # the instance is behind Basic auth
    basic_password: str = ""
    permission_code: str = "FORBIDDEN"
    permission_message: str = "You do not have permission to access this field."
    absent: set[str] = field(default_factory=set)  # "Invoice.updatedAt": fields that this instance lacks

    def update(self, values: dict[str, object]) -> None:
        """Raises ValueError for an unknown name; then nothing is set."""
        unknown = sorted(set(values) - set(vars(self)))
        if unknown:
            raise ValueError(f"Unknown setting {', '.join(unknown)}; known are {', '.join(sorted(vars(self)))}.")
        for name, value in values.items():
            setattr(self, name, Decimal(str(value)) if name == "tax_rate" else value)
