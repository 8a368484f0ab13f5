"""One brand, a marketplace that runs on Marketplacer and its Centra: real connectors, both sandboxes, one clock."""

from collections.abc import Mapping
from typing import Any

from django.test import Client

from connectors import ports
from connectors.centra.sandbox import CentraSandbox
from connectors.marketplacer.documents import WEBHOOK_QUERY
from connectors.marketplacer.sandbox import HMAC_KEY, WEBHOOK_SECRET, MarketplacerSandbox
from connectors.marketplacer.sandbox.market import Row
from connectors.marketplacer.sandbox.webhooks import Message
from connectors.models import Brand, Connection, Link
from integrationhub.orders.models import SoldDispatch
from integrationhub.sync.places import place
from tests.flows.hub import Hub
from tests.flows.world import World

TEE, LARGE, COAT = "FM-TEE-M", "FM-TEE-L", "FM-COAT"
SKUS = {TEE: "TEE-BLK-M", LARGE: "TEE-BLK-L", COAT: "COAT-NVY-38"}
CARRIER = "PostNord"


class Market(World):
    """World with Fashionmart, which runs on Marketplacer, in Northgate's place. `northgate` is its connection."""

    def __init__(self, clock: ports.VirtualClock, fashionmart: MarketplacerSandbox, centra: CentraSandbox) -> None:
        place.forget()
        clock.follow(fashionmart.advance, centra.advance)
        self.clock, self.fashionmart, self.centra = clock, fashionmart, centra
        self.hub = Hub()
        self.brand = Brand.objects.create(
            code="nordhem", name="Nordhem", reporting_currency="GBP", timezone="Europe/London"
        )
        self.northgate = self._connect_fashionmart()
        self.centra_row = self._connect_centra()
        self.link = Link.objects.create(
            brand=self.brand, source=self.northgate, target=self.centra_row, refund_reason="Out of stock"
        )

    def __repr__(self) -> str:
        return f"Market({self.link})"

    def _connect_fashionmart(self) -> Connection:
        keys = self.fashionmart.credentials()
        return Connection.objects.create(
            brand=self.brand,
            platform="marketplacer",
            name="Fashionmart",
            base_url=self.fashionmart.base_url,
            credentials={name: keys[name] for name in ("api_key", "webhook_secret", "webhook_hmac_key")},
            settings={"currency": keys["currency"]},
            timezone="Europe/London",
        )

    def _connect_centra(self) -> Connection:
        keys = self.centra.credentials()
        return Connection.objects.create(
            brand=self.brand,
            platform="centra",
            name="Centra",
            base_url=self.centra.base_url,
            credentials={name: keys[name] for name in ("token", "order_api_key", "webhook_secret")},
            settings={
                "order_api_path": keys["order_api_path"],
                "tier": "enterprise",
                "allocation_rule_id": 1,
                "market": "1",
                "price_list": "1",
                "payment_method": "11",
            },
            timezone="Europe/Stockholm",
        )

    # --- what people do -------------------------------------------------------------------------------------------
    def sell(self, *lines: tuple[str, int, str], to: str = "", **sale: Any) -> str:
        """A customer buys at Fashionmart: paid at once. Lines are (their SKU, quantity, unit price). Returns its number."""
        goods = [{"sku": sku, "quantity": quantity, "price": price} for sku, quantity, price in lines]
        return self.fashionmart.add_order(lines=goods or [{"sku": TEE, "quantity": 1, "price": "29.90"}], **sale)

    def carrier(self, name: str = CARRIER) -> str:
        """Its code in this marketplace's own list."""
        return str(next(row["id"] for row in self.fashionmart.market.of("ShipmentCarrier") if row["name"] == name))

    def map_carrier(self) -> None:
        self.map("carrier", "DPD Next Day", self.carrier())

    def pack(self, reference: str, **parcel: Any) -> None:
        """The warehouse ships what Centra has of the order, all of it unless `lines` says less."""
        (order,) = self.in_centra(reference)
        self.centra.ship_order(order.number, **{"carrier": "DPD Next Day", "tracking": "1550123", **parcel})
        self.advance(3)

    # --- webhooks -------------------------------------------------------------------------------------------------
    def listen(self, *types: str, hmac_key: str = HMAC_KEY) -> None:
        """The webhooks are entered in the seller portal as the manual says."""
        for kind in types or ("INVOICE", "SHIPMENT", "REFUND_REQUEST"):
            self.fashionmart.add_webhook(
                url="https://hub.example/webhooks/",
                type=kind,
                query=WEBHOOK_QUERY,
                headers={"X-Webhook-Secret": WEBHOOK_SECRET},
                hmac_key=hmac_key,
            )

    def deliver(self) -> list[Message]:
        return self.fashionmart.deliver_webhooks(self.post)

    def post(self, body: bytes, headers: Mapping[str, str]) -> int:
        """As the platform delivers: no cookie, no token. Returns the hub's status."""
        sent = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
        client = Client(enforce_csrf_checks=True, raise_request_exception=False)
        address = f"/webhooks/{self.northgate.webhook_path}/"
        return client.post(address, body, content_type="application/json", **sent).status_code  # type: ignore[arg-type]

    # --- what is seen ---------------------------------------------------------------------------------------------
    def flags(self, reference: str) -> list[str]:
        return list(self.fashionmart.invoice(reference)["flags"])

    def shipments(self, reference: str) -> list[Row]:
        return list(self.fashionmart.invoice(reference)["shipments"])

    def dispatches(self, reference: str) -> list[str]:
        rows = SoldDispatch.objects.filter(order__reference=reference).order_by("pk")
        return list(rows.values_list("state", flat=True))

    def sent(self, operation: str) -> int:
        """How often Marketplacer was asked for it, by the name of the document."""
        return self.fashionmart.journal.count(operation)
