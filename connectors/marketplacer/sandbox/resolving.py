"""The executable schema on the contract's SDL: connections, money twins, lookups, and what a seller may not do."""

import base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLArgument,
    GraphQLError,
    GraphQLField,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    build_ast_schema,
    get_named_type,
    is_abstract_type,
    is_object_type,
    parse,
)

from connectors.marketplacer.sandbox import catalogue, orders, refunds
from connectors.marketplacer.sandbox.market import Market, RefusalError, Row, shown_money
from connectors.marketplacer.sandbox.scalars import bind_scalars

SDL_PATH = Path(__file__).parent / "schema.graphql"


@dataclass(frozen=True, kw_only=True)
class Session:
    """One call: whose key, and what it may."""

    market: Market
    forbidden: frozenset[str] = frozenset()  # root fields that the key's scopes leave out
    operator: bool = False


@lru_cache(maxsize=32)
def executable_schema(absent: frozenset[str]) -> GraphQLSchema:
    """`absent`: "Invoice.updatedAt", or "Query.advertsWhere(skus)" for an argument. Raises ValueError for an unknown one."""
    schema = build_ast_schema(_sdl(), assume_valid_sdl=True)
    bind_scalars(schema)
    for kind in list(schema.type_map.values()):
        if is_abstract_type(kind):
            kind.resolve_type = lambda value, info, abstract: value["__typename"]
        elif is_object_type(kind) and not kind.name.startswith("__"):
            _bind(kind)
    for path in absent:
        _remove(schema, path)
    return schema


@lru_cache(maxsize=1)
def _sdl() -> DocumentNode:
    return parse(SDL_PATH.read_text(encoding="utf-8"))


def _remove(schema: GraphQLSchema, path: str) -> None:
    place, _, argument = path.rstrip(")").partition("(")
    name, _, field_name = place.partition(".")
    fields: dict[str, GraphQLField] = getattr(schema.type_map.get(name), "fields", {})
    args: dict[str, GraphQLArgument] = fields[field_name].args if field_name in fields else {}
    if field_name not in fields or (argument and argument not in args):
        raise ValueError(f"There is no field {path}.")
    if argument:
        del args[argument]
    else:
        del fields[field_name]


def _bind(kind: GraphQLObjectType) -> None:
    for name, field in kind.fields.items():
        field.resolve = _resolver(kind.name, name, field)


def _resolver(kind: str, name: str, field: GraphQLField) -> Callable[..., Any]:
    if kind == "Mutation":
        return _mutation(name)
    connection = get_named_type(field.type).name.endswith("Connection")
    own = _FIELDS.get((kind, name)) or _FIELDS.get(("*", name)) or _plain(name)

    def resolve(source: Any, info: GraphQLResolveInfo[Any], **args: Any) -> Any:
        session: Session = info.context
        if kind == "Query" and name in session.forbidden:
            raise missing_scope(name)
        value = own(session, source, args)
        if connection and isinstance(value, list | tuple):
            return connect(value, args, session.market)
        return value

    return resolve


def _plain(name: str) -> Callable[[Session, Any, Row], Any]:
    def read(session: Session, source: Any, args: Row) -> Any:
        if name.endswith("Formatted") and name not in source:
            cents = source.get(f"{name.removesuffix('Formatted')}Cents")
            return None if cents is None else shown_money(cents, session.market.settings.money_form)
        return source.get(name)

    return read


def missing_scope(name: str) -> GraphQLError:
    return GraphQLError(f"Missing scope for {name}", extensions={"code": "MISSING_SCOPE"})


def connect(rows: Sequence[Any], args: Mapping[str, Any], market: Market) -> Row:
    """Forward only: `before` and `last` are accepted and not in use. A cursor is the base64 of a place in the list."""
    settings = market.settings
    first = min(settings.default_rows if args.get("first") is None else args["first"], settings.most_rows)
    start = _place(args.get("after"))
    page = list(rows[start : start + first])
    cursors = [_cursor(start + index + 1) for index in range(len(page))]
    return {
        "nodes": page,
        "edges": [{"cursor": cursor, "node": row} for cursor, row in zip(cursors, page, strict=True)],
        "totalCount": len(rows),
        "pageInfo": {
            "hasNextPage": start + len(page) < len(rows),
            "hasPreviousPage": start > 0,
            "startCursor": cursors[0] if cursors else None,
            "endCursor": cursors[-1] if cursors else None,
        },
    }


