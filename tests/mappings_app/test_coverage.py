from datetime import UTC, datetime

from pytest_django import DjangoAssertNumQueries

from connectors import ports
from connectors.models import Brand, Link
from mappings_app.codes import CodeItem, note_seen
from mappings_app.coverage import Coverage, coverage, unmapped_codes
from mappings_app.saving import retire_mapping, save_mapping


def test_coverage_counts_seen_and_mapped_codes_for_each_link_and_kind_in_two_queries(
    brand: Brand, link: Link, other_link: Link, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    skus = [CodeItem(code=code) for code in ("A", "B", "C")]
    note_seen(link, {"sku": skus, "market": [CodeItem(code="SE")]})
    note_seen(other_link, {"sku": skus})
    save_mapping(kind="sku", brand=brand, from_code="A", to_code="a", actor="alice")
    save_mapping(kind="sku", brand=brand, link=link, from_code="B", to_code="b", actor="alice")
    with django_assert_num_queries(2):
        counted = coverage(brand, at=ports.now())
    assert counted == [
        Coverage(link_id=link.pk, kind="market", seen=1, mapped=0),
        Coverage(link_id=link.pk, kind="sku", seen=3, mapped=2),
        Coverage(link_id=other_link.pk, kind="sku", seen=3, mapped=1),
    ]
    assert [(one.unmapped, one.percent) for one in counted] == [(1, 0), (1, 66), (2, 33)]


def test_the_work_list_has_what_is_not_mapped_now_the_most_frequent_first(brand: Brand, link: Link) -> None:
    note_seen(link, {"sku": [CodeItem(code="A"), CodeItem(code="B"), CodeItem(code="C"), CodeItem(code="C")]})
    mapped = save_mapping(kind="sku", brand=brand, from_code="A", to_code="a", actor="alice")
    assert [seen.code for seen in unmapped_codes(brand, at=ports.now())] == ["C", "B"]
    march = datetime(2026, 3, 1, tzinfo=UTC)
    retire_mapping(mapped, actor="alice", reason="Gone", effective_from=march)
    assert [seen.code for seen in unmapped_codes(brand, at=ports.now())] == ["C", "B"]
    assert [seen.code for seen in unmapped_codes(brand, at=march)] == ["C", "A", "B"]


def test_nothing_seen_is_wholly_mapped() -> None:
    assert Coverage(link_id=1, kind="sku", seen=0, mapped=0).percent == 100
