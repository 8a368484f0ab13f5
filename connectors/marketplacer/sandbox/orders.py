"""Invoices: placed and paid at once, shipped in parts, told by a set of flags."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from connectors.marketplacer.sandbox.catalogue import add_product, price_of, variant_of
from connectors.marketplacer.sandbox.market import Market, RefusalError, Row
from connectors.sandboxdata import COUNTRIES, person

BUYERS_COUNTRY = "GBR"
COUNTRY_NAMES = {"GBR": "United Kingdom", "SWE": "Sweden", "DEU": "Germany", "USA": "United States", "FRA": "France"}
COMMISSION_PERCENT = 15


# --- placing ----------------------------------------------------------------------------------------------------------
def place(
    market: Market,
    *,
    lines: Sequence[Row],
    postage: str = "9.95",
    discount: str = "0",
    country: str = BUYERS_COUNTRY,
    delivery_type: str = "BUY_ONLINE",
    under_review: bool = False,
    created_at: datetime | None = None,
) -> Row:
    """A customer bought `lines` ({"sku", "quantity", "price"}). Refused with ValueError where the stock does not do."""
    variants = [_sellable(market, line) for line in lines]
    now = created_at or market.now()
    invoice = market.add(
        "Invoice", createdAt=now, updatedAt=now, paidAt=None if under_review else now + timedelta(seconds=1),
        deliveryType=delivery_type, seller=market.seller, shipments=[], refundRequests=[], adjustments=[], amendments=[],
        annotations=[], underReview=under_review, ready=False, collected=False, remittedAt=None, extraFlags=[],
        lineItems=[], **_buyer(market, country),
    )  # fmt: skip
    for line, variant in zip(lines, variants, strict=True):
        invoice["lineItems"].append(_line(market, line, variant))
        if not variant["infiniteQuantity"]:
            variant["countOnHand"] -= line.get("quantity", 1)
    _price(market, invoice, postage=_cents(postage), discount=_cents(discount))
    market.tell("create", invoice)
    return invoice


def _sellable(market: Market, line: Row) -> Row:
    """The variant of the SKU, put on sale where nobody did; the platform does not oversell."""
    variant = variant_of(market, line["sku"])
    if variant is None:
        advert = add_product(
            market, title=line.get("title", f"Product {line['sku']}"), skus={line["sku"]: 100},
            price=str(line.get("price", "100.00")),
        )  # fmt: skip
        variant = advert["variants"][0]
    if not variant["infiniteQuantity"] and variant["countOnHand"] < line.get("quantity", 1):
        raise ValueError(f"{line['sku']} has {variant['countOnHand']} units on hand.")
    found: Row = variant
    return found


def _line(market: Market, line: Row, variant: Row) -> Row:
    """Copies of SKU, barcode and title as they are now: later changes do not reach them."""
    advert = variant["advert"]
    cost = _cents(str(line["price"])) if "price" in line else int(price_of(variant) * 100)
    return market.add(
        "LineItem", quantity=line.get("quantity", 1), costCents=cost, adjustments=[], shipments=[], status="ALLOCATED",
        advertId=advert["id"], advertLegacyId=advert["legacyId"], advertTitle=advert["title"], advertCode=None,
        brandName=advert["brand"]["name"], variantId=variant["id"], variantSku=variant["sku"],
        variantBarcode=variant["barcode"], variantName=None,
    )  # fmt: skip


def _price(market: Market, invoice: Row, *, postage: int, discount: int) -> None:
    settings, lines = market.settings, invoice["lineItems"]
    goods = [line["costCents"] * line["quantity"] for line in lines]
    rest = discount
    for line, amount in zip(lines, goods, strict=True):
        share = rest if line is lines[-1] else discount * amount // max(sum(goods), 1)
        rest -= share
        if settings.discount_on_lines and share:
            line["adjustments"] = [market.add("Adjustment", amountCents=-share, description="Promotion")]
        line["taxCents"] = _tax(market, amount - share)
        line["postageCents"] = postage if line is lines[0] else 0
        line["totalCents"] = amount - share + (0 if settings.tax_included else line["taxCents"])
        line["commissionAmountCents"] = amount * COMMISSION_PERCENT // 100
        line["commissionAmountTaxCents"] = _tax(market, line["commissionAmountCents"])
    tax = sum(line["taxCents"] for line in lines) + _tax(market, postage)
    total = sum(goods) - discount + postage + (0 if settings.tax_included else tax)
    commission = sum(line["commissionAmountCents"] for line in lines)
    invoice |= {
        "subtotalCents": sum(goods), "discountCents": -discount, "postageCents": postage, "taxCents": tax,
        "totalCents": total, "commissionAmountCents": commission, "commissionAmountTaxCents": _tax(market, commission),
        "commissionTaxRate": float(settings.tax_rate), "commissionInvoiceId": f"C-{invoice['legacyId']}",
    }  # fmt: skip


def _tax(market: Market, cents: int) -> int:
    rate = market.settings.tax_rate
    base = 100 + rate if market.settings.tax_included else Decimal(100)
    return int((cents * rate / base).quantize(Decimal(1)))


def _cents(text: str) -> int:
    return int(Decimal(text).scaleb(2))


def _buyer(market: Market, country: str) -> Row:
    who = person(Random(market.number("Buyer")), country)  # noqa: S311 - sample people, not a secret
    state = market.add("State", name=who.state, short=who.state) if who.state else None
    name = COUNTRY_NAMES.get(country, COUNTRIES[country].name)
    nation = market.add("Country", name=name, code=who.country_code_2 if market.settings.country_code else None)
    address = market.add(
        "Address", address=who.street_1, streetAddress2=who.street_2 or None, city=who.city, postcode=who.zip_code,
        state=state, country=nation, fullAddress=f"{who.street_1}, {who.zip_code} {who.city}",
    )  # fmt: skip
    return {
        "buyerFirstName": who.first_name, "buyerSurname": who.last_name, "buyerEmailAddress": who.email,
        "buyerPhone": who.phone, "buyerMessageToSeller": None, "buyerBillingAddress": address, "shippingAddress": address,
    }  # fmt: skip


# --- flags ------------------------------------------------------------------------------------------------------------
def shipped_units(invoice: Row, line: Row) -> int:
    items = (item for shipment in invoice["shipments"] for item in shipment["shippedItems"])
    return sum(item["quantity"] for item in items if item["lineItem"] is line)


def asked_units(invoice: Row, line: Row, *, dispatched: bool) -> int:
    """Units of a line that refund requests speak of, denied ones left out."""
    return sum(
        item["quantity"]
        for request in invoice["refundRequests"]
        if request["status"] != "DENIED"
        for item in request["lineItems"]
        if item["lineItem"] is line and item["dispatched"] is dispatched and item["status"] != "REFUND_DENIED"
    )


def status_flags(invoice: Row) -> list[str]:
    """Several at a time; nobody documents which exclude each other in mixed cases."""
    lines = invoice["lineItems"]
    sent = sum(shipped_units(invoice, line) for line in lines)
    sold = sum(line["quantity"] for line in lines)
    settled = sum(_settled_cancellations(invoice, line) for line in lines)
    requests = invoice["refundRequests"]
    flags = ["PAYMENT_UNDER_REVIEW" if invoice["underReview"] else "PAID"]
    told = (
        ("SENT", sent > 0 and sent + settled >= sold),
        ("PARTIALLY_SENT", 0 < sent < sold - settled),
        ("READY", invoice["ready"]),
        ("COLLECTED", invoice["collected"]),
        ("AWAITING_RETURN", any(_awaits_return(request) for request in requests)),
        ("AWAITING_REFUND", any(request["status"] in ("RETURNED", "PROCESSED") for request in requests)),
        ("REFUNDED", any(request["status"] == "REFUNDED" for request in requests)),
        ("CANCELLED", settled >= sold),
        ("REMITTED", invoice["remittedAt"] is not None),
    )
    return [*flags, *(flag for flag, holds in told if holds), *invoice["extraFlags"]]


def _settled_cancellations(invoice: Row, line: Row) -> int:
    settled = [request for request in invoice["refundRequests"] if request["status"] == "REFUNDED"]
    items = (item for request in settled for item in request["lineItems"])
    return sum(item["quantity"] for item in items if item["lineItem"] is line and item["dispatched"] is False)


def _awaits_return(request: Row) -> bool:
    return request["status"] == "AWAITING" and any(item["dispatched"] for item in request["lineItems"])


def touch(market: Market, invoice: Row) -> None:
    invoice["updatedAt"] = market.now()
    market.tell("update", invoice)


# --- shipments --------------------------------------------------------------------------------------------------------
def shipment_create(market: Market, given: Row) -> Row:
    invoice = market.need(given["invoiceId"], "Invoice", "invoice")
    carrier = market.need(given["postageCarrierId"], "ShipmentCarrier", "postage_carrier")
    if not given["trackingNumber"].strip():
        raise RefusalError("tracking_number", "can't be blank")
    if not given["shippedItems"]:
        raise RefusalError("shipped_items", "can't be blank")
    at: date = given["dispatchedAt"]
    if at < invoice["createdAt"].date():
        raise RefusalError("dispatched_at", "Dispatched at is before shipped items were ordered")
    items = _shipped_items(market, invoice, given["shippedItems"])
    midnight = datetime.combine(at, datetime.min.time(), tzinfo=market.now().tzinfo)
    now = market.now()
    shipment = market.add(
        "Shipment", carrier=carrier["name"], trackingNumber=given["trackingNumber"], note=given.get("note"),
        trackingLink=f"https://tracking.example/{given['trackingNumber']}", dispatchedAt=midnight, createdAt=now,
        updatedAt=now, invoice=invoice, shippedItems=items, metadata=[], shippedFrom=None,
    )  # fmt: skip
    invoice["shipments"].append(shipment)
    for item in items:
        item["lineItem"]["shipments"].append(shipment)
    market.tell("create", shipment)
    touch(market, invoice)
    return {"shipment": shipment}


def _shipped_items(market: Market, invoice: Row, told: Sequence[Row]) -> list[Row]:
    wanted: dict[str, int] = {}
    for item in told:
        wanted[item["lineItemId"]] = wanted.get(item["lineItemId"], 0) + item["quantity"]
    lines = {line["id"]: line for line in invoice["lineItems"]}
    for key, quantity in wanted.items():
        if key not in lines:
            raise RefusalError("shipped_items", "Line item must exist")
        line = lines[key]
        left = line["quantity"] - shipped_units(invoice, line) - _settled_cancellations(invoice, line)
        if quantity < 1 or quantity > left:
            message = "Shipped items quantity exceeds the maximum number of undispatched items."
            raise RefusalError("shipped_items", message)
    return [market.add("ShippedItem", lineItem=lines[key], quantity=units) for key, units in wanted.items()]


def shipment_update(market: Market, given: Row) -> Row:
    """Items cannot be changed, and nothing deletes a shipment."""
    shipment = market.need(given["shipmentId"], "Shipment", "shipment")
    if given.get("postageCarrierId"):
        carrier = market.need(given["postageCarrierId"], "ShipmentCarrier", "postage_carrier")
        shipment["carrier"] = carrier["name"]
    for name in ("dispatchedAt", "trackingNumber", "note"):
        if given.get(name) is not None:
            shipment[name] = given[name]
    shipment["updatedAt"] = market.now()
    market.tell("update", shipment)
    touch(market, shipment["invoice"])
    return {"shipment": shipment}


def shipment_address_create(market: Market, given: Row) -> Row:
    told = given["address"]
    country = market.add("Country", name=str(told.get("countryCode") or ""), code=told.get("countryCode"))
    address = market.add("Address", **told, country=country, fullAddress=told["address"], state=None)
    market.seller["shipmentAddresses"].append(address)
    return {"address": address}


# --- annotations ------------------------------------------------------------------------------------------------------
def annotation_create(market: Market, given: Row) -> Row:
    invoice = market.need(given["invoiceId"], "Invoice", "invoice")
    kind = market.need(given["invoiceAnnotationTypeId"], "InvoiceAnnotationType", "invoice_annotation_type")
    if not kind["creatableBySeller"]:
        raise RefusalError("invoice_annotation_type", "can not be created by seller")
    now = market.now()
    annotation = market.add(
        "InvoiceAnnotation",
        **given["attributes"],
        invoice=invoice,
        invoiceAnnotationType=kind,
        createdAt=now,
        updatedAt=now,
    )
    invoice["annotations"].append(annotation)
    market.tell("create", annotation)
    return {"invoiceAnnotation": annotation}


def annotation_update(market: Market, given: Row) -> Row:
    annotation = market.need(given["invoiceAnnotationId"], "InvoiceAnnotation", "invoice_annotation")
    annotation |= {**given["attributes"], "updatedAt": market.now()}
    market.tell("update", annotation)
    return {"invoiceAnnotation": annotation}


def annotation_resolve(market: Market, given: Row) -> Row:
    return annotation_update(market, {**given, "attributes": {"resolved": True}})


def matches(invoice: Row, filters: Row) -> bool:
    """InvoiceFilters, joined by and; bounds include their ends."""
    return all(_FILTERS[name](invoice, value) for name, value in filters.items() if value is not None)


def _since(field: str) -> Any:
    return lambda row, value: row[field] is not None and row[field] >= value


def _until(field: str) -> Any:
    return lambda row, value: row[field] is not None and row[field] <= value


def _holds_any(row: Row, values: Sequence[str]) -> bool:
    return bool(set(status_flags(row)) & set(values))


def _is_open(row: Row, wanted: bool) -> bool:
    return any(shipped_units(row, line) < line["quantity"] for line in row["lineItems"]) is wanted


_FILTERS: dict[str, Any] = {
    **{f"{word}Since": _since(field) for word, field in (
        ("created", "createdAt"), ("updated", "updatedAt"), ("paid", "paidAt"), ("remitted", "remittedAt"),
    )},
    **{f"{word}Until": _until(field) for word, field in (
        ("created", "createdAt"), ("updated", "updatedAt"), ("paid", "paidAt"), ("remitted", "remittedAt"),
    )},
    "statuses": _holds_any,
    "buyerEmailAddress": lambda row, value: row["buyerEmailAddress"] == value,
    "externalId": lambda row, value: any(item["value"] == value for item in row["externalIds"]),
    "partialExternalId": lambda row, value: any(value in item["value"] for item in row["externalIds"]),
    "legacyId": lambda row, value: row["legacyId"] == value,
    "orderId": lambda row, value: row["legacyId"] + 50_000 == value,
    "buyerName": lambda row, value: value.lower() in f"{row['buyerFirstName']} {row['buyerSurname']}".lower(),
    "notDispatched": _is_open,
}  # fmt: skip
