"""Marketplacer's refusals → our error families, in plain words with the next step.

Three layers refuse: HTTP, GraphQL `errors`, and `errors` in a mutation's payload. Texts are matched in part, for words
and codes only; what was done is decided by the layer, never by the text.
Source: D:seller-api/reference/mutations/*, D:operator-api/reference/mutations/*, D:webhooks/errorsfaults.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connectors.canonical.errors import (
    ConfigurationError,
    HubError,
    PermanentError,
    TransientError,
    UnknownOutcomeError,
)
from connectors.canonical.payload import JSON
from connectors.http import Response
from connectors.marketplacer.documents import Document


@dataclass(frozen=True, kw_only=True)
class Advice:
    """A refusal we know: a part of their text, in lower case → our code, what it means and what to do."""

    text: str
    code: str
    message: str


KNOWN: tuple[Advice, ...] = (
    Advice(
        text="dispatched at is before shipped items were ordered",
        code="dispatched_too_early",
        message="The dispatch is dated before the order. Correct its date where it was packed, then retry.",
    ),
    Advice(
        text="quantity exceeds the maximum number of undispatched items",
        code="wrong_quantity",
        message="More units were confirmed than are left to ship. Compare with the shipments at the marketplace.",
    ),
    Advice(
        text="to iso8601date",
        code="wrong_date",
        message="The marketplace could not read the date of the dispatch.",
    ),
    Advice(
        text="unable to retrieve attachment",
        code="image_unreachable",
        message="The marketplace could not fetch a picture. Make sure that it opens for everybody within 5 seconds.",
    ),
    Advice(
        text="no object found for refundrequestid",
        code="refund_request_not_found",
        message="The marketplace does not know this refund request, or it belongs to another seller.",
    ),
    Advice(
        text="can only mark a returned or processed refundrequest as refunded",
        code="refund_too_early",
        message="The operator can refund only what was returned or accepted before.",
    ),
)

# What the hub wants by each operation, as people say it: "may not …", "wanted to …".
WANTS: Mapping[str, str] = {
    "invoices": "read orders",
    "refundRequests": "read refund requests",
    "node": "read one record",
    "nodes": "read categories and attributes",
    "taxons": "read categories",
    "advertsWhere": "read products",
    "apiKeyPrincipal": "see whose key it is",
    "shipmentCarriers": "read the carriers",
    "invoiceAnnotationTypes": "read the kinds of notes",
    "__type": "read what the marketplace can do",
    "shipmentCreate": "confirm dispatches",
    "refundRequestCreate": "cancel orders",
    "refundRequestReturn": "settle refund requests",
    "refundRequestLineItemAccept": "accept lines of refund requests",
    "refundRequestLineItemDeny": "deny lines of refund requests",
    "invoiceAnnotationCreate": "write notes on orders",
    "variantUpdate": "send stock and prices",
    "advertUpsert": "send products",
}

_NO_KEY = (
    "Marketplacer refused the API key: it is missing, expired or withdrawn. "
    "Make a new one in the seller portal under Extensions > API access, and enter it here."
)
_NO_BASIC = (
    "The marketplace is behind a second door, and its user name or password is missing or wrong. "
    "Ask the operator for them, and enter them as Basic user name and password."
)


def refusal(response: Response) -> HubError | None:
    """The error for an answer outside 2xx, or None to leave it to the general table (429, 5xx, redirects)."""
    match response.status:
        case 401 if response.text.strip().lower().startswith("unauthorized"):
            return ConfigurationError(_NO_BASIC, code="basic", platform_words=response.text[:200])
        case 401:
            return ConfigurationError(_NO_KEY, code="api_key", platform_words=response.text[:200])
        case 404:
            words = "There is no Marketplacer API at this address. Compare it with the marketplace's own address."
            return ConfigurationError(words, code="unknown_address", platform_words=response.text[:200])
    return None


def refused(operation: str, *, text: str, subject: str = "") -> PermanentError:
    """A business refusal in our words, theirs beside them."""
    lowered = text.lower()
    advice = next((advice for advice in KNOWN if advice.text in lowered), None)
    if advice is not None:
        return PermanentError(advice.message, subject=subject, platform_words=text, code=advice.code)
    words = f"Marketplacer refused to let the hub {WANTS[operation]}. Read its words."
    return PermanentError(words, subject=subject, platform_words=text, code="refused")


# --- payload errors ---------------------------------------------------------------------------------------------------
def payload_refusal(payload: Mapping[str, JSON]) -> str:
    """Their words when a mutation's payload refuses, else "". Success is `errors: null`; an empty list says as little."""
    return "; ".join(", ".join(validation.messages) for validation in validations(payload))


