"""Secrets that a sandbox installation makes for itself, once."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from cryptography.fernet import Fernet


def secret_key(var: Path) -> str:
    """Return Django's signing key for this installation."""
    return _read_or_make(var / "secret_key", lambda: secrets.token_urlsafe(64))


def encryption_key(var: Path) -> str:
    """Return the Fernet key that credentials and personal data of this installation are encrypted with."""
    return _read_or_make(var / "encryption_key", lambda: Fernet.generate_key().decode())


def _read_or_make(path: Path, make: Callable[[], str]) -> str:
    if not path.exists():
        _publish(path, make())
    return path.read_text().strip()


def _publish(path: Path, text: str) -> None:
    """Write whole or not at all; of two programs that start at once, the first one's key stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text + "\n")
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
