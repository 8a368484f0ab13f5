"""A client and a connector over a network that plays back answers."""

from collections.abc import Iterator

import pytest

from connectors.mirakl.client import MiraklClient
from connectors.mirakl.connector import MiraklConnector
from connectors.transport import using_transport
from tests.connectors.conformance import RecordingGate
from tests.connectors.mirakl.network import Network, account


@pytest.fixture
def network() -> Iterator[Network]:
    """No call leaves this machine; every answer that a test put in must have been fetched."""
    network = Network()
    with using_transport(network):
        yield network
    assert network.answers == []


@pytest.fixture
def gate() -> RecordingGate:
    return RecordingGate()


@pytest.fixture
def client(network: Network, gate: RecordingGate) -> MiraklClient:
    return MiraklClient(account(), gate=gate)


@pytest.fixture
def connector(network: Network, gate: RecordingGate) -> MiraklConnector:
    return MiraklConnector(account(multi_shipment="yes"), gate=gate)
