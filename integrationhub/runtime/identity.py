"""Under whose name embedded servers run: PostgreSQL refuses to run as root."""

import functools
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from integrationhub.runtime.errors import RuntimeSetupError

NOBODY = 65534


@functools.cache
def user_namespaces_work() -> bool:
    """Return whether root may map itself to `nobody` (containers often forbid it)."""
    unshare = shutil.which("unshare")
    if unshare is None:
        return False
    tried = subprocess.run([*_mapped(unshare), "true"], capture_output=True, check=False)
    return tried.returncode == 0


def _mapped(unshare: str) -> list[str]:
    return [unshare, "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}"]


def drops_root() -> bool:
    """Return whether PostgreSQL has to run as `nobody`: we are root and namespaces do not work."""
    return os.getuid() == 0 and not user_namespaces_work()


def own_users() -> set[int]:
    """Return the users whose files are our own."""
    return {os.getuid(), NOBODY} if drops_root() else {os.getuid()}


def prefix() -> list[str]:
    """Return the words to put before a PostgreSQL command line: none, except for root where namespaces work.

    Inside the namespace the program sees itself as `nobody`; outside, its files still belong to root, so nothing has to
    be opened to other users and no user has to be created.
    """
    if os.getuid() != 0 or not user_namespaces_work():
        return []
    return _mapped(str(shutil.which("unshare")))


def credentials(directory: Path) -> dict[str, Any]:
    """Return subprocess arguments that drop root for `nobody` where namespaces do not work.

    `directory` is given to that user; its parents must already let others pass. Raises RuntimeSetupError if not.
    """
    if not drops_root():
        return {}
    if blocked := next((parent for parent in directory.parents if not parent.stat().st_mode & 0o001), None):
        raise RuntimeSetupError(
            f"PostgreSQL refuses to run as root, and the unprivileged user may not enter {blocked}. Run ./hub as an"
            " ordinary user, or set HUB_VAR to a directory that others may enter, or set DATABASE_URL."
        )
    os.chown(directory, NOBODY, NOBODY)
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []}
