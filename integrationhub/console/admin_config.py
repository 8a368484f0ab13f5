"""Django's admin with our site: `HubAdminConfig` stands in INSTALLED_APPS in place of "django.contrib.admin"."""

from django.contrib.admin.apps import AdminConfig


class HubAdminConfig(AdminConfig):
    default = False
    default_site = "integrationhub.admin_site.HubAdminSite"
