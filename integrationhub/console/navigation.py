"""What the skin asks about a page's surroundings: the menu's rights and badges, the environment, the account's links."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject, lazystr

from connectors.access import Right
from connectors.admin_base import rights_of
from exceptions_app.models import ExceptionCase
from integrationhub.sync.models import Correction

_BADGE_CAP = 99


def environment(request: HttpRequest) -> list[str]:
    return ["Live", "danger"] if settings.ENVIRONMENT == "live" else ["Sandbox", "info"]


def environment_prefix(request: HttpRequest) -> str:
    return "" if settings.ENVIRONMENT == "live" else "Sandbox ·"


def sees_home(request: HttpRequest) -> bool:
    return bool(request.user.is_authenticated)


def sees(request: HttpRequest) -> bool:
    return rights_of(request).may(Right.SEE)


def configures(request: HttpRequest) -> bool:
    rights = rights_of(request)
    return rights.superuser or rights.may(Right.CONFIGURE)


def grants_roles(request: HttpRequest) -> bool:
    return configures(request)


def reads_audit(request: HttpRequest) -> bool:
    return rights_of(request).may(Right.READ_AUDIT)


def corrects(request: HttpRequest) -> bool:
    rights = rights_of(request)
    return rights.may(Right.CHANGE_ORDERS) or rights.may(Right.APPROVE_MONEY)


def waiting_corrections(request: HttpRequest) -> str:
    """How many corrections wait for this person's approval; "" for none, and for who approves nothing."""
    brands = rights_of(request).brand_ids(Right.APPROVE_MONEY)
    if not brands:
        return ""
    rows = Correction.objects.filter(brand_id__in=brands, state=Correction.State.PROPOSED)
    count = rows.exclude(proposed_by_id=request.user.pk)[: _BADGE_CAP + 1].count()
    return f"{_BADGE_CAP}+" if count > _BADGE_CAP else str(count or "")


def open_cases(request: HttpRequest) -> Any:
    """How many cases are open, as text; asked when the menu is drawn, since the page may know the number by then."""
    return lazystr(SimpleLazyObject(lambda: _open_cases(request)))


def _open_cases(request: HttpRequest) -> str:
    """Read once per request; "" for none: a healthy day shows no number."""
    kept: str | None = getattr(request, "_hub_open_cases", None)
    if kept is None:
        brands = rights_of(request).brand_ids(Right.SEE)
        rows = ExceptionCase.objects.filter(brand_id__in=brands, state=ExceptionCase.State.OPEN)
        kept = keep_open_cases(request, rows[: _BADGE_CAP + 1].count() if brands else 0)
    return kept


def keep_open_cases(request: HttpRequest, count: int) -> str:
    """Keep the number for the menu of this request, for a page that knows it anyway."""
    kept = f"{_BADGE_CAP}+" if count > _BADGE_CAP else str(count or "")
    request._hub_open_cases = kept  # type: ignore[attr-defined]
    return kept


def account_links(request: HttpRequest) -> list[dict[str, Any]]:
    links = [
        {"title": "Your second factor", "link": reverse("admin:second_factor_own")},
        {"title": "Your sessions", "link": reverse("admin:sessions_own")},
    ]
    if request.user.is_authenticated and request.user.has_usable_password():
        links.append({"title": "Change password", "link": reverse("admin:password_change")})
    return links
