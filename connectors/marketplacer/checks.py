"""The connection test: what the key opens, what this instance lacks, what blocks going live. It only reads.

There is no official schema to hold an instance against, and money fields have no confirmed names: introspection at connect
says whether an order's amounts can be read at all. Without them the test fails, before an order does.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import partial

from connectors import ports
from connectors.base import Account, CheckReport, Finding
from connectors.canonical.errors import ConfigurationError, HubError, TransientError
from connectors.canonical.payload import JSON
from connectors.http import Gate
from connectors.marketplacer import documents
from connectors.marketplacer.account import currency_of
from connectors.marketplacer.client import MarketplacerClient
from connectors.marketplacer.documents import SKU_ARGUMENT, Absent

PROBE_WINDOW = timedelta(minutes=1)

# One of each group must exist, or an order's amounts cannot be read.
NEEDED_MONEY: Mapping[str, tuple[str, ...]] = {
    "what a unit costs": ("LineItem.costCents", "LineItem.costFormatted"),
    "what postage costs": (
        "LineItem.postageCents",
        "LineItem.postageFormatted",
        "Invoice.postageCents",
        "Invoice.postageFormatted",
    ),
    "an order's total": ("Invoice.totalCents", "Invoice.totalFormatted"),
}
NEEDED_CALLS: Mapping[str, str] = {
    "Mutation.shipmentCreate": "confirm dispatches",
    "Mutation.refundRequestCreate": "cancel orders",
    "Mutation.refundRequestReturn": "settle refund requests",
    "Mutation.variantUpdate": "send stock and prices",
}
MISSED: Mapping[str, str] = {
    "Invoice.updatedAt": "An order's last change is told by its newest date instead.",
    "Invoice.refundRequests": "Refund requests are read one order at a time instead.",
    "RefundRequestLineItem.dispatched": (
        "Cancellations show only when the marketplace has settled them, and returns are not read."
    ),
    "Shipment.note": "A dispatch is found again by its tracking number alone.",
    SKU_ARGUMENT: "All products are read to find the one a SKU belongs to.",
}


def check(account: Account, *, gate: Gate) -> CheckReport:
    try:
        client = MarketplacerClient(account, gate=gate)
    except ConfigurationError as error:
        return CheckReport(findings=(Finding(ok=False, subject="Address", message=error.message),))
    findings = [*_tried("Currency", partial(_currency, account)), *_tried("API key", partial(_key, client))]
    if all(finding.ok for finding in findings if finding.subject == "API key"):
        findings += _tried("Reading orders", partial(_orders, client))
        findings += _tried("Fields of this marketplace", partial(_schema, client))
        findings += _tried("Reading refund requests", partial(_refunds, client), blocking=False)
        findings += _tried("Carriers", partial(_carriers, client), blocking=False)
        findings.append(_untested())
    findings.append(_webhooks(account))
    return CheckReport(findings=tuple(findings))


def why_not_live(client: MarketplacerClient) -> tuple[str, ...]:
    """Orders are read once before the schema: an instance that hides it tells what it lacks by what it refuses."""
    found = (*_orders(client), *_schema(client))
    return tuple(finding.message for finding in found if finding.blocking and not finding.ok)


def _tried(subject: str, look: Callable[[], Iterable[Finding]], *, blocking: bool = True) -> list[Finding]:
    try:
        return list(look())
    except HubError as error:
        return [Finding(ok=False, subject=subject, message=_sentence(error), blocking=blocking)]


def _sentence(error: HubError) -> str:
    if isinstance(error, TransientError):
        return f"{error.message} Run the test again in a minute."
    theirs = error.platform_words
    words = error.message if not theirs or theirs in error.message else f"{error.message} Marketplacer says: {theirs}"
    return f"{words.rstrip('.')}."


def _currency(account: Account) -> Iterator[Finding]:
    words = f"Amounts are read as {currency_of(account)}, the marketplace's one currency."
    yield Finding(ok=True, subject="Currency", message=words)


def _key(client: MarketplacerClient) -> Iterator[Finding]:
    principal = client.execute(documents.WHO_AM_I).get("apiKeyPrincipal")
    seller = principal.get("seller") if isinstance(principal, dict) else None
    if not isinstance(seller, dict) or not seller.get("id"):
        words = "The API key belongs to no seller. Make one in the seller portal under Extensions > API access."
        yield Finding(ok=False, subject="API key", message=words)
        return
    words = f"The key opens the seller “{seller.get('businessName') or seller['id']}”."
    yield Finding(ok=True, subject="API key", message=words)


# --- the schema -------------------------------------------------------------------------------------------------------
def known_fields(schema: Mapping[str, JSON]) -> Absent:
    """ "Invoice.updatedAt" and "Query.advertsWhere(skus)" for all that the introspection shows."""
    names: set[str] = set()
    for kind, shown in schema.items():
        for field in _listed(shown, "fields"):
            names.add(f"{kind}.{field.get('name')}")
            names.update(f"{kind}.{field.get('name')}({arg.get('name')})" for arg in _listed(field, "args"))
    return frozenset(names)


def _listed(holder: JSON, name: str) -> Sequence[Mapping[str, JSON]]:
    found = holder.get(name) if isinstance(holder, dict) else None
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _schema(client: MarketplacerClient) -> Iterator[Finding]:
    known = _introspected(client)
    if not known:
        words = "The marketplace does not show its schema, so what it lacks is known only from what it refused so far."
        yield Finding(ok=False, subject="Fields of this marketplace", message=words, blocking=False)
        yield _money(lambda name: name not in client.absent)
        return
    client.learn_absent(frozenset(name for name in MISSED if name not in known))
    yield _money(known.__contains__)
    yield from _calls(known)
    for name, instead in MISSED.items():
        if name not in known:
            words = f"This marketplace does not have {name}. {instead}"
            yield Finding(ok=False, subject="Fields of this marketplace", message=words, blocking=False)


def _introspected(client: MarketplacerClient) -> Absent:
    """All that the instance shows; nothing where it shows no schema, which an operator may have switched off."""
    try:
        return known_fields(client.read_schema())
    except ConfigurationError as error:
        if error.code in {"schema", "permission"}:
            return frozenset()
        raise


def _money(is_there: Callable[[str], bool]) -> Finding:
    missing = [what for what, names in NEEDED_MONEY.items() if not any(map(is_there, names))]
    if missing:
        fields = ", ".join(name for what in missing for name in NEEDED_MONEY[what])
        words = (
            f"This marketplace shows no field for {', '.join(missing)} (none of {fields}). "
            "No order can be read, so the connection cannot go live: tell an administrator."
        )
        return Finding(ok=False, subject="Amounts", message=words)
    return Finding(ok=True, subject="Amounts", message="Every amount that an order needs is shown.")


def _calls(known: Absent) -> Iterator[Finding]:
    for name, what in NEEDED_CALLS.items():
        if name not in known:
            words = f"This marketplace offers no {name.partition('.')[2]}, so the hub cannot {what} there."
            yield Finding(ok=False, subject="Calls of this marketplace", message=words)


# --- reading ----------------------------------------------------------------------------------------------------------
def _orders(client: MarketplacerClient) -> Iterator[Finding]:
    now = ports.now()
    window = {"updatedSince": (now - PROBE_WINDOW).isoformat(), "updatedUntil": now.isoformat()}
    client.page(documents.LIST_INVOICES, "invoices", {"first": 1, "after": None, "filters": window})
    yield Finding(ok=True, subject="Reading orders", message="The key may read orders.")


def _refunds(client: MarketplacerClient) -> Iterator[Finding]:
    client.page(documents.LIST_REFUND_REQUESTS, "refundRequests", {"first": 1, "after": None, "filters": {}})
    yield Finding(ok=True, subject="Reading refund requests", message="The key may read refund requests.")


def _carriers(client: MarketplacerClient) -> Iterator[Finding]:
    page = client.page(documents.LIST_CARRIERS, "shipmentCarriers", {"after": None})
    if not page["nodes"]:
        words = (
            "The marketplace lists no carrier, so no dispatch can be confirmed. Ask the operator to set carriers up."
        )
        yield Finding(ok=False, subject="Carriers", message=words, blocking=False)
        return
    yield Finding(ok=True, subject="Carriers", message="The marketplace lists its carriers.")


def _untested() -> Finding:
    words = "Marketplacer shows only in use whether the key may confirm dispatches, cancel, and send stock and prices."
    return Finding(ok=True, subject="Rights to write", message=words)


def _webhooks(account: Account) -> Finding:
    if account.credentials.get("webhook_secret") or account.credentials.get("webhook_hmac_key"):
        return Finding(ok=True, subject="Webhooks", message="Webhooks are checked before they are taken.")
    words = "No webhook secret is entered, so webhooks are refused and changes are found by asking only."
    return Finding(ok=False, subject="Webhooks", message=words, blocking=False)
