"""What a person enters for a Centra connection, and the call limits that follow from it."""

from collections.abc import Mapping

from connectors.base import Account, Setting
from connectors.canonical.errors import ConfigurationError
from connectors.http import Limit

DEFAULT_TIER = "default"
# Units per ten seconds and per hour: requests, mutations, complexity. The vendor's pages give complexity for the
# first two only; the higher tiers are assumed to have no less than Growth.
TIERS: Mapping[str, Mapping[str, tuple[int, int]]] = {
    DEFAULT_TIER: {"requests": (20, 10_000), "mutations": (100, 1_000), "complexity": (150_000, 20_000_000)},
    "growth": {"requests": (60, 5_000), "mutations": (20, 1_800), "complexity": (250_000, 30_000_000)},
    "enhanced": {"requests": (150, 20_000), "mutations": (50, 4_500), "complexity": (250_000, 30_000_000)},
    "high_volume": {"requests": (450, 40_000), "mutations": (150, 7_000), "complexity": (250_000, 30_000_000)},
    "enterprise": {"requests": (1_500, 85_000), "mutations": (500, 25_000), "complexity": (250_000, 30_000_000)},
}
_TIER_SOURCE = "Centra: Integration API rate limits"
_ORDER_API_SOURCE = "ours: the Order API states no limit, so no more calls than GraphQL requests"


def tier(account: Account) -> str:
    chosen = str(account.settings.get("tier") or DEFAULT_TIER)
    return chosen if chosen in TIERS else DEFAULT_TIER


def limits(account: Account) -> tuple[Limit, ...]:
    """The six windows of the account's tier, and one of ours for the Order API."""
    windows = TIERS[tier(account)]
    stated = tuple(
        Limit(bucket=bucket, calls=calls, seconds=seconds, source=_TIER_SOURCE)
        for bucket, both in windows.items()
        for calls, seconds in zip(both, (10, 3600), strict=True)
    )
    ours = Limit(bucket="order_api", calls=windows["requests"][0], seconds=10, source=_ORDER_API_SOURCE)
    return (*stated, ours)


SETTINGS: tuple[Setting, ...] = (
    Setting(
        name="token",
        label="Integration API token",
        help="Made in Centra under System → API Tokens. It ends after 30 days unless set otherwise there.",
        kind="secret",
        required=True,
    ),
    Setting(
        name="order_api_path",
        label="Order API path",
        help="The part of the plugin's address after the host: api/marketplace.",
        required=True,
    ),
    Setting(
        name="order_api_key",
        label="Order API key",
        help="The shared secret of the Order API plugin (System → Stores → Plugins).",
        kind="secret",
        required=True,
    ),
    Setting(
        name="store_id",
        label="Store id",
        help="The shop's number in Centra. Leave empty when the token is restricted to one store.",
        kind="integer",
    ),
    Setting(name="market", label="Market", help="Id or name, for orders whose link names none. Empty: by country."),
    Setting(
        name="price_list",
        label="Price list",
        help="Id or name, for orders whose link names none. It fixes the currency. Empty: by country.",
    ),
    Setting(
        name="allocation_rule_id",
        label="Allocation rule id",
        help="Stock is read over the warehouses of this rule: the one of the market the orders go to.",
        kind="integer",
    ),
    Setting(
        name="warehouse_ids",
        label="Warehouse ids",
        help="Instead of an allocation rule: warehouse numbers with commas between them, such as 1, 4.",
    ),
    Setting(
        name="stock_warehouse_id",
        label="Warehouse that the hub writes",
        help="Only where another system owns the stock: the number of the one warehouse whose stock the hub sets.",
        kind="integer",
    ),
    Setting(
        name="tier",
        label="Rate limit tier",
        help="Which of Centra's limits the hub keeps inside. The connection test shows what the account really has.",
        kind="choice",
        default="default",
        choices=tuple((tier, tier.replace("_", " ").capitalize()) for tier in TIERS),
    ),
    Setting(
        name="webhook_secret",
        label="Webhook secret",
        help="The endpoint secret of Centra's webhook plugin (version Integration API).",
        kind="secret",
    ),
    Setting(
        name="webhook_secret_previous",
        label="Previous webhook secret",
        help="While the secret is being changed: the old one is accepted too. Empty it afterwards.",
        kind="secret",
    ),
    Setting(
        name="capture_payments",
        label="Capture payments when a parcel leaves",
        help="For the shop's own orders whose parcels another warehouse sends. Off: their shipments are marked as paid."
        " What a marketplace sold is never captured.",
        kind="boolean",
        default=False,
    ),
    Setting(
        name="dispatch_emails",
        label="Centra e-mails customers when a parcel leaves",
        help="For the shop's own orders whose parcels another warehouse sends. Off where that warehouse tells them."
        " What a marketplace sold is never e-mailed: the marketplace tells its customers.",
        kind="boolean",
        default=False,
    ),
    Setting(
        name="auto_confirm_off",
        label="Auto-confirm is off",
        help="Tick after checking in Centra's store settings: Centra does not let the hub read it.",
        kind="boolean",
        default=False,
    ),
)


def whole_setting(account: Account, name: str) -> int | None:
    """A setting that is a whole number, None when it is empty."""
    value = str(account.settings.get(name) or "").strip()
    return _whole(value, name) if value else None


def warehouse_setting(account: Account) -> tuple[int, ...]:
    """The configured warehouse ids, none when an allocation rule chooses them."""
    value = str(account.settings.get("warehouse_ids") or "")
    return tuple(dict.fromkeys(_whole(part.strip(), "warehouse_ids") for part in value.split(",") if part.strip()))


def text_setting(account: Account, name: str) -> str:
    return str(account.settings.get(name) or "").strip()


def webhook_secrets(account: Account) -> tuple[str, ...]:
    """The secret in use and, while it is being changed, the one before."""
    names = ("webhook_secret", "webhook_secret_previous")
    return tuple(secret for name in names if (secret := account.credentials.get(name, "")))


def _whole(value: str, name: str) -> int:
    if not (value.isascii() and value.isdigit()):
        words = f"The setting {_LABELS[name]} of the Centra connection must be whole numbers, not {value}."
        raise ConfigurationError(words, code="setting")
    return int(value)


_LABELS: Mapping[str, str] = {setting.name: setting.label for setting in SETTINGS}
