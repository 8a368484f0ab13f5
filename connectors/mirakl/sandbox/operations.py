"""Every operation of the sandbox: code, method, path, roles that may call it, how often, and who answers."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import unquote

from connectors.mirakl.sandbox import (
    account,
    catalogue,
    documents,
    finance,
    imports,
    lists,
    offers,
    orders,
    productimports,
    returns,
    shipments,
)
from connectors.mirakl.sandbox.limits import Window
from connectors.mirakl.sandbox.market import Marketplace
from connectors.mirakl.sandbox.reading import Call
from connectors.sandboxkit import Reply

Answer = Callable[[Marketplace, Call], Reply]

ADMIN = "ROLE_SHOP_ADMIN"
ACCOUNTANCY = "ROLE_SHOP_ACCOUNTANCY"
ALL_ROLES = frozenset({ADMIN, ACCOUNTANCY})
MINUTE, HOUR, DAY = 60, 3600, 86400


@dataclass(frozen=True, kw_only=True)
class Operation:
    code: str
    method: str
    path: str
    answer: Answer
    roles: frozenset[str]  # one of them is enough; empty: any key
    every: tuple[Window, ...] = ()  # documented maximum; empty: at each event
    each: str = ""  # the parameter that names what is asked for, where the frequency holds for each by itself
    sends: str = ""  # json | multipart | nothing (but Content-Length: 0)
    needs: str = ""  # the setting that must be on, else 404
    speaks_xml: bool = False  # answers XML unless JSON is asked for
    pattern: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "pattern", re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.path)))


def _per(seconds: float, calls: int = 1) -> tuple[Window, ...]:
    return (Window(calls=calls, seconds=seconds),)


def _get(
    code: str,
    path: str,
    answer: Answer,
    roles: str,
    every: tuple[Window, ...] = (),
    *,
    needs: str = "",
    each: str = "",
    xml: bool = False,
) -> Operation:
    return Operation(
        code=code,
        method="GET",
        path=path,
        answer=answer,
        roles=_roles(roles),
        every=every,
        needs=needs,
        each=each,
        speaks_xml=xml,
    )


def _write(
    code: str,
    request: str,
    answer: Answer,
    roles: str,
    every: tuple[Window, ...] = (),
    *,
    sends: str = "json",
    needs: str = "",
) -> Operation:
    method, _, path = request.partition(" ")
    return Operation(
        code=code, method=method, path=path, answer=answer, roles=_roles(roles), every=every, sends=sends, needs=needs
    )


def _roles(text: str) -> frozenset[str]:
    """`ORDER_READ` stands for ROLE_PARTNER_ORDER_READ; the shop's administrator may do everything but accountancy."""
    names = text.split()
    if not names:
        return frozenset()
    own = ACCOUNTANCY if ACCOUNTANCY in names else ADMIN
    return frozenset({own, *(f"ROLE_PARTNER_{name}" for name in names if name not in (ADMIN, ACCOUNTANCY))})


SETTINGS = "SHIPPING_SETTINGS_READ"
ORDER_SETTINGS = "ORDER_SETTINGS_READ"
OFFER_TRACKING = "OFFER_WRITE OFFER_TRACKING_READ"
ONCE_A_DAY = _per(DAY)

