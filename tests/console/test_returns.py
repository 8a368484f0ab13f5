"""Returns and refunds as people see them: the list, and their part of the order's page."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from connectors import ports
from exceptions_app.models import ExceptionCase
from integrationhub.orders.models import SoldOrder, SoldReturn
from integrationhub.orders.return_standing import judge
from tests import factories
from tests.console.conftest import Shop


@pytest.fixture
def order(shop: Shop) -> SoldOrder:
    """Sold in Centra's own shop, sent by Fulfil."""
    fulfil = factories.make_fulfil(shop.brand)
    link = factories.make_link(shop.brand, source=shop.centra, target=fulfil)
    return factories.make_order(link, "88412", target_external_id="77", target_state="SHIPPED")


def make_return(order: SoldOrder, source_id: str = "55", **values: Any) -> SoldReturn:
    row = SoldReturn.objects.create(
        brand=order.brand,
        order=order,
        currency="GBP",
        source_id=source_id,
        source_state="PENDING",
        source_total=Decimal("20.00"),
        source_tax=Decimal("3.33"),
        target_reference=f"return-{source_id}",
        target_id="91",
        announced_at=ports.now(),
        **values,
    )
    row.lines.create(
        line_id="R1", order_line_id="1", sku="TEE", quantity=2, amount=Decimal("20.00"), tax=Decimal("3.33")
    )
    return row


def credited(row: SoldReturn, total: str) -> SoldReturn:
    """The parcel was inspected, one unit of two is back on the shelf, and the credit note is posted."""
    row.parcels = {"17": {"number": "CRS17", "state": "RESTOCKED", "lines": {"R1": ["TEE", 2, 2, 1]}}}
    row.lines.update(received=2, restocked=1)
    row.credit_notes = {"9": {"number": "INV9", "posted": True, "total": total, "tax": "3.33", "date": ""}}
    row.credited, row.credited_tax, row.credited_at = Decimal(total), Decimal("3.33"), ports.now()
    row.save()
    judge(row)
    return row


def page(client: Client, order: SoldOrder) -> str:
    return client.get(f"/console/orders/{order.pk}/").content.decode()


def test_the_list_says_what_is_wrong_and_how_much(shop: Shop, order: SoldOrder, client_of: Any) -> None:
    make_return(order, "54")
    credited(make_return(order), "20.01")

    text = client_of("FINANCE").get("/console/returns/").content.decode()

    for told in ("Return 54", "Return 55", "88412", "£20.00", "£20.01", "waits for a person", "2 units"):
        assert told in text
    only = client_of("OPS").get("/console/returns/?waits=yes").context["cl"].result_list
    assert [row.source_id for row in only] == ["55"]


def test_a_return_leads_to_its_part_of_the_orders_page(shop: Shop, order: SoldOrder, client_of: Any) -> None:
    row = make_return(order)

    answer = client_of("VIEWER").get(f"/console/returns/{row.pk}/")

    assert (answer.status_code, answer.headers["Location"]) == (302, f"/console/orders/{order.pk}/#returns")


def test_the_orders_page_shows_both_sides_and_lights_what_differs(shop: Shop, order: SoldOrder, client_of: Any) -> None:
    credited(make_return(order), "20.01")

    text = page(client_of("FINANCE"), order)

    for told in (
        "Returns and refunds",
        "£20.00 given back, £20.01 credited",
        "Credit note INV9, posted",
        "Parcel CRS17: inspected",
        "1, 1 not fit to sell",
        "Difference £0.01",
    ):
        assert told in text


def test_an_order_that_nothing_came_back_of_says_nothing_of_returns(
    shop: Shop, order: SoldOrder, client_of: Any
) -> None:
    assert "Returns and refunds" not in page(client_of("FINANCE"), order)


def test_the_marketplaces_order_shows_the_return_of_the_order_it_became(
    shop: Shop, order: SoldOrder, client_of: Any
) -> None:
    sold = factories.make_order(shop.link, "MK-1", target_external_id="88412", target_state="SHIPPED")
    make_return(order)

    assert "Return 55" in page(client_of("OPS"), sold)


def test_the_timeline_tells_what_happened_to_a_return(shop: Shop, order: SoldOrder, client_of: Any) -> None:
    credited(make_return(order), "20.00")

    story = client_of("OPS").get(f"/console/orders/{order.pk}/timeline/?part=yes").content.decode()

    for told in (
        "Return 55 was announced to Fulfil as 91",
        "Return 55 was inspected: 1 of 2 × TEE back on the shelf",
        "Return 55 was credited: £20.00",
    ):
        assert told in story


