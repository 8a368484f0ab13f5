from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DataError, IntegrityError, transaction

from connectors import ports
from connectors.models import AuditEntry, Brand, Connection, Link
from mappings_app.checking import list_warning
from mappings_app.codes import CodeItem, learn_codes
from mappings_app.errors import RefusedMappingError
from mappings_app.kinds import KINDS
from mappings_app.models import MappingVersion, SkuMapping
from mappings_app.saving import retire_mapping, roll_back, save_mapping
from mappings_app.signals import mapping_saved

FEBRUARY = datetime(2026, 2, 1, tzinfo=UTC)
MARCH = datetime(2026, 3, 1, tzinfo=UTC)


def save(brand: Brand, to_code: str, **changes: Any) -> MappingVersion:
    return save_mapping(
        **{"kind": "sku", "brand": brand, "from_code": "AB-1021", "to_code": to_code, "actor": "alice"} | changes
    )


def current(brand: Brand) -> list[tuple[str, datetime | None, datetime | None]]:
    versions = MappingVersion.objects.filter(brand=brand, superseded_at=None).order_by("valid_from")
    told = [(version.to_code or "retired", version.valid_from, version.valid_to) for version in versions]
    return sorted(told, key=lambda one: one[1] or datetime.min.replace(tzinfo=UTC))


def test_the_first_version_of_a_code_starts_at_minus_infinity_whatever_was_asked(brand: Brand) -> None:
    save(brand, "NW-1021", effective_from=MARCH)
    assert current(brand) == [("NW-1021", None, None)]


def test_correcting_for_all_time_supersedes_what_was_said(brand: Brand) -> None:
    wrong = save(brand, "NW-1012")
    right = save(brand, "NW-1021")
    wrong.refresh_from_db()
    assert current(brand) == [("NW-1021", None, None)]
    assert wrong.superseded_at == ports.now()
    assert wrong.superseded_in == right.change


def test_changing_from_a_date_on_closes_the_old_range_and_opens_a_new_one(brand: Brand) -> None:
    save(brand, "NW-1021")
    new = save(brand, "NW-2000", effective_from=MARCH)
    assert current(brand) == [("NW-1021", None, MARCH), ("NW-2000", MARCH, None)]
    assert new.to_code == "NW-2000"


def test_a_change_from_a_date_replaces_what_was_planned_after_it(brand: Brand) -> None:
    save(brand, "A")
    save(brand, "B", effective_from=MARCH)
    save(brand, "C", effective_from=FEBRUARY)
    assert current(brand) == [("A", None, FEBRUARY), ("C", FEBRUARY, None)]


def test_a_change_from_the_date_of_the_last_change_leaves_no_empty_range(brand: Brand) -> None:
    save(brand, "A")
    save(brand, "B", effective_from=MARCH)
    save(brand, "C", effective_from=MARCH)
    assert current(brand) == [("A", None, MARCH), ("C", MARCH, None)]


def test_saving_what_stands_already_writes_nothing_and_is_announced_all_the_same(
    brand: Brand, announced: list[MappingVersion]
) -> None:
    first = save(brand, "NW-1021", to_label="Wool coat", attributes={})
    again = save(brand, "NW-1021")
    later = save(brand, "NW-1021", effective_from=MARCH)
    assert [again, later] == [first, first]
    assert MappingVersion.objects.count() == 1
    assert AuditEntry.objects.count() == 1
    assert announced == [first, first, first]


def test_saying_the_same_for_all_time_that_held_from_a_date_is_a_change(brand: Brand) -> None:
    save(brand, "A")
    save(brand, "B", effective_from=MARCH)
    save(brand, "B")
    assert current(brand) == [("B", None, None)]


def test_labels_left_empty_stay_where_the_target_stays(brand: Brand) -> None:
    save(brand, "NW-1021", from_label="Coat", to_label="Wool coat, black, M")
    assert save(brand, "NW-1021").to_label == "Wool coat, black, M"
    other = save(brand, "NW-1022")
    assert (other.from_label, other.to_label) == ("Coat", "")


def test_the_code_that_was_seen_is_kept_exactly_and_the_target_is_trimmed(brand: Brand) -> None:
    version = save(brand, "  NW-1021 ", from_code=" ab-1021/é ")
    assert (version.from_code, version.to_code) == (" ab-1021/é ", "NW-1021")


