"""What this layer announces to the layers above it."""

from django.dispatch import Signal

# Arguments: case (ExceptionCase, its row locked), actor (user name). Sent inside the transaction that records the wish,
# so that a listener re-queues the waiting work in the same transaction; a listener that raises undoes both. Listeners
# must not call a platform: the transaction is open.
retry_requested = Signal()
