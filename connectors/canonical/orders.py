"""An order as it was sold. Amounts are what the customer was charged, tax included, and are final everywhere."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from connectors.canonical.errors import DataError, Problem
from connectors.canonical.money import Money, total


class OrderState(StrEnum):
    """Where the order stands at its source, in our words."""

    STAGING = "STAGING"  # the source is still checking it: nothing to do
    AWAITING_ACCEPTANCE = "AWAITING_ACCEPTANCE"
    AWAITING_PAYMENT = "AWAITING_PAYMENT"  # accepted, the customer's money not taken yet
    READY_TO_SHIP = "READY_TO_SHIP"  # paid, or pay-later: fulfil now
    SHIPPED = "SHIPPED"
    RECEIVED = "RECEIVED"
    CLOSED = "CLOSED"
    REFUSED = "REFUSED"
    CANCELLED = "CANCELLED"
    UNKNOWN = "UNKNOWN"  # a value we have never seen: kept, and told to a person


OVER_STATES = frozenset({OrderState.REFUSED, OrderState.CANCELLED, OrderState.CLOSED})


@dataclass(frozen=True, kw_only=True)
class Address:
    first_name: str
    last_name: str
    company: str = ""
    street: tuple[str, ...]  # one to three lines, none empty
    postal_code: str
    city: str
    region: str = ""  # state or province, as the source wrote it
    country: str  # ISO 3166-1 alpha-2, upper case
    phone: str = ""
    email: str = ""  # often a relay address: never an identity


@dataclass(frozen=True, kw_only=True)
class TaxAmount:
    code: str  # the source's own tax code
    amount: Money  # for the whole line (or its shipping), all units
    rate: str = ""  # percent as the source states it, "" when it does not: never recomputed from amounts


@dataclass(frozen=True, kw_only=True)
class OrderLine:
    line_id: str  # the source's identifier: the only join key, since one SKU may stand on two lines
    sku: str  # the seller's SKU as the source spells it; after resolving, the target's
    gtin: str = ""
    title: str = ""
    quantity: int  # units sold and still wanted at the source, at least 1
    unit_price: Money  # tax included, after discounts
    line_total: Money  # unit_price x quantity as the source states it, shipping excluded
    shipping: Money  # shipping charged for this line
    taxes: tuple[TaxAmount, ...] = ()
    shipping_taxes: tuple[TaxAmount, ...] = ()
    cancelled: bool = (
        False  # refused or cancelled at the source: kept for the story, excluded from totals and fulfilment
    )


@dataclass(frozen=True, kw_only=True)
class Payment:
    """One of the means an order is paid by."""

    method: str  # the source's code; after resolving, the target's
    amount: Money
    reference: str = ""  # of the payment service, "" where the source tells none


@dataclass(frozen=True, kw_only=True)
class Order:
    reference: str  # the marketplace order id: the common key across systems
    commercial_reference: str = ""  # the customer's basket, which may span several orders
    state: OrderState
    source_state: str  # the source's own word for it
    currency: str
    placed_at: datetime  # aware, UTC
    updated_at: datetime  # aware, UTC: the source's own clock
    accepted_at: datetime | None = None
    paid_at: datetime | None = None
    ship_by: datetime | None = None  # the source's dispatch deadline
    tax_included: bool  # whether the source's amounts contain tax
    lines: tuple[OrderLine, ...]
    shipping: Money  # charged for the whole order
    total: Money  # what the customer paid for the lines that are not cancelled, shipping included
    taxes: tuple[TaxAmount, ...] = ()  # order-level taxes only, where the source has them
    billing_address: Address | None = None  # withheld before acceptance or payment at many marketplaces
    shipping_address: Address | None = None
    relay_email: str = ""  # where notices go: a shop's customer, or a marketplace's anonymous address
    channel: str = ""  # the storefront code of the marketplace ("SE"), "" when it names none
    shipping_service: str = ""  # the delivery method's code the customer chose
    shipping_service_label: str = ""
    payment_method: str = ""  # the source's code
    payments: tuple[Payment, ...] = ()  # where the source tells them: they make what is paid; () = all by one method
    can_ship: bool = False
    can_cancel: bool = False
    cancellation_requested: bool = (
        False  # the source asks for it and waits to hear that its cancelled lines will not leave
    )
    fulfilled_by_seller: bool = True
    part_shipped: bool = False  # a part has left already, as the source tells
    sets_units_aside: bool = (
        True  # its units are sold to nobody else there, even while it may not go on; a cart sets none aside
    )
    test: bool = False  # placed to try the connection out: nobody waits for goods, and none may leave
    attributes: dict[str, str] = field(default_factory=dict)  # what the source adds and the hub only passes on

    @property
    def open_lines(self) -> tuple[OrderLine, ...]:
        return tuple(line for line in self.lines if not line.cancelled)

    @property
    def paid(self) -> Money:
        """What the customer pays: the total, with its tax."""
        return self.total if self.tax_included else self.total + self.tax

    @property
    def tax(self) -> Money:
        """The tax the source states, over open lines, their shipping and the order."""
        return total((tax.amount for tax in self._stated_taxes()), currency=self.currency)

    def _stated_taxes(self) -> Iterator[TaxAmount]:
        yield from self.taxes
        for line in self.open_lines:
            yield from (*line.taxes, *line.shipping_taxes)


def check_order(order: Order) -> Order:
    """Return the order, or raise DataError with every invariant it breaks.

    Invariants: one currency; quantities positive; each line's unit price times quantity is its total to the minor
    unit, or within what rounding a unit price to the minor unit can explain; lines plus shipping make the total; and so do
    the payments, where they are told.
    """
    problems = [*_line_problems(order), *_total_problems(order)]
    if problems:
        raise DataError(problems, record=order.reference)
    return order


def _line_problems(order: Order) -> Iterator[Problem]:
    seen: set[str] = set()
    if not order.lines:
        yield _problem(order, "lines", "The order has no lines.")
    for index, line in enumerate(order.lines):
        path = f"lines[{index}]"
        if line.line_id in seen:
            yield _problem(order, f"{path}.line_id", f"Line {line.line_id} appears twice.")
        seen.add(line.line_id)
        if line.quantity < 1:
            yield _problem(order, f"{path}.quantity", f"The quantity is {line.quantity}; it must be at least 1.")
        for name, amount in (("unit_price", line.unit_price), ("line_total", line.line_total)):
            if amount.currency != order.currency:
                yield _problem(
                    order, f"{path}.{name}", f"The currency is {amount.currency}, the order's {order.currency}."
                )
            elif amount.amount < 0:
                yield _problem(order, f"{path}.{name}", f"The amount {amount} is negative.")
        if line.unit_price.currency == line.line_total.currency and line.quantity >= 1:
            apart = abs((line.unit_price * line.quantity).minor() - line.line_total.minor())
            if apart > line.quantity / 2:
                words = f"{line.quantity} x {line.unit_price} is not {line.line_total}."
                yield _problem(order, f"{path}.line_total", words)


def _total_problems(order: Order) -> Iterator[Problem]:
    if {order.total.currency, order.shipping.currency} != {order.currency}:
        yield _problem(order, "total", f"The total is in {order.total.currency}, the order in {order.currency}.")
        return
    if any(line.line_total.currency != order.currency for line in order.open_lines):
        return  # already told per line
    expected = total((line.line_total for line in order.open_lines), currency=order.currency) + order.shipping
    if not expected.agrees_with(order.total):
        yield _problem(order, "total", f"Lines and shipping make {expected}, the order says {order.total}.")
    yield from _payment_problems(order)


def _payment_problems(order: Order) -> Iterator[Problem]:
    if not order.payments:
        return
    if any(one.amount.currency != order.currency or one.amount.amount < 0 for one in order.payments):
        yield _problem(order, "payments", f"A payment is negative, or not in {order.currency}.")
        return
    made = total((one.amount for one in order.payments), currency=order.currency)
    if not made.agrees_with(order.paid):
        yield _problem(order, "payments", f"The payments make {made}, the order comes to {order.paid}.")


def _problem(order: Order, field_path: str, message: str) -> Problem:
    return Problem(field=field_path, message=message, record=order.reference)


@dataclass(frozen=True, kw_only=True)
class TargetOrder:
    """An order as it stands at the target, read back."""

    external_id: str  # the target's identifier: Centra's order number, the id of Fulfil's record
    number: str = ""  # what people at the target call it, where that is another one: Fulfil's SO…; "" before it has one
    internal_id: str = ""  # the target's identifier that its API uses, where it differs: Centra's hash
    reference: str  # ours, as the target holds it; "" when it is not tagged yet
    state: "TargetState"
    target_state: str  # the target's own word
    on_hold: bool = False
    hold_reason: str = ""
    total: Money
    shipping: Money
    tax: Money | None = None
    lines: tuple["TargetLine", ...] = ()
    dispatches: tuple[str, ...] = ()  # external ids of the shipments it has
    updated_at: datetime | None = None


class TargetState(StrEnum):
    PENDING = "PENDING"  # created, not confirmed: cannot ship
    CONFIRMED = "CONFIRMED"
    PROCESSING = "PROCESSING"
    SHIPPED = "SHIPPED"
    CANCELLED = "CANCELLED"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, kw_only=True)
class TargetLine:
    line_id: str
    sku: str
    quantity: int
    cancelled_quantity: int = 0
    unit_price: Money
    line_total: Money
