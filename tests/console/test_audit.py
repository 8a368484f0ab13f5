"""The audit trail's pages: narrowed by choices, leafed by keyset, taken out as a file that no spreadsheet runs."""

import csv
from io import StringIO
from typing import Any

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from connectors import ports, sealing
from connectors.admin_base import Rights
from connectors.models import AuditEntry, record_audit
from integrationhub.adminkit.spreadsheets import csv_lines, neutral
from integrationhub.console.audit import reading
from tests import factories
from tests.console.conftest import Shop

DAY = 24 * 3600


def tell(shop: Shop, actor: str = "adam", subject: Any = None, **values: Any) -> AuditEntry:
    given = {"action": "sync.mode_changed", "before": {"mode": "Live"}, "after": {"mode": "Held"}, "reason": "Moving"}
    return record_audit(actor=actor, subject=subject or shop.northgate, brand=shop.brand, **{**given, **values})


def shown(client: Client, query: str = "") -> list[int]:
    return [row.entry.pk for row in client.get(f"/console/audit/?{query}").context["page"].rows]


def test_an_entry_is_told_with_who_what_before_after_and_why(shop: Shop, client_of: Any) -> None:
    entry = tell(shop)
    client = client_of("AUDITOR")
    for path in ("", f"{entry.pk}/"):
        told = client.get(f"/console/audit/{path}").content.decode()
        for word in ("adam", "mode changed", "Northgate", "Live", "Held", "Moving"):
            assert word in told


def test_the_trail_is_narrowed_by_person_kind_record_and_date(
    shop: Shop, client_of: Any, virtual_clock: ports.VirtualClock
) -> None:
    old = tell(shop, "adam")
    virtual_clock.advance(3 * DAY)
    by_hub = tell(shop, "the hub")
    brand = tell(shop, "adam", subject=shop.brand)
    client = client_of("AUDITOR")
    assert shown(client) == [brand.pk, by_hub.pk, old.pk]
    assert shown(client, "person=adam") == [brand.pk, old.pk]
    assert shown(client, "kind=brand") == [brand.pk]
    assert shown(client, f"record=connection:{shop.northgate.pk}") == [by_hub.pk, old.pk]
    assert shown(client, f"q=Connection:{shop.northgate.pk}") == [by_hub.pk, old.pk]
    assert shown(client, "span=today") == [brand.pk, by_hub.pk]
    assert shown(client, "span=yesterday") == []
    assert shown(client, "span=30&person=adam&kind=connection") == [old.pk]


@pytest.mark.parametrize(
    "query", ["older=x", "older=2026-01-01_1", "newer=%00", "span=∞", "kind=x'--", "brand=-1", "record=::"]
)
def test_nonsense_in_an_address_counts_as_no_choice(shop: Shop, client_of: Any, query: str) -> None:
    entry = tell(shop)
    assert shown(client_of("AUDITOR"), query) == [entry.pk]


def test_leafing_there_and_back_shows_every_entry_once(shop: Shop, client_of: Any) -> None:
    """All at one moment, so that only the second half of the place tells them apart."""
    ids = [tell(shop).pk for _ in range(120)][::-1]
    client, query, seen = client_of("AUDITOR"), "", []
    for _ in range(3):
        page = client.get(f"/console/audit/?{query}").context["page"]
        seen.append([row.entry.pk for row in page.rows])
        query = f"older={page.older.replace('+', '%2B')}"
    assert [len(one) for one in seen] == [50, 50, 20]
    assert [pk for one in seen for pk in one] == ids
    assert page.older == ""
    back = client.get(f"/console/audit/?newer={page.newer.replace('+', '%2B')}").context["page"]
    assert [row.entry.pk for row in back.rows] == seen[1]


def test_entries_of_other_brands_are_out_of_sight(shop: Shop, client_of: Any) -> None:
    other = factories.make_brand("other", "Other")
    theirs = record_audit(actor="otto", action="x", subject=other, brand=other)
    nobodys = record_audit(actor="otto", action="x", subject=other, brand=None)
    client = client_of("AUDITOR")
    assert shown(client) == [nobodys.pk]
    assert client.get(f"/console/audit/{theirs.pk}/").status_code == 403


@pytest.mark.parametrize("query", ["", "person=adam", "span=7&kind=connection"])
def test_a_page_costs_the_same_for_any_number_of_entries(
    shop: Shop, client_of: Any, django_assert_num_queries: DjangoAssertNumQueries, query: str
) -> None:
    for _ in range(60):
        tell(shop)
    sealing.seal()
    client = client_of("AUDITOR")
    client.get("/console/audit/")
    with django_assert_num_queries(7):  # session, person, roles, badge, entries, people, the chain's head
        client.get(f"/console/audit/?{query}")


