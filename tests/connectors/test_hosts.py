"""Which addresses the hub may speak to."""

import pytest

from connectors.canonical.errors import ConfigurationError
from connectors.hosts import HostRule, check_base_url, may_connect

MIRAKL = HostRule(suffixes=("mirakl.net",))
SANDBOX = HostRule(suffixes=("mirakl.net",), allow_loopback=True)


@pytest.mark.parametrize(
    "url",
    [
        "https://shop-prod.mirakl.net",
        "https://shop-prod.mirakl.net/",
        "https://shop-prod.mirakl.net:443/api",
        "https://SHOP-prod.Mirakl.net",
        "https://mirakl.net",
    ],
)
def test_a_platforms_own_host_is_allowed_over_https(url: str) -> None:
    assert check_base_url(url, MIRAKL).hostname


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://shop.mirakl.net", "must begin with https"),
        ("ftp://shop.mirakl.net", "must begin with https"),
        ("shop.mirakl.net", "must begin with https"),
        ("", "must begin with https"),
        ("https://shop.mirakl.net:8443", "use the standard port"),
        ("https://shop.mirakl.net:port", "cannot be read"),
        ("https://[::1", "cannot be read"),
        ("https://mirakl.net.example.com", "must be one of the platform's: mirakl.net"),
        ("https://evilmirakl.net", "must be one of the platform's: mirakl.net"),
        ("https://example.com#.mirakl.net", "no user name, no question mark and no #"),
        ("https://example.com?.mirakl.net", "no user name, no question mark and no #"),
        ("https://shop.mirakl.net@example.com", "no user name, no question mark and no #"),
        ("https://shop.mirakl.net.", "must name a public host"),
        ("https://shop..mirakl.net", "must name a public host"),
        ("https://mirakl", "must name a public host"),
        ("https://127.0.0.1", "must name a public host"),
        ("https://93.184.215.14", "must name a public host"),
        ("https://2130706433", "must name a public host"),
        ("https://0x7f.1", "must name a public host"),
        ("https://[::1]", "must name a public host"),
        ("https://localhost", "must name a public host"),
        ("http://localhost:8001", "must begin with https"),
        ("https://shöp.mirakl.net", "must name a public host"),
        ("https://shop.mirakl.net\\@example.com", "no user name|must name a public host"),
    ],
)
def test_any_other_address_is_refused_with_what_to_change(url: str, why: str) -> None:
    with pytest.raises(ConfigurationError, match=why):
        check_base_url(url, MIRAKL)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8001", "http://localhost:8001/api", "https://localhost:8001", "http://[::1]:8001"]
)
def test_a_sandbox_may_live_on_this_machine_when_the_account_says_so(url: str) -> None:
    assert check_base_url(url, SANDBOX).port == 8001
    with pytest.raises(ConfigurationError):
        check_base_url(url, MIRAKL)


@pytest.mark.parametrize("url", ["http://192.168.1.4:8001", "http://shop.mirakl.net", "http://localhost.example.com"])
def test_a_sandbox_account_opens_no_other_door(url: str) -> None:
    with pytest.raises(ConfigurationError):
        check_base_url(url, SANDBOX)


def test_a_platform_whose_hosts_are_not_known_may_name_any_public_host() -> None:
    assert check_base_url("https://shop.example.com/api", HostRule()).path == "/api"


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "64:ff9b::5db8:d70e"])
def test_public_addresses_may_be_called(address: str) -> None:
    assert may_connect(address, host="shop.example.com", rule=HostRule())


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "0.0.0.0",  # noqa: S104  never bound
        "10.1.2.3",
        "172.16.0.1",
        "192.168.0.1",
        "169.254.169.254",  # metadata at most clouds
        "100.100.100.200",  # Alibaba's
        "192.0.0.192",  # Oracle's
        "168.63.129.16",  # Azure's platform address
        "100.64.0.1",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "fd00:ec2::254",
        "ff02::1",
        "2001:db8::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::127.0.0.1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::a00:1",
        "2002:a9fe:a9fe::1",
        "2002:7f00:1::1",
        "2001:0:a00:1::f5ff:fffe",
    ],
)
def test_addresses_inside_of_networks_may_not_be_called(address: str) -> None:
    for rule in (HostRule(), HostRule(allow_loopback=True)):
        assert not may_connect(address, host="shop.example.com", rule=rule)


def test_a_sandbox_on_this_machine_is_this_machine() -> None:
    assert may_connect("127.0.0.1", host="localhost", rule=SANDBOX)
    assert may_connect("::1", host="localhost", rule=SANDBOX)
    assert not may_connect("10.0.0.7", host="localhost", rule=SANDBOX)
    assert not may_connect("93.184.215.14", host="127.0.0.1", rule=SANDBOX)
    assert not may_connect("127.0.0.1", host="localhost", rule=MIRAKL)
