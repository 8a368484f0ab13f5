"""Deadlines of open cases follow the brand's calendar."""

from datetime import UTC, datetime, time

import pytest
from django.db import transaction

from connectors.canonical.errors import MissingMapping
from connectors.models import Brand, Link
from exceptions_app import deciding
from exceptions_app.models import ExceptionCase, TeamTarget
from exceptions_app.opening import open_unmapped

FRIDAY, MONDAY = datetime(2026, 1, 16, 9, 30, tzinfo=UTC), datetime(2026, 1, 19, 9, 30, tzinfo=UTC)


@pytest.fixture
def case(brand: Brand, link: Link) -> ExceptionCase:
    """Opened on Thursday at 9: nine working hours of 09:00-17:30 end on Friday at 9:30."""
    brand.refresh_from_db()
    TeamTarget.objects.create(brand=brand, team="ECOMMERCE", hours=9)
    with transaction.atomic():
        case = open_unmapped(link=link, missing=MissingMapping(kind="sku", code="AB-1", label="", gtin=""))[0]
    assert case.target_at == FRIDAY
    return case


def target_of(case: ExceptionCase) -> datetime | None:
    return ExceptionCase.objects.values_list("target_at", flat=True).get(pk=case.pk)


def test_other_working_days_move_the_deadlines_of_open_cases(case: ExceptionCase, brand: Brand) -> None:
    brand.working_days = "1234"
    brand.save()
    assert target_of(case) == MONDAY


def test_other_hours_and_another_time_zone_move_them_too(case: ExceptionCase, brand: Brand) -> None:
    brand.working_from = time(8)
    brand.save()
    assert target_of(case) == datetime(2026, 1, 16, 8, 30, tzinfo=UTC)
    brand.timezone = "America/New_York"
    brand.save()
    assert target_of(case) == datetime(2026, 1, 15, 22, tzinfo=UTC)  # they begin at 13 UTC


def test_a_brand_that_is_renamed_and_a_closed_case_stay_as_they_are(case: ExceptionCase, brand: Brand) -> None:
    ExceptionCase.objects.filter(pk=case.pk).update(target_at=MONDAY)  # told apart from what would be worked out
    brand.name = "Nordhem Ltd"
    brand.save()
    assert target_of(case) == MONDAY
    deciding.close_case(case.pk, actor="alice", reason="Not ours")
    brand.working_days = "135"
    brand.save()
    assert target_of(case) == MONDAY
