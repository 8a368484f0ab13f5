"""Who may do what, per brand. The one table of roles; every admin page and action asks here."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from connectors.models import Brand, RoleGrant

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
    from django.db.models import QuerySet


class Right(StrEnum):
    SEE = "SEE"  # cases, orders, mappings, syncs
    SEE_PERSONAL_DATA = "SEE_PERSONAL_DATA"  # customers' names and addresses
    WORK_CASES = "WORK_CASES"  # assign, comment, snooze, retry, close with a reason
    MAP_CODES = "MAP_CODES"  # save mappings and release what they block
    RUN_SYNCS = "RUN_SYNCS"  # run now, hold, shadow
    CHANGE_ORDERS = "CHANGE_ORDERS"  # edit and replay, cancel
    APPROVE_MONEY = "APPROVE_MONEY"
    CONFIGURE = "CONFIGURE"  # connections, links, kill switches, roles
    READ_AUDIT = "READ_AUDIT"


Role = RoleGrant.Role

RIGHTS: Mapping[str, frozenset[Right]] = {
    Role.VIEWER: frozenset({Right.SEE}),
    Role.OPS: frozenset(
        {Right.SEE, Right.SEE_PERSONAL_DATA, Right.WORK_CASES, Right.MAP_CODES, Right.RUN_SYNCS, Right.CHANGE_ORDERS}
    ),
    Role.ECOMMERCE: frozenset({Right.SEE, Right.WORK_CASES, Right.MAP_CODES}),
    Role.FINANCE: frozenset({Right.SEE, Right.SEE_PERSONAL_DATA, Right.WORK_CASES}),
    Role.FINANCE_APPROVER: frozenset({Right.SEE, Right.SEE_PERSONAL_DATA, Right.WORK_CASES, Right.APPROVE_MONEY}),
    Role.ADMIN: frozenset(Right) - {Right.APPROVE_MONEY},
    Role.AUDITOR: frozenset({Right.SEE, Right.READ_AUDIT}),
}

AnyUser: TypeAlias = "AbstractBaseUser | AnonymousUser"


def roles_with(right: Right) -> list[str]:
    return [role for role, rights in RIGHTS.items() if right in rights]


def brands_with(user: AnyUser, right: Right) -> "QuerySet[Brand]":
    """The brands for which this person has the right. Superusers have none by that alone: they grant themselves a role."""
    if not user.is_authenticated:
        return Brand.objects.none()
    grants = RoleGrant.objects.filter(user_id=user.pk, role__in=roles_with(right))
    return Brand.objects.filter(pk__in=grants.values("brand_id"))


def may(user: AnyUser, right: Right, brand: Brand | int | None = None) -> bool:
    """Whether the person has the right for this brand, or for any brand when none is named."""
    if not user.is_authenticated or not user.is_active:
        return False
    grants = RoleGrant.objects.filter(user_id=user.pk, role__in=roles_with(right))
    if brand is not None:
        grants = grants.filter(brand_id=brand.pk if isinstance(brand, Brand) else brand)
    return grants.exists()
