"""The connection test finds what is not set up, and says what to do."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from connectors.base import Finding
from connectors.fulfil.connector import FulfilConnector
from connectors.fulfil.sandbox import FulfilSandbox
from connectors.http import OpenGate
from connectors.ports import VirtualClock
from tests.connectors.fulfil.support import account_of, connector_of


def faults(tenant: FulfilSandbox, **settings: Any) -> dict[str, Finding]:
    report = connector_of(tenant, **settings).check()
    return {finding.subject: finding for finding in report.findings if not finding.ok}


def test_a_tenant_that_is_set_up_has_no_faults(tenant: FulfilSandbox) -> None:
    assert faults(tenant) == {}


def test_the_test_keeps_inside_what_fulfil_takes_in_a_second(tenant: FulfilSandbox, clock: VirtualClock) -> None:
    tenant.configure(calls_per_second=5)
    clock.follow(tenant.clock.advance)

    assert faults(tenant) == {}
    assert len(tenant.journal.entries()) > 10


Change = Callable[[FulfilSandbox], None]
FAULTS: list[tuple[str, Change, str, bool, str]] = [
    ("no create access", lambda t: t.set_channel(create_users=[]), "Create access", True, "create access"),
    ("no warehouse", lambda t: t.set_channel(warehouse=None), "Warehouse of the channel", True, "no warehouse"),
    ("no shipments", lambda t: t.set_channel(shipment_method="manual"), "Shipments", True, "“order”"),
    ("no invoices", lambda t: t.set_channel(invoice_method="manual"), "Invoices", False, "by hand"),
    (
        "on its own",
        lambda t: t.set_order_state("pending", "process_automatically"),
        "Manual processing",
        True,
        "Pending",
    ),
    ("no states", lambda t: t.remove_all("sale.channel.order_state"), "Manual processing", True, "Add one"),
    ("no taxes", lambda t: t.remove_all("sale.channel.tax"), "Taxes", True, "no taxes"),
    ("no services", lambda t: t.remove_all("sale.channel.carrier"), "Shipping services", False, "no shipping services"),
    ("no gateways", lambda t: t.remove_all("payment_gateway.gateway"), "Payment gateway", True, "adyen"),
    ("orders hidden", lambda t: t.forbid("sale.sale"), "Access to sale.sale", True, "read orders back"),
    ("moves hidden", lambda t: t.forbid("stock.move"), "Access to stock.move", True, "see what left"),
    ("addresses hidden", lambda t: t.forbid("party.address"), "Access to party.address", False, "changed address"),
    ("parties hidden", lambda t: t.forbid("party.party"), "Access to party.party", False, "e-mail"),
    (
        "returns hidden",
        lambda t: t.forbid("stock.shipment.out.return"),
        "Access to stock.shipment.out.return",
        False,
        "came back",
    ),
    ("credit notes hidden", lambda t: t.forbid("account.invoice"), "Access to account.invoice", False, "credit notes"),
    ("products hidden", lambda t: t.forbid("product.product"), "Access to product.product", False, "stock"),
]


@pytest.mark.parametrize(("_name", "change", "subject", "blocking", "words"), FAULTS, ids=[row[0] for row in FAULTS])
def test_what_is_missing_is_found(
    tenant: FulfilSandbox, _name: str, change: Change, subject: str, blocking: bool, words: str
) -> None:
    change(tenant)

    found = faults(tenant)

    assert list(found) == [subject]
    assert found[subject].blocking is blocking
    assert words in found[subject].message


@pytest.mark.parametrize(
    ("settings", "subject", "blocking", "words"),
    [
        ({"channel_id": 99}, "Channel", True, "It sees 3 Centra."),
        ({"channel_id": ""}, "Channel", True, "No channel is set"),
        ({"channel_id": "three"}, "Channel", True, "whole numbers"),
        ({"company_id": 2}, "Company", True, "company 1"),
        ({"warehouse_ids": ""}, "Warehouses", False, "4 Göteborg, 65 Stockholm"),
        ({"warehouse_ids": "4, 3"}, "Warehouses", True, "no warehouses: 3"),
        ({"payment_method": "paypal"}, "Payment gateway", True, "adyen, klarna, manual"),
        ({"payment_method": ""}, "Payment gateway", False, "each link"),
        ({"shipping_service": "drone"}, "Shipping services", True, "drone"),
    ],
)
def test_a_setting_that_names_nothing_is_found(
    tenant: FulfilSandbox, settings: dict[str, object], subject: str, blocking: bool, words: str
) -> None:
    found = faults(tenant, **settings)

    assert list(found) == [subject]
    assert found[subject].blocking is blocking
    assert words in found[subject].message


@pytest.mark.parametrize(("secret", "words"), [("", "No webhook secret"), ("not base64 at all", "paste it again")])
def test_a_webhook_secret_that_cannot_be_used_is_a_warning(tenant: FulfilSandbox, secret: str, words: str) -> None:
    account = account_of(tenant)
    account = replace(account, credentials={**account.credentials, "webhook_secret": secret})

    report = FulfilConnector(account, gate=OpenGate()).check()

    assert report.ok
    (fault,) = (finding for finding in report.findings if not finding.ok)
    assert words in fault.message
