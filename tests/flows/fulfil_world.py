"""Fulfil owns the stock, Centra is its channel, and a marketplace sells what Centra has: three sandboxes on one clock."""

import json
from dataclasses import dataclass, fields
from typing import Any

from django.db.models import F
from django.test import Client

from connectors.canonical.stock import StockLevel
from connectors.centra.events import LISTENERS
from connectors.centra.sandbox import CentraSandbox
from connectors.fulfil.sandbox import FulfilSandbox
from connectors.models import Connection, Link
from integrationhub.inventory import ledger, listing, promises, readings
from integrationhub.inventory.models import ChannelStock, DriftScan
from integrationhub.orders.models import SoldOrder
from integrationhub.sync import drain
from tests.flows.hub import work_off
from tests.flows.world import SKUS, World

# Centra's SKU → Fulfil's
IN_FULFIL = {"TEE-BLK-M": "F-TEE-M", "TEE-BLK-L": "F-TEE-L", "COAT-NVY-38": "F-COAT"}
SHELVED = 1  # the warehouse in Centra that the hub writes


@dataclass
class FulfilWorld(World):
    fulfil: FulfilSandbox
    fulfil_row: Connection
    upstream: Link  # Centra → Fulfil

    def work(self) -> drain.Tally:
        return work_off([self.northgate.pk, self.centra_row.pk, self.fulfil_row.pk])

    def agree(self, **units: int) -> None:
        """All three show these units, by Centra's SKU, `COAT_NVY_38` for COAT-NVY-38; everything was told and taken before."""
        now = self.clock.now()
        in_centra = {sku.replace("_", "-"): count for sku, count in units.items()}
        in_fulfil = {IN_FULFIL[sku]: count for sku, count in in_centra.items()}
        for sku, count in in_centra.items():
            self.centra.set_stock(sku, count)
            self.mirakl.set_offer_quantity(f"NG-{sku}", count)
        self.centra.shop.events.listen(self.centra.integration, [listener.as_input() for listener in LISTENERS])
        for link, known in ((self.upstream, in_fulfil), (self.link, in_centra)):
            listing.refresh(link)
            levels = [StockLevel(sku=sku, available=count, as_of=now) for sku, count in known.items()]
            readings.record(link.target_id, levels)
            ledger.compute(link.source, [link])
        DriftScan.objects.create(channel=self.centra_row, began_at=now, ended_at=now)
        told = {"acknowledged": F("computed"), "acknowledged_at": now, "state": ChannelStock.State.ACKNOWLEDGED}
        ChannelStock.objects.update(**told)
        self.advance(1)

    # --- what people and time do ----------------------------------------------------------------------------------
    def told_by_fulfil(self, *skus: str) -> int:
        """Fulfil's webhook for these products, as it is delivered; the answer's status."""
        body, headers = self.fulfil.signed_webhook(*skus)
        sent: dict[str, Any] = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
        sent.pop("HTTP_CONTENT_TYPE")
        path = f"/webhooks/{self.fulfil_row.webhook_path}/"
        return Client().post(path, body, content_type="application/json", **sent).status_code

    def sold_in_the_shop(self, *lines: tuple[str, int, str]) -> str:
        """An order of Centra's own web shop that nobody has paid yet, and that the hub has read. Returns its number."""
        number = str(sell_in_the_shop(self.centra, *lines))
        self.advance(5)
        self.run("read_orders")
        return number

    def is_in_fulfil(self, number: str) -> None:
        """The order was created there: Fulfil's next count is without its units."""
        SoldOrder.objects.filter(reference=number).update(target_created_at=self.clock.now())
        held = promises.held(self.upstream.pk, number)
        promises.owner_knows(self.upstream, number, held, since=self.clock.now(), reason="")

    # --- what the hub does ----------------------------------------------------------------------------------------
    def read(self) -> None:
        """Every reading that is due, of Fulfil and of Centra."""
        self.advance(61)
        self.run("read_stock")

    def publish(self, *, seconds: float = 120) -> None:
        """One slot of both channels, followed to the end."""
        self.advance(61)
        self.start("publish_stock")
        self.wait(seconds)

    def hear(self) -> None:
        """What Centra's queue tells, and all that follows from it."""
        self.advance(61)
        self.run("read_events")
        self.wait(30)

    def settle(self) -> None:
        """Centra is told, tells that it changed, is read, and the marketplace is told."""
        self.publish()
        self.hear()
        self.publish()

    # --- what is seen ---------------------------------------------------------------------------------------------
    def in_centra_now(self, sku: str = "COAT-NVY-38") -> tuple[int, int, int]:
        """(on the shelf, allocated, free) in the warehouse that the hub writes."""
        stock = self.centra.stock(sku, warehouse=SHELVED)
        return stock["physical"], stock["allocated"], stock["free"]

    def at_northgate(self, sku: str = "NG-COAT-NVY-38") -> int:
        return int(self.mirakl.market.offers[sku].quantity)

    def row(self, sku: str = "COAT-NVY-38") -> ChannelStock:
        return ChannelStock.objects.get(link=self.upstream, channel_sku=sku)

    def writes(self) -> list[dict[str, int]]:
        """Each time that stock was set in Centra: size id → units on the shelf."""
        bodies = [json.loads(entry.body)["variables"] for entry in self.centra.calls("setStock")]
        return [{level["productSize"]["id"]: level["quantity"] for level in body["levels"]} for body in bodies]


def build(world: World, fulfil: FulfilSandbox) -> FulfilWorld:
    """`world` has mapped nothing yet. Links map their own SKUs: one brand's default would be told to both channels."""
    fulfil.configure(calls_per_second=100_000)
    row = Connection.objects.create(
        brand=world.brand,
        platform="fulfil",
        name="Fulfil",
        base_url=fulfil.base_url,
        credentials=fulfil.credentials(),
        settings={"channel_id": 3, "warehouse_ids": "4", "payment_method": "adyen", "calls_per_second": 1000},
        timezone="Europe/Stockholm",
    )
    world.centra_row.settings["stock_warehouse_id"] = SHELVED
    world.centra_row.save()
    upstream = Link.objects.create(brand=world.brand, source=world.centra_row, target=row)
    world.clock.follow(fulfil.advance)
    values: dict[str, Any] = {field.name: getattr(world, field.name) for field in fields(World)}
    built = FulfilWorld(**values, fulfil=fulfil, fulfil_row=row, upstream=upstream)
    built.roomy()
    for theirs, ours in SKUS.items():
        built.map("sku", theirs, ours, link=built.link)
        built.mirakl.add_offer(theirs)
    for theirs, ours in IN_FULFIL.items():
        built.map("sku", theirs, ours, link=upstream)
    return built


def stocked(sandbox: FulfilSandbox) -> FulfilSandbox:
    for sku, units in (("F-TEE-M", 30), ("F-TEE-L", 20), ("F-COAT", 5)):
        sandbox.add_product(sku, stock=units)
    return sandbox


def sell_in_the_shop(centra: CentraSandbox, *lines: tuple[str, int, str]) -> int:
    """An order of Centra's own web shop. Returns its number."""
    from tests.connectors.centra.sandbox.api import Api

    return Api(centra).confirmed(*lines)
