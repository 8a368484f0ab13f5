"""Lower layers announce, the engine listens: a saved mapping releases what it blocked, a pressed button tries again."""

from typing import Any

from django.dispatch import receiver

from exceptions_app.models import ExceptionCase
from exceptions_app.signals import retry_requested
from integrationhub.sync import blocking
from mappings_app.models import MappingVersion
from mappings_app.signals import mapping_saved


@receiver(mapping_saved)
def release_what_it_blocked(sender: Any, *, version: MappingVersion, **_: Any) -> None:
    """Inside the saver's transaction, so that mapping and release stand or fall together."""
    blocking.release_mapping(
        brand_id=version.brand_id,
        kind=version.kind,
        code=version.from_code,
        link_id=version.link_id,
        by=version.recorded_by,
    )


@receiver(retry_requested)
def try_again(sender: Any, *, case: ExceptionCase, actor: str, **_: Any) -> None:
    blocking.retry(case, by=actor)
