"""Mirakl's reference lists and platform configuration → ours. Pure.

Source: Mirakl Marketplace Platform seller OpenAPI 3.1 (snapshot 2026-07), operations PC01, RE01 and SH21.
"""

from dataclasses import dataclass

from connectors.canonical.dispatches import Carrier, Reason
from connectors.canonical.payload import JSON
from connectors.mirakl.reading import Node


@dataclass(frozen=True, kw_only=True)
class Features:
    """What the operator switched on, as far as the hub cares. Source: PC01."""

    platform_name: str
    multi_shipment: bool  # an order may leave in several shipments: the ST* operations exist
    unlisted_carriers: bool  # the shop may name a carrier that SH21 does not list
    acceptance: str  # NOT_AUTOMATIC | AUTOMATIC | BOTH, "" when not told
    addresses_before_acceptance: bool
    returns: bool  # goods that come back are announced by the marketplace: the RT* operations exist


def parse_features(payload: JSON) -> Features:
    node = Node.root(payload)
    features = node.child("features") or node
    shipment, workflows = features.child("shipment"), features.child("order_workflows")
    returns = features.child("returns")
    found = Features(
        platform_name=node.text("platform_name"),
        multi_shipment=shipment is not None and shipment.flag("multi_shipment"),
        unlisted_carriers=not features.flag("disable_seller_alternative_carrier"),
        acceptance=workflows.text("order_acceptance") if workflows else "",
        addresses_before_acceptance=workflows is not None
        and workflows.flag("shipping_and_billing_details_before_acceptance"),
        returns=returns is not None and any(map(returns.flag, ("marketplace", "drop_ship", "one_creditor"))),
    )
    node.faults.raise_any()
    return found


def parse_carriers(payload: JSON) -> tuple[Carrier, ...]:
    """SH21. A tracking number is needed where the carrier's link has a place for it."""
    node = Node.root(payload)
    carriers = tuple(
        Carrier(
            code=item.text("code", required=True),
            label=item.text("label") or item.text("code"),
            needs_tracking_number="{trackingId}" in item.text("tracking_url"),
        )
        for item in node.children("carriers")
    )
    node.faults.raise_any()
    return carriers


def parse_reasons(payload: JSON) -> tuple[Reason, ...]:
    """RE01. Their CANCELATION is our CANCELLATION; other kinds keep their name."""
    node = Node.root(payload)
    reasons = tuple(
        Reason(
            code=item.text("code", required=True),
            label=item.text("label"),
            kind={"CANCELATION": "CANCELLATION"}.get(item.text("type"), item.text("type")),
            seller_may_use=item.flag("is_shop_right"),
        )
        for item in node.children("reasons")
    )
    node.faults.raise_any()
    return reasons