def test_codes_that_differ_in_case_or_in_a_space_are_different_codes(brand: Brand) -> None:
    save(brand, "A", from_code="ab")
    save(brand, "B", from_code="AB")
    save(brand, "C", from_code="AB ")
    assert [one[0] for one in sorted(current(brand))] == ["A", "B", "C"]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"from_code": ""}, "Say which code is mapped (their SKU)."),
        ({"from_code": "  "}, "Say which code is mapped (their SKU)."),
        ({"to_code": " "}, "Say what it is mapped to (our SKU)."),
        ({"from_code": "A\tB"}, "Their SKU contains characters that cannot be seen, such as a line break."),
        ({"from_code": "A\x00"}, "Their SKU contains characters that cannot be seen, such as a line break."),
        ({"to_code": "A\nB"}, "Our SKU contains characters that cannot be seen, such as a line break."),
        ({"from_code": "A" * 256}, "Their SKU is longer than 255 characters."),
        ({"to_code": "A" * 256}, "Our SKU is longer than 255 characters."),
        ({"attributes": {"colour": "red"}}, "A SKU mapping has no “colour”."),
        (
            {"kind": "market", "attributes": {"currency": "Pounds"}},
            "Currency: three capital letters, such as GBP.",
        ),
        (
            {"kind": "carrier", "attributes": {"unlisted": True, "tracking_link": "https://dpd.test/track"}},
            "Tracking link: an address that starts with https:// and contains {tracking_number}.",
        ),
        (
            {"kind": "carrier", "attributes": {"tracking_link": "javascript:alert('{tracking_number}')"}},
            "Tracking link: an address that starts with https:// and contains {tracking_number}.",
        ),
        ({"kind": "carrier", "attributes": {"unlisted": "yes"}}, "Not on their list, on purpose: say yes or no."),
    ],
)
def test_what_cannot_be_a_mapping_is_refused_and_nothing_is_written(
    brand: Brand, announced: list[MappingVersion], changes: dict[str, Any], problem: str
) -> None:
    with pytest.raises(RefusedMappingError) as refused:
        save(brand, **{"to_code": "NW-1021"} | changes)
    assert refused.value.problems == (problem,)
    assert not MappingVersion.objects.exists()
    assert not AuditEntry.objects.exists()
    assert announced == []


def test_every_problem_is_named_at_once(brand: Brand) -> None:
    with pytest.raises(RefusedMappingError) as refused:
        save(brand, "", from_code="", attributes={"colour": "red"})
    assert len(refused.value.problems) == 3


def test_an_empty_code_can_be_mapped_where_records_may_name_none(brand: Brand) -> None:
    version = save(brand, "UK", kind="market", from_code="")
    assert str(version) == "orders that name no channel → UK"


def test_a_link_of_another_brand_is_refused(brand: Brand, link: Link) -> None:
    stranger = Brand.objects.create(code="other", name="Other")
    with pytest.raises(RefusedMappingError, match="does not belong to Other"):
        save(stranger, "NW-1021", link=link)


def test_an_unknown_kind_is_a_fault_of_ours(brand: Brand) -> None:
    with pytest.raises(ValueError, match="'colour' is not a kind of mapping"):
        save(brand, "NW-1021", kind="colour")


def test_a_change_at_a_naive_time_is_a_fault_of_ours(brand: Brand) -> None:
    save(brand, "A")
    with pytest.raises(ValueError, match="aware"):
        save(brand, "B", effective_from=datetime(2026, 3, 1))  # noqa: DTZ001
    assert current(brand) == [("A", None, None)]


def test_a_listener_that_fails_undoes_the_save(brand: Brand) -> None:
    def fail(**_: object) -> None:
        raise RuntimeError("nothing was released")

    mapping_saved.connect(fail, weak=False)
    try:
        with pytest.raises(RuntimeError, match="nothing was released"):
            save(brand, "NW-1021")
    finally:
        mapping_saved.disconnect(fail)
    assert not MappingVersion.objects.exists()
    assert not AuditEntry.objects.exists()


