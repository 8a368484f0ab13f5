"""Fulfil: the ERP that keeps the stock, packs and ships the orders, and keeps the books.

Must not know: mappings, cases, jobs, other platforms. Only `translate.py` and `webhooks.py` know its field names.
"""
