"""By what an order of Centra's own is paid: gift cards and store credit, and the order's own method for the rest. Pure.

Centra keeps no list of payments. A gift card shows in the payment history by its kinds of entry (AUTH_GIFT_CARD, …), or as a
voucher among the discounts; everything else in the history is of the one payment method that an order has.
Source: type reference 1.60, PaymentHistoryEntry and AppliedDiscount.
"""

from collections.abc import Iterator

from connectors.canonical.money import Money, zero
from connectors.canonical.orders import Payment
from connectors.centra.reading import Node

GIFT_CARD = "GIFT_CARD"  # what a gift card of the payment history is called, for mappings
_OWN = frozenset({"AUTH", "CAPTURE", "PREPAID", "ADDITIONAL_ORDER_PAYMENT"})


def read_payments(order: Node, *, method: str, charged: Money) -> tuple[Payment, ...]:
    """They make what was charged, whatever a card was authorised for: what is left after gift cards is the own method's."""
    found: list[Payment] = []
    left = charged
    for part in (*paid_by_vouchers(order, charged.currency), *_paid_by_gift_card(order, charged.currency)):
        amount = min(part.amount, left)
        if amount.amount > 0:
            found.append(Payment(method=part.method, amount=amount, reference=part.reference))
            left -= amount
    if left.amount:
        found.append(Payment(method=method, amount=left, reference=_reference(order, _OWN)))
    return tuple(found)


def paid_by_vouchers(order: Node, currency: str) -> Iterator[Payment]:
    """What gift cards and store credit paid, where Centra shows them among the discounts: money, not a lower price."""
    for applied in order.children("discountsApplied"):
        voucher = applied.child("discount")
        kind = "" if voucher is None else voucher.text("type")
        if "gift" in kind.lower() or "credit" in kind.lower():
            paid = Money(abs(applied.need("value").amount("value")), currency).rounded()
            yield Payment(method=kind, amount=paid)


def _paid_by_gift_card(order: Node, currency: str) -> Iterator[Payment]:
    sums = dict.fromkeys(("AUTH_GIFT_CARD", "CAPTURE_GIFT_CARD", "CANCEL_GIFT_CARD"), zero(currency))
    for entry in order.children("paymentHistory"):
        kind = entry.word("entryType")
        if kind in sums and entry.word("status") == "SUCCESS":
            sums[kind] += Money(abs(entry.need("value").amount("value")), currency).rounded()
    held = sums["AUTH_GIFT_CARD"] - sums["CANCEL_GIFT_CARD"]
    taken = sums["CAPTURE_GIFT_CARD"]
    paid = taken if held < taken else held
    if paid.amount > 0:
        yield Payment(method=GIFT_CARD, amount=paid, reference=_reference(order, frozenset(sums)))


def _reference(order: Node, kinds: frozenset[str]) -> str:
    """Of the last of these entries that succeeded and has one."""
    entries = sorted(order.children("paymentHistory"), key=lambda one: one.count("id"))
    told = (one for one in entries if one.word("entryType") in kinds and one.word("status") == "SUCCESS")
    return next((found for one in reversed(list(told)) if (found := one.text("externalReference"))), "")
