"""Lanes by rank: what goes first when the call budget is short."""

from django.db import models


class Lane(models.IntegerChoices):
    ACCEPTANCE = 10, "Acceptance"
    ORDERS = 20, "Orders"
    DISPATCH = 30, "Dispatch"
    REFUNDS = 40, "Refunds"
    STOCK = 50, "Stock"
    CATALOGUE = 60, "Catalogue"
    FINANCE = 70, "Finance"
    BULK = 80, "Bulk"


URGENT_LANES = (Lane.ACCEPTANCE, Lane.ORDERS)
OTHER_LANES = tuple(lane for lane in Lane if lane not in URGENT_LANES)

URGENT = "urgent"
DRAIN = "drain"
QUEUES = {URGENT: URGENT_LANES, DRAIN: OTHER_LANES}


def queue_of(lane: int) -> str:
    """The RQ queue whose workers drain this lane."""
    return URGENT if lane in URGENT_LANES else DRAIN
