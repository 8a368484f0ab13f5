"""Keys that put records with one cause into one case, whatever each record's numbers and names are."""

import hashlib
import re
from collections.abc import Iterable
from traceback import extract_tb

from connectors.canonical.errors import HubError, Problem

KEY_LENGTH = 255
_DIGEST_LENGTH = 12
# What differs from one record to the next: quoted values, identifiers with a digit in them, amounts.
_PARTICULARS = re.compile(r"\"[^\"]*\"|'[^']*'|“[^”]*”|\b[\w./-]*\d[\w./-]*")
_INDEX = re.compile(r"\[\d+\]")


def refusal_key(error: HubError, *, target_id: int, operation: str) -> str:
    """One key for what a platform refuses for one reason: its code, else its words without their particulars."""
    words = error.code or _general(error.platform_words or error.message)
    return fitted(f"{target_id}|{operation}|{words}")


def problems_key(problems: Iterable[Problem], *, source_id: int, kind: str) -> str:
    """One key for records of a kind that break the same rules in the same fields."""
    broken = sorted({f"{_INDEX.sub('[]', problem.field)}: {_general(problem.message)}" for problem in problems})
    return fitted(f"{source_id}|{kind}|{'; '.join(broken)}")


def bug_key(error: BaseException) -> str:
    """One key for a fault of ours: its type and the function that raised it."""
    frames = extract_tb(error.__traceback__)
    where = f"{frames[-1].filename.rsplit('/', 1)[-1]}:{frames[-1].name}" if frames else ""
    return fitted(f"{type(error).__name__}@{where}")


def fitted(key: str) -> str:
    """The key itself where the column holds it, else its beginning and a digest of all of it."""
    clean = key.replace("\x00", "")
    if len(clean) <= KEY_LENGTH:
        return clean
    digest = hashlib.sha256(clean.encode()).hexdigest()[:_DIGEST_LENGTH]
    return f"{clean[: KEY_LENGTH - _DIGEST_LENGTH - 1]}~{digest}"


def _general(words: str) -> str:
    return " ".join(_PARTICULARS.sub("#", words).casefold().split())
