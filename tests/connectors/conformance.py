"""What every platform's connector must do, role by role, against its sandbox through real HTTP.

A platform's test module says how its sandbox and its connector are made (a subclass of `Platform`), and instantiates
one suite for each role its connector plays:

    class Mirakl(Platform): ...
    class TestConnection(Mirakl, ConnectionSuite): ...
    class TestReadsOrders(Mirakl, ReadsOrdersSuite): ...

A suite's abstract methods are all that differs between platforms. One more test in the module asserts, with
`complete.missing_suites`, that no role was left out. What channels do with stock and prices: `conformance_channels`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest

from connectors import ports
from connectors.base import CAPABILITY_LABELS, Account, Capability, Connector, Page, Record
from connectors.canonical.dispatches import Dispatch
from connectors.canonical.errors import (
    ConfigurationError,
    DataError,
    PermanentError,
    TransientError,
    UnknownOutcomeError,
)
from connectors.canonical.events import ForgedWebhookError, NotListeningError
from connectors.canonical.options import LineDecision, OrderOptions
from connectors.canonical.orders import Order, TargetState
from connectors.canonical.returns import ReturnRequest
from connectors.http import Call, Exchange
from connectors.sandboxkit import Fault, Sandbox, SandboxClock

START = datetime(2026, 1, 15, 9, 0, tzinfo=UTC)
RETRY_AFTER_SECONDS = 30
MAX_PAGES = 200


@dataclass
class RecordingGate:
    """Lets every call through and remembers all that a gate is told."""

    calls: list[Call] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)
    penalties: list[tuple[Call, datetime]] = field(default_factory=list)

    def before_call(self, call: Call) -> None:
        self.calls.append(call)

    def after_call(self, exchange: Exchange) -> None:
        self.exchanges.append(exchange)

    def penalise(self, call: Call, *, until: datetime) -> None:
        self.penalties.append((call, until))

    @property
    def writes(self) -> list[Call]:
        return [call for call in self.calls if call.write]


class Platform(ABC):
    """How one platform's sandbox and connector come about; both clocks stand at START."""

    connector_class: ClassVar[type[Connector]]

    @abstractmethod
    def make_sandbox(self, clock: SandboxClock) -> Sandbox:
        """A sandbox on this clock, not started, holding what its roles' suites need."""

    @abstractmethod
    def make_account(self, sandbox: Sandbox) -> Account:
        """The account whose connector may do everything."""

    def without_credentials(self, account: Account) -> Account:
        """The same account with credentials that the platform does not know."""
        return replace(account, credentials=dict.fromkeys(account.credentials, "no-such-credential"))

    @pytest.fixture(autouse=True)
    def clock(self) -> Iterator[ports.VirtualClock]:
        clock = ports.VirtualClock(START)
        with ports.using(clock=clock):
            yield clock

    @pytest.fixture
    def sandbox(self) -> Iterator[Sandbox]:
        with self.make_sandbox(SandboxClock(START, frozen=True)) as sandbox:
            yield sandbox

    @pytest.fixture
    def gate(self) -> RecordingGate:
        return RecordingGate()

    @pytest.fixture
    def connector(self, sandbox: Sandbox, gate: RecordingGate) -> Connector:
        return self.connector_class(self.make_account(sandbox), gate=gate)

    @pytest.fixture
    def stranger(self, sandbox: Sandbox, gate: RecordingGate) -> Connector:
        """The connector with credentials that the platform refuses."""
        return self.connector_class(self.without_credentials(self.make_account(sandbox)), gate=gate)


