"""Fulfil's return orders, return shipments and credit notes ↔ ours. Pure; `translate.py` has what orders and dispatches need."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import cycle

from connectors.canonical.errors import PermanentError
from connectors.canonical.money import Money, minor_digits
from connectors.canonical.payload import JSON
from connectors.canonical.returns import (
    CreditNote,
    Return,
    ReturnLine,
    ReturnRequest,
    ReturnRequestLine,
    ReturnState,
    check_return,
)
from connectors.fulfil.reading import Node
from connectors.fulfil.translate import PRICE_DIGITS, SHIPPING_LINE, TAX_MARK, is_shipping, unit_price
from connectors.fulfil.typedjson import read_day, read_decimal, read_moment

SALE, MOVE = "sale.sale", "stock.move"
SHIPMENT_FIELDS = ("number", "state", "effective_date", "write_date", "create_date")
MOVE_FIELDS = (
    "shipment", "origin", "state", "quantity", "product.code", "origin.channel_identifier", "origin.sale",
    "origin.sale.channel_identifier", "origin.sale.origin",
)  # fmt: skip
SHELVING_FIELDS = ("shipment", "origin", "quantity", "to_location.type")
INVOICE_FIELDS = (
    "number", "type", "state", "invoice_date", "currency.code", "tax_amount", "total_amount", "sales", "write_date",
    "create_date",
)  # fmt: skip
STATES: Mapping[str, ReturnState] = {
    "draft": ReturnState.REQUESTED,
    "received": ReturnState.RECEIVED,
    "done": ReturnState.RESTOCKED,
    "cancel": ReturnState.CANCELLED,
}
SOLD_FIELDS = (
    "type", "product.type", "quantity", "unit_price", "channel_identifier", "taxes", "metadata",
)  # fmt: skip
NEAR = (0, -1, 1, -2, 2)  # how many minor units a price without tax may be moved so that price and tax make the amount
PARTS = (Decimal(0), Decimal("0.2"), Decimal("-0.2"))  # of a minor unit: past a half that is rounded either way
POSTED = frozenset({"posted", "paid"})


@dataclass(frozen=True, kw_only=True)
class SoldLine:
    """A line of the sale that a return is made against."""

    line_id: int
    rate: Decimal  # all its taxes together: 0.25 is 25 percent
    units: Decimal = Decimal(1)
    price: Decimal | None = None  # of one unit, without tax
    tax: Decimal | None = None  # of the whole line, as it was stated when it was sold; None where nobody noted it

    def as_sold(self, units: int, currency: str) -> tuple[Money, Money] | None:
        """What so many units come to, and the tax in it, at the price they were sold at; None where that is not known."""
        if self.price is None or self.tax is None or not self.units:
            return None
        net = Money(self.price * units, currency).rounded()
        tax = Money(self.tax * units / self.units, currency).rounded()
        return net + tax, tax


def parse_sold_lines(rows: Iterable[Mapping[str, JSON]], taxes: Iterable[Mapping[str, JSON]]) -> dict[str, SoldLine]:
    """By the line's identifier at the source, and by Fulfil's own id; the delivery by SHIPPING_LINE."""
    rates = {row.get("tax"): read_decimal(row.get("rate")) or Decimal(0) for row in taxes}
    found: dict[str, SoldLine] = {}
    for row in rows:
        metadata = row.get("metadata")
        sold = SoldLine(
            line_id=row["id"],
            rate=sum((rates.get(tax, Decimal(0)) for tax in row.get("taxes") or ()), Decimal(0)),
            units=read_decimal(row.get("quantity")) or Decimal(0),
            price=read_decimal(row.get("unit_price")),
            tax=read_decimal(metadata.get(TAX_MARK)) if isinstance(metadata, dict) else None,
        )
        found[f"#{row['id']}"] = sold
        name = SHIPPING_LINE if is_shipping(row) else str(row.get("channel_identifier") or "")
        if name:
            found.setdefault(name, sold)
    return found


def build_return(request: ReturnRequest, *, sold: Mapping[str, SoldLine] = {}) -> dict[str, JSON]:
    """A line that goes back at what it was sold at has no price: Fulfil then takes its own, which carries the stated tax.

    Raises PermanentError when the sale has no such line.
    """
    pairs = [_return_line(request, line, sold) for line in request.lines]
    if request.shipping is not None and request.shipping.amount:
        pairs.append(_shipping_line(request, request.shipping, sold))
    parts = [part for _, part in pairs if part is not None]
    prices = iter(_prices(parts))
    lines = [built if part is None else {**built, "unit_price": next(prices)} for built, part in pairs]
    return {"channel_identifier": request.reference, "reference": request.reference, "lines": lines}


@dataclass(frozen=True, kw_only=True)
class _Part:
    """What is given back for the units of one line, at a price of its own."""

    amount: Money  # tax included
    tax: Money | None  # in it, where the source states it
    rate: Decimal
    units: int


_Built = tuple[dict[str, JSON], _Part | None]


def _return_line(request: ReturnRequest, line: ReturnRequestLine, sold: Mapping[str, SoldLine]) -> _Built:
    own = sold.get(f"#{line.order_line_id}" if line.order_line_id else line.sold_line_id)
    number = own.line_id if own else _line_number(request, line)
    part = None
    if own is not None and line.amount is not None and not _is_as_sold(line, line.amount, own):
        part = _Part(amount=line.amount, tax=line.tax, rate=own.rate, units=line.quantity)
    texts = (("channel_identifier", line.line_id), ("return_reason", line.reason), ("note", line.note))
    built: dict[str, JSON] = {"order_line_id": number, "return_quantity": line.quantity}
    return {**built, **{name: value for name, value in texts if value}}, part


def _is_as_sold(line: ReturnRequestLine, amount: Money, own: SoldLine) -> bool:
    sold = own.as_sold(line.quantity, amount.currency)
    return sold is not None and sold[0].agrees_with(amount) and (line.tax is None or sold[1].agrees_with(line.tax))


def _shipping_line(request: ReturnRequest, shipping: Money, sold: Mapping[str, SoldLine]) -> _Built:
    """Delivery is a line of the sale with one unit: it can be given back once, whole or in part."""
    own = sold.get(SHIPPING_LINE)
    if own is None:
        words = (
            f"Return {request.reference} gives back {shipping} of delivery, and Fulfil's order "
            f"{request.order_external_id} has no line for delivery. Book it there by hand."
        )
        raise PermanentError(words, subject=request.reference, code="no_shipping_line")
    part = _Part(amount=shipping, tax=request.shipping_tax, rate=own.rate, units=1)
    return {"order_line_id": own.line_id, "return_quantity": 1}, part


def _prices(parts: Sequence[_Part]) -> list[Decimal]:
    """A price for each. What no price makes of one, by a minor unit, another of the same return makes up for."""
    found = [_price(part) for part in parts]
    apart = [index for index, price in enumerate(found) if price is None]
    for index, minor in zip(apart, cycle((-1, 1)), strict=False):
        found[index] = _price(parts[index], minor=minor)
    if len(apart) % 2:
        _make_up(parts, found, last=apart[-1], others=[index for index in range(len(parts)) if index not in apart])
    return [_plain_prices(part)[0] if price is None else price for part, price in zip(parts, found, strict=True)]


def _make_up(parts: Sequence[_Part], found: list[Decimal | None], *, last: int, others: Sequence[int]) -> None:
    """Of those that are apart, every two make up for each other; the last one needs another part that moves along."""
    for index in others:
        for minor in (-1, 1):
            its, ours = _price(parts[last], minor=minor), _price(parts[index], minor=-minor)
            if its is not None and ours is not None:
                found[last], found[index] = its, ours
                return


def _price(part: _Part, *, minor: int = 0) -> Decimal | None:
    """The price of one unit without tax that Fulfil, which adds the tax by its rate, makes the amount of, or so many minor
    units more; None where none does.

    Net amounts and their tax are rounded to the minor unit, and no net amount of whole minor units makes every sum: 0.03 at
    25 percent is none. Fulfil comes from Tryton, which takes the tax of the price before that is rounded (account/tax.py,
    `_get_taxes`, read 2026-11-21), and its prices have more digits than its amounts: 0.024 is 0.02 and a tax of 0.01. So a
    price that does whichever of the two is taxed goes first, then one with more digits. At 20 percent neither makes 0.03,
    0.09, 0.15, …
    """
    step, rate, units = _coin(part.amount), part.rate, part.units
    whole = part.amount.rounded().amount + step * minor
    if whole < 0:
        return None
    safe = (one for one in _plain_prices(part, minor=minor) if set(_sums(one * units, rate, step)) == {whole})
    exact = [whole / (1 + rate) + step * bit for bit in PARTS]
    finer = ((one / units).quantize(Decimal(1).scaleb(-digits)) for digits in PRICE_DIGITS for one in exact)
    return next(safe, None) or next((one for one in finer if _sums(one * units, rate, step)[0] == whole), None)


def _plain_prices(part: _Part, *, minor: int = 0) -> list[Decimal]:
    """Prices of whole minor units for all the units together, from what the source states as net."""
    step = _coin(part.amount)
    whole = part.amount.rounded().amount + step * minor
    inside = whole * part.rate / (1 + part.rate) if part.tax is None else part.tax.rounded().amount
    return [unit_price(whole - inside.quantize(step) + step * near, part.units, part.amount.currency) for near in NEAR]


def _coin(amount: Money) -> Decimal:
    return Decimal(1).scaleb(-minor_digits(amount.currency))


def _sums(base: Decimal, rate: Decimal, step: Decimal) -> tuple[Decimal, Decimal]:
    """What an unrounded net amount and its tax come to: the tax taken of it as it is, and of it as it is rounded."""
    net = base.quantize(step, rounding=ROUND_HALF_EVEN)
    first, second = ((one * rate).quantize(step, rounding=ROUND_HALF_EVEN) for one in (base, net))
    return net + first, net + second


def parse_return(payload: JSON) -> Return:
    root = Node.root(payload, kind="Return")
    shipment, moves, shelved = root.child("shipment"), root.children("moves"), root.children("shelved")
    root.faults.record = f"Return {shipment.value.get('number') or shipment.value.get('id') or ''}".strip()
    word = shipment.word("state")
    first = moves[0].value if moves else {}
    found = Return(
        external_id=str(shipment.whole("id")),
        number=shipment.text("number"),
        reference=str(first.get("origin.sale.channel_identifier") or ""),
        return_id=str(first.get("origin.sale") or ""),
        order_external_id=order_of(first.get("origin.sale.origin")),
        state=STATES.get(word, ReturnState.UNKNOWN),
        source_state=word,
        lines=tuple(_line(move, shelved) for move in moves),
        updated_at=read_moment(shipment.value.get("write_date")) or read_moment(shipment.value.get("create_date")),
    )
    root.faults.raise_any()
    return check_return(found)


def _line(move: Node, shelved: Sequence[Node]) -> ReturnLine:
    """Only what reached a storage zone is on the shelf: damaged goods are moved elsewhere."""
    requested = move.whole("quantity")
    own = [one for one in shelved if one.value.get("origin") == f"{MOVE},{move.value.get('id')}"]
    return ReturnLine(
        line_id=move.word("origin").partition(",")[2],
        source_line_id=move.text("origin.channel_identifier"),
        sku=move.word("product.code"),
        requested=requested,
        received=requested if move.value.get("state") == "done" else 0,
        restocked=sum(one.whole("quantity") for one in own if one.value.get("to_location.type") == "storage"),
    )


def parse_credit_note(payload: JSON) -> CreditNote:
    root = Node.root(payload, kind="Credit note")
    invoice, sales = root.child("invoice"), root.children("sales")
    root.faults.record = f"Credit note {invoice.value.get('number') or invoice.value.get('id') or ''}".strip()
    currency = invoice.word("currency.code")
    amounts = {name: abs(invoice.amount(name)) for name in ("total_amount", "tax_amount")}
    external_id, word = str(invoice.whole("id")), invoice.word("state")
    first = sales[0].value if sales else {}
    root.faults.raise_any()
    return CreditNote(
        external_id=external_id,
        number=invoice.text("number"),
        reference=str(first.get("channel_identifier") or ""),
        return_id=str(first.get("id") or ""),
        order_external_id=order_of(first.get("origin")),
        posted=word in POSTED,
        total=Money(amounts["total_amount"], currency),
        tax=Money(amounts["tax_amount"], currency),
        issued_date=read_day(invoice.value.get("invoice_date")),
    )


def order_of(origin: JSON) -> str:
    """The order's number in "sale.sale,77", "" for a reference to anything else."""
    kind, _, number = origin.partition(",") if isinstance(origin, str) else ("", "", "")
    return number if kind == SALE and number.isdecimal() else ""


def _line_number(request: ReturnRequest, line: ReturnRequestLine) -> int:
    number = line.order_line_id
    if not (number.isascii() and number.isdigit()):
        named = number or line.sold_line_id
        words = f"{named} is not a line of order {request.order_external_id} in Fulfil, so it cannot come back."
        raise PermanentError(words, subject=named, code="number")
    return int(number)
