"""Fulfil's return orders, return shipments and credit notes ↔ ours. Pure; `translate.py` has what orders and dispatches need."""

from collections.abc import Mapping, Sequence

from connectors.canonical.errors import PermanentError
from connectors.canonical.money import Money
from connectors.canonical.payload import JSON
from connectors.canonical.returns import CreditNote, Return, ReturnLine, ReturnRequest, ReturnState, check_return
from connectors.fulfil.reading import Node
from connectors.fulfil.typedjson import read_day, read_moment

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
POSTED = frozenset({"posted", "paid"})


def build_return(request: ReturnRequest) -> dict[str, JSON]:
    """Without a price: Fulfil credits what the line was sold at."""
    return {
        "channel_identifier": request.reference,
        "reference": request.reference,
        "lines": [
            {
                "order_line_id": _line_number(line.order_line_id),
                "return_quantity": line.quantity,
                **{
                    name: value
                    for name, value in (
                        ("channel_identifier", line.line_id),
                        ("return_reason", line.reason),
                        ("note", line.note),
                    )
                    if value
                },
            }
            for line in request.lines
        ],
    }


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
        order_external_id=_id_of(first.get("origin.sale.origin"), SALE),
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
        order_external_id=_id_of(first.get("origin"), SALE),
        posted=word in POSTED,
        total=Money(amounts["total_amount"], currency),
        tax=Money(amounts["tax_amount"], currency),
        issued_date=read_day(invoice.value.get("invoice_date")),
    )


def _id_of(reference: JSON, model: str) -> str:
    """The number in "sale.sale,77", "" for a reference to anything else."""
    kind, _, number = reference.partition(",") if isinstance(reference, str) else ("", "", "")
    return number if kind == model and number.isdecimal() else ""


def _line_number(line_id: str) -> int:
    if not (line_id.isascii() and line_id.isdigit()):
        words = f"{line_id} is not the number of an order line in Fulfil."
        raise PermanentError(words, subject=line_id, code="number")
    return int(line_id)
