"""A channel that takes stock from memory, through the real gate: what is left of telling a channel is the hub's own work."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from benchmarks.instant import BASE_URL, InstantConnector
from connectors import ports
from connectors.base import Account
from connectors.canonical.deliveries import Delivery, DeliveryState
from connectors.canonical.stock import StockUpdate
from connectors.http import Call, Exchange, Limit

_COSTS = {"requests": 1}


class ShelfConnector(InstantConnector):
    platform = "shelf"
    label = "Shelf"
    stock_lines_max: ClassVar[int] = 50_000

    @classmethod
    def limits(cls, account: Account) -> tuple[Limit, ...]:
        return (Limit(bucket="requests", calls=1_000_000, seconds=10, source="none: a benchmark"),)

    def send_stock(self, updates: Sequence[StockUpdate]) -> Delivery:
        """The file is made, as a channel's would be, and taken whole."""
        call = Call(operation="sendStock", write=True, method="POST", url=f"{BASE_URL}/stock", costs=_COSTS)
        self.gate.before_call(call)
        began = ports.now()
        body = _file(updates)
        self.gate.after_call(
            Exchange(
                call=call,
                request_headers={},
                request_body=f"{len(body)} bytes",
                status=200,
                response_headers={},
                response_body="{}",
                started_at=began,
                seconds=(ports.now() - began).total_seconds(),
            )
        )
        return Delivery(state=DeliveryState.DONE)


def _file(updates: Sequence[StockUpdate]) -> bytes:
    return "\n".join(f"{update.sku};{update.quantity}" for update in updates).encode()


CONNECTORS: Mapping[str, type[InstantConnector]] = {kind.platform: kind for kind in (InstantConnector, ShelfConnector)}
