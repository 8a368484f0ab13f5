"""The brand that trades on the demo's platforms: its people, connections, links and mapping tables."""

from datetime import timedelta
from decimal import Decimal

from django.contrib.auth import get_user_model
from django.db import transaction

from connectors import ports
from connectors.models import Brand, Connection, ConversionRate, Link, RoleGrant
from integrationhub.console.demo import products
from integrationhub.console.demo.shops import CAREFUL, DAYS, MARKETPLACES, MarketplacePlan, Shops, unknown_item
from integrationhub.inventory.models import StockLimits, StockRule
from integrationhub.sync import ticks
from integrationhub.sync.models import Schedule
from mappings_app.saving import save_mapping

RULE = "demo"
PEOPLE = (
    ("olivia", "Olivia Hart", RoleGrant.Role.OPS),
    ("emil", "Emil Lund", RoleGrant.Role.ECOMMERCE),
    ("farah", "Farah Khan", RoleGrant.Role.FINANCE),
    ("arthur", "Arthur Webb", RoleGrant.Role.FINANCE_APPROVER),
    ("vera", "Vera Sand", RoleGrant.Role.VIEWER),
    ("audrey", "Audrey Cole", RoleGrant.Role.AUDITOR),
    ("adam", "Adam Berg", RoleGrant.Role.ADMIN),
)
MARKETS = {
    "GB": ("1", "1"),
    "SE": ("2", "2"),
    "DE": ("3", "3"),
    "FR": ("3", "3"),
}  # channel → Centra market, price list
SERVICES = {"northgate": "standard-gbp", "harbour": "standard-eur", "kungsgatan": "standard-sek"}
CARRIERS = {"PostNord": "POSTNORD", "DHL": "DHL"}
RATES = {"EUR": "0.86", "SEK": "0.075", "USD": "0.79"}
POLL_SECONDS = {
    "read_orders": 60,
    "read_events": 15,
    "read_dispatches": 60,
    "watch_acceptance": 20,
    "scan_stock": 300,
    "list_listings": 60,
    "read_products": 60,
    "publish_listings": 60,
}
NARROW_ZERO_PERCENT = 5


def new_password() -> str:
    """One password for every demo login: made once and kept beside the demo's state."""
    return f"nordhem-{ports.new_id()[:8]}"


def webhook_address(port: int) -> str:
    """Where Centra's sandbox sends its webhooks."""
    row = Connection.objects.get(brand__code="nordhem", name="Centra")
    return f"http://127.0.0.1:{port}/webhooks/{row.webhook_path}/"


@transaction.atomic
def set_up(shops: Shops, *, password: str) -> None:
    """Everything a brand enters by hand when it starts. Repeating it refreshes addresses and passwords only."""
    brand, made = Brand.objects.get_or_create(
        code="nordhem",
        defaults={"name": "Nordhem", "timezone": "Europe/London", "reporting_currency": "GBP"},
    )
    _people(brand, password)
    centra = _centra(brand, shops)
    for plan in MARKETPLACES:
        _link(brand, plan, shops, centra)
    if made:
        _rates(brand)
        _mappings(brand, shops)
        _stock(brand)
        products.set_up(brand)
        ticks.plan_schedules()
        for flow, seconds in POLL_SECONDS.items():
            Schedule.objects.filter(flow=flow).update(cadence_seconds=seconds)


def _people(brand: Brand, password: str) -> None:
    for username, name, role in PEOPLE:
        first, last = name.split()
        user, _ = get_user_model().objects.get_or_create(
            username=username, defaults={"first_name": first, "last_name": last, "is_staff": True}
        )
        user.set_password(password)
        user.save()
        RoleGrant.objects.get_or_create(user=user, brand=brand, role=role)


def _centra(brand: Brand, shops: Shops) -> Connection:
    keys = shops.centra.credentials()
    row, _ = Connection.objects.update_or_create(
        brand=brand,
        name="Centra",
        defaults={
            "platform": "centra",
            "base_url": shops.centra.base_url,
            "credentials": {name: keys[name] for name in ("token", "order_api_key", "webhook_secret")},
            "timezone": "Europe/Stockholm",
            "settings": {
                "order_api_path": keys["order_api_path"],
                "tier": "enterprise",
                "allocation_rule_id": 1,
                "payment_method": "11",
            },
        },
    )
    return row


def _link(brand: Brand, plan: MarketplacePlan, shops: Shops, centra: Connection) -> None:
    keys = shops.marketplaces[plan.key].credentials()
    row, _ = Connection.objects.update_or_create(
        brand=brand,
        name=plan.name,
        defaults={
            "platform": "mirakl",
            "base_url": shops.marketplaces[plan.key].base_url,
            "credentials": {"api_key": keys["api_key"]},
            "settings": {"shop_id": keys["shop_id"]},
        },
    )
    Link.objects.get_or_create(
        source=row,
        target=centra,
        defaults={
            "brand": brand,
            "acceptance_policy": plan.policy,
            "started_at": ports.now() - timedelta(days=DAYS + 1),
            "refund_reason": "15",
            "cancellation_reason": "34",
        },
    )


def _rates(brand: Brand) -> None:
    today = ports.now().date()
    ConversionRate.objects.bulk_create(
        ConversionRate(
            brand=brand, currency=currency, rate_date=today - timedelta(days=30), rate=Decimal(rate), source="demo"
        )
        for currency, rate in RATES.items()
    )


def _mappings(brand: Brand, shops: Shops) -> None:
    """Every SKU but one, every channel, every delivery method, every carrier but one."""
    missing = unknown_item(shops.goods).sku
    for item in shops.goods:
        if item.sku != missing:
            _map(brand, "sku", item.sku, item.sku, to_label=item.title)
    for channel, (market, price_list) in MARKETS.items():
        _map(brand, "market", channel, market, attributes={"price_list": price_list})
    for plan in MARKETPLACES:
        link = Link.objects.get(source__name=plan.name, brand=brand)
        _map(brand, "shipping_service", "STD", SERVICES[plan.key], link=link)
    for carrier, code in CARRIERS.items():
        _map(brand, "carrier", carrier, code)


def _stock(brand: Brand) -> None:
    """A rule for all, one for a category, and a channel that is looked after closely."""
    StockRule.objects.create(
        brand=brand, buffer_units=2, changed_by="emil", reason="Two of each stay back for the shop in town."
    )
    StockRule.objects.create(
        brand=brand, category="SHOES", buffer_percent=10, floor=3, changed_by="emil", reason="Odd sizes run out fast."
    )
    careful = Link.objects.get(brand=brand, source__name=CAREFUL)
    StockLimits.objects.create(link=careful, zero_percent=NARROW_ZERO_PERCENT)


def _map(brand: Brand, kind: str, from_code: str, to_code: str, **values: object) -> None:
    save_mapping(
        kind=kind,
        brand=brand,
        from_code=from_code,
        to_code=to_code,
        actor=RULE,
        reason="Imported at the start",
        **values,  # type: ignore[arg-type]
    )
