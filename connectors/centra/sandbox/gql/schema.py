"""The executable schema: scalars, resolvers and permissions bound to the SDL, one per variant of the platform.

A variant is what tenants differ in: the older dialect of cancelLines, enum values nobody documented, fields not there yet.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from operator import attrgetter
from pathlib import Path
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLScalarType,
    GraphQLSchema,
    build_schema,
    get_named_type,
    is_abstract_type,
    is_object_type,
)

from connectors.centra.sandbox import dates
from connectors.centra.sandbox.gql import catalogue_fields, mutations, order_fields, queries, structure_fields
from connectors.centra.sandbox.gql.binding import RESOLVERS, Resolver, type_name_of
from connectors.centra.sandbox.gql.permissions import permissions_for
from connectors.centra.sandbox.tokens import Session

SDL_PATH = Path(__file__).parent.parent / "schema.graphql"
RESOLVER_MODULES = (catalogue_fields, mutations, order_fields, queries, structure_fields)  # importing them registers

_NEW_CANCEL = (
    "line: OrderLineInput! quantity: Int! stockActionPolicy: StockPolicyActionInput! deliveryGroup: DeliveryGroupInput"
)
_OLD_CANCEL = "line: OrderLineInput! quantity: Int! stockAction: StockAction! deliveryGroup: DeliveryGroupInput"


@dataclass(frozen=True, kw_only=True)
class Variant:
    old_cancel_lines: bool = False
    enum_values: frozenset[tuple[str, str]] = field(default_factory=frozenset)  # (enum, value not in the documentation)
    without: frozenset[str] = field(default_factory=frozenset)  # "Shipment.externalId": fields this tenant lacks
    deprecated: frozenset[tuple[str, str]] = field(default_factory=frozenset)  # ("Order.userIP", reason with date)


@lru_cache(maxsize=64)
def executable_schema(variant: Variant) -> GraphQLSchema:
    schema = build_schema(_sdl(variant))
    for name in ("DateTimeTz", "Date"):
        scalar = schema.type_map[name]
        assert isinstance(scalar, GraphQLScalarType)
        scalar.parse_value = scalar.coerce_input_value = dates.parse  # type: ignore[method-assign,assignment]
    for kind in list(schema.type_map.values()):
        if is_abstract_type(kind):
            kind.resolve_type = type_name_of
        elif is_object_type(kind) and not kind.name.startswith("__"):
            _bind(kind)
    _apply(schema, variant)
    return schema


def _sdl(variant: Variant) -> str:
    text = SDL_PATH.read_text(encoding="utf-8")
    if variant.old_cancel_lines:
        text = text.replace(_NEW_CANCEL, _OLD_CANCEL)
        text += "\nenum StockAction { RELEASE_BACK_TO_WAREHOUSE REMOVE_FROM_STOCK }\n"
    for enum, value in sorted(variant.enum_values):
        text, found = re.subn(rf"\benum {enum} \{{", f"enum {enum} {{ {value}", text)
        if not found:
            raise ValueError(f"There is no enum {enum}.")
    return text


def _apply(schema: GraphQLSchema, variant: Variant) -> None:
    for path in variant.without:
        for holder in _holders(schema, path):
            del holder.fields[path.partition(".")[2]]
    for path, reason in variant.deprecated:
        for holder in _holders(schema, path):
            holder.fields[path.partition(".")[2]].deprecation_reason = reason


def _holders(schema: GraphQLSchema, path: str) -> list[Any]:
    """The type of "Type.field" and, for an interface, everything that implements it."""
    type_name, _, field_name = path.partition(".")
    kind = schema.type_map.get(type_name)
    if kind is None or field_name not in getattr(kind, "fields", {}):
        raise ValueError(f"There is no field {path}.")
    others = schema.get_implementations(kind).objects if is_abstract_type(kind) else ()  # type: ignore[arg-type]
    return [kind, *others]


# --- binding ------------------------------------------------------------------------------------------------------------
def _bind(kind: GraphQLObjectType) -> None:
    names = [kind.name, *(interface.name for interface in kind.interfaces)]
    for field_name, definition in kind.fields.items():
        resolver = next((RESOLVERS[name, field_name] for name in names if (name, field_name) in RESOLVERS), None)
        if resolver is None:
            resolver = _by_key(field_name) if "Payload" in names else _by_attribute(field_name, definition)
        definition.resolve = _guarded(resolver, field_name, permissions_for(names, field_name, definition))


def _by_key(field_name: str) -> Resolver:
    """Payloads of mutations are mappings by field name."""
    return lambda source, session, args: source.get(field_name)


def attribute_name(field_name: str) -> str:
    """createdAt → created_at, userIP → user_ip, EAN → ean."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", field_name).lower()


def _by_attribute(field_name: str, definition: GraphQLField) -> Resolver:
    get = attrgetter(attribute_name(field_name))
    if get_named_type(definition.type).name != "DateTimeTz":
        return lambda source, session, args: get(source)

    def moment(source: Any, session: Session, args: dict[str, Any]) -> str | None:
        value = get(source)
        pattern = args.get("format") or dates.DEFAULT_FORMAT
        return None if value is None else dates.formatted(value, session.shop.zone, pattern)

    return moment


def _guarded(resolver: Resolver, field_name: str, permissions: tuple[str, ...]) -> Callable[..., Any]:
    def resolve(source: Any, info: GraphQLResolveInfo[Any], **args: Any) -> Any:
        session: Session = info.context
        for permission in permissions:
            session.require(permission, field_name)
        return resolver(source, session, args)

    return resolve
