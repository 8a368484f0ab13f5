"""The deadlines of open cases follow their brand's calendar, whoever changes it."""

from typing import Any

from django.db.models.signals import post_save, pre_save
from django.dispatch import receiver

from connectors.models import Brand
from exceptions_app import routing

CALENDAR = ("timezone", "working_days", "working_from", "working_until")
_BEFORE = "_calendar_before"


@receiver(pre_save, sender=Brand)
def note_calendar(sender: Any, *, instance: Brand, **_: Any) -> None:
    instance.__dict__[_BEFORE] = _calendar(instance)


@receiver(post_save, sender=Brand)
def follow_calendar(sender: Any, *, instance: Brand, **_: Any) -> None:
    """Inside the saver's transaction, so that calendar and deadlines change together."""
    before = instance.__dict__.pop(_BEFORE, None)
    if before is not None and before != _calendar(instance):
        routing.retarget(instance.pk)


def _calendar(brand: Brand) -> tuple[Any, ...] | None:
    """As it is kept; None for a brand that is not kept yet."""
    return Brand.objects.filter(pk=brand.pk).values_list(*CALENDAR).first() if brand.pk else None
