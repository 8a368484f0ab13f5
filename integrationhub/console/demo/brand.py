"""The brands that trade on the demo's platforms: their people, connections, links and mapping tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.db import transaction

from connectors import ports
from connectors.centra.sandbox import CentraSandbox
from connectors.models import Brand, Connection, ConversionRate, Link, RoleGrant
from connectors.sandboxdata import CatalogueItem
from integrationhub.console.demo import products
from integrationhub.console.demo.shops import (
    CAREFUL,
    CENTRA,
    DAYS,
    FELLMARK,
    FELLMARK_CENTRA,
    FULFIL,
    MARKETPLACES,
    NORDHEM,
    Shops,
    unknown_item,
)
from integrationhub.console.demo.stalls import Stall
from integrationhub.inventory.models import StockLimits, StockRule
from integrationhub.sync import ticks
from integrationhub.sync.models import Schedule
from mappings_app.applying import apply_plan
from mappings_app.columns import WantedRow
from mappings_app.kinds import kind_named
from mappings_app.planning import make_plan
from mappings_app.saving import save_mapping

RULE, REASON = "demo", "Imported at the start"
BRANDS: Mapping[str, Mapping[str, str]] = {
    NORDHEM: {"name": "Nordhem", "timezone": "Europe/London", "reporting_currency": "GBP"},
    FELLMARK: {"name": "Fellmark", "timezone": "Europe/Stockholm", "reporting_currency": "SEK"},
}
BOTH = (NORDHEM, FELLMARK)


@dataclass(frozen=True, kw_only=True)
class DemoPerson:
    username: str
    name: str
    role: RoleGrant.Role
    brands: tuple[str, ...] = (NORDHEM,)

    @property
    def brand_names(self) -> str:
        return " and ".join(BRANDS[code]["name"] for code in self.brands)


PEOPLE = (
    DemoPerson(username="olivia", name="Olivia Hart", role=RoleGrant.Role.OPS),
    DemoPerson(username="oskar", name="Oskar Dahl", role=RoleGrant.Role.OPS, brands=(FELLMARK,)),
    DemoPerson(username="emil", name="Emil Lund", role=RoleGrant.Role.ECOMMERCE),
    DemoPerson(username="farah", name="Farah Khan", role=RoleGrant.Role.FINANCE, brands=BOTH),
    DemoPerson(username="arthur", name="Arthur Webb", role=RoleGrant.Role.FINANCE_APPROVER, brands=BOTH),
    DemoPerson(username="vera", name="Vera Sand", role=RoleGrant.Role.VIEWER),
    DemoPerson(username="audrey", name="Audrey Cole", role=RoleGrant.Role.AUDITOR, brands=BOTH),
    DemoPerson(username="adam", name="Adam Berg", role=RoleGrant.Role.ADMIN, brands=BOTH),
)
MARKETS = {
    "GB": ("1", "1"),
    "SE": ("2", "2"),
    "DE": ("3", "3"),
    "FR": ("3", "3"),
}  # channel → Centra market, price list
RATES = {"EUR": "0.86", "SEK": "0.075", "USD": "0.79"}
# How Fellmark's shop says it, and how Fulfil does: market, delivery, payment, carrier (from Fulfil to the shop).
ONWARD_MAPPINGS = (
    ("market", "Sweden", "3"),
    ("shipping_service", "standard-sek", "postnord_mypack"),
    ("payment_method", "marketplace", "manual"),
    ("payment_method", "card", "manual"),
    ("carrier", "PostNord", "PostNord"),
    ("carrier", "DHL", "DHL"),
)
FULFIL_CHANNEL, FULFIL_WAREHOUSE, CENTRA_WAREHOUSE = 3, "4", 1
POLL_SECONDS = {
    "read_orders": 60,
    "read_events": 15,
    "read_dispatches": 60,
    "read_received": 20,
    "read_credit_notes": 20,
    "watch_acceptance": 20,
    "scan_stock": 300,
    "list_listings": 60,
    "read_products": 60,
    "publish_listings": 60,
}
NARROW_ZERO_PERCENT, WIDE_PERCENT = 5, 100


def new_password() -> str:
    """One password for every demo login: made once and kept beside the demo's state."""
    return f"nordhem-{ports.new_id()[:8]}"


