"""The console's site: who gets in, with what proof, and which pages there are at all."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, URLResolver, include, path, reverse
from django.utils.http import urlencode
from unfold.sites import UnfoldAdminSite

from connectors.admin_base import HubModelAdmin, rights_of
from integrationhub.console.addresses import console_urls, second_factor_urls

# Pages of Django's and the skin's that answer for any model, past what its own page allows.
_LEFT_OUT = frozenset({"autocomplete", "view_on_site", "search"})


class HubAdminSite(UnfoldAdminSite):
    takes_hub_pages = True

    # --- which pages there are --------------------------------------------------------------------------------------
    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Take only pages that ask for rights. What packages bring along (queues, one-time secrets) is left out."""
        if admin_class is not None and issubclass(admin_class, HubModelAdmin):
            super().register(model_or_iterable, admin_class, **options)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        theirs = (url for url in super().get_urls() if getattr(url, "name", None) not in _LEFT_OUT)
        return [*second_factor_urls(self), *console_urls(self), *map(self._readdressed, theirs)]

    def _readdressed(self, pattern: URLPattern | URLResolver) -> URLPattern | URLResolver:
        """A model's pages under the address that people read: `cases/` for `exceptions_app/exceptioncase/`."""
        for model, model_admin in self._registry.items():
            address = getattr(model_admin, "address", "")
            if address and str(pattern.pattern) == f"{model._meta.app_label}/{model._meta.model_name}/":
                return path(f"{address}/", include(model_admin.urls))
        return pattern

    def app_index(self, request: HttpRequest, app_label: str, extra_context: Any = None) -> HttpResponse:
        raise Http404  # the menu is by subject, not by the code's packages

    # --- who gets in ------------------------------------------------------------------------------------------------
    def may_enter(self, request: HttpRequest) -> bool:
        """Staff with a role; a superuser without one gets in to grant roles, and sees nothing else."""
        user = request.user
        return bool(user.is_active and user.is_staff and (user.is_superuser or rights_of(request).any))

    def has_permission(self, request: HttpRequest) -> bool:
        return self.may_enter(request) and (not second_factor_required() or is_verified(request))

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Callable[..., Any]:
        inner = super().admin_view(view, cacheable)

        def gate(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if not self._lacks_only_the_second_factor(request):
                return inner(request, *args, **kwargs)
            if request.path == reverse("admin:logout", current_app=self.name):
                return self.logout(request)  # whoever cannot give the code must be able to leave
            return self._to_second_factor(request, back_to=request.get_full_path())

        return gate

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if request.method == "GET" and self._lacks_only_the_second_factor(request):
            return self._to_second_factor(request, back_to=request.GET.get(REDIRECT_FIELD_NAME, ""))
        response: HttpResponse = super().login(request, extra_context)
        return response

    def _lacks_only_the_second_factor(self, request: HttpRequest) -> bool:
        return self.may_enter(request) and not self.has_permission(request)

    def _to_second_factor(self, request: HttpRequest, *, back_to: str) -> HttpResponse:
        address = reverse("admin:second_factor", current_app=self.name)
        return HttpResponseRedirect(f"{address}?{urlencode({REDIRECT_FIELD_NAME: back_to})}")


def second_factor_required() -> bool:
    return bool(settings.ENVIRONMENT != "sandbox")


def is_verified(request: HttpRequest) -> bool:
    verified = getattr(request.user, "is_verified", None)
    return bool(verified and verified())
