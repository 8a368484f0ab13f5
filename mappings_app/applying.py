"""Applying an import as it was planned. Thousands of codes in a few statements.

A short one is applied in one transaction. A long one is confirmed whole, against the tables as they stand, and then written
in slices under one change, so that whoever waits for it sees it come along.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet

from connectors import ports
from connectors.models import Link, record_audit
from mappings_app.changing import REASON_LENGTH, Change, Key, Meaning, Step, lock_table, write_steps
from mappings_app.errors import RefusedMappingError, StalePlanError
from mappings_app.models import WRITTEN, ImportFile, ImportPlan, ImportRow, MappingVersion
from mappings_app.planning import COMPARED, current_versions, make_plan_anew, standing_ids
from mappings_app.signals import mappings_imported

State = ImportPlan.State
NAMED_AT_MOST = 50
SLICE_ROWS = 500  # as many are written in a moment
KEPT_WORDS = "Changed by somebody while the import was being saved: it stays as it is."


def apply_plan(plan_id: int, *, actor: str, reason: str) -> ImportPlan:
    """Write exactly what the plan says, or nothing.

    Raises RefusedMappingError when there is nothing to confirm (any more); StalePlanError when a code of the plan was
    changed since the dry run: the plan is then compared anew, with the rows that differ marked, for a person to look at.
    """
    return _confirmed(plan_id, lambda plan: _apply(plan, actor=actor, reason=reason))


def begin_plan(plan_id: int, *, actor: str, reason: str) -> ImportPlan:
    """Confirm the plan, to be written in slices by `carry_on_plan`; refused as `apply_plan` refuses, and then nothing begins."""
    return _confirmed(plan_id, lambda plan: _begin(plan, actor=actor, reason=reason))


def _confirmed(plan_id: int, act: Callable[[ImportPlan], None]) -> ImportPlan:
    stale: list[int] = []
    with transaction.atomic():
        plan = locked(plan_id, [State.READY], "It waits for nobody's confirmation any more.")
        if not plan.to_write:
            raise RefusedMappingError(["There is nothing in it to write."])
        lock_table(plan.kind_spec, plan.brand)
        stale = _stale(plan)
        if not stale:
            act(plan)
    if stale:
        make_plan_anew(plan, differing=stale)
        raise StalePlanError(stale)
    return plan


def locked(plan_id: int, states: Collection[str], words: str) -> ImportPlan:
    plan = ImportPlan.objects.select_for_update(of=("self",)).select_related("brand").get(pk=plan_id)
    if plan.state not in states:
        raise RefusedMappingError([words])
    return plan


_STALE = """
SELECT r.number FROM mappings_app_importrow r
LEFT JOIN (
    SELECT v.from_code, coalesce(v.link_id, 0) AS link, array_agg(v.id ORDER BY v.id) AS ids
    FROM mappings_app_mappingversion v
    WHERE v.brand_id = %(brand)s AND v.kind = %(kind)s AND v.superseded_at IS NULL
      AND v.from_code IN (SELECT w.from_code FROM mappings_app_importrow w WHERE w.plan_id = %(plan)s)
    GROUP BY 1, 2
) s ON s.from_code = r.from_code AND s.link = coalesce(r.link_id, 0)
WHERE r.plan_id = %(plan)s AND r.verdict = ANY(%(compared)s) AND coalesce(s.ids, '{}') <> r.standing
ORDER BY r.number
"""


def _stale(plan: ImportPlan) -> list[int]:
    """The rows whose code has other current versions than when they were compared. One statement, however many they are."""
    values: dict[str, Any] = {"plan": plan.pk, "brand": plan.brand_id, "kind": plan.kind, "compared": list(COMPARED)}
    with connection.cursor() as cursor:
        cursor.execute(_STALE, values)
        return [number for (number,) in cursor.fetchall()]


def _apply(plan: ImportPlan, *, actor: str, reason: str) -> None:
    _confirm(plan, actor=actor, reason=reason)
    _write_rows(plan, list(_to_write(plan)))
    _finish(plan)


def _confirm(plan: ImportPlan, *, actor: str, reason: str) -> None:
    plan.change, plan.applied_at, plan.applied_by = ports.new_id(), ports.now(), actor
    plan.reason = reason[:REASON_LENGTH]


def _to_write(plan: ImportPlan) -> QuerySet[ImportRow]:
    return plan.rows.filter(verdict__in=WRITTEN).select_related("link").order_by("number")


def _write_rows(plan: ImportPlan, rows: Sequence[ImportRow]) -> None:
    standing = current_versions(plan.kind_spec, plan.brand, (row.from_code for row in rows))
    actor, reason = plan.applied_by, plan.reason
    steps = [_step(plan, row, standing.get((row.link_id or 0, row.from_code), []), actor, reason) for row in rows]
    write_steps(steps, change=plan.change)
    announce(plan, ((row.from_code, row.link_id) for row in rows), by=actor)


def _finish(plan: ImportPlan) -> None:
    plan.state = State.APPLIED
    plan.save()
    after = {"rows": plan.counts, "change": plan.change}
    audit(plan, "mapping.imported", actor=plan.applied_by, reason=plan.reason, after=after)


# --- in slices --------------------------------------------------------------------------------------------------------


def _begin(plan: ImportPlan, *, actor: str, reason: str) -> None:
    _confirm(plan, actor=actor, reason=reason)
    plan.state, plan.applied_up_to = State.APPLYING, 0
    plan.save()
    audit(plan, "mapping.import_begun", actor=actor, reason=reason, after={"rows": plan.counts, "change": plan.change})


def carry_on_plan(plan_id: int, *, size: int = SLICE_ROWS) -> bool:
    """Write the next rows of a plan that was begun. False when it is at its end, or somebody else is at it.

    What somebody changed since it was begun stays as that person said, and is named in its row.
    """
    with transaction.atomic():
        found = ImportPlan.objects.select_for_update(skip_locked=True, of=("self",)).select_related("brand")
        plan = found.filter(pk=plan_id, state=State.APPLYING).first()
        if plan is None:
            return False
        lock_table(plan.kind_spec, plan.brand)
        rows = list(_to_write(plan).filter(number__gt=plan.applied_up_to)[:size])
        kept = _keep_changed(plan, rows)
        _write_rows(plan, [row for row in rows if row.pk not in kept])
        if len(rows) < size:
            _tell_kept(plan)
            _finish(plan)
            return False
        plan.applied_up_to = rows[-1].number
        plan.save(update_fields=["applied_up_to", "counts"])
    return True


def _keep_changed(plan: ImportPlan, rows: Sequence[ImportRow]) -> set[int]:
    standing = current_versions(plan.kind_spec, plan.brand, (row.from_code for row in rows))
    kept = {row.pk for row in rows if standing_ids(standing, (row.link_id or 0, row.from_code)) != row.standing}
    if kept:
        plan.rows.filter(pk__in=kept).update(differs=True, why=KEPT_WORDS)
        plan.counts = {**plan.counts, "KEPT": plan.count("KEPT") + len(kept)}
    return kept


def _tell_kept(plan: ImportPlan) -> None:
    """Name the codes that were changed while it was being written."""
    codes = list(plan.rows.filter(differs=True, why=KEPT_WORDS).order_by("number").values_list("from_code", flat=True))
    if codes:
        plan.notices = [*plan.notices, named("Not saved, because they were changed meanwhile", codes)]


def named(told: str, codes: Sequence[str]) -> str:
    more = f" and {len(codes) - NAMED_AT_MOST} more" if len(codes) > NAMED_AT_MOST else ""
    return f"{told}: {', '.join(codes[:NAMED_AT_MOST])}{more}."


def gone_through(plan: ImportPlan) -> int:
    """How many of the mappings that it says were gone through."""
    if plan.state != State.APPLYING:
        return plan.to_write
    return plan.rows.filter(verdict__in=WRITTEN, number__lte=plan.applied_up_to).count()


# --- within -----------------------------------------------------------------------------------------------------------


def _step(plan: ImportPlan, row: ImportRow, current: list[MappingVersion], actor: str, reason: str) -> Step:
    meaning = Meaning(
        to_code=row.to_code, from_label=row.from_label, to_label=row.to_label, attributes=row.attributes or {}
    )
    effective_from = row.valid_from if current else None
    return change_of(plan, row.link, row.from_code, actor, reason).step(meaning, current, effective_from=effective_from)


def change_of(plan: ImportPlan, link: Link | None, from_code: str, actor: str, reason: str) -> Change:
    key = Key(kind=plan.kind_spec, brand=plan.brand, link=link, from_code=from_code)
    return Change(key=key, action="", actor=actor, reason=reason or f"Imported from {plan.file_name}")


def audit(plan: ImportPlan, action: str, *, actor: str, reason: str, after: dict[str, object]) -> None:
    file = {"file": plan.file_name, "sha256": plan.file_hash, "kind": plan.kind}
    record_audit(
        actor=actor,
        action=action,
        subject=plan,
        brand=plan.brand,
        after={**file, **after},
        reason=reason[:REASON_LENGTH],
    )


def announce(plan: ImportPlan, codes: Iterable[tuple[str, int | None]], *, by: str) -> None:
    mappings_imported.send(sender=ImportPlan, brand=plan.brand, kind=plan.kind, codes=list(codes), by=by)


@transaction.atomic
def drop_plan(plan_id: int, *, actor: str) -> ImportPlan:
    """Put a plan away that nobody wants to apply. Its rows stay readable."""
    plan = locked(plan_id, [State.READING, State.READY], "It was confirmed or put away already.")
    plan.state = State.DROPPED
    plan.save(update_fields=["state"])
    ImportFile.objects.filter(plan=plan).delete()
    audit(plan, "mapping.import_dropped", actor=actor, reason="", after={"rows": plan.counts})
    return plan
