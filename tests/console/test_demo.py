"""The demo's platforms and brands, without its programs: `./hub demo --check` walks those."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

import pytest

from connectors.centra.sandbox.arithmetic import grand_total
from connectors.centra.sandbox.payments import ask_capture
from connectors.fulfil.sandbox import FulfilSandbox, returning
from connectors.models import Connection, Link, RoleGrant
from connectors.pages import fault_of
from connectors.sandboxkit import Sandbox
from integrationhub.console.demo import brand
from integrationhub.console.demo.comebacks import STEP_BEATS, Comebacks
from integrationhub.console.demo.shops import FELLMARK, MARKETPLACES, NORDHEM, Shops, open_shops, renumbered_item
from integrationhub.console.demo.stalls import STALLS
from integrationhub.console.demo.trade import two_weeks_of_trade
from integrationhub.console.demo.warehouses import REST_BEATS, FulfilWarehouse, Labels, paid_by_card, warehouses_of
from mappings_app.models import MappingVersion
from tests.connectors.fulfil.support import released, stocked


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shops]:
    found = open_shops(tmp_path_factory.mktemp("demo"))
    found.start()
    yield found
    found.stop()


def test_setting_up_twice_makes_everything_once(db: None, shops: Shops) -> None:
    brand.set_up(shops, password="first")
    made = [model.objects.count() for model in (Connection, Link, RoleGrant, MappingVersion)]
    brand.set_up(shops, password="second")
    assert [model.objects.count() for model in (Connection, Link, RoleGrant, MappingVersion)] == made
    _every_platform_trades()
    _people_have_the_roles_of_their_brands()
    _each_marketplace_has_carriers_of_its_own(shops)


def _every_platform_trades() -> None:
    joined = Link.objects.filter(brand__code=NORDHEM).values_list("source__platform", "target__platform")
    assert set(joined) == {(platform, "centra") for platform in ("mirakl", "virtualstock", "marketplacer")}
    joined = Link.objects.filter(brand__code=FELLMARK).values_list("source__platform", "target__platform")
    assert set(joined) == {("mirakl", "centra"), ("centra", "fulfil")}


def _people_have_the_roles_of_their_brands() -> None:
    granted: dict[str, set[str]] = {}
    for name, code in RoleGrant.objects.values_list("user__username", "brand__code"):
        granted.setdefault(name, set()).add(code)
    assert granted["olivia"] == {NORDHEM}
    assert granted["oskar"] == {FELLMARK}
    assert granted["farah"] == granted["adam"] == {NORDHEM, FELLMARK}


def _each_marketplace_has_carriers_of_its_own(shops: Shops) -> None:
    rows = MappingVersion.objects.filter(kind="carrier").values_list("link__source__name", "from_code")
    wanted = {(plan.name, carrier) for plan in MARKETPLACES for carrier, _ in plan.carriers}
    assert wanted <= set(rows)
    assert not {(plan.name, plan.strange_carrier) for plan in MARKETPLACES} & set(rows)


def test_fellmarks_orders_go_on_to_fulfil(db: None, shops: Shops) -> None:
    brand.set_up(shops, password="first")
    link = Link.objects.get(source__platform="centra")
    assert (link.brand.code, link.source.name, link.target.platform) == (FELLMARK, "Centra", "fulfil")
    told = MappingVersion.objects.filter(link=link).values_list("kind", "from_code", "to_code")
    assert set(told) == set(brand.ONWARD_MAPPINGS)


def test_fulfils_warehouse_ships_what_has_lain_there_for_a_while(shops: Shops) -> None:
    stocked(shops.fulfil)
    sale = released(shops.fulfil)
    warehouse = FulfilWarehouse(shops.fulfil, Labels(Random(1), fresh=False), shop=shops.centras[FELLMARK])  # noqa: S311
    assert [warehouse.ship(5) for _ in range(REST_BEATS + 1)] == [0] * (REST_BEATS - 1) + [1, 0]
    assert shops.fulfil.order_view(shops.fulfil.tenant.row("sale.sale", sale))["shipments"][0]["state"] == "done"


def test_two_weeks_of_trade_reach_every_marketplace(shops: Shops) -> None:
    before = sum(len(stall.references()) for stall in shops.marketplaces.values())
    told = two_weeks_of_trade(shops)
    references = {key: stall.references() for key, stall in shops.marketplaces.items()}
    assert sum(map(len, references.values())) == told + before
    assert [plan.key for plan in MARKETPLACES if len(references[plan.key]) < plan.orders] == []
    assert not [one for key, stall in shops.marketplaces.items() for one in references[key] if stall.has_left(one)]
    renumbered = renumbered_item(shops.goods[NORDHEM])
    assert renumbered.gtin in {item.gtin for item in shops.goods[NORDHEM]}
    assert renumbered.sku not in {item.sku for item in shops.goods[NORDHEM]}


def test_a_cancellation_is_asked_for_at_every_platform(shops: Shops) -> None:
    for stall in shops.marketplaces.values():
        goods = shops.goods[stall.plan.brand]
        reference = stall.sell([(goods[-1], 1)])
        stall.ask_to_cancel(reference)
        assert not stall.has_left(reference)


def test_a_warehouse_with_nothing_to_pack_ships_nothing(shops: Shops) -> None:
    assert [warehouse.ship(5) for warehouse in warehouses_of(shops, Random(1))] == [0, 0]  # noqa: S311


def test_marketplaces_go_on_where_they_stopped(shops: Shops, tmp_path: Path) -> None:
    for plan in MARKETPLACES:
        stall = shops.marketplaces[plan.key]
        sold = stall.sell([(shops.goods[plan.brand][-1], 1)])
        stall.sandbox.save(tmp_path / plan.key)
        again = STALLS[plan.platform](plan, Sandbox.load(tmp_path / plan.key))
        assert sold in again.references()
        assert again.shown(shops.goods[plan.brand][0].sku) == stall.shown(shops.goods[plan.brand][0].sku)


@pytest.fixture
def warehouse(shops: Shops) -> Iterator[Shops]:
    """The same shops with a Fulfil of their own."""
    with stocked(FulfilSandbox()) as fulfil:
        yield replace(shops, fulfil=fulfil)


def test_what_comes_back_is_received_inspected_and_paid_back(warehouse: Shops) -> None:
    shops = warehouse
    comebacks = Comebacks(shops, Random(1), say=lambda words: None)  # noqa: S311
    number = comebacks.sell()
    centra, fulfil = shops.centras[FELLMARK], shops.fulfil
    order = centra.order(number)
    assert paid_by_card(centra, number)
    sku, gross = order.lines[0].sku, order.lines[0].unit_price
    comebacks.go_on(1)
    assert centra.open_returns() == []  # nothing has left yet

    centra.ship_order(number)
    centra.shop.switches.refund = "ok"
    _capture(shops, number)
    comebacks.go_on(1)
    (made,) = centra.open_returns()
    sale = released(fulfil)
    line = fulfil.tenant.pointing("sale.line", "sale", sale)[0]["id"]
    told = {"channel_identifier": f"return-{made.id}", "lines": [{"order_line_id": line, "return_quantity": 1}]}
    fulfil.ship_order(sale)
    returning.return_order(fulfil.tenant, sale, [told])

    states = []
    for beat in range(1, 4 * STEP_BEATS):
        comebacks.go_on(beat)
        states.append(fulfil.return_shipments(f"return-{made.id}")[0]["state"])
    assert list(dict.fromkeys(states)) == ["draft", "received", "done"]
    assert centra.open_returns() == []
    assert (made.return_status, made.lines[0].shipment_line.order_line.sku) == ("COMPLETED", sku)
    assert [entry.amount for entry in made.refunds] == [gross]


def _capture(shops: Shops, number: int) -> None:
    shop = shops.centras[FELLMARK].shop
    order = shop.orders.rows[number]
    ask_capture(shop, order, grand_total(order))


def test_a_number_leads_to_a_page_of_the_demo(shops: Shops) -> None:
    number = shops.centras[FELLMARK].sell([{"sku": shops.goods[FELLMARK][0].sku, "price": "1099.00"}], country="SE")
    (address, back) = (shops.office.addresses("fellmark-centra")[kind] for kind in ("page_order", "page_return"))
    assert (fault_of(address, allow_loopback=True), fault_of(back, allow_loopback=True)) == ("", "")
    page = shops.office.page(urlsplit(address.replace("{number}", str(number))).path)
    assert page is not None
    assert f"<h1>Order {number}</h1>" in page
    assert shops.goods[FELLMARK][0].sku in page
    for stall in shops.marketplaces.values():
        sold = stall.sell([(shops.goods[stall.plan.brand][0], 1)])
        assert sold in (shops.office.page(f"/{stall.plan.key}/order/{sold}") or "")
    nowhere = (
        "/",
        "/centra/order/1",
        "/centra/order/%3Cb%3E",
        "/centra/payout/1",
        "/northgate/order/NG-0",
        "/fulfil/return/9",
    )
    assert [shops.office.page(path) for path in nowhere] == [None] * 6
