"""Mirakl's returns → ours: what each state means, what came back, and an operator that has none."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors import ports
from connectors.canonical.errors import ConfigurationError, DataError
from connectors.canonical.returns import ReturnState
from connectors.mirakl.connector import MiraklConnector
from connectors.mirakl.returns import STATES, parse_return
from connectors.mirakl.sandbox import MiraklSandbox
from connectors.mirakl.sandbox.returns import STATES as DOCUMENTED
from connectors.sandboxkit import SandboxClock
from tests.connectors.conformance import START, RecordingGate
from tests.connectors.mirakl.payloads import load
from tests.connectors.mirakl.shop import LINES, account_of
from tests.contracts import contract

WINDOW: dict[str, Any] = {"updated_from": START - timedelta(hours=1), "updated_until": START + timedelta(hours=1)}


def returned(**changes: Any) -> dict[str, Any]:
    return {**load("returns")["data"][0], **changes}


def test_the_payload_keeps_the_contract() -> None:
    assert contract("mirakl").answer_problems("RT11", 200, load("returns")) == []


def test_a_return_names_its_order_and_its_lines_and_no_skus() -> None:
    found = parse_return(load("returns")["data"][0])

    assert found.external_id == "0195c1f0-7c1e-7b0a-9b1e-2f6f5c1d4a11"
    assert (found.number, found.order_external_id) == ("RMA-204", "MN-88210-A")
    assert (found.state, found.source_state) == (ReturnState.REQUESTED, "IN_PROGRESS")
    assert [(line.order_line_id, line.sku, line.requested, line.reason) for line in found.lines] == [
        ("MN-88210-A-1", "", 3, "RETURN_CHANGED_MIND, RETURN_DEFECTIVE_ITEM"),
        ("MN-88210-A-2", "", 1, "RETURN_PDNT_TOO_BIG"),
    ]
    assert len({line.line_id for line in found.lines}) == 2
    assert (found.created_at, found.updated_at) == (
        datetime(2026, 1, 20, 9, 12, tzinfo=UTC), datetime(2026, 1, 21, 7, 0, 5, tzinfo=UTC),
    )  # fmt: skip


def test_every_documented_state_has_a_meaning_and_any_other_is_unknown() -> None:
    assert set(STATES) == set(DOCUMENTED)
    assert parse_return(returned(state="LOST_IN_SPACE")).state is ReturnState.UNKNOWN


def test_everything_that_is_wrong_is_named_at_once() -> None:
    broken = returned(state=None, order_id=None, return_lines=[{"order_line_id": None, "quantity": None}])

    with pytest.raises(DataError) as caught:
        parse_return(broken)

    fields = {problem.field for problem in caught.value.problems}
    assert fields == {"state", "order_id", "return_lines[0].order_line_id", "return_lines[0].quantity"}


# --- against the sandbox ----------------------------------------------------------------------------------------------
def connector_on(sandbox: MiraklSandbox) -> MiraklConnector:
    return MiraklConnector(account_of(sandbox), gate=RecordingGate())


@pytest.fixture
def sandbox() -> Iterator[MiraklSandbox]:
    clock = SandboxClock(START, frozen=True)
    with ports.using(clock=ports.VirtualClock(START)), MiraklSandbox(clock=clock) as sandbox:
        yield sandbox


def test_an_operator_without_returns_has_none_to_show(sandbox: MiraklSandbox) -> None:
    sandbox.change_settings(returns=False)

    connector = connector_on(sandbox)

    page = connector.fetch_returns(**WINDOW)

    assert (page.records, page.next_token) == ((), None)
    assert connector.fetch_return("0195c1f0-7c1e-7b0a-9b1e-2f6f5c1d4a11") is None


def test_a_key_that_may_not_read_returns_is_told_which_right_it_lacks(sandbox: MiraklSandbox) -> None:
    account = account_of(sandbox)
    account.credentials["api_key"] = sandbox.add_api_key(["ROLE_PARTNER_ORDER_READ"])  # type: ignore[index]

    with pytest.raises(ConfigurationError) as caught:
        MiraklConnector(account, gate=RecordingGate()).fetch_returns(**WINDOW)

    assert "read returns" in caught.value.message
    assert "ROLE_PARTNER_ORDER_RETURN_READ" in caught.value.message


def test_a_window_is_asked_for_by_the_vendors_own_names(sandbox: MiraklSandbox) -> None:
    """A misnamed filter is ignored there, and everything would come."""
    order = sandbox.add_order(lines=LINES, advance_to="SHIPPED")
    sandbox.create_return(f"{order}-1")
    late = {"updated_from": START + timedelta(hours=1), "updated_until": START + timedelta(hours=2)}

    assert connector_on(sandbox).fetch_returns(**late).records == ()


def test_one_return_is_read_as_the_list_shows_it(sandbox: MiraklSandbox) -> None:
    order = sandbox.add_order(lines=LINES, advance_to="SHIPPED")
    sandbox.change_settings(call_limits=False)
    made = [sandbox.create_return(f"{order}-1"), sandbox.create_return(f"{order}-2")]
    connector = connector_on(sandbox)

    for record in connector.fetch_returns(**WINDOW).records:
        alone = connector.fetch_return(record.external_id)
        assert alone == record
    assert connector.fetch_return("0195c1f0-7c1e-7b0a-9b1e-2f6f5c1d4a11") is None
    assert {record.external_id for record in connector.fetch_returns(**WINDOW).records} == set(made)
