"""One letter a working day about what is open; none where nothing is."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.db import transaction

from connectors import ports
from connectors.canonical.errors import MissingMapping
from connectors.models import Brand, Link, RoleGrant
from exceptions_app import deciding
from exceptions_app.digest import send_digests
from exceptions_app.models import ExceptionCase
from exceptions_app.opening import open_unmapped

DAY = 24 * 3600


@pytest.fixture
def case(brand: Brand, link: Link, settings: Any) -> ExceptionCase:
    """Seen on a Thursday at nine, when Nordhem's working day begins."""
    brand.refresh_from_db()
    settings.CASE_DIGEST_BY_EMAIL, settings.CONSOLE_URL = True, "https://hub.nordhem.test"
    for name, role in (("carol", "OPS"), ("vera", "VIEWER")):
        user = User.objects.create_user(name, f"{name}@example.com")
        RoleGrant.objects.create(user=user, brand=brand, role=role)
    with transaction.atomic():
        return open_unmapped(link=link, missing=MissingMapping(kind="sku", code="AB-1", label="", gtin=""))[0]


def test_it_is_sent_once_a_working_day_when_the_day_has_begun(case: ExceptionCase, clock: ports.VirtualClock) -> None:
    assert [send_digests(), send_digests()] == [1, 0]
    (letter,) = mail.outbox
    assert letter.subject == "Nordhem: 1 open case"
    assert (letter.to, letter.bcc) == ([], ["carol@example.com"])
    assert f"https://hub.nordhem.test/console/cases/{case.pk}/" in letter.body
    clock.advance(DAY - 3600)
    assert send_digests() == 0  # Friday, before the day begins
    clock.advance(3600)
    assert send_digests() == 1
    clock.advance(DAY)
    assert send_digests() == 0  # Saturday
    clock.advance(2 * DAY)
    assert send_digests() == 1


def test_none_is_sent_where_nothing_is_open(case: ExceptionCase) -> None:
    deciding.close_case(case.pk, actor="alice", reason="Not ours")
    assert (send_digests(), mail.outbox) == (0, [])


def test_none_is_sent_unless_it_is_wanted(case: ExceptionCase, settings: Any) -> None:
    settings.CASE_DIGEST_BY_EMAIL = False
    assert (send_digests(), mail.outbox) == (0, [])
