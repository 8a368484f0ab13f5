"""The Integration API: the SDL with resolvers bound to it, executed by graphql-core.

Must not know: the Order API, control, webhooks.
"""
