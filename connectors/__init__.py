"""How the hub speaks to each platform: one folder per platform, one shared language, one door to the network.

Must not know: flows, cases, mappings, the engine. `models.py` and `admin.py` are the only modules here that know Django.
"""
