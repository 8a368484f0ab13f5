"""A brand with one link, and flows made for one test."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from connectors.models import Brand, Connection, Link
from integrationhub.sync import flows
from integrationhub.sync.flows import Done, Flow, Outcome
from integrationhub.sync.lanes import Lane
from integrationhub.sync.places import place
from integrationhub.sync.run import Run


@pytest.fixture
def brand(db: None) -> Brand:
    return Brand.objects.create(code="nordhem", name="Nordhem", reporting_currency="GBP")


@pytest.fixture
def link(brand: Brand) -> Iterator[Link]:
    """Northgate (Mirakl) sells what Centra fulfils. Nobody listens at either address."""
    place.forget()
    source = Connection.objects.create(
        brand=brand, platform="mirakl", name="Northgate", base_url="http://127.0.0.1:9", credentials={"api_key": "k"}
    )
    target = Connection.objects.create(
        brand=brand,
        platform="centra",
        name="Centra",
        base_url="http://127.0.0.1:9",
        credentials={"token": "t", "order_api_key": "s"},
        settings={"order_api_path": "/api/hub"},
    )
    yield Link.objects.create(brand=brand, source=source, target=target)
    place.forget()


@pytest.fixture
def make_flow() -> Iterator[Callable[..., Flow]]:
    """Register a flow for this test only; its function may be any callable that takes the run."""
    before = dict(flows._FLOWS)

    def make(run: Callable[[Run], Outcome] = lambda run: Done(), **values: object) -> Flow:
        base = Flow(name="try_out", label="Try out", lane=Lane.ORDERS, run=run, side="target")
        return flows.register(replace(base, **values))  # type: ignore[arg-type]

    yield make
    flows._FLOWS.clear()
    flows._FLOWS.update(before)
