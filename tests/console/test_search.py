from typing import Any

import pytest
from django.db import connection
from django.test import Client

from connectors import ports
from integrationhub.console import search
from integrationhub.orders.models import SoldDispatch, SoldLine, SoldOrder
from mappings_app.saving import save_mapping
from tests import factories
from tests.console.conftest import Shop


def ask(client: Client, typed: str) -> Any:
    return client.get("/console/search/", {"q": typed})


@pytest.fixture
def something(shop: Shop) -> None:
    order = factories.make_order(shop.link, "MK-10023-A", target_external_id="88412", commercial_reference="COM-1")
    SoldDispatch.objects.create(
        order=order, dispatch_id="1", carrier="DPD", tracking_number="1550ABC", dispatched_at=ports.now()
    )
    factories.make_order(shop.link, "MK-20001-A", target_external_id="77", target_number="SO1207")
    save_mapping(kind="sku", brand=shop.brand, from_code="ab-7", to_code="NW-7", actor="alice", reason="")


@pytest.mark.parametrize(
    ("typed", "where"),
    [
        ("MK-10023-A", "/console/orders/"),
        (" mk-10023 ", "/console/orders/"),
        ("COM-1", "/console/orders/"),
        ("88412", "/console/orders/"),
        ("SO1207", "/console/orders/"),
        ("so120", "/console/orders/"),
        ("1550abc", "/console/orders/"),
        ("AB-7", "/console/mappings/skus/"),
        ("nw-7", "/console/mappings/skus/"),
    ],
)
def test_the_one_hit_is_opened(shop: Shop, client_of: Any, something: None, typed: str, where: str) -> None:
    answer = ask(client_of("OPS"), typed)
    assert answer.status_code == 302
    assert answer["Location"].startswith(where)


@pytest.mark.parametrize("typed", ["AB-1021", "ab-1021", "case {}", "#{}", "{}"])
def test_a_case_is_found_by_code_and_by_number(shop: Shop, client_of: Any, typed: str) -> None:
    case = factories.make_unmapped(shop.link, "AB-1021")
    answer = ask(client_of("OPS"), typed.format(case.pk))
    assert answer["Location"] == f"/console/cases/{case.pk}/"


def test_several_hits_are_listed_by_kind(shop: Shop, client_of: Any, something: None) -> None:
    factories.make_order(shop.link, "MK-10024-A")
    answer = ask(client_of("OPS"), "MK-1002")
    assert [(group, len(hits)) for group, hits in answer.context["groups"].items()] == [("Orders", 2)]


@pytest.mark.parametrize("typed", ["", "   ", "nothing like it", "%", "MK-%", "x" * 300, "MK\x00"])
def test_nothing_found_is_said_in_words(shop: Shop, client_of: Any, something: None, typed: str) -> None:
    answer = ask(client_of("OPS"), typed)
    assert answer.status_code == 200
    assert answer.context["groups"] == {}


def test_other_brands_are_not_searched(shop: Shop, client_of: Any, something: None) -> None:
    stranger = Client()
    stranger.force_login(factories.make_person("otto", ("ADMIN", factories.make_brand("other", "Other"))))
    assert ask(stranger, "MK-10023-A").context["groups"] == {}


def test_orders_are_found_through_an_index(shop: Shop) -> None:
    """The beginning of a reference must be able to use the index, else a million orders make the box useless."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN SELECT id FROM orders_soldorder WHERE reference LIKE 'MK-100%%'")
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "order_by_reference" in plan
    assert search.SHORTEST_PREFIX == 3


def test_numbers_at_the_target_are_found_through_an_index_of_those_there_are(shop: Shop) -> None:
    """Only some targets have numbers besides their ids: the index holds those alone, and the search must say so."""
    found = SoldOrder.objects.filter(search.NUMBERED, search._begins("target_number", "SO12"))
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_indexscan = on")
    assert "order_by_target_number" in found.order_by().explain()


def test_the_list_of_orders_finds_them_by_their_number_at_the_target(
    shop: Shop, client_of: Any, something: None
) -> None:
    answer = client_of("OPS").get("/console/orders/", {"q": "so1207"})
    assert [row.reference for row in answer.context["cl"].result_list] == ["MK-20001-A"]
    assert "SO1207" in answer.content.decode()


def test_a_sku_finds_the_orders_that_sold_it(shop: Shop, client_of: Any) -> None:
    order = factories.make_order(shop.link, "MK-10024-A")
    SoldLine.objects.filter(order=order).delete()
    SoldLine.objects.create(order=order, line_id="1", sku="AB-9", quantity=1, unit_price=1, line_total=1)
    answer = ask(client_of("OPS"), "ab-9")
    assert answer["Location"] == f"/console/orders/{order.pk}/"
