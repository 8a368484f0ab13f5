"""Where resolvers are registered, and which GraphQL type a record shows as. Fields without a resolver read the attribute."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from graphql import GraphQLAbstractType, GraphQLResolveInfo

from connectors.centra.sandbox import records, sales
from connectors.centra.sandbox.tokens import Session

Resolver = Callable[[Any, Session, dict[str, Any]], Any]
F = TypeVar("F", bound=Resolver)

RESOLVERS: dict[tuple[str, str], Resolver] = {}


def resolves(type_names: str, field_names: str) -> Callable[[F], F]:
    """Register for every field named (separated by spaces) of every type named."""

    def register(function: F) -> F:
        for type_name in type_names.split():
            for field_name in field_names.split():
                RESOLVERS[type_name, field_name] = function
        return function

    return register


def computed(type_names: str, field_names: str, function: Callable[[Any], Any]) -> None:
    """A field that follows from the record alone."""
    resolves(type_names, field_names)(lambda source, session, args: function(source))


def constant(type_names: str, field_names: str, value: Any) -> None:
    """What this tenant never has: null, an empty list, false."""
    resolves(type_names, field_names)(lambda source, session, args: value)


@dataclass(frozen=True)
class Discount:
    amount: Any
    name: str
    order: "sales.Order"
    date: Any = None


@dataclass(frozen=True)
class AttributeType:
    name: str
    is_mapped: bool


@dataclass(frozen=True)
class StringElement:
    key: str
    value: str
    description: None = None
    kind: str = "INPUT"


@dataclass(frozen=True)
class AssignedAttribute:
    type: AttributeType
    object_type: str
    elements: list[StringElement]
    description: None = None


_TYPE_NAMES: dict[type, str] = {
    sales.Order: "DirectToConsumerOrder",
    sales.OrderLine: "ProductOrderLine",
    sales.Shipment: "DirectToConsumerShipment",
    sales.Return: "DirectToConsumerReturn",
    sales.Payment: "PaymentHistoryEntry",
    records.Product: "Product",
    records.Variant: "ProductVariant",
    records.ProductSize: "ProductSize",
    records.Display: "Display",
    records.Pricelist: "Pricelist",
    records.Price: "Price",
    records.Market: "Market",
    records.Warehouse: "Warehouse",
    records.StockChange: "StockChange",
    records.Customer: "Customer",
    records.Store: "Store",
    records.MappedAttribute: "MappedAttribute",
    Discount: "AppliedDiscount",
    AssignedAttribute: "DynamicAttribute",
    StringElement: "AttributeStringElement",
}


def type_name_of(value: Any, info: GraphQLResolveInfo[Any], abstract: GraphQLAbstractType) -> str:
    return _TYPE_NAMES[type(value)]
