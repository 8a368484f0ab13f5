"""Polls miss nothing and repeat nothing, whatever changes while they read and wherever they are cut off."""

import itertools
import json
from collections import Counter
from datetime import datetime
from io import StringIO

import pytest
from django.core.management import call_command

from connectors.sandboxkit import Fault
from integrationhub.orders.flows import reading
from integrationhub.orders.models import SoldOrder
from integrationhub.sync import inbox
from integrationhub.sync.models import Document, Feed, InboxRecord, Schedule, SyncJob
from integrationhub.sync.places import place
from tests.flows.world import World

pytestmark = pytest.mark.django_db

HOUR = 3600


def sell(world: World, count: int = 1) -> list[str]:
    return [world.sell(("NG-TEE-BLK-M", 1, "29.90"), to="SHIPPING") for _ in range(count)]


def windows(world: World) -> list[tuple[datetime, datetime]]:
    """What each first page of a poll asked for."""
    asked = []
    for entry in world.mirakl.journal.entries("OR11"):
        query = dict(part.split("=", 1) for part in entry.query.split("&"))
        if query.get("offset") == "0" and "start_update_date" in query:
            bounds = [query[name].replace("%3A", ":") for name in ("start_update_date", "end_update_date")]
            asked.append((datetime.fromisoformat(bounds[0]), datetime.fromisoformat(bounds[1])))
    return asked


@pytest.fixture
def many(world: World) -> World:
    """Room for hundreds of orders, which nobody creates: the test is about reading them."""
    world.roomy()
    Schedule.objects.create(flow="import_order", connection=world.centra_row, link=world.link, mode=Schedule.Mode.HELD)
    return world


def stored(world: World) -> Counter[str]:
    """Order id → how many versions of it were stored."""
    return Counter(InboxRecord.objects.filter(connection=world.northgate).values_list("external_id", flat=True))


# --- windows and pages ------------------------------------------------------------------------------------------------


