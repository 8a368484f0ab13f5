#!/usr/bin/env python3
"""Run one of the hub's commands. `./hub` calls this with the right Python; see `./hub` for the list."""

import os
import signal
import sys

from integrationhub.runtime.commands import servers_for
from integrationhub.runtime.errors import RuntimeSetupError


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "integrationhub.settings")
    from django.core.management import execute_from_command_line

    # A polite end runs the `finally` blocks, which stop embedded servers. Long-running commands install their own.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        with servers_for(sys.argv[1:], environ=os.environ):
            execute_from_command_line(sys.argv)
    except RuntimeSetupError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
