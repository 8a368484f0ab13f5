"""On a real database with real threads: what two people, or a person and a worker, do at the same moment."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier, Event
from typing import TypeVar

import pytest
from django.db import connection as database

from connectors.models import Brand, Connection, Link
from mappings_app.codes import CodeItem, note_seen
from mappings_app.lookup import Resolver
from mappings_app.models import MappingVersion, SeenCode
from mappings_app.saving import save_mapping

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 1, 15, 9, tzinfo=UTC)
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
            return work(number)
        finally:
            database.close()

    with ThreadPoolExecutor(count) as pool:
        return [future.result(timeout=60) for future in [pool.submit(run, number) for number in range(count)]]


def map_sku(brand: Brand, to_code: str) -> MappingVersion:
    return save_mapping(kind="sku", brand=brand, from_code="AB-1021", to_code=to_code, actor="alice")


def test_ten_people_who_save_the_same_first_mapping_make_one_version(brand: Brand) -> None:
    versions = at_once(10, lambda _: map_sku(brand, "NW-1021").pk)
    assert len(set(versions)) == 1
    assert MappingVersion.objects.count() == 1


def test_ten_people_who_save_different_mappings_leave_one_current_and_a_whole_story(brand: Brand) -> None:
    at_once(10, lambda number: map_sku(brand, f"NW-{number}").pk)
    versions = MappingVersion.objects.all()
    assert versions.count() == 10
    assert versions.filter(superseded_at=None).count() == 1
    changes = set(versions.values_list("change", flat=True))
    superseded_in = set(versions.exclude(superseded_in="").values_list("superseded_in", flat=True))
    assert len(changes) == 10
    assert superseded_in < changes


def test_whoever_resolves_while_a_mapping_is_saved_finds_the_old_or_the_new_one(
    brand: Brand, northgate: Connection, centra: Connection
) -> None:
    link = Link.objects.create(brand=brand, source=northgate, target=centra)
    map_sku(brand, "NW-0")
    done = Event()

    def work(number: int) -> set[str]:
        if number == 0:
            for version in range(1, 41):
                map_sku(brand, f"NW-{version}")
            done.set()
            return set()
        seen = set()
        while not done.is_set():
            found = Resolver(link, NOW).find("sku", ["AB-1021"])
            seen.add(found["AB-1021"].to_code)  # KeyError: for a moment there was none
        return seen

    found = set().union(*at_once(3, work))
    assert found <= {f"NW-{number}" for number in range(41)}
    assert Resolver(link, NOW).find("sku", ["AB-1021"])["AB-1021"].to_code == "NW-40"


def test_two_workers_that_note_the_same_codes_in_opposite_order_do_not_block_each_other(
    brand: Brand, northgate: Connection, centra: Connection
) -> None:
    link = Link.objects.create(brand=brand, source=northgate, target=centra)
    codes = [CodeItem(code=f"AB-{number}") for number in range(200)]

    def work(number: int) -> None:
        for _ in range(10):
            note_seen(link, {"sku": codes if number % 2 else codes[::-1]})

    at_once(4, work)
    assert SeenCode.objects.count() == 200
    assert set(SeenCode.objects.values_list("times", flat=True)) == {40}
