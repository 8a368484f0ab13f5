from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import User

from connectors import ports
from connectors.models import AuditEntry, Brand
from exceptions_app import deciding
from exceptions_app.errors import RefusedCaseError
from exceptions_app.models import CaseEvent, ExceptionCase
from exceptions_app.opening import open_case, roll_up
from exceptions_app.signals import retry_requested

State = ExceptionCase.State


@pytest.fixture
def case(brand: Brand) -> ExceptionCase:
    opened, _ = open_case(brand=brand, cause="our_bug", object_key="ValueError@flows.py:run")
    return opened


def trail() -> list[tuple[str, str, str]]:
    return list(AuditEntry.objects.order_by("pk").values_list("actor", "action", "reason"))


def story(case: ExceptionCase) -> list[tuple[str, str, str]]:
    return list(case.events.values_list("kind", "actor", "text"))[1:]


def test_closing_names_who_and_why_everywhere(case: ExceptionCase) -> None:
    closed = deciding.close_case(case.pk, actor="alice", reason="  Handled in Centra ")
    assert (closed.state, closed.closed_by, closed.close_reason) == (State.CLOSED, "alice", "Handled in Centra")
    assert closed.closed_at == ports.now()
    assert story(case) == [("CLOSED", "alice", "Handled in Centra")]
    assert trail() == [("alice", "case.closed", "Handled in Centra")]
    entry = AuditEntry.objects.get()
    assert entry.before is not None
    assert entry.after is not None
    assert (entry.before["state"], entry.after["state"]) == ("OPEN", "CLOSED")
    assert entry.subject == f"Case {case.pk}: Fault in the hub"


def test_closing_twice_changes_nothing(case: ExceptionCase) -> None:
    deciding.close_case(case.pk, actor="alice", reason="Handled")
    again = deciding.close_case(case.pk, actor="bob", reason="Me too")
    assert again.closed_by == "alice"
    assert len(trail()) == 1


def test_a_snoozed_case_can_be_closed(case: ExceptionCase) -> None:
    deciding.snooze(case.pk, until=ports.now() + timedelta(days=1), actor="alice")
    closed = deciding.close_case(case.pk, actor="alice", reason="Handled")
    assert (closed.state, closed.snoozed_until) == (State.CLOSED, None)


def test_reopening_puts_it_back_into_the_queue(case: ExceptionCase) -> None:
    deciding.close_case(case.pk, actor="alice", reason="Handled")
    opened = deciding.reopen_case(case.pk, actor="bob", reason="It was not")
    assert (opened.state, opened.closed_at, opened.closed_by, opened.close_reason) == (State.OPEN, None, "", "")
    assert story(case)[-1] == ("REOPENED", "bob", "It was not")
    assert trail()[-1] == ("bob", "case.reopened", "It was not")


def test_a_case_whose_cause_has_come_back_is_not_reopened_beside_it(case: ExceptionCase, brand: Brand) -> None:
    deciding.close_case(case.pk, actor="alice", reason="Handled")
    open_case(brand=brand, cause=case.cause, object_key=case.object_key)
    with pytest.raises(RefusedCaseError, match="has an open case of its own"):
        deciding.reopen_case(case.pk, actor="bob", reason="It was not")
    case.refresh_from_db()
    assert case.state == State.CLOSED
    assert len(trail()) == 1


def test_reopening_an_open_case_changes_nothing(case: ExceptionCase) -> None:
    deciding.reopen_case(case.pk, actor="bob", reason="Eh")
    assert (story(case), trail()) == ([], [])


def test_a_case_is_assigned_to_somebody_who_may_work_on_it(case: ExceptionCase, alice: User, bob: User) -> None:
    assert deciding.assign(case.pk, owner=alice, actor="alice").owner_id == alice.pk
    assert story(case) == [("ASSIGNED", "alice", "alice")]
    with pytest.raises(RefusedCaseError, match="bob may not work on cases of Nordhem"):
        deciding.assign(case.pk, owner=bob, actor="alice")
    deciding.assign(case.pk, owner=alice, actor="alice")
    case.refresh_from_db()
    assert case.owner_id == alice.pk
    assert len(trail()) == 1
    assert deciding.assign(case.pk, owner=None, actor="alice").owner_id is None


def test_handing_over_changes_the_team_and_lets_the_owner_go(case: ExceptionCase, alice: User) -> None:
    deciding.assign(case.pk, owner=alice, actor="alice")
    handed = deciding.hand_over(case.pk, team="FINANCE", actor="alice", reason="A matter of tax")
    assert (handed.team, handed.owner_id) == ("FINANCE", None)
    assert case.events.last().data == {"team": ["ADMIN", "FINANCE"], "owner": [alice.pk, None]}
    deciding.hand_over(case.pk, team="FINANCE", actor="alice")
    assert len(trail()) == 2


