"""Admin pages that ask `connectors.access`, for each row and each page, what this person may do for its brand.

Rights take the place of Django's model permissions: without a role there is nothing to see, and a page that names no
right for something does not offer it. Deleting is offered nowhere.
"""

from collections.abc import Callable
from functools import update_wrapper
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.http import urlencode
from django.utils.text import capfirst
from unfold.admin import ModelAdmin

from connectors.access import RIGHTS, Right
from connectors.models import Brand, RoleGrant
from integrationhub.adminkit.paginator import CappedPaginator

_KEPT_AS = "_hub_rights"


class Rights:
    """What one person may do, for which brand. Read in one query, kept for one request."""

    def __init__(self, user: Any) -> None:
        self.user = user
        self.superuser = bool(user.is_active and user.is_superuser)
        self._brands: dict[Right, set[int]] = {right: set() for right in Right}
        self._zones: dict[int, str] = {}
        self.roles: set[str] = set()
        self.grants: set[tuple[str, int]] = set()  # (role, brand id)
        if user.is_authenticated and user.is_active:
            self._read()

    def _read(self) -> None:
        grants = RoleGrant.objects.filter(user_id=self.user.pk).values_list("role", "brand_id", "brand__timezone")
        for role, brand_id, zone in grants:
            self.roles.add(role)
            self.grants.add((role, brand_id))
            self._zones[brand_id] = zone
            for right in RIGHTS.get(role, frozenset()):
                self._brands[right].add(brand_id)

    def may(self, right: Right, brand_id: int | None = None) -> bool:
        """For this brand, or for any when none is named."""
        return bool(self._brands[right]) if brand_id is None else brand_id in self._brands[right]

    def brand_ids(self, right: Right) -> set[int]:
        return set(self._brands[right])

    @property
    def zone(self) -> ZoneInfo:
        """The clock this person is told the time by, until the browser says better: that of their brand."""
        return ZoneInfo(next(iter(sorted(self._zones.values())), "UTC"))

    @property
    def any(self) -> bool:
        return bool(self.roles)


def rights_of(request: HttpRequest) -> Rights:
    kept: Rights | None = getattr(request, _KEPT_AS, None)
    if kept is None or kept.user.pk != request.user.pk:
        kept = Rights(request.user)
        setattr(request, _KEPT_AS, kept)
    return kept


def require(request: HttpRequest, right: Right, brand_id: int | None) -> None:
    """Raise PermissionDenied unless the person has the right for this brand."""
    if not rights_of(request).may(right, brand_id):
        raise PermissionDenied


