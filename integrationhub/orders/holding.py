"""An order that a person holds: whatever would be sent for it waits, as a case that names who holds it and why."""

from integrationhub.orders.models import SoldOrder
from integrationhub.sync.flows import NeedsPersonError

CAUSE = "on_hold"


def require_not_held(row: SoldOrder) -> None:
    """Called by every flow before it sends something for an order. Raises NeedsPersonError."""
    if row.held_at is None:
        return
    raise NeedsPersonError(
        CAUSE,
        object_key=f"order:{row.pk}",
        context={"order": row.reference, "by": row.held_by, "why": row.hold_reason},
        message=f"{row.held_by} holds {row.reference}: {row.hold_reason}",
    )
