import json
import zlib
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from connectors import ports
from connectors.base import Record
from connectors.models import AuditEntry
from integrationhub.orders.models import OrderPerson, SoldDispatch, SoldOrder
from integrationhub.sync import inbox
from integrationhub.sync.models import CallBody, SyncAttempt, SyncCall, SyncJob
from mappings_app.saving import save_mapping
from tests import factories
from tests.console.conftest import Shop

SECRET_ADDRESS = "17 Hidden Lane"


def listed(client: Client, query: str = "") -> list[str]:
    return [order.reference for order in client.get(f"/console/orders/{query}").context["cl"].result_list]


def page(client: Client, order: SoldOrder) -> str:
    return client.get(f"/console/orders/{order.pk}/").content.decode()


def story(client: Client, order: SoldOrder, number: int = 1) -> str:
    return client.get(f"/console/orders/{order.pk}/timeline/?part=yes&page={number}").content.decode()


@pytest.fixture
def order(shop: Shop) -> SoldOrder:
    order = factories.make_order(
        shop.link,
        "MK-10023-A",
        target_external_id="88412",
        target_state="PENDING",
        target_total=Decimal("50.00"),
        target_tax=Decimal("8.33"),
    )
    data = {
        "shipping": {"name": "Ann Brown", "street": [SECRET_ADDRESS], "city": "London"},
        "billing": None,
        "email": "",
    }
    OrderPerson.objects.create(order=order, data=data)
    return order


def make_call(job: SyncJob, attempt: SyncAttempt, *, status: int | None = 200, body: str = '{"a": 1}') -> SyncCall:
    call = SyncCall.objects.create(
        attempt_id=attempt.pk,
        job_id=job.pk,
        connection=job.connection,
        operation="confirmOrder",
        write=True,
        method="POST",
        url="https://nordhem.centra.com/graphql",
        status=status,
        started_at=ports.now(),
        seconds=0.31,
    )
    packed = zlib.compress(json.dumps({"headers": {"Content-Type": "application/json"}, "body": body}).encode())
    CallBody.objects.create(call_id=call.pk, request=packed, response=packed)
    return call


# --- the list ---------------------------------------------------------------------------------------------------------


