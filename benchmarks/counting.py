"""How many SQL statements something takes, told apart: those of the jobs themselves, and those of the engine around them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection

from integrationhub.sync.gate import current_run


@dataclass
class Statements:
    in_jobs: int = 0
    around: int = 0


@contextmanager
def counted() -> Iterator[Statements]:
    """Count what this thread's connection executes while the block runs."""
    found = Statements()

    def count(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if current_run() is None:
            found.around += 1
        else:
            found.in_jobs += 1
        return execute(sql, params, many, context)

    with connection.execute_wrapper(count):
        yield found
