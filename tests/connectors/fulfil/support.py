"""What the tests of the Fulfil connector share: a network that plays back answers, a sale, a tenant."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from connectors.base import Account
from connectors.canonical.money import Money
from connectors.canonical.options import OrderOptions
from connectors.canonical.orders import Address, Order, OrderLine, OrderState, TaxAmount
from connectors.canonical.taxes import ListedTax
from connectors.fulfil.connector import FulfilConnector
from connectors.fulfil.sandbox import FulfilSandbox, sales, wire
from connectors.fulfil.sandbox.creating import create_order
from connectors.fulfil.translate import build_order
from connectors.fulfil.typedjson import encode
from connectors.http import Gate, OpenGate
from connectors.transport import BrokenOffError, Incoming, NotSentError, Outgoing

PAYLOADS = Path(__file__).parents[2] / "payloads" / "fulfil"
NOON = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)


def payload(name: str) -> Any:
    """A fresh copy of a payload as the client would hand it on."""
    return json.loads((PAYLOADS / f"{name}.json").read_text(encoding="utf-8"), parse_float=Decimal)["payload"]


def answer(body: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Incoming:
    raw = body.encode() if isinstance(body, str) else json.dumps(body, default=float).encode()
    return Incoming(status=status, headers={"Content-Type": "application/json", **(headers or {})}, body=raw)


@dataclass
class Network:
    """Answers in the order they were put in; a request without an answer fails the test."""

    answers: list[Incoming | BrokenOffError | NotSentError] = field(default_factory=list)
    sent: list[Outgoing] = field(default_factory=list)

    def send(self, outgoing: Outgoing) -> Incoming:
        self.sent.append(outgoing)
        assert self.answers, f"nobody expected {outgoing.method} {outgoing.url}"
        found = self.answers.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    def put(self, *answers: Incoming | BrokenOffError | NotSentError) -> None:
        self.answers.extend(answers)

    @property
    def paths(self) -> list[str]:
        return [f"{one.method} {urlsplit(one.url).path.removeprefix('/api/v2')}" for one in self.sent]

    @property
    def bodies(self) -> list[Any]:
        return [json.loads(one.body or b"null", parse_float=Decimal) for one in self.sent]


def make_account(**settings: Any) -> Account:
    return Account(
        name="Northgate",
        base_url="https://northgate.fulfil.io",
        credentials={"api_key": "fulfil-key-4f1c9a7e", "webhook_secret": "c2VjcmV0LW9mLXRoZS10ZW5hbnQ="},
        settings={"channel_id": 3, "warehouse_ids": "4, 65", "payment_method": "adyen", **settings},
        timezone="Europe/Stockholm",
    )


# --- a sale -----------------------------------------------------------------------------------------------------------
def sek(amount: str) -> Money:
    return Money(Decimal(amount), "SEK")


def vat(amount: str, *, code: str = "SE VAT 25", rate: str = "25") -> TaxAmount:
    return TaxAmount(code=code, amount=sek(amount), rate=rate)


ALICE = Address(
    first_name="Alice",
    last_name="Ågren",
    street=("Storgatan 1", "Floor 2"),
    postal_code="111 22",
    city="Stockholm",
    country="SE",
    phone="+46701740605",
)
TEES = OrderLine(
    line_id="L1",
    sku="TEE-M",
    title="Tee, M",
    quantity=2,
    unit_price=sek("199.00"),
    line_total=sek("398.00"),
    shipping=sek("49.00"),
    taxes=(vat("79.60"),),
    shipping_taxes=(vat("9.80"),),
)
SCARF = OrderLine(
    line_id="L2",
    sku="SCARF",
    quantity=3,
    unit_price=sek("33.333333"),
    line_total=sek("100.00"),
    shipping=sek("0"),
    taxes=(vat("20.00"),),
)
ORDER = Order(
    reference="CE-10045",
    state=OrderState.READY_TO_SHIP,
    source_state="CONFIRMED",
    currency="SEK",
    placed_at=NOON,
    updated_at=NOON,
    tax_included=True,
    lines=(TEES, SCARF),
    shipping=sek("49.00"),
    total=sek("547.00"),
    shipping_address=ALICE,
)
OPTIONS = OrderOptions(email="relay-1@marketplace.example", paid=True, payment_method="adyen")


def order_of(reference: str) -> Order:
    return replace(ORDER, reference=reference)


# --- a tenant ---------------------------------------------------------------------------------------------------------
def stocked(sandbox: FulfilSandbox) -> FulfilSandbox:
    """A tenant that sells the SKUs of the sale, with no limit of a second in the way of a test."""
    sandbox.configure(calls_per_second=100_000)
    sandbox.add_product("TEE-M", stock={4: 1000, 65: 20}, name="Tee", variant="M", gtin="9520000000011")
    sandbox.add_product("TEE-L", name="Tee", variant="L")
    sandbox.add_product("SCARF", stock=1000, name="Scarf")
    return sandbox


def account_of(sandbox: FulfilSandbox, **settings: Any) -> Account:
    chosen = {"sandbox": True, "channel_id": 3, "warehouse_ids": "4, 65", "payment_method": "adyen", **settings}
    return Account(name="Northgate", base_url=sandbox.base_url, credentials=sandbox.credentials(), settings=chosen)


def connector_of(sandbox: FulfilSandbox, *, gate: Gate | None = None, **settings: Any) -> FulfilConnector:
    return FulfilConnector(account_of(sandbox, **settings), gate=gate or OpenGate())


def released(sandbox: FulfilSandbox, reference: str = "CE-10045", order: Order = ORDER) -> int:
    """An order the hub has created and released; its number in Fulfil."""
    connector, sold = connector_of(sandbox), replace(order, reference=reference)
    external_id = connector.send_order(sold, OPTIONS)
    made = connector.read_order(external_id)
    assert made is not None
    connector.finish_order(made, sold, OPTIONS, confirm=True)
    return int(external_id)


def sent(sandbox: FulfilSandbox, reference: str, *, units: int = 2) -> str:
    """An order that left in one shipment, brought about without the network; the dispatch's id. `units` of the first line."""
    taxes = [ListedTax(name="SE VAT 25", rate=Decimal("0.25"))]
    told = encode(build_order(_with_units(order_of(reference), units), OPTIONS, taxes=taxes))
    sale = create_order(sandbox.tenant, 3, wire.decode(told))["id"]
    sales.process(sandbox.tenant, sale)
    (shipment,) = sandbox.ship_order(sale, tracking_number=f"SE{sale}")
    return f"{shipment}-{sale}"


def _with_units(order: Order, units: int) -> Order:
    tees = replace(
        TEES, quantity=units, line_total=TEES.unit_price * units, taxes=(vat(f"{Decimal('39.80') * units}"),)
    )
    lines = (tees, *order.lines[1:])
    goods = sum((line.line_total.amount for line in lines), order.shipping.amount)
    return replace(order, lines=lines, total=Money(goods, order.currency))
