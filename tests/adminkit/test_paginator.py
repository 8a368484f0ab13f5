import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integrationhub.adminkit import paginator


@pytest.mark.django_db
def test_counting_stops_at_the_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paginator, "COUNT_CAP", 3)
    Group.objects.bulk_create(Group(name=str(number)) for number in range(5))
    pages = paginator.CappedPaginator(Group.objects.order_by("name"), 2)
    with CaptureQueriesContext(connection) as asked:
        assert (pages.count, pages.more, pages.count_words) == (3, True, "more than 3")
    assert len(asked) == 1
    assert "LIMIT 4" in asked[0]["sql"]
    assert "ORDER BY" not in asked[0]["sql"]


@pytest.mark.django_db
def test_a_short_list_is_counted_exactly() -> None:
    Group.objects.bulk_create(Group(name=str(number)) for number in range(5))
    pages = paginator.CappedPaginator(Group.objects.order_by("name"), 2)
    assert (pages.count, pages.more, pages.count_words, pages.num_pages) == (5, False, "5", 3)


def test_plain_lists_are_counted_too() -> None:
    assert paginator.CappedPaginator([1, 2, 3], 2).count == 3
