"""One brand, its marketplace and its Centra: the real connectors against the sandboxes, on one clock that tests move."""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Min, QuerySet

from connectors import ports
from connectors.centra.sandbox import CentraSandbox
from connectors.mirakl.sandbox import MiraklSandbox
from connectors.models import Brand, Connection, Link
from connectors.sandboxkit import SandboxClock
from exceptions_app.models import ExceptionCase
from integrationhub.inventory import promises
from integrationhub.inventory.models import Reservation
from integrationhub.orders.models import SoldOrder
from integrationhub.sync import drain, sweep
from integrationhub.sync.lanes import Lane
from integrationhub.sync.models import SyncJob, WriteIntent
from integrationhub.sync.models.jobs import CLAIMABLE_STATES
from integrationhub.sync.places import place
from mappings_app.saving import save_mapping
from tests.flows.hub import Hub, work_off

LANES = tuple(Lane)
ROOMY = {
    ("REQUEST_COUNT", "TEN_SECONDS"): 10_000,
    ("REQUEST_COUNT", "ONE_HOUR"): 1_000_000,
    ("QUERY_COMPLEXITY", "TEN_SECONDS"): 10_000_000,
    ("QUERY_COMPLEXITY", "ONE_HOUR"): 1_000_000_000,
    ("MUTATION_COUNT", "TEN_SECONDS"): 10_000,
    ("MUTATION_COUNT", "ONE_HOUR"): 1_000_000,
}
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
    hub: Hub = field(default_factory=Hub, kw_only=True)

    # --- what people and time do ----------------------------------------------------------------------------------
    def advance(self, seconds: float) -> None:
        """Time passes for the hub and for both platforms."""
        self.clock.advance(seconds)

    def sell(self, *lines: tuple[str, int, str], to: str = "", **sale: Any) -> str:
        """A customer buys at Northgate. Lines are (their SKU, quantity, unit price). Returns the order id."""
        goods = [{"sku": sku, "quantity": quantity, "price": price} for sku, quantity, price in lines]
        return self.mirakl.add_order(
            lines=goods or [{"sku": "NG-TEE-BLK-M", "quantity": 1, "price": "29.90"}], advance_to=to, **sale
        )

    def map(self, kind: str, from_code: str, to_code: str, **values: Any) -> None:
        save_mapping(
            kind=kind, brand=self.brand, from_code=from_code, to_code=to_code, actor="olivia", reason="Test", **values
        )

    def roomy(self) -> None:
        """Centra's limits are out of the way: for tests that are not about them."""
        self.centra.set_limits(ROOMY)

    # --- what the hub does ----------------------------------------------------------------------------------------
    def work(self) -> drain.Tally:
        """Work off everything that is due now."""
        return work_off([self.northgate.pk, self.centra_row.pk])

    def start(self, flow: str) -> None:
        """What the clock does when the flow is due; nobody works yet."""
        self.hub.start(flow)

    def run(self, flow: str) -> drain.Tally:
        """Start a clocked flow and work off all that it makes."""
        self.start(flow)
        return self.work()

    def wait(self, seconds: float) -> None:
        """Let that much time pass for everybody, working whenever something falls due. No flow is started by the clock."""
        ends = self.clock.now() + timedelta(seconds=seconds)
        while True:
            sweep.take_back_expired()
            self.work()
            waiting = SyncJob.objects.filter(state__in=CLAIMABLE_STATES, schedule__paused_reason="")
            waiting = waiting.filter(connection__state="ACTIVE").exclude(schedule__mode="HELD")
            due = waiting.aggregate(due=Min("due_at"))["due"]
            if due is None or due > ends:
                break
            self.advance(max((due - self.clock.now()).total_seconds(), 1))
        self.advance(max((ends - self.clock.now()).total_seconds(), 0))

    def poll(self) -> drain.Tally:
        self.advance(121)
        return self.run("read_orders")

    # --- what is seen ---------------------------------------------------------------------------------------------
    def order(self, reference: str) -> SoldOrder:
        return SoldOrder.objects.get(reference=reference)

    def promises(self, reference: str) -> QuerySet[Reservation]:
        return promises.of_order(self.link.pk, reference)

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

    def open_jobs(self) -> list[tuple[str, str]]:
        """(flow, state) of what is not finished.

        What only looks for second copies goes on while the order lives; stock is read a little after an order was told of.
        """
        waits = {"flow__in": ("reconcile_order", "read_stock"), "state__in": ("QUEUED", "RETRYING")}
        rows = SyncJob.objects.exclude(state__in=("DONE", "SKIPPED")).exclude(**waits)
        return list(rows.order_by("flow", "pk").values_list("flow", "state"))

    def unsettled(self) -> list[str]:
        """Effects whose outcome the hub does not know."""
        return [f"{row} {row.state}" for row in WriteIntent.objects.exclude(state__in=("DONE", "REFUSED"))]

    def confirmed_numbers(self) -> list[int]:
        """Every order number that anybody ever asked Centra to confirm, in that order, repeats included."""
        bodies = [json.loads(entry.body) for entry in self.centra.calls("confirmOrder")]
        return [int(body["variables"]["number"]) for body in bodies if "number" in body.get("variables", {})]

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
    clock.follow(mirakl.advance, centra.advance)
    return World(
        clock=clock, mirakl=mirakl, centra=centra, brand=brand, northgate=northgate, centra_row=centra_row, link=link
    )


def sandbox_clock(at: datetime) -> SandboxClock:
    return SandboxClock(at, frozen=True)
