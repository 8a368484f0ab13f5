"""A file is planned, looked at, applied as it was planned or not at all, and undone as a whole."""

import pytest
from django.db import transaction
from pytest_django import DjangoAssertNumQueries

from connectors import ports
from connectors.models import AuditEntry, Brand, Connection, Link
from mappings_app.applying import (
    apply_plan,
    begin_plan,
    carry_on_plan,
    drop_plan,
    gone_through,
)
from mappings_app.codes import CodeItem, learn_codes
from mappings_app.columns import columns_of, wanted_rows
from mappings_app.errors import RefusedMappingError, StalePlanError
from mappings_app.kinds import KINDS
from mappings_app.models import ImportPlan, ImportRow, MappingVersion
from mappings_app.planning import make_plan
from mappings_app.saving import retire_mapping, save_mapping
from mappings_app.sheets import read_sheet
from mappings_app.undoing import begin_undo, carry_on_undo, undo_plan, undoing

NEEDED = {"from_code": "from code", "to_code": "to code"}


def plan_of(brand: Brand, text: str, *, kind: str = "sku", actor: str = "alice") -> ImportPlan:
    spec = KINDS[kind]
    sheet = read_sheet(text.encode(), columns_of(spec), needed=NEEDED)
    links = list(Link.objects.filter(brand=brand).select_related("source", "target"))
    rows = wanted_rows(sheet, kind=spec, brand=brand, links=links)
    return make_plan(rows, kind=spec, brand=brand, file_name="skus.csv", file_hash="ab" * 32, actor=actor)


def verdicts(plan: ImportPlan) -> list[tuple[int, str, str]]:
    return list(plan.rows.order_by("number").values_list("number", "verdict", "why"))


def current(brand: Brand) -> list[str]:
    rows = MappingVersion.objects.filter(brand=brand, superseded_at=None, retired=False).order_by(
        "from_code", "link_id"
    )
    return [f"{version}{f' ({version.link})' if version.link else ''}" for version in rows.select_related("link")]


def save(brand: Brand, from_code: str, to_code: str, **more: object) -> MappingVersion:
    return save_mapping(  # type: ignore[arg-type]
        kind="sku", brand=brand, from_code=from_code, to_code=to_code, actor="bob", **more
    )


def test_a_dry_run_says_what_each_row_comes_to_and_writes_no_mapping(brand: Brand, link: Link) -> None:
    save(brand, "SAME", "NW-1")
    save(brand, "OTHER", "NW-2")
    plan = plan_of(
        brand,
        "from,to,counts for\nSAME,NW-1,\nOTHER,NW-3,every channel\nNEW,NW-4,\nNEW,NW-5,Northgate\n"
        ",NW-6,\nEMPTY,,\nTWICE,NW-7,\nTWICE,NW-7,\nTORN,NW-8,\nTORN,NW-9,\nFAR,NW-1,Nowhere\n",
    )
    assert verdicts(plan) == [
        (2, "UNCHANGED", ""),
        (3, "CHANGED", ""),
        (4, "NEW", ""),
        (5, "NEW", ""),
        (6, "WRONG", "Say which code is mapped (their SKU)."),
        (7, "WRONG", "Say what it is mapped to (our SKU)."),
        (8, "NEW", ""),
        (9, "DUPLICATE", "Says the same as row 8."),
        (10, "CONFLICT", "Row 11 says something else about the same code."),
        (11, "CONFLICT", "Row 10 says something else about the same code."),
        (
            12,
            "WRONG",
            "Counts for: “Nowhere” is no channel of Nordhem. Leave it empty for every channel, or write it as the export does.",
        ),
    ]
    assert plan.counts == {"UNCHANGED": 1, "CHANGED": 1, "NEW": 3, "WRONG": 3, "DUPLICATE": 1, "CONFLICT": 2}
    assert plan.rows.get(number=3).old_code == "NW-2"
    assert current(brand) == ["OTHER → NW-2", "SAME → NW-1"]
    assert AuditEntry.objects.filter(action__startswith="mapping.import").count() == 0


def test_applying_writes_exactly_the_plan_as_one_change_with_one_audit_entry(brand: Brand, link: Link) -> None:
    old = save(brand, "OTHER", "NW-2")
    plan = plan_of(brand, "from,to,counts for\nOTHER,NW-3,\nNEW,NW-4,\nNEW,NW-5,Northgate\nbad,,\n")
    applied = apply_plan(plan.pk, actor="carol", reason="Season")
    assert current(brand) == ["NEW → NW-5 (Northgate → Centra)", "NEW → NW-4", "OTHER → NW-3"]
    written = MappingVersion.objects.filter(change=applied.change)
    assert {(version.recorded_by, version.reason, version.valid_from) for version in written} == {
        ("carol", "Season", None)
    }
    old.refresh_from_db()
    assert old.superseded_in == applied.change
    entry = AuditEntry.objects.get(action="mapping.imported")
    assert (entry.actor, entry.reason, entry.subject) == ("carol", "Season", "skus.csv")
    assert entry.after["rows"] == {"CHANGED": 1, "NEW": 2, "WRONG": 1}
    assert entry.after["sha256"] == "ab" * 32
    with pytest.raises(RefusedMappingError, match="any more"):
        apply_plan(plan.pk, actor="carol", reason="")