@dataclass(frozen=True, kw_only=True)
class Validation:
    """One of a payload's errors."""

    field: str  # "" where it names none; how fields are spelled is not documented
    messages: tuple[str, ...]  # at least one


def validations(payload: Mapping[str, JSON]) -> tuple[Validation, ...]:
    errors = payload.get("errors")
    return tuple(_validation(item) for item in errors if isinstance(item, dict)) if isinstance(errors, list) else ()


def _validation(error: Mapping[str, JSON]) -> Validation:
    messages, field = error.get("messages"), str(error.get("field") or "")
    texts = [str(item) for item in messages] if isinstance(messages, list) else [str(messages or "")]
    return Validation(field=field, messages=tuple(filter(None, texts)) or (field or "refused without words",))


# --- GraphQL errors ---------------------------------------------------------------------------------------------------
_PERMISSION_CODES = frozenset({"MISSING_SCOPE", "FORBIDDEN", "UNAUTHORIZED", "NOT_AUTHORIZED", "ACCESS_DENIED"})
_PERMISSION = re.compile(r"permission|not authori[sz]ed|unauthori[sz]ed|access denied|missing scope", re.IGNORECASE)
_PATH_STARTS = ("query", "mutation", "fragment")


def kind_of(error: Mapping[str, JSON], *, write: bool) -> str:
    """permission, request, schema or internal.

    What was refused before anything ran names no data path: graphql-ruby's validation errors have a path into the
    document, which starts with "query …" or "mutation …". An error below a mutation (path ["v1", "variant"]) came when
    the mutation was done: internal, so that a write is looked up.
    """
    path = error.get("path")
    below = isinstance(path, list) and len(path) > 1 and not str(path[0]).startswith(_PATH_STARTS)
    if write and below:
        return "internal"
    code, message = _code(error), str(error.get("message", ""))
    if code in _PERMISSION_CODES or _PERMISSION.search(message):
        return "permission"
    if message.startswith("Variable $") or "invalid value" in message:
        return "request"
    if absence(error) or code[:1].islower():  # undefinedField, argumentNotAccepted, missingRequiredArguments, …
        return "schema"
    return "internal"


def absence(error: Mapping[str, JSON]) -> str:
    """ "Invoice.updatedAt" or "Query.advertsWhere(skus)" when the error says that this instance lacks it, else ""."""
    extensions = error.get("extensions")
    said = extensions if isinstance(extensions, dict) else {}
    if _code(error) == "undefinedField":
        return f"{said.get('typeName')}.{said.get('fieldName')}"
    if _code(error) == "argumentNotAccepted":
        return f"Query.{said.get('name')}({said.get('argumentName')})"
    return ""


def graphql_error(errors: Sequence[Mapping[str, JSON]], *, document: Document) -> HubError:
    """One error for all: a part of a write whose outcome is open decides before the other parts' refusals."""
    kinds = {kind_of(error, write=document.write) for error in errors}
    order = ("internal", "permission", "schema", "request") if document.write else ("permission", "schema", "request")
    kind = next((kind for kind in order if kind in kinds), "internal")
    theirs = "; ".join(str(error.get("message", "")) for error in errors)[:500]
    operation, wants = document.operation, WANTS[document.operation]
    if kind == "permission":
        words = f"The API key may not {wants}. Ask the operator, or make a key with that right in the seller portal."
        return ConfigurationError(words, operation=operation, platform_words=theirs, code="permission")
    if kind == "schema":
        words = f"This marketplace does not understand how the hub asks to {wants}. Run the connection test."
        return ConfigurationError(words, operation=operation, platform_words=theirs, code="schema")
    if kind == "request":
        return refused(operation, text=theirs)
    words = f"Marketplacer failed when the hub wanted to {wants}."
    if document.write:
        return UnknownOutcomeError(
            f"{words} It may have been done; the hub looks it up before it tries again.",
            platform_words=theirs,
            code="internal",
        )
    return TransientError(words, platform_words=theirs, code=_code(errors[0]) or "internal")


def _code(error: Mapping[str, JSON]) -> str:
    extensions = error.get("extensions")
    return str(extensions.get("code") or "") if isinstance(extensions, dict) else ""
