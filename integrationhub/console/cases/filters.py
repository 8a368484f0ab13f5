"""What the case queue can be narrowed by. Every filter has its choices ready; none reads the table to find them."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.http import HttpRequest

from connectors import ports
from connectors.access import Right, roles_with
from connectors.admin_base import brand_choices, rights_of
from connectors.models import Connection, RoleGrant
from exceptions_app.causes import registered_causes
from exceptions_app.models import CaseLink, CaseQuerySet, ExceptionCase
from integrationhub.adminkit.filters import ChoiceFilter

Cases = QuerySet[ExceptionCase]


class StateFilter(ChoiceFilter):
    title, parameter_name, default, all_label = "state", "state", ExceptionCase.State.OPEN.value, "All, closed ones too"

    def choices_for(self, request: HttpRequest) -> Sequence[tuple[str, str]]:
        return ExceptionCase.State.choices

    def narrow(self, rows: Cases, value: str, request: HttpRequest) -> Cases:
        return rows.filter(state=value)


class TeamFilter(ChoiceFilter):
    title, parameter_name = "team", "team"

    def choices_for(self, request: HttpRequest) -> Sequence[tuple[str, str]]:
        return ExceptionCase.Team.choices

    def narrow(self, rows: Cases, value: str, request: HttpRequest) -> Cases:
        return rows.filter(team=value)


class OwnerFilter(ChoiceFilter):
    title, parameter_name = "owner", "owner"

    def choices_for(self, request: HttpRequest) -> Sequence[tuple[str, str]]:
        grants = RoleGrant.objects.filter(
            brand_id__in=rights_of(request).brand_ids(Right.SEE), role__in=roles_with(Right.WORK_CASES)
        )
        people = get_user_model().objects.filter(pk__in=grants.values("user_id")).order_by("username")
        others = [(str(pk), name) for pk, name in people.values_list("pk", "username") if pk != request.user.pk]
        return [("me", "Me"), ("nobody", "Nobody"), *others]

    def narrow(self, rows: Cases, value: str, request: HttpRequest) -> Cases:
        if value == "nobody":
            return rows.filter(owner=None)
        return rows.filter(owner_id=request.user.pk if value == "me" else int(value))


class DueFilter(ChoiceFilter):
    title, parameter_name, all_label = "deadline", "due", "Any"

    def choices_for(self, request: HttpRequest) -> Sequence[tuple[str, str]]:
        return [
            ("late", "Passed"),
            ("today", "By the end of today"),
            ("week", "Within a week"),
            ("none", "No deadline"),
        ]

    def narrow(self, rows: Cases, value: str, request: HttpRequest) -> Cases:
        if value == "none":
            return rows.filter(next_deadline_at=None)
        now = ports.now()
        ends = {"late": now, "today": _end_of_day(now, request), "week": now + timedelta(days=7)}
        return rows.filter(next_deadline_at__lt=ends[value])


def _end_of_day(now: datetime, request: HttpRequest) -> datetime:
    zone = rights_of(request).zone
    tomorrow = now.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time.min, tzinfo=zone)


class CauseFilter(ChoiceFilter):
    title, parameter_name = "cause", "cause"

    def choices_for(self, request: HttpRequest) -> Sequence[tuple[str, str]]:
        return sorted(((cause.code, cause.label) for cause in registered_causes().values()), key=lambda one: one[1])

    def narrow(self, rows: Cases, value: str, request: HttpRequest) -> Cases:
        return rows.filter(cause=value)


class ChannelFilter(ChoiceFilter):
    title, parameter_name = "channel", "channel"

    def choices_for(self, request: HttpRequest) -> Sequence[tuple[str, str]]:
        brands = rights_of(request).brand_ids(Right.SEE)
        sold_at = Connection.objects.filter(brand_id__in=brands, links_as_source__isnull=False).distinct()
        return [(str(pk), name) for pk, name in sold_at.order_by("name").values_list("pk", "name")]

    def narrow(self, rows: Cases, value: str, request: HttpRequest) -> Cases:
        # Not a join: a case that shows in two links of one channel would be listed twice.
        shown = CaseLink.objects.filter(link__source_id=int(value))
        return rows.filter(pk__in=shown.values("case_id"))


class BrandFilter(ChoiceFilter):
    title, parameter_name = "brand", "brand"

    def choices_for(self, request: HttpRequest) -> Sequence[tuple[str, str]]:
        return brand_choices(request)

    def narrow(self, rows: QuerySet[Any], value: str, request: HttpRequest) -> QuerySet[Any]:
        return rows.filter(brand_id=int(value))


class CameBackFilter(ChoiceFilter):
    title, parameter_name, all_label = "history", "back", "Any"

    def choices_for(self, request: HttpRequest) -> Sequence[tuple[str, str]]:
        return [("yes", "Came back after it was closed")]

    def narrow(self, rows: Cases, value: str, request: HttpRequest) -> Cases:
        return rows.filter(regression=True)


class OverdueFilter(ChoiceFilter):
    title, parameter_name, all_label = "team's target", "late", "Any"

    def choices_for(self, request: HttpRequest) -> Sequence[tuple[str, str]]:
        return [("yes", "Older than the team's target")]

    def narrow(self, rows: Cases, value: str, request: HttpRequest) -> Cases:
        assert isinstance(rows, CaseQuerySet)
        return rows.overdue(ports.now())


ALL: tuple[type[ChoiceFilter], ...] = (
    StateFilter,
    TeamFilter,
    OwnerFilter,
    DueFilter,
    OverdueFilter,
    CauseFilter,
    ChannelFilter,
    BrandFilter,
    CameBackFilter,
)
