from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pytest_django import DjangoAssertNumQueries

from connectors import ports
from connectors.canonical.errors import MissingMapping
from connectors.canonical.money import Money
from connectors.models import Brand, Connection, Link
from exceptions_app.facts import stored
from exceptions_app.models import ExceptionCase
from exceptions_app.opening import open_case, open_unmapped, roll_up
from exceptions_app.telling import explain, plain, platform_label, tell


def rolled(case: ExceptionCase, count: int, **more: Any) -> ExceptionCase:
    roll_up(case.pk, **{"count": count, "value": None, "oldest": None, "deadline": None} | more)
    return ExceptionCase.objects.with_words().get(pk=case.pk)


@pytest.fixture
def told(brand: Brand, link: Link) -> Callable[..., str]:
    """Open a case of a cause, let so many records wait, and return its sentence."""

    def tell_of(cause: str, count: int = 0, *, target: Connection | None = None, **context: Any) -> str:
        case, _ = open_case(
            brand=brand,
            cause=cause,
            object_key=ports.new_id(),
            link=link,
            target=target or link.target,
            context=context,
        )
        return tell(rolled(case, count))

    return tell_of


def unmapped(link: Link, kind: str, code: str, count: int, **more: str) -> str:
    case, _ = open_unmapped(link=link, missing=MissingMapping(kind=kind, code=code, **more))
    return tell(rolled(case, count))


def gbp(amount: str) -> dict[str, str]:
    return stored(Money(Decimal(amount), "GBP"))


# --- missing mappings ------------------------------------------------------------------------------------------------


def test_an_unmapped_sku_is_told_as_the_screens_want_it(link: Link) -> None:
    assert unmapped(link, "sku", "AB-1021", 37) == (
        "37 orders wait: Northgate (Mirakl) sells <b>AB-1021</b> and we don't know which Centra product it is."
    )
    assert unmapped(link, "sku", "AB-1021", 1).startswith("1 order waits: Northgate")
    assert unmapped(link, "sku", "AB-1021", 1200).startswith("1,200 orders wait: Northgate")
    assert unmapped(link, "sku", "AB-1021", 0).startswith("Northgate (Mirakl) sells <b>AB-1021</b>")


def test_what_the_source_calls_it_stands_beside_the_code(link: Link) -> None:
    assert "sells <b>AB-1</b> (“Wool coat, black, M”) and" in unmapped(
        link, "sku", "AB-1", 2, label="Wool coat, black, M"
    )


def test_two_channels_that_miss_one_code_are_told_in_one_sentence(link: Link, other_link: Link) -> None:
    open_unmapped(link=link, missing=MissingMapping(kind="sku", code="AB-1021"))
    assert unmapped(other_link, "sku", "AB-1021", 37) == (
        "37 orders wait: Northgate (Mirakl) and Harbour &amp; Co (Mirakl) sell <b>AB-1021</b>"
        " and we don't know which Centra product it is."
    )


def test_an_unmapped_carrier_is_told_as_the_screens_want_it(link: Link) -> None:
    sentence = "12 dispatches can't be sent: Northgate doesn't know the carrier <b>DPD Next Day</b>."
    assert unmapped(link, "carrier", "DPD Next Day", 12) == sentence
    assert unmapped(link, "carrier", "", 1) == (
        "1 dispatch can't be sent: no carrier is named, and Northgate wants one."
    )


def test_an_unmapped_delivery_method_and_channel(link: Link) -> None:
    assert unmapped(link, "shipping_service", "EXP", 5, label="Express") == (
        "5 orders wait: Northgate (Mirakl) offers the delivery method <b>EXP</b> (“Express”)"
        " and we don't know which Centra shipping option it is."
    )
    assert unmapped(link, "market", "SE", 8) == (
        "8 orders wait: Northgate (Mirakl) sells in the channel <b>SE</b> and we don't know which Centra market it is."
    )


# --- orders ----------------------------------------------------------------------------------------------------------


def test_amounts_that_differ_are_told_with_the_difference(told: Callable[..., str]) -> None:
    amounts = {"order": "MK-10023-A", "charged": gbp("49.99"), "shown": gbp("50.00")}
    assert told("money_mismatch", 1, **amounts) == (
        "Order <b>MK-10023-A</b>: Northgate charged £49.99, Centra shows £50.00. Difference £0.01."
    )
    assert told("money_mismatch", 1, at_cost="yes", **amounts) == (
        "Order <b>MK-10023-A</b>: Northgate pays £49.99, Centra shows £50.00. Difference £0.01."
    )
    assert told("tax_mismatch", 12, **amounts | {"shown": gbp("40")}) == (
        "12 orders, such as <b>MK-10023-A</b>: Northgate charged £49.99 of tax, Centra shows £40.00. Difference £9.99."
    )


