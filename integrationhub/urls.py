"""Addresses: the console under ADMIN_PATH, the health check, and what platforms call."""

from django.conf import settings
from django.contrib import admin
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views.generic import RedirectView

from exceptions_app.deadlines import span
from integrationhub.console.front.health import SILENT_AFTER_SECONDS
from integrationhub.sync.sweep import silent_for


def healthz(request: HttpRequest) -> HttpResponse:
    """Answer load balancers. It asks neither database nor Redis: a web host that is up can still show what is wrong."""
    return HttpResponse("ok\n", content_type="text/plain")


def clock_runs(request: HttpRequest) -> HttpResponse:
    """For a monitor outside: 503 when nothing has run by the clock for a while. The scheduler cannot tell of its own end."""
    try:
        silent = silent_for("scheduler")
    except DatabaseError:
        return HttpResponse("The database does not answer.\n", status=503, content_type="text/plain")
    if silent is None or silent.total_seconds() > SILENT_AFTER_SECONDS:
        how = "has not run yet" if silent is None else f"is silent for {span(silent.total_seconds())}"
        return HttpResponse(f"The scheduler {how}. Nothing runs by the clock.\n", status=503, content_type="text/plain")
    return HttpResponse("ok\n", content_type="text/plain")


def no_icon(request: HttpRequest) -> HttpResponse:
    """Browsers ask for this beside every page, logged in or not; an answer keeps 404s out of the log."""
    return HttpResponse(status=204, headers={"Cache-Control": "public, max-age=86400"})


admin.autodiscover()

# What platforms call comes first, under `webhooks/`: it has no session and no console around it.
urlpatterns = [
    path("webhooks/", include("integrationhub.sync.urls")),
    path("healthz", healthz, name="healthz"),
    path("healthz/clock", clock_runs, name="healthz_clock"),
    path("favicon.ico", no_icon),
    path(settings.ADMIN_PATH, admin.site.urls),
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
]
