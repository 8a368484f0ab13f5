"""Which rule counts, and what is kept back where there is none."""

from datetime import timedelta

import pytest

from connectors import ports
from connectors.models import Brand, Connection, Link
from integrationhub.inventory.models import StockRule
from integrationhub.inventory.quantity import NO_RULE, Rule
from integrationhub.inventory.rules import LOOK_BACK_DAYS, RuleBook, default_rule
from integrationhub.sync.models import Schedule
from tests.factories import make_brand, make_link, make_marketplace

pytestmark = pytest.mark.django_db
DAY = 86_400


@pytest.fixture
def link(db: None) -> Link:
    return make_link(make_brand())


def rule(brand: Brand, cap: int, **scope: object) -> None:
    StockRule.objects.create(brand=brand, cap=cap, changed_by="olivia", **scope)


def test_the_narrowest_scope_goes_first(link: Link) -> None:
    brand = link.brand
    scopes: list[dict[str, object]] = [
        {}, {"link": link}, {"category": "COATS"}, {"category": "COATS", "link": link}, {"sku": "A"},
        {"sku": "A", "link": link},
    ]  # fmt: skip
    for cap, scope in enumerate(scopes):
        rule(brand, cap, **scope)
        book = RuleBook([link])
        assert book.rule(link_id=link.pk, sku="A", category="COATS", sold=0).cap == cap
    assert RuleBook([link]).rule(link_id=link.pk, sku="B", category="HATS", sold=0).cap == 1


def test_rules_of_another_brand_or_channel_do_not_count(link: Link) -> None:
    other = make_link(make_brand(code="kust", name="Kust"))
    rule(other.brand, 7)
    rule(link.brand, 8, link=make_link(link.brand, source=make_marketplace(link.brand, "Harbour"), target=link.target))
    assert RuleBook([link]).rule(link_id=link.pk, sku="A", category="", sold=0) == NO_RULE


@pytest.mark.parametrize(
    ("sold", "seconds", "units"),
    [
        (0, 300.0, 0),
        (14, 0.0, 0),  # the only channel: nobody else sells it meanwhile
        (14, 300.0, 1),  # one a day: a part of a unit is a unit
        (14 * 24 * 12, 300.0, 1),
        (14 * 24 * 12 * 3, 300.0, 3),
    ],
)
def test_what_others_sell_before_the_hub_hears_of_it_is_kept_back(sold: int, seconds: float, units: int) -> None:
    assert default_rule(sold=sold, exposed_seconds=seconds) == (Rule(buffer_units=units) if units else NO_RULE)
    assert LOOK_BACK_DAYS == 14


def test_a_channel_is_exposed_for_as_long_as_the_slowest_other_poll_takes(link: Link) -> None:
    brand = link.brand
    others: list[Connection] = [make_marketplace(brand, "Harbour"), make_marketplace(brand, "Kungsgatan")]
    for place, cadence in zip([link.source, *others], (60, 120, 900), strict=True):
        Schedule.objects.create(flow="read_orders", connection=place, cadence_seconds=cadence)
    links = [link, *(make_link(brand, source=place, target=link.target) for place in others)]
    book = RuleBook(links)
    a_unit_each = int(timedelta(days=LOOK_BACK_DAYS).total_seconds())  # one sold a second
    kept = [book.rule(link_id=one.pk, sku="A", category="", sold=a_unit_each).buffer_units for one in links]
    assert kept == [900, 900, 120]
    assert ports.now().tzinfo is not None
