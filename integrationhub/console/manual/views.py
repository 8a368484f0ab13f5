"""The manual's pages in the console: contents with search, and each page."""

from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from integrationhub.console.manual import library
from integrationhub.console.manual.searching import LONGEST, find


def contents(request: HttpRequest) -> HttpResponse:
    """The list of all pages, or what was found for `?q=`."""
    term = request.GET.get("q", "").strip()[:LONGEST]
    return _shown(
        request,
        "console/manual/contents.html",
        title="Manual",
        page=library.contents(),
        asked=term,
        hits=find(term, library.pages().values()) if term else [],
    )


def page(request: HttpRequest, slug: str) -> HttpResponse:
    found = library.pages().get(slug)
    if found is None or found is library.contents():
        raise Http404
    before, after = library.neighbours(found)
    return _shown(
        request, "console/manual/page.html", title=found.title, page=found, before=before, after=after, asked=""
    )


def _shown(request: HttpRequest, template: str, **context: Any) -> HttpResponse:
    return TemplateResponse(request, template, {**admin.site.each_context(request), **context})
