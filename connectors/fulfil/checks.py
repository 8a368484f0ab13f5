"""The connection test: what works, what lacks, what a person must set in Fulfil. Never raises for a refusal.

Everything is read as the flows read it; nothing is created, so that a channel's create access shows only in its list of
users.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from connectors import ports
from connectors.base import Account, CheckReport, Finding
from connectors.canonical.errors import ConfigurationError, HubError, TransientError
from connectors.canonical.payload import JSON
from connectors.fulfil import translate, translate_changes, translate_returns
from connectors.fulfil.account import channel_id, limits, text_setting, warehouse_ids, webhook_secrets, whole_setting
from connectors.fulfil.client import FulfilClient
from connectors.fulfil.webhooks import secret_key
from connectors.http import Call, Exchange, Gate

CHANNEL_FIELDS = (
    "name", "company", "currency.code", "warehouse", "shipment_method", "invoice_method", "create_users",
)  # fmt: skip
SETTLED_BY_HAND = "process_manually"
ON_ITS_OWN = "process_automatically"


def check(account: Account, *, gate: Gate) -> CheckReport:
    try:
        client = FulfilClient(account, gate=_Paced(gate, seconds=1 / limits(account)[0].calls))
    except ConfigurationError as error:
        return CheckReport(findings=(Finding(ok=False, subject="Address", message=_sentence(error)),))
    findings = _tried("API key", partial(_key, client))
    if CheckReport(findings=tuple(findings)).ok:
        findings += _tried("Channel", partial(_channel, client, account))
        findings += _tried("Payment gateway", partial(_gateway, client, account))
        findings += _tried("Warehouses", partial(_warehouses, client, account), blocking=False)
        findings += _permissions(client)
    findings += _webhooks(account)
    return CheckReport(findings=tuple(findings))


class _Paced:
    """Keeps the test's calls, which nobody budgets, inside what Fulfil takes from one user in a second."""

    def __init__(self, gate: Gate, *, seconds: float) -> None:
        self._gate, self._seconds = gate, seconds

    def before_call(self, call: Call) -> None:
        ports.sleep(self._seconds)
        self._gate.before_call(call)

    def after_call(self, exchange: Exchange) -> None:
        self._gate.after_call(exchange)

    def penalise(self, call: Call, *, until: datetime) -> None:
        self._gate.penalise(call, until=until)


def _tried(subject: str, look: Callable[[], Iterable[Finding]], *, blocking: bool = True) -> list[Finding]:
    try:
        return list(look())
    except HubError as error:
        return [Finding(ok=False, subject=subject, message=_sentence(error), blocking=blocking)]


def _sentence(error: HubError) -> str:
    if isinstance(error, TransientError):
        return f"{error.message} Run the test again in a minute."
    theirs = error.platform_words
    text = error.message if not theirs or theirs in error.message else f"{error.message} Fulfil says: {theirs}"
    return f"{text.rstrip('.')}."


def _key(client: FulfilClient) -> Iterable[Finding]:
    told = client.call("res.user", "get_preferences", [True])
    ok = isinstance(told, dict)
    text = (
        "Fulfil accepts the key." if ok else "Fulfil did not say whose key this is: see that the address is a tenant's."
    )
    yield Finding(ok=ok, subject="API key", message=text)


# --- the channel ------------------------------------------------------------------------------------------------------
def _channel(client: FulfilClient, account: Account) -> Iterable[Finding]:
    number = channel_id(account)
    rows = client.search_read("sale.channel", [["id", "=", number]], CHANNEL_FIELDS, limit=1)
    if not rows:
        seen = client.search_read("sale.channel", [], ("name",), limit=20)
        text = f"There is no channel {number}, or the key's user may not see it. It sees {_choices(seen)}."
        yield Finding(ok=False, subject="Channel", message=text)
        return
    channel = rows[0]
    yield Finding(ok=True, subject="Channel", message=f"Orders go into the channel {channel['name']}.")
    yield from _channel_settings(channel, account)
    yield from _order_states(client, number)
    yield from _taxes(client, number)
    yield from _carriers(client, account, number)


