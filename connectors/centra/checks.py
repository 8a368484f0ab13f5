"""The connection test: what works, what lacks, what a person must look at in Centra. Never raises for a refusal.

Every read of the flows is tried as it is, for one row, so that Centra names the permissions that are missing. Nothing
is changed: the tried confirmations name no order and no event, and the tried order has no products.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from graphql import GraphQLError, build_client_schema, get_introspection_query, parse, validate

from connectors.base import JSON, Account, CheckReport, Finding
from connectors.canonical.errors import ConfigurationError, HubError
from connectors.centra import documents
from connectors.centra.account import TIERS, limits, text_setting, tier, warehouse_setting, whole_setting
from connectors.centra.client import CentraClient, order_code
from connectors.centra.documents import Document
from connectors.centra.translate import warehouses_of
from connectors.http import Gate, Limit

_CREATE_MUTATION = re.compile(r"create(DirectToConsumer)?Orders?")
# What POST /order answers to an order without products, once it may create orders at all.
_EMPTY, _FIELD_MISSING = -3, -4


def check(account: Account, *, gate: Gate) -> CheckReport:
    try:
        client = CentraClient(account, gate=gate)
    except ConfigurationError as error:
        return CheckReport(findings=(Finding(ok=False, subject="Address", message=error.message),))
    token = _tried("Integration API token", lambda: _token(client, account))
    findings = [*token]
    if all(finding.ok or not finding.blocking for finding in token):
        findings += _flows(client)
        findings += _tried("GraphQL schema", lambda: _schema(client), blocking=False)
        findings += _tried("Store, market, price list", lambda: _structure(client, account))
        findings += _tried("Warehouses", lambda: _warehouses(client, account), blocking=False)
    findings += _tried("Order API", lambda: _order_api(client))
    findings += _by_hand(account)
    return CheckReport(findings=tuple(findings))


def _tried(subject: str, look: Callable[[], Iterable[Finding]], *, blocking: bool = True) -> list[Finding]:
    try:
        return list(look())
    except HubError as error:
        words = f"{error.message} Centra's words: {error.platform_words}" if error.platform_words else error.message
        return [Finding(ok=False, subject=subject, message=words, blocking=blocking)]


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
        told = ", ".join(f"{limit.calls:,} {limit.bucket} in {limit.seconds} seconds" for limit in short)
        words = f"The account allows less than the tier “{tier(account)}” on this connection: {told}. {_fitting(held)}"
        yield Finding(ok=False, subject="Rate limits", message=words, blocking=False)
    elif held:
        yield Finding(ok=True, subject="Rate limits", message="The account allows what the hub's tier needs.")


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
        variables={"where": {"storeType": "DIRECT_TO_CONSUMER"}, "limit": 1},
        blocking=True,
    ),
    _Flow(
        subject="Permission to read products",
        without="read products",
        document=documents.READ_PRODUCTS,
        variables={"where": {"isActive": True}, "limit": 1},
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


def _flows(client: CentraClient) -> list[Finding]:
    found = [finding for flow in _FLOWS for finding in _tried(flow.subject, lambda flow=flow: [_flow(client, flow)])]  # type: ignore[misc]
    return [*found, *_tried("Permission to read stock", lambda: _stock(client), blocking=False)]


def _flow(client: CentraClient, flow: _Flow) -> Finding:
    missing = client.missing_permissions(flow.document, flow.variables)
    if not missing:
        return Finding(ok=True, subject=flow.subject, message="The token has what it takes.", blocking=flow.blocking)
    words = (
        f"The token lacks {', '.join(missing)}, so the hub cannot {flow.without}. "
        "Add it in Centra under System → API Tokens."
    )
    return Finding(ok=False, subject=flow.subject, message=words, blocking=flow.blocking)


def _stock(client: CentraClient) -> Iterable[Finding]:
    """Stock fields are checked where there is stock to show, so one real SKU is asked for."""
    rows = client.execute(documents.READ_PRODUCTS, {"where": {"isActive": True}, "limit": 1}).data["productSizes"]
    sku = (rows[0]["SKU"] if rows else None) or _NOBODY
    flow = _Flow(
        subject="Permission to read stock",
        without="read stock",
        document=documents.stock_of(1),
        variables={"s0": sku, "warehouses": None, "rows": 1},
        blocking=False,
    )
    yield _flow(client, flow)


# --- the schema -------------------------------------------------------------------------------------------------------
def _schema(client: CentraClient) -> Iterable[Finding]:
    """Every document of ours against the tenant's own schema."""
    described = client.introspect(get_introspection_query(descriptions=False))
    try:
        schema = build_client_schema(described)
    except (TypeError, KeyError, GraphQLError) as error:
        words = f"The tenant's schema could not be read, so it is not certain that it has every field: {error}"
        yield Finding(ok=False, subject="GraphQL schema", message=words, blocking=False)
        return
    faults = {
        document.operation: validate(schema, parse(document.text))[0].message
        for document in (*documents.DOCUMENTS, documents.stock_of(1))
        if validate(schema, parse(document.text))
    }
    if faults:
        listed = "; ".join(f"{operation}: {fault}" for operation, fault in faults.items())
        words = f"This tenant's schema lacks what the hub asks for. These would fail: {listed}"
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
    code, theirs = order_code(answer), str(answer.get("msg") or "")
    if answer.get("status") == "no" and code in (_EMPTY, _FIELD_MISSING):
        yield Finding(ok=True, subject="Order API", message="It can be reached and lets the hub create orders.")
    elif answer.get("status") == "no":
        words = f"It can be reached, but answers an empty order in a way we do not know: {theirs or 'no reason given'}."
        yield Finding(ok=False, subject="Order API", message=words, blocking=False)
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


def _warehouses(client: CentraClient, account: Account) -> Iterable[Finding]:
    rows = client.read_warehouses()
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
