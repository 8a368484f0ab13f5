"""The operations manual inside the console: docs/manual, rendered, searched and linked.

It knows files and screens' addresses; it reads no row and asks nobody's rights: everybody who gets in may read it.
"""

from integrationhub.console.manual.library import Playbook, playbook

__all__ = ["Playbook", "playbook"]
