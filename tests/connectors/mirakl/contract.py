"""The vendor's OpenAPI document as a judge of what we send and of the payload files.

Lenient where the vendor's own answers are: nulls are dropped, and members it marks as deprecated may be missing although
the document says they are required.
"""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from jsonschema import Draft202012Validator

from connectors.transport import Outgoing

CONTRACT = Path(__file__).parents[2] / "contracts" / "mirakl.openapi.json"
DEPRECATED = ("paymentType", "commission_vat", "commission_rate_vat", "total_count")


@cache
def contract() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(CONTRACT.read_text(encoding="utf-8"))
    return found


def operation_of(outgoing: Outgoing) -> dict[str, Any]:
    """The operation at this method and path; the fixed path goes before one with parts."""
    path = urlsplit(outgoing.url).path
    paths = sorted(contract()["paths"], key=lambda template: template.count("{"))
    for template in paths:
        operation = contract()["paths"][template].get(outgoing.method.lower())
        if operation is not None and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path):
            found: dict[str, Any] = operation
            return found
    raise AssertionError(f"the contract knows no {outgoing.method} {path}")


def check_request(outgoing: Outgoing, *, code: str) -> None:
    """Assert that a request is one the vendor documents: operation, parameters, media type, body."""
    operation = operation_of(outgoing)
    assert operation["operationId"] == code
    known = {parameter["name"]: parameter for parameter in map(_resolved, operation.get("parameters", []))}
    paging = operation.get("x-pagination", {}).get("parameters", {})
    for name, values in parse_qs(urlsplit(outgoing.url).query, keep_blank_values=True).items():
        assert name in known or name in paging, f"{code} documents no parameter {name}"
        if name in known:
            _check_parameter(known[name], values)
    _check_body(operation, outgoing)


def _check_parameter(parameter: dict[str, Any], values: list[str]) -> None:
    schema, value = _resolved(parameter["schema"]), unquote(values[0])
    if schema["type"] == "integer":
        assert value.isdecimal()
    if "enum" in schema:
        assert set(value.split(",")) <= set(schema["enum"])
    if schema.get("format") == "date-time":
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?(Z|[+-]\d\d:\d\d)", value)


def _check_body(operation: dict[str, Any], outgoing: Outgoing) -> None:
    content = _resolved(operation.get("requestBody", {})).get("content", {})
    media = outgoing.headers.get("Content-Type", "").partition(";")[0]
    if not content:
        assert not outgoing.body
    elif media == "application/json":
        errors = faults(json.loads(outgoing.body or b"null"), content[media]["schema"])
        assert errors == []
    else:
        assert media in content


def faults(value: Any, schema: dict[str, Any]) -> list[str]:
    """Where a value breaks a schema of the contract, leniently."""
    whole = {**schema, "components": contract()["components"]}
    found = Draft202012Validator(whole).iter_errors(without_nulls(value))
    return [f"{error.json_path}: {error.message}" for error in found if not _is_forgiven(error)]


def response_faults(value: Any, code: str) -> list[str]:
    operations = (operation for path in contract()["paths"].values() for operation in path.values())
    operation = next(item for item in operations if isinstance(item, dict) and item.get("operationId") == code)
    answer = next(item for status, item in operation["responses"].items() if status.startswith("2"))
    return faults(value, _resolved(answer)["content"]["application/json"]["schema"])


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_nulls(item) for name, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


def _is_forgiven(error: Any) -> bool:
    return error.validator == "required" and any(f"'{name}'" in error.message for name in DEPRECATED)


def _resolved(part: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in part:
        found: Any = contract()
        for name in part["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        part = found
    return part
