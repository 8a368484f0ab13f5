"""The skin's settings: `settings.UNFOLD = integrationhub.console.unfold.UNFOLD`. Callbacks are named, not imported."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy

_NAVIGATION = "integrationhub.console.navigation"

# A calm blue; the colours that mean something (red, orange, green) are left to what needs somebody.
_PRIMARY = {
    "50": "oklch(97% .014 254.604)",
    "100": "oklch(93.2% .032 255.585)",
    "200": "oklch(88.2% .059 254.128)",
    "300": "oklch(80.9% .105 251.813)",
    "400": "oklch(70.7% .165 254.624)",
    "500": "oklch(66% .18 256)",
    "600": "oklch(52% .22 262)",
    "700": "oklch(47% .23 263)",
    "800": "oklch(42.4% .199 265.638)",
    "900": "oklch(37.9% .146 265.522)",
    "950": "oklch(28.2% .091 267.935)",
}


def _asset(name: str) -> Callable[[HttpRequest], str]:
    return lambda request: static(f"console/{name}")


def _item(title: str, icon: str, address: str, right: str, badge: str = "") -> dict[str, Any]:
    item: dict[str, Any] = {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{address}"),
        "permission": f"{_NAVIGATION}.{right}",
    }
    if badge:
        item |= {"badge": f"{_NAVIGATION}.{badge}", "badge_variant": "primary", "badge_style": "solid"}
    return item


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Integration hub",
    "SITE_HEADER": "Integration hub",
    "SITE_SYMBOL": "hub",
    "SITE_URL": None,
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": False,
    "BORDER_RADIUS": "6px",
    "COLORS": {
        "primary": _PRIMARY,
        # One step darker (and lighter in the dark) than the skin's own, for small grey text that can be read.
        "font": {
            "subtle-light": "var(--color-base-600)",
            "subtle-dark": "var(--color-base-400)",
            "default-light": "var(--color-base-700)",
            "default-dark": "var(--color-base-300)",
            "important-light": "var(--color-base-900)",
            "important-dark": "var(--color-base-100)",
        },
    },
    "ENVIRONMENT": f"{_NAVIGATION}.environment",
    "ENVIRONMENT_TITLE_PREFIX": f"{_NAVIGATION}.environment_prefix",
    "DASHBOARD_CALLBACK": "integrationhub.console.home.home",
    "LOGIN": {"form": "integrationhub.console.signing_in.SignInForm"},
    "ACCOUNT": {"navigation": f"{_NAVIGATION}.account_links"},
    "STYLES": [_asset("console.css"), _asset("manual.css"), _asset("orders.css")],
    "SCRIPTS": [_asset("moments.js"), _asset("console.js"), _asset("orders.js")],
    "SIDEBAR": {
        "show_search": False,
        "command_search": False,
        "show_all_applications": False,
        "navigation": [
            {
                "items": [
                    _item("Home", "home", "index", "sees_home"),
                    _item("Cases", "assignment_late", "exceptions_app_exceptioncase_changelist", "sees", "open_cases"),
                    _item("Orders", "shopping_bag", "orders_soldorder_changelist", "sees"),
                    _item("Returns", "assignment_return", "orders_soldreturn_changelist", "sees"),
                    _item("Corrections", "edit_note", "sync_correction_changelist", "corrects", "waiting_corrections"),
                    _item("Manual", "menu_book", "manual", "sees_home"),
                ]
            },
            {
                "title": "Mappings",
                "separator": True,
                "items": [
                    _item("SKUs", "sell", "mappings_app_skumapping_changelist", "sees"),
                    _item("Carriers", "local_shipping", "mappings_app_carriermapping_changelist", "sees"),
                    _item("Delivery methods", "package_2", "mappings_app_shippingservicemapping_changelist", "sees"),
                    _item("Markets", "storefront", "mappings_app_marketmapping_changelist", "sees"),
                    _item("Price lists", "payments", "mappings_app_pricelistmapping_changelist", "sees"),
                    _item("Payment methods", "credit_card", "mappings_app_paymentmethodmapping_changelist", "sees"),
                    _item("Taxes", "percent", "mappings_app_taxmapping_changelist", "sees"),
                    _item("Refund reasons", "assignment_return", "mappings_app_refundreasonmapping_changelist", "sees"),
                    _item("Categories", "category", "mappings_app_categorymapping_changelist", "sees"),
                    _item("Attribute values", "palette", "mappings_app_attributevaluemapping_changelist", "sees"),
                    _item("Not mapped yet", "rule", "mappings_app_seencode_changelist", "sees"),
                    _item("Imports", "upload_file", "mappings_app_importplan_changelist", "sees"),
                ],
            },
            {
                "title": "Products",
                "separator": True,
                "items": [
                    _item("Listings", "list_alt", "catalogue_listing_changelist", "sees"),
                    _item("Products by channel", "storefront", "catalogue_listingterms_changelist", "sees"),
                    _item("Attribute rules", "tune", "catalogue_attributerule_changelist", "sees"),
                    _item("Prices", "payments", "catalogue_listingprice_changelist", "sees"),
                    _item("Prices held back", "front_hand", "catalogue_pricehold_changelist", "sees"),
                    _item("Price terms", "speed", "catalogue_priceterms_changelist", "sees"),
                    _item("Listing deliveries", "outbox", "catalogue_listingdelivery_changelist", "sees"),
                    _item("Price deliveries", "outbox", "catalogue_pricedelivery_changelist", "sees"),
                ],
            },
            {
                "title": "Stock",
                "separator": True,
                "items": [
                    _item("Stock", "inventory_2", "inventory_channelstock_changelist", "sees"),
                    _item("Held back", "front_hand", "inventory_stockhold_changelist", "sees"),
                    _item("Stock switches", "toggle_on", "inventory_stockswitch_changelist", "sees"),
                    _item("Stock rules", "tune", "inventory_stockrule_changelist", "sees"),
                    _item("Stock limits", "speed", "inventory_stocklimits_changelist", "sees"),
                    _item("Stock deliveries", "outbox", "inventory_stockdelivery_changelist", "sees"),
                    _item("What channels show", "compare_arrows", "inventory_driftscan_changelist", "sees"),
                ],
            },
            {
                "title": "Running",
                "separator": True,
                "items": [
                    _item("Syncs", "sync", "sync_schedule_changelist", "sees"),
                    _item("Complete?", "fact_check", "completeness", "sees"),
                    _item("Connections", "cable", "connectors_connection_changelist", "sees"),
                    _item("Links", "link", "connectors_link_changelist", "sees"),
                ],
            },
            {
                "title": "Company",
                "separator": True,
                "items": [
                    _item("Brands", "domain", "connectors_brand_changelist", "configures"),
                    _item("Case rules", "alt_route", "exceptions_app_routingrule_changelist", "configures"),
                    _item("Team targets", "timer", "exceptions_app_teamtarget_changelist", "configures"),
                    _item("People", "group", "auth_user_changelist", "grants_roles"),
                    _item("Audit trail", "history", "connectors_auditentry_changelist", "reads_audit"),
                ],
            },
        ],
    },
}