def test_a_code_that_changed_since_the_dry_run_stops_all_of_it_and_is_named(brand: Brand) -> None:
    plan = plan_of(brand, "from,to\nA,NW-1\nB,NW-2\nC,NW-3\n")
    save(brand, "B", "NW-2")
    save(brand, "C", "NW-9")
    with pytest.raises(StalePlanError) as stale:
        apply_plan(plan.pk, actor="carol", reason="")
    assert stale.value.numbers == (3, 4)
    assert current(brand) == ["B → NW-2", "C → NW-9"]
    assert list(plan.rows.order_by("number").values_list("verdict", "differs", "old_code")) == [
        ("NEW", False, ""),
        ("UNCHANGED", True, "NW-2"),
        ("CHANGED", True, "NW-9"),
    ]
    apply_plan(plan.pk, actor="carol", reason="")
    assert current(brand) == ["A → NW-1", "B → NW-2", "C → NW-3"]


def test_undoing_brings_back_what_stood_and_leaves_what_changed_since(brand: Brand, link: Link) -> None:
    save(brand, "OLD", "NW-1", effective_from=None)
    save(brand, "OLD", "NW-2", effective_from=ports.now())
    plan = plan_of(brand, "from,to\nOLD,NW-3\nNEW,NW-4\nLATER,NW-5\n")
    apply_plan(plan.pk, actor="carol", reason="")
    save(brand, "LATER", "NW-6")
    assert undoing(ImportPlan.objects.get()).kept_codes == ["LATER"]
    what = undo_plan(plan.pk, actor="dave", reason="Wrong file")
    assert (what.back, what.kept_codes) == (2, ["LATER"])
    assert current(brand) == ["LATER → NW-6", "OLD → NW-1", "OLD → NW-2"]
    plan.refresh_from_db()
    assert (plan.state, plan.undone_by, plan.counts["KEPT"]) == ("UNDONE", "dave", 1)
    assert plan.notices == ["Not undone, because they were changed again since: LATER."]
    entry = AuditEntry.objects.get(action="mapping.import_undone")
    assert (entry.reason, entry.after["undone"], entry.after["kept"]) == ("Wrong file", 2, ["LATER"])
    with pytest.raises(RefusedMappingError):
        undo_plan(plan.pk, actor="dave", reason="Again")
    again = plan_of(brand, "from,to\nNEW,NW-4\n")
    assert verdicts(again) == [(2, "NEW", "")]


def test_an_import_of_which_everything_changed_since_cannot_be_undone(brand: Brand) -> None:
    plan = plan_of(brand, "from,to\nA,NW-1\n")
    apply_plan(plan.pk, actor="carol", reason="")
    save(brand, "A", "NW-2")
    with pytest.raises(RefusedMappingError, match="one by one"):
        undo_plan(plan.pk, actor="carol", reason="Oops")
    assert current(brand) == ["A → NW-2"]


def test_a_plan_that_is_put_away_maps_nothing(brand: Brand) -> None:
    plan = plan_of(brand, "from,to\nA,NW-1\n")
    drop_plan(plan.pk, actor="carol")
    with pytest.raises(RefusedMappingError):
        apply_plan(plan.pk, actor="carol", reason="")
    assert current(brand) == []


def test_a_carrier_that_the_marketplace_does_not_list_is_wrong_unless_it_is_meant(
    brand: Brand, link: Link, northgate: Connection
) -> None:
    learn_codes(northgate, "carrier", [CodeItem(code="DPD", label="DPD UK")])
    plan = plan_of(
        brand,
        "our carrier;their carrier;not on their list, on purpose\nDPD;DPD;\nParcels;PARCELS;\nBike;Bikes;yes\n",
        kind="carrier",
    )
    assert [row[1:] for row in verdicts(plan)] == [
        ("NEW", ""),
        ("WRONG", "Northgate does not list PARCELS."),
        ("NEW", "Northgate does not list Bikes."),
    ]
    assert plan.rows.get(number=2).to_label == "DPD UK"


