"""Undoing an import as a whole. A short one in one transaction, a long one in slices, as one change either way."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Coalesce

from connectors import ports
from connectors.models import Link
from mappings_app.applying import SLICE_ROWS, announce, audit, change_of, locked, named
from mappings_app.changing import EARLIEST, REASON_LENGTH, Meaning, Step, lock_table, write_steps
from mappings_app.errors import RefusedMappingError
from mappings_app.models import CURRENT, ImportPlan, MappingVersion
from mappings_app.planning import CodeKey

State = ImportPlan.State


@dataclass(frozen=True, kw_only=True)
class Undoing:
    """What undoing an import comes to."""

    back: int  # codes that go back to what stood before
    kept_codes: Sequence[str]  # were changed again since: they stay as they are

    @property
    def kept(self) -> int:
        return len(self.kept_codes)


def undoing(plan: ImportPlan) -> Undoing:
    """What undoing would do now. Two queries."""
    kept = _keys(_written(plan).filter(Exists(_changed_since(plan))))
    back = _keys(_written(plan).exclude(Exists(_changed_since(plan))))
    return Undoing(back=back.count(), kept_codes=[code for code, _ in kept])


def _written(plan: ImportPlan) -> QuerySet[MappingVersion]:
    return MappingVersion.objects.filter(change=plan.change, kind=plan.kind, brand=plan.brand)


def _changed_since(plan: ImportPlan) -> QuerySet[MappingVersion]:
    """What was recorded of the same code after a version of the import."""
    later = MappingVersion.objects.filter(
        kind=plan.kind, brand=plan.brand, from_code=OuterRef("from_code"), pk__gt=OuterRef("pk")
    ).exclude(change=plan.change)
    return later.annotate(place=Coalesce("link_id", 0)).filter(place=Coalesce(OuterRef("link_id"), 0))


def _keys(versions: QuerySet[MappingVersion]) -> QuerySet[MappingVersion, tuple[str, int | None]]:
    return versions.order_by("from_code", "link_id").values_list("from_code", "link_id").distinct()


# --- pressing it ------------------------------------------------------------------------------------------------------


@transaction.atomic
def undo_plan(plan_id: int, *, actor: str, reason: str) -> Undoing:
    """Bring back, as one change, what stood before the import; codes that had no mapping have none again.

    Codes that were changed again since stay as they are and are named. Raises RefusedMappingError when it was not applied,
    was undone already, or every code was changed since.
    """
    plan, what = _begin(plan_id, actor=actor, reason=reason)
    _undo_next(plan, size=None)
    _finish(plan)
    return what


@transaction.atomic
def begin_undo(plan_id: int, *, actor: str, reason: str) -> Undoing:
    """Confirm it, to be undone in slices by `carry_on_undo`; refused as `undo_plan` refuses."""
    plan, what = _begin(plan_id, actor=actor, reason=reason)
    plan.state = State.UNDOING
    plan.save()
    after = {"to_undo": what.back, "change": plan.undo_change}
    audit(plan, "mapping.import_undo_begun", actor=actor, reason=reason, after=after)
    return what


def carry_on_undo(plan_id: int, *, size: int = SLICE_ROWS) -> bool:
    """Undo the next codes. False when it is at its end, or somebody else is at it. What somebody changes meanwhile stays."""
    with transaction.atomic():
        found = ImportPlan.objects.select_for_update(skip_locked=True, of=("self",)).select_related("brand")
        plan = found.filter(pk=plan_id, state=State.UNDOING).first()
        if plan is None:
            return False
        lock_table(plan.kind_spec, plan.brand)
        if _undo_next(plan, size=size):
            plan.save(update_fields=["counts"])
            return True
        _finish(plan)
    return False


def _begin(plan_id: int, *, actor: str, reason: str) -> tuple[ImportPlan, Undoing]:
    plan = locked(plan_id, [State.APPLIED], "It is not applied, or was undone already.")
    lock_table(plan.kind_spec, plan.brand)
    what = undoing(plan)
    if not what.back:
        raise RefusedMappingError(["Every mapping of this import was changed again since. Undo those one by one."])
    plan.undo_change, plan.undone_at, plan.undone_by = ports.new_id(), ports.now(), actor
    plan.undo_reason = reason[:REASON_LENGTH]
    plan.counts = {**plan.counts, "UNDONE": 0, "TO_UNDO": what.back}
    return plan, what


def _finish(plan: ImportPlan) -> None:
    kept = [code for code, _ in _keys(_written(plan).exclude(superseded_in=plan.undo_change))]
    plan.state = State.UNDONE
    plan.counts = {**plan.counts, "KEPT": len(kept)}
    if kept:
        plan.notices = [*plan.notices, named("Not undone, because they were changed again since", kept)]
    plan.save()
    after = {"undone": plan.count("UNDONE"), "kept": kept, "change": plan.undo_change}
    audit(plan, "mapping.import_undone", actor=plan.undone_by, reason=plan.undo_reason, after=after)


# --- the steps back ---------------------------------------------------------------------------------------------------


def _undo_next(plan: ImportPlan, *, size: int | None) -> int:
    """Undo that many codes, or all. What is undone is not current any more, so the next look finds the next ones."""
    standing = _written(plan).filter(CURRENT).exclude(Exists(_changed_since(plan)))
    keys = {(link_id or 0, code) for code, link_id in _keys(standing)[:size]}
    steps = _steps_back(plan, keys)
    if steps:
        write_steps(steps, change=plan.undo_change)
        back = [version for step in steps for version in step.told if not version.retired]
        announce(plan, {(version.from_code, version.link_id) for version in back}, by=plan.undone_by)
        plan.counts = {**plan.counts, "UNDONE": plan.count("UNDONE") + len(keys)}
    return len(keys)


def _steps_back(plan: ImportPlan, keys: set[CodeKey]) -> list[Step]:
    links = {link.pk: link for link in Link.objects.filter(brand=plan.brand)}
    codes = {code for _, code in keys}
    written = _by_key(_written(plan).filter(CURRENT, from_code__in=codes))
    before = MappingVersion.objects.filter(superseded_in=plan.change, kind=plan.kind, brand=plan.brand)
    replaced = _by_key(before.filter(from_code__in=codes).order_by("pk"))
    steps = []
    for key in sorted(keys):
        link_id, code = key
        reason = plan.undo_reason or f"Undid the import of {plan.file_name}"
        change = change_of(plan, links.get(link_id), code, plan.undone_by, reason)
        if key in replaced:
            steps.append(change.swap(written[key], sorted(replaced[key], key=lambda one: one.valid_from or EARLIEST)))
        else:
            nothing = Meaning(retired=True, from_label=written[key][-1].from_label, attributes={})
            steps.append(change.step(nothing, written[key], effective_from=None))
    return steps


def _by_key(versions: Iterable[MappingVersion]) -> dict[CodeKey, list[MappingVersion]]:
    found: dict[CodeKey, list[MappingVersion]] = defaultdict(list)
    for version in versions:
        found[version.link_id or 0, version.from_code].append(version)
    return found
