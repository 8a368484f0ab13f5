"""The operator's lists, the account and its configuration: what a shop reads once a day."""

from typing import Any

import pytest

from connectors.mirakl.sandbox import MiraklSandbox, ReasonRow
from tests.connectors.mirakl.sandbox.api import LINES, Shop


def rows(shop: Shop, path: str, key: str, **query: Any) -> list[dict[str, Any]]:
    answer = shop.get(path, **query)
    assert answer.status_code == 200
    found: list[dict[str, Any]] = answer.json()[key]
    return found


def test_carriers_have_codes_that_look_alike_and_links_that_need_a_number(shop: Shop) -> None:
    carriers = {row["code"]: row["tracking_url"] for row in rows(shop, "/api/shipping/carriers", "carriers")}
    assert {"UPS", "UPS (UK)", "RoyalMail"} <= set(carriers)
    assert carriers["UPS"] == "https://track.example.com/ups/{trackingId}"
    assert carriers["COURIER"] is None


def test_shipping_types_say_where_tracking_is_mandatory(shop: Shop) -> None:
    types = rows(shop, "/api/shipping/types", "shipping_types")
    assert [(row["code"], row["mandatory_tracking"]) for row in types] == [
        ("STD", False),
        ("EXP", True),
        ("CLC", False),
    ]


def test_reasons_say_which_are_the_shops_to_give(sandbox: MiraklSandbox, shop: Shop) -> None:
    refunds = {
        row["code"]: row["is_shop_right"] for row in rows(shop, "/api/reasons", "reasons") if row["type"] == "REFUND"
    }
    assert (refunds["14"], refunds["15"]) == (False, True)
    assert [row["code"] for row in rows(shop, "/api/reasons/CANCELATION", "reasons")][:2] == ["34", "35"]
    assert shop.get("/api/reasons/WEATHER").status_code == 400
    sandbox.set_reasons([ReasonRow(code="REFUND_tolate", label="Too late", kind="REFUND")])
    assert [row["code"] for row in rows(shop, "/api/reasons", "reasons")] == ["REFUND_tolate"]


def test_additional_fields_are_filtered_by_what_they_belong_to(shop: Shop) -> None:
    found = rows(shop, "/api/additional_fields", "additional_fields", entities="ORDER,ORDER_LINE")
    assert {row["entity"] for row in found} == {"ORDER", "ORDER_LINE"}
    assert shop.get("/api/additional_fields", entities="CUSTOMER").status_code == 400


@pytest.mark.parametrize(
    ("path", "key", "codes"),
    [
        ("/api/channels", "channels", ["SE", "FR"]),
        ("/api/currencies", "currencies", ["EUR"]),
        ("/api/locales", "locales", ["sv_SE", "fr_FR", "en_GB"]),
        ("/api/offers/states", "offer_states", ["11", "1"]),
        ("/api/documents", "documents", ["CUSTOMER_INVOICE", "DELIVERY_NOTE"]),
    ],
)
def test_short_lists(shop: Shop, path: str, key: str, codes: list[str]) -> None:
    assert [row["code"] for row in rows(shop, path, key)] == codes


def test_the_account_names_shop_currency_and_channels(shop: Shop) -> None:
    account = shop.get("/api/account").json()
    assert (account["shop_id"], account["shop_name"], account["shop_state"]) == (2001, "Norrvik", "OPEN")
    assert (account["currency_iso_code"], account["channels"]) == ("EUR", ["FR", "SE"])


def test_the_configuration_mirrors_the_settings(sandbox: MiraklSandbox, shop: Shop) -> None:
    sandbox.change_settings(
        order_acceptance="AUTOMATIC",
        multi_shipment=False,
        disable_seller_alternative_carrier=True,
        order_tax_mode="TAX_EXCLUDED",
        addresses_visible_from="CREATION",
        returns=False,
    )
    features = shop.get("/api/platform/configuration").json()["features"]
    assert features["order_workflows"]["order_acceptance"] == "AUTOMATIC"
    assert features["order_workflows"]["shipping_and_billing_details_before_acceptance"] is True
    assert features["shipment"]["multi_shipment"] is False
    assert features["disable_seller_alternative_carrier"] is True
    assert (features["order_tax_mode"], features["returns"]["marketplace"]) == ("TAX_EXCLUDED", False)


def test_the_configuration_needs_the_administrator(sandbox: MiraklSandbox) -> None:
    reader = Shop(sandbox, key=sandbox.add_api_key(roles=["ROLE_PARTNER_ORDER_READ", "ROLE_PARTNER_SHOP_READ"]))
    assert reader.get("/api/platform/configuration").status_code == 403
    assert reader.get("/api/account").status_code == 200


def test_the_quality_of_a_shop_falls_with_lapsed_and_late_orders(sandbox: MiraklSandbox, shop: Shop) -> None:
    for order_id in (sandbox.add_order(lines=LINES), sandbox.add_order(lines=LINES)):
        shop.accept(order_id)
    sandbox.add_orders(2, lines=LINES)
    sandbox.advance(4 * 86_400)
    quality = shop.get("/api/account/statistics", periods="LAST_30_DAYS").json()
    names = ("approval_rate", "auto_refused_rate", "late_shipment_rate", "consecutive_refused_orders_count")
    assert [quality[name][0]["value"] for name in names] == [50, 50, 100, 2]


# --- returns --------------------------------------------------------------------------------------------------------
def test_returns_are_listed_and_filtered_and_move_no_money(sandbox: MiraklSandbox, shop: Shop) -> None:
    order_id = sandbox.add_order(lines=LINES, commercial_id="MKT-77", advance_to="RECEIVED")
    first = sandbox.create_return(f"{order_id}-1", quantity=2, rma="R-1")
    sandbox.advance(60)
    second = sandbox.create_return(f"{order_id}-2", state="WAITING_ACCEPTANCE")

    def found(**query: str) -> list[str]:
        return [row["id"] for row in rows(shop, "/api/returns", "data", **query)]

    assert found() == [second, first]
    assert found(sort="date_created,ASC") == [first, second]
    assert found(order_commercial_id="MKT-77") == [second, first]
    assert found(order_commercial_id="MKT-78") == []
    assert found(return_state="IN_PROGRESS") == [first]
    assert found(return_rma="R-1") == [first]
    assert found(order_line_id=f"{order_id}-2") == [second]
    assert found(return_last_updated_from="2026-03-02T09:01:00Z") == [second]
    assert found(state="NONSENSE") == [second, first]  # a misnamed filter is ignored
    assert shop.get("/api/returns", return_state="NONSENSE").status_code == 400
    assert shop.order(order_id)["order_lines"][0]["refunds"] == []


def test_returns_are_404_where_the_operator_has_none(sandbox: MiraklSandbox, shop: Shop) -> None:
    sandbox.change_settings(returns=False)
    assert shop.get("/api/returns").status_code == 404
