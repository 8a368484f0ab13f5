"""A web shop in Centra whose orders Fulfil sends: the real connectors against both sandboxes, on one clock."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from connectors import ports
from connectors.canonical.money import Money
from connectors.canonical.options import OrderOptions
from connectors.canonical.orders import Address, Order, OrderLine, OrderState, TaxAmount
from connectors.centra.connector import CentraConnector
from connectors.centra.sandbox import CentraSandbox, payments, returns
from connectors.centra.sandbox.stock import StockPolicy
from connectors.fulfil.connector import FulfilConnector
from connectors.fulfil.sandbox import FulfilSandbox, invoices, returning, shipments
from connectors.http import OpenGate
from connectors.models import Brand, Connection, Link
from exceptions_app.models import ExceptionCase
from integrationhub.orders import ledger
from integrationhub.orders.models import SoldOrder, SoldReturn
from integrationhub.sync import drain
from integrationhub.sync.models import SyncJob
from integrationhub.sync.places import place
from tests.flows.hub import Hub, work_off

ALICE = Address(
    first_name="Alice", last_name="Ågren", street=("Storgatan 1",), postal_code="111 22", city="Stockholm", country="SE"
)
PAID = OrderOptions(
    email="alice@example.com",
    paid=True,
    payment_method="11",
    market="2",
    price_list="2",
    shipping_option="standard-sek",
)
DAMAGED = 7  # a location in Fulfil from which nothing sells
BACK = "stock.shipment.out.return"


def sek(amount: Decimal | str) -> Money:
    return Money(Decimal(amount), "SEK")


def tax_in(amount: Decimal, percent: Decimal) -> Decimal:
    return (amount * percent / (100 + percent)).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


@dataclass
class ReturnsWorld:
    clock: ports.VirtualClock
    centra: CentraSandbox
    fulfil: FulfilSandbox
    brand: Brand
    centra_row: Connection
    fulfil_row: Connection
    link: Link
    hub: Hub = field(default_factory=Hub)

    # --- selling --------------------------------------------------------------------------------------------------
    def sell(self, lines: Mapping[str, tuple[int, str]], *, shipping: str = "0", reference: str = "WEB-1") -> SoldOrder:
        """A customer bought in the shop: SKU → (units, unit price). The order is in Fulfil too, and nothing has left."""
        goods = tuple(
            OrderLine(
                line_id=f"{reference}-{number}",
                sku=sku,
                quantity=units,
                unit_price=sek(price),
                line_total=sek(Decimal(price) * units),
                shipping=sek("0"),
            )
            for number, (sku, (units, price)) in enumerate(lines.items())
        )
        shop = CentraConnector(self.centra_row.account(), gate=OpenGate())
        number = int(shop.send_order(self._order(reference, goods, shipping), PAID))
        self.centra.confirm_order(number)
        order = self._as_sold(number)
        row = ledger.record_sold(order, link=self.link, record_id=None)
        warehouse = FulfilConnector(self.fulfil_row.account(), gate=OpenGate())
        options = OrderOptions(email="alice@example.com", paid=True, payment_method="adyen")
        made = warehouse.read_order(warehouse.send_order(order, options))
        assert made is not None
        warehouse.finish_order(made, order, options, confirm=True)
        ledger.record_target(row, made)
        return row

    def _order(self, reference: str, lines: tuple[OrderLine, ...], shipping: str) -> Order:
        total = sum((line.line_total.amount for line in lines), Decimal(shipping))
        return Order(
            reference=reference,
            state=OrderState.READY_TO_SHIP,
            source_state="CONFIRMED",
            currency="SEK",
            placed_at=self.clock.now(),
            updated_at=self.clock.now(),
            tax_included=True,
            lines=lines,
            shipping=sek(shipping),
            total=sek(total),
            shipping_address=ALICE,
        )

    def _as_sold(self, number: int) -> Order:
        """Centra's order in our words: its number, its line ids, its taxes."""
        seen = self.centra.order(number)
        lines = tuple(
            OrderLine(
                line_id=str(line.id),
                sku=line.sku,
                quantity=line.quantity,
                unit_price=sek(line.unit_price),
                line_total=sek(line.value),
                shipping=sek(seen.shipping if index == 0 else "0"),
                taxes=_taxes(line.value, line.tax_percent),
                shipping_taxes=_taxes(seen.shipping, max(one.tax_percent for one in seen.lines)) if index == 0 else (),
            )
            for index, line in enumerate(seen.lines)
        )
        return self._order(str(number), lines, str(seen.shipping))

    def ship(self, order: SoldOrder, units: Mapping[str, int] | None = None) -> int:
        """The goods leave, all or some; the shipment's id in Centra."""
        return int(self.centra.ship_order(int(order.reference), lines=units)["shipment"])

    # --- giving back at Centra ------------------------------------------------------------------------------------
    def take_back(self, shipment: int, units: Mapping[str, int], **costs: str) -> int:
        """Somebody makes a return of a shipment. `costs`: shipping, handling, discount, cost. Returns its id."""
        with self.centra.lock:
            shop = self.centra.shop
            sent = shop.shipments.get(shipment)
            assert sent is not None
            picks = [(next(line for line in sent.lines if line.order_line.sku == sku), n) for sku, n in units.items()]
            amounts = {name: Decimal(value) for name, value in costs.items()}
            policy = StockPolicy(release=True)
            return returns.create(shop, sent, picks, policy, costs=returns.ReturnCosts(**amounts)).id

    def refund(self, return_id: int) -> None:
        """The payment service pays it back, and Centra completes the return."""
        with self.centra.lock:
            returns.refund(self.centra.shop, self.made(return_id))

    def complete(self, return_id: int) -> None:
        """Somebody completes it by hand: no refund is made."""
        with self.centra.lock:
            returns.complete(self.centra.shop, self.made(return_id))

    def delete(self, return_id: int) -> None:
        with self.centra.lock:
            returns.delete(self.centra.shop, self.made(return_id))

    def made(self, return_id: int) -> Any:
        found = self.centra.shop.returns.get(return_id)
        assert found is not None
        return found

    def goodwill(self, order: SoldOrder, amount: str) -> None:
        """Money goes back without a return."""
        with self.centra.lock:
            sold = self.centra.order(int(order.reference))
            payments.add_entry(self.centra.shop, sold, "REFUND", "SUCCESS", Decimal(amount), reference="psp-77")

    # --- the warehouse in Fulfil ----------------------------------------------------------------------------------
    def parcel(self, return_id: int) -> int:
        """The return shipment of a return, by its id in Centra."""
        (sale,) = self.fulfil.orders_by_identifier(f"return-{return_id}")
        (found,) = (
            row["id"]
            for row in self.fulfil.tenant.tables[BACK].values()
            if sale["id"] in {one["id"] for one in shipments.sales_of(self.fulfil.tenant, BACK, row)}
        )
        return int(found)

    def receive(self, return_id: int) -> None:
        with self.fulfil.lock:
            shipments.receive(self.fulfil.tenant, self.parcel(return_id))

    def inspect(self, return_id: int, *, damaged: bool = False) -> None:
        """Shelved, or put where nothing sells; then the credit note is posted."""
        number = self.parcel(return_id)
        with self.fulfil.lock:
            tenant = self.fulfil.tenant
            if damaged:
                for move in tenant.pointing("stock.move", "shipment", f"{BACK},{number}"):
                    if str(move["origin"]).startswith("stock.move,"):
                        tenant.update("stock.move", move, to_location=DAMAGED)
            shipments.return_done(tenant, number)

    def credit_without_a_return(self, order: SoldOrder) -> None:
        """Somebody made a return of one unit in Fulfil itself; it arrived and was credited."""
        with self.fulfil.lock:
            tenant, sale = self.fulfil.tenant, int(order.target_external_id)
            line = tenant.pointing("sale.line", "sale", sale)[0]["id"]
            returning.return_order(tenant, sale, [{"lines": [{"order_line_id": line, "return_quantity": 1}]}])
            (parcel,) = tenant.tables[BACK]
            shipments.receive(tenant, parcel)
            shipments.return_done(tenant, parcel)

    def credit_note(self, return_id: int) -> dict[str, Any]:
        (sale,) = self.fulfil.orders_by_identifier(f"return-{return_id}")
        (note,) = invoices.invoices_of(self.fulfil.tenant, sale)
        return note

    # --- what the hub does ----------------------------------------------------------------------------------------
    def run(self, *flows: str) -> drain.Tally:
        self.hub.start(*flows)
        return self.work()

    def work(self) -> drain.Tally:
        return work_off([self.centra_row.pk, self.fulfil_row.pk])

    def read(self, *, events: bool = False) -> None:
        """A minute and more passes, and everything about returns is read."""
        self.clock.advance(601)
        first = ("read_events",) if events else ()
        self.run(*first, "read_returns", "read_received", "read_credit_notes")

    # --- what is seen ---------------------------------------------------------------------------------------------
    def row(self, return_id: int | str) -> SoldReturn:
        return SoldReturn.objects.get(source_id=str(return_id))

    def cases(self) -> list[str]:
        return list(ExceptionCase.objects.unresolved().order_by("cause").values_list("cause", flat=True))

    def case(self, cause: str) -> ExceptionCase:
        return ExceptionCase.objects.unresolved().get(cause=cause)

    def announced(self, return_id: int) -> int:
        return len(self.fulfil.orders_by_identifier(f"return-{return_id}"))

    def reasons(self) -> list[str]:
        rows = SyncJob.objects.exclude(state="DONE").values_list("flow", "key", "state", "reason")
        return [" ".join(row) for row in rows]


