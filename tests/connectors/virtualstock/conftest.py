"""A supplier with one retailer on the sandbox; all that goes over the wire is held against the contract."""

from collections.abc import Iterator

import pytest

from connectors import ports
from connectors.sandboxkit import SandboxClock
from connectors.virtualstock.connector import VirtualstockConnector
from connectors.virtualstock.sandbox import VirtualstockSandbox
from tests.connectors.conformance import START, RecordingGate
from tests.connectors.virtualstock.contract import wire_problems
from tests.connectors.virtualstock.sandbox.api import Client
from tests.connectors.virtualstock.shop import account_of


@pytest.fixture(scope="session")
def door() -> Iterator[VirtualstockSandbox]:
    """One listening server for all tests: to start and stop one takes longer than most of them."""
    with VirtualstockSandbox() as sandbox:
        yield sandbox


@pytest.fixture
def edge(door: VirtualstockSandbox) -> Iterator[VirtualstockSandbox]:
    """A platform of its own behind that server, its clock and the hub's at START and moving together."""
    clock = ports.VirtualClock(START)
    sandbox = VirtualstockSandbox(clock=SandboxClock(START, frozen=True))
    assert door._server is not None
    sandbox._server, door._server.sandbox = door._server, sandbox
    with ports.using(clock=clock):
        clock.follow(sandbox.advance)
        yield sandbox
        assert wire_problems(sandbox) == []


@pytest.fixture
def gate() -> RecordingGate:
    return RecordingGate()


@pytest.fixture
def connector(edge: VirtualstockSandbox, gate: RecordingGate) -> VirtualstockConnector:
    return VirtualstockConnector(account_of(edge), gate=gate)


@pytest.fixture
def client(edge: VirtualstockSandbox) -> Iterator[Client]:
    made = Client(edge)
    yield made
    made.session.close()
