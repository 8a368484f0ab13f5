"""What the tests of the Centra connector share: payload files, a network that plays back answers, a sale, a tenant."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from connectors.base import Account
from connectors.canonical.dispatches import Dispatch, DispatchLine
from connectors.canonical.money import Money
from connectors.canonical.options import OrderOptions
from connectors.canonical.orders import Address, Order, OrderLine, OrderState
from connectors.centra import translate
from connectors.centra.connector import CentraConnector
from connectors.centra.sandbox import CentraSandbox
from connectors.http import OpenGate
from connectors.transport import BrokenOffError, Incoming, NotSentError, Outgoing

PAYLOADS = Path(__file__).parents[2] / "payloads" / "centra"


def payload(name: str) -> Any:
    """A fresh copy of a payload as the client would hand it on."""
    return json.loads((PAYLOADS / f"{name}.json").read_text(), parse_float=Decimal)["payload"]


def answer(data: Mapping[str, Any] | None = None, *, status: int = 200, **more: Any) -> Incoming:
    """A GraphQL answer; `more`: errors, extensions."""
    body = {**({} if data is None else {"data": data}), "extensions": {"complexity": 10}, **more}
    return plain(body, status=status)


def plain(body: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Incoming:
    raw = body if isinstance(body, bytes) else json.dumps(body, default=_number).encode()
    return Incoming(status=status, headers={"Content-Type": "application/json", **(headers or {})}, body=raw)


def _number(value: object) -> float:
    assert isinstance(value, Decimal)
    return float(value)


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
    def bodies(self) -> list[Any]:
        return [json.loads(outgoing.body or b"null", parse_float=Decimal) for outgoing in self.sent]

    @property
    def documents(self) -> list[str]:
        """The names of the GraphQL documents sent, in order."""
        return [body["operationName"] for body in self.bodies]


def make_account(**settings: Any) -> Account:
    return Account(
        name="Northgate",
        base_url="https://northgate.centra.com",
        credentials={
            "token": "integration-token-1",
            "order_api_key": "order-api-key-1",
            "webhook_secret": "test123",
            "webhook_secret_previous": "test122",
        },
        settings={"order_api_path": "api/marketplace", "warehouse_ids": "1, 2, 3", **settings},
        timezone="Europe/Stockholm",
    )


# --- a sale -----------------------------------------------------------------------------------------------------------
NOON = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)


def eur(amount: str) -> Money:
    return Money(Decimal(amount), "EUR")


ALICE = Address(
    first_name="Alice",
    last_name="Ågren",
    street=("Storgatan 1", "Floor 2"),
    postal_code="111 22",
    city="Stockholm",
    country="SE",
    phone="+46701740605",
    email="alice@example.com",
)
LINE = OrderLine(
    line_id="MK-10023-A-1",
    sku="NV1001-410-M",
    quantity=3,
    unit_price=eur("33.333333"),
    line_total=eur("100.00"),
    shipping=eur("4.90"),
)
ORDER = Order(
    reference="MK-10023-A",
    state=OrderState.READY_TO_SHIP,
    source_state="SHIPPING",
    currency="EUR",
    placed_at=NOON,
    updated_at=NOON,
    tax_included=True,
    lines=(LINE,),
    shipping=eur("4.90"),
    total=eur("104.90"),
    shipping_address=ALICE,
    payment_method="CARD",
)
OPTIONS = OrderOptions(email="relay-1@marketplace.example", paid=True)


# --- a tenant ---------------------------------------------------------------------------------------------------------
def stocked(sandbox: CentraSandbox) -> CentraSandbox:
    """A tenant that sells the SKUs of the payload files, with no limit of ten seconds in the way of a test."""
    sandbox.add_product("NV1001", name="Alma wool coat", variant_number="-410", sizes={"-M": 100, "-L": 0})
    sandbox.add_product("NV1002", name="Isak scarf", variant_number="-100", sizes={"-S": 100})
    sandbox.set_limits({("REQUEST_COUNT", "TEN_SECONDS"): 10_000, ("MUTATION_COUNT", "TEN_SECONDS"): 10_000})
    return sandbox


def account_of(sandbox: CentraSandbox, **settings: Any) -> Account:
    given = sandbox.credentials()
    path = given.pop("order_api_path")
    chosen = {
        "sandbox": True,
        "order_api_path": path,
        "allocation_rule_id": 1,
        "auto_confirm_off": True,
        **settings,
    }
    return Account(
        name="Northgate",
        base_url=sandbox.base_url,
        credentials=given,
        settings=chosen,
        timezone="Europe/Stockholm",
    )


# --- what left another warehouse --------------------------------------------------------------------------------------
def web_order(sandbox: CentraSandbox, order: Order = ORDER, *, confirm: bool = True, **options: Any) -> int:
    """An order of the shop's own, paid by card and not captured yet; its number."""
    seller = CentraConnector(account_of(sandbox), gate=OpenGate())
    chosen = OrderOptions(email="alice@example.com", paid=False, market="3", price_list="3", **options)
    body = {**translate.build_order(order, chosen), "comment": "Ring twice"}
    number = int(seller.client.create_order(body, reference=order.reference))
    if confirm:
        sandbox.confirm_order(number)
    return number


def parcel(sandbox: CentraSandbox, number: int, *, units: Mapping[str, int] | None = None, **values: Any) -> Dispatch:
    """A dispatch of these units by SKU, or of everything, in Centra's own line ids."""
    lines = [
        DispatchLine(sku=line.sku, line_id=str(line.id), quantity=line.quantity if units is None else units[line.sku])
        for line in sandbox.order(number).lines
        if units is None or line.sku in units
    ]
    given: dict[str, Any] = {
        "dispatch_id": f"81292-{number}",
        "number": "CS81292",
        "order_reference": str(number),
        "order_external_id": "501",
        "carrier": "PostNord",
        "service": "MyPack Home",
        "tracking_number": "00370001",
        "lines": tuple(lines),
        "dispatched_at": sandbox.clock.now(),
    }
    return Dispatch(**{**given, **values})
