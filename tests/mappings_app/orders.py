"""Orders and dispatches for the tests of this layer."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from connectors.canonical.dispatches import Dispatch, DispatchLine
from connectors.canonical.money import Money, zero
from connectors.canonical.orders import Order, OrderLine, OrderState

PLACED_AT = datetime(2026, 1, 15, 8, tzinfo=UTC)


def line(line_id: str, sku: str, **changes: Any) -> OrderLine:
    price = Money(Decimal("10.00"), "GBP")
    plain = OrderLine(line_id=line_id, sku=sku, quantity=1, unit_price=price, line_total=price, shipping=zero("GBP"))
    return replace(plain, **changes)


def order(*lines: OrderLine, **changes: Any) -> Order:
    plain = Order(
        reference="MK-10023-A",
        state=OrderState.READY_TO_SHIP,
        source_state="SHIPPING",
        currency="GBP",
        placed_at=PLACED_AT,
        updated_at=PLACED_AT,
        tax_included=True,
        lines=lines,
        shipping=zero("GBP"),
        total=Money(Decimal("10.00") * len(lines), "GBP"),
    )
    return replace(plain, **changes)


def dispatch(**changes: Any) -> Dispatch:
    plain = Dispatch(
        dispatch_id="71",
        number="39790-1",
        order_reference="MK-10023-A",
        order_external_id="39790",
        carrier="DPD",
        tracking_number="1550 0000/1",
        tracking_url="https://centra.test/t/1",
        lines=(DispatchLine(sku="NW-1021", quantity=1),),
        dispatched_at=PLACED_AT,
    )
    return replace(plain, **changes)
