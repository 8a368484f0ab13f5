"""Brands on screen. Connections, links, people and the audit trail need more of the hub: `integrationhub.console`."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.forms.models import model_to_dict
from django.http import HttpRequest

from connectors.access import Right
from connectors.admin_base import HubModelAdmin, register, rights_of
from connectors.models import Brand, record_audit


@register(Brand)
class BrandAdmin(HubModelAdmin):
    address = "brands"
    brand_path = "pk"
    see_right = Right.CONFIGURE
    change_right = Right.CONFIGURE
    list_display = ("name", "code", "timezone", "reporting_currency")
    fieldsets = (
        (None, {"fields": ("name", "code", "reporting_currency")}),
        ("Clock and calendar", {"fields": ("timezone", "working_days", "working_from", "working_until")}),
    )
    change_list_template = "console/list.html"
    change_form_template = "console/form.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Brand]:
        if rights_of(request).superuser:  # who sets the hub up has no role before there is a brand
            return Brand.objects.order_by("name")
        return super().get_queryset(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return rights_of(request).superuser

    def has_module_permission(self, request: HttpRequest) -> bool:
        return rights_of(request).superuser or super().has_module_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return rights_of(request).superuser or super().has_view_permission(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return rights_of(request).superuser or super().has_change_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: Brand, form: Any, change: bool) -> None:
        save_and_tell(obj, form, actor=request.user.get_username(), brand=obj)


def save_and_tell(row: Any, form: Any, *, actor: str, brand: Brand | None, hidden: Sequence[str] = ()) -> None:
    """Save a changed row and tell the audit trail what it said before and says now; of `hidden` fields only that they changed."""
    made = row.pk is None
    with transaction.atomic():
        before = None if made else _told(type(row)._default_manager.get(pk=row.pk), form.changed_data, hidden)
        row.save()
        record_audit(
            actor=actor,
            action=f"{row._meta.model_name}.{'added' if made else 'changed'}",
            subject=row,
            brand=brand,
            before=before,
            after=_told(row, form.changed_data, hidden),
        )


def _told(row: Any, names: Sequence[str], hidden: Sequence[str]) -> dict[str, Any]:
    values = model_to_dict(row)
    return {
        name: "not shown" if name in hidden else _plain(values[name])
        for name in names
        if name in values or name in hidden
    }


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | str) else str(value)
