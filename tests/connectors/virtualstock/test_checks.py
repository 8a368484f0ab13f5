"""The connection test: what a person must set, and what only may be set."""

from typing import Any

import pytest

from connectors.base import Finding
from connectors.sandboxkit import Fault
from connectors.virtualstock.connector import VirtualstockConnector
from connectors.virtualstock.sandbox import VirtualstockSandbox
from tests.connectors.conformance import RecordingGate
from tests.connectors.virtualstock.shop import account_of


def findings(edge: VirtualstockSandbox, **settings: Any) -> dict[str, Finding]:
    report = VirtualstockConnector(account_of(edge, **settings), gate=RecordingGate()).check()
    return {finding.subject: finding for finding in report.findings}


def test_a_healthy_connection_names_its_retailer(edge: VirtualstockSandbox) -> None:
    found = findings(edge, retailer_id=7001)

    assert {subject: finding.ok for subject, finding in found.items()} == dict.fromkeys(
        (
            "Signing in",
            "Retailer",
            "Orders",
            "Carriers",
            "Returns",
            "Products",
            "Prices",
            "Product fields",
            "Rights to write",
        ),
        True,
    )
    assert found["Retailer"].message == "The connection serves Harrow & Vale."


def test_a_retailer_of_somebody_else_stops_the_connection(edge: VirtualstockSandbox) -> None:
    finding = findings(edge, retailer_id=1)["Retailer"]

    assert (finding.ok, finding.blocking) == (False, True)
    assert "Harrow & Vale (7001)" in finding.message


def test_several_retailers_in_one_connection_are_advised_against(edge: VirtualstockSandbox) -> None:
    edge.add_retailer(retailer_id=7002, client_id=8802, name="Southern Homeware")

    finding = findings(edge)["Retailer"]

    assert (finding.ok, finding.blocking) == (False, False)
    assert "Southern Homeware (7002)" in finding.message


def test_without_a_field_for_prices_the_rest_works(edge: VirtualstockSandbox) -> None:
    finding = findings(edge, price_field="")["Prices"]

    assert (finding.ok, finding.blocking) == (False, False)


@pytest.mark.parametrize(
    ("operation", "subject", "blocking"), [("listOrders", "Orders", True), ("listCarriers", "Carriers", False)]
)
def test_what_cannot_be_read_is_told_where_it_counts(
    edge: VirtualstockSandbox, operation: str, subject: str, blocking: bool
) -> None:
    edge.faults.add(Fault(kind="status_before", operation=operation, status=500))

    finding = findings(edge)[subject]

    assert (finding.ok, finding.blocking) == (False, blocking)


def test_a_platform_without_carriers_is_a_warning(edge: VirtualstockSandbox) -> None:
    edge.set_carriers([])

    assert findings(edge)["Carriers"].message == "Virtualstock lists no carrier. Ask its support."


@pytest.mark.parametrize(
    ("said", "ok", "begins"),
    [
        ("", True, "No product fields are set"),
        ("short_description*, rrp", True, "2 fields are told of each product."),
        ("2nd, rrp", False, "These cannot be names of fields: 2nd."),
        ("rrp, supplier_free_stock", False, "Not told with a product: supplier_free_stock."),
    ],
)
def test_names_of_product_fields_are_looked_at(edge: VirtualstockSandbox, said: str, ok: bool, begins: str) -> None:
    finding = findings(edge, product_fields=said)["Product fields"]

    assert (finding.ok, finding.message.startswith(begins)) == (ok, True)
    assert ok or not finding.blocking