def test_amounts_in_two_currencies_have_no_difference(told: Callable[..., str]) -> None:
    euros = stored(Money(Decimal("49.99"), "EUR"))
    assert told("money_mismatch", 1, order="MK-1", charged=gbp("49.99"), shown=euros).endswith(
        "Centra shows €49.99. The currencies differ."
    )


@pytest.mark.parametrize("broken", [{}, "50.00", {"amount": "x", "currency": "GBP"}, {"amount": "1"}, None])
def test_an_amount_that_cannot_be_read_does_not_break_the_page(told: Callable[..., str], broken: object) -> None:
    assert told("money_mismatch", 1, order="MK-1", charged=gbp("1"), shown=broken) == (
        "Order <b>MK-1</b>: Northgate and Centra show different amounts."
    )


def test_missing_stock_is_told_with_what_is_free_and_what_is_needed(told: Callable[..., str]) -> None:
    assert told("out_of_stock", 3, sku="NW-1021", free=1, wanted=4) == (
        "3 orders wait: Centra has only 1 of <b>NW-1021</b> free, and 4 are needed."
    )
    assert told("out_of_stock", 1, sku="NW-1021", free=0, wanted=1) == (
        "1 order waits: Centra has none of <b>NW-1021</b> free, and 1 is needed."
    )


def test_a_closing_acceptance_window_is_told_with_its_time(brand: Brand, link: Link) -> None:
    case, _ = open_case(
        brand=brand, cause="acceptance_at_risk", object_key="1", link=link, context={"lacking_stock": 1}
    )
    deadline = ports.now() + timedelta(hours=2, minutes=5)
    case = rolled(case, 3, deadline=deadline)
    assert tell(case) == "3 orders at Northgate must be accepted before <b>11:05</b> (in 2 h 05 min); 1 lacks stock."
    assert tell(case, now=deadline + timedelta(minutes=40), zone=ZoneInfo("Europe/Stockholm")) == (
        "3 orders at Northgate must be accepted before <b>12:05</b> (40 min ago); 1 lacks stock."
    )
    assert explain(case).if_nobody_acts.startswith("They are refused by Northgate after 11:05 (in 2 h 05 min).")


def test_without_a_deadline_no_time_is_made_up(told: Callable[..., str]) -> None:
    assert told("acceptance_at_risk", 1) == "1 order at Northgate must be accepted soon."


def test_other_stories_of_an_order(told: Callable[..., str]) -> None:
    assert told("acceptance_lapsed", 1, order="MK-1") == (
        "Order <b>MK-1</b>: not accepted in time, so Northgate has refused it."
    )
    assert told("duplicate_order", 1, order="MK-1", copies=["88412", "88413"]) == (
        "Order <b>MK-1</b>: Centra has it twice (88412 and 88413). Only one may ship."
    )
    assert told("cancelled_after_dispatch", 1, order="MK-1") == (
        "Order <b>MK-1</b>: Northgate cancelled it, but it has already left Centra. It can't be cancelled any more."
    )
    assert told("payment_refused", 1, order="MK-1") == (
        "Order <b>MK-1</b>: the customer's payment was refused at Northgate. Nothing was created in Centra."
    )


# --- dispatches, records, connections --------------------------------------------------------------------------------


def test_dispatches_that_the_marketplace_does_not_show(told: Callable[..., str]) -> None:
    assert told("dispatch_unconfirmed", 5, hours=4) == (
        "5 dispatches were sent to Northgate, which still doesn't show them as shipped after 4 h."
    )
    assert told("dispatch_unconfirmed", 1).startswith("1 dispatch was sent to Northgate, which still doesn't show it")
    assert told("carrier_not_listed", 6, carrier="DPDUK") == (
        "6 dispatches can't be sent: Northgate no longer lists the carrier <b>DPDUK</b>."
    )


def test_records_that_cannot_be_read(told: Callable[..., str]) -> None:
    words = {"record": "order", "records": "orders", "example": "MK-1"}
    problems = ["lines[0].price: is missing.", "total: is missing.", "currency: is missing."]
    assert told("unreadable_record", 1, **words, problems=problems) == (
        "1 order (such as <b>MK-1</b>) from Northgate can't be read: lines[0].price: is missing. And 2 more problems."
    )
    assert told("unreadable_record", 2, problems=[{"message": "The price is missing."}]) == (
        "2 records from Northgate can't be read: The price is missing."
    )


