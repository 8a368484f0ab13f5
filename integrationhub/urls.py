"""Addresses: the console under ADMIN_PATH, the health check, and what platforms call."""

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views.generic import RedirectView


def healthz(request: HttpRequest) -> HttpResponse:
    """Answer load balancers. It asks neither database nor Redis: a web host that is up can still show what is wrong."""
    return HttpResponse("ok\n", content_type="text/plain")


def no_icon(request: HttpRequest) -> HttpResponse:
    """Browsers ask for this beside every page, logged in or not; an answer keeps 404s out of the log."""
    return HttpResponse(status=204, headers={"Cache-Control": "public, max-age=86400"})


admin.autodiscover()

# What platforms call comes first, under `webhooks/`: it has no session and no console around it.
urlpatterns = [
    path("webhooks/", include("integrationhub.sync.urls")),
    path("healthz", healthz, name="healthz"),
    path("favicon.ico", no_icon),
    path(settings.ADMIN_PATH, admin.site.urls),
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
]
