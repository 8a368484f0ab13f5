"""A connector of an account over a network that plays back answers, and a tenant that the tests of a module share."""

from collections.abc import Iterator

import pytest

from connectors import ports
from connectors.fulfil.connector import FulfilConnector
from connectors.fulfil.sandbox import FulfilSandbox
from connectors.http import OpenGate
from connectors.sandboxkit import SandboxClock
from connectors.transport import using_transport
from tests.connectors.conformance import START
from tests.connectors.fulfil.support import Network, make_account, stocked


@pytest.fixture
def network() -> Iterator[Network]:
    """No call leaves this machine; every answer that a test put in must have been fetched."""
    network = Network()
    with using_transport(network):
        yield network
    assert network.answers == []


@pytest.fixture
def connector(network: Network) -> FulfilConnector:
    return FulfilConnector(make_account(), gate=OpenGate())


@pytest.fixture(autouse=True)
def clock() -> Iterator[ports.VirtualClock]:
    """Nobody waits: the connection test paces its calls."""
    clock = ports.VirtualClock(START)
    with ports.using(clock=clock):
        yield clock


@pytest.fixture(scope="module")
def server() -> Iterator[FulfilSandbox]:
    with FulfilSandbox(clock=SandboxClock(START, frozen=True)) as sandbox:
        yield sandbox


@pytest.fixture
def tenant(server: FulfilSandbox) -> FulfilSandbox:
    """As it was born, and stocked."""
    server.reset(SandboxClock(START, frozen=True))
    return stocked(server)
