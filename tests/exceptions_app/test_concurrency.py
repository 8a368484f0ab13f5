"""On a real database with real threads: many workers find one cause at the same moment."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

import pytest
from django.db import connection as database
from django.db import transaction

from connectors.canonical.errors import MissingMapping
from connectors.models import Brand, Link
from exceptions_app.deciding import close_case
from exceptions_app.models import CaseEvent, CaseLink, ExceptionCase
from exceptions_app.opening import open_case, open_unmapped

pytestmark = pytest.mark.django_db(transaction=True)

SKU = MissingMapping(kind="sku", code="AB-1021")
Result = TypeVar("Result")


@pytest.fixture
def brand(transactional_db: None) -> Brand:
    return Brand.objects.create(code="nordhem", name="Nordhem")


def at_once(count: int, work: Callable[[int], Result]) -> list[Result]:
    """Start the work `count` times at the same moment, each on a thread and a connection of its own."""
    barrier = Barrier(count)

    def run(number: int) -> Result:
        try:
            barrier.wait(timeout=30)
            with transaction.atomic():
                return work(number)
        finally:
            database.close()

    with ThreadPoolExecutor(count) as pool:
        return [future.result(timeout=60) for future in [pool.submit(run, number) for number in range(count)]]


def test_twenty_workers_that_miss_the_same_code_open_one_case(link: Link, other_link: Link) -> None:
    links = [link, other_link]

    def work(number: int) -> tuple[int, bool]:
        case, opened = open_unmapped(link=links[number % 2], missing=SKU)
        return case.pk, opened

    results = at_once(20, work)
    assert len({case_id for case_id, _ in results}) == 1
    assert sum(opened for _, opened in results) == 1
    assert ExceptionCase.objects.count() == 1
    assert set(CaseLink.objects.values_list("link_id", flat=True)) == {link.pk, other_link.pk}
    assert sorted(CaseEvent.objects.values_list("kind", flat=True)) == ["OPENED", "SPREAD"]


def test_twenty_workers_that_find_the_same_object_open_one_case(brand: Brand) -> None:
    opened = at_once(20, lambda _: open_case(brand=brand, cause="our_bug", object_key="x")[1])
    assert sum(opened) == 1
    assert ExceptionCase.objects.count() == 1


def test_the_row_that_opening_returns_is_locked_until_the_transaction_ends(link: Link) -> None:
    """Each reads the count, then writes it back: without the lock some would read what another is about to change."""
    with transaction.atomic():
        open_unmapped(link=link, missing=SKU)

    def work(_: int) -> None:
        case, _ = open_unmapped(link=link, missing=SKU)
        ExceptionCase.objects.filter(pk=case.pk).update(waiting_count=case.waiting_count + 1)

    at_once(20, work)
    assert ExceptionCase.objects.get().waiting_count == 20


def test_a_case_that_is_closed_while_it_is_found_again_comes_back_and_none_is_lost(brand: Brand) -> None:
    def work(number: int) -> int:
        case, _ = open_case(brand=brand, cause="our_bug", object_key="x")
        if number % 2:
            close_case(case.pk, actor="alice", reason="Handled")
        return case.pk

    found = set(at_once(20, work))
    assert set(ExceptionCase.objects.values_list("pk", flat=True)) == found
    assert ExceptionCase.objects.unresolved().count() <= 1
    returned = ExceptionCase.objects.filter(regression=True)
    assert returned.count() == len(found) - 1
