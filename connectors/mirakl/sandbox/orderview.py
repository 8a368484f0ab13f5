"""An order as OR11 shows it: amounts in the asked tax mode, addresses only once they may be seen, nulls written out."""

from decimal import Decimal
from typing import Any

from connectors.mirakl.sandbox import states
from connectors.mirakl.sandbox.amounts import ZERO, Amount, Tax, rounded
from connectors.mirakl.sandbox.givingback import is_refundable, why_not_cancelable
from connectors.mirakl.sandbox.market import Marketplace
from connectors.mirakl.sandbox.records import Cancelation, Order, OrderLine, Refund
from connectors.mirakl.sandbox.times import stamp, stamp_seconds
from connectors.sandboxkit import to_json

DEFAULT_CENTER = "DEFAULT"
INVOICE = "CUSTOMER_INVOICE"


def rendered(market: Marketplace, order: Order, mode: str) -> bytes:
    """The order as JSON, kept until its next change: polls ask for the same orders again and again."""
    if mode not in order.rendered:
        order.rendered[mode] = to_json(order_element(market, order, mode))
    return order.rendered[mode]


def order_element(market: Marketplace, order: Order, mode: str) -> dict[str, Any]:
    lines = [_line_element(market, order, line, mode) for line in order.lines]
    return {
        "order_id": order.order_id,
        "commercial_id": order.commercial_id,
        "order_state": order.state,
        "order_state_reason_code": order.reason_code,
        "order_state_reason_label": market.reference.reason_label(order.reason_code),
        "created_date": stamp_seconds(order.created_at),
        "last_updated_date": stamp_seconds(order.updated_at),
        "acceptance_decision_date": stamp(order.acceptance_decided_at),
        "customer_debited_date": stamp(order.debited_at),
        "transaction_date": stamp(order.debited_at),
        "transaction_number": order.transaction_number,
        "shipping_deadline": stamp(order.shipping_deadline),
        "leadtime_to_ship": market.settings.leadtime_to_ship_days,
        "delivery_date": None,
        "currency_iso_code": order.currency,
        "order_tax_mode": mode,
        **_order_totals(lines),
        "fully_refunded": all(line.refunds and line.is_wholly_given_back for line in order.lines),
        "payment_type": order.payment_type,
        "payment_workflow": order.payment_workflow,
        "payment_duration": None,
        "customer_directly_pays_seller": False,
        "customer": _customer(market, order),
        "customer_notification_email": order.notification_email,
        **_flags(market, order),
        **_delivery(market, order),
        "order_additional_fields": order.additional_fields,
        "order_taxes": None,
        "order_refunds": None,
        "promotions": {"applied_promotions": [], "total_deduced_amount": 0},
        "references": {
            "order_reference_for_customer": order.customer_reference,
            "order_reference_for_seller": order.seller_reference,
        },
        "invoice_details": None,
        "quote_id": None,
        "order_lines": lines,
    }


def _order_totals(lines: list[dict[str, Any]]) -> dict[str, Decimal]:
    names = ("price", "shipping_price", "total_price", "total_commission")
    return {name: sum((line[name] for line in lines), ZERO) for name in names}


def _flags(market: Marketplace, order: Order) -> dict[str, bool]:
    cancelable = bool(order.active_lines) and not any(
        why_not_cancelable(market, order, line) for line in order.active_lines
    )
    return {
        "can_cancel": cancelable,
        "can_shop_ship": order.state == states.SHIPPING and order.fulfillment_center == DEFAULT_CENTER,
        "has_customer_message": False,
        "has_incident": order.has_incident,
        "has_invoice": any(document.type_code == INVOICE for document in order.documents),
    }


def _delivery(market: Marketplace, order: Order) -> dict[str, Any]:
    kind = market.reference.shipping_type(order.shipping_type)
    return {
        "channel": None
        if order.channel is None
        else {"code": order.channel, "label": market.reference.channels.get(order.channel, order.channel)},
        "fulfillment": {"center": {"code": order.fulfillment_center}},
        "shipping_zone_code": order.zone,
        "shipping_zone_label": market.reference.channels.get(order.zone, order.zone),
        "shipping_type_code": kind.code,
        "shipping_type_label": kind.label,
        "shipping_type_standard_code": kind.standard_code,
        "shipping_pudo_id": None,
        "shipping_carrier_code": order.tracking.carrier_code,
        "shipping_carrier_standard_code": order.tracking.carrier_standard_code,
        "shipping_company": order.tracking.carrier_name,
        "shipping_tracking": order.tracking.tracking_number,
        "shipping_tracking_url": order.tracking.tracking_url,
    }


def shows_addresses(market: Marketplace, order: Order) -> bool:
    """Refused and canceled orders show what had been shown before they ended."""
    match market.settings.addresses_visible_from:
        case "CREATION":
            return True
        case "ACCEPTANCE":
            return order.accepted
    return order.shipping_deadline is not None