# --- the connection ---------------------------------------------------------------------------------------------------
class ConnectionSuite(Platform):
    def test_every_capability_is_named(self) -> None:
        assert set(self.connector_class.capabilities) == set(Capability)
        assert set(self.connector_class.capability_notes) <= set(Capability)

    def test_what_it_lacks_it_says_by_name(self, connector: Connector, gate: RecordingGate) -> None:
        for capability, call in _entries(connector).items():
            if not connector.capabilities[capability]:
                with pytest.raises(ConfigurationError) as caught:
                    call()
                assert CAPABILITY_LABELS[capability].lower() in caught.value.message
        assert gate.calls == []

    def test_its_credentials_are_secret_settings(self, sandbox: Sandbox) -> None:
        secrets = {setting.name for setting in self.connector_class.settings if setting.kind == "secret"}

        assert set(self.make_account(sandbox).credentials) <= secrets

    def test_settings_explain_themselves(self) -> None:
        for setting in self.connector_class.settings:
            assert setting.label
            assert setting.help.endswith("."), setting.name
            assert (setting.kind == "choice") == bool(setting.choices)

    def test_a_healthy_account_passes_the_check_and_nothing_is_written(
        self, connector: Connector, gate: RecordingGate
    ) -> None:
        report = connector.check()

        assert report.ok, [finding for finding in report.findings if not finding.ok]
        assert report.findings
        assert all(finding.message.endswith(".") for finding in report.findings)
        assert gate.writes == []

    def test_wrong_credentials_are_a_finding_and_not_an_error(self, stranger: Connector) -> None:
        report = stranger.check()

        assert not report.ok
        assert any(not finding.ok and finding.blocking for finding in report.findings)

    def test_a_platform_that_is_away_is_a_finding_and_not_an_error(
        self, connector: Connector, sandbox: Sandbox
    ) -> None:
        sandbox.stop()

        assert not connector.check().ok

    def test_every_call_is_counted_in_a_bucket_that_has_a_limit(
        self, connector: Connector, gate: RecordingGate
    ) -> None:
        connector.check()

        buckets = {limit.bucket for limit in connector.limits(connector.account)}
        assert [call.operation for call in gate.calls if not call.costs] == []
        assert {bucket for call in gate.calls for bucket in call.costs} <= buckets

    def test_no_secret_is_kept(self, connector: Connector, gate: RecordingGate) -> None:
        connector.check()

        kept = repr(gate.exchanges) + repr(gate.calls)
        assert [name for name, value in connector.account.credentials.items() if value in kept] == []


def _entries(connector: Connector) -> Mapping[Capability, Callable[[], object]]:
    """One method per capability, called with what costs nothing."""
    window: dict[str, Any] = {"updated_from": START, "updated_until": START}
    return {
        Capability.READ_ORDERS: lambda: connector.fetch_orders(**window),
        Capability.COUNT_ORDERS: lambda: connector.list_orders_placed(since=START, until=START),
        Capability.ACCEPT_ORDERS: lambda: connector.decide_order("X", [LineDecision(line_id="1", accepted=True)]),
        Capability.CREATE_ORDERS: lambda: connector.find_orders("X"),
        Capability.HOLD_ORDERS: lambda: connector.hold_order("X", reason="X"),
        Capability.READ_DISPATCHES: lambda: connector.fetch_dispatches(**window),
        Capability.READ_RETURNS: lambda: connector.fetch_returns(**window),
        Capability.TAKE_RETURNS: lambda: connector.find_return("X"),
        Capability.READ_CREDIT_NOTES: lambda: connector.fetch_credit_notes(**window),
        Capability.LIST_CARRIERS: connector.fetch_carriers,
        Capability.LIST_REASONS: connector.fetch_reasons,
        Capability.LIST_TAXES: connector.fetch_taxes,
        Capability.READ_STOCK: lambda: connector.fetch_stock(["X"]),
        Capability.READ_PRODUCTS: connector.fetch_products,
        Capability.SEND_STOCK: lambda: connector.send_stock([]),
        Capability.SEND_PRICES: lambda: connector.send_prices([]),
        Capability.READ_OFFERS: connector.fetch_offers,
        Capability.READ_ATTRIBUTES: connector.fetch_categories,
        Capability.SEND_LISTINGS: lambda: connector.send_listings([]),
        Capability.EVENTS_QUEUE: connector.fetch_events,
        Capability.WEBHOOKS: lambda: connector.parse_webhook(b"{}"),
    }


