"""The usual world with a warehouse behind it: Northgate → Centra → Fulfil. Orders are handed on by the tests themselves."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.db.models import F

from connectors import ports
from connectors.canonical.money import Money
from connectors.canonical.options import OrderOptions
from connectors.canonical.orders import Address, Order, OrderLine, OrderState
from connectors.centra import translate
from connectors.centra.connector import CentraConnector
from connectors.fulfil.connector import FulfilConnector
from connectors.fulfil.sandbox import FulfilSandbox
from connectors.fulfil.sandbox.sales import shipments_of
from connectors.fulfil.sandbox.shipments import outgoing
from connectors.http import OpenGate
from connectors.models import Connection, Link
from integrationhub.orders.ledger import record_sold
from integrationhub.orders.models import SoldDispatch, SoldOrder
from integrationhub.sync import drain
from integrationhub.sync.places import place
from tests.flows.hub import work_off
from tests.flows.world import SKUS, World

ALICE = Address(
    first_name="Alice",
    last_name="Ågren",
    street=("1 High Street",),
    postal_code="LS1 4AP",
    city="Leeds",
    country="GB",
    email="alice@example.com",
)
WEB_SHOP = OrderOptions(email="alice@example.com", paid=False, market="1", price_list="1")


@dataclass
class Warehouse(World):
    fulfil: FulfilSandbox
    fulfil_row: Connection
    onward: Link  # Centra → Fulfil

    def work(self) -> drain.Tally:
        return work_off([self.northgate.pk, self.centra_row.pk, self.fulfil_row.pk])

    # --- orders ---------------------------------------------------------------------------------------------------
    def buy(self, **units: int) -> int:
        """Somebody buys in Centra's own web shop, by SKU with _ for -; the confirmed order's number."""
        lines = tuple(
            OrderLine(
                line_id=sku,
                sku=sku.replace("_", "-"),
                quantity=quantity,
                unit_price=gbp("20.00"),
                line_total=gbp("20.00") * quantity,
                shipping=gbp("0"),
            )
            for sku, quantity in units.items()
        )
        order = order_of("W-1", lines, shipping=gbp("4.00"))
        seller = CentraConnector(self.centra_row.account(), gate=OpenGate())
        body = {**translate.build_order(order, WEB_SHOP), "comment": "Ring twice"}
        number = int(seller.client.create_order(body, reference="W-1"))
        self.centra.confirm_order(number)
        return number

    def hand_on(self, number: int) -> int:
        """The Centra order as it comes to stand in Fulfil, released; the sale's number there."""
        order = self._as_sold(number)
        keeper = FulfilConnector(self.fulfil_row.account(), gate=OpenGate())
        options = OrderOptions(email="alice@example.com", paid=True, payment_method="adyen")
        sale = keeper.send_order(order, options)
        made = keeper.read_order(sale)
        assert made is not None
        keeper.finish_order(made, order, options, confirm=True)
        row = record_sold(order, link=self.onward, record_id=None)
        row.lines.update(target_sku=F("sku"))
        SoldOrder.objects.filter(pk=row.pk).update(target_external_id=sale, target_state="CONFIRMED")
        return int(sale)

    def read_back(self, number: int, state: OrderState) -> None:
        """What a poll of Centra writes down of the order."""
        order = self._as_sold(number)
        record_sold(replace(order, state=state), link=self.onward, record_id=None)

    def _as_sold(self, number: int) -> Order:
        placed = self.centra.order(number)
        lines = tuple(
            OrderLine(
                line_id=str(line.id),
                sku=line.sku,
                quantity=line.quantity or line.original_quantity,
                unit_price=gbp(str(line.unit_price)),
                line_total=gbp(str(line.unit_price)) * (line.quantity or line.original_quantity),
                shipping=gbp("0"),
                cancelled=line.quantity == 0,
            )
            for line in placed.lines
        )
        return order_of(str(number), lines, shipping=gbp(str(placed.shipping)))

    # --- what the warehouse does ----------------------------------------------------------------------------------
    def shipments(self, sale: int) -> list[int]:
        return [row["id"] for row in shipments_of(self.fulfil.tenant, self.fulfil.tenant.row("sale.sale", sale))]

    def split(self, sale: int, units: Mapping[str, int]) -> tuple[int, int]:
        """Put these units, by SKU, into a shipment of their own; both shipments."""
        tenant = self.fulfil.tenant
        (shipment,) = self.shipments(sale)
        codes = {row["id"]: row["code"] for row in tenant.select("product.product")}
        moves = outgoing(tenant, tenant.row("stock.shipment.out", shipment))
        parts = {move["id"]: units[codes[move["product"]]] for move in moves if codes[move["product"]] in units}
        return shipment, self.fulfil.split_shipment(shipment, parts)

    def leave(self, shipment: int, *, tracking: str = "T1", carrier: str = "PostNord") -> None:
        self.fulfil.ship(shipment, tracking_number=tracking, carrier=carrier)
        self.advance(3)

    def tell(self) -> None:
        """The hub reads what left, everywhere, and does what follows."""
        self.run("read_dispatches")

    # --- what is seen ---------------------------------------------------------------------------------------------
    def in_shop(self, number: int) -> list[Any]:
        return list(self.centra.order(number).shipments)

    def dispatches(self, number: int) -> list[SoldDispatch]:
        rows = SoldDispatch.objects.filter(order__link=self.onward, order__reference=str(number))
        return list(rows.order_by("pk"))

    def mutations(self) -> dict[str, int]:
        names = ("createShipment", "updateShipment", "completeShipment")
        return {name: count for name in names if (count := len(self.centra.calls(name)))}


def gbp(amount: str) -> Money:
    return Money(Decimal(amount), "GBP")


def order_of(reference: str, lines: tuple[OrderLine, ...], *, shipping: Money) -> Order:
    total = sum((line.line_total for line in lines if not line.cancelled), start=gbp("0")) + shipping
    return Order(
        reference=reference,
        state=OrderState.READY_TO_SHIP,
        source_state="CONFIRMED",
        currency="GBP",
        placed_at=ports.now(),
        updated_at=ports.now(),
        tax_included=True,
        lines=lines,
        shipping=shipping,
        total=total,
        shipping_address=ALICE,
    )


def behind(world: World, fulfil: FulfilSandbox) -> Warehouse:
    """The world with Fulfil behind its Centra, linked, and Fulfil's carrier mapped for Centra."""
    fulfil.configure(calls_per_second=100_000)
    for sku in SKUS.values():
        fulfil.add_product(sku, stock=50)
    row = Connection.objects.create(
        brand=world.brand,
        platform="fulfil",
        name="Fulfil",
        base_url=fulfil.base_url,
        credentials=fulfil.credentials(),
        settings={"channel_id": 3, "warehouse_ids": "4", "payment_method": "adyen"},
        timezone="Europe/Stockholm",
    )
    onward = Link.objects.create(brand=world.brand, source=world.centra_row, target=row)
    place.forget()
    world.clock.follow(fulfil.advance)
    return Warehouse(**vars(world), fulfil=fulfil, fulfil_row=row, onward=onward)
