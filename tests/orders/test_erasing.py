"""Erasing what is personal of an order that goes over two links: on both, and not before both are over."""

import pytest

from integrationhub.orders.erasing import erase, erased_at, why_not_erase_elsewhere
from integrationhub.orders.models import OrderPerson, SoldOrder
from tests.factories import make_brand, make_fulfil, make_link, make_order

pytestmark = pytest.mark.django_db


def passed_on(state: str) -> tuple[SoldOrder, SoldOrder]:
    """MK-1 of Northgate, which is 88412 in Centra, and the same on its link to Fulfil in this state."""
    brand = make_brand()
    first = make_link(brand)
    onward = make_link(brand, source=first.target, target=make_fulfil(brand))
    orders = (
        make_order(first, "MK-1", state="SHIPPED", target_external_id="88412"),
        make_order(onward, "88412", state=state, target_external_id="2231"),
    )
    for order in orders:
        OrderPerson.objects.update_or_create(
            order=order, defaults={"data": {"email": "bob@example.com"}, "sent": {"email": "b"}}
        )
    return orders


@pytest.mark.parametrize("first", [0, 1])
def test_it_is_erased_on_both_links_whichever_it_is_asked_of(first: int) -> None:
    orders = passed_on("SHIPPED")
    assert why_not_erase_elsewhere(orders[first]) == ""
    erase(orders[first])
    for order in SoldOrder.objects.select_related("person"):
        assert (order.person.data, order.person.sent, order.customer_initials) == (None, None, "")
        assert erased_at(order) is not None


def test_an_address_that_another_link_still_needs_is_told() -> None:
    order, _ = passed_on("READY_TO_SHIP")
    assert why_not_erase_elsewhere(order) == "It is not over on Centra → Fulfil: its address is needed there."
