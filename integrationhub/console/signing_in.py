"""Signing in: the password first. Where a second factor is required, `second_factor.ask` follows."""

from typing import Any

from django.core.exceptions import ValidationError
from unfold.forms import AuthenticationForm

from connectors.models import RoleGrant


class SignInForm(AuthenticationForm):
    def confirm_login_allowed(self, user: Any) -> None:
        super().confirm_login_allowed(user)
        if not user.is_superuser and not RoleGrant.objects.filter(user=user).exists():
            raise ValidationError("You have no role here yet. Ask an administrator to give you one.", code="no_role")
