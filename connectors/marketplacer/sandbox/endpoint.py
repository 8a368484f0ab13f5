"""POST /graphql: key, limits, execution, and errors in the form that graphql-ruby gives them."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    execute_sync,
    parse,
    specified_rules,
    validate,
)
from graphql.language import FieldNode

from connectors.marketplacer.sandbox.resolving import Session
from connectors.sandboxkit import Reply, SandboxRequest

_FIELD = re.compile(r"Cannot query field '(\w+)' on type '(\w+)'")
_ARGUMENT = re.compile(r"Unknown argument '(\w+)' on field '(?:(\w+)\.)?(\w+)'")
_VARIABLE = re.compile(r"Variable '\$(\w+)' (?:got|has) invalid value(?: at \.([\w.\[\]]+))?: (.*)", re.DOTALL)


def read_body(request: SandboxRequest) -> tuple[str, dict[str, Any]]:
    """query and variables. The operation's name is not asked for: the vendor's own sample sends it under another key."""
    body = json.loads(request.body or b"null")
    if not isinstance(body, dict) or not isinstance(body.get("query"), str):
        raise ValueError("No query string was present")
    variables = body.get("variables") or {}
    return body["query"], variables if isinstance(variables, dict) else {}


def names_of(request: SandboxRequest) -> tuple[str, Sequence[str]]:
    """(the document's own name, its root fields): what faults call the request."""
    try:
        operation = _operation(parse(read_body(request)[0]))
    except (ValueError, GraphQLError):
        return "graphql", ()
    if operation is None:
        return "graphql", ()
    roots = [node.name.value for node in operation.selection_set.selections if isinstance(node, FieldNode)]
    return operation.name.value if operation.name else (roots or ["graphql"])[0], roots


def _operation(document: DocumentNode) -> OperationDefinitionNode | None:
    found = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    return found[0] if found else None


def run(
    schema: GraphQLSchema, query: str, variables: Mapping[str, Any], session: Session, *, introspection: bool = True
) -> dict[str, Any]:
    """The body of the answer: {"data"} or {"errors"} or both."""
    try:
        document = parse(query)
    except GraphQLSyntaxError as error:
        return {"errors": [{"message": str(error.message), "extensions": {"code": "parseError"}}]}
    rules = [*specified_rules, *([] if introspection else [NoSchemaIntrospectionCustomRule])]
    found = validate(schema, document, rules)
    if found:
        return {"errors": [_invalid(error) for error in found]}
    result = execute_sync(schema, document, context_value=session, variable_values=dict(variables))
    body: dict[str, Any] = {}
    if result.errors:
        body["errors"] = [_failed(error) for error in result.errors]
    if result.data is not None or not result.errors:
        body["data"] = result.data
    return body


def _invalid(error: GraphQLError) -> dict[str, Any]:
    """A validation error: its path goes into the document, its extensions name what is not there."""
    shown: dict[str, Any] = {**error.formatted, "path": ["query"], "extensions": {"code": "invalid"}}
    if match := _FIELD.match(error.message):
        shown["message"] = f"Field '{match[1]}' doesn't exist on type '{match[2]}'"
        shown["extensions"] = {"code": "undefinedField", "typeName": match[2], "fieldName": match[1]}
    elif match := _ARGUMENT.match(error.message):
        shown["message"] = f"Field '{match[3]}' doesn't accept argument '{match[1]}'"
        shown["extensions"] = {
            "code": "argumentNotAccepted", "name": match[3], "typeName": "Field", "argumentName": match[1],
        }  # fmt: skip
    return shown


def _failed(error: GraphQLError) -> dict[str, Any]:
    shown: dict[str, Any] = dict(error.formatted)
    if match := _VARIABLE.match(error.message):
        kind = _kind_of_variable(error, match[1])
        words = match[3].rstrip(".")
        shown["message"] = (
            f"Variable ${match[1]} of type {kind} was provided invalid value for {match[2] or match[1]} ({words})"
        )
    elif error.path and error.original_error is not None and not isinstance(error.original_error, GraphQLError):
        shown["message"] = "Internal server error"
    return shown


def _kind_of_variable(error: GraphQLError, name: str) -> str:
    for node in error.nodes or ():
        kind = getattr(node, "type", None)
        if kind is not None and kind.loc is not None:
            return str(kind.loc.source.body[kind.loc.start : kind.loc.end])
    return name


def too_many_requests(seconds: float | None) -> Reply:
    headers = {} if seconds is None else {"Retry-After": str(int(seconds))}
    return Reply(status=429, body="Too Many Requests", headers=headers, content_type="text/plain")
