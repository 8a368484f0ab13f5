"""Mirakl's carriers, reasons and features → ours."""

import pytest

from connectors.canonical.dispatches import Carrier, Reason
from connectors.canonical.errors import DataError
from connectors.mirakl.lists import Features, parse_carriers, parse_features, parse_reasons
from tests.connectors.mirakl.payloads import load


def test_carriers_say_whether_they_need_a_number() -> None:
    assert parse_carriers(load("carriers")) == (
        Carrier(code="DHLSE", label="DHL Freight", needs_tracking_number=False),
        Carrier(code="PN", label="PostNord", needs_tracking_number=True),
    )


def test_reasons_keep_their_kind_and_whether_the_shop_may_use_them() -> None:
    reasons = parse_reasons(load("reasons"))

    assert reasons[0] == Reason(code="34", label="Cancelled on request", kind="CANCELLATION", seller_may_use=True)
    assert [reason.code for reason in reasons if reason.seller_may_use] == ["34", "15", "REFUND_tolate"]


def test_features_are_what_the_operator_switched_on() -> None:
    assert parse_features(load("configuration")) == Features(
        platform_name="Maison Nord",
        multi_shipment=True,
        unlisted_carriers=True,
        acceptance="NOT_AUTOMATIC",
        addresses_before_acceptance=False,
        returns=True,
    )


def test_features_that_are_not_told_are_off() -> None:
    found = parse_features({"platform_name": "Bare"})

    assert (found.multi_shipment, found.returns, found.acceptance) == (False, False, "")


def test_a_carrier_without_a_code_is_a_fault() -> None:
    with pytest.raises(DataError) as caught:
        parse_carriers({"carriers": [{"code": None, "label": "PostNord"}]})

    assert [problem.field for problem in caught.value.problems] == ["carriers[0].code"]
