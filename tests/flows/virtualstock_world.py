"""A brand that supplies one retailer on Virtualstock from its Centra: both sandboxes, the real connectors, one clock."""

import json
from dataclasses import dataclass
from typing import Any, cast

from connectors import ports
from connectors.centra.sandbox import CentraSandbox
from connectors.models import Brand, Connection, Link
from connectors.sandboxkit import JournalEntry
from connectors.virtualstock.sandbox import VirtualstockSandbox
from exceptions_app.models import ExceptionCase
from exceptions_app.telling import explain
from integrationhub.sync.places import place
from tests.flows.world import World

TEE, COAT = "HV-TEE-M", "HV-COAT-38"
SKUS = {TEE: "TEE-BLK-M", COAT: "COAT-NVY-38"}
# Line references as retailers write them: with zeros in front, and of no use as numbers.
GOODS = (
    {"sku": TEE, "quantity": 2, "cost": "12.00", "reference": "0501"},
    {"sku": COAT, "cost": "80.00", "reference": "0502"},
)


@dataclass
class Supplier(World):
    edge: VirtualstockSandbox

    # --- what the retailer and time do ----------------------------------------------------------------------------
    def order_goods(self, *lines: dict[str, Any], **values: Any) -> str:
        """The retailer orders two tees and a coat, unless told otherwise. Returns its number."""
        service = values.pop("delivery_service_code", "standard")
        return self.edge.add_order(lines=lines or GOODS, delivery_service_code=service, **values)

    def taken(self, *lines: dict[str, Any], **values: Any) -> str:
        """An order that the hub has acknowledged and created."""
        reference = self.order_goods(*lines, **values)
        self.poll()
        self.poll()
        assert set(self.edge.line_statuses(reference)) == {"ORDER_ACK"}, self.reasons()
        return reference

    def ship(self, reference: str, *, carrier: str = "DPD Next Day", **values: Any) -> None:
        """The warehouse packs all of it, or `lines`, and the hub hears of it."""
        (order,) = self.in_centra(reference)
        self.centra.ship_order(
            order.number, carrier=carrier, tracking=values.pop("tracking", "15501234567890"), **values
        )
        self.advance(3)
        self.run("read_dispatches")

    def setting(self, **values: Any) -> None:
        """A person changes the connection."""
        self.northgate.settings.update(values)
        self.northgate.save()
        place.forget()

    # --- what is seen ---------------------------------------------------------------------------------------------
    def bodies(self, operation: str) -> list[dict[str, Any]]:
        """What was sent to the retailer by this call, in order."""
        return [json.loads(entry.body) for entry in self.edge.journal.entries(operation)]

    def items(self, operation: str) -> list[dict[str, Any]]:
        return [item for body in self.bodies(operation) for item in body["items"]]

    def writes(self) -> list[str]:
        """The operations that changed something at the retailer, in order; tokens change nothing."""
        return [entry.operation for entry in self.edge.journal.entries() if is_write(entry)]

    def sentences(self) -> list[str]:
        rows = ExceptionCase.objects.unresolved().order_by("pk")
        return [str(explain(case, now=self.clock.now()).sentence) for case in rows]


def is_write(entry: JournalEntry) -> bool:
    return entry.method != "GET" and entry.operation not in ("requestToken", "refreshToken")


def build(
    clock: ports.VirtualClock, edge: VirtualstockSandbox, centra: CentraSandbox, *, zone: str, **settings: Any
) -> Supplier:
    place.forget()
    brand = Brand.objects.create(code="nordhem", name="Nordhem", reporting_currency="GBP", timezone="Europe/London")
    keys, centra_keys = edge.credentials(), centra.credentials()
    source = Connection.objects.create(
        brand=brand,
        platform="virtualstock",
        name="Harrow & Vale",
        base_url=edge.base_url,
        credentials={"password": keys["password"]},
        settings={
            "username": keys["username"],
            "retailer_id": 7001,
            "client_id": 8801,
            "price_field": "cost_price",
            **settings,
        },
        timezone=zone,
    )
    target = Connection.objects.create(
        brand=brand,
        platform="centra",
        name="Centra",
        base_url=centra.base_url,
        credentials={name: centra_keys[name] for name in ("token", "order_api_key", "webhook_secret")},
        settings={
            "order_api_path": centra_keys["order_api_path"],
            "tier": "enterprise",
            "allocation_rule_id": 1,
            "payment_method": "11",
            "price_list": "1",
            "market": "1",
        },
        timezone="Europe/Stockholm",
    )
    link = Link.objects.create(brand=brand, source=source, target=target, fallback_email="orders@nordhem.example")
    clock.follow(edge.advance, centra.advance)
    return Supplier(
        clock=clock,
        mirakl=cast(Any, None),
        centra=centra,
        brand=brand,
        northgate=source,
        centra_row=target,
        link=link,
        edge=edge,
    )


def map_all(supplier: Supplier) -> Supplier:
    """Every SKU, delivery service and carrier."""
    for theirs, ours in SKUS.items():
        supplier.map("sku", theirs, ours)
    supplier.map("shipping_service", "standard", "standard-gbp")
    supplier.map("carrier", "DPD Next Day", "dpd")
    return supplier