# --- failures that every role meets -----------------------------------------------------------------------------------
class ReadSuite(Platform):
    """A role that reads: nothing can be half done, so every failure of the network may be tried again."""

    read_operation: ClassVar[str]  # the sandbox's name of the call that `read` makes first

    @abstractmethod
    def read(self, connector: Connector) -> object: ...

    def test_a_read_may_be_tried_again_after_429_and_not_before(
        self, connector: Connector, sandbox: Sandbox, gate: RecordingGate
    ) -> None:
        sandbox.faults.add(Fault(kind="rate_limit", operation=self.read_operation, seconds=RETRY_AFTER_SECONDS))

        with pytest.raises(TransientError) as caught:
            self.read(connector)

        until = START + timedelta(seconds=RETRY_AFTER_SECONDS)
        assert caught.value.retry_at == until
        assert [(call.operation, at) for call, at in gate.penalties] == [(gate.calls[-1].operation, until)]
        assert gate.penalties[0][0].costs

    @pytest.mark.parametrize("kind", ["drop_before", "drop_after", "status_before", "status_after", "malformed"])
    def test_a_failed_read_may_be_tried_again(self, connector: Connector, sandbox: Sandbox, kind: str) -> None:
        sandbox.faults.add(Fault(kind=kind, operation=self.read_operation))

        with pytest.raises(TransientError):
            self.read(connector)
        self.read(connector)

    def test_a_platform_that_is_away_may_be_tried_again(self, connector: Connector, sandbox: Sandbox) -> None:
        sandbox.stop()

        with pytest.raises(TransientError):
            self.read(connector)

    def test_refused_credentials_pause_the_whole_connection(self, stranger: Connector) -> None:
        with pytest.raises(ConfigurationError) as caught:
            self.read(stranger)

        assert caught.value.operation == ""

    def test_a_read_writes_nothing(self, connector: Connector, gate: RecordingGate) -> None:
        self.read(connector)

        assert gate.calls
        assert gate.writes == []


class WriteSuite(Platform):
    """A role that writes. The one question after a failure: may the platform have done it?"""

    write_operation: ClassVar[str]  # the sandbox's name of the call that has the effect
    write_has_answer: ClassVar[bool] = True  # False where success is an empty body, of which half is as good

    @abstractmethod
    def prepare(self, sandbox: Sandbox) -> Any:
        """What `write` needs, brought about at the platform."""

    @abstractmethod
    def write(self, connector: Connector, prepared: Any) -> object: ...

    @abstractmethod
    def effects(self, sandbox: Sandbox, prepared: Any) -> int:
        """How often the platform shows the effect: 0 or 1, and 2 is a defect."""

    @pytest.fixture
    def prepared(self, sandbox: Sandbox) -> Any:
        return self.prepare(sandbox)

    def test_a_write_has_its_effect_once(self, connector: Connector, sandbox: Sandbox, prepared: Any) -> None:
        self.write(connector, prepared)

        assert self.effects(sandbox, prepared) == 1

    def test_after_429_nothing_was_done_and_the_write_may_be_repeated(
        self, connector: Connector, sandbox: Sandbox, prepared: Any
    ) -> None:
        sandbox.faults.add(Fault(kind="rate_limit", operation=self.write_operation, seconds=RETRY_AFTER_SECONDS))

        with pytest.raises(TransientError) as caught:
            self.write(connector, prepared)

        assert caught.value.retry_at == START + timedelta(seconds=RETRY_AFTER_SECONDS)
        assert self.effects(sandbox, prepared) == 0
        self.write(connector, prepared)
        assert self.effects(sandbox, prepared) == 1

    @pytest.mark.parametrize("kind", ["drop_before", "drop_after", "status_before", "status_after"])
    def test_without_a_certain_answer_the_outcome_is_unknown(
        self, connector: Connector, sandbox: Sandbox, prepared: Any, kind: str
    ) -> None:
        sandbox.faults.add(Fault(kind=kind, operation=self.write_operation))

        with pytest.raises(UnknownOutcomeError):
            self.write(connector, prepared)

        assert self.effects(sandbox, prepared) == (1 if kind.endswith("after") else 0)

    def test_half_an_answer_leaves_the_outcome_unknown(
        self, connector: Connector, sandbox: Sandbox, prepared: Any
    ) -> None:
        sandbox.faults.add(Fault(kind="malformed", operation=self.write_operation))

        with pytest.raises(UnknownOutcomeError) if self.write_has_answer else nullcontext():
            self.write(connector, prepared)
        assert self.effects(sandbox, prepared) == 1

    def test_a_platform_that_is_away_was_sent_nothing(
        self, connector: Connector, sandbox: Sandbox, prepared: Any
    ) -> None:
        sandbox.stop()

        with pytest.raises(TransientError):
            self.write(connector, prepared)

    def test_refused_credentials_pause_the_whole_connection_and_nothing_is_done(
        self, stranger: Connector, sandbox: Sandbox, prepared: Any
    ) -> None:
        with pytest.raises(ConfigurationError) as caught:
            self.write(stranger, prepared)

        assert caught.value.operation == ""
        assert self.effects(sandbox, prepared) == 0

    def test_the_writing_call_is_marked_as_a_write_with_a_bucket(
        self, connector: Connector, gate: RecordingGate, prepared: Any
    ) -> None:
        self.write(connector, prepared)

        assert gate.writes
        assert all(call.costs for call in gate.calls)


