"""Django's admin with our site: `HubAdminConfig` stands in INSTALLED_APPS in place of "django.contrib.admin".

The console's pages are loaded with its addresses (`integrationhub.urls`), not when Django starts: a worker and the scheduler
have none, and a seventh of a worker's memory would be pages that it never shows.
"""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.contrib.admin.apps import SimpleAdminConfig
from django.contrib.admin.checks import check_admin_app, check_dependencies
from django.core import checks


def check_console(app_configs: Sequence[Any] | None, **options: Any) -> list[checks.CheckMessage]:
    """Django's checks of every page, which must be there to be checked."""
    admin.autodiscover()
    return check_admin_app(app_configs, **options)


class HubAdminConfig(SimpleAdminConfig):
    default = False
    default_site = "integrationhub.admin_site.HubAdminSite"

    def ready(self) -> None:
        checks.register(check_dependencies, checks.Tags.admin)
        checks.register(check_console, checks.Tags.admin)