def _taxes(amount: Decimal, percent: Decimal) -> tuple[TaxAmount, ...]:
    if not amount:
        return ()
    return (TaxAmount(code=f"SE VAT {percent:g}", amount=sek(tax_in(amount, percent)), rate=f"{percent:g}"),)


def build(clock: ports.VirtualClock, centra: CentraSandbox, fulfil: FulfilSandbox) -> ReturnsWorld:
    place.forget()
    brand = Brand.objects.create(code="nordhem", name="Nordhem", reporting_currency="SEK", timezone="Europe/Stockholm")
    keys = centra.credentials()
    centra_row = Connection.objects.create(
        brand=brand,
        platform="centra",
        name="Centra",
        base_url=centra.base_url,
        credentials={name: keys[name] for name in ("token", "order_api_key", "webhook_secret")},
        settings={"order_api_path": keys["order_api_path"], "tier": "enterprise", "allocation_rule_id": 1},
        timezone="Europe/Stockholm",
    )
    fulfil_row = Connection.objects.create(
        brand=brand,
        platform="fulfil",
        name="Fulfil",
        base_url=fulfil.base_url,
        credentials=fulfil.credentials(),
        settings={"sandbox": True, "channel_id": 3, "warehouse_ids": "4", "payment_method": "adyen"},
    )
    started = clock.now() - timedelta(days=1)
    link = Link.objects.create(brand=brand, source=centra_row, target=fulfil_row, started_at=started)
    clock.follow(centra.advance, fulfil.advance)
    return ReturnsWorld(
        clock=clock, centra=centra, fulfil=fulfil, brand=brand, centra_row=centra_row, fulfil_row=fulfil_row, link=link
    )


def stock_up(centra: CentraSandbox, fulfil: FulfilSandbox) -> None:
    """The same articles on both sides; the book is taxed at the reduced rate."""
    centra.add_product("TEE", name="Tee", variant_number="-BLK", variant_name="Black", sizes={"-M": 50})
    centra.add_product("COAT", name="Coat", variant_number="-NVY", variant_name="Navy", sizes={"-38": 20})
    centra.add_product("BOOK", name="Book", variant_number="-1", sizes={"": 20})
    for display in centra.shop.displays:
        if display.product.product_number == "BOOK":
            display.tax_group = centra.shop.tax_groups[2]
    fulfil.configure(calls_per_second=100_000)
    tax = fulfil.tenant.insert("account.tax", name="SE VAT 12", rate=Decimal("0.12"))
    fulfil.tenant.insert("sale.channel.tax", channel=3, name="SE VAT 12", rate=Decimal("0.12"), tax=tax["id"])
    for sku in ("TEE-BLK-M", "COAT-NVY-38", "BOOK-1"):
        fulfil.add_product(sku, stock=100)
