"""Mirakl: one account is one shop on one operator's marketplace. Source of orders, receiver of dispatches.

Must not know: mappings, cases, jobs, Django, any other platform. Contract: Mirakl Marketplace Platform, seller API.
"""
