"""Marketplacer on loopback, with its real rules: keys, flags, refund machines, refusals, webhooks, quirks.

For tests, the demo and the sandbox command; production code never imports it. What the public pages leave open is a setting.
"""

from pathlib import Path

from connectors.marketplacer.sandbox.server import API_KEY, HMAC_KEY, WEBHOOK_SECRET, MarketplacerSandbox
from connectors.marketplacer.sandbox.settings import Settings
from connectors.sandboxdata import catalogue as sample_goods

__all__ = ["API_KEY", "HMAC_KEY", "WEBHOOK_SECRET", "MarketplacerSandbox", "Settings", "make"]

SAMPLE_ORDERS = 12


def make(*, journal: Path | None = None, seed: int | None = None) -> MarketplacerSandbox:
    """A sandbox for a stranger's client: empty without a seed, else with the brand's goods and some orders."""
    sandbox = MarketplacerSandbox(journal=journal, live_webhooks=True)
    if seed is not None:
        sandbox.load_catalogue(seed=seed)
        for item in sample_goods(seed)[:SAMPLE_ORDERS]:
            sandbox.add_order(lines=[{"sku": item.sku, "quantity": 1}])
    return sandbox
