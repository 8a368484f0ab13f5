from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.transaction import TransactionManagementError
from pytest_django import DjangoAssertNumQueries

from connectors import ports
from connectors.canonical.errors import MissingMapping
from connectors.models import AuditEntry, Brand, Connection, Link
from exceptions_app.deciding import assign, close_case, snooze
from exceptions_app.models import CaseEvent, CaseLink, ExceptionCase
from exceptions_app.opening import open_case, open_unmapped, roll_up, wake_due_cases

State = ExceptionCase.State
SKU = MissingMapping(kind="sku", code="AB-1021", label="Wool coat", gtin="5000000000001")


def open_bug(brand: Brand, object_key: str = "ValueError@flows.py:run", **more: Any) -> tuple[ExceptionCase, bool]:
    return open_case(brand=brand, cause="our_bug", object_key=object_key, **more)


def story(case: ExceptionCase) -> list[str]:
    return list(case.events.values_list("kind", flat=True))


def test_a_missing_code_opens_one_case_with_what_helps_to_map_it(link: Link, centra: Connection) -> None:
    case, opened = open_unmapped(link=link, missing=SKU)
    assert opened
    assert (case.cause, case.mapping_kind, case.target_id, case.code) == ("unmapped_sku", "sku", centra.pk, "AB-1021")
    assert case.context == {"label": "Wool coat", "gtin": "5000000000001"}
    assert (case.team, case.state, case.opened_at) == ("ECOMMERCE", State.OPEN, ports.now())
    assert [channel.link for channel in case.case_links.all()] == [link]
    assert list(case.events.values_list("kind", "actor")) == [("OPENED", "the hub")]


def test_a_missing_carrier_is_told_about_the_marketplace_that_must_know_it(link: Link, northgate: Connection) -> None:
    case, _ = open_unmapped(link=link, missing=MissingMapping(kind="carrier", code="DPD"))
    assert case.target_id == northgate.pk


