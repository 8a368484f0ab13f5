"""What Fulfil's refusals mean. Structured fields first; its words only where nothing else tells two cases apart.

    400 UserError                  the business rule that refuses: PermanentError with its words
    400 UserError "permissions"    the key's user may not create orders in the channel: only that waits
    401                            the whole connection waits
    403                            only that operation waits
    429                            wait; but a refusal of the arguments hides there too (read the body before sleeping)
    others                         the table of connectors.http
Source: the platform reference of this project, section 5.
"""

from collections.abc import Mapping

from connectors.answers import Response
from connectors.canonical.errors import ConfigurationError, HubError, PermanentError
from connectors.canonical.payload import JSON

_NO_CHANNEL_ACCESS = "do not have required permissions"
_KEY_REFUSED = (
    "Fulfil refuses the API key: it is wrong, has expired or its user was switched off. Make a new one in Fulfil under "
    "User Preferences and enter it on the connection."
)
_CHANNEL_CLOSED = (
    "The user of the API key may not create orders in this channel. In Fulfil, open the channel's settings and give "
    "this user create access."
)
# Words of a UserError → our code and what to do. One row a test.
_KNOWN: tuple[tuple[str, str, str], ...] = (
    ("Product with code", "unknown_sku", "Fulfil does not know a SKU of this order, or it is archived there."),
    ("(tax) of rate", "unknown_tax", "The channel in Fulfil has no such tax. Add it in the channel's settings."),
    ("Shipping carrier is not configured", "unknown_service", "The channel in Fulfil does not know this carrier code."),
    ("Payment gateway", "unknown_gateway", "Fulfil does not know this payment gateway."),
    ("unresolved exceptions", "exceptions", "The order has problems in Fulfil that nobody has settled yet."),
    ("total mismatch", "total_mismatch", "Fulfil computes another total than was charged."),
    ("is on hold", "on_hold", "The shipment is on hold in Fulfil."),
)


def refusal(response: Response) -> HubError | None:
    """The error of an answer outside 2xx, or None for the common table."""
    body = response.json_or_none()
    told = body if isinstance(body, dict) else {}
    if response.status == 401:
        return ConfigurationError(_KEY_REFUSED, platform_words=words(response), code="401")
    if response.status == 400 and told.get("type") == "UserError":
        return _user_error(told, response)
    if response.status == 429 and _is_about_arguments(told):
        return _user_error(told, response)
    return None


def words(response: Response) -> str:
    """Their text: a UserError's message and description; else description, message, error, in this order."""
    body = response.json_or_none()
    if not isinstance(body, dict):
        return response.text[:300]
    if body.get("type") == "UserError":
        return _joined(body)
    found = next((body[name] for name in ("description", "message", "error") if isinstance(body.get(name), str)), "")
    return str(found)


def _joined(told: Mapping[str, JSON]) -> str:
    parts = (told.get("message"), told.get("description"))
    return " ".join(str(part) for part in parts if part)


def _is_about_arguments(told: Mapping[str, JSON]) -> bool:
    """A true rate limit says so by its code or name."""
    if told.get("type") == "UserError":
        return True
    return bool(told) and told.get("code") != 429 and told.get("name") != "Too Many Requests"


def _user_error(told: Mapping[str, JSON], response: Response) -> HubError:
    said = words(response)
    if _NO_CHANNEL_ACCESS in said:
        return ConfigurationError(
            _CHANNEL_CLOSED, operation=response.operation, platform_words=said, code="channel_access"
        )
    for mark, known, meaning in _KNOWN:
        if mark in said:
            return PermanentError(f"{meaning} It says: {said}", platform_words=said, code=known)
    code = told.get("code")
    return PermanentError(
        f"Fulfil refused {response.operation}. It says: {said}",
        platform_words=said,
        code=code if isinstance(code, str) and code else "refused",
    )
