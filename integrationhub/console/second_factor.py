"""The second factor: a code from an authenticator app (TOTP). Asked for after the password outside the sandbox.

A person without one sets it up on the spot; a person with one can replace it only after giving its code.
"""

from base64 import b32encode
from typing import Any

import django_otp
from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django_otp.models import VerifyNotAllowed
from django_otp.plugins.otp_totp.models import TOTPDevice
from unfold.widgets import UnfoldAdminTextInputWidget

from connectors.models import record_audit
from integrationhub.adminkit import qr

DEVICE_NAME = "Authenticator app"
CODE_DIGITS = 6


class CodeForm(forms.Form):
    code = forms.CharField(
        label="Code from your authenticator app",
        max_length=12,
        widget=UnfoldAdminTextInputWidget(
            attrs={"inputmode": "numeric", "autocomplete": "one-time-code", "autofocus": True}
        ),
    )

    def __init__(self, *args: Any, device: TOTPDevice, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.device = device

    def clean_code(self) -> str:
        """Check the code under the device's row lock: a code counts once, and wrong ones slow the next try down."""
        code = "".join(self.cleaned_data["code"].split())
        with transaction.atomic():
            device = TOTPDevice.objects.select_for_update().get(pk=self.device.pk)
            allowed, why = device.verify_is_allowed()
            accepted = allowed and device.verify_token(code)
        if not allowed:
            raise forms.ValidationError(_wait_words(why))
        if not accepted:
            raise forms.ValidationError("That code is not right, or was used already. Wait for the next one.")
        self.device = device
        return code


def _wait_words(why: dict[str, Any] | None) -> str:
    if why and why.get("reason") == VerifyNotAllowed.N_FAILED_ATTEMPTS:
        return "Too many wrong codes. Wait a little and try again."
    return "Codes can't be checked right now. Try again in a moment."


@never_cache
def ask(request: HttpRequest) -> HttpResponse:
    """The step after the password: give the code, or set the second factor up first."""
    if not _may_enter(request):
        return HttpResponseRedirect(reverse("admin:login"))
    if _is_verified(request):
        return HttpResponseRedirect(_back_to(request))
    device = _confirmed(request)
    if device is None:
        return _set_up(request, template="console/second_factor_first.html")
    form = CodeForm(request.POST or None, device=device)
    if request.method == "POST" and form.is_valid():
        django_otp.login(request, form.device)
        return HttpResponseRedirect(_back_to(request))
    return _page(request, "console/second_factor_code.html", {"title": "Your second factor", "form": form})


@never_cache
def own(request: HttpRequest) -> HttpResponse:
    """A person's own second factor: set it up, or, having given its code, replace it."""
    device = _confirmed(request)
    if device and not _is_verified(request):
        return HttpResponseRedirect(f"{reverse('admin:second_factor')}?{REDIRECT_FIELD_NAME}={request.path}")
    if device and request.method == "GET" and "replace" not in request.GET:
        return _page(request, "console/second_factor_own.html", {"title": "Your second factor", "device": device})
    return _set_up(request, template="console/second_factor_setup.html")


def _set_up(request: HttpRequest, *, template: str) -> HttpResponse:
    device = _draft(request)
    form = CodeForm(request.POST or None, device=device)
    if request.method == "POST" and form.is_valid():
        _confirm(request, form.device)
        django_otp.login(request, form.device)
        messages.success(request, "Your second factor is set up. You are asked for a code each time you log in.")
        return HttpResponseRedirect(_back_to(request))
    secret = b32encode(device.bin_key).decode()
    context = {
        "title": "Set up your second factor",
        "form": form,
        "code": _code_of(device),
        "secret": " ".join(secret[start : start + 4] for start in range(0, len(secret), 4)),
    }
    return _page(request, template, context)


def _may_enter(request: HttpRequest) -> bool:
    site: Any = admin.site  # integrationhub.admin_site.HubAdminSite, a layer above
    return bool(site.may_enter(request))


def _is_verified(request: HttpRequest) -> bool:
    user: Any = request.user  # django-otp's middleware gives it the method
    return bool(user.is_verified())


def _code_of(device: TOTPDevice) -> str:
    try:
        return qr.svg(device.config_url, label="QR code for your authenticator app")
    except ValueError:  # a user name so long that no code of this size holds it: the secret can be typed
        return ""


def _confirmed(request: HttpRequest) -> TOTPDevice | None:
    return TOTPDevice.objects.filter(user=request.user, confirmed=True).order_by("-pk").first()


def _draft(request: HttpRequest) -> TOTPDevice:
    """The device being set up: the same until it is confirmed, so that reloading the page keeps its QR code valid."""
    device = TOTPDevice.objects.filter(user=request.user, confirmed=False).order_by("-pk").first()
    return device or TOTPDevice.objects.create(user=request.user, name=DEVICE_NAME, confirmed=False)


def _confirm(request: HttpRequest, device: TOTPDevice) -> None:
    """The new device counts from now on, and it alone."""
    with transaction.atomic():
        device.confirmed = True
        device.save(update_fields=["confirmed"])
        TOTPDevice.objects.filter(user=request.user).exclude(pk=device.pk).delete()
        record_audit(
            actor=request.user.get_username(),
            action="second_factor.set_up",
            subject=request.user,  # type: ignore[arg-type]
            brand=None,
        )


def _back_to(request: HttpRequest) -> str:
    wanted = request.POST.get(REDIRECT_FIELD_NAME) or request.GET.get(REDIRECT_FIELD_NAME) or ""
    safe = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if wanted and safe else resolve_url(settings.LOGIN_REDIRECT_URL)


def _page(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    after = request.POST.get(REDIRECT_FIELD_NAME) or request.GET.get(REDIRECT_FIELD_NAME) or ""
    return TemplateResponse(request, template, {**admin.site.each_context(request), "after": after, **context})
