"""How a mutation answers: its object with warnings, or userErrors with the object null and nothing changed."""

from collections.abc import Callable, Mapping
from typing import Any

from connectors.centra.sandbox.gql.binding import resolves
from connectors.centra.sandbox.refusals import RefusedError, UserMessage
from connectors.centra.sandbox.tokens import Session

Args = dict[str, Any]
Warnings = list[UserMessage]
Mutation = Callable[[Session, Args, Warnings], Mapping[str, Any]]


def mutation(field_name: str, *, empty: tuple[str, ...] = ()) -> Callable[[Mutation], Mutation]:
    """`empty` names the payload's lists that may not be null when it is refused."""

    def register(function: Mutation) -> Mutation:
        def resolve(source: None, session: Session, args: Args) -> Mapping[str, Any]:
            warnings: Warnings = []
            try:
                shown = function(session, args, warnings)
            except RefusedError as refusal:
                nothing: dict[str, Any] = {name: [] for name in empty}
                return {**nothing, **refusal.payload, "userErrors": refusal.errors, "userWarnings": []}
            return {**shown, "userErrors": [], "userWarnings": warnings}

        resolves("Mutation", field_name)(resolve)
        return function

    return register


def set_external_id(
    session: Session, table: Any, key: int, row: Any, external_id: str | None, warnings: Warnings
) -> None:
    if external_id is not None and session.token.integration is not None:
        table.name_externally(key, row.external_ids, session.token.integration, external_id, warnings)


def check_external_id(session: Session, external_id: str | None) -> None:
    """At most 255 characters, and only for tokens with an integration name."""
    if external_id is None:
        return
    if session.token.integration is None:
        raise RefusedError("External IDs need a token with an integration name.", ("input", "externalId"))
    if not 1 <= len(external_id) <= 255:
        raise RefusedError("External ID must have 1 to 255 characters.", ("input", "externalId"))
