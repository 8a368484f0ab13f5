"""An order's life at a marketplace that runs on Marketplacer: no acceptance, flags for a status, parcels, cancellations."""

from decimal import Decimal

import pytest

from connectors.sandboxkit import Fault
from exceptions_app.models import ExceptionCase
from exceptions_app.telling import explain
from integrationhub.sync import sequences
from integrationhub.sync.models import InboxRecord, SyncJob, WriteIntent
from tests.flows.marketplacer_world import CARRIER, COAT, LARGE, SKUS, TEE, Market

pytestmark = pytest.mark.django_db


def sentences(market: Market) -> list[str]:
    cases = ExceptionCase.objects.unresolved().order_by("pk")
    return [str(explain(case, now=market.clock.now()).sentence) for case in cases]


# --- the whole life ---------------------------------------------------------------------------------------------------
def test_a_paid_order_is_created_dispatched_with_tracking_and_shown_without_any_acceptance(market: Market) -> None:
    market.map_carrier()
    reference = market.sell((TEE, 2, "29.90"), (COAT, 1, "199.00"))

    market.poll()
    (order,) = market.in_centra(reference)
    row = market.order(reference)
    assert (order.status, row.target_total, row.total) == ("CONFIRMED", Decimal("268.75"), Decimal("268.75"))
    assert (row.state, row.source_state, row.accept_sent_at) == ("READY_TO_SHIP", "PAID", None)

    market.pack(reference)
    market.run("read_dispatches")
    assert market.dispatches(reference) == ["SENT"]
    (shipment,) = market.shipments(reference)
    assert (shipment["carrier"], shipment["tracking"], shipment["units"]) == (CARRIER, "1550123", {TEE: 2, COAT: 1})
    assert market.flags(reference) == ["PAID", "SENT"]

    market.advance(30)
    market.work()
    market.fashionmart.remit(reference)
    market.poll()
    row = market.order(reference)
    assert (market.dispatches(reference), row.state, row.source_state) == (["SHOWN"], "SHIPPED", "PAID, SENT, REMITTED")
    assert (market.fashionmart.invoice(reference)["annotations"], market.sent("Annotate")) == ([], 0)  # nobody asked
    assert (market.open_jobs(), market.cases(), market.unsettled()) == ([], [], [])
    assert WriteIntent.objects.get(operation="create_order").tries == 1


@pytest.mark.parametrize("hmac", [True, False], ids=["signed", "by the secret alone"])
def test_a_webhook_brings_an_order_long_before_the_next_poll(market: Market, hmac: bool) -> None:
    market.run("read_orders")
    if not hmac:
        del market.northgate.credentials["webhook_hmac_key"]
        market.northgate.save()
    market.listen("INVOICE", hmac_key="" if not hmac else "sandbox-signing-key")
    reference = market.sell()
    market.advance(6)

    assert [message.state for message in market.deliver()] == ["Sent"]
    market.work()

    assert [order.status for order in market.in_centra(reference)] == ["CONFIRMED"], market.reasons()


def test_no_delivery_is_ever_answered_with_a_4xx_which_would_end_the_webhook(market: Market) -> None:
    market.listen("INVOICE")
    market.sell()
    (message,) = market.fashionmart.webhooks.messages
    genuine = market.fashionmart.webhooks.headers(message)

    refused = [
        market.post(message.body, {}),
        market.post(message.body, {**genuine, "X-Webhook-Secret": "another"}),
        market.post(message.body, {**genuine, "Marketplacer-Hmac-256": "A" * 43 + "="}),
        market.post(message.body + b" ", genuine),
        market.post(b"x" * (2 * 1024 * 1024 + 1), genuine),
    ]

    assert refused == [503] * 5
    assert not InboxRecord.objects.filter(origin="WEBHOOK").exists()
    market.deliver()
    assert [one["enabled"] for one in market.fashionmart.webhook_states()] == [True]


def test_a_genuine_message_that_cannot_be_read_is_taken_and_says_what_to_correct(market: Market) -> None:
    market.fashionmart.add_webhook(
        url="https://hub.example/", type="INVOICE", query="query ($id: ID!) { node(id: $id) { __typename } }",
        headers={"X-Webhook-Secret": "sandbox-webhook-secret"}, hmac_key="sandbox-signing-key",
    )  # fmt: skip
    market.sell()

    assert [message.state for message in market.deliver()] == ["Sent"]
    market.work()

    assert market.cases() == [("unreadable_record", 1)]
    assert "Enter the hub's query with the webhook." in str(ExceptionCase.objects.get().context["problems"])


