"""An order that goes on from the shop to the ERP: one story over two links, whichever of its numbers leads to it."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from connectors import ports
from connectors.base import Record
from connectors.models import Connection, Link
from integrationhub.orders.models import SoldDispatch, SoldLine, SoldOrder
from integrationhub.sync import inbox
from integrationhub.sync.models import SyncAttempt
from tests import factories
from tests.console.conftest import Shop
from tests.console.test_orders import make_call

ALL = {"quantity": 1, "unit_price": "49.99", "line_total": "49.99"}


@pytest.fixture
def onward(shop: Shop) -> Link:
    """Centra's orders go on to Fulfil."""
    fulfil = Connection.objects.create(
        brand=shop.brand, platform="fulfil", name="Fulfil", base_url="https://nordhem.fulfil.io", credentials={}
    )
    return factories.make_link(shop.brand, source=shop.centra, target=fulfil)


@pytest.fixture
def sold(shop: Shop) -> SoldOrder:
    """MK-10023-A of Northgate, which is 88412 in Centra."""
    order = factories.make_order(
        shop.link,
        "MK-10023-A",
        state="READY_TO_SHIP",
        target_external_id="88412",
        target_state="CONFIRMED",
        target_total=Decimal("49.99"),
        target_lines=[{"sku": "NW-1", **ALL}],
        target_created_at=ports.now() - timedelta(hours=2),
        target_confirmed_at=ports.now() - timedelta(hours=2),
    )
    order.lines.update(target_sku="NW-1")
    return order


@pytest.fixture
def passed_on(onward: Link, sold: SoldOrder) -> SoldOrder:
    """The same order on the link from Centra to Fulfil, where it is 2231."""
    order = factories.make_order(
        onward,
        "88412",
        skus=("NW-1",),
        state="READY_TO_SHIP",
        source_state="CONFIRMED",
        target_external_id="2231",
        target_state="PROCESSING",
        target_total=Decimal("50.99"),
        target_lines=[{"sku": "FU-1", **ALL, "line_total": "50.99"}],
        target_created_at=ports.now() - timedelta(hours=1),
        target_confirmed_at=ports.now() - timedelta(hours=1),
    )
    order.lines.update(target_sku="FU-1")
    return order


def shown(client: Client, order: SoldOrder) -> Any:
    return client.get(f"/console/orders/{order.pk}/")


def make_dispatch(order: SoldOrder, dispatch_id: str, left: datetime, **values: Any) -> SoldDispatch:
    given = {"carrier": "PostNord", "tracking_number": "15501234", "dispatched_at": left}
    return SoldDispatch.objects.create(order=order, dispatch_id=dispatch_id, **{**given, **values})


# --- the page ---------------------------------------------------------------------------------------------------------


def test_the_page_is_the_same_from_either_link(client_of: Any, sold: SoldOrder, passed_on: SoldOrder) -> None:
    client = client_of("OPS")
    contexts = [shown(client, order).context for order in (sold, passed_on)]
    told = [(side.role, side.name, side.number, side.chip) for side in contexts[0]["sides"]]
    assert told == [
        ("Sold at", "Northgate", "MK-10023-A", "Ready to ship at Northgate"),
        ("Passed on by", "Centra", "88412", "Confirmed in Centra"),
        ("Fulfilled in", "Fulfil", "2231", "Being shipped in Fulfil"),
    ]
    for name in ("title", "sides", "lines", "money", "steps", "timeline_url"):
        assert contexts[0][name] == contexts[1][name], name


def test_each_number_leads_to_the_platform_s_own_page(client_of: Any, sold: SoldOrder, passed_on: SoldOrder) -> None:
    page = shown(client_of("OPS"), passed_on).content.decode()
    assert "https://northgate.mirakl.net/mmp/shop/order/MK-10023-A" in page
    assert "https://nordhem.fulfil.io/client/#/model/sale.sale/2231" in page


def test_lines_stand_in_three_columns_and_say_where_they_differ(
    client_of: Any, sold: SoldOrder, passed_on: SoldOrder
) -> None:
    (row,) = shown(client_of("OPS"), sold).context["lines"]
    assert (row.sku, [our.code for our in row.our_skus], row.target_sku) == ("AB-1021", ["NW-1", "FU-1"], "FU-1")
    assert [part.total for part in row.parts] == ["£49.99", "£49.99", "£50.99"]
    assert ([part.lit for part in row.parts], row.differs) == ([(), (), ("total",)], ("total in Fulfil",))


