"""A record that cannot go on is corrected by a person, money by two; the original stays; the order is created once."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from connectors.models import AuditEntry
from integrationhub.orders import correcting
from integrationhub.orders.correcting import RefusedCorrectionError
from integrationhub.sync import inbox
from integrationhub.sync.models import Correction, Document, SyncJob
from tests import factories
from tests.flows.test_poison_records import edits
from tests.flows.world import World

__all__ = ["edits"]

pytestmark = pytest.mark.django_db

Edit = Callable[[dict[str, Any]], None]
State = Correction.State


def text_for_a_price(payload: dict[str, Any]) -> None:
    payload["order_lines"][0]["price"] = "a lot"


def no_country(payload: dict[str, Any]) -> None:
    payload["customer"]["shipping_address"]["country_iso_code"] = "Narnia"


@pytest.fixture
def alice(world: World) -> User:
    return factories.make_person("alice", ("OPS", world.brand))


@pytest.fixture
def bob(world: World) -> User:
    return factories.make_person("bob", ("FINANCE_APPROVER", world.brand))


@pytest.fixture
def unreadable(world: World, edits: dict[str, Edit]) -> str:
    """An order whose price is words."""
    reference = world.sell(("NG-TEE-BLK-M", 2, "29.90"), to="SHIPPING")
    edits[reference] = text_for_a_price
    world.poll()
    assert world.cases() == [("unreadable_record", 1)]
    return reference


def job_of(world: World, reference: str) -> SyncJob:
    rows = SyncJob.objects.select_related("link__source", "link__target", "record__document")
    return rows.get(pk=world.job("import_order", reference).pk)


def propose(world: World, reference: str, by: User, texts: dict[str, str], *, token: str = "t-1") -> Correction:
    subject = correcting.subject_of(job_of(world, reference))
    made = correcting.draft(subject, texts)
    return correcting.propose(
        subject, made.changes, by=by, reason="Told by phone", token=token, record_id=subject.record_id
    )


PRICE = {"order_lines[0].price": "59.80"}


def test_an_unreadable_order_is_read_after_two_people_and_created_once(
    world: World, unreadable: str, alice: User, bob: User
) -> None:
    correction = propose(world, unreadable, alice, PRICE)
    world.work()
    assert (correction.state, correction.money) == (State.PROPOSED, True)
    assert (world.in_centra(unreadable), world.cases()) == ([], [("unreadable_record", 1)])

    correcting.approve(correction.pk, by=bob)
    world.work()
    assert [order.status for order in world.in_centra(unreadable)] == ["CONFIRMED"]
    assert (world.open_jobs(), world.cases()) == ([], [])
    assert str(world.order(unreadable).lines.get().line_total) == "59.800000"


def test_what_arrived_stays_as_it_was(world: World, unreadable: str, alice: User, bob: User) -> None:
    job = job_of(world, unreadable)
    before = inbox.read_body(job.record_id or 0)
    correcting.approve(propose(world, unreadable, alice, PRICE).pk, by=bob)
    world.work()
    assert inbox.read_body(job.record_id or 0) == before
    assert b'"price":"a lot"' in before


def test_it_survives_the_next_poll_of_the_same_version_and_later_changes_elsewhere(
    world: World, unreadable: str, alice: User, bob: User
) -> None:
    correction = propose(world, unreadable, alice, PRICE)
    correcting.approve(correction.pk, by=bob)
    world.poll()
    world.mirakl.market.touch(world.mirakl.market.orders[unreadable])
    world.poll()
    correction.refresh_from_db()
    assert (correction.state, correction.lapsed_fields) == (State.APPROVED, [])
    assert Document.objects.get(external_id=unreadable).version == 2
    assert len(world.in_centra(unreadable)) == 1
    assert (world.open_jobs(), world.cases()) == ([], [])


def test_it_lapses_visibly_once_the_platform_says_something_else_there(
    world: World, unreadable: str, edits: dict[str, Edit], alice: User, bob: User
) -> None:
    correction = propose(world, unreadable, alice, PRICE)
    correcting.approve(correction.pk, by=bob)
    world.work()
    del edits[unreadable]
    world.mirakl.market.touch(world.mirakl.market.orders[unreadable])
    world.poll()
    correction.refresh_from_db()
    assert (correction.state, correction.lapsed_fields) == (State.LAPSED, ["order_lines[0].price"])
    assert AuditEntry.objects.filter(action="correction.lapsed", actor="the hub").count() == 1
    assert (world.open_jobs(), world.cases()) == ([], [])


def test_a_form_that_is_sent_twice_is_one_correction(world: World, unreadable: str, alice: User) -> None:
    first, second = (propose(world, unreadable, alice, PRICE, token="same") for _ in range(2))
    assert first.pk == second.pk
    assert AuditEntry.objects.filter(action="correction.proposed").count() == 1


def test_a_second_proposal_waits_for_the_first_to_be_decided(world: World, unreadable: str, alice: User) -> None:
    propose(world, unreadable, alice, PRICE)
    with pytest.raises(RefusedCorrectionError, match="waits for a second person"):
        propose(world, unreadable, alice, {"order_lines[0].price": "60"}, token="t-2")
    assert Correction.objects.count() == 1


def test_who_proposed_it_cannot_approve_it_even_with_the_right(world: World, unreadable: str) -> None:
    carol = factories.make_person("carol", ("OPS", world.brand), ("FINANCE_APPROVER", world.brand))
    correction = propose(world, unreadable, carol, PRICE)
    with pytest.raises(RefusedCorrectionError, match="you proposed it yourself"):
        correcting.approve(correction.pk, by=carol)
    world.work()
    correction.refresh_from_db()
    assert (correction.state, world.in_centra(unreadable)) == (State.PROPOSED, [])


def test_the_database_itself_refuses_money_that_one_person_let_count(
    world: World, unreadable: str, alice: User
) -> None:
    correction = propose(world, unreadable, alice, PRICE)
    rows = Correction.objects.filter(pk=correction.pk)
    with pytest.raises(IntegrityError, match="correction_money_takes_two_people"), transaction.atomic():
        rows.update(state=State.APPROVED, decided_by=alice, decided_at=correction.proposed_at)


@pytest.mark.parametrize(
    "change", [{"money": False}, {"fields": ["x"]}, {"record_id": 1}, {"changes": {"changes": []}}]
)
def test_the_database_itself_keeps_what_was_proposed(
    world: World, unreadable: str, alice: User, change: dict[str, Any]
) -> None:
    correction = propose(world, unreadable, alice, PRICE)
    with pytest.raises(IntegrityError, match="stays as it was proposed"), transaction.atomic():
        Correction.objects.filter(pk=correction.pk).update(**change)


@pytest.mark.parametrize("role", ["OPS", "ADMIN", "FINANCE", "VIEWER"])
def test_approving_takes_the_right_to(world: World, unreadable: str, alice: User, role: str) -> None:
    correction = propose(world, unreadable, alice, PRICE)
    other = factories.make_person("other", (role, world.brand))
    for decide in (correcting.approve, correcting.reject):
        with pytest.raises(RefusedCorrectionError, match="You may not"):
            decide(correction.pk, by=other, reason="x")
    correction.refresh_from_db()
    assert correction.state == State.PROPOSED


def test_turned_down_or_taken_back_nothing_changes_and_it_can_be_proposed_again(
    world: World, unreadable: str, alice: User, bob: User
) -> None:
    correcting.reject(propose(world, unreadable, alice, PRICE).pk, by=bob, reason="Look at the invoice")
    correcting.withdraw(propose(world, unreadable, alice, PRICE, token="t-2").pk, by=alice)
    world.work()
    assert list(Correction.objects.order_by("pk").values_list("state", flat=True)) == ["REJECTED", "WITHDRAWN"]
    assert (world.in_centra(unreadable), world.cases()) == ([], [("unreadable_record", 1)])
    correcting.approve(propose(world, unreadable, alice, PRICE, token="t-3").pk, by=bob)
    world.work()
    assert len(world.in_centra(unreadable)) == 1


def test_an_address_takes_one_person(world: World, edits: dict[str, Edit], alice: User) -> None:
    reference = world.sell(("NG-TEE-BLK-M", 1, "29.90"), to="SHIPPING")
    edits[reference] = no_country
    world.poll()
    texts = {"customer.shipping_address.country_iso_code": "GBR"}
    correction = propose(world, reference, alice, texts)
    world.work()
    assert (correction.state, correction.money) == (State.APPROVED, False)
    assert [order.status for order in world.in_centra(reference)] == ["CONFIRMED"]


def test_what_still_cannot_be_read_is_refused(world: World, unreadable: str, alice: User) -> None:
    subject = correcting.subject_of(job_of(world, unreadable))
    made = correcting.draft(subject, {"order_lines[0].price": "12.00"})
    assert made.problems != []
    with pytest.raises(RefusedCorrectionError):
        correcting.propose(subject, made.changes, by=alice, reason="x", token="t", record_id=subject.record_id)
    assert Correction.objects.count() == 0


def test_what_came_meanwhile_is_looked_at_first(
    world: World, unreadable: str, edits: dict[str, Edit], alice: User, bob: User
) -> None:
    correction = propose(world, unreadable, alice, PRICE)

    def more_words(payload: dict[str, Any]) -> None:
        payload["order_lines"][0]["price"] = "even more"

    edits[unreadable] = more_words
    world.mirakl.market.touch(world.mirakl.market.orders[unreadable])
    world.poll()
    with pytest.raises(RefusedCorrectionError, match="says something else by now"):
        correcting.approve(correction.pk, by=bob)
    world.work()
    assert world.in_centra(unreadable) == []


def test_the_audit_trail_names_fields_and_no_values(world: World, edits: dict[str, Edit], alice: User) -> None:
    reference = world.sell(("NG-TEE-BLK-M", 1, "29.90"), to="SHIPPING")
    edits[reference] = no_country
    world.poll()
    propose(world, reference, alice, {"customer.shipping_address.country_iso_code": "GBR"})
    entries = list(AuditEntry.objects.filter(action__startswith="correction.").order_by("pk"))
    assert [entry.action for entry in entries] == ["correction.proposed", "correction.approved"]
    assert entries[1].before == {
        "state": "PROPOSED",
        "fields": ["customer.shipping_address.country_iso_code"],
        "money": False,
    }
    assert "Narnia" not in str([(entry.before, entry.after, entry.subject) for entry in entries])


def test_the_order_number_cannot_be_corrected(world: World, unreadable: str) -> None:
    subject = correcting.subject_of(job_of(world, unreadable))
    made = correcting.draft(subject, {**PRICE, "order_id": "MK-OTHER"})
    assert [problem.message for problem in made.problems] == [
        f"It stays order {unreadable}: its number cannot be corrected."
    ]