def _cursor(place: int) -> str:
    return base64.b64encode(str(place).encode()).decode("ascii")


def _place(cursor: str | None) -> int:
    try:
        return int(base64.b64decode(cursor)) if cursor else 0
    except ValueError:
        raise GraphQLError("Invalid cursor") from None


# --- queries ----------------------------------------------------------------------------------------------------------
def _seen(session: Session, key: str) -> Row | None:
    row = session.market.rows.get(key)
    return None if row is None or row.get("deleted") else row


def _adverts(session: Session, source: Any, args: Row) -> list[Row]:
    """ "If no arguments are given, returns an empty response"; else joined by and."""
    given = {name: args[name] for name in ("retailerIds", "skus", "barcodes") if args.get(name) is not None}
    if not given:
        return []
    rows: Iterable[Row] = (row for row in session.market.of("Advert") if not row["deleted"])
    if "retailerIds" in given:
        rows = (row for row in rows if row["seller"]["id"] in given["retailerIds"])
    for name, field in (("skus", "sku"), ("barcodes", "barcode")):
        if name in given:
            wanted = set(given[name])
            rows = [row for row in rows if any(item[field] in wanted for item in row["variants"])]
    return list(rows)


def _all_adverts(session: Session, source: Any, args: Row) -> list[Row]:
    kinds = {True: "DeletedAdvert", False: "UnpublishedAdvert"}
    found = []
    for row in session.market.of("Advert"):
        if row["deleted"] and not args.get("includeDeleted"):
            continue
        hidden = row["deleted"] or not row["published"]
        found.append({**row, "__typename": kinds[row["deleted"]]} if hidden else row)
    return found


def _invoices(session: Session, source: Any, args: Row) -> list[Row]:
    rows = [row for row in session.market.of("Invoice") if orders.matches(row, args.get("filters") or {})]
    sort = args.get("sort") or {}
    names = {"CREATED_AT": "createdAt", "PAID_AT": "paidAt"}
    for field in reversed(sort.get("fields") or ()):
        rows.sort(key=lambda row, name=names[field]: (row[name] is not None, row[name]))  # type: ignore[misc]
    return rows[::-1] if sort.get("ordering") == "DESCENDING" else rows


def _refund_requests(session: Session, source: Any, args: Row) -> list[Row]:
    return [row for row in session.market.of("RefundRequest") if refunds.matches(row, args.get("filters") or {})]


def _rows_of(kind: str) -> Callable[[Session, Any, Row], list[Row]]:
    return lambda session, source, args: list(session.market.of(kind))


def _by_external_id(session: Session, source: Any, args: Row) -> list[Row]:
    wanted = {"key": args["key"], "value": args["value"]}
    return [{**wanted, "owner": row} for row in session.market.rows.values() if wanted in row["externalIds"]]


def _forbidden_order(session: Session, source: Any, args: Row) -> None:
    settings = session.market.settings
    raise GraphQLError(settings.permission_message, extensions={"code": settings.permission_code})


def _lowest(session: Session, source: Row, args: Row) -> str:
    """ "25.0", as an official fixture has it: no more digits than it takes, and one at least."""
    text = f"{catalogue.price_of(source).normalize():f}"
    return text if "." in text else f"{text}.0"


def _brands_like(session: Session, source: Any, args: Row) -> list[Row]:
    return [row for row in session.market.of("Brand") if args["name"].lower() in row["name"].lower()]


