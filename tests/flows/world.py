"""One brand, its marketplace and its Centra: the real connectors against the sandboxes, on one clock that tests move."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors import ports
from connectors.centra.sandbox import CentraSandbox
from connectors.mirakl.sandbox import MiraklSandbox
from connectors.models import Brand, Connection, Link
from connectors.sandboxkit import SandboxClock
from exceptions_app.models import ExceptionCase
from integrationhub.orders.models import SoldOrder
from integrationhub.sync import drain, ticks
from integrationhub.sync.models import Schedule, SyncJob
from integrationhub.sync.places import place
from mappings_app.saving import save_mapping

SKUS = {"NG-TEE-BLK-M": "TEE-BLK-M", "NG-TEE-BLK-L": "TEE-BLK-L", "NG-COAT-NVY-38": "COAT-NVY-38"}


@dataclass
class World:
    clock: ports.VirtualClock
    mirakl: MiraklSandbox
    centra: CentraSandbox
    brand: Brand
    northgate: Connection
    centra_row: Connection
    link: Link

    # --- what people and time do ----------------------------------------------------------------------------------
    def advance(self, seconds: float) -> None:
        """Time passes for the hub and for both platforms."""
        self.clock.advance(seconds)
        self.mirakl.advance(seconds)
        self.centra.advance(seconds)

    def sell(self, *lines: tuple[str, int, str], to: str = "", **sale: Any) -> str:
        """A customer buys at Northgate. Lines are (their SKU, quantity, unit price). Returns the order id."""
        goods = [{"sku": sku, "quantity": quantity, "price": price} for sku, quantity, price in lines]
        return self.mirakl.add_order(lines=goods or [{"sku": "NG-TEE-BLK-M", "quantity": 1, "price": "29.90"}], advance_to=to, **sale)

    def map(self, kind: str, from_code: str, to_code: str, **values: Any) -> None:
        save_mapping(
            kind=kind, brand=self.brand, from_code=from_code, to_code=to_code, actor="olivia", reason="Test", **values
        )

    # --- what the hub does ----------------------------------------------------------------------------------------
    def work(self) -> drain.Tally:
        """Work off everything that is due now."""
        return drain.work_off([self.northgate.pk, self.centra_row.pk])

    def run(self, flow: str) -> drain.Tally:
        """Start a clocked flow and work off all that it makes."""
        ticks.plan_schedules()
        for schedule in Schedule.objects.filter(flow=flow):
            ticks.enqueue_now(schedule)
        return self.work()

    def poll(self) -> drain.Tally:
        self.advance(121)
        return self.run("read_orders")

    # --- what is seen ---------------------------------------------------------------------------------------------
    def order(self, reference: str) -> SoldOrder:
        return SoldOrder.objects.get(reference=reference)

    def state_at_northgate(self, reference: str) -> str:
        return str(self.mirakl.order(reference)["order_state"])

    def in_centra(self, reference: str) -> list[Any]:
        return self.centra.orders_by_reference(reference)

    def cases(self) -> list[tuple[str, int]]:
        """(cause, how many wait) of every open case."""
        rows = ExceptionCase.objects.unresolved().order_by("cause", "code")
        return [(case.cause, case.waiting_count) for case in rows]

    def job(self, flow: str, key: str) -> SyncJob:
        return SyncJob.objects.filter(flow=flow, key=key).latest("pk")

    def reasons(self) -> list[str]:
        """Why jobs stand where they stand, for reading when a test fails."""
        rows = SyncJob.objects.exclude(state="DONE").values_list("flow", "key", "state", "reason")
        return [" ".join(row) for row in rows]


def build(clock: ports.VirtualClock, mirakl: MiraklSandbox, centra: CentraSandbox, **link_values: Any) -> World:
    place.forget()
    brand = Brand.objects.create(code="nordhem", name="Nordhem", reporting_currency="GBP", timezone="Europe/London")
    mirakl_keys, centra_keys = mirakl.credentials(), centra.credentials()
    northgate = Connection.objects.create(
        brand=brand,
        platform="mirakl",
        name="Northgate",
        base_url=mirakl.base_url,
        credentials={"api_key": mirakl_keys["api_key"]},
        settings={"shop_id": mirakl_keys["shop_id"]},
    )
    centra_row = Connection.objects.create(
        brand=brand,
        platform="centra",
        name="Centra",
        base_url=centra.base_url,
        credentials={name: centra_keys[name] for name in ("token", "order_api_key", "webhook_secret")},
        settings={"order_api_path": centra_keys["order_api_path"], "tier": "enterprise", "allocation_rule_id": 1},
        timezone="Europe/Stockholm",
    )
    link = Link.objects.create(brand=brand, source=northgate, target=centra_row, **link_values)
    return World(
        clock=clock, mirakl=mirakl, centra=centra, brand=brand, northgate=northgate, centra_row=centra_row, link=link
    )


def sandbox_clock(at: datetime) -> SandboxClock:
    return SandboxClock(at, frozen=True)