def test_the_list_is_newest_first_and_costs_ten_queries(
    shop: Shop, client_of: Any, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(30):
        factories.make_order(shop.link, f"MK-{number}", placed_at=ports.now() - timedelta(hours=number))
    client = client_of("OPS")
    assert listed(client)[:3] == ["MK-0", "MK-1", "MK-2"]
    with django_assert_num_queries(7):  # session, person, roles, badge, channels to choose, count, rows
        client.get("/console/orders/")


def test_an_order_that_waits_for_a_person_is_marked(shop: Shop, client_of: Any) -> None:
    factories.make_blocked_orders(shop.link, "AB-1021", 1)
    factories.make_order(shop.link, "MK-FINE")
    client = client_of("OPS")
    assert listed(client, "?waits=yes") == ["MK-10001-A"]
    assert client.get("/console/orders/").content.decode().count("waits for a person") == 1


@pytest.mark.parametrize("typed", ["MK-10023-A", "mk-10023", "MK-100", "88412", "1550123456", "COM-7", "com-7"])
def test_an_order_is_found_by_any_of_its_numbers(shop: Shop, client_of: Any, order: SoldOrder, typed: str) -> None:
    SoldOrder.objects.filter(pk=order.pk).update(commercial_reference="COM-7")
    SoldDispatch.objects.create(
        order=order, dispatch_id="1", tracking_number="15501234567890", dispatched_at=ports.now()
    )
    factories.make_order(shop.link, "ZZ-1")
    assert listed(client_of("OPS"), f"?q={typed}") == ["MK-10023-A"]


def test_an_order_of_another_brand_is_neither_listed_nor_found(shop: Shop, client_of: Any) -> None:
    other = factories.make_brand("other", "Other")
    factories.make_order(factories.make_link(other), "MK-1")
    client = client_of("ADMIN")
    assert listed(client) == []
    assert listed(client, "?q=MK-1") == []


# --- the page ---------------------------------------------------------------------------------------------------------


def test_the_two_sides_stand_beside_each_other_and_differences_are_said_in_words(
    shop: Shop, client_of: Any, order: SoldOrder
) -> None:
    lines = [{"sku": "NW-1", "quantity": 2, "unit_price": "25.00", "line_total": "50.00"}]
    SoldOrder.objects.filter(pk=order.pk).update(target_lines=lines, target_shipping=Decimal("0.00"))
    order.lines.update(target_sku="NW-1")
    told = page(client_of("OPS"), order)
    assert "Sold at Northgate" in told
    assert "Fulfilled in Centra" in told
    assert '<span class="hub-differs">£0.01 more there</span>' in told  # the total
    assert '<span class="hub-differs">£4.99 less there</span>' in told  # delivery
    assert '<span class="hub-differs">quantity, total</span>' in told  # the line
    assert "https://northgate.mirakl.net/mmp/shop/order/MK-10023-A" in told


def test_what_only_one_side_has_is_told(shop: Shop, client_of: Any, order: SoldOrder) -> None:
    lines = [{"sku": "NW-2", "quantity": 1, "unit_price": "1.00", "line_total": "1.00"}]
    SoldOrder.objects.filter(pk=order.pk).update(target_lines=lines)
    order.lines.update(target_sku="NW-1")
    rows = client_of("OPS").get(f"/console/orders/{order.pk}/").context["lines"]
    assert [row.differs for row in rows] == [("not in Centra",), ("only in Centra",)]


@pytest.mark.parametrize("attempts", [1, 200])
def test_the_page_and_its_timeline_cost_thirteen_queries_each(
    shop: Shop, client_of: Any, order: SoldOrder, django_assert_max_num_queries: Any, attempts: int
) -> None:
    job = factories.make_job(order)
    factories.make_case(shop.link, "refused_by_platform", object_key="x", jobs=[job])
    tried = SyncAttempt.objects.bulk_create(
        SyncAttempt(job_id=job.pk, fence=1, owner="w", result="TRANSIENT") for _ in range(attempts)
    )
    make_call(job, tried[-1])
    SoldDispatch.objects.create(order=order, dispatch_id="1", dispatched_at=ports.now())
    client = client_of("OPS")
    page(client, order)  # the first look of a session notes where it comes from
    with django_assert_max_num_queries(13):
        page(client, order)
    with django_assert_max_num_queries(13):
        story(client, order)


def test_a_long_timeline_comes_in_pages(shop: Shop, client_of: Any, order: SoldOrder) -> None:
    job = factories.make_job(order)
    SyncAttempt.objects.bulk_create(
        SyncAttempt(job_id=job.pk, fence=1, owner="w", result="TRANSIENT", message=f"try {number}.")
        for number in range(200)
    )
    client = client_of("OPS")
    latest, oldest = story(client, order), story(client, order, 6)
    assert ("try 199." in latest, "try 150." in latest, "Older" in latest, "Newer" in latest) == (
        True,
        False,
        True,
        False,
    )
    assert ("The customer placed the order." in oldest, "Older" in oldest, "Newer" in oldest) == (True, False, True)
    told = "".join(story(client, order, number) for number in range(1, 7))
    assert [told.count(f"try {number}.") for number in range(200)] == [1] * 200


@pytest.mark.parametrize(
    ("role", "reads"), [("OPS", True), ("FINANCE", True), ("VIEWER", False), ("AUDITOR", False), ("ECOMMERCE", False)]
)
def test_names_and_addresses_take_the_right_to_read_them_and_each_look_is_kept(
    shop: Shop, client_of: Any, order: SoldOrder, role: str, reads: bool
) -> None:
    client = client_of(role)
    assert SECRET_ADDRESS not in page(client, order)
    assert "A.B. in GB" in page(client, order)
    assert not AuditEntry.objects.filter(action="personal_data.opened").exists()
    answer = client.get(f"/console/orders/{order.pk}/person/")
    assert (SECRET_ADDRESS in answer.content.decode(), answer.status_code) == (reads, 200 if reads else 403)
    looks = AuditEntry.objects.filter(action="personal_data.opened")
    assert [(look.actor, look.subject) for look in looks] == ([(f"the-{role.lower()}", "MK-10023-A")] if reads else [])


def test_lines_lead_to_the_mapping_version_they_got(shop: Shop, client_of: Any, order: SoldOrder) -> None:
    version = save_mapping(kind="sku", brand=shop.brand, from_code="AB-1021", to_code="NW-1", actor="alice", reason="")
    order.lines.update(target_sku="NW-1", mapping_version=version)
    told = page(client_of("OPS"), order)
    assert f'<a href="/console/mappings/skus/{version.pk}/">mapping, version {version.pk}</a>' in told


def test_the_timeline_tells_everything_in_the_order_it_happened(shop: Shop, client_of: Any, order: SoldOrder) -> None:
    record = Record(kind="order", external_id=order.reference, payload={"order_id": order.reference})
    inbox.store(shop.northgate.pk, [record], origin="POLL")
    job = factories.make_job(order, created_at=ports.now())
    attempt = SyncAttempt.objects.create(
        job_id=job.pk,
        fence=1,
        owner="w",
        result="REFUSED",
        message="Centra refuses the country.",
        traceback="Traceback (most recent call last)",
    )
    make_call(job, attempt, status=422)
    case = factories.make_case(shop.link, "refused_by_platform", object_key="x", jobs=[job])
    told = story(client_of("OPS"), order)
    wanted = [
        "The customer placed the order.",
        "Received the order.",
        "Create orders: refused.",
        "Told Centra: confirmOrder – refused (422)",
        "Waits for a person.",
    ]
    at = [told.index(words) for words in wanted]
    assert at[0] < min(at[1:])
    assert f"/console/cases/{case.pk}/" in told
    assert "Traceback" not in told


def test_calls_are_fetched_only_when_unfolded(shop: Shop, client_of: Any, order: SoldOrder) -> None:
    job = factories.make_job(order)
    attempt = SyncAttempt.objects.create(job_id=job.pk, fence=1, owner="w", result="DONE")
    call = make_call(job, attempt, body='{"words": "<script>alert(1)</script>", "total": 50.10}')
    client = client_of("OPS")
    assert "alert(1)" not in story(client, order)
    shown = client.get(f"/console/orders/{order.pk}/calls/{call.pk}/").content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown
    assert "&quot;total&quot;: 50.10\n" in shown


def test_a_call_of_another_order_is_not_shown_here(shop: Shop, client_of: Any, order: SoldOrder) -> None:
    job = factories.make_job(factories.make_order(shop.link, "MK-2"))
    call = make_call(job, SyncAttempt.objects.create(job_id=job.pk, fence=1, owner="w"))
    assert client_of("OPS").get(f"/console/orders/{order.pk}/calls/{call.pk}/").status_code == 403


def test_what_arrived_is_shown_to_who_may_read_names(shop: Shop, client_of: Any, order: SoldOrder) -> None:
    record = Record(kind="order", external_id=order.reference, payload={"street": SECRET_ADDRESS})
    (stored,) = inbox.store(shop.northgate.pk, [record], origin="POLL")
    address = f"/console/orders/{order.pk}/received/{stored.record_id}/"
    assert SECRET_ADDRESS in client_of("OPS").get(address).content.decode()
    assert client_of("VIEWER").get(address).status_code == 403


def test_a_document_of_another_order_is_not_shown_here(shop: Shop, client_of: Any, order: SoldOrder) -> None:
    (stored,) = inbox.store(shop.northgate.pk, [Record(kind="order", external_id="MK-2", payload={})], origin="POLL")
    assert client_of("OPS").get(f"/console/orders/{order.pk}/received/{stored.record_id}/").status_code == 403
