"""Which addresses the hub may speak to: never its own network, never a cloud's metadata service.

A base URL is typed by a person, so it is hostile until proven otherwise (server-side request forgery). The name is
checked when the connector is built, and the address it resolves to is checked, and then used, each time a connection is
opened: a name that changes its address between check and use (DNS rebinding) gains nothing.
"""

import re
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from connectors.canonical.errors import ConfigurationError

Resolve = Callable[[str, int], Sequence[str]]

# Global by the registries' books, and yet a cloud's own services answer there.
NEVER = (
    ip_network("192.0.0.0/24"),  # IETF protocol assignments; Oracle Cloud's metadata is 192.0.0.192
    ip_network("168.63.129.16/32"),  # Azure's platform address
)
GLOBAL_UNICAST_V6 = ip_network("2000::/3")
NAT64 = ip_network("64:ff9b::/96")  # the last 32 bits are the IPv4 address that is really meant
HOST_NAME = re.compile(r"(?!-)[a-z0-9-]{1,63}(?:\.(?!-)[a-z0-9-]{1,63})*")


@dataclass(frozen=True, kw_only=True)
class HostRule:
    """Which hosts an account's base URL may name."""

    suffixes: tuple[str, ...] = ()  # "mirakl.net" allows it and all below it; empty allows every public host
    allow_loopback: bool = False  # True for a sandbox on this machine: http://127.0.0.1:port, http://localhost:port


def check_base_url(url: str, rule: HostRule) -> SplitResult:
    """The parts of a base URL that the rule allows. Raises ConfigurationError saying what to change."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _refused("The address cannot be read. Write it like https://shop.example.com.") from None
    if parts.username is not None or parts.query or parts.fragment:
        raise _refused("The address must hold no user name, no question mark and no #.")
    if rule.allow_loopback and _names_loopback(host):
        if parts.scheme in ("http", "https"):
            return parts
        raise _refused("A sandbox address must begin with http:// or https://.")
    if parts.scheme != "https" or port not in (None, 443):
        raise _refused("The address must begin with https:// and use the standard port.")
    if not HOST_NAME.fullmatch(host) or "." not in host or host.rpartition(".")[2].isdigit():
        raise _refused("The address must name a public host, like shop.example.com.")
    if rule.suffixes and not any(host == suffix or host.endswith(f".{suffix}") for suffix in rule.suffixes):
        raise _refused(f"The host must be one of the platform's: {', '.join(rule.suffixes)}.")
    return parts


def may_connect(address: str, *, host: str, rule: HostRule) -> bool:
    """Whether `address`, which `host` resolved to, may be spoken to."""
    ip = ip_address(address.partition("%")[0])
    if rule.allow_loopback and _names_loopback(host):
        return ip.is_loopback
    return _is_public(ip)


def system_resolve(host: str, port: int) -> Sequence[str]:
    """The addresses of a host, in the system's order of preference. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


def resolve_within(resolve: Resolve, host: str, port: int, *, seconds: float) -> Sequence[str]:
    """`resolve`, given up after `seconds`. Raises OSError, and TimeoutError when given up.

    The system's look-up knows no time-out and can hang for half a minute: it runs in a thread that may be left behind.
    """
    answers: list[Sequence[str]] = []
    failures: list[OSError] = []

    def look_up() -> None:
        try:
            answers.append(resolve(host, port))
        except (OSError, UnicodeError) as error:
            failures.append(error if isinstance(error, OSError) else OSError(str(error)))

    thread = threading.Thread(target=look_up, name=f"resolve-{host}", daemon=True)
    thread.start()
    thread.join(seconds)
    if failures:
        raise failures[0]
    if not answers:
        raise TimeoutError(f"No address for {host} within {seconds:g} seconds.")
    return answers[0]


def _is_public(ip: IPv4Address | IPv6Address) -> bool:
    if isinstance(ip, IPv4Address):
        return ip.is_global and not ip.is_multicast and not any(ip in network for network in NEVER)
    inner = _embedded(ip)
    if inner is not None:
        return all(_is_public(each) for each in inner)
    return ip in GLOBAL_UNICAST_V6 and ip.is_global


def _embedded(ip: IPv6Address) -> tuple[IPv4Address, ...] | None:
    """The IPv4 addresses that an IPv6 address stands for, or None."""
    if ip.ipv4_mapped is not None:
        return (ip.ipv4_mapped,)
    if ip in NAT64:
        return (IPv4Address(int(ip) & 0xFFFFFFFF),)
    if ip.sixtofour is not None:
        return (ip.sixtofour,)
    return ip.teredo


def _names_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _refused(message: str) -> ConfigurationError:
    return ConfigurationError(message, code="base_url")
