"""Addresses that people enter: what is taken, and what comes of one."""

import pytest

from connectors.pages import LONGEST, entered_page, fault_of, page_settings
from connectors.registry import CONNECTORS

OFFICE = "https://shop.example.com/ams/orders/{number}"


@pytest.mark.parametrize(
    "address",
    [
        OFFICE,
        "https://shop.example.com:8443/#/orders/{number}/view?tab=1",
        "https://shop.example.com/search?q={number}&again={number}",
    ],
)
def test_an_address_from_the_browser_is_taken(address: str) -> None:
    assert fault_of(address, allow_loopback=False) == ""


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("http://shop.example.com/{number}", "The address must begin with https://."),
        ("javascript:alert({number})", "The address must begin with https://."),
        ("//shop.example.com/{number}", "The address must begin with https://."),
        ("http://127.0.0.1:9000/{number}", "The address must begin with https://."),
        ("https:///orders/{number}", "The address must name a host, and no user name."),
        ("https://ops:secret@shop.example.com/{number}", "The address must name a host, and no user name."),
        ("https://shop.example.com/orders", "Put {number} where the record's number stands."),
        ("https://{number}.example.com/orders", "The address must name a host, and no user name."),
        ("https://shop.example.com/{number}/{shop}", "The only word in braces that the hub fills in is {number}."),
        ('https://shop.example.com/{number}"onclick', "The address must hold no spaces and no quotes, and at most 300"),
        ("https://shop.example.com/{number}" + "x" * LONGEST, "The address must hold no spaces"),
        ("https://[shop/{number}", "The address cannot be read. Copy it from your browser."),
    ],
)
def test_what_is_wrong_with_an_address_is_said_and_it_leads_nowhere(address: str, words: str) -> None:
    assert fault_of(address, allow_loopback=False).startswith(words)
    assert entered_page({"page_order": address}, "order", "7") == ""


def test_the_number_cannot_lead_anywhere_else() -> None:
    assert entered_page({"page_order": OFFICE}, "order", "../a b?x#{number}") == (
        "https://shop.example.com/ams/orders/..%2Fa%20b%3Fx%23%7Bnumber%7D"
    )


def test_each_kind_of_record_has_its_own_address() -> None:
    assert entered_page({"page_order": OFFICE}, "return", "7") == ""
    assert entered_page({}, "order", "7") == ""
    assert entered_page({"page_order": None}, "order", "7") == ""


def test_an_address_on_this_machine_is_for_sandboxes() -> None:
    address = "http://127.0.0.1:9000/orders/{number}"
    assert entered_page({"page_order": address, "sandbox": True}, "order", "7") == "http://127.0.0.1:9000/orders/7"


def test_every_platform_asks_for_the_pages_of_orders_and_returns() -> None:
    for kind in CONNECTORS.values():
        assert [one.name for one in kind.settings if one.kind == "page"] == ["page_order", "page_return"]


def test_a_setting_says_what_happens_without_it() -> None:
    known, unknown = page_settings("order", "return", documented=("order",))
    assert known.help.endswith("Empty: the usual address is taken.")
    assert unknown.help.endswith("Empty: its number stands there without a link.")
