"""Centra on loopback with its real rules, limits and refusals: for tests, the demo and the sandbox command.

Must not know: the connector next door, flows, Django. Production code never imports it.
"""

from connectors.centra.sandbox.server import CentraSandbox

__all__ = ["CentraSandbox"]