def test_orders_sold_and_changed_while_a_poll_reads_its_pages_are_neither_missed_nor_repeated(
    many: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    references = sell(many, 330)
    store_page = reading._store_page
    later: list[str] = []

    def busy(*args: object) -> int:
        """After each of the first pages two orders are sold, and two of that page change: they leave the window."""
        if len(later) < 6:
            many.mirakl.advance(1)
            later.extend(sell(many, 2))
            for reference in references[len(later) : len(later) + 2]:
                many.mirakl.market.touch(many.mirakl.market.orders[reference])
        return store_page(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(reading, "_store_page", busy)
    many.poll()
    monkeypatch.undo()
    changed = set(references[2:10])
    assert set(references) <= set(stored(many))
    assert not set(later) & set(stored(many))
    many.poll()
    assert set(stored(many)) == set(references) | set(later)
    assert {reference for reference, versions in stored(many).items() if versions > 1} <= changed
    assert SyncJob.objects.filter(flow="import_order").count() == len(references) + len(later)


def test_each_window_has_a_fixed_end_and_begins_before_the_last_one_ended(many: World) -> None:
    for _ in range(4):
        many.poll()
    asked = windows(many)
    assert len(asked) == 4
    for (_, ended), (begins, ends) in itertools.pairwise(asked):
        assert (ended - begins).total_seconds() == reading.OVERLAP_SECONDS
        assert (ends - ended).total_seconds() > 0
    assert Feed.objects.get(name="orders").cursor_at == asked[-1][1]


def test_the_cursor_stays_where_it_is_when_a_page_cannot_be_stored(
    many: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hub dies between two pages: what was stored stays stored, the rest is read again, nothing twice."""
    references = sell(many, 250)
    many.poll()
    cursor = Feed.objects.get(name="orders").cursor_at
    for reference in references:
        many.mirakl.market.touch(many.mirakl.market.orders[reference])
    enqueue_many, pages = reading.enqueue_many, []

    def dying(jobs: object) -> list[int]:
        pages.append(1)
        if len(pages) == 2:
            raise MemoryError
        return enqueue_many(jobs)  # type: ignore[arg-type]

    monkeypatch.setattr(reading, "enqueue_many", dying)
    many.poll()
    row = Feed.objects.get(name="orders")
    assert (row.cursor_at, row.next_token != "") == (cursor, True)
    assert Document.objects.filter(version=2).count() == 100
    monkeypatch.undo()

    SyncJob.objects.filter(flow="read_orders").exclude(state="DONE").update(state="QUEUED", due_at=many.clock.now())
    many.work()
    row = Feed.objects.get(name="orders")
    assert (row.next_token, row.reading_until, row.cursor_at is not None and row.cursor_at > cursor) == ("", None, True)
    assert Counter(Document.objects.values_list("version", flat=True)) == {2: 250}
    assert set(stored(many).values()) == {2}


@pytest.mark.parametrize("kind", ["drop_before", "status_before", "malformed", "rate_limit"])
def test_a_poll_that_is_cut_off_goes_on_at_the_page_it_had_reached(many: World, kind: str) -> None:
    references = sell(many, 250)
    many.mirakl.faults.add(Fault(kind=kind, operation="OR11", skip=1, seconds=5 if kind == "rate_limit" else 0))
    many.poll()
    many.wait(60)
    assert stored(many) == Counter(references)
    offsets = [
        dict(part.split("=", 1) for part in entry.query.split("&"))["offset"]
        for entry in many.mirakl.journal.entries("OR11")
    ]
    assert offsets == ["0", "100", "100", "200"]


# --- what becomes visible late, changes later, or changes back --------------------------------------------------------


def test_an_order_that_shows_forty_minutes_after_it_was_sold_is_imported(world: World) -> None:
    reference = world.sell(("NG-TEE-BLK-M", 1, "29.90"), to="SHIPPING", visible_after=40 * 60)
    for _ in range(19):
        world.poll()
    assert not SoldOrder.objects.exists()
    for _ in range(3):
        world.poll()
    assert [order.status for order in world.in_centra(reference)] == ["CONFIRMED"]
    sold_at = world.mirakl.market.orders[reference].created_at
    assert (world.clock.now() - sold_at).total_seconds() > 40 * 60


@pytest.mark.parametrize("lag", [30, 120, 290])
def test_a_change_that_an_index_shows_late_with_its_older_date_is_still_seen(world: World, lag: float) -> None:
    world.mirakl.change_settings(index_lag_seconds=lag)
    references = []
    for _ in range(6):
        references += sell(world)
        world.poll()
    for _ in range(4):
        world.poll()
    assert [len(world.in_centra(reference)) for reference in references] == [1] * 6


def test_a_change_three_hours_later_is_picked_up(world: World) -> None:
    world.mirakl.change_settings(debit_request_seconds=None, debit_confirm_seconds=None)
    reference = world.sell(("NG-TEE-BLK-M", 1, "29.90"))
    world.poll()
    world.poll()
    assert world.order(reference).state == "AWAITING_PAYMENT"
    for _ in range(3):
        world.advance(HOUR - 121)
        world.poll()
    world.mirakl.request_debit(reference)
    world.mirakl.confirm_debit(reference)
    world.poll()
    assert world.order(reference).state == "READY_TO_SHIP"
    assert [order.status for order in world.in_centra(reference)] == ["CONFIRMED"]


def test_a_document_that_changes_and_changes_back_has_three_versions(many: World) -> None:
    (reference,) = sell(many)
    order = many.mirakl.market.orders[reference]
    for note in (None, "please hurry", None):
        order.customer_reference = note
        many.advance(1)
        order.rendered.clear()
        many.mirakl.market.touch(order)
        many.poll()
        many.poll()
    versions = InboxRecord.objects.filter(external_id=reference).order_by("pk")
    assert [record.version for record in versions] == [1, 2, 3]
    bodies = [inbox.read_body(record.pk) for record in versions]
    assert [b"please hurry" in body for body in bodies] == [False, True, False]


def test_an_unchanged_order_is_stored_once_however_often_it_is_read(many: World) -> None:
    sell(many, 3)
    for _ in range(6):
        many.poll()
    assert set(stored(many).values()) == {1}
    assert SyncJob.objects.filter(flow="import_order", wanted=1).count() == 3


def test_an_answer_older_than_what_is_known_changes_nothing(world: World) -> None:
    (reference,) = sell(world)
    connector = place(world.northgate.pk).connector
    old = connector.fetch_order(reference)
    assert old is not None
    world.advance(5)
    world.mirakl.cancel_order(reference)
    world.poll()
    assert inbox.store(world.northgate.pk, [old], origin="POLL") == []
    assert world.order(reference).state in ("CANCELLED", "CLOSED")


# --- where it starts, and bringing in what is older -------------------------------------------------------------------


def backfill(world: World, *words: str) -> dict[str, object]:
    out = StringIO()
    call_command("sync", "read_orders", "--since", "2026-01-01", "--json", *words, stdout=out)
    return json.loads(out.getvalue())  # type: ignore[no-any-return]


def test_orders_sold_before_the_link_started_come_in_by_a_backfill_only(world: World) -> None:
    old = [
        world.sell(("NG-TEE-BLK-M", 1, "29.90"), to="SHIPPING", created_at=f"2026-01-0{day}T10:00:00+00:00")
        for day in (3, 4, 5)
    ]
    new = sell(world)
    for _ in range(3):
        world.poll()
    assert [len(world.in_centra(reference)) for reference in (*old, *new)] == [0, 0, 0, 1]
    assert SoldOrder.objects.count() == 1
    assert world.cases() == []

    documents = Document.objects.count()
    told = backfill(world, "--dry-run")
    assert (told["dry_run"], told["seen"], told["stored"]) == (True, 4, 0)
    assert Document.objects.count() == documents
    assert world.work().total == 0

    told = backfill(world)
    assert told["seen"] == 4
    world.work()
    assert [len(world.in_centra(reference)) for reference in (*old, *new)] == [1, 1, 1, 1]
    assert backfill(world)["stored"] == 0

    world.mirakl.cancel_order(old[0])
    world.poll()
    assert [order.status for order in world.in_centra(old[0])] == ["CANCELLED"]


def test_an_outage_of_three_months_is_caught_up_in_windows_that_the_platform_takes(many: World) -> None:
    many.mirakl.change_settings(longest_window_days=31)
    many.poll()
    references = []
    for _ in range(3):
        many.advance(30 * 86_400)
        references += sell(many)
    many.poll()
    many.wait(10 * 60)
    assert set(references) <= set(stored(many))
    assert [entry.status for entry in many.mirakl.journal.entries("OR11") if entry.status != 200] == []


def test_two_polls_at_the_same_second_make_one_order(world: World) -> None:
    (reference,) = sell(world)
    world.advance(121)
    for _ in range(3):
        world.start("read_orders")
    world.work()
    world.run("read_orders")
    assert len(world.in_centra(reference)) == 1
    assert world.centra.journal.count("POST /order") == 1
