"""TCP ports of this machine."""

import errno
import socket

NEIGHBOURS = 50


def free_port(preferred: int, *, host: str = "127.0.0.1") -> int:
    """Return `preferred` if nothing listens there, else a near neighbour, else any free port.

    Two callers that ask at the same moment can get the same port; whoever binds second must ask again.
    """
    for port in range(preferred, min(preferred + NEIGHBOURS, 65_536)):
        if _can_bind(port, host=host):
            return port
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def answers(port: int, *, host: str = "127.0.0.1", seconds: float = 1.0) -> bool:
    """Return whether something accepts connections there."""
    try:
        with socket.create_connection((host, port), timeout=seconds):
            return True
    except OSError:
        return False


def _can_bind(port: int, *, host: str) -> bool:
    with socket.socket() as probe:
        # Without this a port in TIME_WAIT from the last run would look taken; with it a listening one still does.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno in {errno.EADDRINUSE, errno.EACCES, errno.EPERM}:
                return False
            raise
    return True
