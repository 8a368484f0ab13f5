"""Payment history, and the payment service's answers to captures, refunds and cancelled authorisations."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.centra.sandbox.arithmetic import grand_total, paid_in, rounded
from connectors.centra.sandbox.refusals import OrderApiError
from connectors.centra.sandbox.sales import Order, Payment, Return, Shipment
from connectors.centra.sandbox.shop import Shop

# payment.auth.status and payment.capture.status of the Order API: 0 pending, 1 success, 2 failed
_STATUSES = {"0": "PENDING", "1": "SUCCESS", "2": "FAILED"}
_ENTRY_TYPES = {
    ("auth", "PENDING"): "AUTH_PENDING", ("auth", "SUCCESS"): "AUTH", ("auth", "FAILED"): "AUTH",
    ("capture", "PENDING"): "CAPTURE_PENDING", ("capture", "SUCCESS"): "CAPTURE", ("capture", "FAILED"): "CAPTURE_FAILED",
}  # fmt: skip


def add_entry(
    shop: Shop,
    order: Order,
    entry_type: str,
    status: str,
    amount: Decimal,
    *,
    reference: str | None = None,
    method: str | None = None,
    shipment: Shipment | None = None,
    return_: Return | None = None,
    params: Mapping[str, Any] | None = None,
) -> Payment:
    entry = Payment(
        id=shop.new_id("Payment"),
        order=order,
        created_at=shop.now(),
        status=status,
        entry_type=entry_type,
        amount=amount,
        external_reference=reference,
        payment_method=method or (order.payment_plugin.name if order.payment_plugin else None),
        params=dict(params or {}),
        store_plugin=order.payment_plugin,
        shipment=shipment,
        return_=return_,
    )
    order.payments.append(entry)
    shop.payments[entry.id] = entry
    if reference:
        shop.payments_by_reference.setdefault(reference, []).append(entry)
    shop.events.add("PaymentHistoryEntry", "CREATED", entry.id, store=order.store, market=order.market)
    return entry


def read_payment(payment: Mapping[str, Any]) -> list[tuple[str, str, Decimal | None, Mapping[str, Any]]]:
    """(entry type, status, amount or None, what was sent) for auth and capture. Raises OrderApiError -7."""
    entries = []
    for kind in ("auth", "capture"):
        part = payment.get(kind)
        if not part:
            continue
        status = _STATUSES.get(str(part.get("status")))
        if status is None:
            raise OrderApiError(-7, f"payment.{kind}.status must be 0, 1 or 2")
        try:
            amount = None if part.get("amount") is None else rounded(Decimal(str(part["amount"])))
        except InvalidOperation:
            raise OrderApiError(-7, f"payment.{kind}.amount must be a number") from None
        entries.append((_ENTRY_TYPES[kind, status], status, amount, part))
    return entries


def record_payment(shop: Shop, order: Order, payment: Mapping[str, Any]) -> None:
    """What the Order API was told about money. A transaction already recorded is not recorded again."""
    known = {(entry.entry_type, entry.external_reference) for entry in order.payments if entry.external_reference}
    for entry_type, status, amount, part in read_payment(payment):
        reference = None if part.get("transaction") is None else str(part["transaction"])
        if (entry_type, reference) in known:
            continue
        total = grand_total(order) if amount is None else amount
        method = None if part.get("method") is None else str(part["method"])
        add_entry(shop, order, entry_type, status, total, reference=reference, method=method, params=part)
    _hold_for_payment(shop, order)


def _hold_for_payment(shop: Shop, order: Order) -> None:
    """Waiting for payment while an authorisation is pending or has failed; mismatch where the tenant checks amounts."""
    authorised = paid_in(order, "AUTH")
    asked = any(entry.entry_type in ("AUTH", "AUTH_PENDING") for entry in order.payments)
    if asked and not authorised:
        order.is_on_hold, order.hold_reason = True, "WAITING_FOR_PAYMENT"
    elif order.hold_reason == "WAITING_FOR_PAYMENT":
        order.is_on_hold, order.hold_reason = False, None
    if asked and authorised and shop.switches.hold_on_payment_mismatch and authorised != grand_total(order):
        order.is_on_hold, order.hold_reason = True, "PAYMENT_MISMATCH"


def capturable(order: Order) -> Decimal:
    """What was authorised and is neither captured nor given back."""
    return paid_in(order, "AUTH") - paid_in(order, "CAPTURE") - paid_in(order, "CANCEL")


def ask_capture(shop: Shop, order: Order, amount: Decimal, *, shipment: Shipment | None = None) -> Payment:
    """One call to the payment service. Status SUCCESS, PENDING (the answer comes later) or FAILED."""
    outcome = shop.switches.capture
    if outcome == "ok" and capturable(order) < amount:
        outcome = "fail"
    entry_type, status = {
        "ok": ("CAPTURE", "SUCCESS"),
        "pending": ("CAPTURE_REQUEST", "PENDING"),
        "fail": ("CAPTURE", "FAILED"),
    }[outcome]
    entry = add_entry(shop, order, entry_type, status, amount, shipment=shipment)
    if status == "SUCCESS" and shipment is not None:
        mark_captured(shop, shipment, amount)
    return entry


def mark_captured(shop: Shop, shipment: Shipment, amount: Decimal) -> None:
    now = shop.now()
    shipment.is_captured, shipment.captured_at, shipment.captured = True, now, amount
    if not shipment.is_paid:
        shipment.is_paid, shipment.paid_at = True, now
