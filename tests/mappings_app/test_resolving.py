from datetime import UTC, datetime, timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from connectors.canonical.errors import DataError, MappingError, MissingMapping
from connectors.models import Brand, Link
from mappings_app.lookup import VersionTable
from mappings_app.models import MappingVersion
from mappings_app.resolving import codes_to_resolve, resolve_dispatch, resolve_order, resolve_orders
from mappings_app.saving import retire_mapping, save_mapping
from tests.mappings_app.orders import PLACED_AT, dispatch, line, order

FEBRUARY = datetime(2026, 2, 1, tzinfo=UTC)


def map_code(brand: Brand, kind: str, from_code: str, to_code: str, **more: object) -> MappingVersion:
    return save_mapping(  # type: ignore[arg-type]
        kind=kind, brand=brand, from_code=from_code, to_code=to_code, actor="alice", **more
    )


def test_an_order_comes_out_in_the_targets_codes_with_the_versions_that_were_used(brand: Brand, link: Link) -> None:
    coat = map_code(brand, "sku", "AB-1021", "NW-1021")
    shirt = map_code(brand, "sku", "AB-2000", "NW-2000")
    market = map_code(brand, "market", "SE", "12", attributes={"price_list": "22", "currency": "SEK"})
    express = map_code(brand, "shipping_service", "EXP", "express-uri")
    sold = order(line("1", "AB-1021"), line("2", "AB-2000"), channel="SE", shipping_service="EXP")
    resolved = resolve_order(sold, link=link)
    assert [one.sku for one in resolved.order.lines] == ["NW-1021", "NW-2000"]
    assert resolved.source_skus == {"1": "AB-1021", "2": "AB-2000"}
    assert resolved.market == market
    assert resolved.market.attributes == {"price_list": "22", "currency": "SEK"}
    assert resolved.shipping_service == "express-uri"
    assert set(resolved.version_ids) == {coat.pk, shirt.pk, market.pk, express.pk}
    assert resolved.order.shipping_service == "EXP"  # what the customer chose stays readable


