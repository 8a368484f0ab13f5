"""What people see: home, search, the pages of cases, orders, connections and syncs, and the words around them.

The layer that may know everything below it; nothing below knows it.
"""
