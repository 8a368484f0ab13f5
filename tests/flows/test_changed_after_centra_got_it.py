"""What changes at the marketplace after Centra got the order: addresses are carried over, the rest is a case before it leaves."""

from dataclasses import replace
from typing import Any

import pytest

from connectors.marketplacer.sandbox import orders as invoices
from connectors.sandboxkit import Fault
from exceptions_app.models import ExceptionCase
from integrationhub.orders.flows.readdressing import changed_parts
from integrationhub.orders.models import OrderPerson
from integrationhub.sync.blocking import retry
from integrationhub.sync.models import SyncJob
from integrationhub.sync.writes import SETTLE_SECONDS
from tests.flows.marketplacer_world import Market
from tests.flows.world import World

NEW_STREET = "77 Changed Mews"


def moved(world: World, reference: str, **values: Any) -> None:
    """The marketplace's operator corrects where the order goes, and the hub reads it."""
    order = world.mirakl.market.orders[reference]
    order.shipping_address = {**order.shipping_address, "street_1": NEW_STREET, "street_2": None, **values}
    world.mirakl.market.touch(order)
    world.poll()


def sent(world: World) -> tuple[str, Any]:
    world.roomy()
    reference = world.sell(to="SHIPPING")
    world.poll()
    (order,) = world.in_centra(reference)
    return reference, order


def updates(world: World) -> int:
    return world.centra.journal.count("UpdateOrder")


@pytest.mark.django_db
def test_it_is_carried_over_to_centra_once(world: World) -> None:
    reference, order = sent(world)
    before = updates(world)

    moved(world, reference)
    world.poll()

    assert (order.shipping_address.address1, updates(world) - before) == (NEW_STREET, 1), world.reasons()
    assert (world.cases(), world.open_jobs(), world.unsettled()) == ([], [], [])
    person = OrderPerson.objects.get(order__reference=reference)
    assert person.sent == person.data


@pytest.mark.django_db
def test_an_edit_that_leaves_the_address_alone_sends_nothing(world: World) -> None:
    reference, _ = sent(world)
    before = updates(world)
    world.mirakl.market.touch(world.mirakl.market.orders[reference])
    world.poll()

    assert (updates(world), SyncJob.objects.filter(flow="change_address").count()) == (before, 0)


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_an_uncertain_answer_leaves_nothing_in_doubt(world: World, kind: str) -> None:
    reference, order = sent(world)
    world.centra.faults.add(Fault(kind=kind, operation="UpdateOrder"))  # type: ignore[arg-type]

    moved(world, reference)
    world.wait(SETTLE_SECONDS + 5)

    assert (order.shipping_address.address1, world.cases(), world.unsettled()) == (NEW_STREET, [], [])


@pytest.mark.django_db
def test_once_it_is_being_packed_a_person_changes_it_and_the_case_closes_when_centra_shows_it(world: World) -> None:
    reference, order = sent(world)
    order.status = "PROCESSING"
    before = updates(world)

    moved(world, reference)

    case = ExceptionCase.objects.unresolved().get()
    assert (case.cause, updates(world)) == ("address_changed", before)
    assert case.context["what"] == "delivery address"
    assert case.context["reason"] == "Centra is packing it"
    assert case.next_deadline_at == world.order(reference).ship_by
    kept = f"{case.context} {case.platform_words} {list(SyncJob.objects.values_list('reason', flat=True))}"
    assert NEW_STREET not in kept
    retry(case, by="olivia")
    world.work()
    assert world.cases() == [("address_changed", 1)]

    order.shipping_address.address1, order.shipping_address.address2 = NEW_STREET.upper(), None
    retry(case, by="olivia")
    world.work()
    assert (world.cases(), updates(world)) == ([], before)


@pytest.mark.django_db
def test_another_country_is_never_sent_since_centra_changes_none(world: World) -> None:
    reference, _ = sent(world)
    before = updates(world)

    moved(world, reference, country="Ireland", country_iso_code="IRL")

    case = ExceptionCase.objects.unresolved().get()
    assert (case.context["reason"], updates(world)) == ("Centra changes no order's country", before)


@pytest.mark.django_db
def test_a_price_that_changes_at_the_marketplace_after_it_was_sent_on_is_a_case_before_it_leaves(world: World) -> None:
    reference, order = sent(world)
    sold, updated = world.mirakl.market.orders[reference], updates(world)
    line, before = sold.lines[0], sold.lines[0].goods
    line.goods = replace(before, net=before.net + 10)
    world.mirakl.market.touch(sold, line)
    world.poll()

    case = ExceptionCase.objects.unresolved().get()
    assert (case.cause, order.status) == ("changed_after_sending", "CONFIRMED")
    line.goods = before
    world.mirakl.market.touch(sold, line)
    world.poll()
    assert (world.cases(), updates(world)) == ([], updated), world.reasons()


@pytest.mark.django_db
def test_an_address_that_changes_at_a_marketplacer_marketplace_is_carried_over(market: Market) -> None:
    market.roomy()
    reference = market.sell()
    market.poll()
    (order,) = market.in_centra(reference)
    invoice = market.fashionmart.market.invoice(reference)
    invoice["shippingAddress"] = {**invoice["shippingAddress"], "address": NEW_STREET, "streetAddress2": None}
    invoices.touch(market.fashionmart.market, invoice)

    market.poll()

    assert (order.shipping_address.address1, market.cases()) == (NEW_STREET, []), market.reasons()


def told(street: str, email: str = "a@example.com", **more: Any) -> dict[str, Any]:
    return {"shipping": {"street": [street]}, "billing": {"street": ["1 High Street"]}, "email": email, **more}


@pytest.mark.parametrize(
    ("now", "parts"),
    [
        (told("1 High Street"), ()),
        (told("2 Low Road"), ("delivery",)),
        (told("1 High Street", email="b@example.com"), ("email",)),
        (told("1 High Street", email=""), ()),
        (told("1 High Street", billing=None), ()),
        (told("1 High Street", shipping=None), ()),
        (told("1 High Street", billing={"street": ["2 Low Road"]}), ("billing",)),
        (None, ()),
    ],
)
def test_what_is_no_longer_told_is_no_change(now: dict[str, Any] | None, parts: tuple[str, ...]) -> None:
    assert changed_parts(told("1 High Street"), now) == parts
