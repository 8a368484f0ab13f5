"""Nothing goes live with a marketplace that shows nowhere an amount which every order needs."""

from collections.abc import Callable, Iterator

import pytest
import redis
from django.test import Client

from connectors.marketplacer import client as marketplacer_client
from connectors.marketplacer.checks import NEEDED_MONEY
from connectors.marketplacer.sandbox import MarketplacerSandbox
from connectors.models import Connection, Link
from integrationhub.sync import ticks
from integrationhub.sync.models import Schedule
from tests.console.conftest import Shop

ClientOf = Callable[[str], Client]


@pytest.fixture
def fashionmart(monkeypatch: pytest.MonkeyPatch) -> Iterator[MarketplacerSandbox]:
    monkeypatch.setattr(marketplacer_client, "_ABSENCES", marketplacer_client.Absences())
    with MarketplacerSandbox() as sandbox:
        yield sandbox


@pytest.fixture
def place(shop: Shop, fashionmart: MarketplacerSandbox, redis_client: redis.Redis) -> Connection:
    keys = fashionmart.credentials()
    return Connection.objects.create(
        brand=shop.brand,
        platform="marketplacer",
        name="Fashionmart",
        base_url=fashionmart.base_url,
        credentials={"api_key": keys["api_key"]},
        settings={"currency": keys["currency"]},
    )


def hide(fashionmart: MarketplacerSandbox, what: str) -> None:
    for path in NEEDED_MONEY[what]:
        fashionmart.remove_field(path)


def form(shop: Shop, place: Connection) -> dict[str, str]:
    return {
        "brand": str(shop.brand.pk),
        "source": str(place.pk),
        "target": str(shop.centra.pk),
        "active": "on",
        "started_at_0": "2026-01-15",
        "started_at_1": "09:00:00",
        "acceptance_policy": "RESERVE_FIRST",
        "acceptance_window_hours": "24",
        "dispatch_confirmed_within_hours": "4",
        "fallback_email": "orders@nordhem.example",
        "tax_difference": "WARN",
    }


@pytest.mark.parametrize("what", ["an order's total", "what a unit costs"])
def test_a_link_is_not_made_live_while_an_amount_is_missing(
    shop: Shop, place: Connection, fashionmart: MarketplacerSandbox, client_of: ClientOf, what: str
) -> None:
    hide(fashionmart, what)

    answer = client_of("ADMIN").post("/console/links/add/", form(shop, place))

    (words,) = answer.context["adminform"].form.errors["active"]
    assert words.startswith(f"Fashionmart cannot go live. This marketplace shows no field for {what}")
    assert not Link.objects.filter(source=place).exists()


def test_with_every_amount_a_link_is_made(shop: Shop, place: Connection, client_of: ClientOf) -> None:
    answer = client_of("ADMIN").post("/console/links/add/", form(shop, place))

    assert answer.status_code == 302, answer.context["adminform"].form.errors
    assert Link.objects.get(source=place).active


def test_a_link_that_is_not_in_use_may_be_made_at_once(
    shop: Shop, place: Connection, fashionmart: MarketplacerSandbox, client_of: ClientOf
) -> None:
    hide(fashionmart, "an order's total")
    told = {name: value for name, value in form(shop, place).items() if name != "active"}

    client_of("ADMIN").post("/console/links/add/", told)

    assert not Link.objects.get(source=place).active


def test_a_marketplace_that_is_away_is_tested_first(
    shop: Shop, place: Connection, fashionmart: MarketplacerSandbox, client_of: ClientOf
) -> None:
    fashionmart.stop()

    answer = client_of("ADMIN").post("/console/links/add/", form(shop, place))

    (words,) = answer.context["adminform"].form.errors["active"]
    assert words.startswith("Fashionmart could not be asked whether it is ready.")
    assert words.endswith("Run its connection test.")


@pytest.mark.parametrize("missing", [True, False])
def test_a_flow_goes_from_shadow_to_live_only_with_every_amount(
    shop: Shop, place: Connection, fashionmart: MarketplacerSandbox, client_of: ClientOf, missing: bool
) -> None:
    Link.objects.create(brand=shop.brand, source=place, target=shop.centra)
    ticks.plan_schedules()
    Schedule.objects.filter(flow="read_orders", connection=place).update(mode="SHADOW")
    row = Schedule.objects.get(flow="read_orders", connection=place)
    if missing:
        hide(fashionmart, "what postage costs")

    answer = client_of("ADMIN").post(f"/console/syncs/{row.pk}/press/", {"do": "live"}, follow=True)

    row.refresh_from_db()
    told = answer.content.decode()
    assert (row.mode, "Fashionmart cannot go live." in told) == (("SHADOW", True) if missing else ("LIVE", False))
