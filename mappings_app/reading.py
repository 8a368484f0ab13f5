"""A long file is read and compared slice by slice, by whichever process has a moment; what was read stays read.

First every row is compared with the tables, then the rows that speak of the same code with each other. The upload is kept until
that is done, so nothing is lost when a process dies: another goes on after the last row that was kept.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice

from django.db import transaction
from django.db.models import Count, F, Min, QuerySet

from connectors import ports
from connectors.models import Brand, Link
from mappings_app.columns import WantedRow, columns_of, wanted_rows
from mappings_app.errors import UnreadableFileError
from mappings_app.kinds import Kind
from mappings_app.models import ImportFile, ImportPlan, ImportRow
from mappings_app.planning import BATCH, COMPARED, FORMER, compared_alone, make_plan, mark_repeats
from mappings_app.sheets import Sheet, check_file, open_sheet, read_sheet

State = ImportPlan.State
READ_ROWS = 1_000  # as many are read and compared in a moment
OPENINGS_AT_MOST = 3  # without a row read in between: the file stops whoever reads it
NEEDED: Mapping[str, str] = {"from_code": "from code", "to_code": "to code"}
NO_SCOPE = "The file has no column “counts for”: every row counts for every channel."
GIVEN_UP = (
    f"Reading it stopped the hub {OPENINGS_AT_MOST} times, so it was given up. Save the sheet as CSV UTF-8, or split it, and"
    " upload it again."
)


def plan_file(data: bytes, *, kind: Kind, brand: Brand, file_name: str, actor: str) -> ImportPlan:
    """Read and compare a short file at once. Raises UnreadableFileError."""
    sheet = read_sheet(data, columns_of(kind), needed=NEEDED)
    return make_plan(
        _wanted(sheet, kind=kind, brand=brand),
        kind=kind,
        brand=brand,
        file_name=file_name,
        file_hash=hashlib.sha256(data).hexdigest(),
        notices=_notices(sheet),
        actor=actor,
    )


@transaction.atomic
def begin_reading(data: bytes, *, kind: Kind, brand: Brand, file_name: str, actor: str) -> ImportPlan:
    """Keep a long file, to be read by a `PlanReader`. Raises UnreadableFileError for what no reading is needed to refuse."""
    check_file(data)
    plan = ImportPlan.objects.create(
        brand=brand,
        kind=kind.code,
        file_name=file_name[:200],
        file_hash=hashlib.sha256(data).hexdigest(),
        made_by=actor,
        state=State.READING,
    )
    ImportFile.objects.create(plan=plan, content=data)
    return plan


def rows_read(plan: ImportPlan) -> int:
    return sum(int(count) for count in plan.counts.values())


class PlanReader:
    """Reads the file of one plan. A fresh one goes on where any other stopped; kept, it need not begin at the top again."""

    def __init__(self, plan_id: int) -> None:
        self.plan_id = plan_id
        self._sheet: Sheet | None = None
        self._rows: Iterator[WantedRow] = iter(())
        self._at = 0  # the number of the last row that was taken

    def carry_on(self, *, size: int = READ_ROWS) -> bool:
        """Read and compare the next rows. False when it is at its end, cannot be read, or somebody else is at it."""
        if self._sheet is None and not _count_opening(self.plan_id):
            return False
        try:
            with transaction.atomic():
                plan = _reading(self.plan_id)
                return plan is not None and self._slice(plan, size)
        except UnreadableFileError as error:
            _refuse(self.plan_id, str(error))
            return False

    def _slice(self, plan: ImportPlan, size: int) -> bool:
        if plan.repeats_up_to is not None:
            return _compare_repeats(plan, size)
        if plan.openings > OPENINGS_AT_MOST:
            raise UnreadableFileError(GIVEN_UP)
        rows = self._take(plan, size)
        found = compared_alone(rows, kind=plan.kind_spec, brand=plan.brand)
        for row in found:
            row.plan = plan
        ImportRow.objects.bulk_create(found, batch_size=BATCH)
        plan.counts = dict(Counter(plan.counts) + Counter(str(row.verdict) for row in found))
        plan.openings, plan.read_up_to = 0, self._at
        if len(rows) < size:
            plan.repeats_up_to = 0
        plan.save()
        return True

    def _take(self, plan: ImportPlan, size: int) -> list[WantedRow]:
        if self._sheet is None or self._at > plan.read_up_to:  # a slice that was taken and not kept
            self._open(plan)
        taken = list(islice((row for row in self._rows if row.number > plan.read_up_to), size))
        self._at = taken[-1].number if taken else plan.read_up_to
        return taken

    def _open(self, plan: ImportPlan) -> None:
        self._sheet = None
        data = bytes(ImportFile.objects.values_list("content", flat=True).get(plan=plan))
        self._sheet = open_sheet(data, columns_of(plan.kind_spec), needed=NEEDED)
        self._rows, self._at = _wanted(self._sheet, kind=plan.kind_spec, brand=plan.brand), 0
        plan.notices, plan.rows_expected = _notices(self._sheet), self._sheet.expected


def _wanted(sheet: Sheet, *, kind: Kind, brand: Brand) -> Iterator[WantedRow]:
    links = list(Link.objects.filter(brand=brand).select_related("source", "target", "brand"))
    return wanted_rows(sheet, kind=kind, brand=brand, links=links)


def _notices(sheet: Sheet) -> list[str]:
    return [*sheet.notices, *([] if "scope" in sheet.columns else [NO_SCOPE])]


# --- one at a time ----------------------------------------------------------------------------------------------------


def _reading(plan_id: int) -> ImportPlan | None:
    found = ImportPlan.objects.select_for_update(skip_locked=True, of=("self",)).select_related("brand")
    return found.filter(pk=plan_id, state=State.READING).first()


def _count_opening(plan_id: int) -> bool:
    """Note, before the file is opened, that it will be: what it does to this process is seen afterwards."""
    with transaction.atomic():
        plan = _reading(plan_id)
        if plan is not None and plan.repeats_up_to is None:
            ImportPlan.objects.filter(pk=plan.pk).update(openings=F("openings") + 1)
        return plan is not None


def _refuse(plan_id: int, words: str) -> None:
    with transaction.atomic():
        plan = _reading(plan_id)
        if plan is not None:
            plan.state, plan.notices = State.REFUSED, [*plan.notices, words]
            plan.save(update_fields=["state", "notices"])
            ImportFile.objects.filter(plan=plan).delete()


# --- the file against itself ------------------------------------------------------------------------------------------


def _compare_repeats(plan: ImportPlan, size: int) -> bool:
    """Compare the rows of the next codes that several rows speak of; the plan is ready when there are none left."""
    rows = plan.rows.filter(verdict__in=COMPARED).exclude(why=FORMER)
    groups = rows.order_by().values("link_id", "from_code").annotate(told=Count("pk"), first=Min("number"))
    repeated = list(groups.filter(told__gt=1, first__gt=plan.repeats_up_to).order_by("first")[:size])
    if not repeated:
        _finish(plan)
        return False
    _mark(rows, {(group["link_id"], group["from_code"]) for group in repeated})
    plan.repeats_up_to = repeated[-1]["first"]
    plan.save(update_fields=["repeats_up_to"])
    return True


def _mark(rows: QuerySet[ImportRow], keys: set[tuple[int | None, str]]) -> None:
    same_code = rows.filter(from_code__in={code for _, code in keys}).order_by("number")
    told = [row for row in same_code if (row.link_id, row.from_code) in keys]
    before = {row.pk: row.verdict for row in told}
    mark_repeats(told)
    changed = [row for row in told if row.verdict != before[row.pk]]
    ImportRow.objects.bulk_update(changed, ["verdict", "why"], batch_size=BATCH)


def _finish(plan: ImportPlan) -> None:
    counted = plan.rows.order_by().values_list("verdict").annotate(told=Count("pk"))
    plan.counts, plan.state, plan.planned_at = dict(counted), State.READY, ports.now()
    plan.save()
    ImportFile.objects.filter(plan=plan).delete()
