"""One marketplace of the demo, whatever its platform: opened with goods, sold at, looked at, and where its connection leads."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any, ClassVar

from connectors import ports
from connectors.marketplacer.sandbox import MarketplacerSandbox
from connectors.marketplacer.sandbox.catalogue import load_catalogue
from connectors.mirakl.sandbox import MiraklSandbox
from connectors.sandboxdata import CatalogueItem, catalogue, person
from connectors.sandboxkit import Sandbox
from connectors.virtualstock.sandbox import VirtualstockSandbox

Basket = Sequence[tuple[CatalogueItem, int]]

FIRST_STOCK = 60  # of each article, before the hub tells a figure
LEAD_DAYS = 3
GERMAN_VAT = "19"
COST_PERCENT = 45  # what a retailer pays the supplier, of the retail price


@dataclass(frozen=True, kw_only=True)
class MarketplacePlan:
    key: str
    brand: str
    name: str
    platform: str
    currency: str
    countries: tuple[str, ...]
    prefix: str  # what its order numbers begin with in Centra
    orders: int  # of the two weeks
    policy: str = "RESERVE_FIRST"
    link_prefix: str = ""
    market: tuple[str, str] = ("", "")  # Centra's market and price list, where orders name no channel
    services: tuple[tuple[str, str], ...]  # as it says, and Centra's shipping option
    carriers: tuple[tuple[str, str], ...]  # as the warehouse writes them, and the name or code that it lists
    strange_carrier: str = ""  # one that nobody has mapped for it,
    strange_parcels: int = 0  # and how many parcels leave with it


class Stall(ABC):
    platform: ClassVar[str]

    def __init__(self, plan: MarketplacePlan, sandbox: Any) -> None:
        self.plan = plan
        self.sandbox = sandbox

    @classmethod
    @abstractmethod
    def opened(cls, plan: MarketplacePlan, goods: Sequence[CatalogueItem], *, seed: int) -> Sandbox:
        """A new sandbox that offers these goods."""

    @abstractmethod
    def sell(self, basket: Basket, *, at: datetime | None = None, waits: bool = True) -> str:
        """A customer buys. Returns the order's number. `waits` False: it is accepted already."""

    @abstractmethod
    def shown(self, sku: str) -> int:
        """How many customers can buy."""

    @abstractmethod
    def has_left(self, reference: str) -> bool:
        """Whether the customer is told that it was shipped."""

    @abstractmethod
    def references(self) -> list[str]:
        """The numbers of its orders, oldest first."""

    @abstractmethod
    def record(self, reference: str) -> Mapping[str, Any]:
        """An order as the platform itself holds it; empty for one that it does not know."""

    @abstractmethod
    def ask_to_cancel(self, reference: str) -> None:
        """The customer, or the retailer, does not want it any more."""

    @abstractmethod
    def account(self) -> Mapping[str, Any]:
        """The connection's credentials and settings."""

    def carrier_code(self, name: str) -> str:
        """The code that dispatches name a listed carrier by."""
        return name


class MiraklStall(Stall):
    platform = "mirakl"
    sandbox: MiraklSandbox

    @classmethod
    def opened(cls, plan: MarketplacePlan, goods: Sequence[CatalogueItem], *, seed: int) -> Sandbox:
        sandbox = MiraklSandbox(
            currency=plan.currency,
            countries=plan.countries,
            order_prefix=plan.prefix,
            seed=seed + plan.orders,
            catalogue_seed=seed,
            settings={"platform_name": plan.name, "shop_name": plan.brand.capitalize()},
        )
        if {item.sku for item in goods} == {item.sku for item in catalogue(seed)}:
            sandbox.load_offers()  # with its own categories and attributes
            return sandbox
        for item in goods:
            price = str(item.prices[plan.currency])
            sandbox.add_offer(item.sku, quantity=FIRST_STOCK, price=price, title=item.title)
        return sandbox

    def sell(self, basket: Basket, *, at: datetime | None = None, waits: bool = True) -> str:
        lines = [
            {"sku": item.sku, "title": item.title, "quantity": units, "price": str(item.prices[self.plan.currency])}
            for item, units in basket
        ]
        return str(self.sandbox.add_order(lines=lines, created_at=at, advance_to="" if waits else "SHIPPING"))

    def shown(self, sku: str) -> int:
        return int(self.sandbox.offer(sku)["quantity"])

    def has_left(self, reference: str) -> bool:
        return bool(self.sandbox.order(reference)["order_state"] == "SHIPPED")

    def references(self) -> list[str]:
        return [order.order_id for order in list(self.sandbox.market.orders.values())]

    def record(self, reference: str) -> Mapping[str, Any]:
        return dict(self.sandbox.order(reference)) if reference in self.references() else {}

    def ask_to_cancel(self, reference: str) -> None:
        self.sandbox.cancel_order(reference)

    def account(self) -> Mapping[str, Any]:
        keys = self.sandbox.credentials()
        return {"credentials": {"api_key": keys["api_key"]}, "settings": {"shop_id": keys["shop_id"]}}


