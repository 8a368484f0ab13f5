"""Creating an order at Centra × every way a call can go wrong: there once, confirmed once, nobody is bothered."""

import pytest

from tests.flows.faults import FAULTS, Case, living, play
from tests.flows.world import World

pytestmark = pytest.mark.django_db

TEE = ("NG-TEE-BLK-M", 2, "29.90")
COAT = ("NG-COAT-NVY-38", 1, "199.00")


def sold(world: World) -> str:
    return world.sell(TEE, COAT, to="SHIPPING")


def polled(world: World, reference: str) -> None:
    world.poll()


def sold_where_the_address_shows_at_once(world: World) -> str:
    """There an order is created on hold before it is accepted."""
    world.link.acceptance_policy = world.link.AcceptancePolicy.CREATE_FIRST
    world.link.save()
    world.mirakl.change_settings(
        addresses_visible_from="CREATION", debit_request_seconds=None, debit_confirm_seconds=None
    )
    return world.sell(TEE, COAT)


def created_on_hold(world: World) -> str:
    reference = sold_where_the_address_shows_at_once(world)
    world.poll()
    return reference


def paid(world: World, reference: str) -> None:
    world.mirakl.request_debit(reference)
    world.mirakl.confirm_debit(reference)
    world.poll()


# --- what must be true in the end -------------------------------------------------------------------------------------


def one_confirmed(world: World, reference: str) -> None:
    (order,) = living(world, reference)
    assert (order.status, order.is_on_hold) == ("CONFIRMED", False)
    assert set(world.confirmed_numbers()) == {order.number}
    assert world.order(reference).target_external_id == str(order.number)
    assert (world.centra.stock("TEE-BLK-M")["allocated"], world.centra.stock("COAT-NVY-38")["allocated"]) == (2, 1)


def one_on_hold(world: World, reference: str) -> None:
    (order,) = living(world, reference)
    assert (order.status, order.is_on_hold) == ("PENDING", True)
    assert world.order(reference).target_on_hold is True
    assert world.confirmed_numbers() == []
    assert world.state_at_northgate(reference) == "WAITING_DEBIT"


WRITES = {
    "create": Case(operation="POST /order", before=sold, act=polled, after=one_confirmed),
    "tag and confirm": Case(operation="UpdateAndConfirmOrder", before=sold, act=polled, after=one_confirmed),
    "create on hold": Case(
        operation="POST /order", before=sold_where_the_address_shows_at_once, act=polled, after=one_on_hold
    ),
    "tag and hold": Case(
        operation="UpdateOrder", before=sold_where_the_address_shows_at_once, act=polled, after=one_on_hold
    ),
    "confirm what was on hold": Case(operation="ConfirmOrder", before=created_on_hold, act=paid, after=one_confirmed),
    "lift the hold": Case(operation="UpdateOrder", before=created_on_hold, act=paid, after=one_confirmed),
}


@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("write", WRITES)
def test_an_order_is_created_once_whatever_goes_wrong(world: World, write: str, kind: str) -> None:
    play(world, world.centra, WRITES[write], kind)
