"""The connection test: what it says, what blocks going live, and that it never changes anything."""

from typing import Any

import pytest

from connectors.base import CheckReport, Finding
from connectors.marketplacer.checks import MISSED, NEEDED_MONEY
from connectors.marketplacer.connector import MarketplacerConnector
from connectors.marketplacer.sandbox import MarketplacerSandbox
from connectors.sandboxkit import Fault
from tests.connectors.conformance import RecordingGate
from tests.connectors.marketplacer.shop import LINES, account_of


def about(report: CheckReport, subject: str) -> list[Finding]:
    return [finding for finding in report.findings if finding.subject == subject]


def test_a_healthy_instance_passes_in_every_point(connector: MarketplacerConnector, gate: RecordingGate) -> None:
    report = connector.check()

    assert [finding for finding in report.findings if not finding.ok] == []
    assert gate.writes == []
    assert "Maison Nord" in about(report, "API key")[0].message


@pytest.mark.parametrize("what", NEEDED_MONEY)
def test_an_amount_that_is_nowhere_shown_blocks_going_live(
    connector: MarketplacerConnector, sandbox: MarketplacerSandbox, gate: RecordingGate, what: str
) -> None:
    for path in NEEDED_MONEY[what]:
        sandbox.remove_field(path)

    report = connector.check()

    (finding,) = about(report, "Amounts")
    assert (report.ok, finding.ok, finding.blocking) == (False, False, True)
    assert what in finding.message
    assert gate.writes == []


def test_the_deprecated_cents_may_go_as_long_as_the_formatted_amounts_stay(
    connector: MarketplacerConnector, sandbox: MarketplacerSandbox
) -> None:
    sandbox.configure(cents=False)

    assert connector.check().ok


@pytest.mark.parametrize("path", MISSED)
def test_what_the_hub_can_do_without_is_a_warning_that_says_what_it_does_instead(
    connector: MarketplacerConnector, sandbox: MarketplacerSandbox, path: str
) -> None:
    sandbox.remove_field(path)

    report = connector.check()

    (finding,) = about(report, "Fields of this marketplace")
    assert (report.ok, finding.ok, finding.blocking) == (True, False, False)
    assert finding.message == f"This marketplace does not have {path}. {MISSED[path]}"
    assert path in connector.client.absent


def test_a_call_that_is_missing_blocks(connector: MarketplacerConnector, sandbox: MarketplacerSandbox) -> None:
    sandbox.remove_field("Mutation.shipmentCreate")

    report = connector.check()

    assert not report.ok
    assert "confirm dispatches" in about(report, "Calls of this marketplace")[0].message


def test_an_instance_that_hides_its_schema_is_known_by_what_it_refuses(
    connector: MarketplacerConnector, sandbox: MarketplacerSandbox
) -> None:
    sandbox.configure(introspection=False)
    healthy = connector.check()
    for path in NEEDED_MONEY["what a unit costs"]:
        sandbox.remove_field(path)

    lacking = connector.check()

    assert (healthy.ok, about(healthy, "Fields of this marketplace")[0].blocking) == (True, False)
    assert (lacking.ok, about(lacking, "Amounts")[0].ok) == (False, False)


@pytest.mark.parametrize(
    ("settings", "credentials", "code"),
    [
        ({}, {"api_key": "no-such-key"}, "API key"),
        ({"basic_user": "staging", "basic_password": "sesame"}, {}, "Basic"),
    ],
)
def test_a_closed_door_is_the_first_and_only_thing_to_mend(
    sandbox: MarketplacerSandbox, settings: dict[str, Any], credentials: dict[str, str], code: str
) -> None:
    account = account_of(sandbox)
    account.credentials.update(credentials)  # type: ignore[attr-defined]
    sandbox.configure(**settings)

    report = MarketplacerConnector(account, gate=RecordingGate()).check()

    (finding,) = about(report, "API key")
    assert (finding.ok, finding.blocking) == (False, True)
    assert code in finding.message
    assert about(report, "Reading orders") == []


def test_with_the_second_doors_key_everything_opens(sandbox: MarketplacerSandbox) -> None:
    sandbox.configure(basic_user="staging", basic_password="open-sesame")

    assert MarketplacerConnector(account_of(sandbox), gate=RecordingGate()).check().ok


def test_a_scope_that_is_missing_is_named(connector: MarketplacerConnector, sandbox: MarketplacerSandbox) -> None:
    sandbox.forbid("invoices")

    (finding,) = about(connector.check(), "Reading orders")

    assert (finding.ok, finding.blocking) == (False, True)
    assert finding.message.startswith("The API key may not read orders.")


def test_without_a_currency_the_connection_cannot_go_live(sandbox: MarketplacerSandbox) -> None:
    report = MarketplacerConnector(account_of(sandbox, currency=""), gate=RecordingGate()).check()

    assert not report.ok
    assert not about(report, "Currency")[0].ok


def test_without_a_webhook_secret_changes_are_found_by_asking(sandbox: MarketplacerSandbox) -> None:
    account = account_of(sandbox)
    for name in ("webhook_secret", "webhook_hmac_key"):
        del account.credentials[name]  # type: ignore[attr-defined]

    report = MarketplacerConnector(account, gate=RecordingGate()).check()

    assert report.ok
    assert not about(report, "Webhooks")[0].ok


def test_a_marketplace_that_is_slow_today_is_to_be_tested_again(
    connector: MarketplacerConnector, sandbox: MarketplacerSandbox
) -> None:
    sandbox.faults.add(Fault(kind="status_before", operation="invoices"))

    (finding,) = about(connector.check(), "Reading orders")

    assert finding.message.endswith("Run the test again in a minute.")


def test_a_marketplace_without_carriers_warns(connector: MarketplacerConnector, sandbox: MarketplacerSandbox) -> None:
    for row in list(sandbox.market.of("ShipmentCarrier")):
        del sandbox.market.rows[row["id"]]
    sandbox.add_order(lines=LINES)

    report = connector.check()

    assert report.ok
    assert "Ask the operator" in about(report, "Carriers")[0].message
