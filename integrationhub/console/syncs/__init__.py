"""Flows on links: how each runs, what waits, and the buttons that hold, shadow or run one."""
