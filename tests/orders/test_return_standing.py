"""When a return is wrong, on what a marketplace announces: told in time, and no longer once Centra has it."""

from datetime import datetime, timedelta

import pytest

from connectors import ports
from connectors.canonical.errors import DataError
from connectors.canonical.money import Money
from connectors.canonical.returns import Return, ReturnLine, ReturnState
from exceptions_app.deciding import close_case
from exceptions_app.models import ExceptionCase
from exceptions_app.telling import tell
from integrationhub.orders import return_ledger
from integrationhub.orders.models import SoldOrder, SoldReturn
from integrationhub.orders.return_standing import judge
from tests import factories


@pytest.fixture
def sold(db: None, virtual_clock: ports.VirtualClock) -> SoldOrder:
    """Sold at Northgate, an order of Centra's shop since, which Fulfil sends."""
    brand = factories.make_brand()
    centra = factories.make_centra(brand)
    fulfil = factories.make_fulfil(brand)
    shop = factories.make_link(brand, source=centra, target=fulfil)
    factories.make_order(shop, "88412", target_external_id="77", target_state="SHIPPED")
    link = factories.make_link(brand, source=factories.make_marketplace(brand), target=centra)
    return factories.make_order(link, "MK-1", target_external_id="88412", target_state="SHIPPED")


def announced(
    sold: SoldOrder, *, answer_by: datetime | None = None, units: int = 1, sku: str = "", currency: str = ""
) -> SoldReturn:
    found = Return(
        external_id="RMA-9",
        order_external_id=sold.reference,
        state=ReturnState.REQUESTED,
        source_state="OPEN",
        lines=(ReturnLine(line_id="1", sku=sku or sold.lines.get().sku, requested=units, reason="Too small"),),
        answer_by=answer_by,
        refund_wanted=Money(sold.total, currency or sold.currency),
    )
    row = return_ledger.record_source(sold, found)
    judge(row)
    return row


def open_causes() -> list[str]:
    return list(ExceptionCase.objects.unresolved().values_list("cause", flat=True))


def test_what_centra_does_not_have_after_two_days_is_told_once(
    sold: SoldOrder, virtual_clock: ports.VirtualClock
) -> None:
    row = announced(sold)
    virtual_clock.advance(47 * 3600)
    judge(row)
    assert open_causes() == []

    virtual_clock.advance(3600)
    judge(row)
    judge(row)

    assert open_causes() == ["return_not_held"]
    sentence = tell(ExceptionCase.objects.get())
    assert "announces the return" in sentence
    assert "RMA-9" in sentence


def test_a_deadline_of_the_marketplace_comes_first(sold: SoldOrder, virtual_clock: ports.VirtualClock) -> None:
    by = ports.now() + timedelta(hours=30)
    row = announced(sold, answer_by=by)

    virtual_clock.advance(7 * 3600)
    judge(row)

    (case,) = ExceptionCase.objects.unresolved()
    assert (case.cause, case.next_deadline_at) == ("return_not_held", by)


def test_it_closes_once_centra_has_the_return(sold: SoldOrder, virtual_clock: ports.VirtualClock) -> None:
    row = announced(sold)
    virtual_clock.advance(49 * 3600)
    judge(row)
    assert open_causes() == ["return_not_held"]

    line = sold.lines.get()
    fulfilled = SoldOrder.objects.get(reference="88412")
    held = SoldReturn.objects.create(brand=sold.brand, order=fulfilled, currency=sold.currency, source_id="55")
    held.lines.create(line_id="1", sku=line.target_sku or line.sku, quantity=1)
    judge(row)

    assert open_causes() == []


def test_what_a_person_settled_does_not_come_back(sold: SoldOrder, virtual_clock: ports.VirtualClock) -> None:
    row = announced(sold)
    virtual_clock.advance(49 * 3600)
    judge(row)

    close_case(ExceptionCase.objects.get().pk, actor="olivia", reason="No goods will come.")
    judge(row)

    assert open_causes() == []


def test_a_return_in_another_currency_is_refused_and_nothing_is_kept(sold: SoldOrder) -> None:
    with pytest.raises(DataError):
        announced(sold, currency="JPY")

    assert SoldReturn.objects.count() == 0
