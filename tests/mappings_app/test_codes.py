import pytest
from pytest_django import DjangoAssertNumQueries

from connectors import ports
from connectors.models import Connection, Link
from mappings_app.codes import CodeItem, codes_in_orders, deactivate_unseen, learn_codes, note_seen
from mappings_app.models import KnownCode, SeenCode, normal_code
from tests.mappings_app.orders import line, order


def active(connection: Connection) -> set[str]:
    return set(KnownCode.objects.filter(connection=connection, active=True).values_list("code", flat=True))


@pytest.mark.parametrize(
    ("code", "normal"),
    [("dpd-Next Day", "dpdnextday"), ("ÅB_10/21", "ab1021"), ("---", ""), ("日本 1", "日本1"), ("ß", "ss")],
)
def test_a_normal_code_has_no_case_accents_spaces_or_punctuation(code: str, normal: str) -> None:
    assert normal_code(code) == normal


def test_learning_keeps_new_codes_and_brings_known_ones_up_to_date(
    centra: Connection, virtual_clock: ports.VirtualClock
) -> None:
    learn_codes(centra, "sku", [CodeItem(code="NW-1", label="Coat"), CodeItem(code="NW-2", gtin="5000000000001")])
    virtual_clock.advance(60)
    assert learn_codes(centra, "sku", [CodeItem(code="NW-1", label="Wool coat")]) == 1
    rows = KnownCode.objects.order_by("code").values_list("code", "normal_code", "label", "gtin")
    assert list(rows) == [("NW-1", "nw1", "Wool coat", ""), ("NW-2", "nw2", "", "5000000000001")]
    assert KnownCode.objects.get(code="NW-1").seen_at == ports.now()


def test_only_a_whole_list_takes_codes_away_and_only_of_its_own_kind_and_connection(
    centra: Connection, northgate: Connection
) -> None:
    for connection, kind in ((centra, "sku"), (centra, "market"), (northgate, "sku")):
        learn_codes(connection, kind, [CodeItem(code="OLD")])
    learn_codes(centra, "sku", [CodeItem(code="NEW")])
    assert active(centra) == {"OLD", "NEW"}
    learn_codes(centra, "sku", [CodeItem(code="NEW")], whole=True)
    assert set(KnownCode.objects.filter(active=False).values_list("connection_id", "kind", "code")) == {
        (centra.pk, "sku", "OLD")
    }
    learn_codes(centra, "sku", [CodeItem(code="OLD")])
    assert KnownCode.objects.get(connection=centra, kind="sku", code="OLD").active


def test_an_empty_list_is_never_taken_for_a_whole_one(centra: Connection) -> None:
    learn_codes(centra, "sku", [CodeItem(code="NW-1")])
    assert learn_codes(centra, "sku", [], whole=True) == 0
    assert active(centra) == {"NW-1"}


def test_after_a_reading_page_by_page_what_no_page_told_is_no_longer_offered(
    centra: Connection, virtual_clock: ports.VirtualClock
) -> None:
    learn_codes(centra, "sku", [CodeItem(code="NW-1"), CodeItem(code="NW-2")])
    virtual_clock.advance(60)
    started_at = ports.now()
    assert deactivate_unseen(centra, "sku", since=started_at) == 0  # a reading that told nothing
    learn_codes(centra, "sku", [CodeItem(code="NW-2")])
    assert deactivate_unseen(centra, "sku", since=started_at) == 1
    assert active(centra) == {"NW-2"}


def test_codes_and_labels_that_cannot_be_stored_do_not_stop_the_rest(centra: Connection, link: Link) -> None:
    strange = [CodeItem(code="A\x00"), CodeItem(code="B" * 256), CodeItem(code="C", label="C\x00oat" * 100, gtin="no")]
    assert learn_codes(centra, "sku", strange) == 1
    assert note_seen(link, {"sku": strange}) == 1
    for stored in (KnownCode.objects.get(), SeenCode.objects.get()):
        assert (stored.code, len(stored.label), stored.gtin) == ("C", 255, "")


def test_what_was_seen_is_counted_and_keeps_its_best_label(link: Link, virtual_clock: ports.VirtualClock) -> None:
    first_seen = ports.now()
    note_seen(
        link, {"sku": [CodeItem(code="AB-1"), CodeItem(code="AB-1", label="Coat")], "market": [CodeItem(code="SE")]}
    )
    virtual_clock.advance(60)
    assert note_seen(link, {"sku": [CodeItem(code="AB-1", gtin="5000000000001")]}) == 1
    seen = SeenCode.objects.get(kind="sku")
    assert (seen.label, seen.gtin, seen.times) == ("Coat", "5000000000001", 3)
    assert (seen.brand_id, seen.first_seen_at, seen.last_seen_at) == (link.brand_id, first_seen, ports.now())


def test_a_whole_batch_is_noted_in_one_statement(link: Link, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    orders = [
        order(line("1", f"AB-{number}", title="Coat"), channel="SE", shipping_service="EXP") for number in range(50)
    ]
    with django_assert_num_queries(1):
        assert note_seen(link, codes_in_orders(orders)) == 53  # 50 SKUs, a channel, a delivery method, a currency
    with django_assert_num_queries(0):
        assert note_seen(link, {"sku": []}) == 0
    assert SeenCode.objects.get(kind="market").times == 50


def test_an_unknown_kind_is_a_fault_of_ours(link: Link, centra: Connection) -> None:
    with pytest.raises(ValueError, match="not a kind"):
        note_seen(link, {"colour": [CodeItem(code="red")]})
    with pytest.raises(ValueError, match="not a kind"):
        learn_codes(centra, "colour", [])
