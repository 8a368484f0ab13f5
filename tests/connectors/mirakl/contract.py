"""Our contract as a judge of what the client sends, and of the shape of the payload files."""

import json
import re
from typing import Any
from urllib.parse import urlsplit

from connectors.transport import Outgoing
from tests.connectors.mirakl.network import query_of
from tests.contracts import contract

OPERATIONS = contract("mirakl").operations


def check_request(outgoing: Outgoing, *, code: str) -> None:
    """Assert that a request is this operation of the contract: method, path, parameters, media type, body."""
    method, template, operation = OPERATIONS[code]
    assert outgoing.method == method
    assert re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), urlsplit(outgoing.url).path)
    assert contract("mirakl").parameter_problems(code, query_of(outgoing)) == []
    _check_body(outgoing, code, contract("mirakl").resolved(operation.get("requestBody", {})).get("content", {}))


def _check_body(outgoing: Outgoing, code: str, content: dict[str, Any]) -> None:
    media = outgoing.headers.get("Content-Type", "").partition(";")[0]
    if not content:
        assert not outgoing.body
    elif media == "application/json":
        assert contract("mirakl").request_problems(code, json.loads(outgoing.body or b"null")) == []
    else:
        assert media in content


def shape_problems(value: Any, code: str) -> list[str]:
    """Where an answer breaks the contract. A missing member is no fault: Mirakl leaves out what is null elsewhere."""
    status = next(int(status) for status in OPERATIONS[code][2]["responses"] if status.startswith("2"))
    problems = contract("mirakl", closed=False).answer_problems(code, status, value)
    return [problem for problem in problems if not problem.endswith("is a required property")]
