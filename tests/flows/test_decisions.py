"""What people decide about orders reaches the platforms once, by the write protocol, and never past the invariants."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from connectors.models import AuditEntry
from connectors.sandboxkit import Fault
from integrationhub.inventory.models import Reservation
from integrationhub.orders import deciding
from integrationhub.orders.deciding import RefusedDecisionError
from integrationhub.orders.models import OrderPerson
from integrationhub.sync import inbox
from integrationhub.sync.attempts import unpack
from integrationhub.sync.models import CallBody, Correction, Document, InboxBody
from integrationhub.sync.writes import SETTLE_SECONDS
from tests import factories
from tests.flows.world import World

pytestmark = pytest.mark.django_db

TEE = ("NG-TEE-BLK-M", 2, "29.90")
COAT = ("NG-COAT-NVY-38", 1, "199.00")


@pytest.fixture
def alice(world: World) -> User:
    return factories.make_person("alice", ("OPS", world.brand), ("ADMIN", world.brand))


def decide(world: World, name: str, reference: str, by: User, **more: Any) -> str:
    return deciding.decide(name, world.order(reference).pk, by=by, reason=more.pop("reason", "Because"), **more)


def held_back(world: World) -> str:
    """An order that waits to be accepted, since Centra has none of its coat."""
    world.centra.set_stock("COAT-NVY-38", 0)
    reference = world.sell(TEE, COAT)
    world.poll()
    assert dict(world.cases())["out_of_stock"] == 1
    assert world.state_at_northgate(reference) == "WAITING_ACCEPTANCE"
    return reference


def answers(world: World) -> list[dict[str, bool]]:
    """Line → accepted, of every answer that Northgate was sent."""
    found = []
    for entry in world.mirakl.journal.entries("OR21"):
        lines = json.loads(entry.body)["order_lines"]
        found.append({line["id"]: line["accepted"] for line in lines})
    return found


# --- accepting and refusing -------------------------------------------------------------------------------------------


def test_stock_that_a_person_vouches_for_is_held_and_the_order_accepted_once(world: World, alice: User) -> None:
    reference = held_back(world)
    decide(world, "accept", reference, alice, reason="Found in the shop")
    world.work()
    assert len(answers(world)) == 1
    assert world.cases() == []
    held = Reservation.objects.filter(reference=reference, state="HELD").order_by("sku")
    assert [(row.sku, row.quantity) for row in held] == [("COAT-NVY-38", 1), ("TEE-BLK-M", 2)]
    with pytest.raises(RefusedDecisionError):
        decide(world, "accept", reference, alice)


def test_a_refused_order_is_refused_once_and_is_no_lapse(world: World, alice: User) -> None:
    reference = held_back(world)
    decide(world, "refuse", reference, alice)
    with pytest.raises(RefusedDecisionError, match="being refused"):
        decide(world, "refuse", reference, alice)
    world.work()
    world.poll()
    assert [set(answer.values()) for answer in answers(world)] == [{False}]
    assert world.order(reference).state == "REFUSED"
    assert (world.cases(), world.in_centra(reference)) == ([], [])
    assert not Reservation.objects.filter(state="HELD").exists()


def test_one_line_is_refused_and_the_rest_accepted_covered(world: World, alice: User) -> None:
    reference = held_back(world)
    coat = world.order(reference).lines.get(sku=COAT[0])
    decide(world, "refuse", reference, alice, lines=[coat.line_id])
    world.work()
    (answer,) = answers(world)
    assert [line for line, accepted in answer.items() if not accepted] == [coat.line_id]
    held = Reservation.objects.filter(state="HELD").values_list("sku", "quantity")
    assert list(held) == [("TEE-BLK-M", 2)]


def test_an_answer_that_got_lost_is_looked_up_not_repeated(world: World, alice: User) -> None:
    reference = held_back(world)
    world.mirakl.faults.add(Fault(kind="drop_after", operation="OR21"))
    decide(world, "refuse", reference, alice)
    world.work()
    world.wait(SETTLE_SECONDS + 5)
    world.poll()
    assert len(answers(world)) == 1
    assert (world.order(reference).state, world.cases()) == ("REFUSED", [])


# --- holding ----------------------------------------------------------------------------------------------------------


def test_nothing_is_sent_for_an_order_while_it_is_held_and_all_of_it_afterwards(world: World, alice: User) -> None:
    reference = world.sell(TEE)
    world.poll()
    decide(world, "hold", reference, alice, reason="Ask the customer")
    world.mirakl.advance_order(reference, "SHIPPING")
    world.poll()
    assert (world.in_centra(reference), world.cases()) == ([], [("on_hold", 1)])
    decide(world, "release", reference, alice)
    world.work()
    assert [order.status for order in world.in_centra(reference)] == ["CONFIRMED"]
    assert (world.open_jobs(), world.cases()) == ([], [])


def test_what_has_left_is_not_held_any_more(world: World, alice: User) -> None:
    reference = world.sell(TEE, to="SHIPPED")
    world.poll()
    with pytest.raises(RefusedDecisionError, match="It has left"):
        decide(world, "hold", reference, alice, reason="Ask the customer")
    assert world.order(reference).held_at is None


def test_a_held_order_is_a_case_until_it_is_released(world: World, alice: User) -> None:
    reference = held_back(world)
    decide(world, "hold", reference, alice, reason="Ask the customer")
    world.centra.set_stock("COAT-NVY-38", 5)
    decide(world, "retry", reference, alice)
    world.work()
    assert [cause for cause, _ in world.cases()] == ["on_hold"]
    assert (answers(world), world.in_centra(reference)) == ([], [])
    decide(world, "release", reference, alice)
    world.work()
    assert (len(answers(world)), world.cases()) == (1, [])


# --- cancelling -------------------------------------------------------------------------------------------------------


def created(world: World) -> str:
    world.link.cancellation_reason, world.link.refund_reason = "34", "15"
    world.link.save()
    reference = world.sell(TEE, to="SHIPPING")
    world.poll()
    assert [order.status for order in world.in_centra(reference)] == ["CONFIRMED"]
    return reference


def test_a_cancelled_order_is_cancelled_in_centra_then_at_the_marketplace(world: World, alice: User) -> None:
    reference = created(world)
    decide(world, "cancel", reference, alice)
    with pytest.raises(RefusedDecisionError, match="alice has cancelled it already"):
        decide(world, "cancel", reference, alice)
    world.work()
    assert [order.status for order in world.in_centra(reference)] == ["CANCELLED"]
    world.poll()
    assert world.state_at_northgate(reference) in ("CANCELED", "CLOSED")
    assert (world.open_jobs(), world.cases()) == ([], [])


def test_an_order_that_was_never_created_is_cancelled_where_it_was_sold_and_created_nowhere(
    world: World, alice: User
) -> None:
    world.link.refund_reason = "15"
    world.link.save()
    reference = world.sell(("NG-UNKNOWN", 1, "10.00"), to="SHIPPING")
    world.poll()
    decide(world, "cancel", reference, alice)
    world.work()
    world.map("sku", "NG-UNKNOWN", "TEE-BLK-L")
    world.poll()
    assert world.in_centra(reference) == []
    assert world.state_at_northgate(reference) in ("CANCELED", "CLOSED")


# --- reading again ----------------------------------------------------------------------------------------------------


def test_reading_again_takes_up_what_changed(world: World, alice: User) -> None:
    reference = held_back(world)
    before = Document.objects.get(external_id=reference).version
    world.mirakl.market.touch(world.mirakl.market.orders[reference])
    decide(world, "reread", reference, alice)
    world.work()
    assert Document.objects.get(external_id=reference).version == before + 1
    assert world.job("reread_order", reference).reason == "Something has changed; it is taken up."


# --- erasing ----------------------------------------------------------------------------------------------------------


def everything_kept() -> str:
    """All that is in the database, every table of it, what is encrypted or packed laid open, as one text."""
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        rows = []
        for table in tables:
            cursor.execute(f'SELECT t::text FROM "{table}" t')  # noqa: S608  the database's own names
            rows += [row[0] for row in cursor.fetchall()]
    bodies = [inbox.read_body(pk).decode() for pk in InboxBody.objects.values_list("pk", flat=True)]
    people = [str(row.data) for row in OrderPerson.objects.all()]
    corrections = [str(row.changes) for row in Correction.objects.all()]
    calls = [str([unpack(bytes(row.request)), unpack(bytes(row.response))]) for row in CallBody.objects.all()]
    return "\n".join([*rows, *bodies, *people, *corrections, *calls])


def test_erasing_leaves_the_sums_and_nothing_personal(world: World, alice: User) -> None:
    reference = created(world)
    with pytest.raises(RefusedDecisionError, match="its address is needed"):
        decide(world, "erase", reference, alice)
    decide(world, "cancel", reference, alice)
    world.work()
    world.poll()
    customer = world.mirakl.order(reference)["customer"]
    names = {customer["firstname"], customer["lastname"], customer["shipping_address"]["street_1"]}
    assert all(name in everything_kept() for name in names)
    before = world.order(reference)

    decide(world, "erase", reference, alice, reason="The customer asked for it")
    after = world.order(reference)
    assert [name for name in names if name in everything_kept()] == []
    assert (after.total, after.tax, after.shipping, after.state) == (
        before.total,
        before.tax,
        before.shipping,
        before.state,
    )
    assert (after.customer_initials, after.lines.count()) == ("", 1)
    assert AuditEntry.objects.get(action="order.erase").reason == "The customer asked for it"


def test_what_comes_after_the_erasing_is_kept_without_what_is_personal(world: World, alice: User) -> None:
    reference = created(world)
    decide(world, "cancel", reference, alice)
    world.work()
    world.poll()
    decide(world, "erase", reference, alice)
    customer = world.mirakl.order(reference)["customer"]
    world.mirakl.market.touch(world.mirakl.market.orders[reference])
    world.poll()
    kept = everything_kept()
    assert Document.objects.get(external_id=reference).version >= 3
    assert [name for name in (customer["lastname"], customer["shipping_address"]["street_1"]) if name in kept] == []
    assert OrderPerson.objects.get().data is None
    assert (world.order(reference).customer_initials, world.cases()) == ("", [])


# --- tried again, by which mappings -----------------------------------------------------------------------------------


def remapped(world: World) -> str:
    """An order that waits for stock of its coat, which was mapped to something else since."""
    reference = held_back(world)
    world.advance(60)
    world.map("sku", COAT[0], "TEE-BLK-L")
    world.centra.set_stock("COAT-NVY-38", 5)
    return reference


def reserved(reference: str) -> list[str]:
    rows = Reservation.objects.filter(reference=reference, state="HELD").order_by("sku")
    return list(rows.values_list("sku", flat=True))


def bought(world: World, reference: str) -> list[str]:
    return sorted(line.sku for line in world.in_centra(reference)[0].lines)


def test_an_order_tried_again_with_the_mappings_of_then_keeps_them_until_it_is_created(
    world: World, alice: User
) -> None:
    reference = remapped(world)
    then = world.clock.now()
    world.advance(60)
    told = decide(world, "retry", reference, alice, option="original", reason="The customer was promised the coat")
    assert told == "1 step is being tried again, with the mappings of then."
    entry = AuditEntry.objects.get(action="order.retry")
    kept = world.order(reference).mappings_as_of
    assert kept is not None
    assert kept < then
    told_before, told_after = entry.before or {}, entry.after or {}
    assert (told_before["mappings"], told_after["mappings"]) == ("today's", f"as of {kept.isoformat()}")
    world.work()
    assert reserved(reference) == ["COAT-NVY-38", "TEE-BLK-M"]
    world.mirakl.advance_order(reference, "SHIPPING")
    world.poll()
    assert bought(world, reference) == ["COAT-NVY-38", "TEE-BLK-M"]


def test_an_order_tried_again_with_todays_mappings_is_mapped_by_what_was_put_right(world: World, alice: User) -> None:
    reference = remapped(world)
    told = decide(world, "retry", reference, alice, option="today")
    assert told == "1 step is being tried again, with today's mappings."
    world.work()
    assert reserved(reference) == ["TEE-BLK-L", "TEE-BLK-M"]
    assert world.order(reference).mappings_as_of is None


def test_an_order_that_was_never_mapped_offers_no_mappings_of_then(bare_world: World) -> None:
    alice = factories.make_person("alice", ("OPS", bare_world.brand))
    reference = bare_world.sell(to="SHIPPING")
    bare_world.poll()
    assert deciding.KINDS["retry"].options(deciding.standing_of(bare_world.order(reference))) == ()
    with pytest.raises(RefusedDecisionError, match="Choose one of the ways"):
        decide(bare_world, "retry", reference, alice, option="original")
    assert bare_world.order(reference).mappings_as_of is None