def tell_addresses(shops: Shops, port: int) -> None:
    """Where the sandboxes send their webhooks."""
    for code, centra in shops.centras.items():
        centra.configure_webhooks(url=_webhook_address(code, "Centra", port), retries=3)
    shops.fulfil.configure_webhooks(_webhook_address(FELLMARK, "Fulfil", port))


def _webhook_address(code: str, name: str, port: int) -> str:
    row = Connection.objects.get(brand__code=code, name=name)
    return f"http://127.0.0.1:{port}/webhooks/{row.webhook_path}/"


@transaction.atomic
def set_up(shops: Shops, *, password: str) -> None:
    """Everything the brands enter by hand when they start. Repeating it refreshes addresses and passwords only."""
    made = {code: Brand.objects.get_or_create(code=code, defaults=dict(values)) for code, values in BRANDS.items()}
    brands = {code: brand for code, (brand, _) in made.items()}
    _people(brands, password)
    offices = {NORDHEM: CENTRA, FELLMARK: FELLMARK_CENTRA}
    centras = {
        code: _centra(brand, shops.centras[code], pages=shops.office.addresses(offices[code]))
        for code, brand in brands.items()
    }
    for stall in shops.marketplaces.values():
        brand = brands[stall.plan.brand]
        _link(brand, _marketplace(brand, stall, shops), centras[brand.code], acceptance_policy=stall.plan.policy)
    fulfil = _fulfil(brands[FELLMARK], shops)
    _link(brands[FELLMARK], centras[FELLMARK], fulfil, own_mappings_only=True, equal_skus=True)
    if any(is_new for _, is_new in made.values()):
        _fill(brands, shops)


def _fill(brands: Mapping[str, Brand], shops: Shops) -> None:
    _rates(brands[NORDHEM])
    for brand in brands.values():
        _mappings(brand, shops)
    _onward_mappings(brands[FELLMARK])
    _stock(brands[NORDHEM])
    products.set_up(brands[NORDHEM])
    ticks.plan_schedules()
    for flow, seconds in POLL_SECONDS.items():
        Schedule.objects.filter(flow=flow).update(cadence_seconds=seconds)


def _people(brands: Mapping[str, Brand], password: str) -> None:
    hashed = make_password(password)  # once: it is one password, and slow to hash on purpose
    for person in PEOPLE:
        first, last = person.name.split()
        user, _ = get_user_model().objects.get_or_create(
            username=person.username, defaults={"first_name": first, "last_name": last, "is_staff": True}
        )
        user.password = hashed
        user.save()
        for code in person.brands:
            RoleGrant.objects.get_or_create(user=user, brand=brands[code], role=person.role)


def _connection(brand: Brand, name: str, platform: str, base_url: str, **account: Any) -> Connection:
    values = {"platform": platform, "base_url": base_url, **account}
    row, _ = Connection.objects.update_or_create(brand=brand, name=name, defaults=values)
    return row


def _centra(brand: Brand, sandbox: CentraSandbox, *, pages: Mapping[str, str]) -> Connection:
    keys = sandbox.credentials()
    return _connection(
        brand,
        "Centra",
        "centra",
        sandbox.base_url,
        credentials={name: keys[name] for name in ("token", "order_api_key", "webhook_secret")},
        timezone="Europe/Stockholm",
        settings={
            "order_api_path": keys["order_api_path"],
            "tier": "enterprise",
            "allocation_rule_id": 1,
            "payment_method": "11",
            **pages,
            **({"stock_warehouse_id": CENTRA_WAREHOUSE, "capture_payments": True} if brand.code == FELLMARK else {}),
        },
    )


def _fulfil(brand: Brand, shops: Shops) -> Connection:
    return _connection(
        brand,
        "Fulfil",
        "fulfil",
        shops.fulfil.base_url,
        credentials=shops.fulfil.credentials(),
        timezone="Europe/Stockholm",
        settings={
            "channel_id": FULFIL_CHANNEL,
            "warehouse_ids": FULFIL_WAREHOUSE,
            "payment_method": "manual",
            "calls_per_second": 10,
            **shops.office.addresses(FULFIL),
        },
    )


def _marketplace(brand: Brand, stall: Stall, shops: Shops) -> Connection:
    account = stall.account()
    settings = {**account["settings"], **shops.office.addresses(stall.plan.key)}
    return _connection(
        brand, stall.plan.name, stall.plan.platform, stall.sandbox.base_url, **{**account, "settings": settings}
    )


