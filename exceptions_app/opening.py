"""Opening a case, or joining the open one: what machines do. One missing fact is one case, however many find it."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection as database
from django.db import transaction
from django.db.transaction import TransactionManagementError

from connectors import ports
from connectors.canonical.errors import MissingMapping
from connectors.models import Brand, Connection, Link
from exceptions_app.causes import Cause, registered_causes
from exceptions_app.grouping import fitted
from exceptions_app.models import CaseEvent, CaseLink, ExceptionCase
from exceptions_app.routing import place_by_value, place_new

HUB = "the hub"  # the actor of what no person did
PLATFORM_WORDS_LENGTH = 4_000
# Each round loses only to somebody who closed the very case in between.
_ROUNDS = 10


def open_case(
    *,
    brand: Brand,
    cause: str,
    link: Link | None = None,
    target: Connection | None = None,
    code: str = "",
    object_key: str = "",
    context: Mapping[str, Any] | None = None,
    platform_words: str = "",
    actor: str = HUB,
) -> tuple[ExceptionCase, bool]:
    """Return the open case with this key, its row locked, and whether it was opened just now.

    Call it inside the transaction that blocks the work: under the lock, look again whether the missing fact has come in
    meanwhile. Mapping causes are keyed by `target` and `code`, all others by `object_key`. `link` adds the channel in
    which it shows. What `context` says goes over what an earlier call said. A case with this key that was closed before
    makes the new one a regression, unless the cause comes and goes by nature.
    Raises ValueError for an unregistered cause, an incomplete key or a context that lacks what the sentence needs.
    """
    if not database.in_atomic_block:
        raise TransactionManagementError("Open a case inside the transaction that blocks the work.")
    spec = _registered(cause)
    now = ports.now()
    draft = ExceptionCase(
        brand=brand,
        cause=cause,
        mapping_kind=spec.mapping_kind,
        target=target,
        code=code,
        object_key=fitted(object_key),
        context=_storable(dict(context or {})),
        platform_words=_storable(platform_words)[:PLATFORM_WORDS_LENGTH],
        team=spec.team,
        opened_at=now,
        last_seen_at=now,
    )
    _check(draft, spec, link)
    for _ in range(_ROUNDS):
        if case := _lock_open(draft):
            _join(case, draft, link=link, actor=actor)
            return case, False
        if _open(draft, spec, link=link, actor=actor):
            return draft, True
    raise RuntimeError(f"The case {cause} {code or object_key} was closed {_ROUNDS} times while it was being opened.")


def open_unmapped(*, link: Link, missing: MissingMapping, actor: str = HUB) -> tuple[ExceptionCase, bool]:
    """As `open_case`, for a code that resolving missed: the cause is `unmapped_<kind>`, the target the receiver."""
    spec = _registered(f"unmapped_{missing.kind}")
    context = {"label": missing.label, "gtin": missing.gtin}
    return open_case(
        brand=link.brand,
        cause=spec.code,
        link=link,
        target=getattr(link, spec.receiver),
        code=missing.code,
        context={key: value for key, value in context.items() if value},
        actor=actor,
    )


def roll_up(
    case_id: int, *, count: int, value: Decimal | None, oldest: datetime | None, deadline: datetime | None
) -> ExceptionCase:
    """Set what waits for the case: how many, worth what (in the brand's reporting currency), since when, until when.

    The layer that knows the waiting work computes all four afresh. A snoozed case wakes when more wait than it was
    snoozed for, or when a deadline comes up that falls before the snooze ends. A closed case stays as it is. No value
    (nobody knows a rate for the currency) counts as 0.
    """
    with transaction.atomic():
        case = lock_case(case_id)
        if case.state == ExceptionCase.State.CLOSED:
            return case
        sooner = deadline is not None and deadline != case.next_deadline_at
        case.waiting_count, case.waiting_value = count, value or Decimal(0)
        case.oldest_at, case.next_deadline_at = oldest, deadline
        case.save(update_fields=["waiting_count", "waiting_value", "oldest_at", "next_deadline_at"])
        if case.reroute_above is not None and case.waiting_value > case.reroute_above:
            place_by_value(case)
        if case.state == ExceptionCase.State.SNOOZED:
            _wake_if_needed(case, deadline=deadline if sooner else None)
    return case


def wake_due_cases() -> int:
    """End the snoozes whose time is up. Returns how many; call it from the schedule."""
    due = ExceptionCase.objects.filter(state=ExceptionCase.State.SNOOZED, snoozed_until__lte=ports.now())
    woken = 0
    for case_id in due.order_by("pk").values_list("pk", flat=True):
        with transaction.atomic():
            case = lock_case(case_id)
            if case.state == ExceptionCase.State.SNOOZED and case.snoozed_until and case.snoozed_until <= ports.now():
                _wake(case, text="The time is up.")
                woken += 1
    return woken


def lock_case(case_id: int) -> ExceptionCase:
    """The case, its row locked until the transaction ends. Whoever blocks or releases work for it holds this lock."""
    return ExceptionCase.objects.select_for_update(no_key=True).get(pk=case_id)


def _registered(cause: str) -> Cause:
    try:
        return registered_causes()[cause]
    except KeyError:
        raise ValueError(f"{cause!r} is not a registered cause.") from None


def _check(draft: ExceptionCase, spec: Cause, link: Link | None) -> None:
    if spec.mapping_kind and draft.target_id is None:
        raise ValueError(f"A case of {spec.code} names the connection that lacks the code.")
    if not spec.mapping_kind and not draft.object_key:
        raise ValueError(f"A case of {spec.code} names what it is about.")
    if lacking := spec.needs - draft.context.keys():
        raise ValueError(f"A case of {spec.code} cannot be told without {', '.join(sorted(lacking))}.")
    for side in (link, draft.target):
        if side and side.brand_id != draft.brand_id:
            raise ValueError(f"{side} does not belong to the brand of the case.")


def _same_key(draft: ExceptionCase) -> dict[str, Any]:
    if draft.mapping_kind:
        return {
            "brand": draft.brand_id,
            "mapping_kind": draft.mapping_kind,
            "target": draft.target_id,
            "code": draft.code,
        }
    return {"brand": draft.brand_id, "mapping_kind": "", "cause": draft.cause, "object_key": draft.object_key}


def _lock_open(draft: ExceptionCase) -> ExceptionCase | None:
    return ExceptionCase.objects.unresolved().select_for_update(no_key=True).filter(**_same_key(draft)).first()


def _open(draft: ExceptionCase, spec: Cause, *, link: Link | None, actor: str) -> bool:
    """Insert the case and its first events; False when somebody else opened it at the same moment."""
    if not _insert_unless_open(draft):
        return False
    _remember_previous(draft, spec)
    kind = CaseEvent.Kind.RETURNED if draft.regression else CaseEvent.Kind.OPENED
    data = {"previous": draft.previous_id} if draft.previous_id else {}
    CaseEvent.objects.create(case=draft, actor=actor, kind=kind, data=data)
    if link:
        CaseLink.objects.create(case=draft, link=link, platform_words=draft.platform_words)
    place_new(draft, [link.source_id] if link else [])
    return True


def _remember_previous(case: ExceptionCase, spec: Cause) -> None:
    """Join the case to the closed one with its key. Only after inserting: the insert may have waited for that closing."""
    closed = ExceptionCase.objects.filter(state=ExceptionCase.State.CLOSED, **_same_key(case))
    previous = closed.select_related("owner").order_by("-pk").first()
    if previous is None:
        return
    case.previous, case.regression = previous, not spec.comes_and_goes
    if case.regression and previous.owner and previous.owner.is_active:
        case.owner = previous.owner
    case.save(update_fields=["previous", "regression", "owner"])


def _insert_unless_open(case: ExceptionCase) -> bool:
    """INSERT … ON CONFLICT DO NOTHING: waits for whoever is inserting the same key, and yields to them."""
    fields = [field for field in ExceptionCase._meta.concrete_fields if not field.primary_key]
    quote = database.ops.quote_name
    table, quoted = quote(ExceptionCase._meta.db_table), ", ".join(quote(field.column or "") for field in fields)
    marks = ", ".join(["%s"] * len(fields))
    values = [field.get_db_prep_save(getattr(case, field.attname), connection=database) for field in fields]
    with database.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({quoted}) VALUES ({marks}) ON CONFLICT DO NOTHING RETURNING id",  # noqa: S608  our names
            values,
        )
        row = cursor.fetchone()
    if row is None:
        return False
    case.pk = row[0]
    case._state.adding = False
    return True


def _join(case: ExceptionCase, told: ExceptionCase, *, link: Link | None, actor: str) -> None:
    case.last_seen_at = told.last_seen_at
    case.context = {**case.context, **told.context}
    case.platform_words = told.platform_words or case.platform_words
    case.save(update_fields=["last_seen_at", "context", "platform_words"])
    if link:
        _show_in(case, link, told=told, actor=actor)


def _show_in(case: ExceptionCase, link: Link, *, told: ExceptionCase, actor: str) -> None:
    seen: dict[str, Any] = {"last_seen_at": told.last_seen_at}
    if told.platform_words:
        seen["platform_words"] = told.platform_words
    if CaseLink.objects.filter(case=case, link=link).update(**seen):
        return
    CaseLink.objects.create(case=case, link=link, first_seen_at=told.last_seen_at, **seen)
    CaseEvent.objects.create(case=case, actor=actor, kind=CaseEvent.Kind.SPREAD, data={"link": link.pk})


def _wake_if_needed(case: ExceptionCase, *, deadline: datetime | None) -> None:
    """`deadline` is one that was not known when the case was snoozed, or None."""
    if case.wake_at_count is not None and case.waiting_count >= case.wake_at_count:
        _wake(case, text=f"{case.waiting_count} are waiting now.")
    elif deadline and case.snoozed_until and deadline < case.snoozed_until:
        _wake(case, text="A deadline falls before the end of the snooze.")


def _wake(case: ExceptionCase, *, text: str) -> None:
    case.state, case.snoozed_until, case.wake_at_count = ExceptionCase.State.OPEN, None, None
    case.save(update_fields=["state", "snoozed_until", "wake_at_count"])
    CaseEvent.objects.create(case=case, actor=HUB, kind=CaseEvent.Kind.WOKEN, text=text)


def _storable(value: Any) -> Any:
    """The value without NUL characters, which PostgreSQL keeps neither in text nor in jsonb."""
    if isinstance(value, str):
        return value.replace("\x00", "")
    if isinstance(value, Mapping):
        return {_storable(key): _storable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_storable(item) for item in value]
    return value
