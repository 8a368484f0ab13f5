"""The order flows. Importing this package registers them all."""

from integrationhub.orders.flows import (
    accepting,
    acknowledging,
    alike,
    cancelling,
    confirming,
    counting,
    importing,
    keeping,
    learning,
    listening,
    reading,
    reconciling,
    return_reading,
    returning,
    watching,
    watching_dispatches,
)

__all__ = [
    "accepting",
    "acknowledging",
    "alike",
    "cancelling",
    "confirming",
    "counting",
    "importing",
    "keeping",
    "learning",
    "listening",
    "reading",
    "reconciling",
    "return_reading",
    "returning",
    "watching",
    "watching_dispatches",
]
