"""POST /graphql: token, limits, execution, and the extensions that every response carries."""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from graphql import GraphQLError, GraphQLSchema, execute_sync

from connectors.centra.sandbox.gql.documents import Document, Documents, is_mutation
from connectors.centra.sandbox.gql.schema import Variant, executable_schema
from connectors.centra.sandbox.limits import RateLimits, retry_after
from connectors.centra.sandbox.shop import Shop
from connectors.centra.sandbox.tokens import Session, Token, Tokens
from connectors.sandboxkit import Reply, SandboxRequest

APP_VERSION = "v1.60.0"


@lru_cache(maxsize=64)
def _documents(variant: Variant) -> Documents:
    return Documents(executable_schema(variant))


class GraphQLEndpoint:
    def __init__(self, shop: Shop, tokens: Tokens, limits: RateLimits) -> None:
        self._shop, self._tokens, self._limits = shop, tokens, limits
        self.enum_values: set[tuple[str, str]] = set()
        self.without: set[str] = set()
        self.deprecated: set[tuple[str, str]] = set()

    @property
    def variant(self) -> Variant:
        return Variant(
            old_cancel_lines=self._shop.switches.old_cancel_lines,
            enum_values=frozenset(self.enum_values),
            without=frozenset(self.without),
            deprecated=frozenset(self.deprecated),
        )

    @property
    def schema(self) -> GraphQLSchema:
        return executable_schema(self.variant)

    # --- what a request is about ----------------------------------------------------------------------------------------
    def names(self, request: SandboxRequest) -> tuple[str, Sequence[str]]:
        """(operation name or first root field, what else faults may call it: every root field, and `mutation` or `query`)."""
        try:
            query, _, name = _read(request)
        except ValueError:
            return "graphql", ()
        document = _documents(self.variant).read(query)
        operation = document.operation(name)
        if operation is None:
            return "graphql", ()
        roots = document.root_fields(operation)
        given = operation.name.value if operation.name else roots[0] if roots else "graphql"
        return given, (*roots, operation.operation.value)

    # --- answering ------------------------------------------------------------------------------------------------------
    def answer(self, request: SandboxRequest) -> Reply:
        if request.method != "POST":
            return _errors([GraphQLError("Send a POST request.")], status=405)
        token = self._tokens.valid(_bearer(request), self._shop.clock.now())
        if token is None:
            error = GraphQLError("Invalid or expired token.", extensions={"category": "authentication"})
            return _errors([error], status=self._shop.switches.bad_token_status)
        try:
            query, variables, name = _read(request)
        except ValueError as error:
            return _errors([GraphQLError(str(error))], status=400)
        return self._execute(token, _documents(self.variant).read(query), variables, name)

    def _execute(self, token: Token, document: Document, variables: dict[str, Any], name: str | None) -> Reply:
        operation = None if document.errors else document.operation(name)
        complexity = mutations = 0
        if operation is not None:
            complexity = document.complexity(self.schema, operation, variables)
            mutations = len(document.root_fields(operation)) if is_mutation(operation) else 0
        costs = {"REQUEST_COUNT": 1, "QUERY_COMPLEXITY": complexity, "MUTATION_COUNT": mutations}
        if again := self._limits.spend(costs):
            return too_many_requests(retry_after(again, self._shop.switches.retry_after))
        session = Session(shop=self._shop, token=token, limits=self._limits)
        if operation is None or document.node is None:
            errors = document.errors or (GraphQLError("Unknown operation."),)
            return Reply(body={"errors": _shown(errors), "extensions": self._extensions(session, document, complexity)})
        result = execute_sync(
            self.schema, document.node, context_value=session, variable_values=variables, operation_name=name or None
        )
        body: dict[str, Any] = {}
        if result.errors:
            body["errors"] = _shown(result.errors)
        body["data"] = result.data
        return Reply(body={**body, "extensions": self._extensions(session, document, complexity)})

    def _extensions(self, session: Session, document: Document, complexity: int) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "complexity": complexity,
            "permissionsUsed": sorted(session.permissions_used),
            "appVersion": APP_VERSION,
        }
        used = sorted(f"{path}: {why}" for path, why in self.variant.deprecated if path in document.fields_used)
        if used:
            shown["deprecatedFieldsUsed"] = used
        return shown


def too_many_requests(value: str) -> Reply:
    """429; Retry-After is a timestamp, not a number of seconds."""
    error = GraphQLError("Rate limit exceeded.", extensions={"category": "rate_limit"})
    return _errors([error], status=429, headers={"Retry-After": value})


def _errors(errors: Sequence[GraphQLError], *, status: int, headers: Mapping[str, str] | None = None) -> Reply:
    return Reply(status=status, body={"errors": _shown(errors)}, headers=dict(headers or {}))


def _shown(errors: Sequence[GraphQLError]) -> list[dict[str, Any]]:
    """As graphql-php shows them: every error has a category, and what broke inside says only so."""
    shown = []
    for error in errors:
        entry: dict[str, Any] = dict(error.formatted)
        if error.path and error.original_error is not None and not isinstance(error.original_error, GraphQLError):
            entry |= {"message": "Internal server error", "debugMessage": repr(error.original_error)}
            entry["extensions"] = {"category": "internal"}
        entry.setdefault("extensions", {}).setdefault("category", "graphql")
        shown.append(entry)
    return shown


def _bearer(request: SandboxRequest) -> str:
    """Authorization: Bearer <token>, or the cookie graphql-access=<token>."""
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return value.strip()
    for part in request.headers.get("cookie", "").split(";"):
        name, _, cookie = part.strip().partition("=")
        if name == "graphql-access":
            return cookie
    return ""


def _read(request: SandboxRequest) -> tuple[str, dict[str, Any], str | None]:
    """query, variables, operationName. Numbers stay floats here, as GraphQL's own types want them."""
    body = json.loads(request.body or b"null")
    if not isinstance(body, dict) or not isinstance(body.get("query"), str):
        raise ValueError("The request has no query.")
    variables = body.get("variables")
    if variables is None or variables == []:  # PHP writes an empty object so
        variables = {}
    if not isinstance(variables, dict):
        raise ValueError("Variables must be an object.")
    return body["query"], variables, body.get("operationName")
