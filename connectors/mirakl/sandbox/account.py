"""The shop and the platform's configuration: A01, A21, PC01, V01."""

from decimal import Decimal
from typing import Any

from connectors.mirakl.sandbox import money, states
from connectors.mirakl.sandbox.market import Marketplace
from connectors.mirakl.sandbox.reading import Call
from connectors.mirakl.sandbox.records import Order
from connectors.mirakl.sandbox.times import stamp_seconds
from connectors.sandboxkit import Reply


def version(_: Marketplace, __: Call) -> Reply:
    return Reply(body={"version": "3.0"})


# --- A01 ------------------------------------------------------------------------------------------------------------
def account(market: Marketplace, _: Call) -> Reply:
    settings = market.settings
    return Reply(
        body={
            "shop_id": market.shop_id,
            "shop_name": settings.shop_name,
            "shop_state": settings.shop_state,
            "currency_iso_code": market.currency,
            "channels": sorted(market.reference.channels),
            "model": "MARKETPLACE",
            "is_professional": True,
            "premium": False,
            "date_created": stamp_seconds(market.opened_at),
            "last_updated_date": stamp_seconds(market.opened_at),
            "closed_from": None,
            "closed_to": None,
            "suspension_type": None,
            "kyc": {"status": "APPROVED", "reason": None},
            "offers_count": len(market.offers),
            "orders_count": len(market.orders),
            "evaluations_count": 0,
            "grade": None,
            "shippings": _shippings(market),
            "shop_additional_fields": [],
            "payment_details": {
                "pending_balance": money.balance(market, money.PENDING),
                "payable_balance": money.balance(market, money.PAYABLE),
                "paid_balance": sum((cycle.amount for cycle in market.cycles), Decimal(0)),
            },
            "applicable_taxes": [],
        }
    )


def _shippings(market: Marketplace) -> list[dict[str, Any]]:
    return [
        {
            "shipping_type_code": kind.code,
            "shipping_type_label": kind.label,
            "shipping_zone_code": zone,
            "shipping_zone_label": label,
        }
        for zone, label in market.reference.channels.items()
        for kind in market.reference.shipping_types
    ]


# --- A21 ------------------------------------------------------------------------------------------------------------
def statistics(market: Marketplace, call: Call) -> Reply:
    """Rates over all orders; every period asked for shows the same figure."""
    periods = sorted(call.words("periods")) or ["LAST_30_DAYS"]
    orders = sorted(market.orders.values(), key=lambda order: order.created_at)
    decided = [order for order in orders if order.state not in (states.STAGING, states.WAITING_ACCEPTANCE)]
    lapsed = [order for order in decided if order.state == states.REFUSED and order.acceptance_decided_at is None]
    figures = {
        "approval_rate": _rate(sum(order.accepted for order in decided), len(decided)),
        "auto_refused_rate": _rate(len(lapsed), len(decided)),
        "cancelation_rate": _rate(sum(order.state == states.CANCELED for order in decided), len(decided)),
        "incident_rate": _rate(sum(order.has_incident for order in decided), len(decided)),
        "late_shipment_rate": _rate(*_late(market, decided)),
        "consecutive_refused_orders_count": _refused_in_a_row(decided),
        "orders_count": len(orders),
        "offers_count": len(market.offers),
    }
    body: dict[str, Any] = {
        name: [{"period": period, "value": value} for period in periods] for name, value in figures.items()
    }
    return Reply(body={"shop_id": market.shop_id, "last_updated_date": stamp_seconds(market.now()), **body})


def _rate(part: int, whole: int) -> Decimal:
    """In percent."""
    return (Decimal(100 * part) / whole).quantize(Decimal("0.01")) if whole else Decimal(0)


def _late(market: Marketplace, orders: list[Order]) -> tuple[int, int]:
    """Orders past their deadline among those that were to be shipped."""
    due = [order for order in orders if order.shipping_deadline is not None]
    late = 0
    for order in due:
        shipped = [line.shipped_at for line in order.lines if line.shipped_at is not None]
        last = max(shipped) if shipped else market.now()
        waits = order.state == states.SHIPPING or bool(shipped)
        late += waits and order.shipping_deadline is not None and last > order.shipping_deadline
    return late, len(due)


def _refused_in_a_row(decided: list[Order]) -> int:
    count = 0
    for order in reversed(decided):
        if order.state != states.REFUSED:
            break
        count += 1
    return count


# --- PC01 -----------------------------------------------------------------------------------------------------------
def configuration(market: Marketplace, _: Call) -> Reply:
    settings = market.settings
    return Reply(
        body={
            "platform_name": settings.platform_name,
            "tenant_name": settings.platform_name.lower().replace(" ", "-"),
            "timezone": settings.timezone,
            "platform_configuration": {
                "customer_model": {"b2b": False, "b2c": True},
                "platform_model": {"marketplace": True, "drop_ship": False, "one_creditor": False},
                "enhanced_seller_invoicing": {"enabled": False},
            },
            "modules": {
                "mirakl_catalog_integrator": True,
                "mirakl_catalog_manager": False,
                "mirakl_catalog_transformer": False,
                "mirakl_platform_services": False,
                "offer_management": True,
                "order_management": True,
                "quotes": False,
            },
            "features": _features(market),
        }
    )


def _features(market: Marketplace) -> dict[str, Any]:
    settings = market.settings
    return {
        "order_workflows": {
            "order_acceptance": settings.order_acceptance,
            "no_customer_payment_confirmation": True,
            "pause_debit_workflow": False,
            "pay_on_due_date": True,
            "pay_on_shipment": True,
            "sellers_edit_shipping_origin": False,
            "shipping_and_billing_details_before_acceptance": settings.addresses_visible_from == "CREATION",
        },
        "order_tax_mode": settings.order_tax_mode,
        "shipment": {"multi_shipment": settings.multi_shipment, "multi_part_item_shipment": False},
        "disable_seller_alternative_carrier": settings.disable_seller_alternative_carrier,
        "returns": {"marketplace": settings.returns, "drop_ship": False, "one_creditor": False},
        "offer_prices_decimals": str(settings.offer_prices_decimals),
        "payment_confirmation": True,
        "multi_currency": False,
        "order_conditions": {
            "maximum_order_quantity": True,
            "minimum_order_quantity": True,
            "package_order_quantity": False,
        },
        "pricing": {
            "channel_pricing": "MULTI" if len(market.reference.channels) > 1 else "DISABLED",
            "discount_period_required": False,
            "discount_price_creation_in_the_past_blocked": False,
            "scheduled_pricing": False,
            "volume_discount": False,
            "volume_pricing": False,
        },
        "operator_csv_delimiter": "SEMICOLON",
        "competitive_pricing_tool": False,
        "no_reply_needed": True,
        "kyc_status_per_seller": False,
        "circular_economy_data_collection": False,
    }