def test_a_line_that_was_not_passed_on_is_told(client_of: Any, sold: SoldOrder, passed_on: SoldOrder) -> None:
    SoldLine.objects.filter(order=passed_on).update(sku="NW-2", target_sku="FU-2")
    rows = shown(client_of("OPS"), sold).context["lines"]
    assert [([bool(part) for part in row.parts], row.differs[0]) for row in rows] == [
        ([True, True, False], "not passed on to Fulfil"),
        ([False, True, False], "not in Fulfil"),
        ([False, False, True], "only in Fulfil"),
    ]


def test_money_is_compared_link_by_link(client_of: Any, sold: SoldOrder, passed_on: SoldOrder) -> None:
    rows = {row.what: row for row in shown(client_of("OPS"), sold).context["money"]}
    assert rows["Total"].amounts == ("£49.99", "£49.99", "£50.99")
    assert rows["Total"].differences == ("", "£1.00 more in Fulfil")


def test_the_steps_lead_there_and_back(client_of: Any, sold: SoldOrder, passed_on: SoldOrder) -> None:
    make_dispatch(passed_on, "9", ports.now())
    assert [(step.name, step.state) for step in shown(client_of("OPS"), sold).context["steps"]] == [
        ("Received", "done"),
        ("Mapped", "done"),
        ("Accepted", "done"),
        ("In Centra", "done"),
        ("In Fulfil", "done"),
        ("Dispatched", "done"),
        ("Shown at Centra", "next"),
        ("Shown at Northgate", ""),
    ]


def test_what_a_cancelled_order_once_was_is_no_difference(client_of: Any, sold: SoldOrder) -> None:
    sold.lines.update(cancelled=True)
    SoldOrder.objects.filter(pk=sold.pk).update(state="CANCELLED", total=Decimal(0), target_state="CANCELLED")
    context = shown(client_of("OPS"), sold).context
    assert [(len(row.parts), row.differs) for row in context["lines"]] == [(2, ())]
    assert {row.difference for row in context["money"]} == {""}
    assert [step.name for step in context["steps"] if step.state == "next"] == []


def test_a_marketplace_without_acceptance_has_no_such_step(shop: Shop, client_of: Any, sold: SoldOrder) -> None:
    Connection.objects.filter(pk=shop.northgate.pk).update(platform="marketplacer")
    assert "Accepted" not in {step.name for step in shown(client_of("OPS"), sold).context["steps"]}


def test_a_parcel_is_followed_from_the_warehouse_to_the_marketplace(
    client_of: Any, sold: SoldOrder, passed_on: SoldOrder
) -> None:
    left = ports.now() - timedelta(minutes=30)
    centra, northgate = left + timedelta(minutes=5), left + timedelta(minutes=9)
    make_dispatch(passed_on, "9", left, external_id="512", state="SHOWN", sent_at=centra, shown_at=centra)
    make_dispatch(sold, "512", left, carrier_code="POSTNORD", state="SENT", sent_at=northgate)
    make_dispatch(sold, "513", left, tracking_number="15509999")  # packed by Centra itself
    parcels = shown(client_of("OPS"), sold).context["parcels"]
    assert parcels.heads == (
        "Left Fulfil",
        "Sent to Centra",
        "Shown at Centra",
        "Sent to Northgate",
        "Shown at Northgate",
    )
    assert [(row.name, row.told, row.state, row.moments) for row in parcels.rows] == [
        ("9", ("POSTNORD",), "Sent to Northgate", (left, centra, centra, northgate, None)),
        ("513", (), "Left the warehouse", (left, None, None, None, None)),
    ]


def test_cases_and_buttons_of_both_links_stand_on_the_page(
    onward: Link, client_of: Any, sold: SoldOrder, passed_on: SoldOrder
) -> None:
    job = factories.make_job(passed_on)
    factories.make_case(onward, "refused_by_platform", object_key="x", jobs=[job])
    context = shown(client_of("OPS"), sold).context
    assert [case.cause for case, _ in context["cases"]] == ["refused_by_platform"]
    assert [(part.title, part.order.pk) for part in context["buttons"]] == [
        ("Northgate → Centra", sold.pk),
        ("Centra → Fulfil", passed_on.pk),
    ]
    assert ["retry" in {action.name for action in part.actions} for part in context["buttons"]] == [False, True]


