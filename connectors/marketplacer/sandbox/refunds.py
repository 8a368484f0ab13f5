"""Refund requests: cancellations before dispatch and returns after it, in the operator's standard or advanced flow."""

from collections.abc import Callable, Sequence
from typing import Any

from connectors.marketplacer.sandbox.market import Market, RefusalError, Row
from connectors.marketplacer.sandbox.orders import asked_units, shipped_units, touch

OVER = frozenset({"REFUNDED", "DENIED"})


def create(market: Market, given: Row) -> Row:
    invoice = market.need(given["invoiceId"], "Invoice", "invoice")
    if not given["lineItems"]:
        raise RefusalError("line_items", "can't be blank")
    items = [_item(market, invoice, told) for told in given["lineItems"]]
    request = market.add(
        "RefundRequest", status="AWAITING", invoice=invoice, lineItems=items, notes=_notes(market, given), refundedAt=None,
        createdAt=market.now(), cashAmountCents=None, refundAmountCents=sum(item["amountCents"] for item in items),
    )  # fmt: skip
    for item in items:
        item["request"] = request
    invoice["refundRequests"].append(request)
    market.tell("create", request)
    touch(market, invoice)
    return {"refundRequest": request}


def _item(market: Market, invoice: Row, told: Row) -> Row:
    """Either {lineItemId, reason, quantity, dispatched} or {custom, amountPerItemCents, quantity}."""
    if bool(told.get("lineItemId")) == bool(told.get("custom")):
        raise RefusalError("line_items", "must be either a line item or a custom amount")
    if told["quantity"] < 1:
        raise RefusalError("line_items", "quantity must be greater than 0")
    line, each = None, told.get("amountPerItemCents") or 0
    dispatched = bool(told.get("dispatched"))
    if told.get("lineItemId"):
        line = next((item for item in invoice["lineItems"] if item["id"] == told["lineItemId"]), None)
        if line is None:
            raise RefusalError("line_items", "Line item must exist")
        if told["quantity"] > _refundable(invoice, line, dispatched=dispatched):
            raise RefusalError("line_items", "quantity exceeds the refundable quantity")
        each = line["totalCents"] // line["quantity"]
    advanced = market.settings.refund_flow == "advanced"
    return market.add(
        "RefundRequestLineItem", lineItem=line, custom=told.get("custom"), quantity=told["quantity"],
        reason=told.get("reason"), dispatched=None if line is None else dispatched, amountPerItemCents=each,
        amountCents=each * told["quantity"],
        commissionAmountCents=0, status="PENDING_APPROVAL" if advanced else None,
    )  # fmt: skip


def _refundable(invoice: Row, line: Row, *, dispatched: bool) -> int:
    sent = shipped_units(invoice, line)
    asked = asked_units(invoice, line, dispatched=dispatched)
    return int((sent if dispatched else line["quantity"] - sent) - asked)


def _notes(market: Market, given: Row) -> list[Row]:
    notes = given.get("notes") or ()
    return [
        market.add("RefundRequestNote", note=item.get("note"), status=None, createdAt=market.now()) for item in notes
    ]


def _request(market: Market, key: str) -> Row:
    found = market.find(key, "RefundRequest")
    if found is None:
        raise RefusalError("refund_request_id", f"No object found for refundRequestId: {key}")
    return found


def mark_returned(market: Market, given: Row) -> Row:
    """Goods are back, or, in the standard flow, a cancellation is confirmed."""
    request = _request(market, given["refundRequestId"])
    if request["status"] != "AWAITING":
        raise RefusalError("status", "Can only mark an awaiting RefundRequest as returned")
    request["status"] = "RETURNED"
    request["notes"] += _notes(market, given)
    _told(market, request)
    return {"refundRequest": request}


