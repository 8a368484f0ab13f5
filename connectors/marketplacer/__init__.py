"""Marketplacer: one account is one seller on one operator's marketplace. Source of orders, receiver of dispatches.

Must not know: mappings, cases, jobs, Django, any other platform. Contract: Marketplacer Seller API (GraphQL).
"""
