"""Closing a case by hand: only where nothing waits for it, or where it is settled outside the hub."""

from django.db import transaction

from exceptions_app import deciding
from exceptions_app.causes import Fix, cause_named
from exceptions_app.errors import RefusedCaseError
from exceptions_app.models import ExceptionCase
from integrationhub.sync import blocking
from integrationhub.sync.models import Blocker

# Causes that a person settles outside the hub: what waits for them is then over, not tried again.
SETTLED_BY_HAND = frozenset({Fix.CONFIRM, Fix.CHOOSE, Fix.NONE})


def may_close(case: ExceptionCase) -> bool:
    if case.resolved:
        return False
    if cause_named(case.cause).fix in SETTLED_BY_HAND:
        return True
    return case.waiting_count == 0 and not Blocker.objects.filter(case=case, released_at=None).exists()


def settle(case: ExceptionCase, *, actor: str, reason: str) -> list[int]:
    """Close with a reason. What still waits is ended with it: a person says that it was settled outside the hub.

    Returns the ids of the jobs that ended so. Raises RefusedCaseError; nothing is changed then.
    """
    with transaction.atomic():
        if case.resolved:
            raise RefusedCaseError("The case is closed already.")
        if not may_close(case):
            raise RefusedCaseError("Work still waits for this case. It closes by itself when nothing waits any more.")
        deciding.close_case(case.pk, actor=actor, reason=reason)
        return blocking.end_what_waits(case, actor=actor, reason=reason)
