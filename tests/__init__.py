"""The hub's tests; they mirror the tree they test, `flows/` is named by use case."""
