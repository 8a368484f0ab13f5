"""The platforms' contracts as the hub uses them, and how tests hold requests and answers against them.

`contract("mirakl")` reads `mirakl.openapi.json` beside this file. Problems come back as sentences, one per fault.
"""

import copy
import functools
import json
from pathlib import Path
from typing import Any

from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator
from openapi_schema_validator import OAS30Validator, OAS31Validator, oas30_format_checker, oas31_format_checker

HERE = Path(__file__).parent
METHODS = ("get", "put", "post", "delete", "patch")
JSON_TYPE = "application/json"

Schema = dict[str, Any]


class Contract:
    """One OpenAPI 3.0 or 3.1 document. Operations are named by operationId, or by "PUT /path" where they have none.

    `closed`: an answer may carry nothing that the contract does not name, which keeps a sandbox from inventing fields.
    """

    def __init__(self, document: dict[str, Any], *, closed: bool = True) -> None:
        self.document = copy.deepcopy(document)
        if closed:
            _close(self.document)
        self.operations: dict[str, tuple[str, str, dict[str, Any]]] = {}  # name -> method, path, specification
        for path, methods in self.document["paths"].items():
            for method in METHODS:
                if method in methods:
                    operation = methods[method]
                    name = operation.get("operationId") or f"{method.upper()} {path}"
                    self.operations[name] = (method.upper(), path, operation)

    def answer_problems(self, name: str, status: int, body: Any) -> list[str]:
        """What is wrong with an answer's JSON body; pass None for an answer without one."""
        responses = self.operations[name][2]["responses"]
        response = responses.get(str(status)) or responses.get("default")
        if response is None:
            return [f"{name}: the contract knows no answer with status {status}"]
        schema = _json_schema(self.resolved(response))
        if schema is None:
            return [] if body is None else [f"{name}: the contract knows no body for status {status}"]
        return self.problems(schema, body)

    def request_problems(self, name: str, body: Any) -> list[str]:
        """What is wrong with a request's JSON body."""
        schema = _json_schema(self.resolved(self.operations[name][2].get("requestBody", {})))
        if schema is None:
            return [] if body is None else [f"{name}: the contract knows no request body"]
        return self.problems(schema, body)

    def parameter_problems(self, name: str, query: dict[str, Any]) -> list[str]:
        """Query parameters that the contract does not name, and required ones that are missing."""
        parameters = [self.resolved(item) for item in self.operations[name][2].get("parameters", ())]
        known = {item["name"] for item in parameters if item["in"] == "query"}
        required = {item["name"] for item in parameters if item["in"] == "query" and item.get("required")}
        unknown = [f"{name}: unknown parameter {item}" for item in sorted(set(query) - known)]
        return unknown + [f"{name}: missing parameter {item}" for item in sorted(required - set(query))]

    def problems(self, schema: Schema, value: Any) -> list[str]:
        errors = sorted(
            self._validator(schema).iter_errors(value), key=lambda error: list(map(str, error.absolute_path))
        )
        return [_sentence(error) for error in errors]

    def resolved(self, item: dict[str, Any]) -> dict[str, Any]:
        """`item`, or what its $ref points to."""
        while "$ref" in item:
            found: Any = self.document
            for part in item["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            item = found
        return item

    def _validator(self, schema: Schema) -> Validator:
        rooted = {**schema, "components": self.document.get("components", {})}  # so that local $refs find their target
        if self.document["openapi"].startswith("3.0"):
            return OAS30Validator(rooted, format_checker=oas30_format_checker)
        return OAS31Validator(rooted, format_checker=oas31_format_checker)


@functools.cache
def contract(platform: str, *, closed: bool = True) -> Contract:
    return Contract(json.loads((HERE / f"{platform}.openapi.json").read_text(encoding="utf-8")), closed=closed)


def _json_schema(holder: dict[str, Any]) -> Schema | None:
    schema: Schema | None = holder.get("content", {}).get(JSON_TYPE, {}).get("schema")
    return schema


def _close(node: Any) -> None:
    """Refuse unnamed members wherever a schema names some."""
    if isinstance(node, list):
        for item in node:
            _close(item)
    elif isinstance(node, dict):
        composed = any(word in node for word in ("allOf", "anyOf", "oneOf", "discriminator"))
        if isinstance(node.get("properties"), dict) and node.get("type") == "object" and not composed:
            node.setdefault("additionalProperties", False)
        for item in node.values():
            _close(item)


def _sentence(error: ValidationError) -> str:
    place = "/".join(str(part) for part in error.absolute_path) or "the body"
    return f"{place}: {error.message[:300]}"