def test_the_audit_entry_says_who_changed_what_from_what_and_why(brand: Brand) -> None:
    save(brand, "NW-1012")
    save(brand, "NW-1021", actor="bob", reason="Wrong size")
    entry = AuditEntry.objects.first()
    assert entry is not None
    assert (entry.actor, entry.action, entry.subject, entry.reason) == (
        "bob",
        "mapping.saved",
        "AB-1021 → NW-1021",
        "Wrong size",
    )
    assert entry.before is not None
    assert entry.after is not None
    assert [version["to_code"] for version in entry.before["versions"]] == ["NW-1012"]
    assert [version["to_code"] for version in entry.after["versions"]] == ["NW-1021"]


def test_brand_default_and_link_keep_separate_stories(brand: Brand, link: Link) -> None:
    save(brand, "DEFAULT")
    save(brand, "OWN", link=link)
    assert sorted(one[0] for one in current(brand)) == ["DEFAULT", "OWN"]


def test_each_kind_has_a_model_of_its_own(brand: Brand) -> None:
    save(brand, "NW-1021")
    save(brand, "UK", kind="market")
    assert [version.to_code for version in SkuMapping.objects.all()] == ["NW-1021"]
    assert SkuMapping._meta.verbose_name == "SKU mapping"


# --- carriers: the receiver's list -----------------------------------------------------------------------------------


def save_carrier(brand: Brand, to_code: str, **changes: Any) -> MappingVersion:
    return save(brand, to_code, kind="carrier", from_code="DPD Next Day", **changes)


def test_a_carrier_that_the_marketplace_does_not_list_is_refused(
    brand: Brand, link: Link, northgate: Connection
) -> None:
    learn_codes(northgate, "carrier", [CodeItem(code="DPDUK")])
    with pytest.raises(RefusedMappingError, match=r"^Northgate does not list DPD\.$"):
        save_carrier(brand, "DPD", link=link)
    assert save_carrier(brand, "DPDUK", link=link).to_code == "DPDUK"


def test_an_unlisted_carrier_passes_when_it_is_named_on_purpose(
    brand: Brand, link: Link, northgate: Connection
) -> None:
    learn_codes(northgate, "carrier", [CodeItem(code="DPDUK")])
    version = save_carrier(brand, "Van Dijk", link=link, attributes={"unlisted": True, "tracking_link": ""})
    assert version.attributes == {"unlisted": True}


def test_a_carrier_named_on_purpose_stays_so_when_only_its_label_changes(
    brand: Brand, link: Link, northgate: Connection
) -> None:
    learn_codes(northgate, "carrier", [CodeItem(code="DPDUK")])
    save_carrier(brand, "Van Dijk", link=link, attributes={"unlisted": True})
    again = save_carrier(brand, "Van Dijk", link=link, to_label="Van Dijk Transport")
    assert (again.to_label, again.attributes) == ("Van Dijk Transport", {"unlisted": True})


def test_without_a_list_any_carrier_passes(brand: Brand, link: Link) -> None:
    assert save_carrier(brand, "DPD", link=link).to_code == "DPD"


def test_a_brand_default_must_be_listed_by_one_of_the_receivers(
    brand: Brand, link: Link, other_link: Link, northgate: Connection, harbour: Connection
) -> None:
    learn_codes(northgate, "carrier", [CodeItem(code="DPDUK")])
    learn_codes(harbour, "carrier", [CodeItem(code="DPD")])
    assert save_carrier(brand, "DPD").to_code == "DPD"
    with pytest.raises(RefusedMappingError, match=r"nor .* lists ROYAL"):
        save_carrier(brand, "ROYAL")


def test_a_sku_may_be_newer_than_the_list_of_products(brand: Brand, link: Link, centra: Connection) -> None:
    learn_codes(centra, "sku", [CodeItem(code="NW-1")])
    assert save(brand, "NW-2", link=link).to_code == "NW-2"
    warning = list_warning(kind=KINDS["sku"], brand=brand, link=link, to_code="NW-2")
    assert warning == "Centra does not list NW-2."
    assert list_warning(kind=KINDS["sku"], brand=brand, link=link, to_code="NW-1") == ""


# --- retiring and rolling back ---------------------------------------------------------------------------------------


def test_a_retired_code_means_nothing_any_more_and_nobody_is_told_to_release(
    brand: Brand, announced: list[MappingVersion]
) -> None:
    version = save(brand, "NW-1021")
    announced.clear()
    retire_mapping(version, actor="bob", reason="Sold out for good")
    assert current(brand) == [("retired", None, None)]
    assert announced == []
    assert AuditEntry.objects.filter(action="mapping.retired", actor="bob").count() == 1


