"""The connection test: what it finds, in words a person can act on, and that it changes nothing."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from graphql import FieldNode, GraphQLSchema, TypeInfo, TypeInfoVisitor, Visitor, build_schema, parse, visit

from connectors import ports
from connectors.base import Account, Finding
from connectors.centra import checks, documents
from connectors.centra.connector import CentraConnector
from connectors.centra.documents import Document
from connectors.centra.documents.sold import SOLD_DOCUMENTS
from connectors.centra.sandbox import CentraSandbox
from connectors.centra.sandbox.gql.permissions import permissions_for
from connectors.centra.sandbox.gql.schema import SDL_PATH
from connectors.http import OpenGate
from connectors.sandboxkit import Fault, SandboxClock
from tests.connectors.centra.support import Network, account_of, make_account, stocked

START = datetime(2026, 1, 15, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    with ports.using(clock=ports.VirtualClock(START)):
        yield


@pytest.fixture
def tenant() -> Iterator[CentraSandbox]:
    with stocked(CentraSandbox(clock=SandboxClock(START, frozen=True))) as tenant:
        tenant.set_limits({})
        yield tenant


def findings(account: Account) -> dict[str, Finding]:
    report = CentraConnector(account, gate=OpenGate()).check()
    assert all(finding.message.endswith(".") for finding in report.findings)
    named = {finding.subject: finding for finding in report.findings}
    assert len(named) == len(report.findings)
    return named


def wrong(account: Account) -> dict[str, str]:
    return {subject: finding.message for subject, finding in findings(account).items() if not finding.ok}


def test_a_healthy_account_passes_within_a_fresh_instances_limits_and_nothing_changes(tenant: CentraSandbox) -> None:
    report = CentraConnector(account_of(tenant, store_id=1, market="3", price_list="3"), gate=OpenGate()).check()
    assert report.ok
    assert {finding.subject for finding in report.findings if not finding.ok} == set()
    assert [finding.subject for finding in report.findings] == [
        "Integration API token",
        "Rate limits",
        "Permission to read orders",
        "Permission to search orders",
        "Permission to change orders",
        "Permission to read shipments",
        "Permission to read what was sold",
        "Permission to make shipments",
        "Permission to read returns",
        "Permission to read prices",
        "Permission to read the event queue",
        "Permission to confirm events",
        "Permission to read stock changes",
        "Permission to read products",
        "Permission to read what is told of products",
        "Permission to read stock",
        "GraphQL schema",
        "Store",
        "Market",
        "Price list",
        "Warehouses",
        "Order API",
        "Auto-confirm",
        "Webhooks",
    ]
    assert tenant.orders == []
    assert tenant.shop.events.listeners(tenant.integration) == []
    assert len(tenant.journal.entries()) == 19


def test_what_only_a_person_can_see_is_a_warning_with_what_to_do(tenant: CentraSandbox) -> None:
    account = account_of(tenant, auto_confirm_off=False)
    account = replace(account, credentials={**account.credentials, "webhook_secret": ""})
    report = CentraConnector(account, gate=OpenGate()).check()
    assert report.ok
    told = {finding.subject: finding.message for finding in report.findings if not finding.ok}
    assert set(told) == {"Auto-confirm", "Webhooks"}
    assert "tick “Auto-confirm is off” on the connection" in told["Auto-confirm"]


def test_the_tokens_end_is_asked_of_the_person_since_centra_does_not_tell(tenant: CentraSandbox) -> None:
    assert "It does not say until when" in findings(account_of(tenant))["Integration API token"].message


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_ends_the_graphql_part_and_the_order_api_is_still_tried(
    tenant: CentraSandbox, status: int
) -> None:
    tenant.configure(bad_token_status=status)
    tenant.expire_token()
    found = findings(account_of(tenant))
    assert not found["Integration API token"].ok
    assert "expired" in found["Integration API token"].message
    assert found["Order API"].ok
    assert "GraphQL schema" not in found
    assert len(tenant.journal.entries()) == 2


@pytest.mark.parametrize(
    ("permission", "subject", "blocking"),
    [
        ("Order:read", "Permission to read orders", True),
        ("PaymentHistory:read", "Permission to search orders", True),
        ("Order:write", "Permission to change orders", True),
        ("Shipment:read", "Permission to read shipments", True),
        ("Shipment:write", "Permission to make shipments", False),
        ("Return:read", "Permission to read returns", False),
        ("StockChange:read", "Permission to read stock changes", False),
        ("Price:read", "Permission to read prices", False),
        ("Event:read", "Permission to read the event queue", False),
        ("Event:write", "Permission to confirm events", False),
        ("ProductSize:read", "Permission to read products", False),
        ("ProductSize.stock:read", "Permission to read stock", False),
    ],
)
def test_each_missing_permission_is_named_with_what_it_stops(
    tenant: CentraSandbox, permission: str, subject: str, blocking: bool
) -> None:
    tenant.forbid(permission)
    found = findings(account_of(tenant))[subject]
    assert (found.ok, found.blocking) == (False, blocking)
    assert f"The token lacks {permission}, so the hub cannot " in found.message
    assert found.message.endswith("Add it in Centra under System → API Tokens.")


def test_a_token_that_may_not_read_content_is_told_what_waits_and_what_goes_on(tenant: CentraSandbox) -> None:
    tenant.forbid("Display:read", "Brand:read")
    found = findings(account_of(tenant))
    told = found["Permission to read what is told of products"]
    assert (told.ok, told.blocking) == (False, False)
    assert "so brands, words, pictures and categories of products cannot be read." in told.message
    assert "Listings wait for that; SKUs, stock and prices go on." in told.message
    assert found["Permission to read products"].ok
    assert found["Permission to read stock"].ok


def test_an_account_that_allows_less_than_its_tier_is_warned_with_the_fitting_one(tenant: CentraSandbox) -> None:
    assert wrong(account_of(tenant, tier="growth")) == {
        "Rate limits": "The account allows less than the tier “growth” on this connection: 20 requests in ten "
        "seconds, 150,000 points of complexity in ten seconds, 20,000,000 points of complexity an hour, 1,000 changes an "
        "hour. Choose the tier “default”."
    }


def test_limits_of_no_tier_are_said_to_be_so(tenant: CentraSandbox) -> None:
    tenant.set_limits({("REQUEST_COUNT", "ONE_HOUR"): 500})
    told = wrong(account_of(tenant))["Rate limits"]
    assert told.endswith("No tier of the hub's has exactly these limits: choose one below them.")


def test_a_field_that_the_tenant_lacks_is_named_with_what_fails(tenant: CentraSandbox) -> None:
    tenant.remove_field("Shipment.carrierInformation")
    found = findings(account_of(tenant))
    assert not found["GraphQL schema"].ok
    assert "shipments: Cannot query field 'carrierInformation' on type 'Shipment'" in found["GraphQL schema"].message
    assert not found["Permission to read shipments"].ok


@pytest.mark.parametrize(
    ("switches", "words"),
    [
        ({"allowed_endpoints": ["GET /orders"]}, "The Order API plugin does not allow orders to be created."),
        ({"allow_order_create": False}, "it is not certain that it may create orders."),
    ],
)
def test_an_order_api_that_may_not_create_orders_is_told(
    tenant: CentraSandbox, switches: dict[str, Any], words: str
) -> None:
    tenant.configure(**switches)
    found = findings(account_of(tenant))["Order API"]
    assert not found.ok
    assert words in found.message
    assert "Allow Order Create" in found.message
    assert tenant.orders == []


def test_a_wrong_path_or_key_of_the_order_api_is_told(tenant: CentraSandbox) -> None:
    told = wrong(account_of(tenant, order_api_path="api/elsewhere"))["Order API"]
    assert told.startswith("There is no Order API at this path.")
    told = wrong(account_of(tenant, order_api_path=""))["Order API"]
    assert told.startswith("The Order API's path and key are not set")
    account = account_of(tenant)
    told = wrong(replace(account, credentials={**account.credentials, "order_api_key": "wrong-key-00"}))
    assert told["Order API"].startswith("Centra refuses the Order API key.")


@pytest.mark.parametrize(
    ("settings", "subject", "words"),
    [
        ({"store_id": 2}, "Store", "There is no shop with the number 2. Shops are 1 Retail."),
        ({"store_id": "one"}, "Store", "The setting Store id of the Centra connection must be whole numbers, not one."),
        ({"market": "Atlantis"}, "Market", "Centra has no market Atlantis. There are 1 United Kingdom, 2 Sweden"),
        ({"price_list": "9"}, "Price list", "Centra has no price list 9."),
        (
            {"allocation_rule_id": ""},
            "Warehouses",
            "Choose an allocation rule or warehouses, or stock cannot be read. Rules are 1 Default.",
        ),
        (
            {"allocation_rule_id": 9},
            "Warehouses",
            "No active warehouse: rule 9 has none. There are 1 Main warehouse, 2 Boutique.",
        ),
        ({"warehouse_ids": "1, 7"}, "Warehouses", "No active warehouse: 7."),
    ],
)
def test_a_setting_that_names_nothing_is_told_with_what_there_is(
    tenant: CentraSandbox, settings: dict[str, Any], subject: str, words: str
) -> None:
    assert words in wrong(account_of(tenant, **settings))[subject]


def test_a_platform_that_is_away_is_told_once_for_each_api(tenant: CentraSandbox) -> None:
    account = account_of(tenant)
    tenant.stop()
    told = wrong(account)
    assert set(told) == {"Integration API token", "Order API"}
    assert told["Order API"].endswith("Run the test again in a minute.")


def test_a_read_that_fails_in_the_middle_spoils_only_its_own_finding(tenant: CentraSandbox) -> None:
    tenant.faults.add(Fault(kind="status_before", operation="shipments"))
    assert set(wrong(account_of(tenant))) == {"Permission to read shipments"}


def test_an_address_that_is_not_centras_is_told_before_anything_is_sent(network: Network) -> None:
    found = findings(replace(make_account(), base_url="https://centra.example.org"))
    assert set(found) == {"Address"}
    assert not found["Address"].ok
    assert network.sent == []


# --- where another system owns the stock ------------------------------------------------------------------------------
def test_the_warehouse_that_the_hub_writes_is_looked_for_and_the_right_to_write_it_tried(tenant: CentraSandbox) -> None:
    changes = set(tenant.shop.stock_changes)
    found = findings(account_of(tenant, stock_warehouse_id=1))
    assert found["Warehouse that the hub writes"].ok
    assert found["Permission to set stock"].ok
    assert found["Permission to read that warehouse"].ok
    assert set(tenant.shop.stock_changes) == changes
    assert "Warehouse that the hub writes" not in findings(account_of(tenant))


def test_the_right_to_read_what_was_written_is_tried_too(tenant: CentraSandbox) -> None:
    tenant.forbid("Warehouse.stock:read")
    found = findings(account_of(tenant, stock_warehouse_id=1))["Permission to read that warehouse"]
    assert not found.ok
    assert "The token lacks Warehouse.stock:read, so the hub cannot see what it holds" in found.message


def test_a_tenant_without_the_list_of_stock_changes_is_told_nothing_of_it(tenant: CentraSandbox) -> None:
    tenant.remove_field("Query.stockChangeLines")
    report = findings(account_of(tenant))
    assert "Permission to read stock changes" not in report
    assert report["GraphQL schema"].ok


def test_every_right_that_the_work_uses_is_tried() -> None:
    schema = build_schema(SDL_PATH.read_text(encoding="utf-8"))
    tried = (*(flow.document for flow in checks.TRIED), *TRIED_APART)
    work = (*documents.DOCUMENTS, *SOLD_DOCUMENTS, documents.stock_of(1), documents.sizes_of(1), documents.shelf_of(1))
    touched = [documents.touched_by(kind, 1) for kind in documents.TOUCHING]
    lacking = _rights(schema, [*work, *touched]) - _rights(schema, tried)
    assert lacking == set()


TRIED_APART = (
    documents.READ_PRODUCTS,
    documents.READ_CONTENT,
    documents.stock_of(1),
    documents.READ_STRUCTURE,
    documents.READ_WAREHOUSES,
    documents.READ_WAREHOUSE_STOCK,
    documents.PROBE_STOCK_WRITE,
)


def _rights(schema: GraphQLSchema, used: Iterable[Document]) -> set[str]:
    found: set[str] = set()
    for document in used:
        types = TypeInfo(schema)
        visit(parse(document.text), TypeInfoVisitor(types, _Rights(types, found)))
    return found


class _Rights(Visitor):
    def __init__(self, types: TypeInfo, found: set[str]) -> None:
        super().__init__()
        self.types, self.found = types, found

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        parent, field = self.types.get_parent_type(), self.types.get_field_def()
        if parent is not None and field is not None:
            self.found |= set(permissions_for([parent.name], node.name.value, field))


def test_a_warehouse_that_is_not_there_and_a_missing_right_are_named(tenant: CentraSandbox) -> None:
    tenant.forbid("StockChange:write")
    found = findings(account_of(tenant, stock_warehouse_id=99))
    assert "no active warehouse 99" in found["Warehouse that the hub writes"].message
    assert "StockChange:write" in found["Permission to set stock"].message
    assert not found["Permission to set stock"].blocking
