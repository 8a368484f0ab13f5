from collections.abc import Iterator
from typing import cast

import pytest
import redis

from benchmarks.instant import InstantConnector
from benchmarks.orders import make_link
from connectors import ports, registry
from connectors.base import Connector
from connectors.models import Link
from integrationhub.sync.places import place
from tests.sync.conftest import make_flow

__all__ = ["make_flow"]


@pytest.fixture
def order_link(
    db: None, virtual_clock: ports.VirtualClock, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Link]:
    """A marketplace whose orders end at the benchmarks' own target, which answers at once."""
    known = cast(dict[str, type[Connector]], registry.CONNECTORS)
    monkeypatch.setitem(known, InstantConnector.platform, InstantConnector)
    place.forget()
    yield make_link("bench", through_http=True)
    place.forget()
