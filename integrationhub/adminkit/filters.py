"""Filters with choices only: no filter may read the whole table to find out what there is to choose."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.contrib.admin import SimpleListFilter
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest

EVERYTHING = "all"


class ChoiceFilter(SimpleListFilter):
    """Offers `choices_for(request)`. With `default` set, the list starts there and "All" is a choice of its own."""

    default: str = ""
    all_label: str = "All"

    def choices_for(self, request: HttpRequest) -> Sequence[tuple[str, str]]:
        raise NotImplementedError

    def narrow(self, rows: QuerySet[Any], value: str, request: HttpRequest) -> QuerySet[Any]:
        raise NotImplementedError

    def lookups(self, request: HttpRequest, model_admin: Any) -> Sequence[tuple[str, str]]:
        return self.choices_for(request)

    def value(self) -> str:
        chosen = super().value()
        known = {value for value, _ in self.lookup_choices} | {EVERYTHING}
        return chosen if chosen in known else self.default

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return queryset if value in ("", EVERYTHING) else self.narrow(queryset, value, request)

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        name = str(self.parameter_name)
        everything = {name: EVERYTHING} if self.default else {}
        yield {
            "selected": self.value() in ("", EVERYTHING),
            "query_string": changelist.get_query_string(everything, [] if everything else [name]),
            "display": self.all_label,
        }
        for value, label in self.lookup_choices:
            yield {
                "selected": self.value() == str(value),
                "query_string": changelist.get_query_string({name: value}),
                "display": label,
            }