class RepeatableWriteSuite(WriteSuite):
    """A write whose connector method looks before it leaps: made again after an unknown outcome it is done once."""

    @pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
    def test_made_again_after_an_unknown_outcome_it_is_done_once(
        self, connector: Connector, sandbox: Sandbox, prepared: Any, kind: str
    ) -> None:
        sandbox.faults.add(Fault(kind=kind, operation=self.write_operation))
        with pytest.raises(UnknownOutcomeError):
            self.write(connector, prepared)

        self.write(connector, prepared)

        assert self.effects(sandbox, prepared) == 1

    def test_made_twice_it_is_done_once(self, connector: Connector, sandbox: Sandbox, prepared: Any) -> None:
        self.write(connector, prepared)
        self.write(connector, prepared)

        assert self.effects(sandbox, prepared) == 1


def all_pages(fetch: Callable[[str | None], Page]) -> list[Page]:
    """Every page of a list; a list that does not end fails the test."""
    pages = [fetch(None)]
    while pages[-1].next_token is not None:
        assert len(pages) < MAX_PAGES, "the list does not end"
        pages.append(fetch(pages[-1].next_token))
    return pages


def records_of(pages: Iterable[Page]) -> list[Record]:
    return [record for page in pages for record in page.records]


# --- orders sold at the platform --------------------------------------------------------------------------------------
class ReadsOrdersSuite(ReadSuite):
    page_size: ClassVar[int]

    @abstractmethod
    def sell(self, sandbox: Sandbox, count: int) -> list[str]:
        """Bring about so many orders changed at START; their references."""

    def fetch(self, connector: Connector) -> list[Page]:
        window = {"updated_from": START - timedelta(hours=1), "updated_until": START + timedelta(hours=1)}
        return all_pages(lambda token: connector.fetch_orders(**window, token=token))

    def read(self, connector: Connector) -> object:
        return self.fetch(connector)

    def test_a_window_without_orders_ends_at_once(self, connector: Connector) -> None:
        page = connector.fetch_orders(updated_from=START - timedelta(days=9), updated_until=START - timedelta(days=8))

        assert (page.records, page.next_token) == ((), None)

    @pytest.mark.parametrize("more", [-1, 0, 1])
    def test_every_order_is_read_over_however_many_pages(
        self, connector: Connector, sandbox: Sandbox, more: int
    ) -> None:
        sold = self.sell(sandbox, 2 * self.page_size + more)

        records = records_of(self.fetch(connector))

        assert {record.external_id for record in records} == set(sold)
        assert {record.kind for record in records} == {"order"}

    def test_every_record_can_be_read_as_the_order_it_names(self, connector: Connector, sandbox: Sandbox) -> None:
        self.sell(sandbox, 3)

        for record in records_of(self.fetch(connector)):
            order = connector.parse_order(record.payload)
            assert order.reference == record.external_id
            assert order.updated_at == record.updated_at

    def test_one_order_is_read_by_its_reference(self, connector: Connector, sandbox: Sandbox) -> None:
        reference = self.sell(sandbox, 3)[1]

        record = connector.fetch_order(reference)

        assert record is not None
        assert connector.parse_order(record.payload).reference == reference

    def test_an_order_nobody_knows_is_none(self, connector: Connector, sandbox: Sandbox) -> None:
        self.sell(sandbox, 1)

        assert connector.fetch_order("NO-SUCH-ORDER") is None

    @pytest.mark.parametrize("payload", [None, [], "order", {}, {"unexpected": True}])
    def test_what_is_no_order_is_refused_with_its_fields(self, connector: Connector, payload: Any) -> None:
        with pytest.raises(DataError) as caught:
            connector.parse_order(payload)

        assert caught.value.problems

    def test_one_broken_order_does_not_hide_the_others(self, connector: Connector, sandbox: Sandbox) -> None:
        self.sell(sandbox, 3)
        records = records_of(self.fetch(connector))
        payloads = [records[0].payload, {**records[1].payload, **dict.fromkeys(records[1].payload)}, records[2].payload]

        readable = []
        for payload in payloads:
            try:
                readable.append(connector.parse_order(payload).reference)
            except DataError:
                continue
        assert readable == [records[0].external_id, records[2].external_id]


