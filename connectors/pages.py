"""Where people see a record on a platform's own pages: addresses that a person enters, since few platforms tell theirs.

Such an address is opened by somebody's browser and never by the hub.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from connectors.base import Setting

NUMBER = "{number}"
LONGEST = 300
# Kind of record → the setting's label, and what people call one.
KINDS: Mapping[str, tuple[str, str]] = {
    "order": ("Page of an order in the back office", "an order"),
    "return": ("Page of a return in the back office", "a return"),
}

_PREFIX = "page_"
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", re.IGNORECASE)
_LOOPBACK = frozenset({"127.0.0.1", "localhost"})
_UNFIT = re.compile(r"[\s\\<>\"'`\x00-\x1f\x7f]")


def page_settings(*kinds: str, documented: tuple[str, ...] = ()) -> tuple[Setting, ...]:
    """One optional setting for each kind of record. `documented`: the connector knows their usual address itself."""
    return tuple(_setting(kind, documented=kind in documented) for kind in kinds)


def _setting(kind: str, *, documented: bool) -> Setting:
    label, what = KINDS[kind]
    empty = "the usual address is taken" if documented else "its number stands there without a link"
    return Setting(
        name=f"{_PREFIX}{kind}",
        label=label,
        help=f"Its address, with {NUMBER} where the number stands: open {what} there, copy the address and put {NUMBER} in "
        f"place of the number that the hub shows. Empty: {empty}.",
        kind="page",
    )


def fault_of(address: str, *, allow_loopback: bool) -> str:
    """What is wrong with such an address, as a sentence; "" when nothing is."""
    return next(_faults(address, allow_loopback=allow_loopback), "")


def _faults(address: str, *, allow_loopback: bool) -> Iterator[str]:
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        yield "The address cannot be read. Copy it from your browser."
        return
    on_this_machine = allow_loopback and host in _LOOPBACK
    if parts.scheme != "https" and not (on_this_machine and parts.scheme == "http"):
        yield "The address must begin with https://."
    if not _HOST.fullmatch(host) or parts.username is not None:
        yield "The address must name a host, and no user name."
    if NUMBER not in address.removeprefix(f"{parts.scheme}://{parts.netloc}"):
        yield f"Put {NUMBER} where the record's number stands."
    if re.search(r"[{}]", address.replace(NUMBER, "")):
        yield f"The only word in braces that the hub fills in is {NUMBER}."
    if _UNFIT.search(address) or len(address) > LONGEST:
        yield f"The address must hold no spaces and no quotes, and at most {LONGEST} letters."


def entered_page(settings: Mapping[str, Any], kind: str, number: str) -> str:
    """The address that a person entered for this kind of record, filled in; "" where none was, or none that is fit."""
    address = settings.get(f"{_PREFIX}{kind}")
    if not isinstance(address, str) or not address:
        return ""
    if fault_of(address, allow_loopback=settings.get("sandbox") is True):
        return ""
    return address.replace(NUMBER, quote(number, safe=""))
