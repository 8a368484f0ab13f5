from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from pytest_django import DjangoAssertNumQueries

from connectors import ports
from connectors.canonical.errors import MappingError, MissingMapping
from connectors.models import Brand, Connection, Link
from mappings_app.codes import CodeItem
from mappings_app.lookup import Resolver, VersionTable, sources_of
from mappings_app.models import MappingVersion
from mappings_app.saving import save_mapping

NOW = datetime(2026, 1, 15, 9, tzinfo=UTC)


def map_sku(brand: Brand, from_code: str, to_code: str, link: Link | None = None) -> MappingVersion:
    return save_mapping(kind="sku", brand=brand, link=link, from_code=from_code, to_code=to_code, actor="alice")


def test_many_codes_are_found_in_one_query_and_the_rest_is_missing(
    brand: Brand, link: Link, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    version = map_sku(brand, "A", "a")
    resolver = Resolver(link, NOW)
    with django_assert_num_queries(1):
        found = resolver.find("sku", ["A", "B", CodeItem(code="C", label="Coat", gtin="5000000000001")])
    assert found == {"A": version}
    assert resolver.version_ids == (version.pk,)
    assert resolver.missing == (
        MissingMapping(kind="sku", code="B"),
        MissingMapping(kind="sku", code="C", label="Coat", gtin="5000000000001"),
    )
    with pytest.raises(MappingError):
        resolver.require_all()


def test_what_is_missed_adds_up_over_several_questions(link: Link) -> None:
    resolver = Resolver(link, NOW)
    resolver.find("sku", ["A"])
    resolver.find("sku", [CodeItem(code="A", label="Coat")])
    resolver.find("market", ["SE"])
    assert resolver.find_optional("market", "NO") is None
    assert resolver.missing == (
        MissingMapping(kind="sku", code="A", label="Coat"),
        MissingMapping(kind="market", code="SE"),
    )


def test_asking_for_nothing_asks_nothing(link: Link, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(0):
        assert Resolver(link, NOW).find("sku", []) == {}


def test_an_unknown_kind_is_a_fault_of_ours(link: Link) -> None:
    with pytest.raises(ValueError, match="not a kind"):
        Resolver(link, NOW).find("colour", ["red"])


def test_a_code_that_cannot_be_stored_is_missing_and_not_a_crash(link: Link) -> None:
    assert VersionTable.load(link, {"sku": ["A\x00"]}).at("sku", "A\x00", NOW) is None


def test_the_way_back_finds_every_code_that_leads_there(
    brand: Brand, link: Link, other_link: Link, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    first = map_sku(brand, "AB-1", "NW-1")
    second = map_sku(brand, "AB-1-OLD", "NW-1")
    map_sku(brand, "AB-2", "NW-1")
    elsewhere = map_sku(brand, "AB-2", "NW-9", link)
    with django_assert_num_queries(2):
        found = sources_of(link, "sku", ["NW-1", "NW-9", "NW-0"], at=NOW)
    assert found == {"NW-1": (first, second), "NW-9": (elsewhere,), "NW-0": ()}
    assert [version.from_code for version in sources_of(other_link, "sku", ["NW-1"], at=NOW)["NW-1"]] == [
        "AB-1",
        "AB-1-OLD",
        "AB-2",
    ]


DAYS = st.one_of(st.none(), st.integers(0, 6))


class EveryMomentHasTheLatestAnswer(TestCase):
    """Whatever is saved in whatever order, each moment is answered by the last save that covers it."""

    @settings(max_examples=30)
    @given(changes=st.lists(st.tuples(st.sampled_from("ABC"), DAYS), min_size=1, max_size=6))
    def test_the_last_word_about_a_moment_holds(self, changes: list[tuple[str, int | None]]) -> None:
        brand = Brand.objects.create(code="b", name="Nordhem")
        platforms = [
            Connection.objects.create(brand=brand, platform=name, name=name, base_url="https://x.test")
            for name in ("mirakl", "centra")
        ]
        link = Link.objects.create(brand=brand, source=platforms[0], target=platforms[1])
        expected = dict.fromkeys(range(-1, 8), "")
        for number, (to_code, day) in enumerate(changes):
            start = NOW + timedelta(days=day) if day is not None else None
            save_mapping(kind="sku", brand=brand, from_code="X", to_code=to_code, effective_from=start, actor="alice")
            since = -1 if day is None or number == 0 else day
            expected |= {moment: to_code for moment in expected if moment >= since}
        table = VersionTable.load(link, {"sku": ["X"]})
        answers = {moment: table.at("sku", "X", NOW + timedelta(days=moment)) for moment in expected}
        assert {moment: version.to_code if version else "" for moment, version in answers.items()} == expected


# --- what was believed at an earlier moment ---------------------------------------------------------------------------


def test_what_counted_then_goes_before_what_counts_today(
    brand: Brand, link: Link, virtual_clock: ports.VirtualClock, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    then = map_sku(brand, "A", "a")
    moment = ports.now()
    virtual_clock.advance(60)
    today = map_sku(brand, "A", "b")
    with django_assert_num_queries(2):
        former = VersionTable.load(link, {"sku": ["A"]}, known_at=moment)
        current = VersionTable.load(link, {"sku": ["A"]})
    assert (former.at("sku", "A", NOW), current.at("sku", "A", NOW)) == (MappingVersion.objects.get(pk=then.pk), today)
    later = VersionTable.load(link, {"sku": ["A"]}, known_at=ports.now())
    assert later.at("sku", "A", NOW) == today


def test_a_code_that_was_not_mapped_then_has_todays_mapping(
    brand: Brand, link: Link, virtual_clock: ports.VirtualClock
) -> None:
    moment = ports.now()
    virtual_clock.advance(60)
    today = map_sku(brand, "A", "a")
    assert VersionTable.load(link, {"sku": ["A"]}, known_at=moment).at("sku", "A", NOW) == today


def test_a_mapping_of_a_channel_made_since_does_not_count_where_what_counted_then_is_asked_for(
    brand: Brand, link: Link, virtual_clock: ports.VirtualClock
) -> None:
    default, moment = map_sku(brand, "A", "a"), ports.now()
    virtual_clock.advance(60)
    own = map_sku(brand, "A", "own", link)
    assert VersionTable.load(link, {"sku": ["A"]}, known_at=moment).at("sku", "A", NOW) == default
    assert VersionTable.load(link, {"sku": ["A"]}).at("sku", "A", NOW) == own
