"""The connection test: what the user opens, which retailers it serves, what is still to be set. It only reads."""

from collections.abc import Callable, Iterator, Sequence

from connectors.base import Account, Finding
from connectors.canonical.errors import HubError
from connectors.canonical.payload import JSON
from connectors.virtualstock import datamodel
from connectors.virtualstock.client import VirtualstockClient
from connectors.virtualstock.reading import rest_id
from connectors.virtualstock.translate import parse_carriers


def run(client: VirtualstockClient, account: Account) -> Iterator[Finding]:
    """Findings in the order a person would fix them; an address or password that fails ends the test."""
    try:
        retailers = client.list_retailers()
    except HubError as error:
        yield Finding(ok=False, subject="Signing in", message=error.message)
        return
    yield Finding(ok=True, subject="Signing in", message=f"Virtualstock answers at {account.base_url}.")
    yield _retailer(retailers, account)
    yield _probe(
        "Orders", lambda: client.list_orders(status="ORDER", offset=0), "The user may read orders.", blocking=True
    )
    yield _probe("Carriers", lambda: _some_carriers(client), "Virtualstock lists its carriers.")
    yield _probe("Returns", lambda: client.list_returns(status="RMA", offset=0), "The user may read returns.")
    yield _probe("Products", lambda: client.list_products(offset=0), "The user may read products.")
    yield _price_field(account)
    yield _product_fields(account)
    words = "Virtualstock shows only in use whether the user may acknowledge, dispatch and change products."
    yield Finding(ok=True, subject="Rights to write", message=words)


def _retailer(retailers: Sequence[JSON], account: Account) -> Finding:
    named = {_number(item): str(item.get("name") or "") for item in retailers if isinstance(item, dict)}
    wanted = str(account.settings.get("retailer_id") or "")
    listed = ", ".join(f"{name} ({number})" for number, name in sorted(named.items())) or "none"
    if wanted and wanted not in named:
        words = f"Retailer number {wanted} is not one of yours. These are: {listed}."
        return Finding(ok=False, subject="Retailer", message=words)
    if not wanted and len(named) > 1:
        words = f"You serve several retailers: {listed}. Make one connection for each, with its retailer number."
        return Finding(ok=False, subject="Retailer", message=words, blocking=False)
    return Finding(ok=True, subject="Retailer", message=f"The connection serves {named.get(wanted) or listed}.")


def _number(item: JSON) -> str:
    return str(item.get("id") or rest_id(item.get("url")))


def _some_carriers(client: VirtualstockClient) -> None:
    if not parse_carriers(client.list_carriers()):
        raise HubError("Virtualstock lists no carrier. Ask its support.")


def _price_field(account: Account) -> Finding:
    field = str(account.settings.get("price_field") or "")
    if not field:
        words = "No field for cost prices is set: prices cannot be sent. Ask the retailer what its field is called."
        return Finding(ok=False, subject="Prices", message=words, blocking=False)
    return Finding(ok=True, subject="Prices", message=_prices_go(field))


def _prices_go(field: str) -> str:
    return f"Cost prices are written to the field {field}. Map the price list that holds them to this channel."


def _product_fields(account: Account) -> Finding:
    said = str(account.settings.get("product_fields") or "")
    if wrong := datamodel.wrong_names(said):
        words = f"These cannot be names of fields: {', '.join(wrong)}. Part the names by commas."
        return Finding(ok=False, subject="Product fields", message=words, blocking=False)
    if others := datamodel.named_for_others(said):
        words = (
            f"Not told with a product: {', '.join(others)}. Stock has its own way; the rest is the retailer's to fill."
        )
        return Finding(ok=False, subject="Product fields", message=words, blocking=False)
    if not said:
        words = (
            "No product fields are set: the names of Virtualstock's examples are offered. Compare the retailer's guide."
        )
        return Finding(ok=True, subject="Product fields", message=words)
    named = datamodel.attributes(said, price_field=str(account.settings.get("price_field") or ""))
    return Finding(ok=True, subject="Product fields", message=f"{len(named)} fields are told of each product.")


def _probe(subject: str, call: Callable[[], object], words: str, *, blocking: bool = False) -> Finding:
    try:
        call()
    except HubError as error:
        return Finding(ok=False, subject=subject, message=error.message, blocking=blocking)
    return Finding(ok=True, subject=subject, message=words)