@dataclass(frozen=True, kw_only=True)
class WaitingOrder:
    reference: str
    line_ids: tuple[str, ...]

    def decisions(self, *, accepted: bool) -> list[LineDecision]:
        return [LineDecision(line_id=line_id, accepted=accepted) for line_id in self.line_ids]


class AcceptsOrdersSuite(RepeatableWriteSuite):
    """`prepare` returns a WaitingOrder."""

    write_has_answer: ClassVar[bool] = False

    @abstractmethod
    def decided(self, sandbox: Sandbox, reference: str) -> str:
        """ "accepted", "refused" or "" as the platform itself shows it."""

    def write(self, connector: Connector, prepared: WaitingOrder) -> object:
        connector.decide_order(prepared.reference, prepared.decisions(accepted=True))
        return None

    def effects(self, sandbox: Sandbox, prepared: WaitingOrder) -> int:
        return int(self.decided(sandbox, prepared.reference) == "accepted")

    def test_every_line_can_be_refused(self, connector: Connector, sandbox: Sandbox, prepared: WaitingOrder) -> None:
        connector.decide_order(prepared.reference, prepared.decisions(accepted=False))

        assert self.decided(sandbox, prepared.reference) == "refused"

    @pytest.mark.parametrize("first", [True, False])
    def test_a_decision_cannot_be_turned_round(
        self, connector: Connector, sandbox: Sandbox, prepared: WaitingOrder, first: bool
    ) -> None:
        connector.decide_order(prepared.reference, prepared.decisions(accepted=first))

        with pytest.raises(PermanentError) as caught:
            connector.decide_order(prepared.reference, prepared.decisions(accepted=not first))

        assert prepared.reference in caught.value.message
        assert self.decided(sandbox, prepared.reference) == ("accepted" if first else "refused")

    def test_an_order_nobody_knows_cannot_be_decided(self, connector: Connector, prepared: WaitingOrder) -> None:
        with pytest.raises(PermanentError):
            connector.decide_order("NO-SUCH-ORDER", prepared.decisions(accepted=True))


# --- dispatches received by the platform ------------------------------------------------------------------------------
class ConfirmsDispatchesSuite(RepeatableWriteSuite):
    """`prepare` returns a dispatch of all units of an order that waits for it."""

    unknown_carrier: ClassVar[str] = "NO-SUCH-CARRIER"

    def write(self, connector: Connector, prepared: Any) -> object:
        return connector.send_dispatch(prepared)

    def test_a_dispatch_is_found_once_it_is_sent_and_not_before(self, connector: Connector, prepared: Dispatch) -> None:
        assert connector.find_dispatch(prepared) is None

        external_id = connector.send_dispatch(prepared)

        assert connector.find_dispatch(prepared) == external_id

    @pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
    def test_the_look_up_tells_what_became_of_an_unknown_outcome(
        self, connector: Connector, sandbox: Sandbox, prepared: Dispatch, kind: str
    ) -> None:
        sandbox.faults.add(Fault(kind=kind, operation=self.write_operation))
        with pytest.raises(UnknownOutcomeError):
            connector.send_dispatch(prepared)

        assert (connector.find_dispatch(prepared) is not None) == (kind == "drop_after")

    def test_a_carrier_nobody_knows_is_refused_and_nothing_is_shown(
        self, connector: Connector, sandbox: Sandbox, prepared: Dispatch
    ) -> None:
        with pytest.raises(PermanentError) as caught:
            connector.send_dispatch(replace(prepared, carrier=self.unknown_carrier))

        assert prepared.order_reference in caught.value.message
        assert self.effects(sandbox, prepared) == 0

    def test_more_units_than_were_sold_are_refused_and_nothing_is_shown(
        self, connector: Connector, sandbox: Sandbox, prepared: Dispatch
    ) -> None:
        lines = tuple(replace(line, quantity=line.quantity + 100) for line in prepared.lines)

        with pytest.raises(PermanentError):
            connector.send_dispatch(replace(prepared, lines=lines))
        assert self.effects(sandbox, prepared) == 0

    @pytest.mark.parametrize("change", [{"lines": ()}, {"carrier": "", "carrier_name": ""}])
    def test_a_dispatch_that_is_not_whole_is_not_sent(
        self, connector: Connector, gate: RecordingGate, prepared: Dispatch, change: dict[str, Any]
    ) -> None:
        with pytest.raises(DataError):
            connector.send_dispatch(replace(prepared, **change))
        assert gate.writes == []