def _link(brand: Brand, source: Connection, target: Connection, **values: Any) -> None:
    prefix = next((plan.link_prefix for plan in MARKETPLACES if plan.name == source.name), "")
    reasons = {} if source.platform == "centra" else _REASONS.get(source.platform, {})
    Link.objects.get_or_create(
        source=source,
        target=target,
        defaults={
            "brand": brand,
            "started_at": ports.now() - timedelta(days=DAYS + 1),
            "reference_prefix": prefix,
            **reasons,
            **values,
        },
    )


_REASONS: Mapping[str, Mapping[str, str]] = {
    "mirakl": {"refund_reason": "15", "cancellation_reason": "34"},
    "marketplacer": {"refund_reason": "Out of stock", "cancellation_reason": "Out of stock"},
}


def _rates(brand: Brand) -> None:
    today = ports.now().date()
    ConversionRate.objects.bulk_create(
        ConversionRate(
            brand=brand, currency=currency, rate_date=today - timedelta(days=30), rate=Decimal(rate), source="demo"
        )
        for currency, rate in RATES.items()
    )


def _mappings(brand: Brand, shops: Shops) -> None:
    """Every SKU (but one of Nordhem's), every channel, every delivery method, every carrier but one of some."""
    _import_skus(brand, shops.goods[brand.code])
    for channel, (market, price_list) in MARKETS.items():
        _map(brand, "market", channel, market, attributes={"price_list": price_list})
    for stall in shops.marketplaces.values():
        if stall.plan.brand == brand.code:
            _channel_mappings(brand, stall)


def _import_skus(brand: Brand, goods: Sequence[CatalogueItem]) -> None:
    """As from a file: hundreds in a few statements."""
    missing = unknown_item(goods).sku if brand.code == NORDHEM else ""
    rows = [
        WantedRow(number=number, from_code=item.sku, to_code=item.sku, to_label=item.title)
        for number, item in enumerate(goods, start=1)
        if item.sku != missing
    ]
    plan = make_plan(rows, kind=kind_named("sku"), brand=brand, file_name="skus.csv", actor=RULE)
    apply_plan(plan.pk, actor=RULE, reason=REASON)


def _channel_mappings(brand: Brand, stall: Stall) -> None:
    plan, link = stall.plan, Link.objects.get(source__name=stall.plan.name, brand=brand)
    market, price_list = plan.market
    if market:
        _map(brand, "market", "", market, attributes={"price_list": price_list}, link=link)
    for theirs, ours in plan.services:
        _map(brand, "shipping_service", theirs, ours, link=link)
    for carrier, listed in plan.carriers:
        _map(brand, "carrier", carrier, stall.carrier_code(listed), to_label=listed, link=link)


def _onward_mappings(brand: Brand) -> None:
    """From the shop to Fulfil, where SKUs are spelled alike."""
    link = Link.objects.get(brand=brand, target__name="Fulfil")
    for kind, theirs, ours in ONWARD_MAPPINGS:
        _map(brand, kind, theirs, ours, link=link)


def _stock(brand: Brand) -> None:
    """A rule for all, one for a category, and a channel that is looked after closely."""
    StockRule.objects.create(
        brand=brand, buffer_units=2, changed_by="emil", reason="Two of each stay back for the shop in town."
    )
    StockRule.objects.create(
        brand=brand, category="SHOES", buffer_percent=10, floor=3, changed_by="emil", reason="Odd sizes run out fast."
    )
    careful = Link.objects.get(brand=brand, source__name=CAREFUL)
    StockLimits.objects.create(link=careful, zero_percent=NARROW_ZERO_PERCENT, move_percent=WIDE_PERCENT)
    # These take some dozens of SKUs at a time: until all are told, a usual day's changes are a large share of what is.
    for link in Link.objects.filter(brand=brand).exclude(pk=careful.pk):
        StockLimits.objects.create(link=link, zero_percent=WIDE_PERCENT, move_percent=WIDE_PERCENT)


def _map(brand: Brand, kind: str, from_code: str, to_code: str, **values: object) -> None:
    save_mapping(
        kind=kind,
        brand=brand,
        from_code=from_code,
        to_code=to_code,
        actor=RULE,
        reason=REASON,
        **values,  # type: ignore[arg-type]
    )
