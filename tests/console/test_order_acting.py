"""Pressing something on an order, and deciding on orders from a case."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.messages import get_messages
from django.test import Client

from connectors import ports
from connectors.admin_base import Rights
from connectors.models import AuditEntry
from exceptions_app.models import ExceptionCase
from integrationhub.console.orders import acceptance
from integrationhub.inventory import promises
from integrationhub.inventory.models import Reservation
from integrationhub.orders.models import SoldOrder
from integrationhub.sync.models import SyncAttempt, SyncJob
from mappings_app.saving import save_mapping
from tests import factories
from tests.console.conftest import Shop


@pytest.fixture
def order(shop: Shop) -> SoldOrder:
    order = factories.make_order(shop.link, "MK-1", skus=("A", "B"))
    order.lines.filter(sku="A").update(target_sku="NW-A")
    order.lines.filter(sku="B").update(target_sku="NW-B")
    return order


def press(client: Client, order: SoldOrder, name: str, **data: Any) -> list[str]:
    answer = client.post(f"/console/orders/{order.pk}/act/{name}/", data)
    told = [str(message) for message in get_messages(answer.wsgi_request)]  # earlier ones wait to be shown too
    return told[-1:] if answer.status_code == 302 else []


def flows() -> list[str]:
    return list(SyncJob.objects.order_by("pk").values_list("flow", flat=True))


def reserve(order: SoldOrder) -> None:
    wanted = {line.target_sku: line.quantity for line in order.lines.all()}
    promises.vouch(order.link, order.reference, wanted, reason="")


def audited() -> list[tuple[str, str]]:
    return list(AuditEntry.objects.filter(action__startswith="order.").order_by("pk").values_list("action", "reason"))


def test_a_press_says_what_happens_before_it_does(shop: Shop, client_of: Any, order: SoldOrder) -> None:
    told = client_of("OPS").get(f"/console/orders/{order.pk}/act/hold/").content.decode()
    assert "Nothing is sent for it to Northgate or Centra until somebody releases it." in told
    assert "Northgate refuses it by itself when its acceptance window closes, held or not." in told
    order.refresh_from_db()
    assert (order.held_at, audited()) == (None, [])


def test_pressed_twice_it_is_done_and_told_once(shop: Shop, client_of: Any, order: SoldOrder) -> None:
    client = client_of("OPS")
    assert press(client, order, "hold", reason="Ask the customer") == [
        "It is on hold. Nothing is sent for it until it is released."
    ]
    assert press(client, order, "hold", reason="Ask the customer") == ["the-ops holds it already."]
    assert audited() == [("order.hold", "Ask the customer")]


def test_without_a_reason_nothing_is_done(shop: Shop, client_of: Any, order: SoldOrder) -> None:
    client = client_of("OPS")
    for name in ("hold", "refuse", "case"):
        told = client.post(f"/console/orders/{order.pk}/act/{name}/", {"reason": " "}).content.decode()
        assert "Say why: it is kept on the audit trail." in told
    assert (flows(), audited()) == ([], [])


@pytest.mark.parametrize(
    ("values", "name", "why"),
    [
        ({"state": "READY_TO_SHIP"}, "accept", "Northgate does not wait for an answer."),
        ({"state": "READY_TO_SHIP"}, "refuse", "Northgate does not wait for an answer."),
        ({}, "cancel", "It is not accepted yet: refuse it instead."),
        ({"state": "SHIPPED"}, "cancel", "It has been shipped: what comes back is a return."),
        ({"state": "CANCELLED"}, "hold", "It is over: nothing is sent for it any more."),
        ({}, "release", "Nobody holds it."),
        ({}, "retry", "Nothing of it waits for a person."),
    ],
)
def test_what_the_state_does_not_allow_says_why(
    shop: Shop, client_of: Any, order: SoldOrder, values: dict[str, Any], name: str, why: str
) -> None:
    SoldOrder.objects.filter(pk=order.pk).update(**values)
    client = client_of("OPS")
    assert why in client.get(f"/console/orders/{order.pk}/").content.decode()
    assert press(client, order, name, reason="x") == [why]
    assert (flows(), audited()) == ([], [])


def test_an_unmapped_line_is_never_accepted_whatever_the_reason(shop: Shop, client_of: Any, order: SoldOrder) -> None:
    order.lines.filter(sku="B").update(target_sku="")
    told = press(client_of("OPS"), order, "accept", reason="I say so")
    assert told == ["B is not mapped. An order is accepted whole, or not at all."]
    assert (flows(), Reservation.objects.count()) == ([], 0)


def test_accepting_a_covered_order_needs_no_reason(shop: Shop, client_of: Any, order: SoldOrder) -> None:
    reserve(order)
    assert press(client_of("OPS"), order, "accept") == ["Northgate is being told that we take it."]
    assert flows() == ["accept_order"]


def test_accepting_without_stock_is_vouched_for_with_a_reason_and_held_for_it(
    shop: Shop, client_of: Any, order: SoldOrder
) -> None:
    client = client_of("OPS")
    told = client.post(f"/console/orders/{order.pk}/act/accept/").content.decode()
    assert "By accepting anyway you vouch that it is there" in told
    assert (flows(), Reservation.objects.count()) == ([], 0)
    press(client, order, "accept", reason="Found two in the shop")
    held = list(Reservation.objects.order_by("sku").values_list("sku", "quantity", "state", "reason"))
    why = "the-ops vouches for it: Found two in the shop"
    assert held == [("NW-A", 1, "HELD", why), ("NW-B", 1, "HELD", why)]
    assert flows() == ["accept_order"]


def test_lines_of_another_order_are_not_refused(shop: Shop, client_of: Any, order: SoldOrder) -> None:
    answer = client_of("OPS").post(
        f"/console/orders/{order.pk}/act/refuse/", {"reason": "x", "lines": ["MK-1-1", "MK-2-1"]}
    )
    assert "Choose among the lines of this order." in answer.content.decode()
    assert flows() == []


def test_trying_again_queues_what_waits_of_this_order_only(shop: Shop, client_of: Any) -> None:
    _, jobs = factories.make_blocked_orders(shop.link, "AB-1021", 2)
    order = SoldOrder.objects.get(reference="MK-10001-A")
    assert press(client_of("ECOMMERCE"), order, "retry") == ["1 step is being tried again."]
    for job in jobs:
        job.refresh_from_db()
    assert [job.state for job in jobs] == ["QUEUED", "BLOCKED"]


def test_a_case_opened_by_hand_stands_in_the_queue_once(shop: Shop, client_of: Any, order: SoldOrder) -> None:
    client = client_of("OPS")
    press(client, order, "case", reason="The customer called")
    assert press(client, order, "case", reason="Again") == ["A case that a person opened is open already."]
    case = ExceptionCase.objects.get()
    assert (case.cause, case.waiting_count, case.waiting_value) == ("manual", 1, order.value_reporting)
    assert "The customer called" in client.get(f"/console/cases/{case.pk}/").content.decode()
    assert f"/console/cases/{case.pk}/" in client.get(f"/console/orders/{order.pk}/").content.decode()


def test_reading_again_asks_both_sides(shop: Shop, client_of: Any, order: SoldOrder) -> None:
    SoldOrder.objects.filter(pk=order.pk).update(target_external_id="1")
    client = client_of("OPS")
    assert press(client, order, "reread") == ["It is being read again on both sides."]
    assert press(client, order, "reread") == ["It is being read already."]
    assert flows() == ["reread_order", "watch_target_order"]


@pytest.mark.parametrize("name", ["accept", "refuse", "hold", "cancel", "erase"])
def test_who_only_looks_presses_nothing(shop: Shop, client_of: Any, order: SoldOrder, name: str) -> None:
    client = client_of("VIEWER")
    assert client.post(f"/console/orders/{order.pk}/act/{name}/", {"reason": "x"}).status_code == 403
    assert "Your role does not allow it." in client.get(f"/console/orders/{order.pk}/").content.decode()
    assert flows() == []


# --- from a case ------------------------------------------------------------------------------------------------------


@pytest.fixture
def case(shop: Shop, order: SoldOrder) -> ExceptionCase:
    other = factories.make_order(shop.link, "MK-2", skus=("C",))
    jobs = [factories.make_job(order), factories.make_job(other)]
    return factories.make_case(shop.link, "out_of_stock", object_key="1:NW-A", context={"sku": "NW-A"}, jobs=jobs)


def test_the_panel_says_of_each_order_whether_it_can_be_accepted(shop: Shop, case: ExceptionCase, person: Any) -> None:
    panel = acceptance.panel(case, Rights(person("OPS")))
    assert panel is not None
    rows = [(row.order.reference, row.can_accept, row.needs_vouching, row.lacks) for row in panel["rows"]]
    assert sorted(rows) == [
        ("MK-1", True, True, "No stock is reserved for NW-A and NW-B."),
        ("MK-2", False, False, "C is not mapped. An order is accepted whole, or not at all."),
    ]
    assert panel["may_decide"] is True


def test_another_case_has_no_such_panel(shop: Shop, person: Any) -> None:
    case, _ = factories.make_blocked_orders(shop.link, "X", 1)
    assert acceptance.panel(case, Rights(person("OPS"))) is None


def test_chosen_orders_are_decided_after_a_look_at_what_happens(
    shop: Shop, client_of: Any, case: ExceptionCase
) -> None:
    client, ids = client_of("OPS"), list(SoldOrder.objects.values_list("pk", flat=True))
    chosen = {"case": case.pk, "orders": ids, "do": "refuse"}
    first = client.post("/console/decisions/acceptance/", chosen)
    assert "Refuse 2 orders" in first.content.decode()
    assert flows() == ["import_order"] * 2
    assert "Say why" in client.post("/console/decisions/acceptance/", {**chosen, "sure": "yes"}).content.decode()
    done = client.post("/console/decisions/acceptance/", {**chosen, "sure": "yes", "reason": "None left"})
    assert done.headers["Location"] == f"/console/cases/{case.pk}/"
    assert flows() == ["import_order"] * 2 + ["refuse_order"] * 2
    assert audited() == [("order.refuse", "None left")] * 2


def test_an_order_that_is_not_of_the_case_is_not_decided(shop: Shop, client_of: Any, case: ExceptionCase) -> None:
    stranger = factories.make_order(shop.link, "MK-9")
    data = {"case": case.pk, "orders": [stranger.pk], "do": "refuse", "sure": "yes", "reason": "x"}
    client_of("OPS").post("/console/decisions/acceptance/", data)
    assert "refuse_order" not in flows()


# --- by which mappings ------------------------------------------------------------------------------------------------


@pytest.fixture
def remapped(shop: Shop, virtual_clock: ports.VirtualClock) -> SoldOrder:
    """An order that was mapped once, waits, and whose SKU means something else since."""
    order = factories.make_order(shop.link, "MK-2", skus=("A",))
    said = {"kind": "sku", "brand": shop.brand, "from_code": "A", "actor": "olivia"}
    version = save_mapping(**said, to_code="NW-A")  # type: ignore[arg-type]
    job = factories.make_job(order)
    SyncAttempt.objects.create(job_id=job.pk, fence=1, owner="w", mapping_versions=[])  # found nothing yet
    SyncAttempt.objects.create(job_id=job.pk, fence=2, owner="w", mapping_versions=[version.pk])
    virtual_clock.advance(60)
    save_mapping(**said, to_code="NW-B")  # type: ignore[arg-type]
    return order


def test_trying_again_offers_both_mappings_and_says_what_differs(client_of: Any, remapped: SoldOrder) -> None:
    told = client_of("OPS").get(f"/console/orders/{remapped.pk}/act/retry/").content.decode()
    assert 'value="today" checked' in told
    assert "With the mappings of 09:00" in told
    assert "What comes out otherwise: A: NW-A then, NW-B today." in told


def test_the_choice_of_mappings_is_kept_told_and_taken_back(client_of: Any, remapped: SoldOrder) -> None:
    client = client_of("OPS")
    assert press(client, remapped, "retry", option="original") == [
        "1 step is being tried again, with the mappings of then."
    ]
    page = client.get(f"/console/orders/{remapped.pk}/").content.decode()
    assert "later changes of mappings do not count for it" in page
    SyncJob.objects.update(state="BLOCKED")
    assert 'value="original" checked' in client.get(f"/console/orders/{remapped.pk}/act/retry/").content.decode()
    press(client, remapped, "retry", option="today")
    remapped.refresh_from_db()
    assert remapped.mappings_as_of is None


def test_a_way_that_is_not_offered_is_refused_and_nothing_is_tried(shop: Shop, client_of: Any) -> None:
    order = factories.make_order(shop.link, "MK-3")
    factories.make_job(order)
    page = client_of("OPS").get(f"/console/orders/{order.pk}/act/retry/").content.decode()
    assert "By which mappings" not in page
    assert press(client_of_again(order), order, "retry", option="original") == []
    assert (SyncJob.objects.get().state, audited()) == ("BLOCKED", [])


def client_of_again(order: SoldOrder) -> Client:
    client = Client()
    client.force_login(User.objects.get(username="the-ops"))
    return client
