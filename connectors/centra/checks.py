"""The connection test: what works, what lacks, what a person must look at in Centra. Never raises for a refusal.

Every read of the flows is tried as it is, for one row, so that Centra names the permissions that are missing. Nothing
is changed: the tried changes name no order, no shipment and no event, and the tried order has no products.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, partial

from connectors.base import Account, CheckReport, Finding
from connectors.canonical.errors import ConfigurationError, HubError, TransientError
from connectors.canonical.payload import JSON
from connectors.centra import documents
from connectors.centra.account import TIERS, limits, text_setting, tier, warehouse_setting, whole_setting
from connectors.centra.catalogue import TOLD, lacking_words
from connectors.centra.client import CentraClient, order_code
from connectors.centra.documents import Document
from connectors.centra.documents.sold import READ_SOLD, SOLD_DOCUMENTS
from connectors.centra.translate import warehouses_of
from connectors.http import Gate, Limit

_CREATE_MUTATION = re.compile(r"create(DirectToConsumer)?Orders?")
# POST /order refuses an order without products (-3) or address (-4), or for another reason of the order's own: then
# it may create orders. -7 is everything else, so also "not allowed".
_ORDER_REFUSALS = range(-6, 0)


def check(account: Account, *, gate: Gate) -> CheckReport:
    try:
        client = CentraClient(account, gate=gate)
    except ConfigurationError as error:
        return CheckReport(findings=(Finding(ok=False, subject="Address", message=error.message),))
    findings = _tried("Integration API token", partial(_token, client, account))
    if CheckReport(findings=tuple(findings)).ok:
        findings += _flows(client)
        findings += _tried("GraphQL schema", partial(_schema, client), blocking=False)
        findings += _tried("Store", partial(_structure, client, account))
        warehouses = cache(client.read_warehouses)  # once for both: a fresh instance takes 20 calls in ten seconds
        findings += _tried("Warehouses", partial(_warehouses, warehouses, account), blocking=False)
        written = partial(_written, client, account, warehouses)
        findings += _tried("Warehouse that the hub writes", written, blocking=False)
    findings += _tried("Order API", partial(_order_api, client))
    findings += _by_hand(account)
    return CheckReport(findings=tuple(findings))


def _tried(subject: str, look: Callable[[], Iterable[Finding]], *, blocking: bool = True) -> list[Finding]:
    try:
        return list(look())
    except HubError as error:
        return [Finding(ok=False, subject=subject, message=_sentence(error), blocking=blocking)]


def _sentence(error: HubError) -> str:
    if isinstance(error, TransientError):
        return f"{error.message} Run the test again in a minute."
    theirs = error.platform_words
    words = error.message if not theirs or theirs in error.message else f"{error.message} Centra says: {theirs}"
    return f"{words.rstrip('.')}."


# --- the token and its limits -----------------------------------------------------------------------------------------
def _token(client: CentraClient, account: Account) -> Iterable[Finding]:
    held = client.rate_limits()
    yield Finding(
        ok=True,
        subject="Integration API token",
        message="Centra accepts the token. It does not say until when: unless another time was chosen, 30 days from "
        "its making. Enter that date on the connection, so that the hub can count it down.",
    )
    short = [limit for limit in held if limit.calls < _assumed(account, limit)]
    if short:
        told = ", ".join(f"{limit.calls:,} {_UNITS[limit.bucket]} {_SPANS[limit.seconds]}" for limit in short)
        words = f"The account allows less than the tier “{tier(account)}” on this connection: {told}. {_fitting(held)}"
        yield Finding(ok=False, subject="Rate limits", message=words, blocking=False)
    elif held:
        yield Finding(ok=True, subject="Rate limits", message="The account allows what the hub's tier needs.")


_UNITS = {"requests": "requests", "mutations": "changes", "complexity": "points of complexity"}
_SPANS = {10: "in ten seconds", 3600: "an hour"}


def _assumed(account: Account, limit: Limit) -> int:
    same = (own for own in limits(account) if (own.bucket, own.seconds) == (limit.bucket, limit.seconds))
    return next((own.calls for own in same), 0)


def _fitting(held: Sequence[Limit]) -> str:
    calls = {(limit.bucket, limit.seconds): limit.calls for limit in held}
    for name, windows in TIERS.items():
        needed = {
            (bucket, seconds): units
            for bucket, both in windows.items()
            for seconds, units in zip((10, 3600), both, strict=True)
        }
        if all(calls.get(window, 0) == units for window, units in needed.items()):
            return f"Choose the tier “{name}”."
    return "No tier of the hub's has exactly these limits: choose one below them."


# --- permissions ------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class _Flow:
    subject: str
    without: str  # what the hub cannot do without it
    document: Document
    variables: dict[str, JSON]
    blocking: bool


_NOBODY = "connection-test"
_FLOWS = (
    _Flow(
        subject="Permission to read orders",
        without="read orders back",
        document=documents.READ_ORDERS,
        variables={"where": {"storeType": "DIRECT_TO_CONSUMER"}, "limit": 1},
        blocking=True,
    ),
    _Flow(
        subject="Permission to search orders",
        without="see whether an order was created before",
        document=documents.FIND_ORDERS,
        variables={"references": [_NOBODY], "mark": _NOBODY, "limit": 1, "page": 1},
        blocking=True,
    ),
    _Flow(
        subject="Permission to change orders",
        without="confirm, hold or cancel orders",
        document=documents.PROBE_ORDER_WRITE,
        variables={},
        blocking=True,
    ),
    _Flow(
        subject="Permission to read shipments",
        without="tell marketplaces of dispatches",
        document=documents.READ_SHIPMENTS,
        variables={"where": {"storeType": "DIRECT_TO_CONSUMER"}, "limit": 1, "page": 1},
        blocking=True,
    ),
    _Flow(
        subject="Permission to read what was sold",
        without="send its orders on to who fulfils them",
        document=READ_SOLD,
        variables={"where": {"storeType": "DIRECT_TO_CONSUMER"}, "limit": 1, "page": 1},
        blocking=False,
    ),
    _Flow(
        subject="Permission to make shipments",
        without="make shipments of what another warehouse sends",
        document=documents.PROBE_SHIPMENT_WRITE,
        variables={},
        blocking=False,
    ),
    _Flow(
        subject="Permission to read returns",
        without="tell the warehouse what comes back, nor compare what was refunded",
        document=documents.READ_RETURNS,
        variables={"where": {"storeType": "DIRECT_TO_CONSUMER"}, "limit": 1, "page": 1},
        blocking=False,
    ),
    _Flow(
        subject="Permission to read prices",
        without="tell marketplaces of prices",
        document=documents.READ_PRICES,
        variables={"where": {}, "limit": 1},
        blocking=False,
    ),
    _Flow(
        subject="Permission to read the event queue",
        without="hear of changes at once, so that it polls",
        document=documents.READ_EVENTS,
        variables={"limit": 1},
        blocking=False,
    ),
    _Flow(
        subject="Permission to confirm events",
        without="empty the event queue",
        document=documents.PROBE_EVENT_WRITE,
        variables={},
        blocking=False,
    ),
)

# A change of stock comes with its event: without the right, one such event fails the whole reading of the queue.
_CHANGES = _Flow(
    subject="Permission to read stock changes",
    without="read the event queue while a change of stock is in it",
    document=documents.PROBE_STOCK_CHANGES,
    variables={},
    blocking=False,
)

TRIED = (*_FLOWS, _CHANGES)


def _flows(client: CentraClient) -> Iterable[Finding]:
    for flow in _FLOWS:
        yield from _tried(flow.subject, partial(_flow, client, flow), blocking=flow.blocking)
    yield from _tried(_CHANGES.subject, partial(_stock_changes, client), blocking=False)
    yield from _tried("Permission to read stock", partial(_articles, client), blocking=False)


def _flow(client: CentraClient, flow: _Flow) -> Iterable[Finding]:
    missing, _ = client.probe(flow.document, flow.variables)
    yield _permitted(flow, missing)


def _stock_changes(client: CentraClient) -> Iterable[Finding]:
    """Nothing is said where a tenant has no such list: what the hub reads of a change comes with its event."""
    try:
        yield from _flow(client, _CHANGES)
    except ConfigurationError as error:
        if error.code != "schema":
            raise


def _articles(client: CentraClient) -> Iterable[Finding]:
    """Products, then the stock of one of them: stock fields are checked only where there is stock to show."""
    products = _Flow(
        subject="Permission to read products",
        without="read products",
        document=documents.READ_PRODUCTS,
        variables={"where": {"isActive": True}, "limit": 1, "page": 1},
        blocking=False,
    )
    missing, found = client.probe(products.document, products.variables)
    yield _permitted(products, missing)
    content = _Flow(
        subject="Permission to read what is told of products",
        without="read products with their words, pictures and attributes",
        document=documents.READ_CONTENT,
        variables={"where": {"status": ["ACTIVE"]}, "limit": 1},
        blocking=False,
    )
    missing, _ = client.probe(content.document, content.variables)
    if missing and TOLD.keys() >= set(missing):
        yield Finding(ok=False, subject=content.subject, message=lacking_words(missing), blocking=False)
    else:
        yield _permitted(content, missing)
    rows = found.get("productSizes") or ()
    stock = _Flow(
        subject="Permission to read stock",
        without="read stock",
        document=documents.stock_of(1),
        variables={"s0": next((row["SKU"] for row in rows if row["SKU"]), _NOBODY), "warehouses": None, "rows": 1},
        blocking=False,
    )
    yield from _flow(client, stock)


def _permitted(flow: _Flow, missing: Sequence[str]) -> Finding:
    if not missing:
        return Finding(ok=True, subject=flow.subject, message="The token has what it takes.", blocking=flow.blocking)
    words = (
        f"The token lacks {', '.join(missing)}, so the hub cannot {flow.without}. "
        "Add it in Centra under System → API Tokens."
    )
    return Finding(ok=False, subject=flow.subject, message=words, blocking=flow.blocking)


# --- the schema -------------------------------------------------------------------------------------------------------
def _schema(client: CentraClient) -> Iterable[Finding]:
    """Every document of ours against the tenant's own schema."""
    # Here: a connection is tested now and then, and every worker would carry the library.
    from graphql import GraphQLError, build_client_schema, get_introspection_query, parse, validate

    described = client.introspect(get_introspection_query(descriptions=False))
    try:
        schema = build_client_schema(described)
    except (TypeError, KeyError, GraphQLError) as error:
        words = f"The tenant's schema could not be read, so it is not certain that it has every field ({error})."
        yield Finding(ok=False, subject="GraphQL schema", message=words, blocking=False)
        return
    faults = {
        document.operation: errors[0].message.rstrip(".")
        for document in (*documents.DOCUMENTS, *SOLD_DOCUMENTS, documents.stock_of(1))
        if (errors := validate(schema, parse(document.text)))
    }
    if faults:
        listed = "; ".join(f"{operation}: {fault}" for operation, fault in faults.items())
        words = f"This tenant's schema lacks what the hub asks for. These would fail: {listed}."
        yield Finding(ok=False, subject="GraphQL schema", message=words)
    else:
        yield Finding(ok=True, subject="GraphQL schema", message="The tenant has every field the hub asks for.")
    mutations = schema.mutation_type.fields if schema.mutation_type else {}
    creators = [name for name in mutations if _CREATE_MUTATION.fullmatch(name)]
    if creators:
        words = f"This tenant offers {creators[0]}. The hub does not use it: it creates orders through the Order API."
        yield Finding(ok=True, subject="Creating orders by GraphQL", message=words, blocking=False)


