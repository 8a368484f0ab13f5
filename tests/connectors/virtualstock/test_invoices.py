"""An invoice for an order, at cost prices: whole, once, and never one that the platform would refuse."""

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from connectors.canonical.errors import DataError, PermanentError, UnknownOutcomeError
from connectors.sandboxkit import Fault
from connectors.virtualstock.connector import VirtualstockConnector
from connectors.virtualstock.invoices import Invoice, build_invoice
from connectors.virtualstock.sandbox import VirtualstockSandbox
from tests.connectors.virtualstock.contract import VIRTUALSTOCK
from tests.connectors.virtualstock.payloads import order_at
from tests.connectors.virtualstock.shop import LINES

LEFT = date(2026, 1, 15)
UUID = "0b0f7c1e-2f7e-4a55-9f0e-3c1c0a4d9a11"


def invoice_of(reference: str, **changes: Any) -> Invoice:
    whole = Invoice(
        reference=reference,
        number="INV-20417",
        invoice_date=LEFT,
        supplied={"501": LEFT, "502": LEFT},
        retailer_uuid="",
    )
    return replace(whole, **changes)


def sent(edge: VirtualstockSandbox) -> list[dict[str, Any]]:
    return [json.loads(entry.body) for entry in edge.journal.entries("createInvoice")]


def dispatched(edge: VirtualstockSandbox) -> str:
    return edge.add_order(lines=LINES, advance_to="DISPATCH")


def test_an_invoice_names_each_line_as_invoices_do_at_cost_prices(
    edge: VirtualstockSandbox, connector: VirtualstockConnector
) -> None:
    reference = dispatched(edge)

    connector.send_invoice(invoice_of(reference))

    (body,) = sent(edge)
    assert VIRTUALSTOCK.request_problems("createInvoice", body) == []
    assert (body["retailer_id"], body["retailer_order_reference"], body["currency_code"]) == (UUID, reference, "GBP")
    assert body["lines"][0] == {
        "retailer_sku": "R-NV1001-410-M",
        "supplier_sku": "NV1001-410-M",
        "order_line_reference": "501",
        "description": "NV1001-410-M",
        "quantity": 2,
        "supply_date": "2026-01-15",
        "unit_price": "24.50",
        "subtotal": "49.00",
        "tax_rate": "20.00",
        "tax": "9.80",
    }
    assert [item.number for item in edge.edge.invoices] == ["INV-20417"]


def test_cancelled_lines_are_left_out(edge: VirtualstockSandbox, connector: VirtualstockConnector) -> None:
    reference = dispatched(edge)
    edge.set_line_status(reference, "502", "CANCEL_ACK")

    connector.send_invoice(invoice_of(reference))

    assert [line["order_line_reference"] for line in sent(edge)[0]["lines"]] == ["501"]


def test_all_that_would_be_refused_is_named_and_nothing_is_sent(
    edge: VirtualstockSandbox, connector: VirtualstockConnector
) -> None:
    edge.change_retailer(tells_about_itself=False, sends_prices=False)
    reference = edge.add_order(lines=LINES, advance_to="ORDER_ACK")

    with pytest.raises(DataError) as caught:
        connector.send_invoice(
            invoice_of(reference, number="I" * 21, invoice_date=date(2026, 1, 14), supplied={"501": LEFT})
        )

    assert {problem.field for problem in caught.value.problems} == {
        "retailer_data.uuid", "invoice_number", "invoice_date", "items[0].status", "items[1].status",
        "items[0].unit_cost_price", "items[1].unit_cost_price", "items[1].line_reference",
    }  # fmt: skip
    assert sent(edge) == []


def test_an_order_that_is_cancelled_whole_has_nothing_to_invoice() -> None:
    with pytest.raises(DataError, match="nothing to invoice"):
        build_invoice(order_at("CANCEL_ACK", "CANCEL_ACK", "CANCEL_ACK"), invoice_of("HV70010023", retailer_uuid=UUID))


def test_a_second_invoice_of_an_order_is_refused_in_plain_words(
    edge: VirtualstockSandbox, connector: VirtualstockConnector
) -> None:
    reference = dispatched(edge)
    connector.send_invoice(invoice_of(reference))

    with pytest.raises(PermanentError) as caught:
        connector.send_invoice(invoice_of(reference, number="INV-20418"))

    assert (caught.value.code, caught.value.message) == (
        "ORDER_ALREADY_INVOICED",
        f"Invoice INV-20418 for order {reference}: The order has an invoice already. Look at it in the portal.",
    )


def test_a_rejected_invoice_is_replaced_by_one_with_a_new_number(
    edge: VirtualstockSandbox, connector: VirtualstockConnector
) -> None:
    reference = dispatched(edge)
    connector.send_invoice(invoice_of(reference))
    edge.decide_invoice("INV-20417", "REJECTED")

    connector.send_invoice(invoice_of(reference, number="INV-20418"))

    assert [(item.number, item.state) for item in edge.edge.invoices] == [
        ("INV-20417", "WITHDRAWN"),
        ("INV-20418", "CREATED"),
    ]


def test_an_invoice_whose_answer_was_lost_is_most_likely_ours(
    edge: VirtualstockSandbox, connector: VirtualstockConnector
) -> None:
    reference = dispatched(edge)
    edge.faults.add(Fault(kind="drop_after", operation="createInvoice"))
    with pytest.raises(UnknownOutcomeError):
        connector.send_invoice(invoice_of(reference))

    with pytest.raises(PermanentError) as caught:
        connector.send_invoice(invoice_of(reference))

    assert caught.value.code == "ORDER_ALREADY_INVOICED"
    assert len(edge.edge.invoices) == 1
