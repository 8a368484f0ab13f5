"""An order that stands twice where it is fulfilled: a person chooses, the hub cancels the other one in Centra's sandbox."""

from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from exceptions_app.models import CaseEvent, ExceptionCase
from exceptions_app.opening import open_case
from integrationhub.orders.flows.routing import order_job
from integrationhub.sync import blocking
from integrationhub.sync.enqueue import enqueue
from integrationhub.sync.models import Blocker, SyncJob
from tests import factories
from tests.flows.conftest import bare_world, centra, mirakl, world
from tests.flows.world import World

__all__ = ["bare_world", "centra", "mirakl", "world"]


@pytest.fixture
def twice(world: World) -> tuple[ExceptionCase, str, str]:
    """The case, the number of the order the hub knows, and that of a second living one."""
    references = [world.sell(to="SHIPPING"), world.sell(to="SHIPPING")]
    world.poll()
    ours, other = (world.order(reference) for reference in references)
    enqueue(order_job("reconcile_order", ours))
    job = SyncJob.objects.get(flow="reconcile_order", key=ours.reference)
    SyncJob.objects.filter(pk=job.pk).update(state="BLOCKED")
    with transaction.atomic():
        case, _ = open_case(
            brand=world.brand,
            cause="duplicate_order",
            object_key=f"order:{ours.pk}",
            link=world.link,
            target=world.centra_row,
            context={"order": ours.reference, "copies": [ours.target_external_id, other.target_external_id]},
        )
        Blocker.objects.create(job=job, case=case)
        blocking.recount([case.pk])
    return case, ours.target_external_id, other.target_external_id


@pytest.fixture
def olivia(world: World) -> Client:
    client = Client()
    client.force_login(factories.make_person("olivia", ("OPS", world.brand)))
    return client


def choose(client: Client, case: ExceptionCase, stays: str) -> Any:
    return client.post(f"/console/cases/{case.pk}/act/", {"do": "choose", "stays": stays}, follow=True)


def status(world: World, number: str) -> str:
    return str(next(order.status for order in world.centra.orders if str(order.number) == number))


def test_the_panel_names_both_and_says_which_one_the_hub_knows(twice: Any, olivia: Client) -> None:
    case, ours, other = twice
    choice = olivia.get(f"/console/cases/{case.pk}/").context["choice"]
    assert [(copy.number, copy.note) for copy in choice.copies] == [
        (ours, "The one the hub knows: confirmed."),
        (other, "Came to light later."),
    ]


def test_the_one_that_stays_lives_and_the_other_is_cancelled(world: World, twice: Any, olivia: Client) -> None:
    case, ours, other = twice
    page = choose(olivia, case, ours)
    assert page.context["pressed"]["state"]["total"] == 1
    assert (status(world, ours), status(world, other)) == ("CONFIRMED", "CONFIRMED")  # nothing before the worker comes
    world.work()
    assert (status(world, ours), status(world, other)) == ("CONFIRMED", "CANCELLED")
    case.refresh_from_db()
    assert (case.state, case.closed_by) == ("CLOSED", "olivia")
    assert not Blocker.objects.filter(case=case, released_at=None).exists()
    progress = olivia.get(page.context["pressed"]["url"]).json()
    assert (progress["done"], progress["finished"]) == (1, True)


def test_the_other_one_can_stay_and_is_then_the_one_the_hub_knows(world: World, twice: Any, olivia: Client) -> None:
    case, ours, other = twice
    choose(olivia, case, other)
    world.work()
    assert (status(world, ours), status(world, other)) == ("CANCELLED", "CONFIRMED")
    assert world.order(case.context["order"]).target_external_id == other


def test_choosing_twice_has_one_effect_and_the_opposite_is_refused(world: World, twice: Any, olivia: Client) -> None:
    case, ours, other = twice
    choose(olivia, case, ours)
    choose(olivia, case, ours)
    told = choose(olivia, case, other).content.decode()
    assert f"It was decided already: {ours} stays." in told
    world.work()
    assert (status(world, ours), status(world, other)) == ("CONFIRMED", "CANCELLED")
    assert CaseEvent.objects.filter(case=case, kind="CHOSEN").count() == 1
    assert SyncJob.objects.filter(flow="keep_one_copy").count() == 1


def test_the_last_living_copy_is_never_cancelled(world: World, twice: Any, olivia: Client) -> None:
    case, ours, other = twice
    order = next(one for one in world.centra.orders if str(one.number) == ours)
    order.status = "CANCELLED"  # somebody did so by hand a moment ago
    choose(olivia, case, ours)
    world.work()
    assert status(world, other) == "CONFIRMED"
    assert ("cancelled_at_target", 1) in world.cases()


def test_a_number_that_the_case_does_not_name_is_refused(world: World, twice: Any, olivia: Client) -> None:
    case, *_ = twice
    for wrong in ("999999", ""):
        assert "Choose one of the copies that the case names." in choose(olivia, case, wrong).content.decode()
    assert not SyncJob.objects.filter(flow="keep_one_copy").exists()


@pytest.mark.parametrize("role", ["ECOMMERCE", "FINANCE"])
def test_choosing_takes_the_right_to_change_orders(world: World, twice: Any, role: str) -> None:
    case, ours, _ = twice
    client = Client()
    client.force_login(factories.make_person("emil", (role, world.brand)))
    assert (
        "Choosing which one stays is for people who may change orders"
        in client.get(f"/console/cases/{case.pk}/").content.decode()
    )
    assert choose(client, case, ours).status_code == 403
    assert not SyncJob.objects.filter(flow="keep_one_copy").exists()
