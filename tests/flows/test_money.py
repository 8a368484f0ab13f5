"""What the customer was charged is what Centra shows, to the minor unit; a difference is told, never corrected in silence."""

from collections.abc import Iterator
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.centra.sandbox.arithmetic import grand_total
from connectors.mirakl.sandbox import MiraklSandbox
from connectors.models import Connection, Link
from exceptions_app.models import ExceptionCase
from integrationhub.sync.blocking import retry
from integrationhub.sync.places import place
from tests.flows.world import World, sandbox_clock

pytestmark = pytest.mark.django_db

COUNTRY = {"GBP": ("GBR", "GB", "1"), "SEK": ("SWE", "SE", "2"), "EUR": ("DEU", "DE", "3")}  # Centra's market too

prices = st.decimals(min_value="0.01", max_value="2500", places=2)
lines = st.lists(
    st.tuples(st.sampled_from(["NG-TEE-BLK-M", "NG-TEE-BLK-L"]), st.integers(1, 9), prices), min_size=1, max_size=5
)
shipping = st.one_of(st.just(Decimal(0)), st.decimals(min_value="0.01", max_value="60", places=2))


@pytest.fixture(params=["GBP", "EUR", "SEK"])
def abroad(world: World, request: pytest.FixtureRequest) -> Iterator[World]:
    """The same brand at a marketplace of another currency."""
    currency: str = request.param
    country, code, market = COUNTRY[currency]
    clock = sandbox_clock(world.clock.now())
    with MiraklSandbox(currency=currency, countries=(country,), order_prefix=f"M{code}", clock=clock) as mirakl:
        keys = mirakl.credentials()
        row = Connection.objects.create(
            brand=world.brand,
            platform="mirakl",
            name=f"Shop {code}",
            base_url=mirakl.base_url,
            credentials={"api_key": keys["api_key"]},
            settings={"shop_id": keys["shop_id"]},
        )
        link = Link.objects.create(brand=world.brand, source=row, target=world.centra_row)
        world.mirakl, world.northgate, world.link = mirakl, row, link
        world.clock.follow(mirakl.advance)
        world.map("market", code, market, attributes={"price_list": market}, link=link)
        world.map("shipping_service", "STD", f"standard-{currency.lower()}", link=link)
        world.roomy()
        for sku in ("TEE-BLK-M", "TEE-BLK-L"):
            world.centra.set_stock(sku, 100_000)
        yield world


@settings(max_examples=14, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(goods=lines, postage=shipping)
def test_centra_shows_what_the_customer_was_charged_to_the_minor_unit(
    abroad: World, goods: list[tuple[str, int, Decimal]], postage: Decimal
) -> None:
    """Any quantities and prices, one SKU on several lines, with and without shipping."""
    sold = [{"sku": sku, "quantity": units, "price": str(price), "shipping": "0"} for sku, units, price in goods]
    sold[0]["shipping"] = str(postage)
    reference = abroad.mirakl.add_order(lines=sold, advance_to="SHIPPING")
    abroad.poll()
    charged = Decimal(str(abroad.mirakl.order(reference)["total_price"]))
    row = abroad.order(reference)
    (order,) = abroad.in_centra(reference)
    assert (row.total, row.target_total, grand_total(order)) == (charged, charged, charged), abroad.reasons()
    assert (order.status, row.currency) == ("CONFIRMED", order.currency.code)
    assert abroad.cases() == []
    shown: dict[str, Decimal] = {}
    for line in order.lines:
        shown[line.sku] = shown.get(line.sku, Decimal(0)) + line.unit_price * line.quantity
    for sku, amount in shown.items():
        assert amount == sum(line.line_total for line in row.lines.all() if line.target_sku == sku)


def test_a_unit_price_with_parts_of_a_penny_passes_when_its_line_is_whole_pennies(world: World) -> None:
    reference = world.sell(("NG-TEE-BLK-M", 2, "12.345"), to="SHIPPING")
    world.poll()
    (order,) = world.in_centra(reference)
    assert (order.status, grand_total(order), world.cases()) == ("CONFIRMED", world.order(reference).total, [])


@pytest.mark.parametrize(("price", "units"), [("9.9999", 7), ("0.3333", 3), ("33.3333", 9)])
def test_a_line_of_parts_of_a_penny_is_told_and_never_rounded_in_silence(world: World, price: str, units: int) -> None:
    reference = world.sell(("NG-TEE-BLK-M", units, price), to="SHIPPING")
    world.poll()
    assert (world.in_centra(reference), world.centra.journal.count("POST /order")) == ([], 0)
    assert world.cases() == [("unreadable_record", 1)]
    amount = units * Decimal(price)
    assert ExceptionCase.objects.get().context["problems"] == [
        f"line_total: {units} units for {amount} GBP cannot be written as whole unit prices."
    ]


@pytest.mark.parametrize("difference", ["0.01", "-0.01", "10"])
def test_a_total_that_differs_is_a_case_that_names_both_and_is_never_confirmed(world: World, difference: str) -> None:
    world.centra.configure(charge_difference=Decimal(difference))
    reference = world.sell(("NG-TEE-BLK-M", 2, "29.90"), to="SHIPPING")
    for _ in range(3):
        world.poll()
    (order,) = world.in_centra(reference)
    assert (order.status, world.confirmed_numbers()) == ("PENDING", [])
    assert world.cases() == [("money_mismatch", 1)]
    told = ExceptionCase.objects.get().context
    assert (told["order"], told["number"]) == (reference, str(order.number))
    assert told["charged"] != told["shown"]
    assert {item["what"] for item in told["differences"]} >= {"order total"}

    retry(ExceptionCase.objects.get(), by="olivia")
    world.work()
    assert (order.status, world.cases()) == ("PENDING", [("money_mismatch", 1)])
    assert world.centra.journal.count("POST /order") == 1


# --- tax --------------------------------------------------------------------------------------------------------------


def test_a_tax_that_differs_is_told_and_the_order_goes_on(world: World) -> None:
    world.centra.set_tax_rate("GB", 25)
    references = [world.sell(("NG-TEE-BLK-M", 2, "29.90"), to="SHIPPING") for _ in range(3)]
    world.poll()
    assert [[order.status for order in world.in_centra(reference)] for reference in references] == [["CONFIRMED"]] * 3
    assert world.cases() == [("tax_mismatch", 3)]
    assert [world.order(reference).tax_differs for reference in references] == [True] * 3
    assert world.open_jobs() == []


def test_where_the_link_says_so_a_tax_that_differs_holds_the_order(world: World) -> None:
    Link.objects.update(tax_difference=Link.TaxDifference.HOLD)
    place.forget()
    world.centra.set_tax_rate("GB", 25)
    reference = world.sell(("NG-TEE-BLK-M", 2, "29.90"), to="SHIPPING")
    world.poll()
    assert [order.status for order in world.in_centra(reference)] == ["PENDING"]
    assert world.cases() == [("tax_mismatch", 1)]
    Link.objects.update(tax_difference=Link.TaxDifference.WARN)
    world.advance(6)
    retry(ExceptionCase.objects.unresolved().get(), by="olivia")
    world.work()
    assert [order.status for order in world.in_centra(reference)] == ["CONFIRMED"]
    assert world.open_jobs() == []
