"""The kill switches: no call to one connection, or to any. Whoever turns one says why."""

from django.db import transaction

from connectors import ports
from connectors.models import Connection, record_audit
from integrationhub.sync.models import Switch
from integrationhub.sync.places import place

State = Connection.State


def switch_connection(row: Connection, *, on: bool, actor: str, reason: str) -> bool:
    """Stop all calls to the connection, or let them go on. False when it stood like that already."""
    old, new = (State.SWITCHED_OFF, State.ACTIVE) if on else (row.state, State.SWITCHED_OFF)
    with transaction.atomic():
        changed = (
            Connection.objects.filter(pk=row.pk, state=old)
            .exclude(state=new)
            .update(state=new, state_reason="" if on else reason[:300], state_changed_at=ports.now())
        )
        if changed:
            record_audit(
                actor=actor,
                action="connection.switched_on" if on else "connection.switched_off",
                subject=row,
                brand=row.brand,
                before={"state": State(old).label},
                after={"state": State(new).label},
                reason=reason[:500],
            )
    place.forget()
    return changed == 1


def switch_everything(*, on: bool, actor: str, reason: str) -> bool:
    """Stop every call of every connection, or let them go on. False when it stood like that already."""
    with transaction.atomic():
        switch, _ = Switch.objects.select_for_update().get_or_create(id=True)
        if switch.calls_allowed == on:
            return False
        switch.calls_allowed, switch.reason = on, "" if on else reason[:300]
        switch.changed_at, switch.changed_by = ports.now(), actor
        switch.save()
        record_audit(
            actor=actor,
            action="switch.on" if on else "switch.off",
            subject=switch,
            brand=None,
            before={"all calls": "stopped" if on else "allowed"},
            after={"all calls": "allowed" if on else "stopped"},
            reason=reason[:500],
        )
    return True


def all_calls_stopped() -> Switch | None:
    """The switch when it stops everything, else None."""
    return Switch.objects.filter(calls_allowed=False).first()
