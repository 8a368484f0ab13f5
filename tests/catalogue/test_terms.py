"""By which list a channel is priced: the first that answers counts, and answers may change."""

import pytest

from connectors import ports
from connectors.models import Link
from integrationhub.catalogue.models import KnownPriceList
from integrationhub.catalogue.terms import lists_to_learn, price_list_of
from mappings_app.models import MappingVersion
from mappings_app.saving import retire_mapping, save_mapping
from tests.factories import make_brand, make_link

pytestmark = pytest.mark.django_db


@pytest.fixture
def link(db: None) -> Link:
    return make_link(make_brand())


def answer(link: Link, currency: str = "GBP") -> str:
    return price_list_of(link, currency, at=ports.now())


def say(link: Link, kind: str, code: str, to_code: str, *, here: bool = False, **attributes: str) -> MappingVersion:
    return save_mapping(
        kind=kind, brand=link.brand, link=link if here else None, from_code=code, to_code=to_code,
        attributes=attributes, actor="olivia", reason="Test",
    )  # fmt: skip


def test_the_channels_row_goes_before_the_brands_then_the_market_then_the_connection(link: Link) -> None:
    assert answer(link) == ""
    link.target.settings = {**link.target.settings, "price_list": "connection"}
    link.target.save()
    assert answer(link) == "connection"
    say(link, "market", "UK", "1", price_list="market")
    assert answer(link) == "market"
    say(link, "price_list", "GBP", "brand")
    assert answer(link) == "brand"
    say(link, "price_list", "GBP", "here", here=True)
    assert (answer(link), answer(link, "EUR")) == ("here", "market")


def test_a_market_that_is_of_another_currency_says_nothing(link: Link) -> None:
    say(link, "market", "SE", "2", price_list="kronor", currency="SEK")
    assert (answer(link), answer(link, "SEK")) == ("", "kronor")


def test_markets_that_say_different_things_say_nothing_and_the_connection_is_not_asked(link: Link) -> None:
    link.target.settings = {**link.target.settings, "price_list": "connection"}
    link.target.save()
    say(link, "market", "UK", "1", price_list="1")
    say(link, "market", "IE", "2", price_list="2")
    assert answer(link) == ""
    say(link, "market", "IE", "2", here=True, price_list="1")
    assert answer(link) == "1"


def test_of_several_lists_that_markets_name_the_one_in_the_channels_currency_counts(link: Link) -> None:
    for code, number in (("UK", "1"), ("SE", "2"), ("DE", "3"), ("FR", "3")):
        say(link, "market", code, number, price_list=number)
    assert (answer(link), lists_to_learn(link, "GBP", at=ports.now())) == ("", {"1", "2", "3"})
    for code, currency in (("1", "GBP"), ("2", "SEK")):
        KnownPriceList.objects.create(connection=link.target, code=code, currency=currency)
    assert answer(link) == ""  # the third may be in pounds too
    third = KnownPriceList.objects.create(connection=link.target, code="3", currency="EUR")
    assert [answer(link, currency) for currency in ("GBP", "SEK", "EUR", "USD")] == ["1", "2", "3", ""]
    third.currency = "GBP"
    third.save()
    assert answer(link) == ""


def test_a_mapping_that_ended_says_nothing(link: Link) -> None:
    retire_mapping(say(link, "price_list", "GBP", "brand"), actor="olivia", reason="Test")
    assert answer(link) == ""
