from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction

from connectors import ports
from connectors.canonical.errors import MissingMapping
from connectors.models import AuditEntry, Brand, Connection, Link, RoleGrant
from exceptions_app import deciding, routing
from exceptions_app.models import CaseEvent, ExceptionCase, RoutingRule, TeamTarget
from exceptions_app.opening import open_case, open_unmapped, roll_up


@pytest.fixture(autouse=True)
def calendar(brand: Brand) -> None:
    brand.refresh_from_db()  # its working hours as times, as every other reader has them


def rule(brand: Brand, team: str, **values: Any) -> RoutingRule:
    return RoutingRule.objects.create(brand=brand, team=team, **values)


def unmapped(link: Link, code: str = "AB-1021", kind: str = "sku") -> ExceptionCase:
    with transaction.atomic():
        return open_unmapped(link=link, missing=MissingMapping(kind=kind, code=code, label="", gtin=""))[0]


def worth(case: ExceptionCase, value: str) -> ExceptionCase:
    return roll_up(case.pk, count=1, value=Decimal(value), oldest=None, deadline=None)


def tokens(moves: list[routing.Move]) -> set[str]:
    return {move.token for move in moves}


# --- when a case opens ------------------------------------------------------------------------------------------------


def test_without_a_rule_a_case_goes_to_its_causes_team(link: Link) -> None:
    assert unmapped(link).team == "ECOMMERCE"


def test_the_first_rule_that_fits_decides(brand: Brand, link: Link, alice: User) -> None:
    rule(brand, "FINANCE", position=20)
    rule(brand, "OPS", position=10, mapping_kind="sku", owner=alice)
    case = unmapped(link)
    assert (case.team, case.owner, case.placed_by_hand) == ("OPS", alice, False)
    case.refresh_from_db()
    assert (case.team, case.owner) == ("OPS", alice)


@pytest.mark.parametrize(
    "values",
    [{"cause": "unmapped_carrier"}, {"mapping_kind": "carrier"}, {"value_over": Decimal(0)}, {"active": False}],
)
def test_a_rule_that_does_not_fit_changes_nothing(brand: Brand, link: Link, values: dict[str, Any]) -> None:
    rule(brand, "FINANCE", **values)
    assert unmapped(link).team == "ECOMMERCE"


def test_a_rule_of_a_channel_fits_cases_that_show_there(
    brand: Brand, link: Link, other_link: Link, harbour: Connection
) -> None:
    rule(brand, "FINANCE", channel=harbour)
    assert [unmapped(one, code=f"S-{one.pk}").team for one in (link, other_link)] == ["ECOMMERCE", "FINANCE"]


def test_a_rule_of_another_brand_does_not_count(link: Link) -> None:
    rule(Brand.objects.create(code="other", name="Other"), "FINANCE")
    assert unmapped(link).team == "ECOMMERCE"


def test_a_rule_gives_nothing_to_somebody_who_lost_the_right(brand: Brand, link: Link, alice: User) -> None:
    rule(brand, "OPS", owner=alice)
    RoleGrant.objects.all().delete()
    case = unmapped(link)
    assert (case.team, case.owner) == ("ECOMMERCE", None)


# --- value ------------------------------------------------------------------------------------------------------------


def test_a_rule_on_value_is_asked_again_when_its_limit_is_passed(brand: Brand, link: Link) -> None:
    rule(brand, "FINANCE", value_over=Decimal(1000))
    case = unmapped(link)
    assert worth(case, "1000").team == "ECOMMERCE"
    assert worth(case, "1000.01").team == "FINANCE"
    moved = CaseEvent.objects.get(case=case, kind="HANDED_OVER")
    assert (moved.actor, moved.text) == ("Rule 10 of Nordhem", "By Rule 10 of Nordhem.")
    assert AuditEntry.objects.get(action="case.routed").after["team"] == "FINANCE"


def test_a_rule_on_value_leaves_alone_what_a_person_placed(brand: Brand, link: Link) -> None:
    rule(brand, "FINANCE", value_over=Decimal(1000))
    case = unmapped(link)
    deciding.hand_over(case.pk, team="OPS", actor="alice")
    assert worth(case, "5000").team == "OPS"


def test_counting_what_waits_asks_no_rule_below_its_limit(
    brand: Brand, link: Link, django_assert_num_queries: Any
) -> None:
    rule(brand, "FINANCE", value_over=Decimal(1000))
    case = unmapped(link)
    with django_assert_num_queries(4):  # savepoint, lock, save, release
        worth(case, "10")


# --- clocks -----------------------------------------------------------------------------------------------------------


def test_a_teams_clock_starts_when_the_case_comes_to_it(brand: Brand, link: Link, clock: ports.VirtualClock) -> None:
    TeamTarget.objects.create(brand=brand, team="ECOMMERCE", hours=4)
    TeamTarget.objects.create(brand=brand, team="OPS", hours=2)
    case = unmapped(link)
    assert case.target_at == ports.now() + timedelta(hours=4)
    clock.advance(3600)
    moved = deciding.hand_over(case.pk, team="OPS", actor="alice")
    assert (moved.team_since, moved.target_at) == (ports.now(), ports.now() + timedelta(hours=2))