# --- the Order API ----------------------------------------------------------------------------------------------------
def _order_api(client: CentraClient) -> Iterable[Finding]:
    answer = client.probe_order_api()
    theirs = str(answer.get("msg") or "nothing").rstrip(".")
    if answer.get("status") == "no" and order_code(answer) in _ORDER_REFUSALS:
        yield Finding(ok=True, subject="Order API", message="It can be reached and lets the hub create orders.")
        return
    if answer.get("status") in ("no", "Not Allowed"):
        words = (
            "It can be reached, but it is not certain that it may create orders. Allow the endpoint POST /order in the "
            f"plugin and switch on Allow Order Create. It says: {theirs}."
        )
    else:
        words = (
            "It did not refuse an order without products as it should: see that the path is that of an Order API "
            "plugin, and look in Centra whether an empty order came of the test "
            f"({answer.get('orders') or 'no number given'})."
        )
    yield Finding(ok=False, subject="Order API", message=words)


# --- what the settings name -------------------------------------------------------------------------------------------
def _structure(client: CentraClient, account: Account) -> Iterable[Finding]:
    data = client.execute(documents.READ_STRUCTURE).data
    shops = [row for row in data["stores"] if row["type"] == "DIRECT_TO_CONSUMER"]
    store = whole_setting(account, "store_id")
    if store is not None and store not in [row["id"] for row in shops]:
        words = f"There is no shop with the number {store}. Shops are {_choices(shops)}."
        yield Finding(ok=False, subject="Store", message=words)
    elif store is None and len(shops) > 1:
        words = f"The token sees several shops ({_choices(shops)}). Set the store id, or all their dispatches are read."
        yield Finding(ok=False, subject="Store", message=words, blocking=False)
    else:
        yield Finding(ok=True, subject="Store", message=f"Orders go to {_choices(shops)}.")
    yield from _named("Market", text_setting(account, "market"), data["markets"])
    yield from _named("Price list", text_setting(account, "price_list"), data["pricelists"])


