"""Virtualstock's refusals → our error families, in plain words with the next step.

An error body is an object {detail, code}, a map of fields to sentences, a bare JSON string or plain text. The vendor asks
not to branch on message text; only where a refusal carries no code is a part of its documented text looked for.
Source: the vendor's Postman collection (status codes, error codes, "Validation error" lines), read 2026-01.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from connectors import ports
from connectors.canonical.errors import ConfigurationError, HubError, PermanentError, TransientError
from connectors.canonical.payload import JSON
from connectors.http import Response

PUBLISHING_SECONDS = 180  # "retry every few minutes"
THROTTLED_SECONDS = 60  # the window is a fixed minute
WHAT: Mapping[str, str] = {  # operation → what people call it
    "acknowledgeOrder": "to acknowledge the order",
    "backorderOrder": "to put lines on back order",
    "dispatchOrder": "the dispatch",
    "acknowledgeCancellation": "to let the cancellation stand",
    "createInvoice": "the invoice",
    "createProduct": "to make the product",
    "updateProduct": "the change of the product",
    "updateStock": "the quantity",
}
CREDENTIALS = "credentials"
PUBLISHING = "publishing"
_AVAILABLE_IN = re.compile(r"available in (\d+)(?:\.\d+)? second", re.IGNORECASE)
_DEPTH = 3


@dataclass(frozen=True, kw_only=True)
class Advice:
    """A refusal we know: their code or a part of their text → what it means and what to do."""

    code: str  # theirs where `text` is "", else ours
    text: str = ""  # lower case, matched when the answer carries no code
    message: str


KNOWN: tuple[Advice, ...] = (
    # --- products ---
    Advice(
        code="PRODUCT_NOT_FOUND",
        message="The retailer has no such product. It may have been removed: look at the product in the portal.",
    ),
    # --- invoices ---
    Advice(code="ORDER_ALREADY_INVOICED", message="The order has an invoice already. Look at it in the portal."),
    Advice(code="ORDER_NOT_FOUND", message="The platform does not know this order, or it belongs to another supplier."),
    Advice(
        code="ORDER_NOT_FULFILLED",
        message="Every line of the order must be dispatched or cancelled before it can be invoiced.",
    ),
    Advice(code="ORDER_CANCELLED", message="The order is cancelled: it cannot be invoiced."),
    Advice(code="ORDER_LINE_CANCELLED", message="A line of the invoice is cancelled on the order. Leave it out."),
    Advice(
        code="ORDER_LINE_REFERENCE_NOT_FOUND",
        message="The platform does not know one of the order lines. Read the order again.",
    ),
    Advice(
        code="ORDER_LINE_UNMATCHED_QUANTITY",
        message="The invoice must name exactly the units of the order line. Compare it with the order.",
    ),
    Advice(code="RETAILER_SKU_NOT_FOUND", message="The retailer does not know one of the article numbers."),
    Advice(code="INVOICE_LINES_NOT_PRESENT", message="An invoice without lines was sent."),
    Advice(
        code="DUPLICATED_INVOICE_NUMBER",
        message="This invoice number was used before. Look in the portal whether the invoice is there already.",
    ),
    Advice(
        code="INVOICE_DATE_BEFORE_LAST_ITEM_DISPATCHED_DATE",
        message="The invoice is dated before the last parcel left. Date it on that day or later.",
    ),
    Advice(
        code="INVOICE_HAS_BEEN_ISSUED", message="The retailer has approved the invoice: it can no longer be replaced."
    ),
    Advice(
        code="RETAILER_NOT_FOUND", message="The platform does not know the retailer. Check the connection's settings."
    ),
    Advice(code="RETAILER_IS_NOT_PARTNER", message="You are not connected to this retailer. Ask the retailer."),
    Advice(
        code="RETAILER_DOES_NOT_SUPPORT_INVOICING",
        message="This retailer takes no invoices through the platform. Invoice it the agreed way.",
    ),
    Advice(
        code="RETAILER_ORGANISATION_TAX_CODE_MISSING",
        message="The retailer has not entered its tax number at the platform. Ask the retailer.",
    ),
    Advice(
        code="SUPPLIER_ORGANISATION_TAX_CODE_MISSING",
        message="Your own tax number is missing at the platform. Enter it in the portal under your organisation.",
    ),
    Advice(code="UNEXPECTED_ERROR", message="The platform failed and does not say why. Try again later."),
    # --- orders: lines of text without a code ---
    Advice(
        code="wrong_state",
        text="not allowed to change state",
        message="A line of the order is no longer in a state that allows this. Look at the order in the portal.",
    ),
    Advice(
        code="return_quantity",
        text="is greater than dispatch quantity",
        message="More units would be returned than were dispatched. Compare with the order in the portal.",
    ),
    Advice(
        code="partial_cancellation",
        text="partial cancellation not allowed",
        message="This retailer lets a line be cancelled only whole.",
    ),
    Advice(
        code="cancel_quantity_zero",
        text="can't be less or equal zero",
        message="A cancellation of no units was sent.",
    ),
    Advice(
        code="cancel_quantity_high",
        text="is bigger than allowed for item",
        message="More units would be cancelled than the line still has. Compare with the order in the portal.",
    ),
    Advice(
        code="missing_slash",
        text='method "post" not allowed',
        message="The platform does not know this call at this address. Check the connection's address.",
    ),
    Advice(
        code="missing_field",
        text="this field is required",
        message="The retailer demands a value that was not sent. Its name is quoted: complete the product or the connection.",
    ),
)


class RefusedFieldsError(PermanentError):
    """A map of fields to sentences: `fields` has each with a refusal of its own, the error itself speaks of them all."""

    def __init__(self, whole: PermanentError, fields: Mapping[str, PermanentError]) -> None:
        super().__init__(whole.message, platform_words=whole.platform_words, code=whole.code)
        self.fields = fields


def refusal(response: Response) -> HubError | None:
    """The error for an answer outside 2xx, or None to leave it to the general table (5xx, redirects)."""
    body = response.json_or_none()
    text, code = words_of(body if body is not None else response.text[:500]), code_of(body)
    match response.status:
        case 401:
            message = "Virtualstock refused the user name or the password. Enter valid ones and test the connection."
            return ConfigurationError(message, code=CREDENTIALS, platform_words=text)
        case 403:
            message = "The user may not do this at Virtualstock. Ask Virtualstock's support to give it the right."
            return ConfigurationError(message, operation=response.operation, code="403", platform_words=text)
        case 409:
            at = ports.now() + timedelta(seconds=PUBLISHING_SECONDS)
            message = "The retailer is publishing the product, which locks it for some minutes."
            return TransientError(message, retry_at=at, code=PUBLISHING, platform_words=text)
        case 429:
            return _throttled(response, text)
        case status if 400 <= status < 500 and status not in {408, 421, 425}:
            whole = refused(response.operation, text=text, code=code, missing=status == 404)
            named = {} if code else fields_of(body)
            each = {name: refused(response.operation, text=f"{name}: {words}") for name, words in named.items()}
            return RefusedFieldsError(whole, each) if each else whole
    return None


def refused(operation: str, *, text: str, code: str = "", missing: bool = False) -> PermanentError:
    """A refusal in our words, theirs beside them."""
    advice = _advice(code, text)
    if advice is not None:
        return PermanentError(advice.message, platform_words=text, code=advice.code)
    if missing:
        message = "Virtualstock does not know what was asked for. Look in the portal whether it is still there."
        return PermanentError(message, platform_words=text, code=code or "not_found")
    message = f"Virtualstock refused {WHAT.get(operation, 'this')}. Its own words say why."
    return PermanentError(message, platform_words=text, code=code or "refused")


def words_of(body: JSON, *, depth: int = _DEPTH) -> str:
    """What an error body says, whatever its shape: "supplier_free_stock: This field is required."."""
    if isinstance(body, str):
        return body.strip()
    if depth == 0:
        return ""
    if isinstance(body, list):
        return "; ".join(filter(None, (words_of(item, depth=depth - 1) for item in body)))
    if not isinstance(body, dict):
        return ""
    if "detail" in body:
        return words_of(body["detail"], depth=depth - 1)
    named = ((name, words_of(value, depth=depth - 1)) for name, value in body.items())
    return "; ".join(f"{name}: {words}" for name, words in named if words)


def fields_of(body: JSON) -> dict[str, str]:
    """Field → what is wrong with it, of a map of fields to lists; those of `data` may stand in a map of their own."""
    if not isinstance(body, dict) or "detail" in body:
        return {}
    inner = body.get("data")
    named = {**body, **inner} if isinstance(inner, dict) else body
    found = {name: words_of(value) for name, value in named.items() if isinstance(value, list)}
    return {name: words for name, words in found.items() if words}


def code_of(body: JSON) -> str:
    code = body.get("code") if isinstance(body, dict) else None
    return code if isinstance(code, str) else ""


def _throttled(response: Response, text: str) -> TransientError:
    """The wait stands in the sentence; a Retry-After is not documented, and believed when it comes."""
    found = _AVAILABLE_IN.search(text)
    at = None
    if "Retry-After" not in response.headers:
        seconds = int(found.group(1)) if found else THROTTLED_SECONDS
        at = ports.now() + timedelta(seconds=min(max(seconds, 1), 3600))
    message = "Virtualstock asks the hub to slow down: too many calls in this minute."
    return TransientError(message, retry_at=at, code="429", platform_words=text)


def _advice(code: str, text: str) -> Advice | None:
    if code:
        found = next((advice for advice in KNOWN if advice.code == code and not advice.text), None)
        if found is not None:
            return found
    lowered = text.lower()
    return next((advice for advice in KNOWN if advice.text and advice.text in lowered), None)
