"""A started sandbox on a frozen clock, and a client that speaks plain HTTP to it."""

from collections.abc import Iterator

import pytest

from connectors.centra.sandbox import CentraSandbox
from connectors.sandboxkit import SandboxClock
from tests.connectors.centra.sandbox.api import START, Api


@pytest.fixture
def sandbox() -> Iterator[CentraSandbox]:
    """COAT-S: 10 units, COAT-M: 5, SCARF: 3; 100.00 GBP each."""
    made = CentraSandbox(clock=SandboxClock(START, frozen=True))
    made.add_product(
        "COAT", name="Wool coat", sizes={"-S": 10, "-M": 5}, gtins={"-S": "9520000000011"}, category="Coats"
    )
    made.add_product("SCARF", name="Wool scarf", sizes={"": 3}, category="Accessories")
    with made:
        yield made


@pytest.fixture
def api(sandbox: CentraSandbox) -> Iterator[Api]:
    made = Api(sandbox)
    yield made
    made.http.close()
