"""What people change in Centra after Fulfil got the order: a case before it leaves, over only when Fulfil shows it."""

from typing import Any

import pytest

from exceptions_app.models import ExceptionCase
from integrationhub.orders.models import SoldOrder
from integrationhub.sync.blocking import retry
from tests.flows.warehouse_fixtures import bare, centra, fulfil, world
from tests.flows.warehouse_world import TEE, Warehouse

__all__ = ["bare", "centra", "fulfil", "world"]

pytestmark = pytest.mark.django_db

NEW_STREET = "77 Changed Mews"


def sent(world: Warehouse) -> tuple[str, dict[str, Any]]:
    """The order's number, and the one parcel that Fulfil made for it."""
    number = world.sell((TEE, 1, "30"))
    world.poll()
    (shipment,) = world.sale(number)["shipments"]
    return number, world.fulfil.tenant.row("stock.shipment.out", shipment["id"])


def edit(world: Warehouse, number: str, **values: str) -> None:
    """The customer's address is corrected in Centra, and the hub reads it."""
    order = world.centra.order(int(number))
    for address in (order.shipping_address, order.billing_address):
        for name, value in values.items():
            setattr(address, name, value)
    world.centra.edit_order(int(number), internal_comment="Moved")
    world.poll()


def again(world: Warehouse) -> None:
    retry(ExceptionCase.objects.unresolved().get(), by="olivia")
    world.work()


def test_an_address_is_a_case_and_closes_only_when_the_parcel_shows_it(world: Warehouse) -> None:
    number, parcel = sent(world)
    writes = world.fulfil.journal.count("party.address/write")

    edit(world, number, address1=NEW_STREET)

    case = ExceptionCase.objects.unresolved().get()
    assert (case.cause, case.context["what"]) == ("address_changed", "delivery address and billing address")
    assert case.context["reason"] == "Fulfil offers no way to change it from outside"
    assert NEW_STREET not in str(case.context)
    again(world)
    assert world.cases() == [("address_changed", 1)]

    tenant = world.fulfil.tenant
    sale = tenant.row("sale.sale", int(SoldOrder.objects.get(reference=number).target_external_id))
    for address in {parcel["delivery_address"], sale["invoice_address"], sale["shipment_address"]}:
        tenant.update("party.address", tenant.row("party.address", address), street=NEW_STREET)
    again(world)

    assert (world.cases(), world.fulfil.journal.count("party.address/write")) == ([], writes), world.reasons()


def test_a_case_about_an_address_is_over_when_the_parcel_has_left(world: Warehouse) -> None:
    number, _ = sent(world)
    edit(world, number, address1=NEW_STREET)
    assert world.cases() == [("address_changed", 1)]

    world.fulfil.ship_order(int(world.order(number).target_external_id), tracking_number="T1")
    again(world)

    assert world.cases() == []


def test_an_order_shipped_past_fulfil_is_a_case_until_fulfil_lets_it_go(world: Warehouse) -> None:
    number, _ = sent(world)
    world.centra.ship_order(int(number))
    world.poll()
    assert (world.cases(), world.sales(number)) == ([("shipped_elsewhere", 1)], ["processing"])

    world.fulfil.cancel_order(int(world.order(number).target_external_id))
    again(world)

    assert world.cases() == []