def _named(subject: str, chosen: str, rows: Sequence[JSON]) -> Iterable[Finding]:
    if not chosen:
        return
    found = any(chosen in (str(row["id"]), row["name"]) for row in rows)
    words = f"{chosen} exists." if found else f"Centra has no {subject.lower()} {chosen}. There are {_choices(rows)}."
    yield Finding(ok=found, subject=subject, message=words)


def _warehouses(read: Callable[[], list[dict[str, JSON]]], account: Account) -> Iterable[Finding]:
    rows = read()
    chosen, rule = warehouse_setting(account), whole_setting(account, "allocation_rule_id")
    if not chosen and rule is None:
        rules = {found["id"]: found for row in rows for found in row["allocationRules"]}
        told = _choices(list(rules.values()))
        words = f"Choose an allocation rule or warehouses, or stock cannot be read. Rules are {told}."
        yield Finding(ok=False, subject="Warehouses", message=words, blocking=False)
        return
    active = {row["id"] for row in rows if row["status"] == "ACTIVE"}
    used = chosen or (warehouses_of(rows, rule=rule) if rule is not None else ())
    missing = [str(warehouse) for warehouse in used if warehouse not in active]
    if not used or missing:
        words = f"No active warehouse: {', '.join(missing) or f'rule {rule} has none'}. There are {_choices(rows)}."
        yield Finding(ok=False, subject="Warehouses", message=words, blocking=False)
    else:
        named = [row for row in rows if row["id"] in used]
        yield Finding(ok=True, subject="Warehouses", message=f"Stock is read in {_choices(named)}.", blocking=False)