def _customer(market: Marketplace, order: Order) -> dict[str, Any]:
    shown = shows_addresses(market, order)
    return {
        **order.customer,
        "billing_address": order.billing_address if shown else None,
        "shipping_address": order.shipping_address if shown else None,
        "organization": None,
        "delivery_contact": None,
        "accounting_contact": None,
    }


# --- lines ----------------------------------------------------------------------------------------------------------
def _line_element(market: Marketplace, order: Order, line: OrderLine, mode: str) -> dict[str, Any]:
    price, shipping = line.goods.shown(mode), line.shipping.shown(mode)
    reason = line.incident or line.reason_code
    commission_tax = sum((tax.amount for tax in line.commission_taxes), ZERO)
    return {
        "order_line_id": line.line_id,
        "order_line_index": line.index,
        "order_line_state": line.shown_state,
        "order_line_state_reason_code": reason,
        "order_line_state_reason_label": market.reference.reason_label(reason),
        "offer_id": line.offer_id,
        "offer_sku": line.sku,
        "offer_state_code": "11",
        "product_sku": line.product_sku,
        "product_shop_sku": line.sku,
        "product_title": line.title,
        "product_medias": [],
        "description": None,
        "category_code": line.category_code,
        "category_label": line.category_label,
        "quantity": line.quantity,
        "price_unit": _unit(price, line.quantity),
        "price": price,
        "price_additional_info": None,
        "origin_unit_price": line.origin_unit.shown(mode),
        "shipping_price": shipping,
        "total_price": price + shipping,
        "taxes": [_tax_element(tax) for tax in line.goods.taxes],
        "shipping_taxes": [_tax_element(tax) for tax in line.shipping.taxes],
        "fees": [],
        "commission_fee": line.commission,
        "commission_taxes": [
            {"code": tax.code, "amount": tax.amount, "rate": tax.rate} for tax in line.commission_taxes
        ],
        "total_commission": line.commission + commission_tax,
        "can_refund": is_refundable(order, line),
        "refunds": [_refund_element(refund, mode) for refund in line.refunds],
        "cancelations": [_cancelation_element(cancelation, mode) for cancelation in line.cancelations],
        "promotions": [],
        "order_line_additional_fields": line.additional_fields,
        "created_date": stamp_seconds(line.created_at),
        "last_updated_date": stamp_seconds(line.updated_at),
        "debited_date": stamp(line.debited_at),
        "shipped_date": stamp(line.shipped_at),
        "received_date": stamp(line.received_at),
        "shipping_from": None,
        "measurement": None,
        "eco_contributions": [],
    }


def _unit(price: Decimal, quantity: int) -> Decimal:
    unit = price / quantity
    return rounded(unit) if rounded(unit) == unit else unit.quantize(Decimal("0.000001"))


def _tax_element(tax: Tax) -> dict[str, Any]:
    return {"code": tax.code, "amount": tax.amount, "rate": tax.rate, "tax_calculation_rule": tax.rule}


def tax_parts(amount: Amount) -> list[dict[str, Any]]:
    """Taxes of a piece that is given back; they carry no rule."""
    return [{"code": tax.code, "amount": tax.amount, "rate": tax.rate} for tax in amount.taxes]


def _refund_element(refund: Refund, mode: str) -> dict[str, Any]:
    return {
        "id": refund.refund_id,
        "order_refund_id": refund.order_refund_id,
        "amount": refund.goods.shown(mode),
        "shipping_amount": refund.shipping.shown(mode),
        "quantity": refund.quantity,
        "reason_code": refund.reason_code,
        "taxes": tax_parts(refund.goods),
        "shipping_taxes": tax_parts(refund.shipping),
        "fees": [],
        "commission_amount": refund.commission,
        "commission_taxes": [{"code": "TAXDEFAULT", "amount": refund.commission_tax}],
        "commission_total_amount": refund.commission + refund.commission_tax,
        "created_date": stamp_seconds(refund.created_at),
        "refund_state": refund.state,
        "state": refund.state,
        "transaction_date": stamp(refund.transaction_at),
        "transaction_number": refund.transaction_number,
    }


def _cancelation_element(cancelation: Cancelation, mode: str) -> dict[str, Any]:
    return {
        "id": cancelation.cancelation_id,
        "amount": cancelation.goods.shown(mode),
        "shipping_amount": cancelation.shipping.shown(mode),
        "quantity": cancelation.quantity,
        "reason_code": cancelation.reason_code,
        "taxes": tax_parts(cancelation.goods),
        "shipping_taxes": tax_parts(cancelation.shipping),
        "fees": [],
        "commission_amount": cancelation.commission,
        "commission_taxes": [{"code": "TAXDEFAULT", "amount": cancelation.commission_tax}],
        "commission_total_amount": cancelation.commission + cancelation.commission_tax,
        "created_date": stamp_seconds(cancelation.created_at),
    }
