"""The console's pages that belong to no model, as the site mounts them."""

from typing import TYPE_CHECKING

from django.urls import URLPattern, path

from integrationhub.console import search, second_factor

if TYPE_CHECKING:
    from unfold.sites import UnfoldAdminSite


def console_urls(site: "UnfoldAdminSite") -> list[URLPattern]:
    return [
        path("search/", site.admin_view(search.results), name="search"),
        path("second-factor/own/", site.admin_view(second_factor.own), name="second_factor_own"),
    ]


def second_factor_urls(site: "UnfoldAdminSite") -> list[URLPattern]:
    """What a person reaches who has given the password and not the code yet: nothing else."""
    return [path("second-factor/", second_factor.ask, name="second_factor")]