def test_messages_twice_backwards_and_late_lead_to_the_same_end(market: Market) -> None:
    market.map_carrier()
    market.listen()
    references = [market.sell() for _ in range(2)]
    market.poll()
    for index, reference in enumerate(references):
        market.pack(reference, tracking=f"T{index}")
    market.run("read_dispatches")
    market.fashionmart.request_refund(references[0], units={TEE: 1}, dispatched=True)
    market.fashionmart.trouble_webhooks(copies=2, backwards=True)

    assert {message.state for message in market.deliver()} == {"Sent"}
    market.wait(60)

    assert [market.dispatches(reference) for reference in references] == [["SHOWN"]] * 2
    assert market.sent("Dispatch") == 2
    assert (market.open_jobs(), market.cases()) == ([], [])


# --- gaps -------------------------------------------------------------------------------------------------------------
def test_a_message_that_never_came_brings_the_next_poll_forward_and_is_told(market: Market) -> None:
    market.listen("INVOICE", "VARIANT")
    market.run("read_orders")
    seen = market.sell((LARGE, 1, "29.90"))
    market.deliver()
    market.work()
    polls = market.sent("Invoices")

    market.fashionmart.webhooks.lose(1)
    lost = market.sell()
    market.fashionmart.market.tell("update", market.fashionmart.market.rows[market.fashionmart._variant(COAT)["id"]])
    market.advance(6)
    (late,) = market.deliver()
    market.work()

    assert (market.sent("Invoices"), [len(market.in_centra(one)) for one in (seen, lost)]) == (polls + 1, [1, 1])
    job = SyncJob.objects.filter(flow="take_webhook").latest("pk")
    assert job.state == "DONE"
    assert sequences.missing(market.northgate.pk) == 1
    assert late.state == "Sent"


def test_what_comes_late_is_no_gap_any_more_and_brings_no_further_poll(market: Market) -> None:
    market.listen("VARIANT")
    for _ in range(3):
        market.fashionmart.market.tell("update", market.fashionmart._variant(COAT))
    first, second, third = market.fashionmart.webhooks.messages
    for message in (first, third, second, third):
        assert market.post(message.body, market.fashionmart.webhooks.headers(message)) == 202
        market.work()

    assert sequences.missing(market.northgate.pk) == 0
    assert SyncJob.objects.filter(flow="read_orders").count() == 1  # after the third, before the second


# --- partial parcels --------------------------------------------------------------------------------------------------
def test_two_parcels_are_two_shipments_and_the_flags_follow(market: Market) -> None:
    market.map_carrier()
    reference = market.sell((TEE, 3, "29.90"))
    market.poll()

    market.pack(reference, lines={"TEE-BLK-M": 1}, tracking="1")
    market.run("read_dispatches")
    assert market.flags(reference) == ["PAID", "PARTIALLY_SENT"]
    market.poll()
    assert market.order(reference).state == "READY_TO_SHIP"

    market.advance(400)
    market.pack(reference, tracking="2")
    market.run("read_dispatches")
    market.wait(60)

    assert market.flags(reference) == ["PAID", "SENT"]
    assert [(one["tracking"], one["units"]) for one in market.shipments(reference)] == [
        ("1", {TEE: 1}),
        ("2", {TEE: 2}),
    ]
    assert (market.dispatches(reference), market.cases()) == (["SHOWN", "SHOWN"], [])


@pytest.mark.parametrize("kind", ["drop_after", "drop_before"])
def test_a_part_whose_answer_was_lost_is_one_shipment_though_a_second_would_be_taken(market: Market, kind: str) -> None:
    market.map_carrier()
    reference = market.sell((TEE, 4, "29.90"))
    market.poll()
    market.fashionmart.faults.add(Fault(kind=kind, operation="Dispatch"))  # type: ignore[arg-type]

    market.pack(reference, lines={"TEE-BLK-M": 1}, tracking="1")
    market.run("read_dispatches")
    market.wait(300)

    assert [one["units"] for one in market.shipments(reference)] == [{TEE: 1}]
    assert market.sent("Dispatch") == (2 if kind == "drop_before" else 1)
    assert (market.dispatches(reference), market.open_jobs(), market.unsettled()) == (["SHOWN"], [], [])


def test_a_parcel_without_a_tracking_number_waits_with_a_plain_sentence_and_nothing_is_sent(market: Market) -> None:
    market.map_carrier()
    reference = market.sell()
    market.poll()

    market.pack(reference, tracking=" ")
    market.run("read_dispatches")

    assert market.sent("Dispatch") == 0
    assert [len(market.shipments(reference)), len(market.cases())] == [0, 1]
    problems = str(ExceptionCase.objects.get().context)
    assert "takes no dispatch without a tracking number" in problems


