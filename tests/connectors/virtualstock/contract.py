"""Our contract as a judge of all that went over the wire, read from the sandbox's journal."""

import json
import re
from typing import Any
from urllib.parse import parse_qs

from connectors.sandboxkit import JournalEntry
from connectors.virtualstock.sandbox import VirtualstockSandbox
from tests.contracts import contract

VIRTUALSTOCK = contract("virtualstock")
STRANGE = frozenset({405})  # a status of addresses that are no operation
JOURNAL_CUTS_AT = 200_000


def wire_problems(sandbox: VirtualstockSandbox) -> list[str]:
    """Where a request or an answer breaks the contract. Planned faults and unknown addresses are left out."""
    entries = [entry for entry in sandbox.journal.entries() if not entry.fault and entry.operation != "unknown"]
    return [problem for entry in entries for problem in (*request_problems(entry), *answer_problems(entry))]


def request_problems(entry: JournalEntry) -> list[str]:
    method, path, _ = VIRTUALSTOCK.operations[entry.operation]
    problems = VIRTUALSTOCK.parameter_problems(entry.operation, parse_qs(entry.query))
    if entry.method != method or not re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", path), entry.path):
        problems.append(f"{entry.operation}: {entry.method} {entry.path} is another call")
    if entry.status is not None and entry.status < 300:  # what was refused may have been sent to be refused
        problems += VIRTUALSTOCK.request_problems(entry.operation, _json(entry.body))
    return problems


def answer_problems(entry: JournalEntry) -> list[str]:
    if entry.status is None or entry.status in STRANGE or len(entry.reply) >= JOURNAL_CUTS_AT:
        return []
    return VIRTUALSTOCK.answer_problems(entry.operation, entry.status, _json(entry.reply))


def _json(text: str) -> Any:
    """JSON, plain text as it stands, None for nothing."""
    if not text:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text
