"""The statuses of lines and orders, and how one leads to the other."""

from collections.abc import Iterable

ORDER = "ORDER"
ORDER_ACK = "ORDER_ACK"
BACKORDER = "BACKORDER"
CANCEL = "CANCEL"
CANCEL_ACK = "CANCEL_ACK"
DISPATCH = "DISPATCH"
RMA = "RMA"
RMA_ACK = "RMA_ACK"
RMA_AUTHORISED = "RMA_AUTHORISED"
RMA_REJ = "RMA_REJ"
RMA_COLLECTION_BOOKED = "RMA_COLLECTION_BOOKED"
RMA_REC = "RMA_REC"
RMA_EXC = "RMA_EXC"

RETURN_STATUSES = (RMA, RMA_ACK, RMA_AUTHORISED, RMA_REJ, RMA_COLLECTION_BOOKED, RMA_REC, RMA_EXC)
WAY = (ORDER, BACKORDER, ORDER_ACK, CANCEL, DISPATCH, *RETURN_STATUSES)
STATUSES = frozenset({*WAY, CANCEL_ACK})

# What may become what. Back order again with a new date, and of new lines, is inferred.
ALLOWED: dict[str, frozenset[str]] = {
    ORDER_ACK: frozenset({ORDER}),
    BACKORDER: frozenset({ORDER, ORDER_ACK, BACKORDER}),
    DISPATCH: frozenset({ORDER_ACK, BACKORDER, CANCEL}),
    CANCEL: frozenset({ORDER, ORDER_ACK, BACKORDER}),
    CANCEL_ACK: frozenset({CANCEL}),
    RMA: frozenset({DISPATCH, RMA_REJ}),
    RMA_ACK: frozenset({RMA}),
}
# Portal work, without an endpoint: what a person there may do with a return.
PORTAL: dict[str, tuple[str, frozenset[str], str]] = {
    "decline": (RMA_REJ, frozenset({RMA, RMA_ACK}), "declined_at"),
    "authorise": (RMA_AUTHORISED, frozenset({RMA, RMA_ACK}), "authorised_at"),
    "book_collection": (RMA_COLLECTION_BOOKED, frozenset({RMA_AUTHORISED}), ""),
    "approve": (RMA_REC, frozenset({RMA_AUTHORISED, RMA_COLLECTION_BOOKED}), "approved_at"),
    "reject": (RMA_EXC, frozenset({RMA_AUTHORISED, RMA_COLLECTION_BOOKED}), "rejected_at"),
}
LABELS = {
    RMA: "New Return",
    RMA_ACK: "Return Processing",
    RMA_AUTHORISED: "Return Authorised",
    RMA_REJ: "Return Declined",
    RMA_COLLECTION_BOOKED: "Return Collection Booked",
    RMA_REC: "Return Approved",
    RMA_EXC: "Return Exception",
}


def order_status_of(line_statuses: Iterable[str]) -> str:
    """Not documented for mixed lines. Here the least advanced line that is not cancelled speaks for the order."""
    open_lines = [status for status in line_statuses if status != CANCEL_ACK]
    return min(open_lines, key=WAY.index) if open_lines else CANCEL_ACK
