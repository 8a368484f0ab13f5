"""The pages around a mapping: what it shaped, going back, moving, imports and exports."""

import io
from datetime import timedelta
from functools import partial, partialmethod
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from openpyxl import load_workbook
from pytest_django import DjangoAssertNumQueries

from connectors import ports
from connectors.models import AuditEntry
from exceptions_app.models import ExceptionCase
from integrationhub.console import uploads
from integrationhub.console.mappings import long_imports, uploading
from integrationhub.orders.flows.learning import catch_up_on_uses
from integrationhub.sync import sweep
from integrationhub.sync.models import SyncAttempt, SyncJob
from mappings_app.applying import carry_on_plan
from mappings_app.codes import CodeItem, note_seen
from mappings_app.models import ImportPlan, MappingUse, MappingVersion
from mappings_app.reading import PlanReader
from mappings_app.saving import save_mapping
from mappings_app.undoing import carry_on_undo
from tests import factories
from tests.console.conftest import Shop

SKUS, PLANS = "/console/mappings/skus/", "/console/mappings/imports/"


def mapped(shop: Shop, from_code: str, to_code: str, **values: Any) -> MappingVersion:
    return save_mapping(kind="sku", brand=shop.brand, from_code=from_code, to_code=to_code, actor="alice", **values)


def current(shop: Shop) -> list[str]:
    rows = MappingVersion.objects.filter(superseded_at=None, retired=False).order_by("from_code", "link_id")
    return [str(version) for version in rows]


def shape(shop: Shop, version: MappingVersion, reference: str, *, state: str, **order: Any) -> SyncJob:
    """A try of an order's import that this version was used in."""
    job = factories.make_job(factories.make_order(shop.link, reference, **order), state=state)
    SyncAttempt.objects.create(
        job_id=job.pk, fence=1, owner="w", finished_at=ports.now(), result="DONE", mapping_versions=[version.pk]
    )
    return job


def upload(client: Client, text: str, **data: str) -> ImportPlan:
    answer = client.post(f"{SKUS}import/", {"file": SimpleUploadedFile("skus.csv", text.encode()), **data})
    assert answer.status_code == 302
    return ImportPlan.objects.latest("pk")


# --- what a mapping shaped --------------------------------------------------------------------------------------------