_MANY = """
INSERT INTO connectors_auditentry (at, brand_id, actor, action, subject_kind, subject_id, subject, reason)
SELECT %s - n * interval '1 minute', %s, 'person-' || n %% 40, 'x', CASE WHEN n %% 500 = 0 THEN 'link' ELSE 'connection' END,
       n %% 500, 'x', ''
FROM generate_series(1, 30000) n
"""


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("", "audit_by_time"),
        ("span=30", "audit_by_time"),
        ("older=2026-01-01T00:00:00%2B00:00_5", "audit_by_time"),
        ("person=person-7", "audit_by_actor"),
        ("person=person-7&span=30", "audit_by_actor"),
        ("kind=link", "audit_by_kind"),
        ("record=connection:7", "audit_subject"),
    ],
)
def test_every_choice_is_answered_from_an_index(shop: Shop, person: Any, query: str, index: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_MANY, [ports.now(), shop.brand.pk])
        cursor.execute("ANALYZE connectors_auditentry")
    asked = reading.wanted(QueryDict(query))
    rows = reading.entries(Rights(person("AUDITOR")), asked, now=ports.now())
    if asked.older:
        at, pk = reading._place(asked.older) or (ports.now(), 0)
        rows = rows.filter(at__lte=at).exclude(at=at, pk__gte=pk)
    plan = rows.order_by("-at", "-pk")[: reading.PAGE + 1].explain()
    assert index in plan
    assert "Seq Scan on connectors_auditentry" not in plan


# --- the file ---------------------------------------------------------------------------------------------------------
def rows_of(answer: Any) -> list[list[str]]:
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.reader(StringIO(text)))


def test_what_is_taken_out_is_what_was_chosen_and_is_on_the_trail_itself(shop: Shop, client_of: Any) -> None:
    tell(shop, "adam")
    tell(shop, "olivia", reason='=HYPERLINK("http://evil")')
    sealing.seal()
    answer = client_of("AUDITOR").post("/console/audit/export/", {"person": "olivia"})
    header, row = rows_of(answer)
    assert answer["Content-Disposition"] == 'attachment; filename="audit-trail-2026-01-15.csv"'
    assert header[:3] == ["Position", "When (UTC)", "Who"]
    assert row[2:5] == ["olivia", "mode changed", "Connections"]
    assert row[8:10] == ["mode: Live → Held", '\'=HYPERLINK("http://evil")']
    exported = AuditEntry.objects.get(action="audit.exported")
    assert (exported.actor, exported.after) == ("the-auditor", {"entries": 1, "choices": {"person": "olivia"}})


@pytest.mark.parametrize("role", ["VIEWER", "OPS", "ECOMMERCE", "FINANCE", "FINANCE_APPROVER"])
def test_who_may_not_read_the_trail_takes_nothing_out(shop: Shop, client_of: Any, role: str) -> None:
    tell(shop)
    client = client_of(role)
    assert client.get("/console/audit/").status_code == 403
    assert client.post("/console/audit/export/").status_code == 403
    assert not AuditEntry.objects.filter(action="audit.exported").exists()


def test_asking_for_the_file_by_a_link_gives_nothing(shop: Shop, client_of: Any) -> None:
    assert client_of("AUDITOR").get("/console/audit/export/").status_code == 405
    assert not AuditEntry.objects.exists()


@given(st.text(alphabet="=+-@\t\r\n ＝＋－＠\u00a0ab1,\"'", max_size=12))
def test_no_cell_of_a_file_begins_like_a_formula(text: str) -> None:
    cell = neutral(text)
    assert cell in (text, f"'{text}")
    assert cell.lstrip(" \u00a0\ufeff")[:1] not in tuple("=+-@\t\r\n＝＋－＠")


def test_every_value_of_a_file_is_quoted_and_comes_back_whole() -> None:
    lines = list(csv_lines(["A", "B"], [['say "hi", you', None], ["two\nlines", 5]]))
    assert lines[0] == '\ufeff"A","B"\r\n'
    assert lines[1] == '"say ""hi"", you",""\r\n'
    assert list(csv.reader(StringIO(lines[2]))) == [["two\nlines", "5"]]


def test_a_broken_chain_is_told_in_the_header(shop: Shop, client_of: Any) -> None:
    tell(shop)
    sealing.seal()
    sealing.check_some()
    client = client_of("AUDITOR")
    assert "chain intact" in client.get("/console/audit/").content.decode()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE connectors_auditentry DISABLE TRIGGER append_only")
        cursor.execute("UPDATE connectors_auditentry SET reason = 'Other'")
        cursor.execute("ALTER TABLE connectors_auditentry ENABLE TRIGGER append_only")
        cursor.execute("UPDATE connectors_audithead SET checked_position = 0, checked_seal = ''")
    sealing.check_some()
    told = client.get("/console/audit/").content.decode()
    assert "The audit trail was tampered with." in told
    assert "chain intact" not in told
