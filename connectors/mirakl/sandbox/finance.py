"""Money as the shop reads it: transaction log (TL02) and billing cycles (SBC11)."""

from decimal import Decimal
from typing import Any

from connectors.mirakl.sandbox.amounts import ZERO
from connectors.mirakl.sandbox.market import Marketplace
from connectors.mirakl.sandbox.paging import Seek, opened, sought
from connectors.mirakl.sandbox.reading import Call
from connectors.mirakl.sandbox.records import Cycle, LogLine
from connectors.mirakl.sandbox.times import stamp, stamp_seconds
from connectors.sandboxkit import Reply

PAYMENT_STATES = ("PENDING", "PAYABLE", "PAID", "NOT_APPLICABLE", "RESERVE")
PAY_OUT_STATES = ("TO_PAY", "PAID", "FAILED")

_LOG_SEEK = Seek(
    keys={
        "lastUpdated": lambda entry: (entry.updated_at.timestamp(), entry.line_id),
        "dateCreated": lambda entry: (entry.created_at.timestamp(), entry.line_id),
    },
    default="dateCreated,DESC",
    largest=2000,
)
_CYCLE_SEEK = Seek(
    keys={"dateCreated": lambda cycle: (cycle.created_at.timestamp(), cycle.cycle_id)},
    default="dateCreated,DESC",
    largest=1000,
)


def transaction_log(market: Marketplace, call: Call) -> Reply:
    call, place = opened(call)
    words = {
        name: call.words(name, known, limit=1000)
        for name, known in (
            ("order_id", ()),
            ("order_line_id", ()),
            ("transaction_type", ()),
            ("payment_state", PAYMENT_STATES),
            ("seller_billing_cycle_id", ()),
        )
    }
    start, end, updated = call.at("date_created_from"), call.at("date_created_to"), call.at("last_updated_from")
    found = [
        entry
        for entry in market.log
        if all(not wanted or _value(entry, name) in wanted for name, wanted in words.items())
        and (start is None or entry.created_at >= start)
        and (end is None or entry.created_at <= end)
        and (updated is None or entry.updated_at >= updated)
    ]
    page = sought(call, found, place, _LOG_SEEK)
    balances = _balances(market)
    return Reply(body={**page, "data": [_entry_element(market, entry, balances) for entry in page["data"]]})


def _value(entry: LogLine, name: str) -> str | None:
    return {
        "order_id": entry.order_id,
        "order_line_id": entry.order_line_id,
        "transaction_type": entry.kind,
        "payment_state": entry.payment_state,
        "seller_billing_cycle_id": entry.cycle_id,
    }[name]


def _balances(market: Marketplace) -> dict[str, Decimal]:
    """Running balance after each line, in order of writing."""
    running, balances = ZERO, dict[str, Decimal]()
    for entry in market.log:
        running += entry.amount
        balances[entry.line_id] = running
    return balances


def _entry_element(market: Marketplace, entry: LogLine, balances: dict[str, Decimal]) -> dict[str, Any]:
    return {
        "id": entry.line_id,
        "type": entry.kind,
        "amount": entry.amount,
        "amount_credited": max(entry.amount, ZERO),
        "amount_debited": max(-entry.amount, ZERO),
        "balance": balances[entry.line_id],
        "currency_iso_code": market.currency,
        "payment_state": entry.payment_state,
        "date_created": stamp(entry.created_at),
        "last_updated": stamp(entry.updated_at),
        "seller_billing_cycle_id": entry.cycle_id,
        "accounting_document_number": None,
        "entities": _entities(market, entry),
    }


def _entities(market: Marketplace, entry: LogLine) -> dict[str, Any]:
    order = market.orders.get(entry.order_id or "")
    commission = entry.kind.endswith("COMMISSION_VAT")
    tax = None if entry.tax is None else {"code": entry.tax.code, "rate": entry.tax.rate}
    return {
        "order": None
        if order is None
        else {
            "id": order.order_id,
            "commercial_id": order.commercial_id,
            "creation_date": stamp_seconds(order.created_at),
            "references": {
                "order_reference_for_customer": order.customer_reference,
                "order_reference_for_seller": order.seller_reference,
            },
        },
        "order_line": None if entry.order_line_id is None else {"id": entry.order_line_id},
        "refund": None if entry.refund_id is None else {"id": entry.refund_id},
        "shop_tax": tax if commission else None,
        "order_tax": None if commission else tax,
        "channel": None if order is None or order.channel is None else {"code": order.channel},
        "transaction_info": None
        if order is None or order.debited_at is None
        else {"number": order.transaction_number, "date": stamp(order.debited_at)},
    }


# --- SBC11 ----------------------------------------------------------------------------------------------------------
def billing_cycles(market: Marketplace, call: Call) -> Reply:
    call, place = opened(call)
    ids, wanted = call.words("id"), call.words("pay_out_state", PAY_OUT_STATES)
    start, end = call.at("start_date"), call.at("end_date")
    found = [
        cycle
        for cycle in market.cycles
        if (not ids or cycle.cycle_id in ids)
        and (not wanted or cycle.pay_out_state in wanted)
        and (start is None or cycle.created_at >= start)
        and (end is None or cycle.created_at <= end)
    ]
    page = sought(call, found, place, _CYCLE_SEEK)
    return Reply(body={**page, "data": [_cycle_element(market, cycle) for cycle in page["data"]]})


def _cycle_element(market: Marketplace, cycle: Cycle) -> dict[str, Any]:
    return {
        "id": cycle.cycle_id,
        "date_created": stamp_seconds(cycle.created_at),
        "currency_iso_code": market.currency,
        "amount_transferred_to_seller": cycle.amount,
        "amount_transferred_to_operator": -_sum(cycle, "COMMISSION_"),
        "payment_voucher_number": cycle.voucher,
        "pay_out": {
            "state": cycle.pay_out_state,
            "reference": cycle.reference,
            "transaction_date": stamp(cycle.paid_at),
            "failure_reason": "INCOMPLETE_KYC" if cycle.pay_out_state == "FAILED" else None,
        },
        "shop": {"shop_id": market.shop_id, "shop_name": market.settings.shop_name, "shop_model": "MARKETPLACE"},
        "summary": {
            "total_payable_orders_incl_tax": _sum(cycle, "ORDER_"),
            "total_commissions_incl_tax": _sum(cycle, "COMMISSION_"),
            "total_refund_payable_orders_incl_tax": _sum(cycle, "REFUND_ORDER_"),
            "total_refund_commissions_incl_tax": _sum(cycle, "REFUND_COMMISSION_"),
        },
    }


def _sum(cycle: Cycle, prefix: str) -> Decimal:
    return sum((amount for kind, amount in cycle.totals.items() if kind.startswith(prefix)), ZERO)
