"""The language every platform is translated into: frozen dataclasses, standard library only, no I/O.

Must not know: any platform's field names, Django, the network.
"""
