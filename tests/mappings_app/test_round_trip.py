"""What an export says, an import finds unchanged: for every mapping there can be, in both kinds of file."""

from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors import ports
from connectors.models import Brand, Link
from mappings_app.changing import tidy_label
from mappings_app.columns import columns_of, exported, header_of, wanted_rows
from mappings_app.kinds import KINDS, UNLISTED
from mappings_app.models import MappingVersion
from mappings_app.planning import compared
from mappings_app.saving import retire_mapping, save_mapping
from mappings_app.sheets import read_sheet, write_csv, write_xlsx

CODES = st.text(
    st.one_of(
        st.sampled_from("=+-@'\"＝＋－＠,;\t ".replace("\t", "")),
        st.characters(exclude_categories=["Cc", "Cs", "Cn"]),
    ),
    min_size=1,
    max_size=10,
).filter(lambda text: bool(text.strip()))
MAPPINGS = st.lists(
    st.tuples(CODES, CODES, st.one_of(st.just(""), CODES), st.booleans(), st.sampled_from(["", "later", "retired"])),
    min_size=1,
    max_size=6,
    unique_by=lambda row: (row[0], row[3]),
)
NEEDED = {"from_code": "from code", "to_code": "to code"}


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(rows=MAPPINGS, kind=st.sampled_from(["sku", "carrier", "price_list"]), every=st.booleans())
def test_an_export_comes_back_unchanged(
    brand: Brand, link: Link, rows: list[tuple[str, str, str, bool, str]], kind: str, every: bool
) -> None:
    spec = KINDS[kind]
    with transaction.atomic():
        for from_code, to_code, label, own, more in rows:
            given_values = {"kind": kind, "brand": brand, "link": link if own else None, "actor": "alice"}
            attributes = {UNLISTED: True} if kind == "carrier" and own else None
            save_mapping(from_code=from_code, to_code=to_code, from_label=label, attributes=attributes, **given_values)
            if more == "later":
                save_mapping(from_code=from_code, to_code=f"{to_code}2", effective_from=ports.now(), **given_values)
            if more == "retired":
                last = MappingVersion.objects.order_by("-pk")[0]
                retire_mapping(last, actor="alice", reason="Gone", effective_from=ports.now() if own else None)
        versions = MappingVersion.objects.filter(brand=brand, kind=kind).select_related("brand", "link")
        table = [exported(version) for version in (versions if every else versions.filter(superseded_at=None))]
        for data in (write_csv(header_of(spec), table), write_xlsx(header_of(spec), table, title=spec.plural)):
            sheet = read_sheet(data, columns_of(spec), needed=NEEDED)
            found = compared(list(wanted_rows(sheet, kind=spec, brand=brand, links=[link])), kind=spec, brand=brand)
            assert [(row.verdict, row.why) for row in found if row.verdict != "UNCHANGED"] == []
            assert len(found) == len(table)
        transaction.set_rollback(True)


def test_labels_are_kept_tidy() -> None:
    assert tidy_label(" Wool \t coat\x00\x07 ") == "Wool coat"
