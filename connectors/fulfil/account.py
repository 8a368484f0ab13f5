"""What a person enters for a Fulfil connection, and the call limits that follow from it."""

import hashlib
from collections.abc import Mapping

from connectors.base import Account, Setting
from connectors.canonical.errors import ConfigurationError
from connectors.http import Limit

DEFAULT_CALLS = 5

SETTINGS: tuple[Setting, ...] = (
    Setting(
        name="api_key",
        label="API key",
        help="A personal access token of a Fulfil user made for the hub alone (User Preferences).",
        kind="secret",
        required=True,
    ),
    Setting(
        name="key_kind",
        label="Kind of key",
        help="A personal access token, or the offline token of an installed app.",
        kind="choice",
        default="personal",
        choices=(("personal", "Personal access token"), ("bearer", "Token of an app")),
    ),
    Setting(
        name="channel_id",
        label="Channel id",
        help="The number of the sales channel in Fulfil that takes the hub's orders.",
        kind="integer",
        required=True,
    ),
    Setting(
        name="channel_ids",
        label="Further channel ids",
        help="Channels that market mappings name, besides the channel above: numbers with commas between them, such as 4, 7.",
    ),
    Setting(
        name="company_id",
        label="Company id",
        help="Only where the tenant has several companies: the number of the channel's.",
        kind="integer",
    ),
    Setting(
        name="warehouse_ids",
        label="Warehouse ids",
        help="Stock is what these warehouses can promise together: numbers with commas between them, such as 4, 65.",
    ),
    Setting(
        name="payment_method",
        label="Payment gateway",
        help="The code of the payment gateway in Fulfil for orders whose link names none.",
    ),
    Setting(
        name="shipping_service",
        label="Shipping service",
        help="The code in the channel's carrier settings for orders whose link names none. Empty: Fulfil chooses.",
    ),
    Setting(
        name="calls_per_second",
        label="Calls a second",
        help="Fulfil counts calls by user and publishes no figure: others keep to 5 or 10.",
        kind="integer",
        default=DEFAULT_CALLS,
    ),
    Setting(
        name="webhook_secret",
        label="Webhook secret",
        help="The secret of the webhook in Fulfil (Settings → Webhooks), as it is shown there.",
        kind="secret",
    ),
    Setting(
        name="webhook_secret_previous",
        label="Previous webhook secret",
        help="While the secret is being changed: the old one is accepted too. Empty it afterwards.",
        kind="secret",
    ),
)
_LABELS: Mapping[str, str] = {setting.name: setting.label for setting in SETTINGS}


def limits(account: Account) -> tuple[Limit, ...]:
    calls = whole_setting(account, "calls_per_second") or DEFAULT_CALLS
    return (Limit(bucket="requests", calls=calls, seconds=1, source="ours: Fulfil publishes no figure"),)


def budget_key(account: Account) -> str:
    """Fulfil counts by user, and a user is known by the key."""
    digest = hashlib.sha256(account.credentials.get("api_key", "").encode()).hexdigest()[:16]
    return f"fulfil:{account.base_url.rstrip('/')}:{digest}"


def whole_setting(account: Account, name: str) -> int | None:
    """A setting that is a whole number, None when it is empty."""
    value = text_setting(account, name)
    return _whole(value, name) if value else None


def channel_id(account: Account) -> int:
    found = whole_setting(account, "channel_id")
    if found is None:
        words = "No channel is set on this Fulfil connection. Enter the number of the sales channel."
        raise ConfigurationError(words, code="no_channel")
    return found


def channel_ids(account: Account) -> tuple[int, ...]:
    """Every channel the hub may write to; the first is for orders whose market mapping names none."""
    parts = text_setting(account, "channel_ids").split(",")
    further = (_whole(part.strip(), "channel_ids") for part in parts if part.strip())
    return tuple(dict.fromkeys((channel_id(account), *further)))


def warehouse_ids(account: Account) -> tuple[int, ...]:
    parts = text_setting(account, "warehouse_ids").split(",")
    return tuple(dict.fromkeys(_whole(part.strip(), "warehouse_ids") for part in parts if part.strip()))


def text_setting(account: Account, name: str) -> str:
    return str(account.settings.get(name) or "").strip()


def webhook_secrets(account: Account) -> tuple[str, ...]:
    """The secret in use and, while it is being changed, the one before."""
    names = ("webhook_secret", "webhook_secret_previous")
    return tuple(secret for name in names if (secret := account.credentials.get(name, "")))


def _whole(value: str, name: str) -> int:
    if not (value.isascii() and value.isdigit()):
        words = f"The setting {_LABELS[name]} of the Fulfil connection must be whole numbers, not {value}."
        raise ConfigurationError(words, code="setting")
    return int(value)