def test_a_code_can_be_retired_from_a_date_on(brand: Brand) -> None:
    version = save(brand, "NW-1021")
    retire_mapping(version, actor="bob", reason="End of season", effective_from=MARCH)
    assert current(brand) == [("NW-1021", None, MARCH), ("retired", MARCH, None)]


def test_retiring_twice_writes_nothing_more(brand: Brand) -> None:
    version = save(brand, "NW-1021")
    first = retire_mapping(version, actor="bob", reason="Gone")
    assert retire_mapping(version, actor="bob", reason="Gone") == first


def test_rolling_back_restores_exactly_what_stood_before(brand: Brand, announced: list[MappingVersion]) -> None:
    save(brand, "A")
    save(brand, "B", effective_from=MARCH)
    version = save(brand, "C", effective_from=FEBRUARY, to_label="See")
    announced.clear()
    restored = roll_back(version, actor="bob", reason="Wrong product")
    assert current(brand) == [("A", None, MARCH), ("B", MARCH, None)]
    assert restored.to_code == "A"  # in force on 15 January
    assert restored.recorded_by == "bob"
    assert [one.to_code for one in announced] == ["A", "B"]


def test_rolling_back_a_roll_back_brings_the_change_again(brand: Brand) -> None:
    save(brand, "A")
    back = roll_back(save(brand, "B"), actor="bob", reason="No")
    roll_back(back, actor="bob", reason="Yes after all")
    assert current(brand) == [("B", None, None)]


def test_a_retirement_can_be_rolled_back(brand: Brand) -> None:
    retired = retire_mapping(save(brand, "A"), actor="bob", reason="Gone")
    roll_back(retired, actor="bob", reason="Back again")
    assert current(brand) == [("A", None, None)]


def test_only_the_newest_change_of_a_code_is_rolled_back(brand: Brand) -> None:
    save(brand, "A")
    second = save(brand, "B")
    save(brand, "C")
    with pytest.raises(RefusedMappingError, match="changed again since"):
        roll_back(second, actor="bob", reason="No")
    assert current(brand) == [("C", None, None)]


def test_the_first_mapping_of_a_code_has_nothing_to_go_back_to(brand: Brand) -> None:
    first = save(brand, "A")
    with pytest.raises(RefusedMappingError, match="nothing to go back to"):
        roll_back(first, actor="bob", reason="No")
    assert current(brand) == [("A", None, None)]


# --- what the database itself refuses --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change", [{"to_code": "X"}, {"valid_to": MARCH}, {"recorded_by": "eve"}, {"attributes": {"a": 1}}]
)
def test_the_database_refuses_to_rewrite_a_version(brand: Brand, change: dict[str, Any]) -> None:
    version = save(brand, "A")
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        MappingVersion.objects.filter(pk=version.pk).update(**change)


def test_the_database_refuses_to_supersede_twice_or_to_undo_it(brand: Brand) -> None:
    version = save(brand, "A")
    save(brand, "B")
    for again in ({"superseded_at": ports.now() + timedelta(days=1)}, {"superseded_at": None, "superseded_in": ""}):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            MappingVersion.objects.filter(pk=version.pk).update(**again)


def test_the_database_refuses_to_delete_a_version(brand: Brand) -> None:
    version = save(brand, "A")
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        version.delete()


@pytest.mark.parametrize("scoped", [False, True])
def test_the_database_refuses_two_current_versions_for_one_moment(brand: Brand, link: Link, scoped: bool) -> None:
    scope = {"link": link} if scoped else {}
    save(brand, "A", **scope)
    twin = MappingVersion(
        kind="sku",
        brand=brand,
        from_code="AB-1021",
        to_code="B",
        valid_from=MARCH,
        recorded_by="eve",
        change="x",
        **scope,
    )
    with pytest.raises(IntegrityError, match="mapping_one_current_meaning"), transaction.atomic():
        twin.save()


def test_the_database_refuses_a_range_that_ends_before_it_begins(brand: Brand) -> None:
    backwards = MappingVersion(
        kind="sku",
        brand=brand,
        from_code="Z",
        to_code="B",
        valid_from=MARCH,
        valid_to=FEBRUARY,
        recorded_by="eve",
        change="x",
    )
    with pytest.raises((IntegrityError, DataError)), transaction.atomic():
        backwards.save()