def test_records_that_were_refused_or_whose_end_is_not_known(told: Callable[..., str]) -> None:
    words = {"record": "order", "records": "orders", "done": "created", "did": "created"}
    assert told("refused_by_platform", 4, **words, explanation="The country is not sold to") == (
        "4 orders can't be created: Nordhem Store refuses them. The country is not sold to."
    )
    assert told("outcome_unknown", 1, **words) == (
        "1 order: we can't tell whether Nordhem Store created it. Nothing is sent again until we know."
    )
    assert told("retries_spent", 7, **words, tries=8) == (
        "7 orders were stopped after 8 tries: Nordhem Store did not take them."
    )
    assert told("our_bug", 2, **words) == (
        "2 orders wait because of a fault in the hub. Your data is not the reason, and nothing is lost."
    )


def test_a_refused_connection_says_that_nothing_is_lost(told: Callable[..., str], northgate: Connection) -> None:
    assert told("connection_refused", 214, target=northgate) == (
        "The Mirakl connection <b>Northgate</b> of Nordhem was refused: the key is no longer valid."
        " 214 jobs are waiting; nothing is lost."
    )
    assert told("operation_refused", 1, operation="CANCEL_ORDERS", reason="The right is missing.") == (
        "Nordhem Store doesn't let us <b>cancel orders it fulfils</b>: The right is missing."
        " 1 job is waiting; everything else goes on."
    )


def test_forged_messages_are_counted(told: Callable[..., str], northgate: Connection) -> None:
    assert told("webhook_forged", 0, target=northgate, turned_away=38, during="in the last hour") == (
        "38 messages in the name of Northgate were turned away in the last hour: the signature is wrong."
    )


# --- safety and cost -------------------------------------------------------------------------------------------------


def test_nothing_from_outside_becomes_markup(brand: Brand, link: Link, northgate: Connection) -> None:
    Connection.objects.filter(pk=northgate.pk).update(name="<i>Northgate</i>")
    case, _ = open_unmapped(
        link=link, missing=MissingMapping(kind="sku", code="<script>alert(1)</script>", label="A & B {0} %s")
    )
    case = rolled(case, 1)
    sentence = tell(case)
    assert "<script>" not in sentence
    assert "<i>" not in sentence
    assert "<b>&lt;script&gt;alert(1)&lt;/script&gt;</b> (“A &amp; B {0} %s”)" in sentence
    assert "<i>" not in explain(case).if_nobody_acts


def test_the_plain_sentence_has_no_markup_and_no_entities(link: Link, other_link: Link) -> None:
    open_unmapped(link=link, missing=MissingMapping(kind="sku", code="<A&B>"))
    case, _ = open_unmapped(link=other_link, missing=MissingMapping(kind="sku", code="<A&B>"))
    assert plain(rolled(case, 2)) == (
        "2 orders wait: Northgate (Mirakl) and Harbour & Co (Mirakl) sell <A&B>"
        " and we don't know which Centra product it is."
    )


def test_a_case_is_explained_whole(link: Link) -> None:
    case, _ = open_unmapped(link=link, missing=MissingMapping(kind="sku", code="AB-1"))
    told = explain(rolled(case, 1))
    assert (told.label, told.next_step, told.fix, told.playbook) == (
        "Unmapped SKU",
        "Map SKU",
        "mapping:sku",
        "unmapped-sku",
    )
    assert told.why.startswith("This SKU has no mapping. Usually the product is new at Northgate")
    assert told.if_nobody_acts == (
        "The orders don't reach Centra; what is not accepted is refused by Northgate when the time is up."
    )


def test_a_list_of_cases_is_told_in_three_queries_however_long(
    brand: Brand, link: Link, other_link: Link, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(30):
        missing = MissingMapping(kind="sku", code=f"AB-{number}")
        open_unmapped(link=link, missing=missing)
        open_unmapped(link=other_link, missing=missing)
    with django_assert_num_queries(2):
        sentences = [tell(case) for case in ExceptionCase.objects.unresolved().in_queue_order().with_words()]
    assert len(sentences) == 30


def test_a_case_of_a_cause_that_is_gone_is_told_all_the_same(brand: Brand) -> None:
    case = ExceptionCase.objects.create(brand=brand, cause="gone_with_its_flow", object_key="1", team="OPS")
    assert tell(rolled(case, 2)) == "2 records wait for a decision."
    assert str(case) == f"Case {case.pk}: Gone with its flow"


def test_a_platform_that_was_removed_keeps_its_name() -> None:
    assert [platform_label(name) for name in ("mirakl", "centra", "oldshop")] == ["Mirakl", "Centra", "Oldshop"]
