"""Mirakl on loopback, with its real rules: states, masking, tax modes, refusals, imports, call frequencies.

For tests, the demo and the sandbox command; production code never imports it. Inferred behaviour is a setting.
"""

from pathlib import Path

from connectors.mirakl.sandbox.reference import (
    AttributeRow,
    CarrierRow,
    CategoryRow,
    FieldRow,
    ReasonRow,
    ShippingTypeRow,
)
from connectors.mirakl.sandbox.server import MiraklSandbox
from connectors.mirakl.sandbox.settings import AccountSettings

__all__ = [
    "AccountSettings",
    "AttributeRow",
    "CarrierRow",
    "CategoryRow",
    "FieldRow",
    "MiraklSandbox",
    "ReasonRow",
    "ShippingTypeRow",
    "make",
]


def make(*, journal: Path | None = None, seed: int | None = None) -> MiraklSandbox:
    """A sandbox for a stranger's client: empty without a seed, else with offers and two weeks of orders."""
    sandbox = MiraklSandbox(journal=journal)
    if seed is not None:
        sandbox.load_shop(seed=seed)
    return sandbox
