"""The models the sandbox keeps: their fields and what kind of value each holds.

One word per field, "name:kind=target", char where no kind is given. `o2m=model.field` is computed from the field that
points back; `fn` and a kind stand for a value that is computed when it is read.
Source of names and kinds: the platform reference of this project, sections 6 to 11.
"""

from collections.abc import Mapping
from dataclasses import dataclass

NEWEST_FIRST = frozenset({"sale.sale", "stock.shipment.out", "stock.shipment.out.return", "account.invoice"})


@dataclass(frozen=True, kw_only=True)
class Field:
    name: str
    kind: str  # char | int | float | bool | decimal | datetime | date | m2o | o2m | m2m | ref | dict
    target: str = ""
    inverse: str = ""  # of o2m: the field of the target that points back
    computed: bool = False


_COMMON = "id:int rec_name:fn:char create_uid:int create_date:datetime write_uid:int write_date:datetime metadata:dict"

_SPECS: Mapping[str, str] = {
    "company.company": "party:m2o=party.party currency:m2o=currency.currency",
    "currency.currency": "name code symbol digits:int",
    "country.country": "name code",
    "country.subdivision": "name code country:m2o=country.country",
    "account.tax": "name rate:decimal",
    "carrier": "name active:bool",
    "carrier.service": "name carrier:m2o=carrier",
    "payment_gateway.gateway": "name code provider method test:bool configured:bool active:bool",
    "sale.channel": (
        "name code source active:bool company:m2o=company.company warehouse:m2o=stock.location "
        "currency:m2o=currency.currency price_list:int payment_term:int invoice_method shipment_method timezone "
        "taxes:o2m=sale.channel.tax.channel order_states:o2m=sale.channel.order_state.channel "
        "shipping_carriers:o2m=sale.channel.carrier.channel exceptions:o2m=channel.exception.channel "
        "read_users:m2m=res.user create_users:m2m=res.user"
    ),
    "sale.channel.tax": "channel:m2o=sale.channel name rate:decimal tax:m2o=account.tax",
    "sale.channel.carrier": (
        "channel:m2o=sale.channel code name carrier:m2o=carrier carrier_service:m2o=carrier.service"
    ),
    "sale.channel.order_state": "channel:m2o=sale.channel code name action invoice_method shipment_method",
    "channel.exception": "origin:ref log channel:m2o=sale.channel is_resolved:bool",
    "res.user": "name",
    "stock.location": (
        "name code active:bool type parent:m2o=stock.location warehouse:fn:m2o=stock.location "
        "input_location:m2o=stock.location output_location:m2o=stock.location storage_location:m2o=stock.location "
        "picking_location:m2o=stock.location quantity_on_hand:fn:float quantity_available:fn:float"
    ),
    "product.template": "name active:bool type products:o2m=product.product.template",
    "product.product": (
        "code variant_name upc active:bool type template:m2o=product.template list_price:decimal cost_price:decimal "
        "salable:bool quantity_on_hand:fn:float quantity_available:fn:float"
    ),
    "party.party": "name code active:bool email addresses:o2m=party.address.party",
    "party.contact_mechanism": "party:m2o=party.party type value",
    "party.address": (
        "party:m2o=party.party name street street_bis city zip subdivision:m2o=country.subdivision "
        "country:m2o=country.country phone email active:bool channel_identifier"
    ),
    "sale.sale": (
        "number reference channel:m2o=sale.channel channel_identifier state party:m2o=party.party "
        "invoice_address:m2o=party.address shipment_address:m2o=party.address company:m2o=company.company "
        "currency:m2o=currency.currency warehouse:m2o=stock.location sale_date:date confirmation_time:datetime "
        "invoice_method shipment_method priority comment description origin:ref has_return:bool "
        "requested_shipping_service carrier:m2o=carrier carrier_service:m2o=carrier.service "
        "lines:o2m=sale.line.sale payments:o2m=sale.payment.sale untaxed_amount:fn:decimal tax_amount:fn:decimal "
        "total_amount:fn:decimal shipment_amount:fn:decimal payment_total:fn:decimal invoice_state:fn:char "
        "shipment_state:fn:char shipments:fn:m2m=stock.shipment.out shipment_returns:fn:m2m=stock.shipment.out.return "
        "invoices:fn:m2m=account.invoice moves:fn:m2m=stock.move exceptions:fn:m2m=channel.exception "
        "has_channel_exception:fn:bool total_quantity:fn:float"
    ),
    "sale.line": (
        "sale:m2o=sale.sale sequence:int type product:m2o=product.product description note quantity:float "
        "unit_price:decimal list_price:decimal amount:fn:decimal taxes:m2m=account.tax channel_identifier "
        "return_reason origin:ref delivery_date:date warehouse:m2o=stock.location moves:fn:m2m=stock.move"
    ),
    "sale.payment": ("sale:m2o=sale.sale amount:decimal gateway:m2o=payment_gateway.gateway reference provider method"),
    "account.invoice": (
        "number type state reference party:m2o=party.party invoice_date:date currency:m2o=currency.currency "
        "sale:m2o=sale.sale sales:fn:m2m=sale.sale untaxed_amount:decimal tax_amount:decimal total_amount:decimal "
        "lines:o2m=account.invoice.line.invoice"
    ),
    "account.invoice.line": (
        "invoice:m2o=account.invoice product:m2o=product.product description quantity:float unit_price:decimal "
        "amount:decimal origin:ref"
    ),
    "shipment.tracking": "tracking_number carrier:m2o=carrier tracking_url",
    "stock.shipment.out": (
        "number reference state customer:m2o=party.party delivery_address:m2o=party.address "
        "warehouse:m2o=stock.location company:m2o=company.company planned_date:date effective_date:date "
        "assigned_time:datetime carrier:m2o=carrier carrier_service:m2o=carrier.service requested_shipping_service "
        "tracking_number:m2o=shipment.tracking tracking_number_blurb:fn:dict priority picking_status on_hold:bool "
        "comment sales:fn:m2m=sale.sale order_numbers:fn:char channels:fn:m2m=sale.channel moves:fn:m2m=stock.move "
        "outgoing_moves:fn:m2m=stock.move inventory_moves:fn:m2m=stock.move total_quantity:fn:float"
    ),
    "stock.shipment.out.return": (
        "number reference state customer:m2o=party.party warehouse:m2o=stock.location company:m2o=company.company "
        "planned_date:date effective_date:date comment order_numbers:fn:char channels:fn:m2m=sale.channel "
        "moves:fn:m2m=stock.move incoming_moves:fn:m2m=stock.move inventory_moves:fn:m2m=stock.move"
    ),
    "stock.move": (
        "product:m2o=product.product quantity:float from_location:m2o=stock.location to_location:m2o=stock.location "
        "state origin:ref shipment:ref planned_date:date effective_date:date unit_price:decimal "
        "currency:m2o=currency.currency company:m2o=company.company"
    ),
    "stock.inventory": (
        "location:m2o=stock.location lost_found:m2o=stock.location type date:date state company:m2o=company.company "
        "lines:o2m=stock.inventory.line.inventory"
    ),
    "stock.inventory.line": (
        "inventory:m2o=stock.inventory product:m2o=product.product quantity:float expected_quantity:float"
    ),
    "ir.webhook": "event url active:bool",
}


def _field(word: str) -> Field:
    name, *rest = word.split(":")
    computed = rest[:1] == ["fn"]
    kind, _, target = (rest[-1] if rest else "char").partition("=")
    inverse = ""
    if kind == "o2m":
        target, _, inverse = target.rpartition(".")
    return Field(name=name, kind=kind, target=target, inverse=inverse, computed=computed)


MODELS: Mapping[str, Mapping[str, Field]] = {
    model: {field.name: field for field in map(_field, f"{_COMMON} {spec}".split())} for model, spec in _SPECS.items()
}
