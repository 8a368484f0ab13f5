"""People and their roles. An administrator of a brand grants roles for it; the person's account itself belongs to
whoever administers every brand the person works for, so that no brand can take over another's people.
"""

from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.contrib.auth.admin import UserAdmin
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django_otp.plugins.otp_totp.models import TOTPDevice
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserCreationForm

from connectors import ports
from connectors.access import RIGHTS, Right
from connectors.admin import save_and_tell
from connectors.admin_base import HubModelAdmin, register, rights_of
from connectors.models import Brand, RoleGrant, record_audit
from integrationhub.adminkit import moments
from integrationhub.console.people import sessions

User = get_user_model()
_UTC = ZoneInfo("UTC")
RIGHT_WORDS = {
    Right.SEE: "sees cases, orders, mappings and syncs",
    Right.SEE_PERSONAL_DATA: "reads customers' names and addresses",
    Right.WORK_CASES: "works on cases",
    Right.MAP_CODES: "saves mappings",
    Right.RUN_SYNCS: "runs and holds syncs",
    Right.CHANGE_ORDERS: "changes orders",
    Right.APPROVE_MONEY: "approves money",
    Right.CONFIGURE: "configures connections, links and people",
    Right.READ_AUDIT: "reads the audit trail",
}


def administers(request: HttpRequest, person: Any) -> bool:
    """Whether the person's account is this administrator's to change."""
    rights = rights_of(request)
    if rights.superuser:
        return True
    if person.is_superuser or not rights.may(Right.CONFIGURE):
        return False
    brands = set(person.role_grants.values_list("brand_id", flat=True))
    return bool(brands) and brands <= rights.brand_ids(Right.CONFIGURE)


class PersonForm(forms.ModelForm):  # type: ignore[type-arg]
    """The account. Its password has a page of its own, and is shown nowhere."""

    class Meta:
        model = User
        fields = ("username", "first_name", "last_name", "email", "is_active")
        help_texts = {"username": "What they log in with.", "is_active": "Off: they can no longer log in."}


