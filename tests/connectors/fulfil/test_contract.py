"""Everything the connector sends, and everything the sandbox answers it, is in the contract."""

import json
from typing import Any

from connectors.fulfil.sandbox import FulfilSandbox
from connectors.sandboxkit import JournalEntry
from tests.connectors.conformance import START
from tests.connectors.fulfil.support import OPTIONS, ORDER, connector_of, released
from tests.contracts import contract

CONTRACT = contract("fulfil", closed=False)
CONCRETE = {(method, path): name for name, (method, path, _) in CONTRACT.operations.items()}
GENERIC = {
    "search_read": "searchRead",
    "search": "search",
    "read": "read",
}


def operation(entry: JournalEntry) -> str:
    """A concrete path before a templated one, as the contract says."""
    known = CONCRETE.get((entry.method, entry.path))
    return known or GENERIC[entry.path.rpartition("/")[2]]


def traffic(tenant: FulfilSandbox) -> list[JournalEntry]:
    """One of everything the connector does."""
    connector = connector_of(tenant)
    connector.check()
    tenant.ship_order(released(tenant, "CE-1"), tracking_number="00370001")
    (record,) = connector.fetch_dispatches(updated_from=START, updated_until=START).records
    connector.fetch_dispatch(record.external_id)
    connector.fetch_stock(["TEE-M", "SCARF"])
    connector.fetch_products()
    found = connector.read_order(str(released(tenant, "CE-2")))
    assert found is not None
    connector.cancel_order(found, comment="Lost.")
    connector.send_order(ORDER, OPTIONS)
    return tenant.journal.entries()


def test_what_is_asked_and_answered_keeps_the_contract(tenant: FulfilSandbox) -> None:
    asked: set[str] = set()
    for entry in traffic(tenant):
        name = operation(entry)
        asked.add(name)
        assert CONTRACT.request_problems(name, json.loads(entry.body)) == [], entry.path
        assert CONTRACT.answer_problems(name, 200, _answer(entry)) == [], entry.path
        assert entry.status == 200
    assert asked == {
        "getPreferences", "searchRead", "createOrder", "saleProcess", "saleCancel", "getProductInventory",
        "shipmentOutHold", "shipmentOutCancel",
    }  # fmt: skip


def _answer(entry: JournalEntry) -> Any:
    return json.loads(entry.reply)
