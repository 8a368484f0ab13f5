"""A believable shop on loopback with honest troubles: the sandboxes, the brand that trades on them, and its daily life.

The only package beside tests that imports sandboxes.
"""
