"""Links that keep to mappings of their own, and links on which SKUs are spelled alike."""

import pytest

from connectors import ports
from connectors.models import AuditEntry, Brand, Connection, Link
from integrationhub.inventory import listing
from integrationhub.inventory.models import ChannelStock
from mappings_app.codes import CodeItem, learn_codes, note_seen
from mappings_app.coverage import coverage, unmapped_codes
from mappings_app.equal import map_equal
from mappings_app.lookup import Resolver, sources_of
from mappings_app.models import MappingVersion, SeenCode
from mappings_app.saving import retire_mapping, save_mapping
from mappings_app.signals import mappings_imported
from mappings_app.suggesting import certain_rows, suggestions

pytestmark = pytest.mark.django_db


@pytest.fixture
def fulfil(brand: Brand) -> Connection:
    return Connection.objects.create(brand=brand, platform="fulfil", name="Fulfil", base_url="https://fulfil.test")


@pytest.fixture
def onward(brand: Brand, centra: Connection, fulfil: Connection) -> Link:
    return Link.objects.create(brand=brand, source=centra, target=fulfil, own_mappings_only=True, equal_skus=True)


def say(brand: Brand, code: str, meaning: str, link: Link | None = None) -> MappingVersion:
    return save_mapping(kind="sku", brand=brand, link=link, from_code=code, to_code=meaning, actor="olivia")


def means(link: Link, *codes: str) -> dict[str, str]:
    found = Resolver(link, ports.now()).find("sku", codes)
    return {code: version.to_code for code, version in found.items()}


def meanings(link: Link) -> dict[str, str]:
    rows = MappingVersion.objects.filter(link=link, kind="sku", superseded_at=None, retired=False)
    return dict(rows.values_list("from_code", "to_code"))


# --- mappings of its own only -----------------------------------------------------------------------------------------
def test_what_is_said_for_every_channel_does_not_count_where_a_link_keeps_to_its_own(
    brand: Brand, link: Link, onward: Link
) -> None:
    say(brand, "TEE", "TEE-OF-CENTRA")
    say(brand, "COAT", "COAT-OF-FULFIL", link=onward)

    assert means(link, "TEE", "COAT") == {"TEE": "TEE-OF-CENTRA"}
    assert means(onward, "TEE", "COAT") == {"COAT": "COAT-OF-FULFIL"}
    assert sources_of(onward, "sku", ["TEE-OF-CENTRA"], at=ports.now()) == {"TEE-OF-CENTRA": ()}
    assert len(sources_of(link, "sku", ["TEE-OF-CENTRA"], at=ports.now())["TEE-OF-CENTRA"]) == 1


def test_the_stock_ledger_lists_only_what_counts_on_the_link(brand: Brand, onward: Link) -> None:
    say(brand, "TEE", "TEE-OF-CENTRA")
    say(brand, "COAT", "COAT-OF-FULFIL", link=onward)

    listing.refresh(onward)

    assert list(ChannelStock.objects.filter(link=onward).values_list("channel_sku", "sku")) == [
        ("COAT", "COAT-OF-FULFIL")
    ]


def test_a_code_that_only_the_brand_maps_is_still_to_be_mapped_there(brand: Brand, link: Link, onward: Link) -> None:
    say(brand, "TEE", "TEE-OF-CENTRA")
    for one in (link, onward):
        note_seen(one, {"sku": [CodeItem(code="TEE")]})

    assert [seen.link_id for seen in unmapped_codes(brand, at=ports.now())] == [onward.pk]
    assert {one.link_id: one.mapped for one in coverage(brand, at=ports.now())} == {link.pk: 1, onward.pk: 0}


def test_what_marketplaces_mean_is_not_suggested_for_the_warehouse_nor_the_other_way_round(
    brand: Brand, link: Link, onward: Link
) -> None:
    say(brand, "TEE", "TEE-OF-CENTRA")
    say(brand, "COAT", "COAT-OF-FULFIL", link=onward)

    assert suggestions("sku", onward, "TEE") == []
    assert suggestions("sku", link, "COAT") == []


