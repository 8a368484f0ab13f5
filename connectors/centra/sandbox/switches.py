"""What a tenant's administrator has set up, and what the sandbox can be told to do wrong. All by name through control."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import Any, get_type_hints


@dataclass(kw_only=True)
class Switches:
    # --- the Order API plugin and the store ---
    allow_order_create: bool = True
    auto_confirm: bool = False
    direct_to_shipment: bool = False
    allowed_endpoints: list[str] | None = None  # "POST /order", ...; None = all
    visible_markets: list[int] | None = None  # market ids; None = all
    returned_statuses: list[str] = field(default_factory=lambda: ["PENDING", "CONFIRMED", "PROCESSING"])  # GET /orders
    primary_warehouse: int = 1  # where POST /stock writes
    honour_thresholds: bool = True  # whether POST /order leaves thresholds and offsets alone: not documented, so strict
    hold_on_payment_mismatch: bool = False
    automatic_voucher_percent: Decimal = Decimal(10)  # taken off every order that does not say applyVouchers: false
    confirmation_mail: bool = True  # the store's setting, in force where sendEmail is not given
    events_enabled: bool = True  # historically switched on by the vendor on request
    rewrite_comment: bool = False  # staff or a plugin replaces the order's comment on creation

    # --- payment service ---
    capture: str = "ok"  # ok | fail | pending
    refund: str = "ok"  # ok | fail
    cancel_authorization: str = "ok"  # ok | fail

    # --- one-off misbehaviour ---
    charge_difference: Decimal = Decimal(0)  # added to the next created order's grand total, then 0 again
    split_orders: int = 0  # how many of the next POST /order calls are split
    split_parts: int = 2
    list_lag_seconds: int = 0  # lists show a change only after this long; a look-up by id or number shows it at once

    # --- shapes that are not documented ---
    retry_after: str = "epoch"  # epoch | iso | http_date
    bad_token_status: int = 401
    bad_key_status: int = 401
    old_cancel_lines: bool = False  # OrderLineCancelInput takes the enum stockAction, as before v1.x

    def update(self, values: Mapping[str, Any]) -> None:
        """Raises ValueError for an unknown name or a value of the wrong kind; then nothing is set."""
        known = {item.name for item in fields(self)}
        if unknown := sorted(set(values) - known):
            raise ValueError(f"Unknown switch {', '.join(unknown)}; known are {', '.join(sorted(known))}.")
        checked = {name: self._checked(name, value) for name, value in values.items()}
        for name, value in checked.items():
            setattr(self, name, value)

    def _checked(self, name: str, value: Any) -> Any:
        wanted = get_type_hints(type(self))[name]
        if wanted is Decimal:
            return Decimal(str(value))
        if wanted is int and isinstance(value, Decimal):
            value = int(value)
        if isinstance(wanted, type) and (not isinstance(value, wanted) or (wanted is int and isinstance(value, bool))):
            raise ValueError(f"{name} takes {wanted.__name__}, not {value!r}.")
        if name in _CHOICES and value not in _CHOICES[name]:
            raise ValueError(f"{name} is one of {', '.join(_CHOICES[name])}.")
        return value


_CHOICES = {
    "capture": ("ok", "fail", "pending"),
    "refund": ("ok", "fail"),
    "cancel_authorization": ("ok", "fail"),
    "retry_after": ("epoch", "iso", "http_date"),
}
