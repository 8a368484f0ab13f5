from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.urls import get_resolver
from pytest_django import DjangoAssertNumQueries

from connectors import ports
from connectors.canonical.errors import ConfigurationError
from integrationhub.sync import standing, sweep, ticks
from tests import factories
from tests.console.conftest import Shop


def test_home_lists_what_needs_me_in_queue_order(
    shop: Shop, client_of: Any, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    ticks.plan_schedules()
    low = factories.make_unmapped(shop.link, "LOW")
    high, _ = factories.make_blocked_orders(shop.link, "HIGH", 3)
    client = client_of("OPS")
    client.get("/console/")
    with django_assert_num_queries(13):
        context = client.get("/console/").context
    assert [need["case"].pk for need in context["needs"]] == [high.pk, low.pk]
    assert [need["button"] for need in context["needs"]] == ["Map SKU", "Map SKU"]


def test_an_empty_home_says_what_good_looks_like(shop: Shop, client_of: Any) -> None:
    told = client_of("OPS").get("/console/").content.decode()
    assert "Nothing needs you. Last checked" in told


def test_a_refused_connection_is_told_at_the_top(shop: Shop, client_of: Any) -> None:
    standing.refuse_connection(shop.northgate, ConfigurationError("The key is no longer valid.", operation=""))
    context = client_of("VIEWER").get("/console/").context
    assert context["warnings"] == [
        {
            "tone": "bad",
            "text": "Northgate needs attention: The key is no longer valid.",
            "url": f"/console/connections/{shop.northgate.pk}/",
        }
    ]


def test_a_scheduler_that_fell_silent_is_told_at_the_top(
    shop: Shop, client_of: Any, virtual_clock: ports.VirtualClock
) -> None:
    sweep.beat("scheduler")
    client = client_of("VIEWER")
    virtual_clock.advance(180)
    assert client.get("/console/").context["warnings"] == []
    virtual_clock.advance(1)
    (warning,) = client.get("/console/").context["warnings"]
    assert warning["text"].startswith("Nothing has run by the clock for a while")


@pytest.mark.parametrize(("environment", "badge"), [("sandbox", "Sandbox"), ("live", "Live")])
def test_the_environment_is_in_sight_on_every_page(
    shop: Shop, client_of: Any, settings: Any, environment: str, badge: str
) -> None:
    client = client_of("OPS")
    settings.ENVIRONMENT = environment
    pages = ["/console/login/"] if environment == "live" else ["/console/", "/console/cases/", "/console/orders/"]
    for page in pages:
        told = (Client() if environment == "live" else client).get(page).content.decode()
        assert f"data-environment>{badge}</span>" in told


def test_the_menu_shows_what_the_role_may_use(shop: Shop, client_of: Any) -> None:
    def shown(role: str) -> list[str]:
        groups = client_of(role).get("/console/").context["sidebar_navigation"]
        return [item["title"] for group in groups for item in group["items"] if item["has_permission"]]

    everybody = ["Home", "Cases", "Orders", "SKUs", "Carriers", "Delivery methods", "Markets", "Not mapped yet"]
    everybody += ["Syncs", "Connections", "Links"]
    assert shown("VIEWER") == everybody
    assert shown("AUDITOR") == [*everybody, "Audit trail"]
    assert shown("ADMIN") == [*everybody, "Brands", "People", "Audit trail"]


@pytest.mark.parametrize(
    ("code", "words"),
    [(403, "This is not yours to see or to do"), (404, "There is no such page"), (500, "The hub made a mistake here")],
)
def test_error_pages_speak_plainly(rf: RequestFactory, code: int, words: str, settings: Any) -> None:
    settings.DEBUG = False
    handler = get_resolver().resolve_error_handler(code)
    told = handler(rf.get("/")) if code == 500 else handler(rf.get("/"), exception=Exception("secret detail"))
    assert told.status_code == code
    assert words in told.content.decode()
    assert "secret detail" not in told.content.decode()
    for word in ("Traceback", "Exception", "Error", str(code)):
        assert word not in told.content.decode()


def test_a_page_that_does_not_exist_says_so_to_who_is_logged_in(shop: Shop, client_of: Any) -> None:
    answer = client_of("OPS").get("/console/nothing/here/")
    assert answer.status_code == 404
    assert "There is no such page" in answer.content.decode()
