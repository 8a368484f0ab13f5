"""What a person enters when connecting, and how it is read. Much of it each retailer tells its suppliers on paper only."""

from zoneinfo import ZoneInfo

from connectors.base import Account, Setting
from connectors.virtualstock.client import DEFAULT_CALLS
from connectors.virtualstock.tokens import BASIC
from connectors.virtualstock.translate import Reading
from connectors.virtualstock.writes import Manners

OUT_OF_STOCK = "Out of Stock"
BACKORDER_DAYS = 14

SETTINGS = (
    Setting(
        name="username",
        label="User name",
        help="Of the user that Virtualstock's support made for the API. Best one of its own for the hub.",
        required=True,
    ),
    Setting(
        name="password",
        label="Password",
        help="Of the same user.",
        kind="secret",
        required=True,
    ),
    Setting(
        name="sign_in",
        label="How to sign in",
        help="Tokens are renewed by the hub. The plain password still works and will be withdrawn by Virtualstock.",
        kind="choice",
        default="token",
        choices=(("token", "With tokens"), (BASIC, "With user name and password at each call")),
    ),
    Setting(
        name="retailer_id",
        label="Retailer number in orders",
        help="One connection serves one retailer. The connection test lists the numbers of yours.",
        kind="integer",
    ),
    Setting(
        name="client_id",
        label="Retailer number in products",
        help="The number that ends the retailer's address (client) on a product; often the same as in orders.",
        kind="integer",
    ),
    Setting(
        name="product_supplier_id",
        label="Your own number in products",
        help="Only to create products, and only if the user sees several suppliers. It differs from the one in orders.",
        kind="integer",
    ),
    Setting(
        name="requests_per_minute",
        label="Calls a minute",
        help="150 is safe for every retailer; Virtualstock itself states 250.",
        kind="integer",
        default=DEFAULT_CALLS,
    ),
    Setting(
        name="lead_time_days",
        label="Days until dispatch",
        help="Promised with each acknowledgement. Leave it empty if the retailer wants no date.",
        kind="integer",
    ),
    Setting(
        name="fulfilment_route",
        label="Fulfilment route",
        help="Only if the retailer demands one; Virtualstock's support tells its name.",
    ),
    Setting(
        name="acknowledge_sub_status",
        label="Sub-status of acknowledged orders",
        help="One of the retailer's list below Processing. Leave it empty if it wants none.",
    ),
    Setting(
        name="backorder_sub_status",
        label="Reason of back orders",
        help="One of the retailer's list below Backorder that makes it cancel, such as Out of Stock or Discontinued.",
        default=OUT_OF_STOCK,
    ),
    Setting(
        name="backorder_days",
        label="Days until back orders could leave",
        help="A back order must name a date. The retailer is expected to cancel before it.",
        kind="integer",
        default=BACKORDER_DAYS,
    ),
    Setting(
        name="partial_quantities",
        label="A line may leave in parts",
        help="Only if the retailer takes a part of one line's units. Otherwise a line is confirmed whole.",
        kind="boolean",
        default=False,
    ),
    Setting(
        name="price_field",
        label="Field of the cost price",
        help="What the retailer's data model calls it. Without it no prices are sent.",
    ),
    Setting(
        name="product_fields",
        label="Product fields",
        help="The retailer's own names, parted by commas, a star after those it demands: short_description*, barcode*,"
        " rrp. Its guide for suppliers lists them. Empty: the names that Virtualstock's own examples use, none demanded.",
    ),
    Setting(
        name="missing_prices",
        label="Orders without prices",
        help="Some retailers send no amounts. Bring them in at 0 only if nobody relies on their value.",
        kind="choice",
        default="ask",
        choices=(("ask", "Stop them, so that a person looks"), ("zero", "Bring them in at 0")),
    ),
    Setting(
        name="take_test_orders",
        label="Fulfil test orders",
        help="Retailers send test orders that must not be shipped. Say yes only on a sandbox connection.",
        kind="boolean",
        default=False,
    ),
)


def reading(account: Account) -> Reading:
    return Reading(
        zone=ZoneInfo(account.timezone),
        zero_without_prices=account.settings.get("missing_prices") == "zero",
        take_test_orders=account.settings.get("take_test_orders") is True,
    )


def manners(account: Account) -> Manners:
    given = account.settings
    lead_time = given.get("lead_time_days")
    return Manners(
        zone=ZoneInfo(account.timezone),
        lead_time_days=None if lead_time in (None, "") else int(str(lead_time)),
        fulfilment_route=str(given.get("fulfilment_route") or ""),
        acknowledge_sub_status=str(given.get("acknowledge_sub_status") or ""),
        backorder_sub_status=str(given.get("backorder_sub_status") or OUT_OF_STOCK),
        backorder_days=int(given.get("backorder_days") or BACKORDER_DAYS),
        partial_quantities=given.get("partial_quantities") is True,
    )
