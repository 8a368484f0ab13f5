"""Returns as the shop reads them (RT11). A return refunds nothing by itself."""

from typing import Any

from connectors.mirakl.sandbox.market import Marketplace
from connectors.mirakl.sandbox.paging import Seek, opened, sought
from connectors.mirakl.sandbox.reading import Call
from connectors.mirakl.sandbox.records import Return
from connectors.mirakl.sandbox.times import stamp_seconds
from connectors.sandboxkit import Reply

STATES = ("WAITING_ACCEPTANCE", "IN_PROGRESS", "RECEIVED", "CLOSED", "REFUSED", "NO_RECEPTION", "CANCELED")

_SEEK = Seek(
    keys={"date_created": lambda item: (item.created_at.timestamp(), item.return_id)}, default="date_created,DESC"
)


def list_returns(market: Marketplace, call: Call) -> Reply:
    call, place = opened(call)
    wanted_state = call.words("return_state", STATES)
    ids, orders = call.words("return_id"), call.words("order_commercial_id")
    lines, rmas, customers = call.words("order_line_id"), call.words("return_rma"), call.words("customer_id")
    created = call.at("return_creation_date_from"), call.at("return_creation_date_to")
    updated = call.at("return_last_updated_from"), call.at("return_last_updated_to")
    found = [
        item
        for item in market.returns.values()
        if (not wanted_state or item.state in wanted_state)
        and (not ids or item.return_id in ids)
        and (not orders or item.commercial_id in orders)
        and (not lines or any(line["order_line_id"] in lines for line in item.lines))
        and (not rmas or item.rma in rmas)
        and (not customers or item.customer_id in customers)
        and (created[0] is None or item.created_at >= created[0])
        and (created[1] is None or item.created_at <= created[1])
        and (updated[0] is None or item.updated_at >= updated[0])
        and (updated[1] is None or item.updated_at <= updated[1])
    ]
    page = sought(call, found, place, _SEEK)
    return Reply(body={**page, "data": [_element(item) for item in page["data"]]})


def _element(item: Return) -> dict[str, Any]:
    return {
        "id": item.return_id,
        "order_id": item.order_id,
        "order_commercial_id": item.commercial_id,
        "state": item.state,
        "date_created": stamp_seconds(item.created_at),
        "last_updated": stamp_seconds(item.updated_at),
        "method_code": item.method_code,
        "reason_code": item.lines[0]["reason_code"],
        "rejection_reason_code": None,
        "return_lines": [{**line, "compliance": []} for line in item.lines],
        "rma": item.rma,
        "label_url": None,
        "description": None,
        "documents": [],
        "return_address": None,
        "tracking": {
            "carrier_code": item.tracking.carrier_code,
            "carrier_name": item.tracking.carrier_name,
            "carrier_standard_code": item.tracking.carrier_standard_code,
            "tracking_number": item.tracking.tracking_number,
            "tracking_url": item.tracking.tracking_url,
        },
    }