def _channel_settings(channel: dict[str, JSON], account: Account) -> Iterable[Finding]:
    users = bool(channel.get("create_users"))
    yield _finding(
        "Create access",
        ok=users,
        fine="Some users may create orders in the channel. See that the key's user is one of them.",
        lacking="No user may create orders in the channel. Give the key's user create access in the channel's settings.",
    )
    company = whole_setting(account, "company_id")
    yield _finding(
        "Company",
        ok=company is None or company == channel.get("company"),
        fine=f"The channel belongs to company {channel.get('company')}.",
        lacking=f"The channel belongs to company {channel.get('company')}, and the connection names {company}. Correct it.",
    )
    yield _finding(
        "Warehouse of the channel",
        ok=bool(channel.get("warehouse")),
        fine="The channel has a warehouse to send from.",
        lacking="The channel has no warehouse, so no order can be confirmed. Set one in the channel's settings.",
    )
    yield _finding(
        "Shipments",
        ok=channel.get("shipment_method") == "order",
        fine="Shipments are made as soon as an order is released.",
        lacking="Releasing an order makes no shipment. Set the channel's shipment method to “order”.",
    )
    yield _finding(
        "Invoices",
        ok=channel.get("invoice_method") in ("order", "shipment"),
        fine="Invoices are made by themselves.",
        lacking="Invoices of this channel are made by hand. Set the channel's invoice method, or make them there.",
        blocking=False,
    )


def _order_states(client: FulfilClient, number: int) -> Iterable[Finding]:
    """How an order's status picks the row is not published: so no row may let an order go on its own."""
    rows = client.search_read_all("sale.channel.order_state", [["channel", "=", number]], ("code", "name", "action"))
    alone = [str(row.get("name") or row.get("code")) for row in rows if row.get("action") == ON_ITS_OWN]
    by_hand = [row for row in rows if row.get("action") == SETTLED_BY_HAND]
    lacking = (
        f"The channel sends orders to the warehouse before the hub has compared the money: {', '.join(alone)}. "
        "Set these order states to manual processing in the channel's settings."
        if alone
        else "The channel has no order state with manual processing. Add one for new orders in the channel's settings."
    )
    yield _finding(
        "Manual processing",
        ok=bool(by_hand) and not alone,
        fine="The channel leaves orders for manual processing: the hub releases each after comparing the money.",
        lacking=lacking,
    )


def _taxes(client: FulfilClient, number: int) -> Iterable[Finding]:
    rows = client.search_read_all("sale.channel.tax", [["channel", "=", number]], ("name",))
    listed = ", ".join(str(row.get("name")) for row in rows)
    yield _finding(
        "Taxes",
        ok=bool(rows),
        fine=f"The channel knows these taxes: {listed}.",
        lacking="The channel knows no taxes, so orders that state taxes are refused. Add them in the channel's settings.",
    )


def _carriers(client: FulfilClient, account: Account, number: int) -> Iterable[Finding]:
    rows = client.search_read_all("sale.channel.carrier", [["channel", "=", number]], ("code",))
    codes = [str(row.get("code")) for row in rows]
    chosen = text_setting(account, "shipping_service")
    unknown = bool(chosen) and chosen.lower() not in [code.lower() for code in codes]
    told = ", ".join(codes) or "none"
    yield _finding(
        "Shipping services",
        ok=bool(rows) and not unknown,
        fine=f"The channel knows these shipping services: {told}.",
        lacking=f"The channel does not know the shipping service {chosen}. It has {told}."
        if unknown
        else "The channel has no shipping services, so an order that names one is refused. Add them in its settings.",
        blocking=unknown,
    )


# --- what the settings name -------------------------------------------------------------------------------------------
def _gateway(client: FulfilClient, account: Account) -> Iterable[Finding]:
    chosen = text_setting(account, "payment_method")
    rows = client.search_read_all("payment_gateway.gateway", [], ("code", "name"))
    codes = [str(row["code"]) for row in rows if row.get("code")]
    told = ", ".join(codes) or "none"
    if not chosen:
        text = f"No payment gateway is set: each link must name one. Fulfil has {told}."
        yield Finding(ok=False, subject="Payment gateway", message=text, blocking=False)
        return
    yield _finding(
        "Payment gateway",
        ok=chosen in codes,
        fine=f"Payments are recorded with the gateway {chosen}.",
        lacking=f"Fulfil has no payment gateway with the code {chosen}. It has {told}.",
    )


