"""Parts that every admin page shares: capped counts, moments in words, choices as filters, form styling, a QR code.

The lowest layer of the screens: it imports nothing of the hub's, so that any app may use it.
"""