def test_a_team_without_a_target_is_never_late(brand: Brand, link: Link, clock: ports.VirtualClock) -> None:
    case = unmapped(link)
    clock.advance(90 * 86_400)
    assert case.target_at is None
    assert not ExceptionCase.objects.all().overdue(ports.now()).exists()


def test_a_case_is_overdue_from_its_target_on_and_not_while_it_is_snoozed(
    brand: Brand, link: Link, clock: ports.VirtualClock
) -> None:
    TeamTarget.objects.create(brand=brand, team="ECOMMERCE", hours=4)
    case = unmapped(link)
    clock.advance(4 * 3600)
    assert not ExceptionCase.objects.all().overdue(ports.now()).exists()
    clock.advance(1)
    assert ExceptionCase.objects.all().overdue(ports.now()).get() == case
    deciding.snooze(case.pk, until=ports.now() + timedelta(hours=1), actor="alice")
    assert not ExceptionCase.objects.all().overdue(ports.now()).exists()


def test_a_new_target_counts_for_what_is_open(brand: Brand, link: Link) -> None:
    case = unmapped(link)
    TeamTarget.objects.create(brand=brand, team="ECOMMERCE", hours=1)
    assert routing.retarget(brand.pk) == 1
    case.refresh_from_db()
    assert case.target_at == case.team_since + timedelta(hours=1)


# --- applying changed rules to what is open ---------------------------------------------------------------------------


def test_forty_open_cases_are_previewed_and_moved(brand: Brand, link: Link) -> None:
    cases = [unmapped(link, code=f"SKU-{number}") for number in range(40)]
    carrier = unmapped(link, code="DPD", kind="carrier")
    rule(brand, "OPS", mapping_kind="sku")
    found = routing.moves({brand.pk})
    assert {move.case.pk for move in found} == {case.pk for case in cases}
    assert ExceptionCase.objects.filter(team="ECOMMERCE").count() == 40
    assert len(routing.apply_moves(found, tokens(found), actor="adam", reason="New split")) == 40
    assert ExceptionCase.objects.filter(team="OPS", placed_by_hand=False).count() == 41  # the carrier's was theirs
    assert CaseEvent.objects.filter(kind="HANDED_OVER", actor="adam", text="New split").count() == 40
    assert routing.moves({brand.pk}) == []
    carrier.refresh_from_db()
    assert carrier.team_since == carrier.opened_at


def test_what_a_person_placed_moves_only_when_that_is_asked_for(brand: Brand, link: Link, alice: User) -> None:
    case = unmapped(link)
    deciding.assign(case.pk, owner=alice, actor="alice")
    rule(brand, "OPS")
    assert routing.moves({brand.pk}) == []
    found = routing.moves({brand.pk}, placed_by_hand=True)
    assert [move.case for move in found] == [case]
    routing.apply_moves(found, tokens(found), actor="adam", reason="")
    case.refresh_from_db()
    assert (case.team, case.owner, case.placed_by_hand) == ("OPS", None, False)


def test_a_case_that_changed_after_the_preview_is_left_alone(brand: Brand, link: Link) -> None:
    case = unmapped(link)
    rule(brand, "OPS")
    found = routing.moves({brand.pk})
    agreed = tokens(found)
    deciding.hand_over(case.pk, team="FINANCE", actor="alice")
    assert routing.apply_moves(found, agreed, actor="adam", reason="") == []
    case.refresh_from_db()
    assert case.team == "FINANCE"


def test_only_what_was_agreed_to_is_moved(brand: Brand, link: Link) -> None:
    first, second = unmapped(link, "A"), unmapped(link, "B")
    rule(brand, "OPS")
    found = routing.moves({brand.pk})
    agreed = {move.token for move in found if move.case == first}
    assert routing.apply_moves(found, agreed, actor="adam", reason="") == [first]
    second.refresh_from_db()
    assert second.team == "ECOMMERCE"


def test_closed_cases_do_not_move(brand: Brand, link: Link) -> None:
    case = unmapped(link)
    deciding.close_case(case.pk, actor="alice", reason="Test")
    rule(brand, "OPS")
    assert routing.moves({brand.pk}, placed_by_hand=True) == []


# --- a choice ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def twice(brand: Brand, link: Link) -> ExceptionCase:
    with transaction.atomic():
        context = {"order": "MK-1", "copies": ["1", "2"]}
        return open_case(brand=brand, cause="duplicate_order", object_key="order:1", link=link, context=context)[0]


def test_a_choice_is_written_down_once_and_stays(twice: ExceptionCase) -> None:
    assert deciding.choose(twice.pk, chosen="1", among=["1", "2"], actor="alice")
    assert not deciding.choose(twice.pk, chosen="1", among=["2", "1"], actor="bob")
    with pytest.raises(deciding.RefusedCaseError, match=r"It was decided already: 1 stays\."):
        deciding.choose(twice.pk, chosen="2", among=["1", "2"], actor="bob")
    assert CaseEvent.objects.filter(case=twice, kind="CHOSEN").count() == 1
    assert AuditEntry.objects.get(action="case.chosen").after == {"stays": "1", "among": ["1", "2"]}


def test_when_a_third_copy_comes_to_light_it_is_chosen_anew(twice: ExceptionCase) -> None:
    deciding.choose(twice.pk, chosen="1", among=["1", "2"], actor="alice")
    assert deciding.choose(twice.pk, chosen="3", among=["1", "3"], actor="alice")
