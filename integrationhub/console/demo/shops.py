"""The platforms of the demo, with two weeks of trade, kept between two starts.

Nordhem sells at a marketplace of each platform and fulfils in its shop, Centra. Fellmark sells at one, and its shop passes
its orders on to Fulfil, which owns its stock. All sandboxes live in the demo's own process.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from connectors.centra.sandbox import CentraSandbox
from connectors.fulfil.sandbox import FulfilSandbox
from connectors.sandboxdata import CatalogueItem, catalogue
from connectors.sandboxkit import Sandbox
from integrationhub.console.demo.office import Look, Looks, Office
from integrationhub.console.demo.stalls import STALLS, MarketplacePlan, Stall

SEED = 2026
DAYS = 14
UNKNOWN_SKU_ORDERS = 37
UNKNOWN_CARRIER = "DPD Next Day"
NORDHEM, FELLMARK = "nordhem", "fellmark"

MARKETPLACES = (
    MarketplacePlan(
        key="northgate",
        brand=NORDHEM,
        name="Northgate",
        platform="mirakl",
        currency="GBP",
        countries=("GBR",),
        prefix="NG",
        orders=140,
        services=(("STD", "standard-gbp"),),
        carriers=(("PostNord", "POSTNORD"), ("DHL", "DHL")),
        strange_carrier=UNKNOWN_CARRIER,
        strange_parcels=12,
    ),
    MarketplacePlan(
        key="harrow",
        brand=NORDHEM,
        name="Harrow & Vale",
        platform="virtualstock",
        currency="GBP",
        countries=("GBR",),
        prefix="HV",
        orders=45,
        policy="CREATE_FIRST",
        market=("1", "1"),
        services=(("standard", "standard-gbp"), ("express", "express-gbp")),
        carriers=(("Royal Mail", "royal-mail"), ("DPD", "dpd")),
        strange_carrier="Evri 48",
        strange_parcels=4,
    ),
    MarketplacePlan(
        key="harbour",
        brand=NORDHEM,
        name="Harbour & Co",
        platform="marketplacer",
        currency="EUR",
        countries=("DEU",),
        prefix="HC-",
        orders=50,
        link_prefix="HC-",  # it numbers its orders without letters
        market=("3", "3"),
        services=(("", "standard-eur"),),
        carriers=(("PostNord", "PostNord"), ("DHL", "DHL Express")),
    ),
    MarketplacePlan(
        key="kungsgatan",
        brand=FELLMARK,
        name="Kungsgatan",
        platform="mirakl",
        currency="SEK",
        countries=("SWE",),
        prefix="KG",
        orders=30,
        services=(("STD", "standard-sek"),),
        carriers=(("PostNord", "POSTNORD"), ("DHL", "DHL")),
        strange_carrier="Budbee",
        strange_parcels=3,
    ),
)
CENTRA, FELLMARK_CENTRA, FULFIL = "centra", "fellmark-centra", "fulfil"
UNLISTED, UNLISTED_AT = 4, "harrow"
RENUMBERED_AT = "harbour"
FELLMARK_GOODS = 60
CAREFUL = "Northgate"  # its limits are narrow: what passes elsewhere is held back there
# The tenants' tier, as their connections say: a day's trade is to be seen in minutes.
ENTERPRISE_LIMITS = {
    ("REQUEST_COUNT", "TEN_SECONDS"): 1_500,
    ("REQUEST_COUNT", "ONE_HOUR"): 85_000,
    ("MUTATION_COUNT", "TEN_SECONDS"): 500,
    ("MUTATION_COUNT", "ONE_HOUR"): 25_000,
    ("QUERY_COMPLEXITY", "TEN_SECONDS"): 250_000,
    ("QUERY_COMPLEXITY", "ONE_HOUR"): 30_000_000,
}


@dataclass(frozen=True, kw_only=True)
class Shops:
    marketplaces: dict[str, Stall]
    centras: dict[str, CentraSandbox]  # by brand
    fulfil: FulfilSandbox
    goods: Mapping[str, tuple[CatalogueItem, ...]]  # by brand
    fresh: bool  # made now, not restored
    office: Office = field(default_factory=Office)

    def each(self) -> Iterator[tuple[str, Sandbox]]:
        yield from ((key, stall.sandbox) for key, stall in self.marketplaces.items())
        yield from ((key, self.centras[brand]) for key, brand in ((CENTRA, NORDHEM), (FELLMARK_CENTRA, FELLMARK)))
        yield FULFIL, self.fulfil

    def start(self) -> None:
        for _, sandbox in self.each():
            sandbox.start()
        self.office.start(self._looks())

    def stop(self) -> None:
        self.office.stop()
        for _, sandbox in self.each():
            sandbox.stop()

    def _looks(self) -> Looks:
        """What the pages of a record are made of, by the keys of `each` and the kind of record."""
        stalls: dict[tuple[str, str], Look] = {(key, "order"): stall.record for key, stall in self.marketplaces.items()}
        for key, brand in ((CENTRA, NORDHEM), (FELLMARK_CENTRA, FELLMARK)):
            stalls[key, "order"] = partial(_centra_order, self.centras[brand])
            stalls[key, "return"] = partial(_centra_return, self.centras[brand])
        of_fulfil = partial(_fulfil_order, self.fulfil)  # a return is an order of its own there
        return {**stalls, (FULFIL, "order"): of_fulfil, (FULFIL, "return"): of_fulfil}

    def save(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        for key, sandbox in self.each():
            sandbox.save(directory / f"{key}.state")


def open_shops(directory: Path) -> Shops:
    """The shops as the last start left them in `directory`, else new ones."""
    goods = {NORDHEM: catalogue(SEED), FELLMARK: _fellmark_goods()}
    keys = [*(plan.key for plan in MARKETPLACES), CENTRA, FELLMARK_CENTRA, FULFIL]
    fresh = not all((directory / f"{key}.state").exists() for key in keys)
    found = _made(goods) if fresh else {key: Sandbox.load(directory / f"{key}.state") for key in keys}
    return Shops(
        marketplaces={plan.key: STALLS[plan.platform](plan, found[plan.key]) for plan in MARKETPLACES},
        centras={NORDHEM: found[CENTRA], FELLMARK: found[FELLMARK_CENTRA]},  # type: ignore[dict-item]
        fulfil=found[FULFIL],  # type: ignore[arg-type]
        goods=goods,
        fresh=fresh,
    )


def _made(goods: Mapping[str, tuple[CatalogueItem, ...]]) -> dict[str, Sandbox]:
    found: dict[str, Sandbox] = {}
    for plan in MARKETPLACES:
        left_out = {item.sku for item in unlisted_items(goods[NORDHEM])} if plan.key == UNLISTED_AT else set()
        offered = [item for item in goods[plan.brand] if item.sku not in left_out]
        offered += [renumbered_item(goods[NORDHEM])] if plan.key == RENUMBERED_AT else []
        found[plan.key] = STALLS[plan.platform].opened(plan, offered, seed=SEED)
    found[CENTRA] = _centra(goods[NORDHEM], first_order_number=88_001)
    found[CENTRA].set_stock(short_item(goods[NORDHEM]).sku, 0)  # type: ignore[attr-defined]
    found[FELLMARK_CENTRA] = _centra(goods[FELLMARK], first_order_number=52_001)
    found[FULFIL] = _fulfil(goods[FELLMARK])
    return found


def _centra(goods: tuple[CatalogueItem, ...], *, first_order_number: int) -> CentraSandbox:
    sandbox = CentraSandbox(live_webhooks=True, first_order_number=first_order_number)
    sandbox.load_catalogue(goods, stock=400)
    sandbox.set_limits(ENTERPRISE_LIMITS)
    return sandbox


def _fulfil(goods: tuple[CatalogueItem, ...]) -> FulfilSandbox:
    sandbox = FulfilSandbox(live_webhooks=True)
    sandbox.load_catalogue(goods, stock=300)
    return sandbox


def _fellmark_goods() -> tuple[CatalogueItem, ...]:
    """Jumpers and shirts, under numbers of its own."""
    items = [item for item in catalogue(SEED + 1) if item.category in ("Knitwear", "Shirts")][:FELLMARK_GOODS]
    return tuple(replace(item, sku=_renamed(item.sku), product_number=_renamed(item.product_number)) for item in items)


def _renamed(number: str) -> str:
    return number.replace("NV", "FM", 1)


# --- what a page of a record shows --------------------------------------------------------------------------------------
def _centra_order(centra: CentraSandbox, number: str) -> Mapping[str, Any] | None:
    order = centra.shop.orders.rows.get(int(number)) if number.isdigit() else None
    if order is None:
        return None
    lines = [{"SKU": line.sku, "quantity": line.quantity, "unit price": str(line.unit_price)} for line in order.lines]
    shipments = [{"number": item.number, "shipped": item.is_shipped} for item in order.shipments]
    return {"status": order.status, "comment": order.other_comment, "lines": lines, "shipments": shipments}


def _centra_return(centra: CentraSandbox, number: str) -> Mapping[str, Any] | None:
    found = centra.shop.returns.get(int(number)) if number.isdigit() else None
    if found is None:
        return None
    lines = [{"SKU": line.shipment_line.order_line.sku, "quantity": line.quantity} for line in found.lines]
    refunds = [{"status": entry.status, "amount": str(entry.amount)} for entry in found.refunds]
    return {"order": found.order.number, "status": found.return_status, "lines": lines, "refunds": refunds}


def _fulfil_order(fulfil: FulfilSandbox, number: str) -> Mapping[str, Any] | None:
    row = fulfil.tenant.tables["sale.sale"].get(int(number)) if number.isdigit() else None
    return None if row is None else fulfil.order_view(row)


# --- which articles the stories are about -----------------------------------------------------------------------------


def unknown_item(goods: Sequence[CatalogueItem]) -> CatalogueItem:
    """The article that sells well and that nobody has mapped."""
    return next(item for item in goods if item.category == "Coats" and item.size == "M")


def short_item(goods: tuple[CatalogueItem, ...]) -> CatalogueItem:
    """The article that is sold out in Centra while a marketplace still sells it."""
    return next(item for item in goods if item.category == "Shoes")


def renumbered_item(goods: tuple[CatalogueItem, ...]) -> CatalogueItem:
    """The article that one marketplace sells under a number of its own, which nobody has mapped."""
    item = next(item for item in goods if item.category == "T-shirts")
    return replace(item, sku=f"HC-{item.gtin[-6:]}")


def miscounted_items(goods: tuple[CatalogueItem, ...]) -> list[CatalogueItem]:
    """The articles that a broken count in Centra will take for sold out; nobody buys them meanwhile."""
    return [item for item in goods if item.category == "Dresses"]


def unlisted_items(goods: tuple[CatalogueItem, ...]) -> list[CatalogueItem]:
    """Mapped for every channel, but never put on offer at one of them: it refuses their stock."""
    return [item for item in goods if item.category == "Accessories"][:UNLISTED]
