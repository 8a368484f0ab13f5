"""Applying an import as it was planned, in one transaction, and undoing it as a whole. Thousands of codes in a few statements."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet

from connectors import ports
from connectors.models import Link, record_audit
from mappings_app.changing import EARLIEST, REASON_LENGTH, Change, Key, Meaning, Step, lock_table
from mappings_app.errors import RefusedMappingError, StalePlanError
from mappings_app.models import CURRENT, WRITTEN, ImportPlan, ImportRow, MappingVersion
from mappings_app.planning import COMPARED, CodeKey, current_versions, make_plan_anew, standing_ids
from mappings_app.signals import mappings_imported

State = ImportPlan.State
NAMED_AT_MOST = 50
_BATCH = 1_000


def apply_plan(plan_id: int, *, actor: str, reason: str) -> ImportPlan:
    """Write exactly what the plan says, or nothing.

    Raises RefusedMappingError when there is nothing to confirm (any more); StalePlanError when a code of the plan was
    changed since the dry run: the plan is then compared anew, with the rows that differ marked, for a person to look at.
    """
    stale: list[int] = []
    with transaction.atomic():
        plan = _locked(plan_id, State.READY, "It waits for nobody's confirmation any more.")
        if not plan.to_write:
            raise RefusedMappingError(["There is nothing in it to write."])
        lock_table(plan.kind_spec, plan.brand)
        stale = _stale(plan)
        if not stale:
            _apply(plan, actor=actor, reason=reason)
    if stale:
        make_plan_anew(plan, differing=stale)
        raise StalePlanError(stale)
    return plan


def _locked(plan_id: int, state: str, words: str) -> ImportPlan:
    plan = ImportPlan.objects.select_for_update(of=("self",)).select_related("brand").get(pk=plan_id)
    if plan.state != state:
        raise RefusedMappingError([words])
    return plan


def _stale(plan: ImportPlan) -> list[int]:
    rows = list(plan.rows.filter(verdict__in=COMPARED).only("plan", "number", "link", "from_code", "standing"))
    standing = current_versions(plan.kind_spec, plan.brand, (row.from_code for row in rows))
    return [row.number for row in rows if standing_ids(standing, (row.link_id or 0, row.from_code)) != row.standing]


def _apply(plan: ImportPlan, *, actor: str, reason: str) -> None:
    rows = list(plan.rows.filter(verdict__in=WRITTEN).select_related("link").order_by("number"))
    standing = current_versions(plan.kind_spec, plan.brand, (row.from_code for row in rows))
    steps = [_step(plan, row, standing.get((row.link_id or 0, row.from_code), []), actor, reason) for row in rows]
    plan.change = _write(steps)
    plan.state, plan.applied_at, plan.applied_by, plan.reason = (
        State.APPLIED,
        ports.now(),
        actor,
        reason[:REASON_LENGTH],
    )
    plan.save()
    _audit(plan, "mapping.imported", actor=actor, reason=reason, after={"rows": plan.counts, "change": plan.change})
    _announce(plan, ((row.from_code, row.link_id) for row in rows), by=actor)


def _step(plan: ImportPlan, row: ImportRow, current: list[MappingVersion], actor: str, reason: str) -> Step:
    meaning = Meaning(
        to_code=row.to_code, from_label=row.from_label, to_label=row.to_label, attributes=row.attributes or {}
    )
    effective_from = row.valid_from if current else None
    return _change(plan, row.link, row.from_code, actor, reason).step(meaning, current, effective_from=effective_from)


def _change(plan: ImportPlan, link: Link | None, from_code: str, actor: str, reason: str) -> Change:
    key = Key(kind=plan.kind_spec, brand=plan.brand, link=link, from_code=from_code)
    return Change(key=key, action="", actor=actor, reason=reason or f"Imported from {plan.file_name}")


def _write(steps: Sequence[Step]) -> str:
    """Write many changes as one, in two statements and some. Returns its id."""
    now, change = ports.now(), ports.new_id()
    superseded = [version.pk for step in steps for version in step.superseded]
    MappingVersion.objects.filter(pk__in=superseded).update(superseded_at=now, superseded_in=change)
    told = [version for step in steps for version in step.told]
    for version in told:
        version.recorded_at, version.change = now, change
    MappingVersion.objects.bulk_create(told, batch_size=_BATCH)
    return change


def _audit(plan: ImportPlan, action: str, *, actor: str, reason: str, after: dict[str, object]) -> None:
    file = {"file": plan.file_name, "sha256": plan.file_hash, "kind": plan.kind}
    record_audit(
        actor=actor,
        action=action,
        subject=plan,
        brand=plan.brand,
        after={**file, **after},
        reason=reason[:REASON_LENGTH],
    )


def _announce(plan: ImportPlan, codes: Iterable[tuple[str, int | None]], *, by: str) -> None:
    mappings_imported.send(sender=ImportPlan, brand=plan.brand, kind=plan.kind, codes=list(codes), by=by)


@transaction.atomic
def drop_plan(plan_id: int, *, actor: str) -> ImportPlan:
    """Put a plan away that nobody wants to apply. Its rows stay readable."""
    plan = _locked(plan_id, State.READY, "It was confirmed or put away already.")
    plan.state = State.DROPPED
    plan.save(update_fields=["state"])
    _audit(plan, "mapping.import_dropped", actor=actor, reason="", after={"rows": plan.counts})
    return plan


# --- undoing ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Undoing:
    """What undoing an import comes to."""

    keys: Sequence[CodeKey]  # go back to what stood before
    kept: Sequence[CodeKey]  # were changed again since: they stay as they are

    @property
    def kept_codes(self) -> list[str]:
        return [code for _, code in self.kept]


def undoing(plan: ImportPlan) -> Undoing:
    """What undoing would do now. Two queries."""
    written = {(link_id or 0, code) for link_id, code in _written(plan).values_list("link_id", "from_code").distinct()}
    codes = {code for _, code in written}
    story = MappingVersion.objects.filter(kind=plan.kind, brand=plan.brand, from_code__in=codes).order_by("pk")
    latest: dict[CodeKey, str] = {}
    for link_id, code, change in story.values_list("link_id", "from_code", "change"):
        latest[link_id or 0, code] = change
    keys = sorted(key for key in written if latest[key] == plan.change)
    return Undoing(keys=keys, kept=sorted(written - set(keys)))


def _written(plan: ImportPlan) -> QuerySet[MappingVersion]:
    return MappingVersion.objects.filter(change=plan.change, kind=plan.kind, brand=plan.brand)


@transaction.atomic
def undo_plan(plan_id: int, *, actor: str, reason: str) -> Undoing:
    """Bring back, as one change, what stood before the import; codes that had no mapping have none again.

    Codes that were changed again since stay as they are and are named. Raises RefusedMappingError when it was not applied,
    was undone already, or every code was changed since.
    """
    plan = _locked(plan_id, State.APPLIED, "It is not applied, or was undone already.")
    lock_table(plan.kind_spec, plan.brand)
    what = undoing(plan)
    if not what.keys:
        raise RefusedMappingError(["Every mapping of this import was changed again since. Undo those one by one."])
    steps = _steps_back(plan, set(what.keys), actor=actor, reason=reason)
    change = _write(steps)
    plan.state, plan.undone_at, plan.undone_by, plan.undo_reason = (
        State.UNDONE,
        ports.now(),
        actor,
        reason[:REASON_LENGTH],
    )
    plan.counts = {**plan.counts, "UNDONE": len(what.keys), "KEPT": len(what.kept)}
    plan.notices = [*plan.notices, *_kept_words(what)]
    plan.save()
    after = {"undone": len(what.keys), "kept": what.kept_codes, "change": change}
    _audit(plan, "mapping.import_undone", actor=actor, reason=reason, after=after)
    back = [version for step in steps for version in step.told if not version.retired]
    _announce(plan, {(version.from_code, version.link_id) for version in back}, by=actor)
    return what


def _kept_words(what: Undoing) -> list[str]:
    if not what.kept:
        return []
    named = ", ".join(what.kept_codes[:NAMED_AT_MOST])
    more = f" and {len(what.kept) - NAMED_AT_MOST} more" if len(what.kept) > NAMED_AT_MOST else ""
    return [f"Not undone, because they were changed again since: {named}{more}."]


def _steps_back(plan: ImportPlan, keys: set[CodeKey], *, actor: str, reason: str) -> list[Step]:
    links = {link.pk: link for link in Link.objects.filter(brand=plan.brand)}
    written = _by_key(_written(plan).filter(CURRENT))
    replaced = _by_key(
        MappingVersion.objects.filter(superseded_in=plan.change, kind=plan.kind, brand=plan.brand).order_by("pk")
    )
    steps = []
    for key in sorted(keys):
        link_id, code = key
        change = _change(plan, links.get(link_id), code, actor, reason or f"Undid the import of {plan.file_name}")
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
