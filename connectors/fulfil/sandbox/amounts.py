"""What a line of an order comes to, rounded to the smallest coin of the order's currency."""

from decimal import ROUND_HALF_EVEN, Decimal

from connectors.fulfil.sandbox.store import Context, Row, Store, computed


@computed("sale.line", "amount")
def line_amount(store: Store, line: Row, context: Context) -> Decimal:
    return coins(store, line["sale"], _exact(line, line["quantity"]))


def line_tax(store: Store, line: Row) -> Decimal:
    """What the channel stated, else what the rates come to: of the price as it is, or of the rounded amount (`Switches`)."""
    stated: Decimal | None = line.get("_tax")
    if stated is not None:
        return stated
    rates = sum((store.row("account.tax", one)["rate"] for one in line["taxes"]), Decimal(0))
    of_amount = store.switches.tax_from == "amount"
    base = line_amount(store, line, {}) if of_amount else _exact(line, line["quantity"])
    return coins(store, line["sale"], base * rates)


def units_amount(store: Store, line: Row, units: float) -> Decimal:
    """What so many units of it come to, tax excluded."""
    return coins(store, line["sale"], _exact(line, units))


def units_tax(store: Store, line: Row, units: float) -> Decimal:
    """The share of so many units in the line's tax."""
    whole = line_tax(store, line)
    if units == line["quantity"]:
        return whole
    return coins(store, line["sale"], whole * Decimal(str(units)) / Decimal(str(line["quantity"])))


def coins(store: Store, sale_id: int, amount: Decimal) -> Decimal:
    return rounded(amount, store.row("currency.currency", store.row("sale.sale", sale_id)["currency"])["digits"])


def rounded(amount: Decimal, digits: int) -> Decimal:
    return amount.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_EVEN)


def _exact(line: Row, units: float) -> Decimal:
    return (line["unit_price"] or Decimal(0)) * Decimal(str(units or 0))
