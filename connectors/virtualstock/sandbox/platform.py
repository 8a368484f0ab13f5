"""Everything the platform holds, and how it numbers, dates and addresses it."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from random import Random
from uuid import UUID
from zoneinfo import ZoneInfo

from connectors.sandboxkit import SandboxClock
from connectors.virtualstock.sandbox import states
from connectors.virtualstock.sandbox.records import Invoice, Order, Product, Return, Token
from connectors.virtualstock.sandbox.settings import PlatformSettings, Retailer

LEGACY_HOST = "https://www.the-edge.io"
ORDER_SUPPLIER = 311  # the same company has two numbers
PRODUCT_SUPPLIER = 9027
SUPPLIER_NAME = "Norrvik Supply"
SUPPLIER_UUID = "5d1b6a44-7f2c-4d0e-9c1a-2f6b8f0a7c31"
CARRIERS = (
    (12, "dpd", "DPD"),
    (30, "4px", "4PX"),
    (41, "royal-mail", "Royal Mail"),
    (58, "evri", "Evri"),
    (114, "tnt-au", "TNT Australia"),
    (124, "australia-post", "Australia Post"),
    (144, "2go", "2GO"),
    (184, "fastway-au", "Aramex Australia"),
)
CATEGORIES = ("Coats", "Knitwear", "Shirts", "T-shirts", "Trousers", "Jeans", "Dresses", "Shoes", "Accessories")


class Platform:
    def __init__(self, *, settings: PlatformSettings, clock: SandboxClock, seed: int, retailer: Retailer) -> None:
        self.settings, self.clock = settings, clock
        self.rng = Random(seed)  # noqa: S311  invented trade, not a secret
        self.retailers: dict[int, Retailer] = {retailer.retailer_id: retailer}
        self.orders: dict[int, Order] = {}
        self.products: dict[int, Product] = {}
        self.returns: dict[str, Return] = {}
        self.invoices: list[Invoice] = []
        self.tokens: dict[str, Token] = {}
        self.carriers: list[tuple[int, str, str]] = list(CARRIERS)
        self.base_url = LEGACY_HOST
        self._number = 40_000

    # --- numbers and times ----------------------------------------------------------------------------------------
    def new_number(self) -> int:
        self._number += 1
        return self._number

    def new_uuid(self) -> str:
        return str(UUID(int=self.rng.getrandbits(128), version=4))

    def now(self) -> datetime:
        return self.clock.now()

    def later(self, seconds: float) -> datetime:
        return self.now() + timedelta(seconds=seconds)

    def naive(self, moment: datetime | None, separator: str = "T") -> str | None:
        """The platform writes no zone."""
        if moment is None:
            return None
        local = moment.astimezone(ZoneInfo(self.settings.timezone))
        return local.strftime(f"%Y-%m-%d{separator}%H:%M:%S")

    def url(self, path: str) -> str:
        return f"{LEGACY_HOST if self.settings.legacy_urls else self.base_url}{path}"

    # --- looking things up ----------------------------------------------------------------------------------------
    def order_by_reference(self, reference: str) -> Order:
        found = next((order for order in self.orders.values() if order.reference == reference), None)
        if found is None:
            raise KeyError(reference)
        return found

    def product_by_part(self, part_number: str) -> Product:
        found = next((item for item in self.products.values() if item.part_number == part_number), None)
        if found is None:
            raise KeyError(part_number)
        return found

    def retailer_of(self, order: Order) -> Retailer:
        return self.retailers[order.retailer_id]

    def retailer_of_client(self, client_id: int) -> Retailer:
        return next(item for item in self.retailers.values() if item.client_id == client_id)

    # --- statuses -------------------------------------------------------------------------------------------------
    def touch(self, order: Order) -> None:
        """The order's own status follows its lines, at once or later."""
        status = states.order_status_of(line.status for line in order.lines)
        if not order.history or order.history[-1][1] != status:
            order.history.append((self.now(), status))

    def shown_status(self, order: Order) -> str:
        limit = self.now() - timedelta(seconds=self.settings.order_status_lag_seconds)
        shown = [status for at, status in order.history if at <= limit]
        return shown[-1] if shown else order.history[0][1]

    def set_status(self, order: Order, references: Iterable[str], status: str) -> None:
        wanted = set(references)
        for line in order.lines:
            if line.reference in wanted:
                line.status = status
        self.touch(order)
