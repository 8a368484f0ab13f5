"""Which sold lines the units of a parcel belong to."""

from connectors.canonical.dispatches import DispatchLine
from integrationhub.orders.flows.confirming import _lines_for
from integrationhub.orders.models import SoldLine

LINES = [
    SoldLine(line_id=line_id, target_sku=sku)
    for line_id, sku in (("1", "TEE"), ("2", "TEE"), ("3", "COAT"), ("4", "TEE"))
]


def test_a_line_that_the_parcel_names_goes_before_the_others_of_its_sku() -> None:
    found = _lines_for(DispatchLine(sku="TEE", line_id="2", quantity=1), LINES)

    assert [line.line_id for line in found] == ["2", "1", "4"]


def test_a_named_line_of_another_sku_is_not_taken() -> None:
    found = _lines_for(DispatchLine(sku="COAT", line_id="1", quantity=1), LINES)

    assert [line.line_id for line in found] == ["3"]
