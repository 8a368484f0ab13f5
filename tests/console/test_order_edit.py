"""The form that corrects a record, its preview, and the second person."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from connectors.base import Record
from connectors.models import AuditEntry
from integrationhub.orders.correcting_fields import words_of
from integrationhub.sync import inbox
from integrationhub.sync.models import Correction, SyncJob
from tests import factories
from tests.console.conftest import Shop

PAYLOAD = Path(settings.BASE_DIR) / "tests/payloads/mirakl/order_shipping.json"
PRICE = "value:order_lines[0].price"


@pytest.fixture
def job(shop: Shop) -> SyncJob:
    """The import of an order whose first price is words."""
    payload = json.loads(PAYLOAD.read_text().replace("2026-03-0", "2026-01-0"))
    payload["order_lines"][0]["price"] = "a lot"
    order = factories.make_order(shop.link, payload["order_id"])
    record = Record(kind="order", external_id=payload["order_id"], payload=payload)
    (stored,) = inbox.store(shop.northgate.pk, [record], origin="POLL")
    return factories.make_job(order, record_id=stored.record_id)


def address(job: SyncJob) -> str:
    return f"/console/records/{job.pk}/edit/"


def post(client: Client, job: SyncJob, do: str, **data: Any) -> Any:
    return client.post(address(job), {"do": do, "record": job.record_id, "token": "t", **data})


def proposed(client: Client, job: SyncJob) -> Correction:
    seen = post(client, job, "preview", **{PRICE: "99.80"})
    digest = seen.context["preview"].digest
    post(client, job, "propose", **{PRICE: "99.80", "previewed": digest, "reason": "By phone"})
    return Correction.objects.get()


def test_the_form_names_what_is_wrong_and_shows_no_json_unless_unfolded(
    shop: Shop, client_of: Any, job: SyncJob, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = client_of("OPS")
    client.get(address(job))
    with django_assert_num_queries(12):
        told = client.get(address(job)).content.decode()
    assert "Order lines 1, price: &#x27;a lot&#x27; is not an amount." in told
    assert 'name="value:order_lines[0].price" value="a lot"' in told
    assert re.search(r"<h1[^>]*>\s*[^<{]*Correct MN-88210-A", told)
    assert AuditEntry.objects.filter(action="personal_data.opened", actor="the-ops").count() == 2


def test_the_preview_tells_what_the_hub_would_read_and_sends_nothing(shop: Shop, client_of: Any, job: SyncJob) -> None:
    answer = post(client_of("OPS"), job, "preview", **{PRICE: "99.80"})
    preview = answer.context["preview"]
    assert (preview.money, preview.problems) == (True, [])
    assert preview.changes == [{"what": "Order lines 1, price", "was": "a lot", "now": "99.80"}]
    assert "they agree." in preview.rehearsal.steps[0]
    assert preview.rehearsal.lacking[0] == "SKU NV1001-410-M is not mapped."
    assert Correction.objects.count() == 0


def test_what_still_cannot_be_read_is_told_and_offers_no_button(shop: Shop, client_of: Any, job: SyncJob) -> None:
    told = post(client_of("OPS"), job, "preview", **{PRICE: "12.00"}).content.decode()
    assert "Like this it still can't be read" in told
    assert 'value="propose"' not in told


def test_what_was_typed_after_the_preview_is_looked_at_again(shop: Shop, client_of: Any, job: SyncJob) -> None:
    client = client_of("OPS")
    digest = post(client, job, "preview", **{PRICE: "99.80"}).context["preview"].digest
    answer = post(client, job, "propose", **{PRICE: "199.80", "previewed": digest, "reason": "x"})
    assert "Look at what changes first" in answer.content.decode()
    assert Correction.objects.count() == 0


def test_money_waits_for_a_second_person_who_sees_it_in_the_menu(shop: Shop, client_of: Any, job: SyncJob) -> None:
    ops, approver = client_of("OPS"), client_of("FINANCE_APPROVER")
    correction = proposed(ops, job)
    assert (correction.state, correction.money, correction.proposed_by.username) == ("PROPOSED", True, "the-ops")
    assert "Take it back" in ops.get(address(job)).content.decode()
    assert "Approve and try again" not in ops.get(address(job)).content.decode()
    listed = approver.get("/console/corrections/").content.decode()
    assert "Waits for a second person" in listed
    post(approver, job, "approve", correction=correction.pk)
    correction.refresh_from_db()
    job.refresh_from_db()
    assert (correction.state, correction.decided_by) == ("APPROVED", User.objects.get(username="the-finance_approver"))
    assert (job.state, job.reason) == ("QUEUED", "Corrected by the-ops.")


@pytest.mark.parametrize("do", ["approve", "reject"])
def test_the_proposer_decides_nothing_by_posting_it(shop: Shop, client_of: Any, job: SyncJob, do: str) -> None:
    client = client_of("OPS")
    correction = proposed(client, job)
    factories.RoleGrant.objects.create(
        user=correction.proposed_by, brand=shop.brand, role=factories.RoleGrant.Role.FINANCE_APPROVER
    )
    post(client, job, do, correction=correction.pk, reason="x")
    correction.refresh_from_db()
    job.refresh_from_db()
    assert (correction.state, job.state) == ("PROPOSED", "BLOCKED")


def test_a_job_that_has_gone_on_is_not_corrected(shop: Shop, client_of: Any, job: SyncJob) -> None:
    SyncJob.objects.filter(pk=job.pk).update(state="DONE")
    client = client_of("OPS")
    assert "It has gone on already." in client.get(address(job)).content.decode()
    digest = post(client, job, "preview", **{PRICE: "99.80"}).context["preview"].digest
    post(client, job, "propose", **{PRICE: "99.80", "previewed": digest, "reason": "x"})
    assert Correction.objects.count() == 0


def test_another_brand_corrects_nothing_here(shop: Shop, job: SyncJob) -> None:
    other = factories.make_brand("other", "Other")
    client = Client()
    client.force_login(factories.make_person("otto", ("ADMIN", other), ("OPS", other)))
    assert client.get(address(job)).status_code == 403
    assert post(client, job, "preview", **{PRICE: "1"}).status_code == 403


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("total_price", "Total price"),
        ("order_lines[0].price", "Order lines 1, price"),
        ("customer.shippingAddress.zip_code", "Customer, shipping address, zip code"),
    ],
)
def test_a_field_is_named_in_words(name: str, words: str) -> None:
    assert words_of(name) == words