class ListsReferencesSuite(ReadSuite):
    def read(self, connector: Connector) -> object:
        return connector.fetch_carriers()

    def test_carriers_have_codes_of_their_own(self, connector: Connector) -> None:
        codes = [carrier.code for carrier in connector.fetch_carriers()]

        assert codes
        assert len(codes) == len(set(codes))
        assert all(codes)

    def test_reasons_say_what_they_are_for_and_who_may_use_them(self, connector: Connector) -> None:
        reasons = connector.fetch_reasons()

        assert {reason.seller_may_use for reason in reasons} == {True, False}
        assert all(reason.code and reason.kind for reason in reasons)


# --- orders created at the platform -----------------------------------------------------------------------------------
class CreatesOrdersSuite(WriteSuite):
    """`prepare` returns (order, options) of goods that the platform sells."""

    @abstractmethod
    def orders_at(self, sandbox: Sandbox, reference: str) -> int:
        """How many orders the platform holds that came from this reference, tagged with it or not."""

    def write(self, connector: Connector, prepared: tuple[Order, OrderOptions]) -> object:
        return connector.send_order(*prepared)

    def effects(self, sandbox: Sandbox, prepared: tuple[Order, OrderOptions]) -> int:
        return self.orders_at(sandbox, prepared[0].reference)

    def test_nothing_is_found_before_it_is_sent(self, connector: Connector, prepared: Any) -> None:
        assert connector.find_orders(prepared[0].reference) == ()

    def test_an_order_is_created_unconfirmed_and_finished_to_the_minor_unit(
        self, connector: Connector, prepared: tuple[Order, OrderOptions]
    ) -> None:
        order, options = prepared
        external_id = connector.send_order(order, options)
        made = connector.read_order(external_id)
        assert made is not None
        assert made.state is TargetState.PENDING

        connector.finish_order(made, order, options, confirm=True)

        (found,) = connector.find_orders(order.reference)
        assert (found.external_id, found.reference) == (external_id, order.reference)
        assert found.state is TargetState.CONFIRMED
        assert found.total.agrees_with(order.total)
        assert found.shipping.agrees_with(order.shipping)
        assert sum(line.quantity for line in found.lines) == sum(line.quantity for line in order.open_lines)

    def test_finishing_again_changes_nothing(
        self, connector: Connector, sandbox: Sandbox, prepared: tuple[Order, OrderOptions]
    ) -> None:
        order, options = prepared
        external_id = connector.send_order(order, options)
        for _ in range(2):
            existing = connector.read_order(external_id)
            assert existing is not None
            connector.finish_order(existing, order, options, confirm=True)

        (found,) = connector.find_orders(order.reference)
        assert found.state is TargetState.CONFIRMED
        assert self.effects(sandbox, prepared) == 1

    def test_an_order_whose_answer_was_lost_is_found(
        self, connector: Connector, sandbox: Sandbox, prepared: tuple[Order, OrderOptions]
    ) -> None:
        sandbox.faults.add(Fault(kind="drop_after", operation=self.write_operation))
        with pytest.raises(UnknownOutcomeError):
            connector.send_order(*prepared)

        assert len(connector.find_orders(prepared[0].reference)) == 1


# --- what the platform tells ------------------------------------------------------------------------------------------
class ReadsDispatchesSuite(ReadSuite):
    page_size: ClassVar[int]

    @abstractmethod
    def dispatch(self, sandbox: Sandbox, count: int) -> list[str]:
        """Bring about so many dispatches changed at START; their external ids."""

    def fetch(self, connector: Connector) -> list[Page]:
        window = {"updated_from": START - timedelta(hours=1), "updated_until": START + timedelta(hours=1)}
        return all_pages(lambda token: connector.fetch_dispatches(**window, token=token))

    def read(self, connector: Connector) -> object:
        return self.fetch(connector)

    def test_every_dispatch_is_read_over_however_many_pages(self, connector: Connector, sandbox: Sandbox) -> None:
        made = self.dispatch(sandbox, self.page_size + 1)

        records = records_of(self.fetch(connector))

        assert {record.external_id for record in records} == set(made)
        for record in records:
            assert connector.parse_dispatch(record.payload).dispatch_id == record.external_id

    def test_one_dispatch_is_read_by_its_id(self, connector: Connector, sandbox: Sandbox) -> None:
        (made,) = self.dispatch(sandbox, 1)

        record = connector.fetch_dispatch(made)

        assert record is not None
        assert connector.parse_dispatch(record.payload).dispatch_id == made

    @pytest.mark.parametrize("payload", [None, [], {}])
    def test_what_is_no_dispatch_is_refused_with_its_fields(self, connector: Connector, payload: Any) -> None:
        with pytest.raises(DataError) as caught:
            connector.parse_dispatch(payload)

        assert caught.value.problems


