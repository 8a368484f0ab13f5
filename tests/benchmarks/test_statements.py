"""What the engine and an order's import may ask of the database: pinned, so that no change makes it grow unseen."""

from collections.abc import Callable

import psycopg
import pytest
from django.db import connection

from benchmarks.counting import counted
from benchmarks.orders import documents, store_pages
from benchmarks.peers import raw_import
from connectors.models import Link
from integrationhub.orders.models import SoldLine, SoldOrder
from integrationhub.sync.drain import BATCH_MAX, drain
from integrationhub.sync.enqueue import enqueue_many, job_for_link
from integrationhub.sync.flows import Flow
from integrationhub.sync.lanes import DRAIN, QUEUES, URGENT, Lane
from integrationhub.sync.models import SyncCall, SyncJob, WriteIntent

STATEMENTS_AN_ORDER = 12  # the goal
STATEMENTS_A_BATCH = 3  # how the claim is planned, the claim, what came of it


def statements_of_orders(link: Link, *, prefix: str, count: int, lines: int) -> float:
    store_pages(link, list(documents(count, prefix=prefix, lines=lines)))
    with counted() as found:
        tally = drain(link.target_id, lanes=QUEUES[URGENT])
    assert tally.states == {"DONE": count}
    return found.in_jobs / count


def statements_of_noops(link: Link, count: int) -> int:
    enqueue_many(job_for_link("try_out", link, key=f"{count}-{number}") for number in range(count))
    with counted() as found:
        tally = drain(link.target_id, lanes=QUEUES[DRAIN])
    assert (tally.states, found.in_jobs) == ({"DONE": count}, 0)
    return found.around


@pytest.mark.django_db(transaction=True)
def test_an_order_takes_as_many_statements_whatever_its_lines_and_its_company(order_link: Link) -> None:
    statements_of_orders(order_link, prefix="first", count=1, lines=1)  # the process reads the connections and the link
    found = {
        (count, lines): statements_of_orders(order_link, prefix=f"P{count}-{lines}", count=count, lines=lines)
        for count in (1, 10, 60)
        for lines in (1, 2, 12)
    }
    assert set(found.values()) == {STATEMENTS_AN_ORDER}
    assert SoldOrder.objects.filter(target_confirmed_at__isnull=False).count() == (1 + 10 + 60) * 3 + 1
    assert SoldLine.objects.count() == (1 + 10 + 60) * (1 + 2 + 12) + 1
    assert set(WriteIntent.objects.values_list("state", "tries")) == {("DONE", 1)}
    assert SyncCall.objects.filter(operation="createOrder").count() == (1 + 10 + 60) * 3 + 1


@pytest.mark.django_db(transaction=True)
def test_jobs_that_do_nothing_cost_three_statements_a_batch(order_link: Link, make_flow: Callable[..., Flow]) -> None:
    make_flow(lane=Lane.BULK)
    statements_of_noops(order_link, 1)  # the process learns that they make no calls, and reads its settings
    few = statements_of_noops(order_link, 4 * BATCH_MAX)
    many = statements_of_noops(order_link, 10 * BATCH_MAX)
    assert many - few == 6 * STATEMENTS_A_BATCH
    assert SyncJob.objects.filter(state="DONE").count() == 14 * BATCH_MAX + 1


@pytest.mark.django_db
def test_the_peer_runs_what_the_hub_runs_for_an_order(order_link: Link, monkeypatch: pytest.MonkeyPatch) -> None:
    """B3a compares with the hub's own statements: one more or one less on either side would make it another comparison."""
    connection.ensure_connection()
    raw: psycopg.Connection[tuple[object, ...]] = connection.connection
    importer = raw_import._Importer(raw, raw_import._ids())
    of_order = importer._import
    statements: list[object] = []

    def run(statement: object, *values: object) -> object:
        statements.append(statement)
        return raw.execute(statement, *values)  # type: ignore[call-overload]

    def import_counted(job: object) -> str:
        statements.clear()
        reference = of_order(job)
        assert len(statements) == STATEMENTS_AN_ORDER
        return reference

    monkeypatch.setattr(importer, "run", run)
    monkeypatch.setattr(importer, "_import", import_counted)
    importer.import_all([f"RAW-{number}" for number in range(3)])
    assert list(SyncJob.objects.values_list("flow", "state")) == [("import_order", "DONE")] * 3
    orders = SoldOrder.objects.filter(target_confirmed_at__isnull=False, target_state="CONFIRMED")
    assert (orders.count(), SoldLine.objects.exclude(target_sku="").count()) == (3, 3 * raw_import.LINES)
    assert SyncCall.objects.count() == 3 * raw_import.CALLS
