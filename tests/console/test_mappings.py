from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from connectors.models import AuditEntry
from integrationhub.sync.models import SyncJob
from mappings_app.codes import CodeItem, note_seen
from mappings_app.models import MappingVersion
from mappings_app.saving import save_mapping
from tests import factories
from tests.console.conftest import Shop

SKUS = "/console/mappings/skus/"


def mapped(shop: Shop, from_code: str = "AB-1", to_code: str = "NW-1", **values: Any) -> MappingVersion:
    return save_mapping(
        kind="sku", brand=shop.brand, from_code=from_code, to_code=to_code, actor="alice", **{"reason": "", **values}
    )


def listed(client: Client, query: str = "") -> list[str]:
    return [str(version) for version in client.get(f"{SKUS}{query}").context["cl"].result_list]


def current(shop: Shop) -> list[str]:
    return [str(version) for version in MappingVersion.objects.filter(superseded_at=None).order_by("from_code")]


def test_the_list_shows_what_counts_now_and_costs_nine_queries(
    shop: Shop, client_of: Any, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    mapped(shop)
    mapped(shop, to_code="NW-2")
    mapped(shop, from_code="AB-2", to_code="NW-3", link=shop.link)
    client = client_of("OPS")
    assert listed(client) == ["AB-1 → NW-2", "AB-2 → NW-3"]
    assert listed(client, "?standing=all") == ["AB-1 → NW-2", "AB-1 → NW-1", "AB-2 → NW-3"]
    with django_assert_num_queries(9):
        client.get(SKUS)


@pytest.mark.parametrize("typed", ["AB-1", "ab-1", "NW-1", "nw"])
def test_either_code_is_found_by_its_beginning(shop: Shop, client_of: Any, typed: str) -> None:
    mapped(shop)
    mapped(shop, from_code="ZZ", to_code="YY")
    assert listed(client_of("OPS"), f"?q={typed}") == ["AB-1 → NW-1"]


def test_a_new_mapping_releases_what_waits_for_it(shop: Shop, client_of: Any) -> None:
    _, (job,) = factories.make_blocked_orders(shop.link, "AB-1021", 1)
    data = {"from_code": "AB-1021", "to_code": "NW-1021", "link": "", "reason": "New"}
    answer = client_of("OPS").post(f"{SKUS}add/", data)
    assert answer.status_code == 302
    assert SyncJob.objects.get(pk=job.pk).state == "QUEUED"
    assert current(shop) == ["AB-1021 → NW-1021"]


def test_codes_keep_the_spaces_they_are_spelt_with(shop: Shop, client_of: Any) -> None:
    client_of("OPS").post(f"{SKUS}add/", {"from_code": " AB 1 ", "to_code": "NW-1"})
    assert MappingVersion.objects.get().from_code == " AB 1 "


def test_a_refused_mapping_says_why_and_keeps_what_was_typed(shop: Shop, client_of: Any) -> None:
    factories.make_known_codes(shop.northgate, "carrier", ("DPD", "DPD UK", ""))
    data = {"from_code": "Parcels", "to_code": "PARCELS", "link": str(shop.link.pk)}
    told = client_of("OPS").post("/console/mappings/carriers/add/", data).content.decode()
    assert "Northgate does not list PARCELS." in told
    assert 'value="PARCELS"' in told
    assert MappingVersion.objects.count() == 0


def test_a_link_of_another_brand_cannot_be_chosen(shop: Shop, client_of: Any) -> None:
    theirs = factories.make_link(factories.make_brand("other", "Other"))
    client_of("OPS").post(f"{SKUS}add/", {"from_code": "A", "to_code": "B", "link": str(theirs.pk)})
    assert MappingVersion.objects.count() == 0


def test_retiring_and_undoing_need_a_reason_and_are_audited(shop: Shop, client_of: Any) -> None:
    older = mapped(shop)
    mapped(shop, to_code="NW-2")
    client = client_of("OPS")
    client.post(f"{SKUS}{older.pk}/roll-back/", {"reason": " "})
    assert current(shop) == ["AB-1 → NW-2"]
    client.post(f"{SKUS}{older.pk}/roll-back/", {"reason": "Wrong tee"})
    assert current(shop) == ["AB-1 → NW-1"]
    back = MappingVersion.objects.get(superseded_at=None)
    client.post(f"{SKUS}{back.pk}/retire/", {"reason": "Gone"})
    assert current(shop) == ["AB-1 → nothing"]
    told = AuditEntry.objects.filter(actor="the-ops").order_by("pk").values_list("action", "reason")
    assert list(told) == [("mapping.rolled_back", "Wrong tee"), ("mapping.retired", "Gone")]


def test_going_back_to_what_counts_already_is_refused_in_words(shop: Shop, client_of: Any) -> None:
    version = mapped(shop)
    answer = client_of("OPS").post(f"{SKUS}{version.pk}/roll-back/", {"reason": "x"}, follow=True)
    assert "This is what counts already." in answer.content.decode()


def test_the_page_of_a_mapping_shows_the_history_of_its_code(shop: Shop, client_of: Any) -> None:
    first = mapped(shop, reason="New season")
    mapped(shop, to_code="NW-2", reason="Relabelled")
    told = client_of("VIEWER").get(f"{SKUS}{first.pk}/").content.decode()
    assert "New season" in told
    assert "Relabelled" in told
    assert "Retire it" not in told


def test_mappings_of_another_brand_are_out_of_sight(shop: Shop, client_of: Any) -> None:
    theirs = factories.make_brand("other", "Other")
    version = save_mapping(kind="sku", brand=theirs, from_code="A", to_code="B", actor="otto", reason="")
    client = client_of("ADMIN")
    assert listed(client) == []
    assert client.get(f"{SKUS}{version.pk}/").status_code == 403


def test_values_seen_without_a_mapping_are_a_work_list(shop: Shop, client_of: Any) -> None:
    note_seen(shop.link, {"sku": [CodeItem(code="NEW-1", label="Scarf"), CodeItem(code="AB-1")]})
    mapped(shop)
    client = client_of("OPS")
    rows = client.get("/console/mappings/not-mapped-yet/").context["cl"].result_list
    assert [row.code for row in rows] == ["NEW-1"]
    assert "1 value seen without a mapping" in client.get(SKUS).content.decode()
    told = client.get("/console/mappings/not-mapped-yet/").content.decode()
    assert f"{SKUS}add/?from_code=NEW-1&amp;link={shop.link.pk}" in told


def test_suggestions_stand_beside_the_form(shop: Shop, client_of: Any) -> None:
    factories.make_known_codes(shop.centra, "sku", ("NW-1", "Tee", ""))
    told = client_of("OPS").get(f"{SKUS}add/?from_code=nw1&link={shop.link.pk}").content.decode()
    assert 'data-value="NW-1"' in told
    assert "Same code, written differently" in told