# --- held and released ------------------------------------------------------------------------------------------------
def test_an_unmapped_sku_holds_its_orders_with_one_case_and_saving_the_mapping_releases_them(
    bare_market: Market,
) -> None:
    bare_market.map("sku", TEE, SKUS[TEE])
    references = [bare_market.sell((TEE, 1, "29.90"), (COAT, 1, "199.00")) for _ in range(2)]

    bare_market.poll()
    assert bare_market.cases() == [("unmapped_sku", 2)]
    assert (bare_market.centra.journal.count("POST /order"), bare_market.centra.orders) == (0, [])

    bare_market.map("sku", COAT, SKUS[COAT])
    bare_market.work()
    assert [[order.status for order in bare_market.in_centra(one)] for one in references] == [["CONFIRMED"]] * 2
    assert bare_market.cases() == []


def test_an_unmapped_carrier_holds_its_parcels_with_one_case_and_saving_the_mapping_releases_them(
    market: Market,
) -> None:
    references = [market.sell() for _ in range(2)]
    market.poll()
    for index, reference in enumerate(references):
        market.pack(reference, tracking=f"T{index}")

    market.run("read_dispatches")
    assert market.cases() == [("unmapped_carrier", 2)]
    assert (market.sent("Dispatch"), [market.shipments(one) for one in references]) == (0, [[], []])

    market.map_carrier()
    market.wait(60)
    assert [market.dispatches(reference) for reference in references] == [["SHOWN"]] * 2
    assert market.cases() == []


# --- cancellations ----------------------------------------------------------------------------------------------------
def test_what_the_customer_cancels_is_cancelled_in_centra(market: Market) -> None:
    reference = market.sell((TEE, 2, "29.90"))
    market.poll()
    free = market.centra.stock("TEE-BLK-M")["free"]

    market.fashionmart.request_refund(reference, units={TEE: 2})
    market.poll()

    assert [order.status for order in market.in_centra(reference)] == ["CANCELLED"]
    assert (market.centra.stock("TEE-BLK-M")["free"], market.order(reference).state) == (free + 2, "CANCELLED")
    (request,) = market.fashionmart.invoice(reference)["refund_requests"]
    assert request["status"] == "RETURNED"  # the operator hears that the goods will not leave
    assert (market.open_jobs(), market.cases()) == ([], [])


def test_a_part_that_the_customer_cancels_is_taken_off_and_the_rest_is_shipped(market: Market) -> None:
    market.map_carrier()
    reference = market.sell((TEE, 3, "29.90"))
    market.poll()

    market.fashionmart.request_refund(reference, units={TEE: 1})
    market.poll()
    (order,) = market.in_centra(reference)
    assert [line.quantity for line in order.lines] == [2]
    assert [one["status"] for one in market.fashionmart.invoice(reference)["refund_requests"]] == ["RETURNED"]

    market.pack(reference)
    market.run("read_dispatches")
    market.wait(60)
    assert [one["units"] for one in market.shipments(reference)] == [{TEE: 2}]
    assert (market.dispatches(reference), market.cases()) == (["SHOWN"], [])


@pytest.mark.parametrize("flow", ["standard", "advanced"])
def test_what_is_cancelled_in_centra_is_asked_for_there_once_and_the_refund_is_left_to_the_operator(
    market: Market, flow: str
) -> None:
    market.northgate.settings["refund_flow"] = flow
    market.northgate.save()
    market.fashionmart.configure(refund_flow=flow)
    market.run("read_events")
    reference = market.sell((TEE, 2, "29.90"))
    market.poll()
    market.fashionmart.faults.add(Fault(kind="drop_after", operation="Cancel"))

    market.centra.cancel_order(market.in_centra(reference)[0].number)
    market.advance(3)
    market.run("read_events")
    market.wait(300)
    market.poll()

    (request,) = market.fashionmart.invoice(reference)["refund_requests"]
    assert request["status"] == {"standard": "RETURNED", "advanced": "PROCESSED"}[flow]
    assert market.order(reference).state == "CANCELLED"
    assert (market.open_jobs(), market.cases()) == ([], [])

    market.fashionmart.refund(request["id"])
    market.poll()
    assert market.flags(reference)[-2:] == ["REFUNDED", "CANCELLED"]
    assert market.cases() == []


# --- annotations ------------------------------------------------------------------------------------------------------
def test_where_it_is_wanted_centras_number_is_written_beside_the_order_once(market: Market) -> None:
    market.northgate.settings["annotation_type"] = "Received"
    market.northgate.save()
    market.fashionmart.faults.add(Fault(kind="drop_after", operation="Annotate"))
    reference = market.sell()
    market.poll()
    market.wait(300)
    market.fashionmart.remit(reference)
    market.poll()

    number = market.in_centra(reference)[0].number
    assert market.fashionmart.invoice(reference)["annotations"] == [f"Order {number}"]
    assert (market.cases(), market.unsettled()) == ([], [])