def test_certain_suggestions_for_every_channel_leave_such_a_link_its_own_row(
    brand: Brand, link: Link, onward: Link
) -> None:
    for one in (link, onward):
        note_seen(one, {"sku": [CodeItem(code="TEE")]})
        learn_codes(one.target, "sku", [CodeItem(code="TEE")])

    rows = certain_rows(SeenCode.objects.filter(brand=brand).order_by("pk"))

    assert [(row.from_code, row.to_code, row.link) for row in rows] == [("TEE", "TEE", None), ("TEE", "TEE", onward)]


# --- SKUs that are spelled alike --------------------------------------------------------------------------------------
def test_what_both_sides_know_means_itself_and_nothing_else(onward: Link) -> None:
    learn_codes(onward.target, "sku", [CodeItem(code=code, label=f"The {code}") for code in ("COAT", "HAT", "TEE")])
    note_seen(onward, {"sku": [CodeItem(code="TEE"), CodeItem(code="SHOE")]})
    learn_codes(onward.source, "sku", [CodeItem(code="COAT")])

    assert map_equal(onward) == 2

    assert meanings(onward) == {"COAT": "COAT", "TEE": "TEE"}
    version = MappingVersion.objects.get(from_code="TEE")
    assert (version.recorded_by, version.reason, version.to_label, version.valid_from) == (
        "the hub",
        "Spelled alike",
        "The TEE",
        None,
    )
    entry = AuditEntry.objects.get(action="mapping.spelled_alike")
    assert (entry.after["codes"], entry.subject_id) == (["COAT", "TEE"], str(onward.pk))
    assert map_equal(onward) == 0


def test_a_code_that_a_record_carries_needs_the_target_only(onward: Link) -> None:
    learn_codes(onward.target, "sku", [CodeItem(code="HAT")])

    assert map_equal(onward, ["HAT", "SHOE"]) == 1
    assert meanings(onward) == {"HAT": "HAT"}


def test_what_a_person_said_stays_and_a_mapping_that_was_retired_stays_so(brand: Brand, onward: Link) -> None:
    for code in ("COAT", "TEE", "HAT"):
        learn_codes(onward.target, "sku", [CodeItem(code=code)])
    note_seen(onward, {"sku": [CodeItem(code=code) for code in ("COAT", "TEE", "HAT")]})
    say(brand, "COAT", "F-COAT", link=onward)
    retire_mapping(say(brand, "TEE", "F-TEE", link=onward), actor="olivia", reason="Not sold any more")
    say(brand, "HAT", "HAT-OF-CENTRA")  # for every channel: it does not count here

    assert map_equal(onward) == 1
    assert meanings(onward) == {"COAT": "F-COAT", "HAT": "HAT"}


def test_where_the_brands_mappings_count_they_go_before_what_is_spelled_alike(brand: Brand, link: Link) -> None:
    link.equal_skus = True
    link.save()
    learn_codes(link.target, "sku", [CodeItem(code="TEE"), CodeItem(code="COAT")])
    note_seen(link, {"sku": [CodeItem(code="TEE"), CodeItem(code="COAT")]})
    say(brand, "TEE", "TEE-BLK")

    assert map_equal(link) == 1
    assert meanings(link) == {"COAT": "COAT"}


def test_a_product_that_is_no_longer_listed_and_a_link_that_is_not_so_map_nothing(link: Link, onward: Link) -> None:
    for one in (link, onward):
        learn_codes(one.target, "sku", [CodeItem(code="OLD")])
        note_seen(one, {"sku": [CodeItem(code="OLD")]})
    learn_codes(onward.target, "sku", [CodeItem(code="NEW")], whole=True)

    assert (map_equal(link), map_equal(onward)) == (0, 0)


def test_whoever_waits_is_told_in_one_stroke(onward: Link) -> None:
    told: list[object] = []

    def listen(codes: object, by: str, **_: object) -> None:
        told.append((codes, by))

    mappings_imported.connect(listen, weak=False)
    try:
        learn_codes(onward.target, "sku", [CodeItem(code="A"), CodeItem(code="B")])
        map_equal(onward, ["A", "B"])
    finally:
        mappings_imported.disconnect(listen)

    assert told == [([("A", onward.pk), ("B", onward.pk)], "the hub")]
