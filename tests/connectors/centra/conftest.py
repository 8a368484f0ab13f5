"""A connector of an account, over a network that plays back answers."""

from collections.abc import Iterator

import pytest

from connectors.base import Account
from connectors.centra.connector import CentraConnector
from connectors.http import OpenGate
from connectors.transport import using_transport
from tests.connectors.centra.support import Network, make_account


@pytest.fixture
def network() -> Iterator[Network]:
    """No call leaves this machine; every answer that a test put in must have been fetched."""
    network = Network()
    with using_transport(network):
        yield network
    assert network.answers == []


@pytest.fixture
def account() -> Account:
    return make_account()


@pytest.fixture
def connector(account: Account, network: Network) -> CentraConnector:
    return CentraConnector(account, gate=OpenGate())
