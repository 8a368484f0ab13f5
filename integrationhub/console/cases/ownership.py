"""Whose cases become: the rules, the teams' targets, and trying changed rules on what is open."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget

from connectors import ports
from connectors.access import Right, may, roles_with
from connectors.admin_base import HubModelAdmin, register, rights_of
from connectors.models import Brand, Connection, RoleGrant, record_audit
from exceptions_app import routing
from exceptions_app.causes import cause_named, registered_causes
from exceptions_app.models import RoutingRule, TeamTarget
from exceptions_app.telling import tell
from exceptions_app.words import counted
from integrationhub.console.cases.filters import BrandFilter
from integrationhub.console.money_words import at_stake
from mappings_app.kinds import KINDS

MOVES_SHOWN = 200
_EXPLAINED = {
    "position": "The lowest comes first; the first rule that fits decides.",
    "channel": "Cases that show in this channel, or are about this connection. Empty: any.",
    "value_over": "In the brand's reporting currency. Asked again when what waits for a case passes it.",
    "owner": "Empty: the team decides among itself who takes it.",
    "active": "A rule is switched off rather than deleted, so that the audit trail keeps its name.",
}


class RuleForm(forms.ModelForm):  # type: ignore[type-arg]
    cause = forms.ChoiceField(required=False, widget=UnfoldAdminSelectWidget())
    mapping_kind = forms.ChoiceField(required=False, label="Kind of mapping", widget=UnfoldAdminSelectWidget())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        causes = sorted(((one.code, one.label) for one in registered_causes().values()), key=lambda one: one[1])
        kinds = [(kind.code, str(kind.label).capitalize()) for kind in KINDS.values()]
        self._offer("cause", [("", "Any"), *causes])
        self._offer("mapping_kind", [("", "Any"), *kinds])

    def _offer(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields.get(name)
        if isinstance(field, forms.ChoiceField):  # whoever may only look is shown none
            field.choices = choices

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        brand = cleaned.get("brand") or (self.instance.brand if self.instance.pk else None)
        channel, owner = cleaned.get("channel"), cleaned.get("owner")
        if brand and channel and channel.brand_id != brand.pk:
            self.add_error("channel", f"{channel} does not belong to {brand}.")
        if brand and owner and not may(owner, Right.WORK_CASES, brand):
            self.add_error("owner", f"{owner.get_username()} may not work on cases of {brand}.")
        return cleaned


class _OwnershipAdmin(HubModelAdmin):
    add_right = Right.CONFIGURE
    change_right = Right.CONFIGURE
    list_filter = (BrandFilter,)
    list_select_related: Any = ("brand",)
    change_form_template = "console/form.html"

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("brand",) if obj else ()

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        brands = rights_of(request).brand_ids(Right.CONFIGURE)
        if db_field.name == "brand":
            kwargs["queryset"] = Brand.objects.filter(pk__in=brands)
        elif db_field.name == "channel":
            kwargs["queryset"] = Connection.objects.filter(brand_id__in=brands).order_by("name")
        elif db_field.name == "owner":
            grants = RoleGrant.objects.filter(brand_id__in=brands, role__in=roles_with(Right.WORK_CASES))
            people = get_user_model().objects.filter(pk__in=grants.values("user_id"), is_active=True)
            kwargs["queryset"] = people.order_by("username")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in _EXPLAINED:
            kwargs["help_text"] = _EXPLAINED[db_field.name]
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if isinstance(field, forms.ModelChoiceField):  # no windows that add or change the other row from here
            for what in ("add", "change", "view", "delete"):
                setattr(field.widget, f"can_{what}_related", False)
        return field

    def _require_brand(self, request: HttpRequest, brand_id: int) -> None:
        if not rights_of(request).may(Right.CONFIGURE, brand_id):
            raise PermissionDenied


@register(RoutingRule)
class RoutingRuleAdmin(_OwnershipAdmin):
    address = "case-rules"
    plural = "Case rules"
    form = RuleForm
    list_display = ("position", "told", "goes_to", "brand", "standing")
    list_display_links = ("told",)
    list_select_related = ("brand", "channel", "owner")
    ordering = ("brand__name", "position", "pk")
    fieldsets = (
        (None, {"fields": ("brand", "position", "active")}),
        ("Which cases", {"fields": (("cause", "mapping_kind"), ("channel", "value_over"))}),
        ("Whose they become", {"fields": (("team", "owner"),)}),
    )
    change_list_template = "console/cases/rules.html"

    @display(description="Cases")
    def told(self, rule: RoutingRule) -> str:
        parts = [cause_named(rule.cause).label if rule.cause else "Any cause"]
        if rule.mapping_kind in KINDS:
            parts.append(f"mappings of {KINDS[rule.mapping_kind].label}")
        if rule.channel:
            parts.append(f"at {rule.channel}")
        if rule.value_over is not None:
            parts.append(f"worth more than {at_stake(rule.value_over, rule.brand.reporting_currency)}")
        return ", ".join(parts)

    @display(description="Become")
    def goes_to(self, rule: RoutingRule) -> SafeString:
        owner = rule.owner.get_username() if rule.owner else "whoever takes it"
        return format_html(
            '<span class="hub-two-lines"><span>{}</span><small>{}</small></span>', rule.get_team_display(), owner
        )

    @display(description="State", ordering="active")
    def standing(self, rule: RoutingRule) -> SafeString:
        tone, words = ("hub-chip-good", "in use") if rule.active else ("", "switched off")
        return format_html('<span class="hub-chip {}">{}</span>', tone, words)

    def save_model(self, request: HttpRequest, obj: RoutingRule, form: Any, change: bool) -> None:
        self._require_brand(request, obj.brand_id)
        before = RoutingRule.objects.get(pk=obj.pk).told() if change else None
        with transaction.atomic():
            obj.save()
            record_audit(
                actor=request.user.get_username(),
                action="case_rule.changed" if change else "case_rule.added",
                subject=obj,
                brand=obj.brand,
                before=before,
                after=obj.told(),
            )
            routing.relearn_limits(obj.brand_id)

    # --- what is open already ---------------------------------------------------------------------------------------
    def own_urls(self) -> list[URLPattern]:
        return [self.page("apply/", self.apply_view, "apply")]

    def apply_view(self, request: HttpRequest) -> HttpResponse:
        """Preview what today's rules would move of what is open, then move exactly what was shown."""
        brands = rights_of(request).brand_ids(Right.CONFIGURE)
        if not brands:
            raise PermissionDenied
        by_hand = bool((request.POST or request.GET).get("by_hand"))
        found = routing.moves(brands, placed_by_hand=by_hand)
        if request.method == "POST":
            return self._applied(request, found, brands)
        context = {
            **self.admin_site.each_context(request),
            "title": "Apply the rules to open cases",
            "opts": self.opts,
            "moves": [(move, tell(move.case)) for move in found[:MOVES_SHOWN]],
            "more": max(len(found) - MOVES_SHOWN, 0),
            "count": len(found),
            "told": counted(len(found), "open case moves", "open cases move"),
            "by_hand": by_hand,
            "now": ports.now(),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "console/cases/apply_rules.html", context)

    def _applied(self, request: HttpRequest, found: list[routing.Move], brands: set[int]) -> HttpResponse:
        tokens, reason = set(request.POST.getlist("move")), request.POST.get("text", "").strip()
        moved = routing.apply_moves(
            found, tokens, actor=request.user.get_username(), reason=reason or "The rules were applied to open cases."
        )
        for brand_id in brands:
            routing.relearn_limits(brand_id)
        messages.success(request, f"{counted(len(moved), 'case', 'cases')} moved.")
        if left := len(tokens) - len(moved):
            words = counted(left, "case has changed meanwhile and was", "cases have changed meanwhile and were")
            messages.warning(request, f"{words} left alone. Look again.")
        return HttpResponseRedirect(reverse("admin:exceptions_app_routingrule_changelist"))


@register(TeamTarget)
class TeamTargetAdmin(_OwnershipAdmin):
    address = "case-targets"
    plural = "Team targets"
    list_display = ("team", "hours_told", "brand")
    ordering = ("brand__name", "team")
    fields = ("brand", "team", "hours")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("brand", "team") if obj else ()

    @display(description="Decides within", ordering="hours")
    def hours_told(self, target: TeamTarget) -> str:
        return counted(target.hours, "working hour", "working hours")

    def save_model(self, request: HttpRequest, obj: TeamTarget, form: Any, change: bool) -> None:
        self._require_brand(request, obj.brand_id)
        before = {"hours": TeamTarget.objects.get(pk=obj.pk).hours} if change else None
        with transaction.atomic():
            obj.save()
            record_audit(
                actor=request.user.get_username(),
                action="team_target.changed" if change else "team_target.added",
                subject=obj,
                brand=obj.brand,
                before=before,
                after={"hours": obj.hours},
            )
            routing.retarget(obj.brand_id)
