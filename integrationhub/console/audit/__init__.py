"""The audit trail on screen: who did what, when, from what to what, and why; and its way out as a file."""
