"""Everything a running hub needs around it: embedded PostgreSQL and Valkey, child programs, ports, keys, backups.

It knows no platform, flow or model, and outside `management/` and `apps.py` it works without Django being set up.
"""