def test_the_page_names_the_records_that_a_version_shaped(
    shop: Shop, client_of: Any, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    version = mapped(shop, "AB-1", "NW-1")
    shape(shop, version, "MK-1-A", state="DONE", target_external_id="88412", target_state="CONFIRMED")
    catch_up_on_uses()
    catch_up_on_uses()
    assert MappingUse.objects.count() == 1
    client = client_of("VIEWER")
    client.get(f"{SKUS}{version.pk}/")  # the session writes down that it is seen, once a minute
    with django_assert_num_queries(10):
        told = client.get(f"{SKUS}{version.pk}/").content.decode()
    assert "MK-1-A" in told
    assert "1 order" in told
    assert '<span class="hub-number">1</span>' in client.get(SKUS).content.decode()


def test_tries_are_counted_past_the_mark_only_once_they_are_settled(shop: Shop, virtual_clock: Any) -> None:
    version = mapped(shop, "AB-1", "NW-1")
    shape(shop, version, "MK-1-A", state="DONE")
    assert catch_up_on_uses() == (1, False)
    assert catch_up_on_uses() == (1, False)
    virtual_clock.advance(121)
    assert catch_up_on_uses() == (1, False)
    assert catch_up_on_uses() == (0, False)


def test_going_back_names_what_it_touches_first(
    shop: Shop, client_of: Any, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    right = mapped(shop, "AB-1", "NW-1")
    wrong = mapped(shop, "AB-1", "NW-2")
    shape(shop, wrong, "MK-OPEN", state="BLOCKED")
    shape(shop, wrong, "MK-DONE", state="DONE", target_external_id="88412", target_state="CONFIRMED")
    client = client_of("OPS")
    client.get(f"{SKUS}{right.pk}/roll-back/")
    with django_assert_num_queries(12):
        answer = client.get(f"{SKUS}{right.pk}/roll-back/")
    effects = answer.context["effects"]
    assert [one.reference for one in effects.open] == ["MK-OPEN"]
    assert [one.reference for one in effects.finished] == ["MK-DONE"]
    assert (effects.open_count, effects.finished_count) == (1, 1)
    assert current(shop) == ["AB-1 → NW-2"]
    client.post(f"{SKUS}{right.pk}/roll-back/", {"reason": "Wrong tee"})
    assert current(shop) == ["AB-1 → NW-1"]


def test_going_back_past_several_changes_restores_what_stood_then(shop: Shop, client_of: Any) -> None:
    first = mapped(shop, "AB-1", "NW-1")
    mapped(shop, "AB-1", "NW-2", effective_from=ports.now())
    mapped(shop, "AB-1", "NW-3")
    client_of("OPS").post(f"{SKUS}{first.pk}/roll-back/", {"reason": "Back to the start"})
    assert current(shop) == ["AB-1 → NW-1"]
    assert MappingVersion.objects.get(superseded_at=None).valid_to is None


def test_a_mapping_of_one_channel_is_made_to_count_for_every_channel(shop: Shop, client_of: Any) -> None:
    own = mapped(shop, "AB-1", "NW-1", link=shop.link)
    client = client_of("OPS")
    client.post(f"{SKUS}{own.pk}/scope/", {"link": "", "reason": ""})
    assert MappingVersion.objects.filter(superseded_at=None, link=None).count() == 0
    client.post(f"{SKUS}{own.pk}/scope/", {"link": "", "reason": "Everywhere the same"})
    assert current(shop) == ["AB-1 → NW-1"]
    assert MappingVersion.objects.get(superseded_at=None, retired=False).link is None


def test_moving_onto_another_meaning_is_refused_and_changes_nothing(shop: Shop, client_of: Any) -> None:
    own = mapped(shop, "AB-1", "NW-1", link=shop.link)
    mapped(shop, "AB-1", "NW-2")
    answer = client_of("OPS").post(f"{SKUS}{own.pk}/scope/", {"link": "", "reason": "x"}, follow=True)
    assert "For every channel it means NW-2 already." in answer.content.decode()
    assert len(current(shop)) == 2


# --- imports ----------------------------------------------------------------------------------------------------------


def test_an_import_is_looked_at_confirmed_and_undone(
    shop: Shop, client_of: Any, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    _, (job,) = factories.make_blocked_orders(shop.link, "AB-1021", 1)
    client = client_of("OPS")
    plan = upload(client, "their SKU;our SKU\nAB-1021;NW-1021\nAB-2;\n")
    address = f"{PLANS}{plan.pk}/"
    with django_assert_num_queries(8):
        told = client.get(address).content.decode()
    assert "Save 1 mapping" in told
    assert "Say what it is mapped to (our SKU)." in told
    assert SyncJob.objects.get(pk=job.pk).state == "BLOCKED"

    client.post(f"{address}apply/", {"reason": "Season"})
    assert current(shop) == ["AB-1021 → NW-1021"]
    assert SyncJob.objects.get(pk=job.pk).state == "QUEUED"
    assert ExceptionCase.objects.get(code="AB-1021").state == "CLOSED"
    with django_assert_num_queries(11):
        told = client.get(address).content.decode()
    assert "Undo 1" in told
    assert client.get(f"{address}progress/").json()["total"] == 1

    client.post(f"{address}undo/", {"reason": " "})
    assert current(shop) == ["AB-1021 → NW-1021"]
    client.post(f"{address}undo/", {"reason": "Wrong file"})
    assert current(shop) == []


def test_tables_that_changed_meanwhile_are_told_and_asked_again(shop: Shop, client_of: Any) -> None:
    client = client_of("OPS")
    plan = upload(client, "from,to\nA,NW-1\n")
    mapped(shop, "A", "NW-9")
    told = client.post(f"{PLANS}{plan.pk}/apply/", follow=True).content.decode()
    assert "The tables changed since the dry run: 1 row comes out otherwise now. Nothing was saved." in told
    assert current(shop) == ["A → NW-9"]


def test_a_file_that_cannot_be_read_says_why(shop: Shop, client_of: Any) -> None:
    client = client_of("OPS")
    told = client.post(f"{SKUS}import/", {"file": SimpleUploadedFile("x.csv", b"a,b\n1,2")}).content.decode()
    assert "names no column “from code” and “to code”" in told
    assert "Choose a file." in client.post(f"{SKUS}import/", {}).content.decode()
    assert ImportPlan.objects.count() == 0


def test_an_import_of_another_brand_is_out_of_reach(shop: Shop, client_of: Any) -> None:
    other = factories.make_brand("other", "Other")
    otto = Client()
    otto.force_login(factories.make_person("otto", ("OPS", other)))
    plan = upload(otto, "from,to\nA,B\n")
    assert client_of("ADMIN").post(f"{PLANS}{plan.pk}/apply/").status_code == 403
    assert MappingVersion.objects.count() == 0


def long_import(client: Client, monkeypatch: pytest.MonkeyPatch) -> ImportPlan:
    """Five mappings, of which two are written at once; one more row is wrong."""
    monkeypatch.setattr(long_imports, "SLICE_ROWS", 2)
    monkeypatch.setattr(long_imports, "AT_ONCE_SECONDS", -1)
    monkeypatch.setattr(long_imports, "carry_on_plan", partial(carry_on_plan, size=2))
    return upload(client, "from,to\n" + "".join(f"A{number},NW-{number}\n" for number in range(5)) + "A9,\n")


def test_a_long_import_shows_how_far_it_is(shop: Shop, client_of: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    client = client_of("OPS")
    plan = long_import(client, monkeypatch)
    assert current(shop) == []
    page = client.post(f"{PLANS}{plan.pk}/apply/", {"reason": "Season"}, follow=True).content.decode()
    assert "5 mappings are being saved." in page
    assert "0 of 5 mappings saved" in page
    saving = f"{PLANS}{plan.pk}/saving/"
    assert client.post(saving).json() == {
        "total": 5,
        "ended": 2,
        "told": "2 of 5 mappings saved",
        "state": "Being saved",
        "over": False,
    }
    viewer = client_of("VIEWER")
    assert viewer.get(saving).json()["ended"] == 2
    assert viewer.post(saving).status_code == 403
    client.post(saving)
    assert client.post(saving).json()["over"] is True
    assert len(current(shop)) == 5
    assert "Undo 5" in client.get(f"{PLANS}{plan.pk}/").content.decode()


def test_a_long_import_whose_page_is_closed_is_finished_by_the_scheduler(
    shop: Shop, client_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_of("OPS")
    plan = long_import(client, monkeypatch)
    _, (job,) = factories.make_blocked_orders(shop.link, "A3", 1)
    sweep.do_chores()
    assert current(shop) == []  # nobody has confirmed it
    client.post(f"{PLANS}{plan.pk}/apply/")
    for _ in range(3):
        sweep.do_chores()
    plan.refresh_from_db()
    assert (plan.state, plan.applied_by, len(current(shop))) == ("APPLIED", "the-ops", 5)
    assert SyncJob.objects.get(pk=job.pk).state == "QUEUED"


def long_file(client: Client, monkeypatch: pytest.MonkeyPatch, data: bytes = b"") -> ImportPlan:
    """Five rows, of which two are read at once."""
    monkeypatch.setattr(uploading, "is_short", lambda data: False)
    monkeypatch.setattr(long_imports, "AT_ONCE_SECONDS", -1)
    monkeypatch.setattr(PlanReader, "carry_on", partialmethod(PlanReader.carry_on, size=2))
    data = data or b"from,to\n" + b"".join(b"A%d,NW-%d\n" % (number, number) for number in range(5))
    return upload(client, data.decode("latin-1"))


def test_a_long_file_is_read_while_its_page_counts(shop: Shop, client_of: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    client = client_of("OPS")
    plan = long_file(client, monkeypatch)
    page = client.get(f"{PLANS}{plan.pk}/").content.decode()
    assert "Reading the file: " in page
    assert "The file waits for its turn, a few seconds." in page
    assert "Stop reading, and put it away" in page
    saving = f"{PLANS}{plan.pk}/saving/"
    assert client.post(saving).json() == {
        "total": 5,
        "ended": 2,
        "told": "2 of about 5 rows read and compared",
        "state": "Being read",
        "over": False,
    }
    assert "Being read" in client.get(PLANS).content.decode()
    for _ in range(3):
        told = client.post(saving).json()
    assert told["over"] is True
    assert "Save 5 mappings" in client.get(f"{PLANS}{plan.pk}/").content.decode()
    assert current(shop) == []


def test_a_long_file_whose_page_is_closed_is_read_by_the_scheduler(
    shop: Shop, client_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = long_file(client_of("OPS"), monkeypatch)
    for _ in range(4):
        sweep.do_chores()
    plan.refresh_from_db()
    assert (plan.state, plan.count("NEW")) == ("READY", 5)
    sweep.do_chores()
    assert long_imports._OPEN == {}
    assert current(shop) == []


def test_a_long_file_that_cannot_be_read_says_why_on_its_page(
    shop: Shop, client_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_of("OPS")
    plan = long_file(client, monkeypatch, b"sku,price\nA,1\n")
    client.post(f"{PLANS}{plan.pk}/saving/")
    page = client.get(f"{PLANS}{plan.pk}/").content.decode()
    assert "names no column “from code” and “to code”" in page
    assert "Could not be read" in page
    assert "upload it again" in page
    assert "Save " not in page


def test_an_upload_that_is_too_large_is_let_go_and_told(
    shop: Shop, client_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "BYTES_AT_MOST", 100)
    file = SimpleUploadedFile("skus.csv", b"from,to\n" + b"A,B\n" * 50)
    told = client_of("OPS").post(f"{SKUS}import/", {"file": file}).content.decode()
    assert "The file is larger than 20 MB. Split it, or save it as CSV UTF-8." in told
    assert "Choose a file." not in told
    assert ImportPlan.objects.count() == 0


def test_a_long_import_is_undone_while_its_page_counts(
    shop: Shop, client_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_of("OPS")
    plan = long_import(client, monkeypatch)
    monkeypatch.setattr(long_imports, "carry_on_undo", partial(carry_on_undo, size=2))
    client.post(f"{PLANS}{plan.pk}/apply/")
    for _ in range(3):
        sweep.do_chores()
    page = client.post(f"{PLANS}{plan.pk}/undo/", {"reason": "Wrong file"}, follow=True).content.decode()
    assert "5 mappings go back to what stood before." in page
    assert "0 of 5 mappings as before" in page
    assert client.post(f"{PLANS}{plan.pk}/saving/").json()["told"] == "2 of 5 mappings as before"
    for _ in range(3):
        sweep.do_chores()
    plan.refresh_from_db()
    assert (plan.state, current(shop)) == ("UNDONE", [])


# --- exports ----------------------------------------------------------------------------------------------------------


def test_an_export_is_the_filtered_list_and_is_audited(shop: Shop, client_of: Any) -> None:
    mapped(shop, "=1+1", "NW-1")
    mapped(shop, "AB-2", "NW-2")
    client = client_of("VIEWER")
    data = client.post(f"{SKUS}export/?q=%3D1", {"as": "csv"}).content.decode("utf-8-sig")
    assert data.splitlines()[1].startswith("'=1+1,,NW-1,")
    assert len(data.splitlines()) == 2
    entry = AuditEntry.objects.get(action="mapping.exported")
    assert (entry.actor, entry.after["rows"], entry.after["filter"]) == ("the-viewer", 1, "q=%3D1")
    book = load_workbook(io.BytesIO(client.post(f"{SKUS}export/", {"as": "xlsx"}).content))
    assert [row[0].value for row in book.active.iter_rows()] == ["from code", "'=1+1", "AB-2"]
    assert client.get(f"{SKUS}export/").status_code == 405


def test_the_template_can_be_filled_and_uploaded(shop: Shop, client_of: Any) -> None:
    client = client_of("OPS")
    header = client.get(f"{SKUS}template/").content.decode("utf-8-sig").splitlines()[0]
    assert header == "from code,from name,to code,to name,counts for"
    plan = upload(client, f"{header}\nA,Tee,NW-1,,Northgate → Centra\n")
    assert plan.rows.get().link == shop.link


# --- the work list ----------------------------------------------------------------------------------------------------


def test_the_work_list_suggests_and_shows_coverage(
    shop: Shop, client_of: Any, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    factories.make_known_codes(shop.centra, "sku", ("NW-1", "Tee", "5012345678900"), ("NW-2", "Coat", ""))
    seen = [
        CodeItem(code="X-1", gtin="5012345678900"),
        CodeItem(code="nw2"),
        CodeItem(code="NW-22"),
        CodeItem(code="Q"),
    ]
    note_seen(shop.link, {"sku": seen})
    client = client_of("OPS")
    client.get("/console/mappings/not-mapped-yet/")
    with django_assert_num_queries(12):
        answer = client.get("/console/mappings/not-mapped-yet/")
    found = {
        row.code: (row.suggestion and row.suggestion.code, row.suggestion and row.suggestion.why)
        for row in answer.context["cl"].result_list
    }
    assert found == {
        "X-1": ("NW-1", "GTIN equal"),
        "nw2": ("NW-2", "Same code, written differently"),
        "NW-22": ("NW-2", "Similar code"),
        "Q": (None, None),
    }
    assert "0 of 4" in answer.content.decode()


def test_certain_suggestions_are_seen_one_by_one_and_accepted_in_one_press(shop: Shop, client_of: Any) -> None:
    factories.make_known_codes(shop.centra, "sku", ("NW-1", "Tee", "5012345678900"), ("NW-2", "Coat", ""))
    note_seen(
        shop.link, {"sku": [CodeItem(code="X-1", gtin="5012345678900"), CodeItem(code="NW-2"), CodeItem(code="Q")]}
    )
    note_seen(shop.harbour_link, {"sku": [CodeItem(code="X-1"), CodeItem(code="NW-2")]})
    client = client_of("OPS")
    accept = {"kind": "sku", "brand": str(shop.brand.pk)}
    answer = client.post("/console/mappings/not-mapped-yet/accept/", accept, follow=True)
    told = answer.content.decode()
    assert "GTIN equal." in told
    assert current(shop) == []
    plan = ImportPlan.objects.get()
    client.post(f"{PLANS}{plan.pk}/apply/")
    found = {(version.from_code, version.to_code, version.link) for version in MappingVersion.objects.all()}
    # What every channel agrees on counts for every channel; what one channel's GTIN told counts for it alone.
    assert found == {("X-1", "NW-1", shop.link), ("NW-2", "NW-2", None)}


def test_nothing_is_accepted_where_two_articles_fit(shop: Shop, client_of: Any) -> None:
    factories.make_known_codes(shop.centra, "sku", ("NW-1", "Tee", "5012345678900"), ("X-1", "Coat", ""))
    note_seen(shop.link, {"sku": [CodeItem(code="X-1", gtin="5012345678900")]})
    accept = {"kind": "sku", "brand": str(shop.brand.pk)}
    told = client_of("OPS").post("/console/mappings/not-mapped-yet/accept/", accept, follow=True).content.decode()
    assert "No suggestion is certain enough" in told
    assert ImportPlan.objects.count() == 0


# --- price lists ------------------------------------------------------------------------------------------------------


def test_a_market_that_names_a_price_list_releases_its_orders_that_waited_for_one(shop: Shop) -> None:
    mine = factories.make_job(factories.make_order(shop.link, "MK-1", channel="UK"))
    other = factories.make_job(factories.make_order(shop.link, "MK-2", channel="SE"))
    factories.make_unmapped(shop.link, "GBP", kind="price_list", jobs=[mine, other])
    save_mapping(
        kind="market", brand=shop.brand, from_code="UK", to_code="1", attributes={"price_list": "1"}, actor="alice"
    )
    assert (SyncJob.objects.get(pk=mine.pk).state, SyncJob.objects.get(pk=other.pk).state) == ("QUEUED", "BLOCKED")


@pytest.mark.parametrize("used", ["lately", "not"])
def test_lists_are_narrowed_by_use(shop: Shop, client_of: Any, used: str, virtual_clock: Any) -> None:
    for code in ("AB-1", "AB-2"):
        mapped(shop, code, f"NW-{code}")
    version = MappingVersion.objects.get(from_code="AB-1")
    MappingUse.objects.create(version=version, record="order:1:x", used_at=ports.now() - timedelta(days=29))
    rows = client_of("VIEWER").get(f"{SKUS}?used={used}").context["cl"].result_list
    assert [row.from_code for row in rows] == (["AB-1"] if used == "lately" else ["AB-2"])
