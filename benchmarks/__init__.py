"""The performance suite: what is measured, against which peers, and what must not grow.

It stands above the hub and may use all of it; nothing of the hub may know it. `./hub bench` runs it, or `python -m benchmarks`.
"""
