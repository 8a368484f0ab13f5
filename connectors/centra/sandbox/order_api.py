"""The Order API (REST): POST /order creates orders paid elsewhere; the older calls around it, each replaceable by GraphQL.

Always HTTP 200 with status ok or no, msg and sometimes code. https://centra.dev/legacy/order-api/api-reference
Shapes of the older calls' answers are ours where the page does not show them.
"""

import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from connectors.centra.sandbox import dates, placing, returns, shipments
from connectors.centra.sandbox.arithmetic import grand_total
from connectors.centra.sandbox.catalogue import receive
from connectors.centra.sandbox.drafts import read_attributes, read_draft
from connectors.centra.sandbox.order_state import check_lock
from connectors.centra.sandbox.payments import record_payment
from connectors.centra.sandbox.records import ProductSize
from connectors.centra.sandbox.refusals import OrderApiError, RefusedError
from connectors.centra.sandbox.sales import Order, OrderLine, Shipment
from connectors.centra.sandbox.shop import Shop
from connectors.centra.sandbox.stock import StockPolicy
from connectors.sandboxkit import Reply, SandboxRequest

Body = Mapping[str, Any]
Handler = Callable[["OrderApi", str, SandboxRequest], dict[str, Any]]

DEFAULT_LIMIT = 50
# "orders in these statuses are returned" speaks in the back office's words
_STATUS_WORDS = {"SHIPPED": "completed", "INCOMPLETE": "selection"}


