"""The connection test: what the key opens, what the operator switched on, which roles are missing. It only reads."""

from collections.abc import Callable, Iterator
from datetime import timedelta

from connectors import ports
from connectors.base import Account, Finding
from connectors.canonical.errors import HubError
from connectors.mirakl.client import MiraklClient
from connectors.mirakl.lists import Features, parse_carriers, parse_features, parse_reasons
from connectors.mirakl.reading import Node

PROBE_WINDOW = timedelta(minutes=1)
ACCEPTANCE = {
    "AUTOMATIC": "The marketplace accepts orders by itself.",
    "NOT_AUTOMATIC": "The shop accepts each order itself.",
    "BOTH": "The marketplace accepts orders by itself for some shops. Ask the operator which way holds for yours.",
}


def run(client: MiraklClient, account: Account) -> Iterator[Finding]:
    """Findings in the order a person would fix them; an address or key that fails ends the test."""
    try:
        client.read_version()
    except HubError as error:
        yield Finding(ok=False, subject="Address", message=error.message)
        return
    yield Finding(ok=True, subject="Address", message=f"Mirakl answers at {account.base_url}.")
    opened = True
    for finding in _check_account(client, account):
        opened = opened and (finding.ok or not finding.blocking)
        yield finding
    if opened:
        yield from _check_features(client)
        yield from _check_reading(client)
        yield _untested()


def _check_account(client: MiraklClient, account: Account) -> Iterator[Finding]:
    try:
        shop = Node.root(client.read_account())
    except HubError as error:
        yield Finding(ok=False, subject="API key", message=error.message)
        return
    name, number, currency = shop.text("shop_name"), shop.text("shop_id"), shop.text("currency_iso_code")
    words = f"The key opens the shop “{name}” ({number}), which sells in {currency}."
    yield Finding(ok=True, subject="API key", message=words)
    wanted = str(account.settings.get("shop_id") or number)
    if wanted != number:
        words = f"Shop number {wanted} is set here, and Mirakl answers for shop {number}. Correct the shop number."
        yield Finding(ok=False, subject="Shop number", message=words)
    state = shop.text("shop_state")
    if state != "OPEN":
        words = f"The shop is {state} at the marketplace: it gets no new orders. Ask the operator if this is not meant."
        yield Finding(ok=False, subject="Shop", message=words, blocking=False)
    model = shop.text("model")
    if model not in {"", "MARKETPLACE"}:
        words = f"The shop works by the {model} model: its prices are purchase prices, not what customers pay."
        yield Finding(ok=False, subject="Business model", message=words, blocking=False)


def _check_features(client: MiraklClient) -> Iterator[Finding]:
    try:
        features = parse_features(client.read_configuration())
    except HubError as error:
        words = f"{error.message} Until then, tell the hub yourself whether orders may leave in several shipments."
        yield Finding(ok=False, subject="Platform features", message=words, blocking=False)
        return
    words = ACCEPTANCE.get(features.acceptance, "The marketplace does not say who accepts orders.")
    yield Finding(ok=True, subject="Acceptance", message=words)
    yield Finding(ok=True, subject="Shipments", message=_shipping_words(features))


def _shipping_words(features: Features) -> str:
    parts = (
        "An order may leave in several shipments."
        if features.multi_shipment
        else "An order is confirmed as a whole, when its last parcel has left."
    )
    carriers = (
        "A carrier that the marketplace does not list may be named with its tracking link."
        if features.unlisted_carriers
        else "Only carriers that the marketplace lists may be used."
    )
    return f"{parts} {carriers}"


def _check_reading(client: MiraklClient) -> Iterator[Finding]:
    now = ports.now()
    yield _probe(
        "Role: read orders",
        lambda: client.list_orders(updated_from=now - PROBE_WINDOW, updated_until=now, offset=0),
        "The key may read orders.",
    )
    yield _probe(
        "Role: read carriers",
        lambda: _some(parse_carriers(client.list_carriers()), "The marketplace lists no carrier."),
        "The key may read the carriers.",
        blocking=False,
    )
    yield _probe(
        "Role: read reasons",
        lambda: _some(parse_reasons(client.list_reasons()), "The marketplace lists no reason."),
        "The key may read the reasons for refunds and cancellations.",
        blocking=False,
    )
    # P51 asks for the very role that P41 asks for, and changes nothing.
    yield _probe("Role: send products", client.list_product_imports, "The key may send products.", blocking=False)


def _some(found: tuple[object, ...], words: str) -> None:
    if not found:
        raise HubError(f"{words} Ask the operator.")


def _probe(subject: str, call: Callable[[], object], words: str, *, blocking: bool = True) -> Finding:
    try:
        call()
    except HubError as error:
        return Finding(ok=False, subject=subject, message=error.message, blocking=blocking)
    return Finding(ok=True, subject=subject, message=words)


def _untested() -> Finding:
    words = "Mirakl shows only in use whether the key may accept, ship and refund. The shop administrator's role may."
    return Finding(ok=True, subject="Rights to write", message=words)
