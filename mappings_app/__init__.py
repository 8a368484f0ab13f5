"""Code ↔ code tables: versions of what a code means on the other side, and resolving canonical objects through them.

Must not know: cases, jobs, flows, platforms' field names. The signal `mapping_saved` tells whoever waits for one.
"""
