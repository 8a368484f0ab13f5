"""Centra: where the brand's orders are fulfilled; it owns the catalogue, the stock and the shipments.

Must not know: mappings, cases, jobs, other platforms. Only `translate.py` and `webhooks.py` know its field names.
"""
