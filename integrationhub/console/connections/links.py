"""Links: which two connections are kept in sync, and how orders are taken there."""

from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from connectors.access import Right
from connectors.admin import save_and_tell
from connectors.admin_base import HubModelAdmin, register, rights_of
from connectors.base import Capability
from connectors.models import Brand, Connection, Link
from connectors.registry import connector_class, platforms_able_to
from integrationhub.adminkit.moments import span
from integrationhub.console.cases.filters import BrandFilter
from integrationhub.console.connections.going_live import objections
from integrationhub.sync import ticks
from integrationhub.sync.models import Schedule

_EXPLAINED = {
    "acceptance_policy": (
        "Create first: the order is made where it is fulfilled, on hold, and then accepted; needs the customer's address"
        " before acceptance. Reserve first: its stock is kept for it, it is accepted, and made once the address is known."
    ),
    "tax_difference": "What happens when the total agrees and the tax in it does not.",
    "fallback_email": "An order that names no e-mail of its customer is created with this one.",
    "own_mappings_only": (
        "Mappings made for every channel of the brand do not count here. A new link from a shop such as Centra starts like"
        " this: those mappings say what a marketplace's codes are in the shop."
    ),
    "cancels_in_shop": (
        "Somebody cancels a whole order in the warehouse: tick to let the hub cancel it in the shop at once. Unticked, a case"
        " asks a person first. Links from marketplaces do not need it: those go by the reason codes."
    ),
    "equal_skus": (
        "A SKU without a mapping means itself, once the product is in the list of where orders are fulfilled. The hub writes"
        " these mappings itself, and looks for a product that is new as soon as somebody buys it."
    ),
}
PAIRS = "A link goes from a marketplace to Centra, from Centra to Fulfil, or from a marketplace to Fulfil."


class LinkForm(forms.ModelForm):  # type: ignore[type-arg]
    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        brand = cleaned.get("brand") or (self.instance.brand if self.instance.pk else None)
        for name in ("source", "target"):
            side = cleaned.get(name)
            if side and brand and side.brand_id != brand.pk:
                self.add_error(name, f"{side} does not belong to {brand}.")
        source, target = cleaned.get("source") or self._kept("source"), cleaned.get("target") or self._kept("target")
        if source and target:
            self._check_pair(source, target)
            if cleaned.get("active"):
                self._check_one_owner(source, target)
        if not self.instance.pk and source and connector_class(source.platform).is_shop():
            cleaned["own_mappings_only"] = True
        if source and target and cleaned.get("active") and not self.errors and not self._was_active():
            for words in objections([source, target]):
                self.add_error("active", words)
        return cleaned

    def _kept(self, name: str) -> Connection | None:
        return getattr(self.instance, name) if self.instance.pk else None

    def _check_pair(self, source: Connection, target: Connection) -> None:
        field = "target" if "target" in self.fields else None
        if source.pk == target.pk:
            self.add_error(field, f"Orders that are sold at {source} and stay there need no link.")
        elif connector_class(source.platform).is_shop() and connector_class(target.platform).is_shop():
            self.add_error(field, f"{source} and {target} are both shops: neither fulfils for the other. {PAIRS}")

    def _check_one_owner(self, source: Connection, target: Connection) -> None:
        """What a source may sell follows the stock of one owner: two would overwrite each other."""
        if not connector_class(target.platform).capabilities[Capability.READ_STOCK]:
            return
        owners = Link.objects.filter(
            source=source, active=True, target__platform__in=platforms_able_to(Capability.READ_STOCK)
        )
        other = owners.exclude(pk=self.instance.pk).select_related("target").first()
        if other is not None:
            words = f"{source} already gets its stock from {other.target}. The hub never lets two owners write the same stock."
            self.add_error("active", f"{words} Switch that link off first.")

    def _was_active(self) -> bool:
        return Link.objects.filter(pk=self.instance.pk, active=True).exists()


_OF_MARKETPLACES = frozenset(
    {
        "acceptance_policy",
        "acceptance_window_hours",
        "gives_refunds",
        "cancellation_reason",
        "refund_reason",
        "return_reason",
        "order_number_from",
        "order_number_until",
    }
)


def _decides_nothing(link: Link) -> frozenset[str]:
    """The fields of a link that no flow of it goes by."""
    if connector_class(link.source.platform).is_shop():
        return _OF_MARKETPLACES
    return frozenset({"cancels_in_shop"}) | (frozenset() if _asks_to_accept(link) else {"acceptance_window_hours"})


