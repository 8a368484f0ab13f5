"""No dispatch deadline passes unseen, and nothing that left stays untold: counted down by the clock, closed by it."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from exceptions_app.models import ExceptionCase
from exceptions_app.telling import plain
from integrationhub.console.cases.waiting import waiting_page
from integrationhub.orders.models import SoldDispatch, SoldOrder
from integrationhub.sync import drain
from tests import factories
from tests.flows.world import World

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def due(world: World, reference: str, hours: float, **values: Any) -> SoldOrder:
    """An order of one unit at 49.99 that must leave so many hours from now."""
    given = {"state": "READY_TO_SHIP", "ship_by": world.clock.now() + hours * HOUR, "accept_by": None}
    return factories.make_order(world.link, reference, **{**given, **values})


def parcel(order: SoldOrder, *, state: str = "SEEN", units: int = 1, at: datetime | None = None) -> SoldDispatch:
    """Units of the order's first line in a parcel that left."""
    line = order.lines.all()[0]
    return SoldDispatch.objects.create(
        order=order,
        dispatch_id=f"{order.reference}-{order.dispatches.count() + 1}",
        dispatched_at=at or order.placed_at,
        packed={line.sku: units},
        lines=[] if state == "SEEN" else [{"sku": line.sku, "line_id": line.line_id, "quantity": units}],
        state=state,
    )


def case_of(cause: str) -> ExceptionCase:
    return ExceptionCase.objects.unresolved().get(cause=cause)


def sentence(world: World, cause: str) -> str:
    return plain(case_of(cause), now=world.clock.now())


# --- what must leave --------------------------------------------------------------------------------------------------
def test_orders_that_must_leave_soon_are_one_case_with_count_value_and_deadline(world: World) -> None:
    late = [due(world, f"MK-{number}", 2 + number / 10) for number in range(3)]
    due(world, "MK-LATER", 5)
    parcel(late[1])

    world.run("watch_dispatches")

    case = case_of("dispatch_at_risk")
    assert (case.waiting_count, case.waiting_value) == (3, 3 * late[0].value_reporting)
    assert (case.next_deadline_at, case.oldest_at) == (late[0].ship_by, late[0].placed_at)
    assert sentence(world, "dispatch_at_risk").startswith("3 orders of Northgate must leave before ")
    assert sentence(world, "dispatch_at_risk").endswith("(in 2 h); 1 is packed.")
    assert [(row.title, row.why) for row in waiting_page(case).rows] == [
        ("MK-0", "Not packed yet."),
        ("MK-1", "Packed, and not told as dispatched yet."),
        ("MK-2", "Not packed yet."),
    ]


def test_four_hours_before_is_early_enough_and_a_minute_more_is_too_early(world: World) -> None:
    due(world, "MK-1", 4 + 1 / 60)
    world.run("watch_dispatches")
    assert world.cases() == []

    world.advance(60)
    world.run("watch_dispatches")
    assert world.cases() == [("dispatch_at_risk", 1)]


def test_what_is_late_already_says_since_when(world: World) -> None:
    due(world, "MK-1", -1)
    due(world, "MK-2", 1)

    world.run("watch_dispatches")

    words = sentence(world, "dispatch_at_risk")
    assert words.startswith("2 orders of Northgate must leave; the first was due ")
    assert words.endswith("(1 h ago).")


@pytest.mark.parametrize("values", [{"state": "SHIPPED"}, {"state": "CANCELLED"}, {"ship_by": None}])
def test_what_is_over_or_has_no_deadline_is_not_counted_down(world: World, values: dict[str, Any]) -> None:
    due(world, "MK-1", 1, **values)

    world.run("watch_dispatches")

    assert world.cases() == []


def test_a_part_that_was_told_is_not_the_whole_order(world: World) -> None:
    order = due(world, "MK-1", 1, skus=("AB-1021", "AB-1022"))
    parcel(order, state="SENT")
    world.run("watch_dispatches")
    assert world.cases() == [("dispatch_at_risk", 1)]

    order.lines.filter(sku="AB-1022").update(cancelled=True)
    world.run("watch_dispatches")
    assert world.cases() == []


def test_the_case_closes_by_itself_when_the_last_order_was_told(world: World) -> None:
    order = due(world, "MK-1", 1)
    world.run("watch_dispatches")
    assert world.cases() == [("dispatch_at_risk", 1)]

    parcel(order, state="SENT")
    world.run("watch_dispatches")

    assert world.cases() == []
    case = ExceptionCase.objects.get(cause="dispatch_at_risk")
    assert case.events.latest("pk").text == "Every order that was due has left."

    due(world, "MK-2", 1)
    world.run("watch_dispatches")
    assert not case_of("dispatch_at_risk").regression


# --- what left and was not told ---------------------------------------------------------------------------------------
def test_what_left_and_was_not_told_for_hours_is_one_case_for_its_channel(world: World) -> None:
    order = due(world, "MK-1", 48)
    row = parcel(order, at=world.clock.now())
    world.advance(4 * 3600 - 1)
    world.run("watch_dispatches")
    assert world.cases() == []

    world.advance(1)
    world.run("watch_dispatches")

    case = case_of("dispatch_untold")
    assert (case.waiting_count, case.waiting_value, case.oldest_at) == (1, order.value_reporting, row.dispatched_at)
    assert sentence(world, "dispatch_untold") == (
        "1 dispatch left Centra more than 4 h ago and Northgate has not been told."
    )
    assert [found.title for found in waiting_page(case).rows] == ["MK-1"]

    SoldDispatch.objects.update(state="SENT")
    world.run("watch_dispatches")
    assert world.cases() == []


def test_a_first_parcel_may_wait_for_the_last_one_and_an_order_that_is_shown_as_shipped_is_told(world: World) -> None:
    long_ago = world.clock.now() - 6 * HOUR
    parcel(due(world, "MK-1", 48, skus=("AB-1021", "AB-1022")), at=long_ago)
    parcel(due(world, "MK-2", 48, state="SHIPPED"), at=long_ago)

    world.run("watch_dispatches")

    assert world.cases() == []


# --- where nothing lapses by itself -----------------------------------------------------------------------------------
def test_an_order_that_waits_too_long_to_be_acknowledged_is_told_though_its_platform_has_no_window(
    world: World,
) -> None:
    retailer = factories.make_marketplace(world.brand, "Harbour", platform="virtualstock")
    link = factories.make_link(world.brand, source=retailer, target=world.centra_row, acceptance_window_hours=8)
    factories.make_order(link, "HV-1", placed_at=world.clock.now() - 4 * HOUR)

    world.start("watch_acceptance")
    drain.work_off([retailer.pk])

    case = case_of("acceptance_at_risk")
    assert (case.waiting_count, case.next_deadline_at) == (1, world.clock.now() + 4 * HOUR)
    assert sentence(world, "acceptance_at_risk").startswith("1 order at Harbour must be accepted before ")
