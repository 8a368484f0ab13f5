"""What a line of an order comes to."""

from decimal import Decimal

from connectors.fulfil.sandbox.store import Context, Row, Store, computed
from connectors.fulfil.sandbox.tenant import cents


@computed("sale.line", "amount")
def line_amount(store: Store, line: Row, context: Context) -> Decimal:
    return cents((line["unit_price"] or Decimal(0)) * Decimal(str(line["quantity"] or 0)))


def line_tax(store: Store, line: Row) -> Decimal:
    """What the channel stated, else what the rates come to."""
    stated: Decimal | None = line.get("_tax")
    if stated is not None:
        return stated
    rates = sum((store.row("account.tax", one)["rate"] for one in line["taxes"]), Decimal(0))
    return cents(line_amount(store, line, {}) * rates)