def test_a_code_that_a_shop_does_not_list_is_told_and_taken(brand: Brand, link: Link, centra: Connection) -> None:
    learn_codes(centra, "sku", [CodeItem(code="NW-1")])
    plan = plan_of(brand, "from,to\nA,NW-1\nB,NW-2\n")
    assert verdicts(plan) == [(2, "NEW", ""), (3, "NEW", "Centra does not list NW-2.")]


def test_a_row_may_begin_to_count_at_a_moment(brand: Brand) -> None:
    save(brand, "A", "NW-1")
    plan = plan_of(brand, "from,to,valid from\nA,NW-2,2026-03-01\nB,NW-3,soon\nC,NW-4,2026-03-01T10:00+01:00\n")
    assert [row[1:] for row in verdicts(plan)] == [
        ("CHANGED", ""),
        ("WRONG", "“soon” is no moment for “valid from”. Write it like 2026-03-01 or 2026-03-01T09:00."),
        ("NEW", ""),
    ]
    apply_plan(plan.pk, actor="carol", reason="")
    rows = MappingVersion.objects.filter(superseded_at=None).order_by("from_code", "valid_from")
    told = [(row.to_code, row.valid_from and row.valid_from.isoformat()) for row in rows]
    assert told == [("NW-2", "2026-03-01T00:00:00+00:00"), ("NW-1", None), ("NW-4", None)]


def test_a_retired_code_is_not_retired_twice_and_not_by_a_file(brand: Brand) -> None:
    retire_mapping(save(brand, "A", "NW-1"), actor="bob", reason="Gone")
    save(brand, "B", "NW-2")
    plan = plan_of(brand, "from,to,status\nA,,retired\nB,,retired\nB,NW-9,replaced\n")
    assert [row[1] for row in verdicts(plan)] == ["UNCHANGED", "WRONG", "UNCHANGED"]