def test_a_kind_of_annotation_that_sellers_may_not_make_is_a_case_and_the_order_goes_on(market: Market) -> None:
    market.northgate.settings["annotation_type"] = "Fraud check"
    market.northgate.save()
    reference = market.sell()
    market.poll()

    assert [order.status for order in market.in_centra(reference)] == ["CONFIRMED"]
    (case,) = ExceptionCase.objects.unresolved()
    assert "lets sellers make no annotation “Fraud check”" in str(explain(case, now=market.clock.now()))
    assert market.sent("Annotate") == 0


# --- flags ------------------------------------------------------------------------------------------------------------
def test_an_order_under_review_waits_and_is_created_when_its_payment_is_good(market: Market) -> None:
    reference = market.sell(under_review=True)
    market.poll()
    assert (market.order(reference).state, market.in_centra(reference)) == ("AWAITING_PAYMENT", [])

    market.fashionmart.release_payment(reference)
    market.poll()

    assert [order.status for order in market.in_centra(reference)] == ["CONFIRMED"]


def test_click_and_collect_is_the_shops_own_and_never_reaches_the_warehouse(market: Market) -> None:
    reference = market.sell(delivery_type="CLICK_AND_COLLECT")
    market.poll()

    assert (market.in_centra(reference), market.cases()) == ([], [])


# --- money ------------------------------------------------------------------------------------------------------------
def test_money_is_read_to_the_penny_from_what_a_page_shows(market: Market) -> None:
    """The whole numbers are deprecated: an instance may have dropped them already."""
    market.fashionmart.configure(cents=False, money_form="GBP {}")
    reference = market.sell((COAT, 2, "1199.05"), (TEE, 3, "33.33"), postage="4.99", discount="7.77")

    market.poll()

    row = market.order(reference)
    assert (row.total, row.target_total) == (Decimal("2495.31"), Decimal("2495.31")), market.reasons()
    assert [order.status for order in market.in_centra(reference)] == ["CONFIRMED"]


def test_an_amount_that_can_be_read_in_two_ways_is_a_case_and_nothing_is_created(market: Market) -> None:
    market.fashionmart.configure(cents=False, money_form="£{} (about £9)")
    reference = market.sell()

    market.poll()

    assert (market.in_centra(reference), market.cases()) == ([], [("unreadable_record", 1)])
    assert "costFormatted" in str(ExceptionCase.objects.get().context["problems"])


# --- three layers of errors -------------------------------------------------------------------------------------------
def test_a_key_that_is_withdrawn_pauses_the_connection_with_one_case(market: Market) -> None:
    market.fashionmart.withdraw_key("sandbox-seller-key")
    market.fashionmart.add_key("another")
    market.run("read_orders")

    market.northgate.refresh_from_db()
    assert (market.northgate.state, market.cases()[0][0]) == ("REFUSED", "connection_refused")
    assert "Make a new one in the seller portal" in sentences(market)[0]


def test_a_scope_that_is_missing_stops_that_one_flow(market: Market) -> None:
    market.fashionmart.forbid("shipmentCarriers")
    market.map_carrier()
    reference = market.sell()
    market.poll()
    market.pack(reference)
    market.run("read_dispatches")

    market.northgate.refresh_from_db()
    assert (market.northgate.state, market.sent("Dispatch")) == ("ACTIVE", 0)
    assert [cause for cause, _ in market.cases()] == ["operation_refused"]


def test_a_business_refusal_in_the_payload_is_a_case_with_their_words_beside_ours(market: Market) -> None:
    market.map_carrier()
    reference = market.sell()
    market.poll()
    market.fashionmart.market.invoice(reference)["createdAt"] = market.clock.now().replace(year=2099)
    market.pack(reference)
    market.run("read_dispatches")

    case = ExceptionCase.objects.get()
    assert case.platform_words == "Dispatched at is before shipped items were ordered"
    assert "Correct its date where it was packed" in str(explain(case, now=market.clock.now()))
    assert market.shipments(reference) == []


def test_load_is_waited_out_and_nothing_is_done_twice(market: Market) -> None:
    reference = market.sell()
    market.fashionmart.configure(retry_after=False)
    market.fashionmart.faults.add(Fault(kind="rate_limit", operation="Invoices", seconds=30))

    market.poll()
    assert market.in_centra(reference) == []
    market.wait(300)

    assert len(market.in_centra(reference)) == 1
    assert market.cases() == []
