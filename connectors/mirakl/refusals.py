"""Mirakl's refusals → our error families, in plain words with the next step.

Source: General Notes (status codes), OR21's error code table in the seller OpenAPI, and texts that integrators of
several operators' instances have reported.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.canonical.errors import ConfigurationError, HubError, PermanentError
from connectors.canonical.refunds import ByHand
from connectors.http import Response

# What a key may do with which role; ROLE_SHOP_ADMIN has them all. Source: `security` of each operation.
ROLES: Mapping[str, tuple[str, str]] = {
    "OR11": ("read orders", "ROLE_PARTNER_ORDER_READ"),
    "OR21": ("accept or refuse orders", "ROLE_PARTNER_ORDER_ACCEPT"),
    "OR23": ("give tracking numbers", "ROLE_PARTNER_ORDER_TRACKING_WRITE"),
    "OR24": ("confirm dispatches", "ROLE_PARTNER_ORDER_SHIP"),
    "OR04": ("write the order's reference", "ROLE_PARTNER_ORDER_EDIT"),
    "OR28": ("refund orders", "ROLE_PARTNER_ORDER_REFUND"),
    "OR29": ("cancel orders", "ROLE_PARTNER_ORDER_CANCEL"),
    "OR30": ("cancel orders", "ROLE_PARTNER_ORDER_CANCEL"),
    "ST01": ("confirm dispatches", "ROLE_PARTNER_ORDER_SHIP"),
    "ST11": ("read shipments", "ROLE_PARTNER_ORDER_READ"),
    "ST12": ("read what is left to ship", "ROLE_PARTNER_ORDER_SHIPMENT_READ"),
    "ST23": ("give tracking numbers", "ROLE_PARTNER_ORDER_TRACKING_WRITE"),
    "ST24": ("confirm dispatches", "ROLE_PARTNER_ORDER_SHIP"),
    "RT11": ("read returns", "ROLE_PARTNER_ORDER_RETURN_READ"),
    "SH12": ("read the delivery methods", "ROLE_PARTNER_SHIPPING_SETTINGS_READ"),
    "SH21": ("read the carriers", "ROLE_PARTNER_SHIPPING_SETTINGS_READ"),
    "RE01": ("read the reasons", "ROLE_PARTNER_ORDER_SETTINGS_READ"),
    "A01": ("read the shop's account", "ROLE_PARTNER_SHOP_READ"),
    "PC01": ("read the platform's features", "ROLE_SHOP_ADMIN"),
    "CH11": ("read the channels", "ROLE_PARTNER_CHANNEL_READ"),
    "AF01": ("read the additional fields", "ROLE_PARTNER_ORDER_SETTINGS_READ"),
    "STO01": ("send stock", "ROLE_PARTNER_OFFER_STOCK_WRITE"),
    "STO02": ("follow stock imports", "ROLE_PARTNER_OFFER_STOCK_WRITE"),
    "P41": ("send products", "ROLE_PARTNER_PRODUCT_WRITE"),
    "P42": ("follow product imports", "ROLE_PARTNER_PRODUCT_WRITE"),
    "P44": ("read product import errors", "ROLE_PARTNER_PRODUCT_WRITE"),
    "P47": ("read product import errors", "ROLE_PARTNER_PRODUCT_WRITE"),
    "P51": ("send products", "ROLE_PARTNER_PRODUCT_WRITE"),
    "STO03": ("read stock import errors", "ROLE_PARTNER_OFFER_STOCK_WRITE"),
}


@dataclass(frozen=True, kw_only=True)
class Advice:
    """A refusal we know: their code or a part of their text → what it means and what to do."""

    code: str  # theirs where `text` is "", else ours
    text: str = ""  # lower case, matched when the answer carries no code
    message: str


KNOWN: tuple[Advice, ...] = (
    Advice(
        code="ORDER_INVALID_STATE",
        message="The order is no longer in a state that allows this. Look at its state at the marketplace.",
    ),
    Advice(code="ORDER_NOT_FOUND", message="The marketplace does not know this order, or it belongs to another shop."),
    Advice(
        code="ORDER_LINE_NOT_FOUND",
        message="The marketplace does not know one of the order lines. Read the order again.",
    ),
    Advice(code="ORDER_LINE_DUPLICATE_ID", message="An order line was named twice in one decision."),
    Advice(code="ORDER_LINE_NULL_ELEMENT", message="A decision without an order line was sent."),
    Advice(
        code="ORDER_LINE_ACCEPTANCE_DECISION_MISSING",
        message="Every line of the order must be accepted or refused at once. Read the order again.",
    ),
    Advice(
        code="ORDER_PARTIAL_ACCEPTANCE_DISABLED",
        message="This marketplace does not let the shop accept part of an order: accept all lines, or refuse all.",
    ),
    Advice(
        code="ORDER_FULFILLED_UNAUTHORIZED",
        message="A fulfilment centre ships this order, so the shop may not act on it.",
    ),
    Advice(code="VALIDATION_ERROR", message="The marketplace could not read what was sent."),
    Advice(
        code="tracking_mandatory",
        text="tracking details are mandatory",
        message="This delivery method demands a tracking number and a carrier. Add them to the dispatch, then retry.",
    ),
    Advice(
        code=ByHand.OPERATOR.value,
        text="sufficient payable balance",
        message="The shop's balance at the marketplace does not cover this refund. Ask the operator to make it.",
    ),
    Advice(
        code="currency_missing",
        text="currency iso code is mandatory",
        message="The marketplace wants the currency with every refund, and the order names none.",
    ),
    Advice(
        code="wrong_order_state",
        text="the order status must be",
        message="The order is not waiting to be shipped. Look at its state at the marketplace.",
    ),
    Advice(
        code="wrong_quantity",
        text="shipment quantity is invalid",
        message="More units were confirmed than are left to ship. Compare with the shipments at the marketplace.",
    ),
    Advice(code="too_many", text="the limit of", message="More was asked for at once than the marketplace allows."),
    Advice(
        code="wrong_field",
        text="please check the field datatype",
        message="The marketplace could not read what was sent.",
    ),
)


def refusal(response: Response) -> HubError | None:
    """The error for an answer outside 2xx, or None to leave it to the general table (429, 5xx, redirects)."""
    operation = response.operation
    body = _body(response)
    match response.status:
        case 401:
            words = "Mirakl refused the API key. Create a new one under user settings > API key, and enter it here."
            return ConfigurationError(words, code="api_key", platform_words=_text(body))
        case 403:
            return _role_missing(operation, _text(body))
        case 404 if is_unknown_address(body):
            words = f"Mirakl has no {operation} at this address. Check the address, and whether the operator offers it."
            return ConfigurationError(words, operation=operation, code="unknown_address", platform_words=_text(body))
        case 410:
            words = f"The operator has switched {operation} off for good."
            return ConfigurationError(words, operation=operation, code="gone", platform_words=_text(body))
        case status if 400 <= status < 500 and status not in {408, 429}:
            return refused(operation, text=_text(body), code=str(body.get("code") or ""), missing=status == 404)
    return None


def refused(operation: str, *, text: str, code: str = "", missing: bool = False, subject: str = "") -> PermanentError:
    """A refusal in our words, theirs beside them: for 4xx answers and for the error lists inside 2xx answers."""
    advice = _advice(code, text)
    if advice is not None:
        return PermanentError(advice.message, subject=subject, platform_words=text, code=advice.code)
    if missing:
        words = f"Mirakl does not know what {operation} asked for."
        return PermanentError(words, subject=subject, platform_words=text, code=code or "not_found")
    return PermanentError(f"Mirakl refused {operation}.", subject=subject, platform_words=text, code=code)


def is_unknown_address(body: Mapping[str, object]) -> bool:
    """An unknown URL answers `{"message": "Not Found"}` and no more; missing data carries a status and a reason."""
    return "status" not in body and "code" not in body


def _advice(code: str, text: str) -> Advice | None:
    if code:
        return next((advice for advice in KNOWN if advice.code == code and not advice.text), None)
    lowered = text.lower()
    return next((advice for advice in KNOWN if advice.text and advice.text in lowered), None)


def _role_missing(operation: str, text: str) -> ConfigurationError:
    action, role = ROLES.get(operation, (f"use {operation}", "ROLE_SHOP_ADMIN"))
    words = f"The API key may not {action}. Ask the operator, or your shop's administrator, to give its user {role}."
    return ConfigurationError(words, operation=operation, code="role", platform_words=text)


def _body(response: Response) -> Mapping[str, object]:
    """The error body as an object; gateways before Mirakl answer with HTML, older operations with XML."""
    found = response.json_or_none()
    return found if isinstance(found, dict) else {"message": response.text[:200], "status": response.status}


def _text(body: Mapping[str, object]) -> str:
    return str(body.get("message") or "")
