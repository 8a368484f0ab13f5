"""Nordhem sells at Northgate and at Harbour & Co, and fulfils both from Centra."""

from collections.abc import Iterator

import pytest

from connectors import ports
from connectors.models import Brand, Connection, Link
from mappings_app.models import MappingVersion
from mappings_app.signals import mapping_saved


@pytest.fixture(autouse=True)
def _standing_clock(virtual_clock: ports.VirtualClock) -> ports.VirtualClock:
    return virtual_clock


@pytest.fixture
def brand(db: None) -> Brand:
    return Brand.objects.create(code="nordhem", name="Nordhem")


@pytest.fixture
def northgate(brand: Brand) -> Connection:
    return Connection.objects.create(
        brand=brand, platform="mirakl", name="Northgate", base_url="https://northgate.test"
    )


@pytest.fixture
def harbour(brand: Brand) -> Connection:
    return Connection.objects.create(
        brand=brand, platform="mirakl", name="Harbour & Co", base_url="https://harbour.test"
    )


@pytest.fixture
def centra(brand: Brand) -> Connection:
    return Connection.objects.create(
        brand=brand, platform="centra", name="Centra", base_url="https://centra.test", settings={"price_list": "1"}
    )


@pytest.fixture
def link(brand: Brand, northgate: Connection, centra: Connection) -> Link:
    return Link.objects.create(brand=brand, source=northgate, target=centra)


@pytest.fixture
def other_link(brand: Brand, harbour: Connection, centra: Connection) -> Link:
    return Link.objects.create(brand=brand, source=harbour, target=centra)


@pytest.fixture
def announced() -> Iterator[list[MappingVersion]]:
    """The versions that `mapping_saved` told of, in order."""
    told: list[MappingVersion] = []

    def listen(version: MappingVersion, **_: object) -> None:
        told.append(version)

    mapping_saved.connect(listen, weak=False)
    yield told
    mapping_saved.disconnect(listen)
