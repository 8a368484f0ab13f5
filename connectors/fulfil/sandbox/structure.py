"""What a tenant is born with: a company, warehouses with their zones, one channel, taxes, carriers, gateways."""

from decimal import Decimal

from connectors.fulfil.sandbox.tenant import Tenant

CHANNEL, GOTHENBURG, STOCKHOLM, CUSTOMER, LOST_FOUND = 3, 4, 65, 5, 7
CURRENCIES = {12: "SEK", 13: "EUR", 14: "GBP", 15: "DKK", 172: "USD"}
COUNTRIES = ("SE", "DK", "NO", "FI", "DE", "FR", "GB", "NL", "ES", "IT", "US")
TAXES = (
    ("SE VAT 25", "0.25"),
    ("DE VAT 19", "0.19"),
    ("FR VAT 20", "0.20"),
    ("GB VAT 20", "0.20"),
    ("DK VAT 25", "0.25"),
)
CARRIERS = (("postnord_mypack", "PostNord", "MyPack Collect"), ("dhl_express", "DHL", "Express Worldwide"))


def build(tenant: Tenant) -> None:
    for number, code in CURRENCIES.items():
        tenant.insert("currency.currency", record_id=number, name=code, code=code, symbol=code, digits=2)
    for code in COUNTRIES:
        tenant.insert("country.country", name=code, code=code)
    us = tenant.only("country.country", code="US")
    for state in ("CA", "OR", "TX", "VT", "NY"):
        tenant.insert("country.subdivision", name=state, code=f"US-{state}", country=us["id"] if us else None)
    tenant.insert("res.user", record_id=1, name="Integration")
    owner = tenant.insert("party.party", name="Northgate AB")
    tenant.insert("company.company", record_id=1, party=owner["id"], currency=12)
    _locations(tenant)
    _channel(tenant)
    for code in ("adyen", "klarna", "manual"):
        tenant.insert(
            "payment_gateway.gateway", name=code.capitalize(), code=code, provider="self", method="manual",
            test=False, configured=True,
        )  # fmt: skip
    add_product(tenant, "shipping", name="Shipping", kind="service")


def _locations(tenant: Tenant) -> None:
    for number, name, kind in ((CUSTOMER, "Customer", "customer"), (6, "Supplier", "supplier")):
        tenant.insert("stock.location", record_id=number, name=name, type=kind)
    tenant.insert("stock.location", record_id=LOST_FOUND, name="Lost and Found", type="lost_found")
    tenant.insert("stock.location", record_id=10, name="Drop", type="drop")
    add_warehouse(tenant, GOTHENBURG, name="Göteborg", code="GBG", zones=(1, 2, 3))
    add_warehouse(tenant, STOCKHOLM, name="Stockholm", code="STO", zones=(66, 67, 68))


def add_warehouse(tenant: Tenant, number: int, *, name: str, code: str, zones: tuple[int, int, int]) -> None:
    kinds = ("input_location", "output_location", "storage_location")
    tenant.insert(
        "stock.location",
        record_id=number,
        name=name,
        code=code,
        type="warehouse",
        **dict(zip(kinds, zones, strict=True)),
    )
    for zone, kind in zip(zones, ("Input", "Output", "Storage"), strict=True):
        tenant.insert("stock.location", record_id=zone, name=f"{name} {kind}", type="storage", parent=number)


def _channel(tenant: Tenant) -> None:
    tenant.insert(
        "sale.channel", record_id=CHANNEL, name="Centra", code="centra", source="manual", company=1,
        warehouse=GOTHENBURG, currency=12, invoice_method="shipment", shipment_method="order", timezone="Europe/Stockholm",
        read_users=[1], create_users=[1],
    )  # fmt: skip
    for name, rate in TAXES:
        tax = tenant.insert("account.tax", name=name, rate=Decimal(rate))
        tenant.insert("sale.channel.tax", channel=CHANNEL, name=name, rate=Decimal(rate), tax=tax["id"])
    for code, carrier, service in CARRIERS:
        row = tenant.insert("carrier", name=carrier)
        own = tenant.insert("carrier.service", name=service, carrier=row["id"])
        tenant.insert(
            "sale.channel.carrier",
            channel=CHANNEL,
            code=code,
            name=service,
            carrier=row["id"],
            carrier_service=own["id"],
        )
    actions = (("pending", "process_manually"), ("completed", "import_as_past"), ("cancelled", "do_not_import"))
    for code, action in actions:
        tenant.insert(
            "sale.channel.order_state", channel=CHANNEL, code=code, name=code.capitalize(), action=action,
            invoice_method="shipment", shipment_method="order",
        )  # fmt: skip


def add_product(
    tenant: Tenant,
    sku: str,
    *,
    name: str = "",
    variant: str = "",
    gtin: str = "",
    kind: str = "goods",
    price: str = "0",
) -> int:
    template = tenant.only("product.template", name=name or sku) or tenant.insert(
        "product.template", name=name or sku, type=kind
    )
    product = tenant.insert(
        "product.product", code=sku, variant_name=variant or None, upc=gtin or None, type=kind, template=template["id"],
        list_price=Decimal(price), cost_price=Decimal(0), salable=True,
    )  # fmt: skip
    return int(product["id"])