class ReadsReturnsSuite(ReadSuite):
    page_size: ClassVar[int]

    @abstractmethod
    def give_back(self, sandbox: Sandbox, count: int) -> list[str]:
        """Bring about so many returns changed at START; their external ids."""

    def fetch(self, connector: Connector) -> list[Page]:
        window = {"updated_from": START - timedelta(hours=1), "updated_until": START + timedelta(hours=1)}
        return all_pages(lambda token: connector.fetch_returns(**window, token=token))

    def read(self, connector: Connector) -> object:
        return self.fetch(connector)

    def test_every_return_is_read_over_however_many_pages(self, connector: Connector, sandbox: Sandbox) -> None:
        made = self.give_back(sandbox, self.page_size + 1)

        records = records_of(self.fetch(connector))

        assert {(record.kind, record.external_id) for record in records} == {("return", one) for one in made}
        for record in records:
            found = connector.parse_return(record.payload)
            assert (found.external_id, found.order_external_id) == (record.external_id, record.order_external_id)
            assert found.order_external_id
            assert found.lines

    @pytest.mark.parametrize("payload", [None, [], {}])
    def test_what_is_no_return_is_refused_with_its_fields(self, connector: Connector, payload: Any) -> None:
        with pytest.raises(DataError) as caught:
            connector.parse_return(payload)

        assert caught.value.problems


class TakesReturnsSuite(WriteSuite):
    """`prepare` gives the ReturnRequest of goods that left."""

    def write(self, connector: Connector, prepared: ReturnRequest) -> object:
        return connector.send_return(prepared)

    def test_a_return_is_found_once_it_is_announced_and_not_before(
        self, connector: Connector, prepared: ReturnRequest
    ) -> None:
        assert connector.find_return(prepared.reference) is None

        made = connector.send_return(prepared)

        assert connector.find_return(prepared.reference) == made

    def test_more_than_was_sold_is_refused_and_nothing_is_announced(
        self, connector: Connector, prepared: ReturnRequest
    ) -> None:
        too_many = replace(prepared, lines=(replace(prepared.lines[0], quantity=10_000),))
        with pytest.raises(PermanentError):
            connector.send_return(too_many)

        assert connector.find_return(prepared.reference) is None


class ReadsStockSuite(ReadSuite):
    @abstractmethod
    def stock(self, sandbox: Sandbox) -> Mapping[str, int]:
        """Some SKUs that the platform knows, one of them sold out, and what is free of each."""

    def read(self, connector: Connector) -> object:
        return connector.fetch_stock(["NO-SUCH-SKU"])

    def test_stock_is_what_is_free_and_zero_is_a_value(self, connector: Connector, sandbox: Sandbox) -> None:
        expected = dict(self.stock(sandbox))

        levels = connector.fetch_stock(list(expected))

        assert {level.sku: level.available for level in levels} == expected
        assert 0 in expected.values()
        assert all(level.as_of.tzinfo is not None for level in levels)

    def test_a_sku_nobody_knows_is_left_out_and_is_not_zero(self, connector: Connector, sandbox: Sandbox) -> None:
        known = next(iter(self.stock(sandbox)))

        levels = connector.fetch_stock([known, "NO-SUCH-SKU"])

        assert [level.sku for level in levels] == [known]


class ReadsProductsSuite(ReadSuite):
    @abstractmethod
    def skus(self, sandbox: Sandbox) -> set[str]:
        """Every SKU the platform sells."""

    def read(self, connector: Connector) -> object:
        return connector.fetch_products()

    def test_every_product_is_read_over_however_many_pages(self, connector: Connector, sandbox: Sandbox) -> None:
        pages = all_pages(lambda token: connector.fetch_products(token=token))

        products = [connector.parse_product(record.payload) for record in records_of(pages)]
        assert {product.sku for product in products} == self.skus(sandbox)


