"""From a draft to an order: stock is checked first, then everything is written at once, or nothing."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from connectors.centra.sandbox import stock
from connectors.centra.sandbox.arithmetic import line_values, rounded
from connectors.centra.sandbox.drafts import Draft, DraftLine
from connectors.centra.sandbox.orders import confirm
from connectors.centra.sandbox.payments import read_payment, record_payment
from connectors.centra.sandbox.records import ZERO, Customer
from connectors.centra.sandbox.refusals import OrderApiError
from connectors.centra.sandbox.sales import Order, OrderLine
from connectors.centra.sandbox.shop import Shop


def place(shop: Shop, draft: Draft) -> list[Order]:
    """Create and place; several orders when the platform splits. Raises OrderApiError and changes nothing."""
    check_order(shop, draft)
    check_stock(shop, draft)
    return [_finish(shop, create(shop, part), part) for part in _parts(shop, draft)]


def prepare(shop: Shop, draft: Draft, body: Mapping[str, Any]) -> Order:
    """createOnly: the order exists, INCOMPLETE, without stock, until POST <base>/order/N places it."""
    check_order(shop, draft)
    order = create(shop, draft, status="INCOMPLETE")
    order.draft = dict(body)
    shop.order_changed(order, "CREATED")
    return order


def place_prepared(shop: Shop, order: Order, draft: Draft) -> None:
    check_stock(shop, draft)
    order.status, order.draft = "PENDING", None
    _finish(shop, order, draft, created=False)


def check_order(shop: Shop, draft: Draft) -> None:
    if draft.number is not None and draft.number < 1:
        raise OrderApiError(-7, "orderNumber must be positive")
    if draft.number is not None and draft.number in shop.orders.rows:
        raise OrderApiError(-5, f"Order number {draft.number} already exists")
    if draft.customer_id is not None and shop.customers.get(draft.customer_id) is None:
        raise OrderApiError(-7, f"Unknown customer {draft.customer_id}")
    if "@" not in (draft.billing.email or ""):
        raise OrderApiError(-6, "Customer registration failed, e-mail is not valid")
    read_payment(draft.payment)


def check_stock(shop: Shop, draft: Draft) -> None:
    if not draft.adjust_stock or draft.force_create:
        return
    warehouses = [shop.warehouses[warehouse_id] for warehouse_id in draft.rule.warehouse_ids]
    wanted: Counter[int] = Counter()
    for line in draft.lines:
        wanted[line.size.id] += line.quantity
    for size_id, quantity in wanted.items():
        size = shop.sizes.rows[size_id]
        if size.preorder:
            continue
        honour = shop.switches.honour_thresholds
        if stock.sellable(shop, size, warehouses, honour_thresholds=honour) < quantity:
            raise OrderApiError(-2, f"Not enough stock of product {size.sku}")


def _parts(shop: Shop, draft: Draft) -> list[Draft]:
    if shop.switches.split_orders < 1:
        return [draft]
    units = list(draft.lines)
    if len(units) < 2:
        units = [_with_quantity(line, 1) for line in draft.lines for _ in range(line.quantity)]
    count = min(shop.switches.split_parts, len(units))
    if count < 2:
        return [draft]
    shop.switches.split_orders -= 1
    return [draft.part(tuple(units[index::count]), first=index == 0) for index in range(count)]


def _with_quantity(line: DraftLine, quantity: int) -> DraftLine:
    return DraftLine(**{**{name: getattr(line, name) for name in line.__dataclass_fields__}, "quantity": quantity})


# --- writing ------------------------------------------------------------------------------------------------------------
def create(shop: Shop, draft: Draft, *, status: str = "PENDING") -> Order:
    number, now = draft.number or shop.new_order_number(), shop.now()
    order = Order(
        id=shop.order_hash(number),
        number=number,
        status=status,
        store=draft.store,
        market=draft.market,
        pricelist=draft.pricelist,
        customer=_customer(shop, draft),
        country=draft.country,
        created_at=now,
        updated_at=now,
        order_date=draft.order_date,
        billing_address=draft.billing,
        shipping_address=draft.shipping,
        rule=draft.rule,
        is_internal=draft.internal,
        internal_comment=draft.internal_comment,
        other_comment="" if shop.switches.rewrite_comment else draft.comment,
        shipping_option=draft.shipping_option,
        payment_plugin=draft.payment_plugin,
        shipping=draft.shipping_value,
        attributes={name: dict(elements) for name, elements in draft.attributes.items()},
    )
    order.lines = [_order_line(shop, order, line) for line in draft.lines]
    order.difference, shop.switches.charge_difference = shop.switches.charge_difference, ZERO
    _take_vouchers(shop, order, draft)
    shop.orders.add(number, order)
    shop.orders_by_hash[order.id] = order
    return order


def _finish(shop: Shop, order: Order, draft: Draft, *, created: bool = True) -> Order:
    _allocate(shop, order, draft)
    record_payment(shop, order, draft.payment)
    shop.order_changed(order, "CREATED" if created else "UPDATED")
    if draft.send_email:
        shop.mail("order_confirmation", to=order.billing_address.email, about=str(order.number))
    if shop.switches.auto_confirm and not order.is_on_hold:
        confirm(shop, order)
    return order


def _order_line(shop: Shop, order: Order, line: DraftLine) -> OrderLine:
    variant = line.size.product_variant
    return OrderLine(
        id=shop.new_id("OrderLine"),
        order=order,
        product_size=line.size,
        original_quantity=line.quantity,
        unit_original_price=line.unit_original_price,
        unit_price=line.unit_price,
        tax_percent=line.tax_percent,
        product_number=variant.product.product_number,
        product_name=line.text.get("product", variant.product.name),
        product_variant_name=line.text.get("variant", variant.name),
        product_brand=line.text.get("brand", variant.product.brand.name if variant.product.brand else ""),
        size=line.text.get("size", line.size.size.name),
        sku=line.text.get("sku", line.size.sku),
        comment=line.comment,
    )


def _take_vouchers(shop: Shop, order: Order, draft: Draft) -> None:
    if draft.voucher_value:
        order.vouchers.append(("voucherValue", draft.voucher_value))
    percent = shop.switches.automatic_voucher_percent
    if draft.apply_vouchers and percent:
        order.vouchers.append((f"AUTO{percent.normalize():f}", rounded(line_values(order) * percent / 100)))
    order.discount = sum((amount for _, amount in order.vouchers), ZERO)


def _allocate(shop: Shop, order: Order, draft: Draft) -> None:
    warehouses = [shop.warehouses[warehouse_id] for warehouse_id in order.rule.warehouse_ids]
    for line in order.lines:
        if draft.adjust_stock:
            honour = shop.switches.honour_thresholds
            stock.allocate(shop, line, line.original_quantity, warehouses, honour_thresholds=honour)
        stock.set_demand(shop, line)
    checked = any(
        item.warehouse.allocation_policy == "CHECK_FIRST" for line in order.lines for item in line.allocations
    )
    if checked:
        order.is_on_hold, order.hold_reason = True, "WAITING_FOR_CHECK_FIRST_ALLOCATION"


def _customer(shop: Shop, draft: Draft) -> Customer:
    """The named customer, or the one with this e-mail: a registered and an unregistered one may share an address."""
    if draft.customer_id is not None:
        return shop.customers.rows[draft.customer_id]
    key = (draft.store.id, (draft.billing.email or "").casefold(), draft.customer_register)
    if key in shop.customers_by_email:
        return shop.customers_by_email[key]
    now = shop.now()
    customer = Customer(
        id=shop.new_id("Customer"),
        email=draft.billing.email or "",
        first_name=draft.billing.first_name,
        last_name=draft.billing.last_name,
        phone_number=draft.billing.phone_number,
        cell_phone_number=draft.billing.cell_phone_number,
        store=draft.store,
        market=draft.market,
        pricelist=draft.pricelist,
        country_code=draft.country.code,
        registered=draft.customer_register,
        created_at=now,
        updated_at=now,
    )
    shop.customers.add(customer.id, customer)
    shop.customers_by_email[key] = customer
    shop.events.add("Customer", "CREATED", customer.id, store=draft.store)
    shop.webhooks.note("customer", "insert", customer.id, now)
    return customer
