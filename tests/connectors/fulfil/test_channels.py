"""Orders of several markets in channels of their own, and products that are asked for by their SKU."""

from dataclasses import replace

import pytest

from connectors.canonical.errors import ConfigurationError, PermanentError
from connectors.fulfil.sandbox import FulfilSandbox
from tests.connectors.fulfil.support import OPTIONS, ORDER, connector_of


@pytest.fixture
def two_channels(tenant: FulfilSandbox) -> FulfilSandbox:
    add_channel(tenant, 9)
    return tenant


def add_channel(tenant: FulfilSandbox, number: int) -> None:
    """One like the tenant's own, with its taxes, carriers and order states."""
    kept = {"id", "create_date", "create_uid", "write_date", "write_uid"}
    own = tenant.tenant.row("sale.channel", 3)
    values = {name: value for name, value in own.items() if name not in kept and not name.startswith("_")}
    tenant.tenant.insert("sale.channel", record_id=number, **values)
    tenant.add_tax("SE VAT 25", "0.25", channel=number)
    tenant.tenant.insert(
        "sale.channel.order_state", channel=number, code="pending", name="Pending", action="process_manually"
    )


def test_a_market_mapping_names_the_channel_and_the_order_is_found_there(two_channels: FulfilSandbox) -> None:
    connector = connector_of(two_channels, channel_ids="9")

    made = connector.send_order(ORDER, replace(OPTIONS, market="9"))

    (row,) = two_channels.orders_by_identifier(ORDER.reference)
    assert (str(row["id"]), row["channel"]) == (made, 9)
    assert [found.external_id for found in connector.find_orders(ORDER.reference)] == [made]


def test_without_a_mapping_it_is_the_connections_own_channel(two_channels: FulfilSandbox) -> None:
    connector_of(two_channels, channel_ids="9").send_order(ORDER, OPTIONS)

    assert [row["channel"] for row in two_channels.orders_by_identifier(ORDER.reference)] == [3]


@pytest.mark.parametrize("market", ["9", "Sweden"])
def test_a_channel_that_the_connection_does_not_name_is_refused_and_nothing_is_sent(
    two_channels: FulfilSandbox, market: str
) -> None:
    with pytest.raises(PermanentError) as caught:
        connector_of(two_channels).send_order(ORDER, replace(OPTIONS, market=market))

    assert caught.value.message == (
        f"The market mapping says channel {market}, which is none of this Fulfil connection's. Enter its number under "
        "Further channel ids, or correct the mapping."
    )
    assert two_channels.orders_by_identifier(ORDER.reference) == []


def test_channel_ids_that_are_no_numbers_are_refused_as_a_setting(tenant: FulfilSandbox) -> None:
    with pytest.raises(ConfigurationError) as caught:
        connector_of(tenant, channel_ids="9, web").find_orders("CE-1")

    assert caught.value.message == (
        "The setting Further channel ids of the Fulfil connection must be whole numbers, not web."
    )


def test_products_are_found_by_their_sku_and_archived_ones_are_not(tenant: FulfilSandbox) -> None:
    tenant.edit_product("TEE-L", active=False)

    found = connector_of(tenant).find_products(["TEE-M", "TEE-L", "NOBODY", "TEE-M", ""])

    assert [(product.sku, product.title, product.active) for product in found] == [("TEE-M", "Tee, M", True)]
