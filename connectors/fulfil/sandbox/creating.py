"""sale.channel/create_order: an order of a channel comes in, once for each channel_identifier.

Source: the platform reference of this project, sections 8.1 to 8.5 and 9.1. Where the vendor is silent, `Switches` says.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from connectors.fulfil.sandbox import sales, wire
from connectors.fulfil.sandbox.amounts import coins
from connectors.fulfil.sandbox.refusals import bad_request, user_error
from connectors.fulfil.sandbox.store import Row
from connectors.fulfil.sandbox.tenant import Tenant

REQUIRED = (
    "channel_identifier", "reference", "confirmed_at", "customer", "billing_address", "shipping_address", "sale_lines",
    "amount", "currency_code", "status", "financial_status", "fulfillment_status",
)  # fmt: skip
CHOICES: Mapping[str, tuple[str, ...]] = {
    "status": ("pending", "completed", "cancelled"),
    "financial_status": ("paid", "unpaid", "refunded"),
    "fulfillment_status": ("unshipped", "partial", "shipped"),
}


def create_order(tenant: Tenant, channel_id: Any, told: Any) -> Any:
    """The order's record; a repeat creates nothing and gives the same."""
    channel = tenant.row("sale.channel", channel_id)
    _check(tenant, channel, told)
    known = tenant.only("sale.sale", channel=channel["id"], channel_identifier=str(told["channel_identifier"]))
    sale = known or _create(tenant, channel, told)
    answer = record(tenant, sale)
    return [answer] if tenant.switches.answer_as_list else answer


def record(tenant: Tenant, sale: Row) -> dict[str, Any]:
    name = tenant.rec_name("sale.sale", sale)
    return {"__class__": "Model", "model_name": "sale.sale", "id": sale["id"], "rec_name": name}


def _check(tenant: Tenant, channel: Row, told: Any) -> None:
    if not isinstance(told, dict):
        raise bad_request("The order must be an object.")
    if tenant.user_id not in channel["create_users"]:
        raise user_error(sales.ACCESS)
    missing = [name for name in REQUIRED if told.get(name) in (None, "", [])]
    if missing:
        raise user_error(f"Required fields are missing: {', '.join(missing)}")
    for name, allowed in CHOICES.items():
        if told[name] not in allowed:
            raise user_error(f"{told[name]} is not a valid {name}", description=f"One of {', '.join(allowed)}")


def _create(tenant: Tenant, channel: Row, told: Mapping[str, Any]) -> Row:
    currency = tenant.only("currency.currency", code=told["currency_code"])
    if currency is None:
        raise user_error(f"Currency {told['currency_code']} not found")
    party = _party(tenant, told["customer"])
    service = _carrier(tenant, channel, told)
    sale = tenant.insert(
        "sale.sale",
        reference=str(told["reference"]),
        channel=channel["id"],
        channel_identifier=str(told["channel_identifier"]),
        state="draft",
        party=party["id"],
        invoice_address=_address(tenant, party, told["billing_address"])["id"],
        shipment_address=_address(tenant, party, told["shipping_address"])["id"],
        company=channel["company"],
        currency=currency["id"],
        warehouse=channel["warehouse"],
        confirmation_time=wire.as_moment(told["confirmed_at"], "confirmed_at"),
        invoice_method=channel["invoice_method"],
        shipment_method=channel["shipment_method"],
        priority=str(told.get("priority", 2)),
        comment=told.get("comment"),
        metadata=told.get("metadata") or {},
        requested_shipping_service=told.get("requested_shipping_service"),
        carrier=service["carrier"] if service else None,
        carrier_service=service["carrier_service"] if service else None,
        has_return=False,
    )
    _lines(tenant, channel, sale, told, digits=currency["digits"])
    _payments(tenant, sale, told)
    if _total_agrees(tenant, channel, sale, told):
        _act(tenant, channel, sale, str(told["status"]))
    return sale


def _party(tenant: Tenant, told: Mapping[str, Any]) -> Row:
    """E-mail tells people apart."""
    contacts = [tuple(one) for one in told.get("contacts") or ()]
    email = next((value for kind, value in contacts if kind == "email"), None)
    known = tenant.only("party.party", email=email) if email else None
    if known is not None:
        return known
    party = tenant.insert("party.party", name=told.get("name"), email=email)
    for kind, value in contacts:
        tenant.insert("party.contact_mechanism", party=party["id"], type=kind, value=value)
    return party


def _address(tenant: Tenant, party: Row, told: Mapping[str, Any]) -> Row:
    country = tenant.only("country.country", code=told.get("country_code"))
    if country is None:
        raise user_error(f"Country {told.get('country_code')} not found")
    subdivision = None
    if told.get("subdivision_code"):
        subdivision = tenant.only("country.subdivision", code=f"{country['code']}-{told['subdivision_code']}")
        if subdivision is None:
            raise user_error(f"Subdivision {told['subdivision_code']} not found")
    names = ("name", "city", "zip", "phone", "email", "channel_identifier")
    return tenant.insert(
        "party.address",
        party=party["id"],
        street=told.get("address1"),
        street_bis=told.get("address2"),
        country=country["id"],
        subdivision=subdivision["id"] if subdivision else None,
        **{name: told.get(name) for name in names},
    )