class EventsQueueSuite(ReadSuite):
    @pytest.fixture
    def connector(self, sandbox: Sandbox, gate: RecordingGate) -> Connector:
        """A connector whose platform was asked to listen."""
        connector = self.connector_class(self.make_account(sandbox), gate=gate)
        connector.listen()
        gate.calls.clear()
        return connector

    @abstractmethod
    def change(self, sandbox: Sandbox, count: int) -> None:
        """Bring about so many changes that the queue tells of."""

    def read(self, connector: Connector) -> object:
        return connector.fetch_events()

    def test_events_come_again_until_they_are_confirmed(self, connector: Connector, sandbox: Sandbox) -> None:
        self.change(sandbox, 2)
        first = connector.fetch_events()
        assert first
        assert connector.fetch_events() == first

        connector.confirm_events([event.event_id for event in first])

        assert {event.event_id for event in connector.fetch_events()}.isdisjoint(event.event_id for event in first)

    def test_before_it_was_asked_to_listen_the_queue_says_so(self, sandbox: Sandbox, gate: RecordingGate) -> None:
        deaf = self.connector_class(self.make_account(sandbox), gate=gate)

        with pytest.raises(NotListeningError):
            deaf.fetch_events()

    def test_asking_it_to_listen_again_changes_nothing(self, connector: Connector, sandbox: Sandbox) -> None:
        self.change(sandbox, 1)
        before = connector.fetch_events()

        connector.listen()

        assert connector.fetch_events() == before

    def test_confirming_again_changes_nothing(self, connector: Connector, sandbox: Sandbox) -> None:
        self.change(sandbox, 1)
        ids = [event.event_id for event in connector.fetch_events()]
        connector.confirm_events(ids)

        connector.confirm_events(ids)


@dataclass(frozen=True, kw_only=True)
class Delivery:
    headers: Mapping[str, str]
    body: bytes
    now: datetime


class WebhooksSuite(Platform):
    stale_after: ClassVar[timedelta | None]  # how old a delivery may be; None where the platform signs no time

    @abstractmethod
    def delivery(self, sandbox: Sandbox) -> Delivery:
        """One genuine webhook."""

    @abstractmethod
    def forged(self, delivery: Delivery) -> Delivery:
        """The same with a signature that nobody with the secret made."""

    def test_a_genuine_webhook_is_named_and_read(self, connector: Connector, sandbox: Sandbox) -> None:
        delivery = self.delivery(sandbox)

        key = connector.verify_webhook(delivery.headers, delivery.body, now=delivery.now)

        assert key
        assert connector.verify_webhook(delivery.headers, delivery.body, now=delivery.now) == key
        assert connector.parse_webhook(delivery.body)

    def test_a_forged_webhook_is_refused(self, connector: Connector, sandbox: Sandbox) -> None:
        delivery = self.forged(self.delivery(sandbox))

        with pytest.raises(ForgedWebhookError):
            connector.verify_webhook(delivery.headers, delivery.body, now=delivery.now)

    def test_one_changed_byte_is_noticed(self, connector: Connector, sandbox: Sandbox) -> None:
        delivery = self.delivery(sandbox)
        body = delivery.body[:-1] + bytes([delivery.body[-1] ^ 1])

        with pytest.raises(ForgedWebhookError):
            connector.verify_webhook(delivery.headers, body, now=delivery.now)

    def test_an_unsigned_webhook_is_refused(self, connector: Connector, sandbox: Sandbox) -> None:
        delivery = self.delivery(sandbox)

        with pytest.raises(ForgedWebhookError):
            connector.verify_webhook({}, delivery.body, now=delivery.now)

    def test_a_stale_webhook_is_refused(self, connector: Connector, sandbox: Sandbox) -> None:
        delivery = self.delivery(sandbox)
        later = delivery.now + (self.stale_after or timedelta(days=1)) + timedelta(seconds=1)

        with pytest.raises(ForgedWebhookError) if self.stale_after else nullcontext():
            connector.verify_webhook(delivery.headers, delivery.body, now=later)

    @pytest.mark.parametrize("body", [b"", b"[", b"null", b'"text"', b"\xff\xfe"])
    def test_a_body_that_says_nothing_is_a_data_error(self, connector: Connector, body: bytes) -> None:
        with pytest.raises(DataError):
            connector.parse_webhook(body)