@register(User)
class PeopleAdmin(HubModelAdmin, UserAdmin):  # type: ignore[misc, type-arg]
    address = "people"
    plural = "People"
    see_right = Right.CONFIGURE
    add_right = Right.CONFIGURE
    form = PersonForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("person", "roles", "second_factor", "last_seen", "standing")
    list_filter = ()
    ordering = ("username",)
    search_fields = ("username", "first_name", "last_name", "email")
    search_help_text = "Name or e-mail"
    fieldsets = ((None, {"fields": ("username", "first_name", "last_name", "email", "is_active")}),)
    add_fieldsets = ((None, {"classes": ("wide",), "fields": ("username", "password1", "password2")}),)
    readonly_fields = ()
    filter_horizontal = ()
    change_list_template = "console/list.html"
    change_form_template = "console/people/person.html"
    add_form_template = "console/form.html"

    # --- who may see and change whom --------------------------------------------------------------------------------
    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        people = User.objects.prefetch_related("role_grants__brand", "totpdevice_set")
        rights = rights_of(request)
        if rights.superuser:
            return people
        brands = rights.brand_ids(Right.CONFIGURE)
        mine = Q(role_grants__brand_id__in=brands)
        return people.filter(mine | Q(role_grants=None, is_superuser=False)).distinct() if brands else people.none()

    def _configures(self, request: HttpRequest) -> bool:
        rights = rights_of(request)
        return rights.superuser or rights.may(Right.CONFIGURE)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self._configures(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._configures(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self._configures(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if obj is None or isinstance(obj, str | int):
            return self._configures(request)
        return administers(request, obj) or (
            self._configures(request) and not obj.role_grants.exists() and not obj.is_superuser
        )

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        return False

    # --- columns ----------------------------------------------------------------------------------------------------
    @display(description="Person", ordering="username")
    def person(self, person: Any) -> SafeString:
        return format_html(
            '<span class="hub-two-lines"><span>{}</span><small>{}</small></span>',
            person.get_full_name() or person.get_username(),
            person.email or person.get_username(),
        )

    @display(description="Roles")
    def roles(self, person: Any) -> SafeString:
        grants = sorted(person.role_grants.all(), key=lambda grant: (grant.brand.name, grant.role))
        told = ((grant.get_role_display(), grant.brand.name) for grant in grants)
        return format_html_join(" ", '<span class="hub-chip">{} · {}</span>', told) or format_html(
            '<span class="hub-quiet">{}</span>', "none: sees nothing"
        )

    @display(description="Second factor")
    def second_factor(self, person: Any) -> str:
        return "set up" if any(device.confirmed for device in person.totpdevice_set.all()) else "not set up"

    @display(description="Last logged in", ordering="last_login")
    def last_seen(self, person: Any) -> SafeString:
        return moments.ago(person.last_login, now=ports.now(), zone=_UTC)

    @display(description="Account", ordering="is_active")
    def standing(self, person: Any) -> str:
        return "active" if person.is_active else "closed"

    # --- saving -----------------------------------------------------------------------------------------------------
    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        obj.is_staff = True  # the console is all there is to log in to; rights come from roles
        hidden = ("password", "password1", "password2")
        save_and_tell(obj, form, actor=request.user.get_username(), brand=None, hidden=hidden)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Groups and Django's own permissions mean nothing here."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:  # type: ignore[override]
        """Also called by Django's own page for setting somebody's password."""
        if request.resolver_match and request.resolver_match.url_name == "auth_user_password_change":
            record_audit(actor=request.user.get_username(), action="user.password_set", subject=obj, brand=None)

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        messages.success(request, f"{obj} can log in. Now say what they may do.")
        return HttpResponseRedirect(reverse("admin:auth_user_change", args=[obj.pk]))

    # --- roles ------------------------------------------------------------------------------------------------------
    def own_urls(self) -> list[URLPattern]:
        return [
            self.page("<slug:object_id>/grant/", self.grant_view, "grant"),
            self.page("<slug:object_id>/revoke/", self.revoke_view, "revoke"),
            self.page("<slug:object_id>/end-session/", self.end_session_view, "end_session"),
            self.page("<slug:object_id>/reset-second-factor/", self.reset_view, "reset_second_factor"),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        person = self.found(request, object_id)
        brands = _grantable(request)
        context = {
            "person": person,
            "grants": [(grant, grant.brand_id in {brand.pk for brand in brands}) for grant in person.role_grants.all()],
            "brands": brands,
            "roles": [(role.value, role.label, _role_words(role)) for role in RoleGrant.Role],
            "has_second_factor": any(device.confirmed for device in person.totpdevice_set.all()),
            "may_reset": administers(request, person),
            "sessions": sessions.sessions_of(person, request=request),
            "action": reverse("admin:auth_user_end_session", args=[person.pk]),
            "now": ports.now(),
            "zone": rights_of(request).zone,
            "title": str(person),
        }
        return super().change_view(request, object_id, form_url, {**context, **(extra_context or {})})

    def grant_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        person = self.found(request, object_id)
        brand = next((one for one in _grantable(request) if str(one.pk) == request.POST.get("brand")), None)
        role = request.POST.get("role", "")
        if brand is None or role not in RoleGrant.Role.values:
            raise PermissionDenied
        _grant(person, brand=brand, role=role, by=request.user)
        messages.success(request, f"{person} is {RoleGrant.Role(role).label} of {brand} now.")
        return HttpResponseRedirect(reverse("admin:auth_user_change", args=[person.pk]))

    def revoke_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        person = self.found(request, object_id)
        grants = person.role_grants.filter(brand__in=_grantable(request))
        grant_id = request.POST.get("grant", "")
        grant = grants.filter(pk=int(grant_id)).first() if grant_id.isdigit() else None
        if grant is None:
            raise PermissionDenied
        words = str(grant)
        _revoke(grant, by=request.user)
        messages.success(request, f"No longer: {words}.")
        return HttpResponseRedirect(reverse("admin:auth_user_change", args=[person.pk]))

    def end_session_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        person = self.found(request, object_id)
        if not administers(request, person):
            raise PermissionDenied
        return sessions.press(request, person, back_to=reverse("admin:auth_user_change", args=[person.pk]))

    def reset_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """For somebody who lost their phone: they set a new second factor up at their next log-in."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        person = self.found(request, object_id)
        if not administers(request, person):
            raise PermissionDenied
        with transaction.atomic():
            TOTPDevice.objects.filter(user=person).delete()
            record_audit(
                actor=request.user.get_username(), action="user.second_factor_reset", subject=person, brand=None
            )
        messages.success(request, f"{person} sets up a new second factor at the next log-in.")
        return HttpResponseRedirect(reverse("admin:auth_user_change", args=[person.pk]))


def _grantable(request: HttpRequest) -> list[Brand]:
    """The brands this administrator may give roles for."""
    rights = rights_of(request)
    brands = Brand.objects.order_by("name")
    return list(brands if rights.superuser else brands.filter(pk__in=rights.brand_ids(Right.CONFIGURE)))


def _grant(person: Any, *, brand: Brand, role: str, by: Any) -> None:
    with transaction.atomic():
        if not person.is_staff:
            person.is_staff = True
            person.save(update_fields=["is_staff"])
        grant, made = RoleGrant.objects.get_or_create(user=person, brand=brand, role=role, defaults={"granted_by": by})
        if made:
            after = {"person": person.get_username(), "role": role, "brand": brand.name}
            record_audit(actor=by.get_username(), action="role.granted", subject=grant, brand=brand, after=after)


def _revoke(grant: RoleGrant, *, by: Any) -> None:
    before = {"person": grant.user.get_username(), "role": grant.role, "brand": grant.brand.name}
    with transaction.atomic():
        record_audit(actor=by.get_username(), action="role.withdrawn", subject=grant, brand=grant.brand, before=before)
        grant.delete()


def _role_words(role: RoleGrant.Role) -> str:
    held = RIGHTS.get(role.value, frozenset())
    return "; ".join(words for right, words in RIGHT_WORDS.items() if right in held)