class HubModelAdmin(ModelAdmin):
    """The one kind of admin page that `HubAdminSite` takes. Subclasses say which right each thing needs."""

    address: ClassVar[str] = ""  # the page's address under the console: "cases", "mappings/sku"
    plural: ClassVar[str] = ""  # what the list is called, where the model's own name is not what people say
    brand_path: ClassVar[str] = "brand_id"  # from a row to its brand's id
    see_right: ClassVar[Right] = Right.SEE
    add_right: ClassVar[Right | None] = None
    change_right: ClassVar[Right | None] = None

    paginator = CappedPaginator
    list_per_page = 50
    show_full_result_count = False
    list_filter_sheet = True
    show_facets = admin.ShowFacets.NEVER  # counting every choice of every filter would be counting everything
    list_fullwidth = True
    empty_value_display = "–"
    actions: Any = None  # none by default: not even "delete selected"

    def get_actions(self, request: HttpRequest) -> Any:
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The tab says what the list is, not "Select case to view"."""
        title = self.plural or capfirst(str(self.opts.verbose_name_plural))
        answer: HttpResponse = super().changelist_view(request, {"title": title, **(extra_context or {})})
        return answer

    @property
    def counted_as(self) -> str:
        """What the rows are, behind their number: "cases", "orders"."""
        words = self.plural or str(self.opts.verbose_name_plural)
        return words[:1].lower() + words[1:] if self.plural else words

    # --- who may what ---------------------------------------------------------------------------------------------
    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.filter(**{f"{self.brand_path}__in": rights_of(request).brand_ids(self.see_right)})

    def brand_of(self, row: models.Model) -> int | None:
        value: Any = row
        for name in self.brand_path.split("__"):
            value = getattr(value, name, None)
        return None if value is None else int(value)

    def _may(self, request: HttpRequest, right: Right | None, row: Any = None) -> bool:
        if right is None:
            return False
        if row is None or isinstance(row, str | int):  # unfold hands over the id where Django hands over the row
            return rights_of(request).may(right)
        return rights_of(request).may(right, self.brand_of(row))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self._may(request, self.see_right)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, self.see_right, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self._may(request, self.add_right)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, self.change_right, obj)

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> HttpResponse:
        raise PermissionDenied  # the same answer for what does not exist and for what is another brand's

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    # --- one trail, ours --------------------------------------------------------------------------------------------
    def log_addition(self, *args: Any, **kwargs: Any) -> None:
        """Changes are told to the audit trail, where they are made; Django's own log would be a second, weaker one."""

    def log_change(self, *args: Any, **kwargs: Any) -> None: ...

    def log_deletions(self, *args: Any, **kwargs: Any) -> None: ...

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """The audit trail of this row."""
        row = self.get_object(request, object_id)
        if row is None or not self.has_view_permission(request, row):
            raise PermissionDenied
        require(request, Right.READ_AUDIT, self.brand_of(row))
        query = urlencode({"q": f"{row._meta.model_name}:{row.pk}"})
        return HttpResponseRedirect(f"{reverse('admin:connectors_auditentry_changelist')}?{query}")

    # --- pages beside Django's --------------------------------------------------------------------------------------
    def own_urls(self) -> list[URLPattern]:
        """The model's own pages: see `page`."""
        return []

    def get_urls(self) -> list[URLPattern]:
        """Ours first; a row's page is at `12/`, not `12/change/`."""
        change = f"{self.opts.app_label}_{self.opts.model_name}_change"
        kept = [url for url in super().get_urls() if url.name and url.name != change]
        return [*self.own_urls(), *kept, self.page("<slug:object_id>/", self.change_view, "change")]

    def page(self, route: str, view: Any, name: str) -> URLPattern:
        """An address of this model's own, behind the site's gate; `name` completes `app_model_`."""

        def wrapper(*args: Any, **kwargs: Any) -> Any:
            return self.admin_site.admin_view(view)(*args, **kwargs)

        wrapper.model_admin = self  # type: ignore[attr-defined]
        full = f"{self.opts.app_label}_{self.opts.model_name}_{name}"
        return path(route, update_wrapper(wrapper, view), name=full)

    def found(self, request: HttpRequest, object_id: str) -> Any:
        """The row with this id among those the person may see; PermissionDenied for any other, whether it exists or not."""
        row = self.get_object(request, object_id)
        if row is None:
            raise PermissionDenied
        return row


def register(model: type[models.Model]) -> Callable[[type[HubModelAdmin]], type[HubModelAdmin]]:
    """Class decorator: put the page on the hub's site. Any other site (a command run with bare settings) goes without."""

    def registered(model_admin: type[HubModelAdmin]) -> type[HubModelAdmin]:
        if getattr(admin.site, "takes_hub_pages", False):
            admin.site.register(model, model_admin)
        return model_admin

    return registered


def brand_choices(request: HttpRequest, right: Right = Right.SEE) -> list[tuple[str, str]]:
    """The person's brands, for a filter; none where there is only one to choose."""
    ids = rights_of(request).brand_ids(right)
    if len(ids) < 2:
        return []
    return [(str(pk), name) for pk, name in Brand.objects.filter(pk__in=ids).values_list("pk", "name")]
