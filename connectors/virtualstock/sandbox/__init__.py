"""Virtualstock on loopback, with its real rules: tokens, slashes, states, locks, call limit, errors in every shape.

For tests, the demo and the sandbox command; production code never imports it. Inferred behaviour is a setting.
"""

from pathlib import Path

from connectors.virtualstock.sandbox.server import VirtualstockSandbox
from connectors.virtualstock.sandbox.settings import PlatformSettings, Retailer

__all__ = ["PlatformSettings", "Retailer", "VirtualstockSandbox", "make"]


def make(*, journal: Path | None = None, seed: int | None = None) -> VirtualstockSandbox:
    """A sandbox for a stranger's client: empty without a seed, else with products and two weeks of orders."""
    sandbox = VirtualstockSandbox(journal=journal)
    if seed is not None:
        sandbox.load_shop(seed=seed)
    return sandbox
