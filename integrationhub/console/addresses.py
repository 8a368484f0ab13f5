"""The console's pages that belong to no model, as the site mounts them."""

from typing import TYPE_CHECKING

from django.urls import URLPattern, path

from integrationhub.console import search, second_factor
from integrationhub.console.manual import views as manual
from integrationhub.console.orders import acceptance, editing
from integrationhub.console.people import sessions
from integrationhub.console.syncs import completeness

if TYPE_CHECKING:
    from unfold.sites import UnfoldAdminSite


def console_urls(site: "UnfoldAdminSite") -> list[URLPattern]:
    return [
        path("search/", site.admin_view(search.results), name="search"),
        path("manual/", site.admin_view(manual.contents), name="manual"),
        path("manual/<slug:slug>/", site.admin_view(manual.page), name="manual_page"),
        path("completeness/", site.admin_view(completeness.page), name="completeness"),
        path("sessions/", site.admin_view(sessions.own), name="sessions_own"),
        path("second-factor/own/", site.admin_view(second_factor.own), name="second_factor_own"),
        path("decisions/acceptance/", site.admin_view(acceptance.decide), name="case_acceptance"),
        path("records/<int:job_id>/edit/", site.admin_view(editing.edit), name="record_edit"),
    ]


def second_factor_urls(site: "UnfoldAdminSite") -> list[URLPattern]:
    """What a person reaches who has given the password and not the code yet: nothing else."""
    return [path("second-factor/", second_factor.ask, name="second_factor")]
