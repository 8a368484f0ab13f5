"""Orders, dispatches, refunds and returns: their ledgers and their flows.

Must not know: other flow packages' internals, screens.
"""