def test_the_same_missing_code_joins_the_open_case(
    link: Link, clock: ports.VirtualClock, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    first, _ = open_unmapped(link=link, missing=SKU)
    clock.advance(60)
    with django_assert_num_queries(3):
        second, opened = open_unmapped(link=link, missing=SKU)
    assert (second.pk, opened) == (first.pk, False)
    assert second.last_seen_at - second.opened_at == timedelta(seconds=60)
    assert ExceptionCase.objects.count() == 1
    assert story(second) == ["OPENED"]


def test_two_channels_share_the_case_and_keep_their_own_words(brand: Brand, link: Link, other_link: Link) -> None:
    case, _ = open_bug(brand, link=link, platform_words="Unknown product")
    same, opened = open_bug(brand, link=other_link, platform_words="Article not found")
    assert (same.pk, opened) == (case.pk, False)
    words = dict(CaseLink.objects.filter(case=case).values_list("link_id", "platform_words"))
    assert words == {link.pk: "Unknown product", other_link.pk: "Article not found"}
    assert story(case) == ["OPENED", "SPREAD"]


def test_the_latest_facts_go_over_the_earlier_ones(brand: Brand) -> None:
    open_bug(brand, context={"example": "MK-1", "record": "order"}, platform_words="no")
    case, _ = open_bug(brand, context={"example": "MK-2"})
    assert case.context == {"example": "MK-2", "record": "order"}
    assert case.platform_words == "no"


def test_another_code_target_kind_brand_or_object_is_another_case(
    brand: Brand, link: Link, centra: Connection, harbour: Connection
) -> None:
    stranger = Brand.objects.create(code="other", name="Other")
    open_unmapped(link=link, missing=SKU)
    open_unmapped(link=link, missing=MissingMapping(kind="sku", code="AB-1022"))
    open_unmapped(link=link, missing=MissingMapping(kind="market", code="AB-1021"))
    open_case(brand=brand, cause="unmapped_sku", target=harbour, code="AB-1021")
    open_bug(brand)
    open_bug(brand, "TypeError@flows.py:run")
    open_bug(stranger)
    assert ExceptionCase.objects.count() == 7


def test_a_cause_that_comes_back_opens_a_regression_with_its_story_and_its_owner(
    link: Link, alice: User, clock: ports.VirtualClock
) -> None:
    first, _ = open_unmapped(link=link, missing=SKU)
    assign(first.pk, owner=alice, actor="alice")
    close_case(first.pk, actor="alice", reason="Mapped")
    clock.advance(3600)
    again, opened = open_unmapped(link=link, missing=SKU)
    assert opened
    assert (again.regression, again.previous_id, again.owner_id) == (True, first.pk, alice.pk)
    assert story(again) == ["RETURNED"]
    first.refresh_from_db()
    assert first.state == State.CLOSED


def test_what_comes_and_goes_by_nature_is_no_regression(brand: Brand, link: Link) -> None:
    first, _ = open_case(brand=brand, cause="acceptance_at_risk", object_key="link:1", link=link)
    close_case(first.pk, actor="the hub", reason="Every order was answered in time.")
    again, _ = open_case(brand=brand, cause="acceptance_at_risk", object_key="link:1", link=link)
    assert (again.regression, again.previous_id, story(again)) == (False, first.pk, ["OPENED"])


def test_a_snoozed_case_is_joined_and_stays_snoozed(brand: Brand) -> None:
    case, _ = open_bug(brand)
    snooze(case.pk, until=ports.now() + timedelta(days=1), actor="alice")
    same, opened = open_bug(brand)
    assert (same.pk, opened, same.state) == (case.pk, False, State.SNOOZED)


def test_what_the_database_cannot_keep_is_left_out(brand: Brand) -> None:
    case, _ = open_bug(
        brand, "K" * 400, context={"problems": ["a\x00b", {"message": "c\x00"}]}, platform_words="w\x00" * 5000
    )
    case.refresh_from_db()
    assert case.context == {"problems": ["ab", {"message": "c"}]}
    assert (len(case.platform_words), len(case.object_key)) == (4000, 255)
    assert open_bug(brand, "K" * 400)[1] is False
    assert open_bug(brand, "K" * 401)[1] is True


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"cause": "no_such_cause", "object_key": "1"}, "not a registered cause"),
        ({"cause": "our_bug"}, "names what it is about"),
        ({"cause": "unmapped_sku", "code": "A"}, "names the connection that lacks the code"),
        ({"cause": "money_mismatch", "object_key": "1", "context": {"order": "MK-1"}}, "without charged, shown"),
    ],
)
def test_a_case_that_could_not_be_told_is_a_fault_of_ours(brand: Brand, wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        open_case(brand=brand, **wrong)
    assert not ExceptionCase.objects.exists()


def test_a_link_of_another_brand_is_a_fault_of_ours(link: Link) -> None:
    stranger = Brand.objects.create(code="other", name="Other")
    with pytest.raises(ValueError, match="does not belong to the brand"):
        open_bug(stranger, link=link)


@pytest.mark.django_db(transaction=True)
def test_a_case_is_opened_inside_the_transaction_that_blocks_the_work() -> None:
    brand = Brand.objects.create(code="nordhem", name="Nordhem")
    with pytest.raises(TransactionManagementError, match="inside the transaction"):
        open_bug(brand)


def test_opening_is_told_in_the_cases_story_and_not_in_the_audit_trail(brand: Brand) -> None:
    open_bug(brand)
    assert not AuditEntry.objects.exists()


# --- rolling up ------------------------------------------------------------------------------------------------------


def test_rolling_up_sets_what_the_layer_above_has_counted(brand: Brand) -> None:
    case, _ = open_bug(brand)
    oldest, deadline = ports.now() - timedelta(hours=3), ports.now() + timedelta(hours=2)
    roll_up(case.pk, count=37, value=Decimal("4212.50"), oldest=oldest, deadline=deadline)
    roll_up(case.pk, count=36, value=None, oldest=oldest, deadline=deadline)
    case.refresh_from_db()
    assert (case.waiting_count, case.waiting_value, case.oldest_at, case.next_deadline_at) == (36, 0, oldest, deadline)


def test_a_closed_case_is_not_rolled_up(brand: Brand) -> None:
    case, _ = open_bug(brand)
    close_case(case.pk, actor="alice", reason="Handled")
    roll_up(case.pk, count=3, value=Decimal(1), oldest=None, deadline=None)
    case.refresh_from_db()
    assert (case.state, case.waiting_count) == (State.CLOSED, 0)


def test_a_snooze_ends_when_more_wait_than_it_was_meant_for(brand: Brand) -> None:
    case, _ = open_bug(brand)
    snooze(case.pk, until=ports.now() + timedelta(days=7), actor="alice", wake_at_count=50)
    assert roll_up(case.pk, count=49, value=None, oldest=None, deadline=None).state == State.SNOOZED
    woken = roll_up(case.pk, count=50, value=None, oldest=None, deadline=None)
    assert (woken.state, woken.snoozed_until, woken.wake_at_count) == (State.OPEN, None, None)
    assert list(case.events.values_list("kind", "text"))[-1] == ("WOKEN", "50 are waiting now.")


def test_a_snooze_ends_when_a_deadline_comes_up_before_its_end(brand: Brand) -> None:
    case, _ = open_bug(brand)
    snooze(case.pk, until=ports.now() + timedelta(days=7), actor="alice")
    later = ports.now() + timedelta(days=8)
    assert roll_up(case.pk, count=1, value=None, oldest=None, deadline=later).state == State.SNOOZED
    soon = ports.now() + timedelta(hours=2)
    assert roll_up(case.pk, count=1, value=None, oldest=None, deadline=soon).state == State.OPEN


def test_snoozes_end_when_their_time_is_up_and_not_before(brand: Brand, clock: ports.VirtualClock) -> None:
    first, _ = open_bug(brand, "1")
    second, _ = open_bug(brand, "2")
    snooze(first.pk, until=ports.now() + timedelta(hours=1), actor="alice")
    snooze(second.pk, until=ports.now() + timedelta(hours=2), actor="alice")
    clock.advance(3599)
    assert wake_due_cases() == 0
    clock.advance(1)
    assert wake_due_cases() == 1
    assert set(ExceptionCase.objects.values_list("object_key", "state")) == {("1", State.OPEN), ("2", State.SNOOZED)}


def test_no_case_is_closed_by_age(brand: Brand, clock: ports.VirtualClock) -> None:
    case, _ = open_bug(brand)
    clock.advance(400 * 86_400)
    wake_due_cases()
    roll_up(case.pk, count=0, value=None, oldest=None, deadline=None)
    case.refresh_from_db()
    assert case.state == State.OPEN


# --- the queue -------------------------------------------------------------------------------------------------------


def test_the_queue_is_ordered_by_deadline_and_then_by_what_is_at_stake(brand: Brand) -> None:
    soon, late = ports.now() + timedelta(hours=1), ports.now() + timedelta(hours=9)
    figures = {"a": (late, 900), "b": (None, 50), "c": (soon, 1), "d": (None, 4000), "e": (late, 1000)}
    for key, (deadline, value) in figures.items():
        case, _ = open_bug(brand, key)
        roll_up(case.pk, count=1, value=Decimal(value), oldest=None, deadline=deadline)
    queue = ExceptionCase.objects.unresolved().in_queue_order()
    assert [case.object_key for case in queue] == ["c", "e", "a", "d", "b"]


def test_unresolved_cases_about_a_code_are_found_for_whoever_maps_it(link: Link, brand: Brand) -> None:
    case, _ = open_unmapped(link=link, missing=SKU)
    open_unmapped(link=link, missing=MissingMapping(kind="market", code="AB-1021"))
    assert list(ExceptionCase.objects.unresolved().about_code("sku", "AB-1021")) == [case]


# --- what the database itself refuses --------------------------------------------------------------------------------


@pytest.mark.parametrize("target_named", [True, False])
def test_the_database_refuses_a_second_open_case_of_one_code(
    brand: Brand, centra: Connection, target_named: bool
) -> None:
    target = centra if target_named else None
    made = {
        "brand": brand,
        "cause": "unmapped_sku",
        "mapping_kind": "sku",
        "target": target,
        "code": "A",
        "team": "OPS",
    }
    ExceptionCase.objects.create(**made)
    with pytest.raises(IntegrityError, match="case_open_once_per_code"), transaction.atomic():
        ExceptionCase.objects.create(**made)


def test_the_database_refuses_to_close_a_case_without_a_person_and_a_reason(brand: Brand) -> None:
    case, _ = open_bug(brand)
    with pytest.raises(IntegrityError, match="case_closed_by_someone"), transaction.atomic():
        ExceptionCase.objects.filter(pk=case.pk).update(state=State.CLOSED, closed_at=ports.now())


def test_the_database_refuses_to_rewrite_a_cases_story_or_the_audit_trail(brand: Brand) -> None:
    case, _ = open_bug(brand)
    close_case(case.pk, actor="alice", reason="Handled")
    for rows in (CaseEvent.objects.all(), AuditEntry.objects.all()):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            rows.update(actor="eve")
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            rows.filter(actor="alice").delete()
