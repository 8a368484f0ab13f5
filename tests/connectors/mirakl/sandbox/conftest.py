"""One shop with two storefronts, its clock stopped on a Monday morning."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from connectors.mirakl.sandbox import MiraklSandbox
from connectors.sandboxkit import SandboxClock
from tests.connectors.mirakl.sandbox.api import Shop

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def sandbox() -> Iterator[MiraklSandbox]:
    made = MiraklSandbox(
        currency="EUR", countries=("SWE", "FRA"), shop_id=2001, seed=7, clock=SandboxClock(START, frozen=True)
    )
    with made:
        yield made


@pytest.fixture
def shop(sandbox: MiraklSandbox) -> Iterator[Shop]:
    client = Shop(sandbox)
    yield client
    client.session.close()