def _warehouses(client: FulfilClient, account: Account) -> Iterable[Finding]:
    chosen = warehouse_ids(account)
    rows = client.search_read_all("stock.location", [["type", "=", "warehouse"]], ("name",))
    if not chosen:
        text = f"Choose warehouses, or stock cannot be read. There are {_choices(rows)}."
        yield Finding(ok=False, subject="Warehouses", message=text, blocking=False)
        return
    known = {row["id"]: row for row in rows}
    missing = [str(one) for one in chosen if one not in known]
    yield _finding(
        "Warehouses",
        ok=not missing,
        fine=f"Stock is read in {_choices([known[one] for one in chosen if one in known])}.",
        lacking=f"These are no warehouses: {', '.join(missing)}. There are {_choices(rows)}.",
    )


# --- permissions ------------------------------------------------------------------------------------------------------
_READ = (
    ("sale.sale", translate.SALE_FIELDS, "read orders back", True),
    ("sale.line", translate.LINE_FIELDS, "compare an order's lines", True),
    ("channel.exception", ("log",), "see why Fulfil keeps an order back", True),
    ("stock.shipment.out", translate.SHIPMENT_FIELDS, "tell of dispatches", True),
    ("stock.move", translate.MOVE_FIELDS, "see what left in a shipment", True),
    ("product.product", translate.PRODUCT_FIELDS, "read products and stock", False),
    ("party.address", translate_changes.ADDRESS_FIELDS, "see that a changed address has arrived", False),
    ("party.party", translate_changes.PARTY_FIELDS, "see that a changed e-mail address has arrived", False),
    ("stock.shipment.out.return", translate_returns.SHIPMENT_FIELDS, "tell what came back", False),
    ("account.invoice", translate_returns.INVOICE_FIELDS, "compare credit notes with refunds", False),
)


def _permissions(client: FulfilClient) -> Iterable[Finding]:
    for model, fields, purpose, blocking in _READ:
        yield from _tried(
            f"Access to {model}", partial(_readable, client, model, fields, purpose, blocking), blocking=blocking
        )


def _readable(
    client: FulfilClient, model: str, fields: Sequence[str], purpose: str, blocking: bool
) -> Iterable[Finding]:
    domain: list[Any] = [["origin", "like", "sale.line,%"]] if model == "stock.move" else []
    try:
        client.search_read(model, domain, fields, limit=1)
    except ConfigurationError as error:
        if not error.operation:
            raise
        text = f"The key's user may not read {model}, so the hub cannot {purpose}. Give the user this access in Fulfil."
        yield Finding(ok=False, subject=f"Access to {model}", message=text, blocking=blocking)
        return
    yield Finding(ok=True, subject=f"Access to {model}", message="The key's user may read it.", blocking=blocking)


def _webhooks(account: Account) -> Iterable[Finding]:
    secrets = webhook_secrets(account)
    usable = [secret for secret in secrets if secret_key(secret)]
    lacking = (
        "The webhook secret is not one of Fulfil's: paste it again as it is shown there."
        if secrets
        else "No webhook secret is set, so webhooks are refused and changes of stock are seen a little later."
    )
    yield _finding(
        "Webhooks",
        ok=bool(usable),
        fine="A secret is set: webhooks are checked against it.",
        lacking=lacking,
        blocking=False,
    )


def _finding(subject: str, *, ok: bool, fine: str, lacking: str, blocking: bool = True) -> Finding:
    return Finding(ok=ok, subject=subject, message=fine if ok else lacking, blocking=blocking)


def _choices(rows: Sequence[dict[str, JSON]]) -> str:
    return ", ".join(f"{row['id']} {row.get('name')}" for row in rows) or "none"
