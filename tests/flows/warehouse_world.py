"""One brand whose shop is Centra and whose warehouse is Fulfil: the real connectors against both sandboxes, on one clock."""

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Min

from connectors import ports
from connectors.centra.sandbox import CentraSandbox
from connectors.fulfil.sandbox import FulfilSandbox
from connectors.models import Brand, Connection, Link
from exceptions_app.models import ExceptionCase
from integrationhub.inventory.models import Reservation
from integrationhub.orders.models import SoldOrder
from integrationhub.sync import drain, sweep
from integrationhub.sync.models import SyncJob
from integrationhub.sync.models.jobs import CLAIMABLE_STATES
from integrationhub.sync.places import place
from mappings_app.saving import save_mapping
from tests.flows.hub import Hub, work_off
from tests.flows.world import ROOMY

COAT, TEE, BOOK = "COAT-NVY-38", "TEE-BLK-M", "BOOK"
SKUS = (COAT, TEE, BOOK)


@dataclass
class Warehouse:
    clock: ports.VirtualClock
    centra: CentraSandbox
    fulfil: FulfilSandbox
    brand: Brand
    shop: Connection
    warehouse: Connection
    link: Link
    hub: Hub = field(default_factory=Hub)

    # --- what people and time do ----------------------------------------------------------------------------------
    def sell(self, *lines: tuple[str, int, str], **sale: Any) -> str:
        """A shopper buys at Centra: (SKU, quantity, unit price). Returns the order's number."""
        goods = [{"sku": sku, "quantity": quantity, "price": price} for sku, quantity, price in lines]
        return str(self.centra.sell(goods or [{"sku": TEE, "quantity": 1, "price": "30"}], **sale))

    def map(self, kind: str, from_code: str, to_code: str, **values: Any) -> None:
        values.setdefault("link", self.link)
        save_mapping(
            kind=kind, brand=self.brand, from_code=from_code, to_code=to_code, actor="olivia", reason="Test", **values
        )

    # --- what the hub does ----------------------------------------------------------------------------------------
    def work(self) -> drain.Tally:
        return work_off([self.shop.pk, self.warehouse.pk])

    def run(self, flow: str) -> drain.Tally:
        self.hub.start(flow)
        return self.work()

    def poll(self) -> drain.Tally:
        self.clock.advance(121)
        return self.run("read_orders")

    def wait(self, seconds: float) -> None:
        """Let that much time pass for everybody, working whenever something falls due."""
        ends = self.clock.now() + timedelta(seconds=seconds)
        while True:
            sweep.take_back_expired()
            self.work()
            due = SyncJob.objects.filter(state__in=CLAIMABLE_STATES).aggregate(due=Min("due_at"))["due"]
            if due is None or due > ends:
                break
            self.clock.advance(max((due - self.clock.now()).total_seconds(), 1))
        self.clock.advance(max((ends - self.clock.now()).total_seconds(), 0))

    # --- what is seen ---------------------------------------------------------------------------------------------
    def order(self, number: str) -> SoldOrder:
        return SoldOrder.objects.get(reference=number)

    def sale(self, number: str) -> dict[str, Any]:
        """The one order that Fulfil has for it."""
        (row,) = self.fulfil.orders_by_identifier(number)
        return self.fulfil.order_view(row)

    def sales(self, number: str) -> list[str]:
        return [row["state"] for row in self.fulfil.orders_by_identifier(number)]

    def created(self) -> int:
        """How often anybody asked Fulfil to create an order."""
        return sum(entry.operation == "sale.channel/create_order" for entry in self.fulfil.journal.entries())

    def total_in_centra(self, number: str) -> Decimal:
        record = place(self.shop.pk).connector.fetch_order(number)
        assert record is not None
        return Decimal(str(record.payload["grandTotal"]["value"]))

    def cases(self) -> list[tuple[str, int]]:
        rows = ExceptionCase.objects.unresolved().order_by("cause", "code")
        return [(case.cause, case.waiting_count) for case in rows]

    def reserved(self) -> dict[str, int]:
        rows = Reservation.objects.filter(state=Reservation.State.HELD, connection=self.warehouse)
        return dict(rows.values_list("sku", "quantity"))

    def reasons(self) -> list[str]:
        """Why jobs stand where they stand, for reading when a test fails."""
        rows = SyncJob.objects.exclude(state="DONE").values_list("flow", "key", "state", "reason")
        return [" ".join(row) for row in rows]


def build(clock: ports.VirtualClock, centra: CentraSandbox, fulfil: FulfilSandbox, **link_values: Any) -> Warehouse:
    place.forget()
    brand = Brand.objects.create(code="nordhem", name="Nordhem", reporting_currency="GBP", timezone="Europe/London")
    keys = centra.credentials()
    shop = Connection.objects.create(
        brand=brand,
        platform="centra",
        name="Centra",
        base_url=centra.base_url,
        credentials={name: keys[name] for name in ("token", "order_api_key", "webhook_secret")},
        settings={"order_api_path": keys["order_api_path"], "tier": "enterprise", "allocation_rule_id": 1},
        timezone="Europe/Stockholm",
    )
    warehouse = Connection.objects.create(
        brand=brand,
        platform="fulfil",
        name="Fulfil",
        base_url=fulfil.base_url,
        credentials=fulfil.credentials(),
        settings={"channel_id": 3, "warehouse_ids": "4", "payment_method": "adyen", "calls_per_second": 1000},
        timezone="Europe/Stockholm",
    )
    values = {"own_mappings_only": True, "equal_skus": True, **link_values}
    link = Link.objects.create(brand=brand, source=shop, target=warehouse, **values)
    centra.set_limits(ROOMY)
    clock.follow(centra.advance, fulfil.advance)
    return Warehouse(clock=clock, centra=centra, fulfil=fulfil, brand=brand, shop=shop, warehouse=warehouse, link=link)


MARKETS = {"United Kingdom": "3", "Sweden": "3", "Europe": "3", "Oregon": "3", "Japan": "3"}


def stock_shop(centra: CentraSandbox) -> CentraSandbox:
    """A shop that sells in five currencies: prices with their tax, and in Oregon without."""
    prices = {"GBP": "100", "SEK": "1200", "EUR": "115", "USD": "125", "JPY": "18000"}
    centra.add_sales_area("Japan", currency="JPY", countries=["JP"], digits=0, tax="10", reduced_tax="8")
    centra.add_sales_area("Oregon", currency="USD", countries=["US"], includes_tax=False, tax="8.25", reduced_tax="2.5")
    centra.set_tax_rate("GB", "5", tax_group=2)
    centra.add_product("TEE", variant_number="-BLK", sizes={"-M": 500}, prices=prices)
    centra.add_product("COAT", variant_number="-NVY", sizes={"-38": 500}, prices=prices)
    centra.add_product("BOOK", sizes={"": 500}, prices=prices)
    centra.set_tax_group(BOOK)
    return centra


def stock_warehouse(fulfil: FulfilSandbox) -> FulfilSandbox:
    fulfil.configure(calls_per_second=100_000)
    for sku in SKUS:
        fulfil.add_product(sku, stock=500)
    fulfil.add_place("JP", currency="JPY", digits=0)
    for name, rate in (
        ("GB VAT 5", "0.05"), ("SE VAT 12", "0.12"), ("DE VAT 7", "0.07"), ("JP CT 10", "0.10"), ("JP CT 8", "0.08"),
        ("US TAX 8.25", "0.0825"), ("US TAX 2.5", "0.025"),
    ):  # fmt: skip
        fulfil.add_tax(name, rate)
    return fulfil
