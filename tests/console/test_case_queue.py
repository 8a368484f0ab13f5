"""Many failures of few causes: what the queue shows of them, and what it costs."""

import re
from collections.abc import Sequence
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from connectors import ports
from connectors.canonical.errors import PermanentError
from connectors.models import Link
from exceptions_app.grouping import refusal_key
from exceptions_app.models import ExceptionCase
from exceptions_app.opening import open_case
from integrationhub.orders.flows.routing import order_key
from integrationhub.orders.models import SoldOrder
from integrationhub.sync import blocking
from integrationhub.sync.models import Blocker, SyncJob
from tests import factories
from tests.console.conftest import Shop

FAILURES, CAUSES = 10_000, 12
LIST = "/console/cases/"
NOT_FOR_PEOPLE = re.compile(
    r"Traceback|File &quot;|\bNone\b|\bN/A\b|import_order|confirm_dispatch|sync_syncjob|[{}]\s*&quot;|\bHTTP\b|SyncJob|\bjob \d+"
)


def many_jobs(link: Link, count: int, *, start: int) -> list[SyncJob]:
    """As `factories.make_job` for as many orders, in two statements."""
    placed_at = ports.now() - timedelta(hours=3)
    sample = factories.make_order(link, f"SAMPLE-{link.pk}-{start}", placed_at=placed_at)
    job = factories.make_job(sample)
    orders = []
    for number in range(start, start + count):
        values = {field.attname: getattr(sample, field.attname) for field in SoldOrder._meta.concrete_fields}
        values |= {"id": None, "reference": f"MK-{number:05}", "target_reference": f"MK-{number:05}"}
        orders.append(SoldOrder(**values))
    SoldOrder.objects.bulk_create(orders, batch_size=1_000)
    jobs = []
    for order in orders:
        values = {field.attname: getattr(job, field.attname) for field in SyncJob._meta.concrete_fields}
        values |= {"id": None, "key": order.reference, "serial_key": order_key(link.pk, order.reference)}
        jobs.append(SyncJob(**values))
    job.delete()
    sample.lines.all().delete()
    sample.delete()
    return SyncJob.objects.bulk_create(jobs, batch_size=1_000)


def let_wait(jobs: Sequence[SyncJob], cases: Sequence[ExceptionCase]) -> None:
    """The jobs in turn wait for the cases, each for one."""
    rows = [Blocker(job=job, case=cases[place % len(cases)], since=job.created_at) for place, job in enumerate(jobs)]
    with transaction.atomic():
        Blocker.objects.bulk_create(rows, batch_size=1_000)
        blocking.recount([case.pk for case in cases])


@pytest.fixture
def flood(shop: Shop) -> list[ExceptionCase]:
    """10,000 records in two channels wait for 12 causes: ten SKUs, a carrier and a refusal."""
    factories.make_known_codes(shop.centra, "sku", ("NW-1", "Black / M", "5012345678900"))
    cases = [factories.make_unmapped(shop.link, f"SKU-{number}") for number in range(CAUSES - 2)]
    cases.append(factories.make_unmapped(shop.link, "DPD Next Day", kind="carrier"))
    cases.append(factories.make_case(shop.link, "refused_by_platform", object_key="1", platform_words="Not allowed."))
    half = FAILURES // 2
    jobs = [*many_jobs(shop.link, half, start=0), *many_jobs(shop.harbour_link, half, start=half)]
    let_wait(jobs, cases)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # as autovacuum does within a minute of such a flood
    return cases


def words_on(page: str) -> str:
    """What a person reads on the page: without markup, scripts and what is hidden in attributes."""
    body = re.sub(r"<(script|style|template|dialog)\b.*?</\1>", " ", page, flags=re.S)
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def test_ten_thousand_failures_of_twelve_causes_are_twelve_rows_for_twelve_queries(
    shop: Shop, client_of: Any, flood: list[ExceptionCase], django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = client_of("OPS")
    client.get(LIST)
    with django_assert_max_num_queries(12):
        answer = client.get(LIST)
    shown = list(answer.context["cl"].result_list)
    assert len(shown) == CAUSES
    assert sum(case.waiting_count for case in shown) == FAILURES
    for case in (flood[0], flood[-2], flood[-1]):
        client.get(f"{LIST}{case.pk}/")
        with django_assert_max_num_queries(12):
            page = client.get(f"{LIST}{case.pk}/")
        assert len(page.context["waiting"].rows) == 25
        assert NOT_FOR_PEOPLE.findall(words_on(page.content.decode())) == []
    assert NOT_FOR_PEOPLE.findall(words_on(answer.content.decode())) == []


def test_a_plan_over_ten_thousand_records_is_made_started_and_cancelled(
    shop: Shop, client_of: Any, flood: list[ExceptionCase]
) -> None:
    client = client_of("OPS")
    chosen = {"action": "retry_selected", "_selected_action": [flood[0].pk], "index": 0, "select_across": "1"}
    page = client.post(LIST, chosen, follow=True)
    assert "Try 10,000 records again" in page.content.decode()
    address = page.redirect_chain[-1][0]
    client.post(f"{address}press/", {"do": "start"})
    assert SyncJob.objects.filter(state="QUEUED").count() == FAILURES
    client.post(f"{address}press/", {"do": "cancel"})
    assert SyncJob.objects.filter(state="BLOCKED").count() == FAILURES
    assert client.get(f"{address}progress/").json()["told"] == "0 of 10,000 done · 10,000 left as they were"


def test_two_channels_wordings_of_one_cause_share_a_row(shop: Shop, client_of: Any) -> None:
    for link, code in ((shop.link, "ab 1021"), (shop.harbour_link, "ab 1021")):
        factories.make_unmapped(link, code)
    sayings = {
        shop.link: "Order MK-10001 was refused: 'AB' is unknown.",
        shop.harbour_link: "order HC-7 was refused: 'ZZ' is unknown.",
    }
    for link, words in sayings.items():
        error = PermanentError("Centra refuses the order.", platform_words=words)
        key = refusal_key(error, target_id=shop.centra.pk, operation="import_order")
        with transaction.atomic():
            open_case(
                brand=shop.brand,
                cause="refused_by_platform",
                object_key=key,
                link=link,
                target=shop.centra,
                platform_words=words,
            )
    client = client_of("OPS")
    rows = list(client.get(LIST).context["cl"].result_list)
    assert len(rows) == 2
    assert {channel.link for case in rows for channel in case.case_links.all()} == {shop.link, shop.harbour_link}
    assert [case.case_links.count() for case in rows] == [2, 2]


@pytest.mark.parametrize("role", ["OPS", "ECOMMERCE", "FINANCE", "VIEWER"])
def test_a_fault_of_ours_shows_no_trace_of_code(shop: Shop, client_of: Any, role: str) -> None:
    job = factories.make_job(
        factories.make_order(shop.link, "MK-1"), state="ERRORED", reason="The hub made a mistake here."
    )
    context = {"record": "order", "records": "orders", "example": "MK-1"}
    case = factories.make_case(
        shop.link, "our_bug", object_key="import_order:KeyError@creating.py:_send", context=context, jobs=[job]
    )
    client: Client = client_of(role)
    told = words_on(client.get(f"{LIST}{case.pk}/").content.decode()) + words_on(client.get(LIST).content.decode())
    assert "because of a fault in the hub" in told
    assert NOT_FOR_PEOPLE.findall(told) == []
    assert "KeyError" not in unescape(told)
    assert "creating.py" not in told