def test_five_thousand_rows_of_which_37_are_bad(
    brand: Brand, link: Link, announced: list[MappingVersion], django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    """None is applied until it is confirmed, the 37 are told by row; then 4,963 are applied; undoing restores."""
    for number in range(100):
        save(brand, f"AB-{number:04}", "BEFORE")
    before = current(brand)
    bad = set(range(0, 4_995, 135))
    assert len(bad) == 37
    lines = [f"AB-{number:04},{'' if number in bad else f'NW-{number}'}" for number in range(5_000)]
    started = ports.boottime()
    with django_assert_max_num_queries(30):
        plan = plan_of(brand, "from,to\n" + "\n".join(lines))
    assert plan.count("WRONG") == 37
    wrong = ImportRow.objects.filter(plan=plan, verdict="WRONG").order_by("number")
    assert [row.number - 2 for row in wrong] == sorted(bad)
    assert current(brand) == before

    with django_assert_max_num_queries(60):
        applied = apply_plan(plan.pk, actor="carol", reason="Season")
    assert MappingVersion.objects.filter(change=applied.change).count() == 4_963
    assert len(current(brand)) == 4_964  # one row of the hundred was bad and stays as it was
    assert MappingVersion.objects.get(from_code="AB-0000", superseded_at=None).to_code == "BEFORE"
    assert ports.boottime() == started  # nothing slept

    with django_assert_max_num_queries(60):
        undo_plan(plan.pk, actor="carol", reason="Wrong season")
    assert current(brand) == before


@pytest.mark.django_db(transaction=True)
def test_a_single_save_waits_while_an_import_is_being_written(brand: Brand) -> None:
    plan = plan_of(brand, "from,to\nA,NW-1\n")
    with transaction.atomic():
        apply_plan(plan.pk, actor="carol", reason="")
        locks = _table_locks()
    assert locks == ["ExclusiveLock"]


def _table_locks() -> list[str]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT mode FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()")
        return [row[0] for row in cursor.fetchall()]


# --- in slices --------------------------------------------------------------------------------------------------------

FOUR = "from,to\nA,NW-1\nB,NW-2\nC,NW-3\nD,NW-4\n"


def test_a_long_import_is_written_slice_by_slice_as_one_change(brand: Brand) -> None:
    plan = begin_plan(plan_of(brand, FOUR).pk, actor="carol", reason="Season")
    assert (plan.state, gone_through(plan), current(brand)) == ("APPLYING", 0, [])
    assert carry_on_plan(plan.pk, size=3) is True
    plan.refresh_from_db()
    assert (gone_through(plan), current(brand)) == (3, ["A → NW-1", "B → NW-2", "C → NW-3"])
    assert carry_on_plan(plan.pk, size=3) is False
    plan.refresh_from_db()
    assert (plan.state, gone_through(plan)) == ("APPLIED", 4)
    assert set(MappingVersion.objects.values_list("change", "recorded_by", "reason")) == {
        (plan.change, "carol", "Season")
    }
    actions = AuditEntry.objects.filter(action__startswith="mapping.import").order_by("pk")
    assert list(actions.values_list("action", flat=True)) == ["mapping.import_begun", "mapping.imported"]
    assert carry_on_plan(plan.pk) is False
    undo_plan(plan.pk, actor="carol", reason="Wrong season")
    assert current(brand) == []


def test_what_somebody_changes_while_it_is_written_stays_and_is_named_by_row(brand: Brand) -> None:
    plan = begin_plan(plan_of(brand, FOUR).pk, actor="carol", reason="")
    carry_on_plan(plan.pk, size=2)
    save(brand, "C", "NW-9")
    while carry_on_plan(plan.pk, size=2):
        pass
    plan.refresh_from_db()
    assert current(brand) == ["A → NW-1", "B → NW-2", "C → NW-9", "D → NW-4"]
    assert plan.notices == ["Not saved, because they were changed meanwhile: C."]
    assert (plan.counts["KEPT"], list(plan.rows.filter(differs=True).values_list("number", flat=True))) == (1, [4])


def test_a_long_import_over_tables_that_changed_does_not_begin(brand: Brand) -> None:
    plan = plan_of(brand, FOUR)
    save(brand, "C", "NW-9")
    with pytest.raises(StalePlanError):
        begin_plan(plan.pk, actor="carol", reason="")
    assert carry_on_plan(plan.pk) is False
    plan.refresh_from_db()
    assert (plan.state, plan.change, current(brand)) == ("READY", "", ["C → NW-9"])


def test_a_plan_that_is_being_saved_is_neither_confirmed_again_nor_put_away_nor_undone(brand: Brand) -> None:
    plan = begin_plan(plan_of(brand, FOUR).pk, actor="carol", reason="")
    with pytest.raises(RefusedMappingError):
        begin_plan(plan.pk, actor="bob", reason="")
    with pytest.raises(RefusedMappingError):
        drop_plan(plan.pk, actor="bob")
    with pytest.raises(RefusedMappingError):
        undo_plan(plan.pk, actor="bob", reason="x")
    assert current(brand) == []


def test_a_long_import_is_undone_slice_by_slice_as_one_change_and_leaves_what_changes_meanwhile(brand: Brand) -> None:
    save(brand, "A", "BEFORE")
    plan = apply_plan(plan_of(brand, FOUR + "E,NW-5\n").pk, actor="carol", reason="")
    save(brand, "E", "NW-9")
    assert begin_undo(plan.pk, actor="dave", reason="Wrong season").back == 4
    with pytest.raises(RefusedMappingError):
        undo_plan(plan.pk, actor="dave", reason="Again")
    assert carry_on_undo(plan.pk, size=2) is True
    assert current(brand) == ["A → BEFORE", "C → NW-3", "D → NW-4", "E → NW-9"]
    save(brand, "D", "NW-8")
    while carry_on_undo(plan.pk, size=2):
        pass
    plan.refresh_from_db()
    assert current(brand) == ["A → BEFORE", "D → NW-8", "E → NW-9"]
    assert (plan.state, plan.count("UNDONE"), plan.count("KEPT")) == ("UNDONE", 3, 2)
    assert plan.notices == ["Not undone, because they were changed again since: D, E."]
    assert set(MappingVersion.objects.filter(recorded_by="dave").values_list("change", flat=True)) == {plan.undo_change}
    actions = AuditEntry.objects.filter(action__startswith="mapping.import_undo").order_by("pk")
    assert list(actions.values_list("action", flat=True)) == ["mapping.import_undo_begun", "mapping.import_undone"]


def test_only_what_speaks_of_the_codes_that_changed_is_compared_again(brand: Brand) -> None:
    plan = plan_of(brand, FOUR)
    save(brand, "C", "NW-9")
    learn = plan.rows.get(number=2)
    with pytest.raises(StalePlanError):
        apply_plan(plan.pk, actor="carol", reason="")
    save(brand, "D", "NW-4")
    with pytest.raises(StalePlanError) as stale:
        apply_plan(plan.pk, actor="carol", reason="")
    assert stale.value.numbers == (5,)
    assert list(plan.rows.filter(differs=True).values_list("number", "verdict")) == [(5, "UNCHANGED")]
    assert plan.rows.get(number=4).old_code == "NW-9"
    assert plan.rows.get(number=2).standing == learn.standing


def test_a_row_that_many_contradict_names_some_of_them(brand: Brand) -> None:
    plan = plan_of(brand, "from,to\n" + "".join(f"A,NW-{number}\n" for number in range(8)))
    assert verdicts(plan)[0] == (
        2,
        "CONFLICT",
        "Rows 3, 4, 5, 6, 7 and 2 more say something else about the same code.",
    )
