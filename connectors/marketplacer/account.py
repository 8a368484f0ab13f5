"""What a person enters for a Marketplacer connection, the headers and the call limits that follow from it."""

import base64
import re
from collections.abc import Mapping

from connectors.base import Account, Setting
from connectors.canonical.errors import ConfigurationError
from connectors.http import Limit

STANDARD, ADVANCED = "standard", "advanced"
DEFAULT_WEBHOOK_HEADER = "X-Webhook-Secret"

SETTINGS: tuple[Setting, ...] = (
    Setting(
        name="api_key",
        label="API key",
        help="Seller portal: Extensions > API access. It is shown once.",
        kind="secret",
        required=True,
    ),
    Setting(
        name="currency",
        label="Currency",
        help="ISO code of the marketplace's one currency, such as AUD. Marketplacer writes amounts without it.",
        required=True,
    ),
    Setting(
        name="basic_user",
        label="Basic user name",
        help="Only where the operator put the marketplace behind a second door, as on every staging instance.",
        kind="secret",
    ),
    Setting(
        name="basic_password",
        label="Basic password",
        help="Goes with the Basic user name.",
        kind="secret",
    ),
    Setting(
        name="refund_flow",
        label="How refund requests are settled",
        help="Ask the operator: standard (goods or cancellation are confirmed) or advanced (each line is accepted).",
        kind="choice",
        default=STANDARD,
        choices=((STANDARD, "Standard: the request is confirmed"), (ADVANCED, "Advanced: each line is accepted")),
    ),
    Setting(
        name="annotation_type",
        label="Kind of annotation for orders taken",
        help="The name of the operator's annotation that takes your order number, such as Received. Empty: none is made.",
    ),
    Setting(
        name="webhook_header",
        label="Webhook secret header",
        help="The name of the header that carries the webhook secret, as entered with the webhook at Marketplacer.",
        default=DEFAULT_WEBHOOK_HEADER,
    ),
    Setting(
        name="webhook_secret",
        label="Webhook secret",
        help="The value of that header. Without it, and without a signing key, no webhook is accepted.",
        kind="secret",
    ),
    Setting(
        name="webhook_hmac_key",
        label="Webhook signing key",
        help="Only where the operator set an HMAC key on the webhook: each message must then be signed with it.",
        kind="secret",
    ),
)

# Marketplacer publishes no numbers; it answers 429 or 503 under load, above all to parallel writes.
_COURTESY = "our own courtesy: the vendor states no figure"
READS, WRITES = "reads", "writes"
_LIMITS = (
    Limit(bucket=READS, calls=120, seconds=60, source=_COURTESY),
    Limit(bucket=WRITES, calls=60, seconds=60, source=_COURTESY),
)


def limits(account: Account) -> tuple[Limit, ...]:
    return _LIMITS


def currency_of(account: Account) -> str:
    """The marketplace's currency. Raises ConfigurationError when none is entered: an amount without one means nothing."""
    found = str(account.settings.get("currency") or "").strip().upper()
    if not re.fullmatch("[A-Z]{3}", found):
        words = "Enter the marketplace's currency on the Marketplacer connection, as an ISO code such as AUD."
        raise ConfigurationError(words, code="currency")
    return found


def key_headers(account: Account) -> Mapping[str, str]:
    """Bearer, or Basic with the key in a header of its own: the two cannot be combined."""
    key = account.credentials.get("api_key", "")
    user, password = (account.credentials.get(name, "") for name in ("basic_user", "basic_password"))
    if not user:
        return {"Authorization": f"Bearer {key}"} if key else {}
    basic = base64.b64encode(f"{user}:{password}".encode()).decode("ascii")
    return {"Authorization": f"Basic {basic}", "MARKETPLACER-API-KEY": key}


def webhook_header(account: Account) -> str:
    return str(account.settings.get("webhook_header") or DEFAULT_WEBHOOK_HEADER).strip()


def annotation_type(account: Account) -> str:
    return str(account.settings.get("annotation_type") or "").strip()


def settles_by_line(account: Account) -> bool:
    return account.settings.get("refund_flow") == ADVANCED
