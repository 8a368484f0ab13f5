"""A push that was stopped before it did harm: a person lets exactly it through or turns it down, and says why."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db import connection, models, transaction

from connectors import ports
from connectors.models import record_audit
from exceptions_app.opening import HUB, open_case
from integrationhub.sync.standing import close_open_case


class Hold(models.Model):
    """What was stopped, and what was decided. A concrete hold adds `link` and its figures; one a link is open at a time."""

    class State(models.TextChoices):
        OPEN = "OPEN", "Waiting for a decision"
        RELEASED = "RELEASED", "Released"
        REFUSED = "REFUSED", "Refused"
        ENDED = "ENDED", "Ended by itself"  # what was stopped is no longer wanted

    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    because = models.CharField(max_length=200)
    sample = models.JSONField(default=list)  # the first lines: [their SKU, shows, would show]
    opened_at = models.DateTimeField(default=ports.now)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=150, blank=True)
    reason = models.CharField(max_length=500, blank=True)

    class Meta:
        abstract = True


H = TypeVar("H", bound=Any)


@dataclass(frozen=True, kw_only=True)
class Holds(Generic[H]):
    """The holds of one ledger."""

    model: type[H]
    kind: str  # "stock": begins the case's key and the audit's words
    cause: str
    figures: Callable[[H], dict[str, Any]]  # what the case and the audit trail tell of it
    let_through: str  # SQL that lets the lines of hold %(hold)s out
    turn_down: str  # SQL that keeps them from going out, for the reason %(words)s

    def standing(self, link_id: int) -> H | None:
        found: H | None = self.model.objects.filter(link=link_id, state=Hold.State.OPEN).first()
        return found

    def tell(self, hold: H) -> None:
        """Open the case. In the transaction that makes the hold."""
        link = hold.link
        open_case(
            brand=link.brand,
            cause=self.cause,
            object_key=self._key(hold),
            target=link.source,
            link=link,
            context={"hold": hold.pk, **self.figures(hold)},
        )

    def end_by_itself(self, hold: H) -> None:
        """The source has come to its senses: what was stopped is no longer wanted."""
        with transaction.atomic():
            ended = self.model.objects.filter(pk=hold.pk, state=Hold.State.OPEN).update(
                state=Hold.State.ENDED, decided_at=ports.now()
            )
            if ended:
                self._close(hold, actor=HUB, reason="What would be sent is within the limits again.")

    def release(self, hold_id: int, *, actor: str, reason: str) -> H | None:
        """Let exactly what was shown go out. What has changed since is looked at anew. None when it is decided already."""
        return self._decide(hold_id, Hold.State.RELEASED, actor=actor, reason=reason, statement=self.let_through)

    def refuse(self, hold_id: int, *, actor: str, reason: str) -> H | None:
        """The figures are wrong: the channel keeps what it shows until the owner says something else."""
        return self._decide(hold_id, Hold.State.REFUSED, actor=actor, reason=reason, statement=self.turn_down)

    def _decide(self, hold_id: int, state: str, *, actor: str, reason: str, statement: str) -> H | None:
        if not reason.strip():
            raise ValueError("A decision has a reason.")
        with transaction.atomic():
            hold: H | None = self.model.objects.select_for_update().filter(pk=hold_id, state=Hold.State.OPEN).first()
            if hold is None:
                return None
            hold.state, hold.decided_at, hold.decided_by, hold.reason = state, ports.now(), actor, reason.strip()[:500]
            hold.save()
            with connection.cursor() as cursor:
                cursor.execute(statement, {"hold": hold_id, "words": f"Refused by {actor}: {reason}"})
            record_audit(
                brand=hold.link.brand,
                actor=actor,
                action=f"{self.kind} hold {state.lower()}",
                subject=hold,
                before={"state": Hold.State.OPEN},
                after={"state": state, **self.figures(hold)},
                reason=hold.reason,
            )
            self._close(hold, actor=actor, reason=f"{hold.get_state_display()}: {hold.reason}")
        return hold

    def _key(self, hold: H) -> str:
        return f"{self.kind}:{hold.link_id}"

    def _close(self, hold: H, *, actor: str, reason: str) -> None:
        brand_id = hold.link.brand_id
        close_open_case(brand_id, cause=self.cause, object_key=self._key(hold), actor=actor, reason=reason)