_FIELDS: dict[tuple[str, str], Callable[[Session, Any, Row], Any]] = {
    ("Query", "node"): lambda session, source, args: _seen(session, args["id"]),
    ("Query", "nodes"): lambda session, source, args: [_seen(session, key) for key in args["ids"]],
    ("Query", "apiKeyPrincipal"): lambda session, source, args: {
        "emailAddress": "hub@maison-nord.example", "name": "Hub", "seller": session.market.seller,
    },
    ("Query", "brands"): _rows_of("Brand"),
    ("Query", "brandSearch"): _brands_like,
    ("Query", "taxons"): lambda session, source, args: [row for row in session.market.of("Taxon") if row["root"]],
    ("Query", "advertsWhere"): _adverts,
    ("Query", "allAdverts"): _all_adverts,
    ("Query", "externalIds"): _by_external_id,
    ("Query", "invoices"): _invoices,
    ("Query", "refundRequests"): _refund_requests,
    ("Query", "shipmentCarriers"): _rows_of("ShipmentCarrier"),
    ("Query", "invoiceAnnotationTypes"): _rows_of("InvoiceAnnotationType"),
    ("Invoice", "statusFlags"): lambda session, source, args: orders.status_flags(source),
    ("Invoice", "order"): _forbidden_order,
    ("Taxon", "adverts"): lambda session, source, args: [
        row for row in session.market.of("Advert") if row["taxon"] is source
    ],
    ("Advert", "variants"): lambda session, source, args: [
        row
        for row in source["variants"]
        if args.get("displayableOnly") is False or (source["displayable"] and row["published"])
    ],
    ("Advert", "fullTitle"): lambda session, source, args: source["title"],
    ("Advert", "taxonNullable"): lambda session, source, args: source["taxon"],
    ("Advert", "online"): lambda session, source, args: catalogue.is_online(session.market, source),
    ("Advert", "displayImage"): lambda session, source, args: next(iter(source["images"]), None),
    ("Advert", "lowestPriceCents"): lambda session, source, args: min(
        (int(catalogue.price_of(row) * 100) for row in source["variants"]), default=None
    ),
    ("Variant", "lowestPrice"): _lowest,
    ("Variant", "displayable"): lambda session, source, args: source["advert"]["displayable"],
    ("Variant", "buyable"): lambda session, source, args: catalogue.is_buyable(session.market, source),
    ("Variant", "optionValues"): lambda session, source, args: [
        item["optionValue"] for item in source["variantOptionValues"] if item["optionValue"] is not None
    ],
    ("Variant", "inventories"): lambda session, source, args: [],
    ("Variant", "images"): lambda session, source, args: source.get("images") or [],
}  # fmt: skip


# --- mutations --------------------------------------------------------------------------------------------------------
def _webhook_create(market: Market, given: Row) -> Row:
    """Whether a seller's key may call it is not documented: here it may not; the portal does it."""
    raise GraphQLError(market.settings.permission_message, extensions={"code": market.settings.permission_code})


_MUTATIONS: Mapping[str, Callable[[Market, Row], Row]] = {
    "advertUpsert": catalogue.advert_upsert,
    "advertPublishedUpdate": catalogue.advert_published_update,
    "advertDelete": catalogue.advert_delete,
    "advertVettingResubmit": catalogue.advert_vetting_resubmit,
    "variantUpdate": catalogue.variant_update,
    "shipmentCreate": orders.shipment_create,
    "shipmentUpdate": orders.shipment_update,
    "shipmentAddressCreate": orders.shipment_address_create,
    "refundRequestCreate": refunds.create,
    "refundRequestReturn": refunds.mark_returned,
    "refundRequestLineItemAccept": refunds.accept_line,
    "refundRequestLineItemReturn": refunds.return_line,
    "refundRequestLineItemDeny": refunds.deny_line,
    "refundRequestRefund": refunds.refund,
    "refundRequestDeny": refunds.deny,
    "invoiceAnnotationCreate": orders.annotation_create,
    "invoiceAnnotationUpdate": orders.annotation_update,
    "invoiceAnnotationResolve": orders.annotation_resolve,
    "webhookCreate": _webhook_create,
}
OPERATOR_ONLY = frozenset({"refundRequestRefund", "refundRequestDeny"})


def _mutation(name: str) -> Callable[..., Row]:
    def resolve(source: Any, info: GraphQLResolveInfo[Any], **args: Any) -> Row:
        session: Session = info.context
        market, given = session.market, args["input"]
        if name in session.forbidden:
            raise missing_scope(name)
        if name in OPERATOR_ONLY and not session.operator:
            _forbidden_order(session, None, {})
        echo = {"clientMutationId": given.get("clientMutationId")}
        try:
            made = _MUTATIONS[name](market, given)
        except RefusalError as refusal:
            return {**echo, "errors": refusal.errors, "status": 422}
        return {**echo, **made, "errors": [] if market.settings.empty_errors_list else None, "status": 200}

    return resolve
