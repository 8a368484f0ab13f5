"""What a person may decide about an order, when, and what pressing it does.

Each decision is one transaction under the order's lock: checked again, written down with who and why, and carried out by
the flows, through the write protocol. Pressed twice, the second press finds that it is on its way.
"""

from integrationhub.orders.deciding.kinds import Decision, Kind, RefusedDecisionError
from integrationhub.orders.deciding.pressing import KINDS, Action, action, actions, decide, options
from integrationhub.orders.deciding.standing import Standing, standing_of

__all__ = [
    "KINDS",
    "Action",
    "Decision",
    "Kind",
    "RefusedDecisionError",
    "Standing",
    "action",
    "actions",
    "decide",
    "options",
    "standing_of",
]
