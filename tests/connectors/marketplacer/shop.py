"""A seller on the sandbox: its account, what it sells, and the parcel that it sends."""

from dataclasses import replace
from typing import Any

from connectors.base import Account
from connectors.canonical.dispatches import Dispatch, DispatchLine
from connectors.marketplacer.sandbox import MarketplacerSandbox
from tests.connectors.conformance import START

LINES = ({"sku": "NV1001-410-M", "quantity": 2, "price": "49.90"}, {"sku": "NV2004-120-L", "price": "99.00"})
CREDENTIALS = ("api_key", "webhook_secret", "webhook_hmac_key", "basic_user", "basic_password")


def account_of(sandbox: MarketplacerSandbox, **settings: Any) -> Account:
    given = sandbox.credentials()
    return Account(
        name="Maison Nord",
        base_url=sandbox.base_url,
        credentials={name: given[name] for name in CREDENTIALS if name in given},
        settings={"currency": given["currency"], "sandbox": True, **settings},
    )


def dispatch_of(sandbox: MarketplacerSandbox, reference: str, **changes: Any) -> Dispatch:
    """All units of an order of LINES, in one parcel."""
    lines = sandbox.invoice(reference)["lines"]
    carrier = next(sandbox.market.of("ShipmentCarrier"))
    whole = Dispatch(
        dispatch_id="5501",
        number="39790-1",
        order_reference=reference,
        order_external_id="39790",
        carrier=carrier["id"],
        tracking_number="PN00370000001",
        lines=tuple(DispatchLine(sku=line["sku"], line_id=line["id"], quantity=line["quantity"]) for line in lines),
        dispatched_at=START,
        is_last=True,
    )
    return replace(whole, **changes)
