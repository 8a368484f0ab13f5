"""Fifty at a time: what is published never exceeds what the hub knows to be free, whoever moves meanwhile."""

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from connectors import ports
from connectors.canonical.stock import StockLevel
from connectors.models import Link
from integrationhub.inventory import ledger, promises, readings
from integrationhub.inventory.models import ChannelStock, Reservation, StockReading
from tests.factories import make_brand, make_link

SKUS = ["A", "B", "C"]


@pytest.fixture
def link(transactional_db: None) -> Link:
    link = make_link(make_brand())
    rows = [
        ChannelStock(link=link, channel=link.source, owner=link.target, channel_sku=f"NG-{sku}", sku=sku)
        for sku in SKUS
    ]
    ChannelStock.objects.bulk_create(rows)
    readings.record(link.target_id, [StockLevel(sku=sku, available=40, as_of=ports.now()) for sku in SKUS])
    return link


def all_at_once(tasks: list[Callable[[], Any]], *, threads: int = 10) -> list[Any]:
    start = threading.Barrier(threads)

    def work(mine: list[Callable[[], Any]]) -> list[Any]:
        start.wait(timeout=30)
        try:
            return [task() for task in mine]
        finally:
            connection.close()

    with ThreadPoolExecutor(threads) as pool:
        parts = [pool.submit(work, tasks[number::threads]) for number in range(threads)]
        return [result for part in parts for result in part.result(timeout=120)]


def held() -> dict[str, int]:
    units: dict[str, int] = {}
    for sku, quantity in Reservation.objects.filter(state="HELD").values_list("sku", "quantity"):
        units[sku] = units.get(sku, 0) + quantity
    return units


@pytest.mark.django_db(transaction=True)
def test_fifty_orders_at_once_are_promised_no_more_than_there_is(link: Link) -> None:
    def order(number: int) -> dict[str, int]:
        wanted = {SKUS[number % 3]: 3, SKUS[(number + 1) % 3]: 2}
        return promises.hold(link, f"MK-{number}", wanted)

    results = all_at_once([lambda number=number: order(number) for number in range(50)])  # type: ignore[misc]
    granted = sum(short == {} for short in results)
    assert all(units <= 40 for units in held().values())
    assert Reservation.objects.count() == granted * 2
    assert 40 * 3 - sum(held().values()) < 5 * 3  # what is left is too little for the orders that were refused
    ledger.compute(link.source, [link])
    shown = dict(ChannelStock.objects.values_list("sku", "computed"))
    assert shown == {sku: 40 - held().get(sku, 0) for sku in SKUS}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_at_once_nothing_older_or_larger_than_free_is_published(link: Link, seed: int) -> None:
    """Counts in any order, orders that come and go, and the publisher, fifty at a time."""
    rng = random.Random(seed)  # noqa: S311  a seed, not a secret
    began = ports.now()
    newest = dict.fromkeys(SKUS, (began, 40))
    tasks: list[Callable[[], Any]] = []
    for number in range(50):
        sku = rng.choice(SKUS)
        match rng.choice(["count", "count", "hold", "hold", "let go", "compute"]):
            case "count":
                at, units = began + timedelta(seconds=rng.randint(1, 500)), rng.randint(0, 60)
                if at > newest[sku][0]:
                    newest[sku] = (at, units)
                level = StockLevel(sku=sku, available=units, as_of=at)
                tasks.append(lambda level=level: readings.record(link.target_id, [level]))  # type: ignore[misc]
            case "hold":
                wanted = {sku: rng.randint(1, 4)}
                tasks.append(lambda n=number, wanted=wanted: promises.hold(link, f"MK-{n}", wanted))  # type: ignore[misc]
            case "let go":
                n = rng.randint(0, max(number - 1, 0))
                tasks.append(lambda n=n: promises.let_go(link.pk, f"MK-{n}", reason="Refused"))  # type: ignore[misc]
            case "compute":
                tasks.append(lambda: ledger.compute(link.source, [link]))
    all_at_once(tasks)
    ledger.compute(link.source, [link])

    readings_now = dict(StockReading.objects.values_list("sku", "available"))
    assert readings_now == {sku: units for sku, (_, units) in newest.items()}
    for row in ChannelStock.objects.all():
        assert row.computed == max(0, (readings_now[row.sku] or 0) - held().get(row.sku, 0))
        assert row.dirty is False


@pytest.mark.django_db(transaction=True)
def test_two_publishers_claim_one_batch(link: Link) -> None:
    ledger.compute(link.source, [link])
    batches = all_at_once([lambda: ledger.claim(link.source, [link.pk], size=10)] * 10)
    assert [len(batch.updates) for batch in batches if batch] == [3]


@pytest.mark.django_db(transaction=True)
def test_a_change_that_commits_while_it_is_computed_is_computed_again(link: Link) -> None:
    """The mark waits for the row's lock; set without asking, it is not lost."""
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            readings.record(link.target_id, [StockLevel(sku="A", available=7, as_of=ports.now())])
            other = pool.submit(_compute_with_its_own_connection, link)
            with pytest.raises(TimeoutError):
                other.result(timeout=0.5)
        other.result(timeout=30)
    ledger.compute(link.source, [link])
    assert ChannelStock.objects.get(sku="A").computed == 7


def _compute_with_its_own_connection(link: Link) -> None:
    try:
        ledger.compute(link.source, [link])
    finally:
        connection.close()
