"""A long file is read in slices, by whoever has a moment; nothing that was read is read twice or lost."""

import io

import pytest
from openpyxl import Workbook

from connectors.models import Brand, Link
from mappings_app import reading
from mappings_app.applying import apply_plan, drop_plan
from mappings_app.errors import RefusedMappingError, UnreadableFileError
from mappings_app.kinds import KINDS
from mappings_app.models import ImportFile, ImportPlan, MappingVersion
from mappings_app.reading import GIVEN_UP, NO_SCOPE, PlanReader, begin_reading, plan_file, rows_read

SKU = KINDS["sku"]
ROWS = (
    "from,to,counts for\nA,NW-1,\nB,NW-2,\nTWICE,NW-3,\nTORN,NW-4,\nbad,,\nTWICE,NW-3,\nTORN,NW-5,\nTORN,NW-6,\n"
    "C,NW-7,Nowhere\nD,NW-8,\n"
)


def begun(brand: Brand, text: str | bytes = ROWS, *, name: str = "skus.csv") -> ImportPlan:
    data = text.encode() if isinstance(text, str) else text
    return begin_reading(data, kind=SKU, brand=brand, file_name=name, actor="alice")


def read_through(plan: ImportPlan, *, size: int = 2) -> ImportPlan:
    reader = PlanReader(plan.pk)
    while reader.carry_on(size=size):
        pass
    plan.refresh_from_db()
    return plan


def verdicts(plan: ImportPlan) -> list[tuple[int, str, str]]:
    return list(plan.rows.order_by("number").values_list("number", "verdict", "why"))


@pytest.mark.parametrize("size", [1, 3, 100])
def test_a_file_read_in_slices_comes_to_the_same_as_one_read_at_once(brand: Brand, link: Link, size: int) -> None:
    at_once = plan_file(ROWS.encode(), kind=SKU, brand=brand, file_name="skus.csv", actor="alice")
    sliced = read_through(begun(brand), size=size)
    assert verdicts(sliced) == verdicts(at_once)
    assert (sliced.counts, sliced.notices, sliced.file_hash) == (at_once.counts, at_once.notices, at_once.file_hash)
    assert (sliced.state, at_once.state) == ("READY", "READY")
    assert ImportFile.objects.count() == 0
    apply_plan(sliced.pk, actor="carol", reason="")
    assert MappingVersion.objects.count() == 4


def test_nothing_is_mapped_or_confirmed_while_it_is_read(brand: Brand) -> None:
    plan = begun(brand)
    PlanReader(plan.pk).carry_on(size=2)
    plan.refresh_from_db()
    assert (plan.state, rows_read(plan), plan.read_up_to, plan.rows_expected) == ("READING", 2, 3, 10)
    with pytest.raises(RefusedMappingError):
        apply_plan(plan.pk, actor="carol", reason="")
    assert MappingVersion.objects.count() == 0


def test_another_process_goes_on_after_the_last_row_that_was_kept(brand: Brand, link: Link) -> None:
    plan = begun(brand)
    first, second = PlanReader(plan.pk), PlanReader(plan.pk)
    first.carry_on(size=3)  # and dies
    second.carry_on(size=3)
    first.carry_on(size=2)  # it was only slow
    assert [number for number, _, _ in verdicts(plan)] == list(range(2, 10))
    assert rows_read(read_through(plan)) == 10
    assert [number for number, _, _ in verdicts(plan)] == list(range(2, 12))


def test_rows_that_were_taken_and_not_kept_are_read_again(brand: Brand, monkeypatch: pytest.MonkeyPatch) -> None:
    plan, reader = begun(brand), None
    reader = PlanReader(plan.pk)

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the database went away")

    with monkeypatch.context() as patched:
        patched.setattr(reading, "compared_alone", broken)
        with pytest.raises(RuntimeError):
            reader.carry_on(size=4)
    reader.carry_on(size=4)
    assert [number for number, _, _ in verdicts(plan)] == [2, 3, 4, 5]


def test_a_file_that_stops_whoever_reads_it_is_given_up(brand: Brand, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = begun(brand)

    def killed(*_: object, **__: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(reading, "open_sheet", killed)
        for _ in range(3):
            with pytest.raises(MemoryError):
                PlanReader(plan.pk).carry_on()
    assert PlanReader(plan.pk).carry_on() is False
    plan.refresh_from_db()
    assert (plan.state, plan.notices) == ("REFUSED", [GIVEN_UP])
    assert (ImportFile.objects.count(), plan.rows.count()) == (0, 0)


def test_a_file_without_the_columns_is_refused_on_its_page(brand: Brand) -> None:
    plan = read_through(begun(brand, "sku,price\nA,1\n"))
    assert (plan.state, ImportFile.objects.count()) == ("REFUSED", 0)
    assert plan.notices == [
        "Row 1 names no column “from code” and “to code”. Take the template, or rename the columns."
    ]


@pytest.mark.parametrize(("data", "words"), [(b"PK\x03\x04 not a zip", "damaged"), (b"", "empty")])
def test_what_no_reading_is_needed_to_refuse_is_not_kept(brand: Brand, data: bytes, words: str) -> None:
    with pytest.raises(UnreadableFileError, match=words):
        begun(brand, data)
    assert (ImportPlan.objects.count(), ImportFile.objects.count()) == (0, 0)


def test_a_row_that_cannot_be_read_ends_it_and_is_named(brand: Brand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mappings_app.sheets.ROWS_AT_MOST", 4)
    plan = read_through(begun(brand))
    assert plan.state == "REFUSED"
    assert plan.notices[-1] == "The file has more than 4 rows. Split it."
    assert MappingVersion.objects.count() == 0


def test_reading_is_stopped_by_putting_it_away(brand: Brand) -> None:
    plan = begun(brand)
    reader = PlanReader(plan.pk)
    reader.carry_on(size=2)
    drop_plan(plan.pk, actor="carol")
    assert reader.carry_on() is False
    plan.refresh_from_db()
    assert (plan.state, ImportFile.objects.count(), plan.rows.count()) == ("DROPPED", 0, 2)


def test_an_excel_file_is_read_in_slices_by_one_reader_or_several(brand: Brand) -> None:
    book = Workbook()
    for row in (["from", "to"], *([f"A{number}", f"NW-{number}"] for number in range(5))):
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    plan = begun(brand, out.getvalue(), name="skus.xlsx")
    for _ in range(2):
        PlanReader(plan.pk).carry_on(size=2)
    plan = read_through(plan)
    assert verdicts(plan) == [(number, "NEW", "") for number in range(2, 7)]
    assert (plan.rows_expected, plan.notices) == (5, [NO_SCOPE])