def test_an_order_is_resolved_in_one_query(
    brand: Brand, link: Link, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(20):
        map_code(brand, "sku", f"AB-{number}", f"NW-{number}")
    map_code(brand, "market", "SE", "12")
    sold = order(*(line(str(number), f"AB-{number}") for number in range(20)), channel="SE")
    with django_assert_num_queries(1):
        resolve_order(sold, link=link)


def test_a_batch_of_orders_is_resolved_in_one_query_and_one_bad_order_does_not_stop_the_rest(
    brand: Brand, link: Link, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    map_code(brand, "sku", "AB-1021", "NW-1021")
    batch = [order(line("1", "AB-1021")), order(line("1", "ZZ")), order(line("1", "")), order(line("1", "AB-1021"))]
    with django_assert_num_queries(1):
        first, missing, broken, last = resolve_orders(batch, link=link)
    assert isinstance(missing, MappingError)
    assert isinstance(broken, DataError)
    assert first == last


def test_every_missing_code_is_named_at_once_with_what_helps_to_recognise_it(brand: Brand, link: Link) -> None:
    map_code(brand, "sku", "AB-1021", "NW-1021")
    sold = order(
        line("1", "AB-1021"),
        line("2", "ZZ-1", title="Wool coat", gtin="5000000000001"),
        line("3", "ZZ-1"),
        line("4", "ZZ-2"),
        channel="SE",
        shipping_service="EXP",
        shipping_service_label="Express",
    )
    with pytest.raises(MappingError) as unmapped:
        resolve_order(sold, link=link)
    assert unmapped.value.missing == (
        MissingMapping(kind="sku", code="ZZ-1", label="Wool coat", gtin="5000000000001"),
        MissingMapping(kind="sku", code="ZZ-2"),
        MissingMapping(kind="market", code="SE"),
        MissingMapping(kind="shipping_service", code="EXP", label="Express"),
    )


def test_a_cancelled_line_needs_no_mapping_and_takes_one_where_it_exists(brand: Brand, link: Link) -> None:
    map_code(brand, "sku", "AB-1021", "NW-1021")
    map_code(brand, "sku", "AB-2000", "NW-2000")
    sold = order(
        line("1", "AB-1021"),
        line("2", "ZZ-1", cancelled=True),
        line("3", "AB-2000", cancelled=True),
        line("4", "", cancelled=True),
    )
    resolved = resolve_order(sold, link=link)
    assert [one.sku for one in resolved.order.lines] == ["NW-1021", "ZZ-1", "NW-2000", ""]
    assert resolved.source_skus == {"1": "AB-1021", "2": "ZZ-1", "3": "AB-2000", "4": ""}


def test_an_order_that_names_no_channel_or_delivery_method_needs_no_mapping_for_them(brand: Brand, link: Link) -> None:
    map_code(brand, "sku", "AB-1021", "NW-1021")
    resolved = resolve_order(order(line("1", "AB-1021")), link=link)
    assert (resolved.market, resolved.shipping_service) == (None, "")


def test_a_default_for_orders_that_name_no_channel_is_taken_where_it_exists(brand: Brand, link: Link) -> None:
    map_code(brand, "sku", "AB-1021", "NW-1021")
    market = map_code(brand, "market", "", "UK")
    service = map_code(brand, "shipping_service", "", "standard")
    resolved = resolve_order(order(line("1", "AB-1021")), link=link)
    assert (resolved.market, resolved.shipping_service) == (market, "standard")
    assert {market.pk, service.pk} <= set(resolved.version_ids)


def test_the_default_for_no_channel_does_not_stand_in_for_an_unmapped_channel(brand: Brand, link: Link) -> None:
    map_code(brand, "sku", "AB-1021", "NW-1021")
    map_code(brand, "market", "", "UK")
    with pytest.raises(MappingError) as unmapped:
        resolve_order(order(line("1", "AB-1021"), channel="SE"), link=link)
    assert unmapped.value.missing == (MissingMapping(kind="market", code="SE"),)


def test_a_links_own_mapping_goes_before_the_brands_default(brand: Brand, link: Link, other_link: Link) -> None:
    map_code(brand, "sku", "AB-1021", "DEFAULT")
    map_code(brand, "sku", "AB-1021", "OWN", link=link)
    sold = order(line("1", "AB-1021"))
    assert resolve_order(sold, link=link).order.lines[0].sku == "OWN"
    assert resolve_order(sold, link=other_link).order.lines[0].sku == "DEFAULT"


def test_a_links_retired_mapping_falls_back_to_the_brands_default(brand: Brand, link: Link) -> None:
    map_code(brand, "sku", "AB-1021", "DEFAULT")
    own = map_code(brand, "sku", "AB-1021", "OWN", link=link)
    retire_mapping(own, actor="alice", reason="No longer special")
    assert resolve_order(order(line("1", "AB-1021")), link=link).order.lines[0].sku == "DEFAULT"


def test_the_mapping_of_another_brand_is_never_taken(brand: Brand, link: Link) -> None:
    stranger = Brand.objects.create(code="other", name="Other")
    map_code(stranger, "sku", "AB-1021", "THEIRS")
    with pytest.raises(MappingError):
        resolve_order(order(line("1", "AB-1021")), link=link)


def test_the_version_is_the_one_of_the_orders_business_time(brand: Brand, link: Link) -> None:
    map_code(brand, "sku", "AB-1021", "OLD")
    map_code(brand, "sku", "AB-1021", "NEW", effective_from=FEBRUARY)

    def sku_of(placed_at: datetime) -> str:
        return resolve_order(order(line("1", "AB-1021"), placed_at=placed_at), link=link).order.lines[0].sku

    assert sku_of(FEBRUARY - timedelta(microseconds=1)) == "OLD"
    assert sku_of(FEBRUARY) == "NEW"
    assert resolve_order(order(line("1", "AB-1021")), link=link, at=FEBRUARY).order.lines[0].sku == "NEW"


def test_a_replay_uses_what_is_known_today_about_that_time(brand: Brand, link: Link) -> None:
    map_code(brand, "sku", "AB-1021", "WRONG")
    map_code(brand, "sku", "AB-1021", "NEW", effective_from=FEBRUARY)
    corrected = map_code(brand, "sku", "AB-1021", "RIGHT")
    resolved = resolve_order(order(line("1", "AB-1021")), link=link)
    assert resolved.order.lines[0].sku == "RIGHT"
    assert resolved.version_ids == (corrected.pk,)


@pytest.mark.parametrize("sku", ["", "   ", "A\x00B", "A\nB", "A" * 256])
def test_a_line_whose_sku_nobody_could_ever_map_is_the_records_fault(brand: Brand, link: Link, sku: str) -> None:
    with pytest.raises(DataError) as unreadable:
        resolve_order(order(line("1", sku)), link=link)
    assert unreadable.value.record == "MK-10023-A"
    assert {problem.field for problem in unreadable.value.problems} == {"lines[0].sku"}


def test_a_shared_table_needs_no_further_query(
    brand: Brand, link: Link, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    map_code(brand, "sku", "AB-1021", "NW-1021")
    sold = order(line("1", "AB-1021"))
    table = VersionTable.load(link, codes_to_resolve([sold]))
    with django_assert_num_queries(0):
        resolve_order(sold, link=link, table=table)


# --- dispatches ------------------------------------------------------------------------------------------------------


def test_a_dispatch_gets_the_receivers_carrier_code(brand: Brand, link: Link) -> None:
    version = map_code(brand, "carrier", "DPD", "DPDUK", link=link)
    resolved = resolve_dispatch(dispatch(), link=link)
    assert (resolved.dispatch.carrier, resolved.dispatch.carrier_name) == ("DPDUK", "")
    assert resolved.dispatch.tracking_url == "https://centra.test/t/1"
    assert resolved.carrier == version
    assert resolved.version_ids == (version.pk,)


def test_a_mapping_of_carrier_and_service_goes_before_one_of_the_carrier(
    brand: Brand, link: Link, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    map_code(brand, "carrier", "DPD", "DPDUK")
    map_code(brand, "carrier", "DPD / Next Day", "DPD-ND")
    with django_assert_num_queries(1):
        assert resolve_dispatch(dispatch(service="Next Day"), link=link).dispatch.carrier == "DPD-ND"
    assert resolve_dispatch(dispatch(service="Economy"), link=link).dispatch.carrier == "DPDUK"


def test_the_service_that_is_told_is_the_mappings_and_never_the_senders(brand: Brand, link: Link) -> None:
    map_code(brand, "carrier", "DPD", "DPDUK", link=link)
    map_code(brand, "carrier", "DPD / Next Day", "DPDUK", link=link, attributes={"service": "Express"})
    assert resolve_dispatch(dispatch(service="Next Day"), link=link).dispatch.service == "Express"
    assert resolve_dispatch(dispatch(service="Economy"), link=link).dispatch.service == ""


def test_an_unlisted_carrier_that_was_named_on_purpose_goes_out_by_name_with_a_link(brand: Brand, link: Link) -> None:
    attributes = {"unlisted": True, "tracking_link": "https://vandijk.test/?n={tracking_number}"}
    map_code(brand, "carrier", "DPD", "Van Dijk", link=link, attributes=attributes)
    sent = resolve_dispatch(dispatch(), link=link).dispatch
    assert (sent.carrier, sent.carrier_name) == ("", "Van Dijk")
    assert sent.tracking_url == "https://vandijk.test/?n=1550%200000%2F1"


def test_an_unlisted_carrier_without_a_number_keeps_the_senders_link(brand: Brand, link: Link) -> None:
    attributes = {"unlisted": True, "tracking_link": "https://vandijk.test/?n={tracking_number}"}
    map_code(brand, "carrier", "DPD", "Van Dijk", link=link, attributes=attributes)
    sent = resolve_dispatch(dispatch(tracking_number=""), link=link).dispatch
    assert sent.tracking_url == "https://centra.test/t/1"


def test_an_unmapped_carrier_is_named_as_the_sender_writes_it(brand: Brand, link: Link) -> None:
    with pytest.raises(MappingError) as unmapped:
        resolve_dispatch(dispatch(service="Next Day"), link=link)
    assert unmapped.value.missing == (MissingMapping(kind="carrier", code="DPD"),)


def test_a_dispatch_without_a_carrier_waits_unless_that_is_mapped(brand: Brand, link: Link) -> None:
    with pytest.raises(MappingError) as unmapped:
        resolve_dispatch(dispatch(carrier=""), link=link)
    assert unmapped.value.missing == (MissingMapping(kind="carrier", code=""),)
    map_code(brand, "carrier", "", "OTHER", link=link)
    assert resolve_dispatch(dispatch(carrier=""), link=link).dispatch.carrier == "OTHER"


def test_a_carrier_that_nobody_could_map_is_the_records_fault(link: Link) -> None:
    with pytest.raises(DataError, match="Dispatch 39790-1"):
        resolve_dispatch(dispatch(carrier="D\x00D"), link=link)


def test_the_carrier_is_the_one_of_the_time_of_the_dispatch(brand: Brand, link: Link) -> None:
    map_code(brand, "carrier", "DPD", "OLD")
    map_code(brand, "carrier", "DPD", "NEW", effective_from=FEBRUARY)
    assert resolve_dispatch(dispatch(dispatched_at=PLACED_AT), link=link).dispatch.carrier == "OLD"
    assert resolve_dispatch(dispatch(dispatched_at=FEBRUARY), link=link).dispatch.carrier == "NEW"