def test_an_order_of_the_shop_itself_has_two_sides(onward: Link, client_of: Any) -> None:
    order = factories.make_order(onward, "90001", target_external_id="77")
    assert [side.name for side in shown(client_of("OPS"), order).context["sides"]] == ["Centra", "Fulfil"]


def test_an_order_that_has_not_been_passed_on_yet_has_two_sides(onward: Link, client_of: Any, sold: SoldOrder) -> None:
    assert [side.name for side in shown(client_of("OPS"), sold).context["sides"]] == ["Northgate", "Centra"]


@pytest.mark.parametrize("attempts", [1, 100])
def test_three_sides_cost_one_query_more_than_two(
    client_of: Any, sold: SoldOrder, passed_on: SoldOrder, django_assert_max_num_queries: Any, attempts: int
) -> None:
    for order in (sold, passed_on):
        job = factories.make_job(order)
        tried = SyncAttempt.objects.bulk_create(
            SyncAttempt(job_id=job.pk, fence=1, owner="w", result="TRANSIENT") for _ in range(attempts)
        )
        make_call(job, tried[-1])
        make_dispatch(order, "1", ports.now())
    client = client_of("OPS")
    shown(client, sold)  # the first look of a session notes where it comes from
    with django_assert_max_num_queries(13):
        shown(client, sold)
    with django_assert_max_num_queries(13):
        client.get(f"/console/orders/{sold.pk}/timeline/?part=yes")


# --- the timeline -----------------------------------------------------------------------------------------------------


def test_the_timeline_merges_both_links_by_time(
    shop: Shop, client_of: Any, sold: SoldOrder, passed_on: SoldOrder
) -> None:
    inbox.store(shop.centra.pk, [Record(kind="order", external_id="88412", payload={"number": 88412})], origin="POLL")
    left = ports.now()
    make_dispatch(passed_on, "9", left, external_id="512", sent_at=left + timedelta(minutes=5))
    make_dispatch(sold, "512", left + timedelta(minutes=4), sent_at=left + timedelta(minutes=9))
    told = client_of("OPS").get(f"/console/orders/{passed_on.pk}/timeline/?part=yes").content.decode()
    wanted = [
        "The customer placed the order.",
        "Created in Centra as 88412.",
        "Created in Fulfil as 2231.",
        "Dispatch 9 (PostNord 15501234) left the warehouse.",
        "Dispatch 512 (PostNord 15501234) left, as Centra shows it.",
        "Dispatch 9 (PostNord 15501234) was sent to Centra.",
        "Dispatch 512 (PostNord 15501234) was sent to Northgate.",
    ]
    places = [told.index(words) for words in wanted]
    assert places == sorted(places)
    assert told.count("The customer placed the order.") == told.count("Received the order.") == 1


def test_calls_and_documents_of_both_links_are_shown_from_either(
    shop: Shop, client_of: Any, sold: SoldOrder, passed_on: SoldOrder
) -> None:
    job = factories.make_job(passed_on)
    call = make_call(job, SyncAttempt.objects.create(job_id=job.pk, fence=1, owner="w"))
    (stored,) = inbox.store(
        shop.northgate.pk, [Record(kind="order", external_id="MK-10023-A", payload={})], origin="POLL"
    )
    client = client_of("OPS")
    for order in (sold, passed_on):
        assert client.get(f"/console/orders/{order.pk}/calls/{call.pk}/").status_code == 200
        assert client.get(f"/console/orders/{order.pk}/received/{stored.record_id}/").status_code == 200


# --- finding it -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["MK-10023-A", "88412", "2231", "15501234"])
def test_every_number_leads_to_the_one_page(client_of: Any, sold: SoldOrder, passed_on: SoldOrder, typed: str) -> None:
    for order in (sold, passed_on):
        make_dispatch(order, "1", ports.now())
    answer = client_of("OPS").get("/console/search/", {"q": typed})
    assert answer.status_code == 302
    assert answer["Location"] == f"/console/orders/{sold.pk}/"


def test_another_brand_s_order_of_the_same_number_is_not_taken_for_its_beginning(
    onward: Link, client_of: Any, sold: SoldOrder, passed_on: SoldOrder
) -> None:
    other = factories.make_link(factories.make_brand("fellmark", "Fellmark"))
    factories.make_order(other, "OM-1", target_external_id="88412")
    sides = shown(client_of("OPS"), passed_on).context["sides"]
    assert [side.number for side in sides] == ["MK-10023-A", "88412", "2231"]