def _carrier(tenant: Tenant, channel: Row, told: Mapping[str, Any]) -> Row | None:
    codes = [told.get("requested_shipping_service")]
    codes += [line.get("carrier_service_code") for line in told.get("shipping_lines") or ()]
    mapped = {row["code"].lower(): row for row in tenant.pointing("sale.channel.carrier", "channel", channel["id"])}
    found = None
    for code in filter(None, codes):
        if str(code).lower() not in mapped:
            raise user_error(f"Shipping carrier is not configured for code: {code}")
        found = mapped[str(code).lower()]
    return found


def _lines(tenant: Tenant, channel: Row, sale: Row, told: Mapping[str, Any], *, digits: int) -> None:
    for place, one in enumerate(told["sale_lines"], start=1):
        product = tenant.product(str(one.get("sku")))
        price = wire.as_decimal(one.get("unit_price"), "unit_price")
        _line(tenant, channel, sale, one, product=product, quantity=float(one["quantity"]), price=price, place=place)
    for one in told.get("shipping_lines") or ():
        price = wire.as_decimal(one.get("amount", 0), "amount")
        _line(tenant, channel, sale, one, product=tenant.product("shipping"), quantity=1.0, price=price, place=900)
    if tenant.switches.add_cents:
        last = sales.lines_of(tenant, sale)[-1]
        tenant.update(
            "sale.line", last, _tax=(last["_tax"] or Decimal(0)) + Decimal(tenant.switches.add_cents).scaleb(-digits)
        )


def _line(
    tenant: Tenant,
    channel: Row,
    sale: Row,
    told: Mapping[str, Any],
    *,
    product: Row,
    quantity: float,
    price: Decimal,
    place: int,
) -> None:
    taxes = told.get("tax_lines") or ()
    tenant.insert(
        "sale.line",
        sale=sale["id"],
        sequence=place,
        type="line",
        product=product["id"],
        description=told.get("description") or product["code"],
        quantity=quantity,
        unit_price=price,
        list_price=price if told.get("list_price") is None else wire.as_decimal(told["list_price"], "list_price"),
        channel_identifier=None if told.get("channel_identifier") is None else str(told["channel_identifier"]),
        metadata=(told.get("metadata") or {}) if tenant.switches.keep_line_metadata else {},
        warehouse=told.get("warehouse"),
        taxes=[_tax(tenant, channel, one) for one in taxes],
        _tax=sum((wire.as_decimal(one.get("amount", 0), "amount") for one in taxes), Decimal(0)),
    )


def _tax(tenant: Tenant, channel: Row, told: Mapping[str, Any]) -> int:
    rate = wire.as_decimal(told.get("rate", 0), "rate")
    for row in tenant.pointing("sale.channel.tax", "channel", channel["id"]):
        if row["name"] == told.get("name") and row["rate"] == rate:
            return int(row["tax"])
    raise user_error(f"{told.get('name')} (tax) of rate {rate} was not found.")


def _payments(tenant: Tenant, sale: Row, told: Mapping[str, Any]) -> None:
    for one in told.get("payments") or ():
        gateway = tenant.only("payment_gateway.gateway", code=one.get("method"))
        if gateway is None:
            raise user_error(f"Payment gateway {one.get('method')} is not configured on this channel")
        if one.get("state") == "success":
            tenant.insert(
                "sale.payment",
                sale=sale["id"],
                amount=wire.as_decimal(one["amount"], "amount"),
                gateway=gateway["id"],
                reference=one.get("provider_reference"),
            )


def _total_agrees(tenant: Tenant, channel: Row, sale: Row, told: Mapping[str, Any]) -> bool:
    stated = coins(tenant, sale["id"], wire.as_decimal(told["amount"], "amount"))
    computed = sales.total(tenant, sale, {})
    if stated == computed:
        return True
    words = f"total mismatch: channel {stated}, computed {computed}"
    if tenant.switches.total_mismatch == "error":
        raise user_error(words)
    tenant.insert(
        "channel.exception", origin=f"sale.sale,{sale['id']}", log=words, channel=channel["id"], is_resolved=False
    )
    return False


def _act(tenant: Tenant, channel: Row, sale: Row, status: str) -> None:
    """What the channel's order state says is to happen; how the status picks its row is not published: by its code."""
    states = tenant.pointing("sale.channel.order_state", "channel", channel["id"])
    action = next((row["action"] for row in states if row["code"] == status), "process_manually")
    if action == "import_as_past":
        tenant.update("sale.sale", sale, state="done", number=tenant.number("SO"))
        return
    if status == "cancelled":
        sales.cancel(tenant, sale["id"])
        return
    sales.quote(tenant, sale["id"])
    sales.confirm(tenant, sale["id"])
    if action == "process_automatically":
        sales.process(tenant, sale["id"])