def decide(new: str, allowed: Sequence[str]) -> Callable[[Market, Row], Row]:
    """One line's decision; the request follows when all of its lines went the same way."""

    def step(market: Market, given: Row) -> Row:
        item = market.need(given["refundRequestLineItemId"], "RefundRequestLineItem", "refund_request_line_item")
        if item["status"] not in allowed:
            raise RefusalError("status", f"can not become {new} from {item['status']}")
        item["status"] = new
        request = item["request"]
        states = {line["status"] for line in request["lineItems"]}
        if states == {"REFUND_ACCEPTED"}:
            request["status"] = "PROCESSED"
        elif states == {"REFUND_DENIED"}:
            request["status"] = "DENIED"
        market.tell("update", item)
        _told(market, request)
        return {"refundRequestLineItem": item}

    return step


accept_line = decide("REFUND_ACCEPTED", ("PENDING_APPROVAL", "AWAITING_RETURN"))
return_line = decide("AWAITING_RETURN", ("PENDING_APPROVAL",))
deny_line = decide("REFUND_DENIED", ("PENDING_APPROVAL", "REFUND_ACCEPTED"))


def refund(market: Market, given: Row) -> Row:
    """The operator's final step: the amendment is booked; stock is not put back."""
    request = _request(market, given["refundRequestId"])
    if request["status"] not in ("RETURNED", "PROCESSED"):
        raise RefusalError("status", "Can only mark a returned or processed RefundRequest as refunded")
    request |= {"status": "REFUNDED", "refundedAt": market.now(), "cashAmountCents": request["refundAmountCents"]}
    rows = []
    for item in request["lineItems"]:
        item["status"] = "REFUNDED"
        rows.append(
            market.add(
                "InvoiceAmendmentLineItem", amountCents=-item["amountPerItemCents"], quantity=item["quantity"],
                commissionAmountCents=0,
            )
        )  # fmt: skip
    amendment = market.add(
        "InvoiceAmendment", lineItems=rows, createdAt=market.now(), commissionAmountTotalCents=0,
        commissionTaxTotalCents=0, commissionTaxRate=float(market.settings.tax_rate),
    )  # fmt: skip
    request["invoice"]["amendments"].append(amendment)
    _told(market, request)
    return {"refundRequest": request}


def deny(market: Market, given: Row) -> Row:
    request = _request(market, given["refundRequestId"])
    if request["status"] in OVER:
        raise RefusalError("status", "RefundRequest is over")
    request["status"] = "DENIED"
    for item in request["lineItems"]:
        item["status"] = "REFUND_DENIED"
    _told(market, request)
    return {"refundRequest": request}


def _told(market: Market, request: Row) -> None:
    market.tell("update", request)
    touch(market, request["invoice"])


def matches(request: Row, filters: Row) -> bool:
    return all(_FILTERS[name](request, value) for name, value in filters.items() if value is not None)


def _name(request: Row) -> str:
    invoice = request["invoice"]
    return f"{invoice['buyerFirstName']} {invoice['buyerSurname']}".lower()


_FILTERS: dict[str, Any] = {
    "legacyId": lambda row, value: row["legacyId"] == value,
    "invoiceLegacyId": lambda row, value: row["invoice"]["legacyId"] == value,
    "buyerName": lambda row, value: value.lower() in _name(row),
    "buyerEmailAddress": lambda row, value: row["invoice"]["buyerEmailAddress"] == value,
    "businessName": lambda row, value: True,
    "statuses": lambda row, value: row["status"] in value,
    "lineItemStatuses": lambda row, value: any(item["status"] in value for item in row["lineItems"]),
    "invoicePaidAt": lambda row, value: row["invoice"]["paidAt"] and row["invoice"]["paidAt"].date() == value,
    "createdSince": lambda row, value: row["createdAt"] >= value,
    "createdUntil": lambda row, value: row["createdAt"] <= value,
    "refundedSince": lambda row, value: row["refundedAt"] is not None and row["refundedAt"] >= value,
    "refundedUntil": lambda row, value: row["refundedAt"] is not None and row["refundedAt"] <= value,
    "remitted": lambda row, value: (row["invoice"]["remittedAt"] is not None) is value,
}