def test_an_empty_list_says_what_good_looks_like_and_a_search_that_it_leaves_nothing(
    shop: Shop, client_of: Any
) -> None:
    client = client_of("OPS")
    assert "Nobody has sent anything back." in client.get("/console/returns/").content.decode()
    searched = client.get("/console/returns/", {"q": "nowhere"}).content.decode()
    assert "Nothing matches" in searched
    assert "Nobody has sent" not in searched


def test_what_ended_on_both_sides_and_differs_is_not_said_to_wait_for_a_refund(
    shop: Shop, order: SoldOrder, client_of: Any
) -> None:
    credited(make_return(order, source_completed_at=ports.now()), "20.01")

    text = page(client_of("FINANCE"), order)

    assert "Ended on both sides, and they differ" in text
    assert "not refunded yet" not in text


def test_a_case_about_a_return_leads_to_the_order_and_to_each_sides_record(
    shop: Shop, order: SoldOrder, client_of: Any
) -> None:
    office = "https://centra.example.com/ams/{}/{{number}}"
    shop.centra.settings |= {"page_order": office.format("orders"), "page_return": office.format("returns")}
    shop.centra.save()
    SoldOrder.objects.filter(pk=order.pk).update(target_number="SO77")
    credited(make_return(order), "20.01")
    case = ExceptionCase.objects.get()

    text = client_of("FINANCE").get(f"/console/cases/{case.pk}/").content.decode()

    for told in (
        f'href="/console/orders/{order.pk}/#returns"',
        'href="https://centra.example.com/ams/orders/88412"',
        'href="https://centra.example.com/ams/returns/55"',
        "SO77",
        "/client/#/model/sale.sale/77",
        "/client/#/model/sale.sale/91",
    ):
        assert told in text


def test_the_orders_page_shows_the_number_people_know_and_the_record(
    shop: Shop, order: SoldOrder, client_of: Any
) -> None:
    SoldOrder.objects.filter(pk=order.pk).update(target_number="SO77")

    text = page(client_of("OPS"), order)

    assert "SO77<span" in text
    assert "<dt>Record</dt>" in text


def test_a_row_that_was_passed_on_names_where_it_was_sold_first(shop: Shop, order: SoldOrder, client_of: Any) -> None:
    factories.make_order(shop.link, "MK-1", target_external_id="88412", target_state="SHIPPED")

    text = client_of("OPS").get("/console/orders/").content.decode()

    assert text.count("<small>MK-1 at Northgate</small>") == 1


# --- what begins where an order is fulfilled --------------------------------------------------------------------------
def give_back(shop: Shop, **values: Any) -> SoldReturn:
    """Centra completed a return of an order that was sold at the marketplace."""
    sold = factories.make_order(shop.link, "MK-1", target_external_id="88412", target_state="SHIPPED")
    row = SoldReturn.objects.create(
        brand=sold.brand,
        order=sold,
        currency="GBP",
        target_id="55",
        credited=Decimal("20.00"),
        credited_at=ports.now(),
        **values,
    )
    row.lines.create(line_id="1", order_line_id="1", sku="TEE", quantity=2, amount=Decimal("20.00"))
    judge(row)
    return row


def test_a_refund_that_a_person_is_to_make_stands_with_both_sides_and_why(shop: Shop, client_of: Any) -> None:
    row = give_back(shop, by_hand_why="operator")

    text = page(client_of("FINANCE"), row.order)

    for told in ("Return 55", "To be refunded by hand", "to be refunded by hand", "only its operator can", "£20.00"):
        assert told in text
    listed = client_of("OPS").get("/console/returns/?waits=yes").content.decode()
    assert "To be refunded by hand" in listed


def test_a_refund_that_is_paid_by_another_amount_lights_up(shop: Shop, client_of: Any) -> None:
    row = give_back(
        shop,
        source_id="refund-2043",
        source_state="REFUNDED",
        source_total=Decimal("19.99"),
        refund_sent_at=ports.now(),
    )

    text = page(client_of("FINANCE"), row.order)
    story = client_of("OPS").get(f"/console/orders/{row.order_id}/timeline/?part=yes").content.decode()

    assert "£20.00 given back, £19.99 refunded" in text
    assert "Difference £0.01" in text
    assert "was told to refund return 55" in story