class OrderApi:
    """One plugin instance, and so one store."""

    def __init__(self, shop: Shop, *, path: str, secret: str) -> None:
        self.shop, self.path, self.secret = shop, path, secret

    def operation(self, request: SandboxRequest) -> str:
        """ "POST /order", "POST /order/N", "GET /orders"."""
        head, _, rest = request.path.removeprefix(self.path).strip("/").partition("/")
        return f"{request.method} /{head}" + ("/N" if rest else "")

    def answer(self, request: SandboxRequest) -> Reply:
        name = self.operation(request)
        if not hmac.compare_digest(request.headers.get("api-authorization", "").encode(), self.secret.encode()):
            return Reply(status=self.shop.switches.bad_key_status, body={"status": "no", "msg": "Not authorized"})
        allowed = self.shop.switches.allowed_endpoints
        if name not in _HANDLERS or (allowed is not None and name not in allowed):
            return Reply(status=403, body={"status": "Not Allowed"})
        rest = request.path.removeprefix(self.path).strip("/").partition("/")[2]
        try:
            return Reply(body={"status": "ok", **_HANDLERS[name](self, rest, request)})
        except OrderApiError as error:
            return Reply(body={"status": "no", "msg": str(error), "code": error.code})
        except RefusedError as error:
            return Reply(body={"status": "no", "msg": str(error), "code": -7})

    # --- creating -------------------------------------------------------------------------------------------------------
    def post_order(self, rest: str, request: SandboxRequest) -> dict[str, Any]:
        return self._create(_body(request))

    def _create(self, body: Body) -> dict[str, Any]:
        if not self.shop.switches.allow_order_create:
            raise OrderApiError(-7, "Order create is not allowed")
        draft = read_draft(self.shop, body)
        if body.get("createOnly"):
            return {"order": placing.prepare(self.shop, draft, body).number}
        return {"orders": [order.number for order in placing.place(self.shop, draft)]}

    def post_order_number(self, rest: str, request: SandboxRequest) -> dict[str, Any]:
        """Finish an order made with createOnly. Repeatable; a payment given with it is recorded once."""
        order, body = self._order(rest), _body(request) if request.body else {}
        if order.draft is not None:
            draft = read_draft(self.shop, {**order.draft, **body, "orderNumber": None})
            placing.place_prepared(self.shop, order, draft)
        elif body.get("payment"):
            record_payment(self.shop, order, body["payment"])
            self.shop.order_changed(order)
        return {"orders": [order.number]}

    def post_orders(self, rest: str, request: SandboxRequest) -> dict[str, Any]:
        """{key: order, …}: answered per key; some may fail."""
        answers: dict[str, Any] = {}
        for key, body in _body(request).items():
            try:
                answers[key] = {"status": "ok", **self._create(body)}
            except OrderApiError as error:
                answers[key] = {"status": "no", "msg": str(error), "code": error.code}
        return {"orders": answers}

    # --- reading and editing --------------------------------------------------------------------------------------------
    def get_orders(self, rest: str, request: SandboxRequest) -> dict[str, Any]:
        """Held orders and orders waiting for payment are hidden here, unlike in GraphQL."""
        shown = [order for order in self.shop.orders if self._listed(order, request)]
        start, size = int(request.first("offset", "0")), int(request.first("limit", str(DEFAULT_LIMIT)))
        return {"orders": [self._order_view(order) for order in shown[start : start + size]]}

    def _listed(self, order: Order, request: SandboxRequest) -> bool:
        if wanted := request.first("order"):
            return str(order.number) == wanted
        if order.is_on_hold or order.status not in self.shop.switches.returned_statuses:
            return False
        newer, older = self._moment(request, "newer_than"), self._moment(request, "older_than")
        return (newer is None or order.updated_at >= newer) and (older is None or order.updated_at <= older)

    def _moment(self, request: SandboxRequest, name: str) -> Any:
        if not (text := request.first(name)):
            return None
        try:
            return dates.parse(text).at(self.shop.now(), self.shop.zone)
        except ValueError:
            raise OrderApiError(-7, f"{name} is not a date") from None

    def _order_view(self, order: Order) -> dict[str, Any]:
        return {
            "order": str(order.number),
            "status": _STATUS_WORDS.get(order.status, order.status.lower()),
            "createdDate": dates.formatted(order.created_at, self.shop.zone, "Y-m-d H:i:s"),
            "currency": order.currency.code,
            "grandTotal": f"{grand_total(order):.2f}",
            "comment": order.other_comment,
            "products": [
                {
                    "line": str(line.id),
                    "sku": line.sku,
                    "ean": line.product_size.ean if line.product_size else None,
                    "qty": line.quantity,
                    "unitPrice": f"{line.unit_price:.2f}",
                }
                for line in order.lines
            ],
            "shipments": [shipment.number for shipment in order.shipments],
        }

    def put_orders(self, rest: str, request: SandboxRequest) -> dict[str, Any]:
        body = _body(request)
        order = self._order(str(body.get("order", "")))
        check_lock(order, None)
        if "comment" in body:
            order.other_comment = str(body["comment"])
        if "internalComment" in body:
            order.internal_comment = str(body["internalComment"])
        for name, elements in read_attributes(body).items():
            order.attributes.setdefault(name, {}).update(elements)
        self.shop.order_changed(order)
        return {"order": order.number}

    # --- shipments and returns --------------------------------------------------------------------------------------------
    def post_shipments(self, rest: str, request: SandboxRequest) -> dict[str, Any]:
        """`capture` defaults to true, and without a capture there is no shipment."""
        body = _body(request)
        order = self._order(str(body.get("order", "")))
        check_lock(order, None)
        picks = _picks(order, body.get("products")) or shipments.allocated_rest(order)
        captures = body.get("capture", True) in (True, 1, "1", "true")
        if captures and self.shop.switches.capture == "fail":
            raise OrderApiError(-7, "Capture failed")
        ready = body.get("good_to_go", body.get("goodToGo", False)) in (True, 1, "1", "true")
        shipment = shipments.create(self.shop, order, picks, good_to_go=ready)
        if captures:
            try:
                shipments.check_capture(shipment)
            except RefusedError:
                shipments.delete(self.shop, shipment)
                raise
            shipments.capture(self.shop, shipment)
        return {"shipments": [shipment.number]}

    def get_shipments(self, rest: str, request: SandboxRequest) -> dict[str, Any]:
        wanted = request.first("status")
        found = [item for item in self.shop.shipments if wanted in ("", _shipment_state(item))]
        start, size = int(request.first("offset", "0")), int(request.first("limit", str(DEFAULT_LIMIT)))
        return {"shipments": [_shipment_view(item) for item in found[start : start + size]]}

    def put_shipment(self, rest: str, request: SandboxRequest) -> dict[str, Any]:
        """Complete a shipment."""
        body = _body(request)
        shipment = self._shipment(str(body.get("shipment", "")))
        check_lock(shipment.order, None)
        shipments.check_complete(self.shop, shipment, None)
        info = {"carrier": body.get("carrier"), "service": body.get("service"), "trackingNumber": body.get("code")}
        shipments.apply_info(shipment, info)
        mails = body.get("sendemail", True) in (True, 1, "1", "true")
        shipments.complete(self.shop, shipment, send_email=mails)
        return {"shipment": shipment.number}

    def put_capture(self, rest: str, request: SandboxRequest) -> dict[str, Any]:
        shipment = self._shipment(str(_body(request).get("shipment", "")))
        check_lock(shipment.order, None)
        shipments.check_capture(shipment)
        if shipments.capture(self.shop, shipment).status == "FAILED":
            raise OrderApiError(-7, "Capture failed")
        return {"shipment": shipment.number}

    def delete_shipment(self, rest: str, request: SandboxRequest) -> dict[str, Any]:
        shipment = self._shipment(rest)
        check_lock(shipment.order, None)
        shipments.delete(self.shop, shipment)
        return {"shipment": shipment.number}

    def post_return(self, rest: str, request: SandboxRequest) -> dict[str, Any]:
        body = _body(request)
        shipment = self._shipment(str(body.get("shipment", "")))
        wanted = _picks(shipment.order, body.get("products"))
        lines = [(line, quantity) for item, quantity in wanted for line in shipment.lines if line.order_line is item]
        costs = returns.ReturnCosts(shipping=Decimal(str(body.get("shippingCost", 0))))
        restock = body.get("returnStock", True) in (True, 1, "1", "true")
        policy = StockPolicy(release=restock, remove=not restock)
        made = returns.create(self.shop, shipment, lines, policy, costs=costs, comment=body.get("comment"))
        return {"return": made.id}

    def put_return(self, rest: str, request: SandboxRequest) -> dict[str, Any]:
        body = _body(request)
        found = self.shop.returns.get(int(rest)) if rest.isdigit() else None
        if found is None:
            raise OrderApiError(-7, f"Unknown return {rest}")
        if body.get("refundPayment"):
            returns.refund(self.shop, found)
        elif body.get("completed"):
            returns.complete(self.shop, found)
        return {"return": found.id}

    # --- stock ----------------------------------------------------------------------------------------------------------
    def get_stock(self, rest: str, request: SandboxRequest) -> dict[str, Any]:
        warehouse = self.shop.warehouses[self.shop.switches.primary_warehouse]
        wanted = request.first("sku")
        rows = self.shop.stock_by_warehouse.get(warehouse.id, {}).values()
        return {
            "stock": [
                {
                    "sku": row.product_size.sku,
                    "physicalStock": row.physical,
                    "allocatedStock": row.allocated,
                    "availableStock": row.free,
                }
                for row in rows
                if wanted in ("", row.product_size.sku)
            ]
        }

    def post_stock(self, rest: str, request: SandboxRequest) -> dict[str, Any]:
        """A write below what is allocated is clamped to it, silently."""
        warehouse = self.shop.warehouses[self.shop.switches.primary_warehouse]
        levels: list[tuple[ProductSize, int]] = []
        for item in _body(request).get("stock") or ():
            found = self.shop.sizes_with("any", str(item.get("sku") or item.get("ean") or ""))
            if not found:
                raise OrderApiError(-1, f"Unknown product {item.get('sku') or item.get('ean')}")
            row = self.shop.stock_by_warehouse.get(warehouse.id, {}).get(found[0].id)
            levels.append((found[0], max(int(item["stock"]), row.allocated if row else 0)))
        receive(self.shop, warehouse, levels, comment="Order API")
        return {}

    # --- finding --------------------------------------------------------------------------------------------------------
    def _order(self, number: str) -> Order:
        order = self.shop.orders.get(int(number)) if number.isdigit() else None
        if order is None:
            raise OrderApiError(-7, f"Unknown order {number}")
        return order

    def _shipment(self, number: str) -> Shipment:
        shipment = self.shop.shipments_by_number.get(number)
        if shipment is None:
            raise OrderApiError(-7, f"Unknown shipment {number}")
        return shipment