class VirtualstockStall(Stall):
    platform = "virtualstock"
    sandbox: VirtualstockSandbox

    def __init__(self, plan: MarketplacePlan, sandbox: Any) -> None:
        super().__init__(plan, sandbox)
        self._people = Random(plan.orders)  # noqa: S311  sample people, not a secret

    @classmethod
    def opened(cls, plan: MarketplacePlan, goods: Sequence[CatalogueItem], *, seed: int) -> Sandbox:
        sandbox = VirtualstockSandbox(retailer={"name": plan.name}, order_prefix=plan.prefix, seed=seed)
        for item in goods:
            price = str(item.prices[plan.currency])
            sandbox.add_product(item.sku, title=item.title, price=price, stock=FIRST_STOCK)
        return sandbox

    def sell(self, basket: Basket, *, at: datetime | None = None, waits: bool = True) -> str:
        lines = [
            {"sku": item.sku, "title": item.title, "quantity": units, "cost": self._cost(item)}
            for item, units in basket
        ]
        return str(
            self.sandbox.add_order(
                lines=lines,
                placed_at=at,
                promised_days=self._promised_days(at),
                advance_to="" if waits else "ORDER_ACK",
                address=self._address(),
                delivery_service_code=self._people.choice(("standard", "standard", "express")),
            )
        )

    def _promised_days(self, at: datetime | None) -> int:
        """Two days from now at the earliest: what was sold long ago is not late before anybody begins."""
        return LEAD_DAYS + ((ports.now() - at).days if at else 0)

    def _cost(self, item: CatalogueItem) -> str:
        return f"{item.prices[self.plan.currency] * COST_PERCENT / 100:.2f}"

    def _address(self) -> dict[str, str | None]:
        who = person(self._people, self.plan.countries[0])
        return {
            "full_name": f"{who.first_name} {who.last_name}",
            "line_1": who.street_1,
            "line_2": who.street_2 or None,
            "city": who.city,
            "postal_code": who.zip_code,
            "phone": who.phone,
            "email": who.email,
        }

    def shown(self, sku: str) -> int:
        return int(self.sandbox.product(sku)["stock"])

    def has_left(self, reference: str) -> bool:
        return set(self.sandbox.line_statuses(reference)) == {"DISPATCH"}

    def references(self) -> list[str]:
        return [order.reference for order in list(self.sandbox.edge.orders.values())]

    def record(self, reference: str) -> Mapping[str, Any]:
        return dict(self.sandbox.order(reference)) if reference in self.references() else {}

    def ask_to_cancel(self, reference: str) -> None:
        self.sandbox.request_cancellation(reference)

    def account(self) -> Mapping[str, Any]:
        keys, retailer = self.sandbox.credentials(), next(iter(self.sandbox.edge.retailers.values()))
        return {
            "credentials": {"password": keys["password"]},
            "settings": {
                "username": keys["username"],
                "retailer_id": retailer.retailer_id,
                "client_id": retailer.client_id,
                "requests_per_minute": 1_200,
                "lead_time_days": 2,
            },
        }


class MarketplacerStall(Stall):
    platform = "marketplacer"
    sandbox: MarketplacerSandbox

    @classmethod
    def opened(cls, plan: MarketplacePlan, goods: Sequence[CatalogueItem], *, seed: int) -> Sandbox:
        settings = {"currency": plan.currency, "money_form": "€{}", "tax_rate": GERMAN_VAT}
        sandbox = MarketplacerSandbox(settings=settings)
        load_catalogue(sandbox.market, goods, stock=FIRST_STOCK)
        return sandbox

    def sell(self, basket: Basket, *, at: datetime | None = None, waits: bool = True) -> str:
        """Nobody accepts anything here: what is paid is to be shipped. Delivery is free."""
        lines = [
            {"sku": item.sku, "title": item.title, "quantity": units, "price": str(item.prices[self.plan.currency])}
            for item, units in basket
        ]
        return str(self.sandbox.add_order(lines=lines, created_at=at, country=self.plan.countries[0], postage="0"))

    def shown(self, sku: str) -> int:
        return int(self.sandbox.shown(sku)["quantity"])

    def has_left(self, reference: str) -> bool:
        return "SENT" in self.sandbox.invoice(reference)["flags"]

    def references(self) -> list[str]:
        with self.sandbox.lock:
            return [str(row["legacyId"]) for row in self.sandbox.market.of("Invoice")]

    def record(self, reference: str) -> Mapping[str, Any]:
        return dict(self.sandbox.invoice(reference)) if reference in self.references() else {}

    def ask_to_cancel(self, reference: str) -> None:
        units = {line["sku"]: line["quantity"] for line in self.sandbox.invoice(reference)["lines"]}
        self.sandbox.request_refund(reference, units=units)

    def account(self) -> Mapping[str, Any]:
        keys = self.sandbox.credentials()
        secret = {name: keys[name] for name in ("api_key", "webhook_secret", "webhook_hmac_key")}
        return {"credentials": secret, "settings": {"currency": keys["currency"]}}

    def carrier_code(self, name: str) -> str:
        carriers = self.sandbox.market.of("ShipmentCarrier")
        return next(str(row["id"]) for row in carriers if row["name"] == name)


STALLS: Mapping[str, type[Stall]] = {
    kind.platform: kind for kind in (MiraklStall, VirtualstockStall, MarketplacerStall)
}
