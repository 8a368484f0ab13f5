"""A refund at a marketplace that runs on Marketplacer: asked for once, confirmed by the seller, paid by the operator."""

from decimal import Decimal
from typing import Any

import pytest

from connectors.marketplacer.sandbox import refunds
from connectors.sandboxkit import Fault
from integrationhub.orders.models import SoldReturn
from tests.flows.giving_back import causes, read, row_of, take_back, told
from tests.flows.marketplacer_world import TEE, Market

pytestmark = pytest.mark.django_db


@pytest.fixture
def refunding(market: Market) -> Market:
    market.roomy()
    market.link.gives_refunds, market.link.return_reason = True, "Item returned"
    market.link.save()
    market.map_carrier()
    return market


def shipped(market: Market, **sale: Any) -> str:
    reference = market.sell((TEE, 2, "29.90"), **sale)
    market.poll()
    market.pack(reference)
    market.run("read_dispatches")
    market.wait(60)
    assert market.flags(reference) == ["PAID", "SENT"], market.reasons()
    return reference


def requests(market: Market, reference: str) -> list[dict[str, Any]]:
    return list(market.fashionmart.invoice(reference)["refund_requests"])


@pytest.mark.parametrize("flow", ["standard", "advanced"])
def test_a_completed_return_is_asked_for_once_and_ends_when_the_operator_has_paid(refunding: Market, flow: str) -> None:
    refunding.northgate.settings["refund_flow"] = flow
    refunding.northgate.save()
    refunding.fashionmart.configure(refund_flow=flow)
    refunding.fashionmart.faults.add(Fault(kind="drop_after", operation="Cancel"))
    reference = shipped(refunding)
    made = take_back(refunding, reference, {"TEE-BLK-M": 1})
    read(refunding)
    refunding.wait(180)

    (request,) = requests(refunding, reference)
    assert request["status"] == {"standard": "RETURNED", "advanced": "PROCESSED"}[flow], refunding.reasons()
    assert (row_of(made).state, row_of(made).source_id, refunding.unsettled()) == ("SENT", request["id"], [])

    refunding.fashionmart.refund(request["id"])
    read(refunding)
    row = row_of(made)
    assert (row.state, row.credited, row.source_refunded) == ("COMPLETED", Decimal("29.90"), Decimal("29.90"))
    assert (len(requests(refunding, reference)), causes(), SoldReturn.objects.count()) == (1, [], 1)


def test_what_the_customer_asked_for_is_confirmed_and_not_asked_for_twice(refunding: Market) -> None:
    reference = shipped(refunding)
    refunding.fashionmart.request_refund(reference, units={TEE: 1}, dispatched=True)
    read(refunding)
    made = take_back(refunding, reference, {"TEE-BLK-M": 1})
    read(refunding)

    assert [one["status"] for one in requests(refunding, reference)] == ["RETURNED"]
    assert (row_of(made).state, refunding.sent("Cancel"), SoldReturn.objects.count()) == ("SENT", 0, 1)


def test_a_refund_that_whole_units_do_not_make_is_for_a_person(refunding: Market) -> None:
    reference = shipped(refunding)
    made = take_back(refunding, reference, {"TEE-BLK-M": 1}, cost="5.00")
    read(refunding)

    assert (row_of(made).state, requests(refunding, reference)) == ("BY_HAND", [])
    assert "whole units" in told("refund_to_give")


def test_delivery_is_asked_for_beside_the_goods(refunding: Market) -> None:
    reference = shipped(refunding)
    delivery = refunding.order(reference).shipping
    made = take_back(refunding, reference, {"TEE-BLK-M": 2}, shipping=str(delivery))
    read(refunding)
    (request,) = requests(refunding, reference)
    refunding.fashionmart.refund(request["id"])
    read(refunding)

    assert delivery > 0
    assert (row_of(made).state, row_of(made).source_total) == ("COMPLETED", refunding.order(reference).total)
    assert causes() == []


def test_what_the_operator_denies_is_for_a_person(refunding: Market) -> None:
    reference = shipped(refunding)
    made = take_back(refunding, reference, {"TEE-BLK-M": 1})
    read(refunding)
    refunding.fashionmart.deny_refund(requests(refunding, reference)[0]["id"])
    refunding.advance(3600)
    read(refunding)

    assert (row_of(made).state, causes()) == ("BY_HAND", ["refund_to_give"])
    assert "operator has refused" in told("refund_to_give")


def test_without_the_links_word_a_customers_request_waits_for_a_person_until_it_is_paid(refunding: Market) -> None:
    refunding.link.gives_refunds = False
    refunding.link.save()
    reference = shipped(refunding)
    request = refunding.fashionmart.request_refund(reference, units={TEE: 1}, dispatched=True)
    made = take_back(refunding, reference, {"TEE-BLK-M": 1})
    read(refunding)
    assert (causes(), requests(refunding, reference)[0]["status"]) == (["refund_to_give"], "AWAITING")

    with refunding.fashionmart.lock:
        refunds.mark_returned(refunding.fashionmart.market, {"refundRequestId": request})
    refunding.fashionmart.refund(request)
    read(refunding)
    assert (row_of(made).state, causes(), SoldReturn.objects.count()) == ("COMPLETED", [], 1)
