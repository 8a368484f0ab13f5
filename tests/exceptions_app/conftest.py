"""Nordhem sells at Northgate and at Harbour & Co, and fulfils both from Centra; Alice works there, Bob does not."""

import pytest
from django.contrib.auth.models import User

from connectors import ports
from connectors.models import Brand, Connection, Link, RoleGrant


@pytest.fixture(autouse=True)
def clock(virtual_clock: ports.VirtualClock) -> ports.VirtualClock:
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
        brand=brand, platform="centra", name="Nordhem Store", base_url="https://centra.test"
    )


@pytest.fixture
def link(brand: Brand, northgate: Connection, centra: Connection) -> Link:
    return Link.objects.create(brand=brand, source=northgate, target=centra)


@pytest.fixture
def other_link(brand: Brand, harbour: Connection, centra: Connection) -> Link:
    return Link.objects.create(brand=brand, source=harbour, target=centra)


@pytest.fixture
def alice(brand: Brand) -> User:
    user = User.objects.create_user("alice", password="long enough for alice")
    RoleGrant.objects.create(user=user, brand=brand, role=RoleGrant.Role.OPS)
    return user


@pytest.fixture
def bob(db: None) -> User:
    return User.objects.create_user("bob", password="long enough for bob")