@register(Link)
class LinkAdmin(HubModelAdmin):
    address = "links"
    form = LinkForm
    add_right = Right.CONFIGURE
    change_right = Right.CONFIGURE
    list_display = ("pair", "brand", "policy", "window", "standing")
    list_filter = (BrandFilter,)
    list_select_related = ("source", "target", "brand")
    ordering = ("source__name",)
    change_list_template = "console/list.html"
    change_form_template = "console/form.html"
    fieldsets = (
        (None, {"fields": ("brand", ("source", "target"), "active", "started_at")}),
        (
            "Taking orders",
            {"fields": ("acceptance_policy", "acceptance_window_hours", "fallback_email", "reference_prefix")},
        ),
        ("Mappings", {"fields": ("own_mappings_only", "equal_skus")}),
        (
            "Watching",
            {"fields": ("dispatch_confirmed_within_hours", "tax_difference")},
        ),
        (
            "Cancellations and refunds",
            {"fields": ("gives_refunds", "cancellation_reason", "refund_reason", "return_reason", "cancels_in_shop")},
        ),
        ("Agreed order numbers", {"fields": (("order_number_from", "order_number_until"),)}),
    )

    # --- columns ----------------------------------------------------------------------------------------------------
    @display(description="Link")
    def pair(self, link: Link) -> str:
        return str(link)

    @display(description="Orders are")
    def policy(self, link: Link) -> str:
        if not _asks_to_accept(link):
            return "created when they are paid"
        first = Link.AcceptancePolicy.CREATE_FIRST
        return "created, then accepted" if link.acceptance_policy == first else "reserved, accepted, then created"

    @display(description="Acceptance window", ordering="acceptance_window_hours")
    def window(self, link: Link) -> str:
        if not _asks_to_accept(link):
            return "none"
        return span(link.acceptance_window_hours * 3600)

    @display(description="State", ordering="active")
    def standing(self, link: Link) -> SafeString:
        tone, words = ("hub-chip-good", "in sync") if link.active else ("", "not in use")
        return format_html('<span class="hub-chip {}">{}</span>', tone, words)

    # --- the form ---------------------------------------------------------------------------------------------------
    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """What decides nothing on this link is not asked; before the link is made nobody knows what that is."""
        idle = _decides_nothing(obj) if obj else frozenset()
        groups = []
        for title, options in super().get_fieldsets(request, obj):
            fields = [field for field in options["fields"] if isinstance(field, tuple) or field not in idle]
            fields = [field for field in fields if not isinstance(field, tuple) or not idle.issuperset(field)]
            if fields:
                groups.append((title, {**options, "fields": fields}))
        return groups

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("brand", "source", "target", "started_at") if obj else ()

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        brands = rights_of(request).brand_ids(Right.CONFIGURE)
        if db_field.name == "brand":
            kwargs["queryset"] = Brand.objects.filter(pk__in=brands)
        elif db_field.name in ("source", "target"):
            kwargs["queryset"] = _able(db_field.name, brands)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in _EXPLAINED:
            kwargs["help_text"] = _EXPLAINED[db_field.name]
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if isinstance(field, forms.ModelChoiceField):  # no windows that add or change the other row from here
            for what in ("add", "change", "view", "delete"):
                setattr(field.widget, f"can_{what}_related", False)
        return field

    def save_model(self, request: HttpRequest, obj: Link, form: Any, change: bool) -> None:
        save_and_tell(obj, form, actor=request.user.get_username(), brand=obj.brand)
        ticks.plan_schedules()
        if words := cadence_warning(obj):
            messages.warning(request, words)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        link = self.found(request, object_id)
        context = {"warning": cadence_warning(link), "title": str(link), **(extra_context or {})}
        response: HttpResponse = super().change_view(request, object_id, form_url, context)
        return response


def _able(side: str, brands: set[int]) -> QuerySet[Connection]:
    """The connections that can stand on this side: orders are read from a source and created in a target."""
    needed = Capability.READ_ORDERS if side == "source" else Capability.CREATE_ORDERS
    return Connection.objects.filter(brand_id__in=brands, platform__in=platforms_able_to(needed)).order_by("name")


def _asks_to_accept(link: Link) -> bool:
    return connector_class(link.source.platform).capabilities[Capability.ACCEPT_ORDERS]


def cadence_warning(link: Link) -> str:
    """A sentence when orders are read too seldom for the acceptance window, else ""."""
    if not _asks_to_accept(link):
        return ""
    reading = Schedule.objects.filter(connection_id=link.source_id, flow="read_orders", cadence_seconds__isnull=False)
    cadence = reading.values_list("cadence_seconds", flat=True).first()
    window = link.acceptance_window_hours * 3600
    if cadence is None or cadence * 4 <= window:
        return ""
    return (
        f"Orders of {link.source} are read every {span(cadence)}, and each must be accepted within {span(window)}."
        " Read them at least four times in that window, so that one failed reading loses no order."
    )
