"""How the platform says no, and what it says when it did something only in part."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class UserMessage:
    """One entry of userErrors or userWarnings: English prose, no code; `path` points into the input."""

    message: str
    path: list[str] | None = None


class RefusedError(ValueError):
    """A mutation is refused and nothing has changed. `payload`: what is shown of the attempt, a failed capture's entry."""

    def __init__(self, message: str, path: Iterable[str] = (), *, payload: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.errors = [UserMessage(message, list(path) or None)]
        self.payload = dict(payload or {})


class OrderApiError(ValueError):
    """The Order API's `status: no` with its code: -1 not addable, -2 stock, -3 empty, -4 field missing, -5 number exists,
    -6 customer registration, -7 other."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
