"""A network that plays back answers, and a seller on a sandbox whose clock stands still."""

from collections.abc import Iterator

import pytest

from connectors import ports
from connectors.marketplacer import client
from connectors.marketplacer.connector import MarketplacerConnector
from connectors.marketplacer.sandbox import MarketplacerSandbox
from connectors.sandboxkit import SandboxClock
from connectors.transport import using_transport
from tests.connectors.conformance import START, RecordingGate
from tests.connectors.marketplacer.payloads import Network
from tests.connectors.marketplacer.shop import account_of


@pytest.fixture(autouse=True)
def _nothing_learned_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """What an instance lacks is known by its address, and a later sandbox may get the same port."""
    monkeypatch.setattr(client, "_ABSENCES", client.Absences())


@pytest.fixture
def network() -> Iterator[Network]:
    """No call leaves this machine; every answer that a test put in must have been fetched."""
    network = Network()
    with using_transport(network), ports.using(clock=ports.VirtualClock(START)):
        yield network
    assert network.answers == []


@pytest.fixture
def sandbox() -> Iterator[MarketplacerSandbox]:
    with (
        ports.using(clock=ports.VirtualClock(START)),
        MarketplacerSandbox(clock=SandboxClock(START, frozen=True)) as sandbox,
    ):
        yield sandbox


@pytest.fixture
def gate() -> RecordingGate:
    return RecordingGate()


@pytest.fixture
def connector(sandbox: MarketplacerSandbox, gate: RecordingGate) -> MarketplacerConnector:
    return MarketplacerConnector(account_of(sandbox), gate=gate)
