"""The states an order passes through, and which line stands for the whole order."""

from collections.abc import Iterable

STAGING = "STAGING"
WAITING_ACCEPTANCE = "WAITING_ACCEPTANCE"
WAITING_DEBIT = "WAITING_DEBIT"
WAITING_DEBIT_PAYMENT = "WAITING_DEBIT_PAYMENT"
SHIPPING = "SHIPPING"
SHIPPED = "SHIPPED"
TO_COLLECT = "TO_COLLECT"
RECEIVED = "RECEIVED"
CLOSED = "CLOSED"
REFUSED = "REFUSED"
CANCELED = "CANCELED"
REFUNDED = "REFUNDED"  # of a line only
INCIDENT_OPEN = "INCIDENT_OPEN"  # of a line only

WAY = (
    STAGING, WAITING_ACCEPTANCE, WAITING_DEBIT, WAITING_DEBIT_PAYMENT, SHIPPING, SHIPPED, TO_COLLECT, RECEIVED, CLOSED,
)  # fmt: skip
ORDER_STATES = (*WAY, REFUSED, CANCELED)
BEFORE_DEBIT = frozenset({STAGING, WAITING_ACCEPTANCE, WAITING_DEBIT, WAITING_DEBIT_PAYMENT})
REFUNDABLE = frozenset({SHIPPING, SHIPPED, TO_COLLECT, RECEIVED})
LEFT = frozenset({SHIPPED, TO_COLLECT, RECEIVED, CLOSED})  # the goods are on their way, or arrived
_RANK = {state: rank for rank, state in enumerate(WAY)}


def is_active(state: str) -> bool:
    """Refused, canceled and wholly refunded lines stay on the order but no longer count."""
    return state in _RANK


def reached(state: str, threshold: str) -> bool:
    return _RANK.get(state, -1) >= _RANK[threshold]


def order_state_of(line_states: Iterable[str]) -> str:
    """The least advanced active line speaks for the order; without one, how its lines ended."""
    states = list(line_states)
    active = [state for state in states if is_active(state)]
    if active:
        return min(active, key=_RANK.__getitem__)
    if REFUNDED in states:
        return CLOSED
    return CANCELED if CANCELED in states else REFUSED