def _body(request: SandboxRequest) -> Body:
    try:
        body = request.json()
    except json.JSONDecodeError:
        raise OrderApiError(-7, "The request is not JSON") from None
    if not isinstance(body, dict):
        raise OrderApiError(-7, "The request is not an object")
    return body


def _picks(order: Order, products: Sequence[Body] | None) -> list[tuple[OrderLine, int]]:
    picks = []
    for item in products or ():
        line = next((line for line in order.lines if str(line.id) == str(item.get("line")) or _is(line, item)), None)
        if line is None:
            raise OrderApiError(-7, "Unknown order line")
        picks.append((line, int(item.get("qty", 1))))
    return picks


def _is(line: OrderLine, item: Body) -> bool:
    size = line.product_size
    return size is not None and (
        (size.sku == item.get("sku")) or (size.ean is not None and size.ean == item.get("ean"))
    )


def _shipment_state(shipment: Shipment) -> str:
    if shipment.is_shipped:
        return "completed"
    return "goodtogo" if shipment.is_good_to_go else "inprogress"


def _shipment_view(shipment: Shipment) -> dict[str, Any]:
    return {
        "shipment": shipment.number,
        "order": str(shipment.order.number),
        "status": _shipment_state(shipment),
        "trackingCode": shipment.tracking_number,
        "shippingMethod": shipment.carrier,
        "products": [{"line": str(line.order_line.id), "qty": line.quantity} for line in shipment.lines],
    }


_HANDLERS: dict[str, Handler] = {
    "POST /order": OrderApi.post_order,
    "POST /order/N": OrderApi.post_order_number,
    "POST /orders": OrderApi.post_orders,
    "GET /orders": OrderApi.get_orders,
    "PUT /orders": OrderApi.put_orders,
    "POST /shipments": OrderApi.post_shipments,
    "GET /shipments": OrderApi.get_shipments,
    "PUT /shipment": OrderApi.put_shipment,
    "PUT /capture": OrderApi.put_capture,
    "DELETE /shipments/N": OrderApi.delete_shipment,
    "POST /return": OrderApi.post_return,
    "PUT /returns/N": OrderApi.put_return,
    "GET /stock": OrderApi.get_stock,
    "POST /stock": OrderApi.post_stock,
}
