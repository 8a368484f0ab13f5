"""Listings: what a channel wants to know of a product, what it is made of, what is wrong with it, and what it was told.

It knows nothing of prices, and no platform's words but the roles that a channel itself gives its attributes.
"""
