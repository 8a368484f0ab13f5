"""Prices and listings: what their owner says, what each channel was told, and the roads by which a channel is told.

It knows nothing of orders. Prices touch nothing of an offer but its price; listings touch neither price nor stock.
"""