def test_an_unknown_team_is_a_fault_of_ours(case: ExceptionCase) -> None:
    with pytest.raises(ValueError, match="not a team"):
        deciding.hand_over(case.pk, team="VIEWER", actor="alice")


def test_a_comment_stays_with_the_case_and_the_audit_trail_tells_only_that_there_is_one(case: ExceptionCase) -> None:
    event = deciding.comment(case.pk, text=" Asked Northgate\x00 about it ", actor="alice")
    assert (event.kind, event.text) == (CaseEvent.Kind.COMMENTED, "Asked Northgate about it")
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.after, entry.reason) == ("case.commented", {"event": event.pk}, "")


def test_a_snooze_takes_the_case_out_of_the_queue_and_can_be_ended_by_hand(case: ExceptionCase) -> None:
    until = ports.now() + timedelta(days=3)
    snoozed = deciding.snooze(case.pk, until=until, actor="alice", reason="Northgate looks into it", wake_at_count=9)
    assert (snoozed.state, snoozed.snoozed_until, snoozed.wake_at_count) == (State.SNOOZED, until, 9)
    ended = deciding.end_snooze(case.pk, actor="bob")
    assert (ended.state, ended.snoozed_until, ended.wake_at_count) == (State.OPEN, None, None)
    deciding.end_snooze(case.pk, actor="bob")
    assert [action for _, action, _ in trail()] == ["case.snoozed", "case.woken"]


@pytest.mark.parametrize("days", [-1, 0, 91])
def test_a_snooze_ends_in_the_future_and_always_ends(case: ExceptionCase, days: int) -> None:
    with pytest.raises(RefusedCaseError, match="at most 90 days"):
        deciding.snooze(case.pk, until=ports.now() + timedelta(days=days), actor="alice")
    assert (story(case), trail()) == ([], [])


def test_a_case_is_not_snoozed_past_its_deadline_unless_that_has_passed(case: ExceptionCase) -> None:
    until = ports.now() + timedelta(hours=3)
    roll_up(case.pk, count=1, value=None, oldest=None, deadline=ports.now() + timedelta(hours=2))
    with pytest.raises(RefusedCaseError, match="before its deadline"):
        deciding.snooze(case.pk, until=until, actor="alice")
    roll_up(case.pk, count=1, value=None, oldest=None, deadline=ports.now() - timedelta(hours=2))
    assert deciding.snooze(case.pk, until=until, actor="alice").state == State.SNOOZED


def test_a_snooze_until_a_count_that_is_reached_already_is_refused(case: ExceptionCase) -> None:
    roll_up(case.pk, count=37, value=Decimal(1), oldest=None, deadline=None)
    with pytest.raises(RefusedCaseError, match="37 are waiting already"):
        deciding.snooze(case.pk, until=ports.now() + timedelta(days=1), actor="alice", wake_at_count=37)


@pytest.mark.parametrize(
    "act",
    [
        lambda pk: deciding.snooze(pk, until=ports.now() + timedelta(days=1), actor="alice"),
        lambda pk: deciding.request_retry(pk, actor="alice"),
    ],
)
def test_a_closed_case_is_neither_snoozed_nor_retried(case: ExceptionCase, act: Callable[[int], object]) -> None:
    deciding.close_case(case.pk, actor="alice", reason="Handled")
    with pytest.raises(RefusedCaseError, match="closed"):
        act(case.pk)
    assert len(trail()) == 1


@pytest.mark.parametrize(
    "act",
    [
        lambda pk: deciding.close_case(pk, actor="alice", reason="  "),
        lambda pk: deciding.reopen_case(pk, actor="alice", reason=""),
        lambda pk: deciding.comment(pk, actor="alice", text="\n"),
    ],
)
def test_words_are_asked_for_where_they_matter(case: ExceptionCase, act: Callable[[int], object]) -> None:
    with pytest.raises(RefusedCaseError):
        act(case.pk)
    assert (story(case), trail()) == ([], [])


def test_a_retry_is_announced_inside_the_transaction_and_stands_or_falls_with_it(case: ExceptionCase) -> None:
    heard: list[tuple[int, str]] = []

    def listen(case: ExceptionCase, actor: str, **_: object) -> None:
        heard.append((case.pk, actor))
        if len(heard) > 1:
            raise RuntimeError("nothing was queued")

    retry_requested.connect(listen, weak=False)
    try:
        deciding.request_retry(case.pk, actor="alice")
        with pytest.raises(RuntimeError, match="nothing was queued"):
            deciding.request_retry(case.pk, actor="alice")
    finally:
        retry_requested.disconnect(listen)
    assert heard == [(case.pk, "alice")] * 2
    assert story(case) == [("RETRIED", "alice", "")]
    assert trail() == [("alice", "case.retried", "")]
