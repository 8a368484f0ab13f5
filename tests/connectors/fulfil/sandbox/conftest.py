"""A tenant that is not on the network: its answers are asked for directly, which is faster."""

import pytest

from connectors.fulfil.sandbox import FulfilSandbox
from connectors.sandboxkit import SandboxClock
from tests.connectors.conformance import START
from tests.connectors.fulfil.sandbox.api import Api
from tests.connectors.fulfil.support import stocked


@pytest.fixture
def tenant() -> FulfilSandbox:
    return stocked(FulfilSandbox(clock=SandboxClock(START, frozen=True)))


@pytest.fixture
def api(tenant: FulfilSandbox) -> Api:
    return Api(tenant)
