"""What an operator and a shop configure: the choices that PC01 shows, and the delays that no seller API shows."""

from dataclasses import dataclass, fields
from typing import Any

PAY_ON_ACCEPTANCE = "PAY_ON_ACCEPTANCE"
PAY_ON_DELIVERY = "PAY_ON_DELIVERY"
PAY_ON_DUE_DATE = "PAY_ON_DUE_DATE"
PAY_ON_SHIPMENT = "PAY_ON_SHIPMENT"
NO_CONFIRMATION = "NO_CUSTOMER_PAYMENT_CONFIRMATION"
PAYMENT_WORKFLOWS = (PAY_ON_ACCEPTANCE, PAY_ON_DELIVERY, PAY_ON_DUE_DATE, PAY_ON_SHIPMENT, NO_CONFIRMATION)
TAX_MODES = ("TAX_INCLUDED", "TAX_EXCLUDED")

HOUR = 3600
DAY = 24 * HOUR

CHOICES: dict[str, tuple[str, ...]] = {
    "order_acceptance": ("NOT_AUTOMATIC", "AUTOMATIC", "BOTH"),
    "payment_workflow": PAYMENT_WORKFLOWS,
    "order_tax_mode": TAX_MODES,
    "addresses_visible_from": ("CREATION", "ACCEPTANCE", "SHIPPING"),
    "api_tier": ("DEFAULT", "EXTERNAL_PARTNER"),
    "shop_state": ("OPEN", "CLOSE", "SUSPENDED", "TERMINATED"),
}


@dataclass(kw_only=True)
class AccountSettings:
    """One shop on one operator's platform. Delays are seconds of sandbox time; None = only by the operator's hand."""

    platform_name: str = "Maison Nord"
    shop_name: str = "Norrvik"
    shop_state: str = "OPEN"
    timezone: str = "Europe/Paris"

    # --- acceptance -----------------------------------------------------------------------------------------------
    order_acceptance: str = "NOT_AUTOMATIC"
    automatic_acceptance: bool = False  # the shop's own choice where order_acceptance is BOTH
    partial_acceptance: bool = True
    acceptance_window_seconds: float | None = 24 * HOUR
    scoring_seconds: float | None = None
    addresses_visible_from: str = "SHIPPING"

    # --- payment --------------------------------------------------------------------------------------------------
    payment_workflow: str = PAY_ON_ACCEPTANCE
    debit_request_seconds: float | None = 30
    debit_confirm_seconds: float | None = 30
    debit_refused: bool = False
    payment_timeout_seconds: float | None = 72 * HOUR
    order_tax_mode: str = "TAX_INCLUDED"
    commission_percent: int = 15
    commission_tax_percent: int = 20
    refund_request_seconds: float | None = 0
    refund_confirm_seconds: float | None = 60
    balance_check: bool = False

    # --- shipping and after ---------------------------------------------------------------------------------------
    multi_shipment: bool = True
    disable_seller_alternative_carrier: bool = False
    leadtime_to_ship_days: int = 2
    received_after_seconds: float | None = 5 * DAY
    closed_after_seconds: float | None = 14 * DAY
    seller_cancelation: bool = True
    incident_close_seconds: float | None = 0
    returns: bool = True

    # --- offers ---------------------------------------------------------------------------------------------------
    decrement_stock_on_order: bool = True
    zero_stock_on_refusal: bool = False
    offer_prices_decimals: int = 2
    import_step_seconds: float = 20  # each step of an import takes this long, or one poll of its status

    # --- products -------------------------------------------------------------------------------------------------
    operator_integrates: bool = True  # False: product imports stay SENT until integrate_products()
    report_sku_column: str = "shop_sku"  # of P44, which the operator defines
    report_error_column: str = "errors"

    # --- how the API behaves --------------------------------------------------------------------------------------
    update_delta_seconds: float = 60  # Mirakl subtracts it from start_update_date
    index_lag_seconds: float = 0  # a change shows in OR11 this much later, with its own (older) last_updated_date
    longest_window_days: int | None = None  # OR11 date ranges longer than this are refused
    call_limits: bool = False  # enforce the documented call frequencies
    calls_per_hour: int | None = None  # the platform's general quota per operation, enforced when set
    api_tier: str = "DEFAULT"

    def change(self, values: dict[str, Any]) -> None:
        """Set several at once, or none when one of them is wrong. Raises ValueError."""
        known = {item.name for item in fields(self)}
        for name, value in values.items():
            if name not in known:
                raise ValueError(f"Unknown setting {name!r}; one of {', '.join(sorted(known))}.")
            if name in CHOICES and value not in CHOICES[name]:
                raise ValueError(f"{name} is one of {', '.join(CHOICES[name])}, not {value!r}.")
        for name, value in values.items():
            setattr(self, name, value)

    @property
    def accepts_by_itself(self) -> bool:
        return self.order_acceptance == "AUTOMATIC" or (self.order_acceptance == "BOTH" and self.automatic_acceptance)
