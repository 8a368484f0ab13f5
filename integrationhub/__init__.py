"""The hub itself: settings, web entry points, the engine and everything people see.

It knows the platforms through `connectors.registry` only, and it is started by `integrationhub.runtime`.
"""
