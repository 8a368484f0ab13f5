from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client

from connectors import ports
from connectors.models import Brand, Connection, Link, RoleGrant
from tests import factories

ROLES = [role.value for role in RoleGrant.Role]


@dataclass(frozen=True)
class Shop:
    """A brand that sells at Northgate and at Harbour & Co, and fulfils in Centra."""

    brand: Brand
    northgate: Connection
    harbour: Connection
    centra: Connection
    link: Link
    harbour_link: Link


@pytest.fixture
def shop(db: None, virtual_clock: ports.VirtualClock) -> Shop:
    brand = factories.make_brand()
    northgate, harbour = factories.make_marketplace(brand), factories.make_marketplace(brand, "Harbour & Co")
    centra = factories.make_centra(brand)
    return Shop(
        brand=brand,
        northgate=northgate,
        harbour=harbour,
        centra=centra,
        link=factories.make_link(brand, source=northgate, target=centra),
        harbour_link=factories.make_link(brand, source=harbour, target=centra),
    )


@pytest.fixture
def person(shop: Shop) -> Callable[[str], User]:
    """`person("OPS")` → somebody with that role of the brand."""

    def make(role: str) -> User:
        return factories.make_person(f"the-{role.lower()}", (role, shop.brand))

    return make


@pytest.fixture
def client_of(person: Callable[[str], User]) -> Callable[[str], Client]:
    """`client_of("OPS")` → a client that is logged in as somebody with that role."""

    def make(role: str) -> Client:
        client = Client()
        client.force_login(person(role))
        return client

    return make


@contextmanager
def undone() -> Iterator[None]:
    """What happens inside is rolled back."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