OPERATIONS: tuple[Operation, ...] = (
    # --- orders ---------------------------------------------------------------------------------------------------
    _get("OR11", "/api/orders", orders.list_orders, "ORDER_READ", _per(MINUTE), xml=True),
    _write("OR04", "PUT /api/orders", orders.update_orders, "ORDER_EDIT", _per(MINUTE)),
    _write("OR21", "PUT /api/orders/{order_id}/accept", orders.accept_order, "ORDER_ACCEPT"),
    _write("OR23", "PUT /api/orders/{order_id}/tracking", orders.set_tracking, "ORDER_TRACKING_WRITE"),
    _write("OR24", "PUT /api/orders/{order_id}/ship", orders.ship_order, "ORDER_SHIP", sends="nothing"),
    _write("OR28", "PUT /api/orders/refund", orders.refund_lines, "ORDER_REFUND ORDER_REFUND_REQUEST"),
    _write("OR29", "PUT /api/orders/{order_id}/cancel", orders.cancel_order, "ORDER_CANCEL", sends="nothing"),
    _write("OR30", "PUT /api/orders/cancel", orders.cancel_lines, "ORDER_CANCEL"),
    _write(
        "OR31",
        "PUT /api/orders/{order_id}/additional_fields",
        orders.update_additional_fields,
        "ORDER_ADDITIONAL_FIELD_UPDATE",
        _per(1, 5),
    ),
    _write(
        "OR64",
        "PUT /api/orders/{order_id}/lines/{line}/resolve_incident",
        orders.resolve_incident,
        "ORDER_INCIDENT_RESOLVE",
    ),
    _get("OR72", "/api/orders/documents", documents.list_documents, "ORDER_DOCUMENT_READ"),
    _get("OR73", "/api/orders/documents/download", documents.download, "ORDER_DOCUMENT_READ"),
    _write(
        "OR74", "POST /api/orders/{order_id}/documents", documents.upload, "ORDER_DOCUMENT_WRITE", sends="multipart"
    ),
    _write(
        "OR76", "DELETE /api/orders/documents/{document_id}", documents.delete, "ORDER_DOCUMENT_DELETE", sends=""
    ),
    # --- shipments ------------------------------------------------------------------------------------------------
    _write("ST01", "POST /api/shipments", shipments.create_shipments, "ORDER_SHIP", needs="multi_shipment"),
    _get("ST11", "/api/shipments", shipments.list_shipments, "ORDER_READ", needs="multi_shipment"),
    _get(
        "ST12",
        "/api/shipments/items_to_ship",
        shipments.list_items_to_ship,
        "ORDER_READ ORDER_SHIPMENT_READ",
        _per(5 * MINUTE),
        needs="multi_shipment",
    ),
    _write(
        "ST23",
        "POST /api/shipments/tracking",
        shipments.set_tracking,
        "ORDER_TRACKING_WRITE",
        needs="multi_shipment",
    ),
    _write("ST24", "PUT /api/shipments/ship", shipments.ship, "ORDER_SHIP", needs="multi_shipment"),
    _write("ST06", "PUT /api/shipments/delete", shipments.delete, "ORDER_SHIPMENT_DELETE", needs="multi_shipment"),
    # --- offers, stock, prices, products --------------------------------------------------------------------------
    _write("OF01", "POST /api/offers/imports", imports.import_offers, "OFFER_WRITE", _per(MINUTE), sends="multipart"),
    _get("OF02", "/api/offers/imports/{import}", imports.offer_status, OFFER_TRACKING, _per(MINUTE)),
    _get("OF03", "/api/offers/imports/{import}/error_report", imports.offer_errors, OFFER_TRACKING, _per(MINUTE)),
    _get("OF04", "/api/offers/imports", imports.list_offer_imports, OFFER_TRACKING, _per(MINUTE)),
    _get("OF21", "/api/offers", offers.list_offers, "OFFER_READ", xml=True),
    _get("OF22", "/api/offers/{offer}", offers.get_offer, "OFFER_READ", xml=True),
    _write(
        "STO01", "POST /api/offers/stock/imports", imports.import_stock, "OFFER_STOCK_WRITE", _per(MINUTE),
        sends="multipart",
    ),
    _get("STO02", "/api/offers/stock/imports/{import_id}/status", imports.stock_status, "OFFER_STOCK_WRITE", _per(15)),
    _get(
        "STO03", "/api/offers/stock/imports/{import_id}/error_report", imports.stock_errors, "OFFER_STOCK_WRITE",
        _per(MINUTE),
    ),
    _write(
        "PRI01", "POST /api/offers/pricing/imports", imports.import_prices, "OFFER_PRICING_WRITE", _per(MINUTE),
        sends="multipart",
    ),
    _get("PRI02", "/api/offers/pricing/imports", imports.list_price_imports, "OFFER_PRICING_READ", _per(MINUTE)),
    _get(
        "PRI03", "/api/offers/pricing/imports/{import_id}/error_report", imports.price_errors, "OFFER_PRICING_READ",
        _per(MINUTE),
    ),
    _get("H11", "/api/hierarchies", catalogue.hierarchies, "", _per(HOUR)),
    _get("PM11", "/api/products/attributes", catalogue.attributes, "", _per(HOUR), each="hierarchy"),
    _get("VL11", "/api/values_lists", catalogue.value_lists, "", _per(HOUR), each="code"),
    _get("P31", "/api/products", offers.list_products, "PRODUCT_READ", xml=True),
    _write(
        "P41", "POST /api/products/imports", productimports.import_products, "PRODUCT_WRITE", _per(15 * MINUTE),
        sends="multipart",
    ),
    _get("P42", "/api/products/imports/{import}", productimports.product_status, "PRODUCT_WRITE", _per(MINUTE)),
    _get("P44", "/api/products/imports/{import}/error_report", productimports.product_report, "PRODUCT_WRITE"),
    _get("P45", "/api/products/imports/{import}/new_product_report", productimports.product_report, "PRODUCT_WRITE"),
    _get("P46", "/api/products/imports/{import}/transformed_file", productimports.product_report, "PRODUCT_WRITE"),
    _get(
        "P47", "/api/products/imports/{import}/transformation_error_report", productimports.product_report,
        "PRODUCT_WRITE",
    ),
    _get("P51", "/api/products/imports", productimports.list_product_imports, "PRODUCT_WRITE", _per(MINUTE)),
    # --- returns and money ----------------------------------------------------------------------------------------
    _get("RT11", "/api/returns", returns.list_returns, "ORDER_RETURN_READ", _per(5 * MINUTE), needs="returns"),
    _get(
        "TL02",
        "/api/sellerpayment/transactions_logs",
        finance.transaction_log,
        f"{ACCOUNTANCY} TRANSACTION_LOG_READ",
        (*_per(MINUTE, 20), *_per(HOUR, 60)),
    ),
    _get(
        "SBC11",
        "/api/seller-billing-cycles",
        finance.billing_cycles,
        "SELLER_BILLING_CYCLE_READ ACCOUNTING_DOCUMENT_READ",
    ),
    # --- shop and platform ----------------------------------------------------------------------------------------
    _get("A01", "/api/account", account.account, "SHOP_READ", ONCE_A_DAY, xml=True),
    _get("A21", "/api/account/statistics", account.statistics, "SHOP_READ", ONCE_A_DAY),
    _get("PC01", "/api/platform/configuration", account.configuration, ADMIN),
    _get("V01", "/api/version", account.version, ""),
    _get("CH11", "/api/channels", lists.channels, "CHANNEL_READ", ONCE_A_DAY, xml=True),
    _get(
        "AF01",
        "/api/additional_fields",
        lists.additional_fields,
        f"{ORDER_SETTINGS} OFFER_SETTINGS_READ SHOP_SETTINGS_READ",
        ONCE_A_DAY,
        xml=True,
    ),
    _get("L01", "/api/locales", lists.locales, "I18N_SETTINGS_READ", ONCE_A_DAY, xml=True),
    _get("CUR01", "/api/currencies", lists.currencies, "CURRENCY_SETTINGS_READ", ONCE_A_DAY, xml=True),
    _get("RE01", "/api/reasons", lists.reasons, ORDER_SETTINGS, xml=True),
    _get("RE02", "/api/reasons/{reason_type}", lists.reasons_of_type, ORDER_SETTINGS, xml=True),
    _get("SH12", "/api/shipping/types", lists.shipping_types, SETTINGS, ONCE_A_DAY, xml=True),
    _get("SH21", "/api/shipping/carriers", lists.carriers, SETTINGS, ONCE_A_DAY, xml=True),
    _get("OF61", "/api/offers/states", lists.offer_states, "OFFER_SETTINGS_READ", ONCE_A_DAY, xml=True),
    _get("DO01", "/api/documents", lists.document_types, ORDER_SETTINGS, ONCE_A_DAY),
)  # fmt: skip

_FIXED: dict[str, list[Operation]] = {}
_WITH_PARTS: list[Operation] = []
for _operation in OPERATIONS:
    if "{" in _operation.path:
        _WITH_PARTS.append(_operation)
    else:
        _FIXED.setdefault(_operation.path, []).append(_operation)


def at_path(path: str) -> list[tuple[Operation, dict[str, str]]]:
    """Every operation at this path, whatever its method. A fixed path goes before one with parts."""
    if path in _FIXED:
        return [(operation, {}) for operation in _FIXED[path]]
    matches = ((operation, operation.pattern.fullmatch(path)) for operation in _WITH_PARTS)
    return [
        (operation, {name: unquote(value) for name, value in match.groupdict().items()})
        for operation, match in matches
        if match is not None
    ]