def _written(client: CentraClient, account: Account, read: Callable[[], list[dict[str, JSON]]]) -> Iterable[Finding]:
    """Only where another system owns the stock: the warehouse that the hub writes, and the right to."""
    warehouse = whole_setting(account, "stock_warehouse_id")
    if warehouse is None:
        return
    rows = read()
    found = next((row for row in rows if row["id"] == warehouse and row["status"] == "ACTIVE"), None)
    words = (
        f"Stock that another system owns is written into {_choices([found])}."
        if found
        else f"There is no active warehouse {warehouse} to write stock into. There are {_choices(rows)}."
    )
    yield Finding(ok=found is not None, subject="Warehouse that the hub writes", message=words, blocking=False)
    right = _Flow(
        subject="Permission to set stock",
        without="set stock",
        document=documents.PROBE_STOCK_WRITE,
        variables={},
        blocking=False,
    )
    yield from _flow(client, right)
    counted = _Flow(
        subject="Permission to read that warehouse",
        without="see what it holds before it writes, nor compare it afterwards",
        document=documents.READ_WAREHOUSE_STOCK,
        variables={"warehouse": [warehouse], "sizes": None, "limit": 1},
        blocking=False,
    )
    yield from _flow(client, counted)


def _choices(rows: Sequence[JSON]) -> str:
    return ", ".join(f"{row['id']} {row['name']}" for row in rows) or "none"


# --- what only a person can see ---------------------------------------------------------------------------------------
def _by_hand(account: Account) -> Iterable[Finding]:
    ticked = account.settings.get("auto_confirm_off") is True
    words = (
        "A person has checked that the shop does not confirm orders by itself."
        if ticked
        else "Centra does not let the hub read whether the shop confirms orders by itself. It must not: an order that "
        "was created twice by accident could then ship twice. See to it in the store's settings in Centra, then "
        "tick “Auto-confirm is off” on the connection."
    )
    yield Finding(ok=ticked, subject="Auto-confirm", message=words, blocking=False)
    secret = bool(account.credentials.get("webhook_secret"))
    words = (
        "A secret is set: webhooks are checked against it."
        if secret
        else "No webhook secret is set, so webhooks are refused and changes are seen by polling only."
    )
    yield Finding(ok=secret, subject="Webhooks", message=words, blocking=False)
