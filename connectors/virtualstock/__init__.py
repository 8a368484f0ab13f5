"""Virtualstock: one account is one supplier to one or more retailers. Source of orders, receiver of dispatches.

Must not know: mappings, cases, jobs, Django, any other platform. Contract: Virtualstock supplier REST API, v4.
"""
