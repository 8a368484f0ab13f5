"""Fulfil on loopback with its real rules, limits and refusals: for tests, the demo and the sandbox command.

Must not know: the connector next door, flows, Django. Production code never imports it.
"""

from pathlib import Path

from connectors.fulfil.sandbox.server import FulfilSandbox
from connectors.sandboxdata import catalogue

__all__ = ["FulfilSandbox", "make"]


def make(*, journal: Path | None = None, seed: int | None = None) -> FulfilSandbox:
    """A sandbox for a stranger's client: without articles unless a seed is given. Webhooks go out once an address is set."""
    sandbox = FulfilSandbox(journal=journal, live_webhooks=True)
    if seed is not None:
        sandbox.load_catalogue(catalogue(seed))
    return sandbox
