"""Prices as Centra keeps them: on the product or on the variant, never on the size; exact; in the currency of their list."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from connectors.canonical.errors import DataError, PermanentError
from connectors.canonical.money import Money
from connectors.canonical.prices import PriceList
from connectors.centra import documents, translate
from connectors.centra.connector import CentraConnector
from connectors.centra.sandbox import CentraSandbox
from connectors.http import OpenGate
from connectors.sandboxkit import SandboxClock
from tests.connectors.centra.support import account_of, make_account, payload

AS_OF = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
EUROPE = PriceList(code="21", external_id="21", name="Europe EUR", currency="EUR")
SWEDEN = PriceList(code="Sweden", external_id="22", name="Sweden", currency="SEK")


def eur(amount: str) -> Money:
    return Money(Decimal(amount), "EUR")


def parsed(rows: Any = None, sizes: Any = None, lists: Any = (EUROPE, SWEDEN)) -> dict[tuple[str, str], Money | None]:
    rows, sizes = rows or payload("prices"), sizes or payload("priced_sizes")
    found = translate.parse_prices(sizes, rows, lists=lists, as_of=AS_OF)
    assert {price.as_of for price in found} <= {AS_OF}
    return {(price.price_list, price.sku): price.price for price in found}


# --- which price counts -----------------------------------------------------------------------------------------------
def test_the_variants_price_goes_before_the_products_and_no_price_is_none() -> None:
    assert parsed() == {
        ("21", "NV1001-410-M"): eur("149.5"),
        ("Sweden", "NV1001-410-M"): Money(Decimal(1500), "SEK"),
        ("21", "NV1001-410-L"): eur("149.5"),
        ("Sweden", "NV1001-410-L"): Money(Decimal(1500), "SEK"),
        ("21", "NV1001-900-M"): eur("119.95"),
        ("Sweden", "NV1001-900-M"): Money(Decimal(1500), "SEK"),
        ("21", "NV1002-100-S"): eur("0"),
        ("Sweden", "NV1002-100-S"): None,
    }


def test_a_sku_on_two_variants_has_no_price_that_could_be_told() -> None:
    sizes = payload("priced_sizes")
    sizes[2]["SKU"] = "NV1001-410-M"
    assert {sku for _, sku in parsed(sizes=sizes)} == {"NV1001-410-L", "NV1002-100-S"}


def test_a_price_in_another_currency_than_its_list_is_a_fault() -> None:
    rows = payload("prices")
    rows[1]["price"]["currency"]["code"] = "GBP"
    with pytest.raises(DataError) as caught:
        parsed(rows)
    assert [problem.field for problem in caught.value.problems] == ["prices[1].price.currency"]


def test_an_amount_that_is_none_is_a_fault_and_never_0() -> None:
    rows = payload("prices")
    rows[0]["price"]["value"] = None
    with pytest.raises(DataError) as caught:
        parsed(rows)
    assert [problem.field for problem in caught.value.problems] == ["prices[0].price.value"]


def test_the_products_of_a_page_are_those_that_sell_each_once() -> None:
    assert translate.product_ids(payload("priced_sizes")) == (31, 32)


# --- which list is meant ----------------------------------------------------------------------------------------------
def test_a_list_is_named_by_its_number_or_its_name_and_a_name_that_two_bear_is_none() -> None:
    found = translate.parse_price_lists(payload("pricelists"), codes=["21", "Sweden", "Outlet", "23", "99"])
    assert [(one.code, one.external_id, one.currency) for one in found] == [
        ("21", "21", "EUR"),
        ("Sweden", "22", "SEK"),
        ("23", "23", "EUR"),
    ]


# --- how they are asked for -------------------------------------------------------------------------------------------
@pytest.fixture
def tenant() -> Any:
    with CentraSandbox(clock=SandboxClock(AS_OF, frozen=True)) as sandbox:
        sandbox.set_limits({("REQUEST_COUNT", "TEN_SECONDS"): 10_000})
        yield sandbox


def test_prices_that_fill_a_page_are_asked_for_in_halves(tenant: CentraSandbox) -> None:
    skus = [sku for number in range(150) for sku in tenant.add_product(f"NV{number}", sizes={"-M": 1})]
    page = CentraConnector(account_of(tenant), gate=OpenGate()).fetch_prices(["1", "2"])
    assert {(price.price_list, price.sku) for price in page.prices} == {(code, sku) for code in "12" for sku in skus}
    assert {price.price for price in page.prices} == {Money(Decimal(100), "GBP"), Money(Decimal(1200), "SEK")}
    assert len(tenant.calls("prices")) == 3  # 300 rows: all of them are too many, so each half


def test_more_prices_for_one_product_than_a_list_gives_are_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{**payload("prices")[0], "id": number} for number in range(documents.LIST_ROWS)]
    connector = CentraConnector(make_account(), gate=OpenGate())
    monkeypatch.setattr(
        type(connector.client), "execute", lambda self, document, asked: _Answer({"prices": rows}), raising=True
    )
    with pytest.raises(PermanentError, match="200 prices or more for one product in the price list Europe EUR"):
        connector._prices_of([31], [EUROPE])


class _Answer:
    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data


def test_no_list_that_centra_knows_asks_for_no_price(tenant: CentraSandbox) -> None:
    tenant.add_product("NV1", sizes={"-M": 1})
    page = CentraConnector(account_of(tenant), gate=OpenGate()).fetch_prices(["no such list"])
    assert (page.lists, page.prices, page.next_token) == ((), (), None)
    assert [len(tenant.calls(name)) for name in ("pricelists", "productSizes", "prices")] == [1, 0, 0]


def test_a_size_that_is_switched_off_is_not_told(tenant: CentraSandbox) -> None:
    tenant.add_product("NV1", sizes={"-M": 1, "-L": 1})
    tenant.edit_size("NV1-M", active=False)
    page = CentraConnector(account_of(tenant), gate=OpenGate()).fetch_prices(["1"])
    assert [price.sku for price in page.prices] == ["NV1-L"]
