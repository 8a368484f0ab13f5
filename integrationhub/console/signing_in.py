"""Signing in: the password first. Where a second factor is required, `second_factor.ask` follows.

Who came in, who tried and who was locked out is on the audit trail. Tries are slowed down by account and by address
(settings.AXES_*), which also bounds how much a stranger can write onto the trail.
"""

from typing import Any

from axes.signals import user_locked_out
from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.core.exceptions import ValidationError
from django.dispatch import receiver
from django.http import HttpRequest
from unfold.forms import AuthenticationForm

from connectors.models import AuditEntry, RoleGrant
from integrationhub.security import client_ip

KIND = "login"
# A name that is nobody's is not kept: it is often a password, typed into the wrong field.
NOBODY = "somebody unknown"


class SignInForm(AuthenticationForm):
    def confirm_login_allowed(self, user: Any) -> None:
        super().confirm_login_allowed(user)
        if not user.is_superuser and not RoleGrant.objects.filter(user=user).exists():
            raise ValidationError("You have no role here yet. Ask an administrator to give you one.", code="no_role")


@receiver(user_logged_in, dispatch_uid="audit_logged_in")
def tell_login(sender: Any, request: HttpRequest | None, user: Any, **_: Any) -> None:
    _tell("login.logged_in", user.get_username(), request)


@receiver(user_logged_out, dispatch_uid="audit_logged_out")
def tell_logout(sender: Any, request: HttpRequest | None, user: Any, **_: Any) -> None:
    if user is not None and user.is_authenticated:
        _tell("login.logged_out", user.get_username(), request)


@receiver(user_login_failed, dispatch_uid="audit_login_failed")
def tell_failure(sender: Any, credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any) -> None:
    _tell("login.failed", _known(credentials.get("username")), request)


@receiver(user_locked_out, dispatch_uid="audit_locked_out")
def tell_lockout(sender: Any, request: HttpRequest | None = None, username: str | None = None, **_: Any) -> None:
    _tell("login.locked_out", _known(username), request, reason="Too many wrong passwords.")


def _known(username: Any) -> str:
    name = str(username or "").replace("\x00", "")[:150]
    return name if get_user_model().objects.filter(username=name).exists() else NOBODY


def _tell(action: str, name: str, request: HttpRequest | None, *, reason: str = "") -> None:
    address = client_ip(request) if request is not None else ""
    if request is None or not address:  # a test or a command that logs somebody in
        return
    AuditEntry.objects.create(
        actor=name,
        action=action,
        subject_kind=KIND,
        subject_id=name[:80],
        subject=name,
        after={"address": address},
        reason=reason,
    )
