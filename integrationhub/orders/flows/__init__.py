"""The order flows. Importing this package registers them all."""

from integrationhub.orders.flows import (
    accepting,
    acknowledging,
    cancelling,
    confirming,
    counting,
    importing,
    keeping,
    learning,
    listening,
    noting,
    reading,
    reconciling,
    watching,
)

__all__ = [
    "accepting",
    "acknowledging",
    "cancelling",
    "confirming",
    "counting",
    "importing",
    "keeping",
    "learning",
    "listening",
    "noting",
    "reading",
    "reconciling",
    "watching",
]
