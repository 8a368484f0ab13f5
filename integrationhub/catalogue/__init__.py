"""Prices: what their owner's lists ask, what each channel was told, and the one road by which a channel is told.

It knows nothing of orders, and touches nothing of an offer but its price.
"""
