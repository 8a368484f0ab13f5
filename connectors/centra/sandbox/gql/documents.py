"""Documents, parsed and validated once per query text: their root fields, the schema fields they use, what they cost."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    TypeInfo,
    TypeInfoVisitor,
    VariableNode,
    Visitor,
    get_named_type,
    parse,
    validate,
    visit,
)

KEPT_DOCUMENTS = 500
MINIMUM_COMPLEXITY = 10
DEFAULT_LIMIT = 20
# "Only freeToAllocateQuantity is cheap in complexity."
_DEAR_STOCK_FIELDS = {
    "physicalQuantity", "allocatedQuantity", "demandQuantity", "unshippedQuantity", "availableNowQuantity",
    "availableQuantity", "incomingQuantity", "linkedIncomingQuantity", "unlinkedIncomingQuantity", "onDeliveryQuantity",
}  # fmt: skip
_DEAR_STOCK_COST = 5
# The server's variable type checks were relaxed in 2022: String may be declared where a scalar is meant.
_RELAXED = re.compile(r"of type '\[?String[!\]]*' used in position expecting type '\[?(DateTimeTz|Date|Int64)\b")


@dataclass(frozen=True, kw_only=True)
class Document:
    node: DocumentNode | None  # None: it could not be parsed
    errors: tuple[GraphQLError, ...]
    fields_used: frozenset[str]  # "Order.userIP", by the type it was asked of
    operations: Mapping[str, OperationDefinitionNode] = field(default_factory=dict)
    fragments: Mapping[str, FragmentDefinitionNode] = field(default_factory=dict)

    def operation(self, name: str | None) -> OperationDefinitionNode | None:
        if name is None and len(self.operations) == 1:
            return next(iter(self.operations.values()))
        return self.operations.get(name or "")

    def root_fields(self, operation: OperationDefinitionNode) -> list[str]:
        return list(self._roots(operation.selection_set))

    def _roots(self, selection: SelectionSetNode) -> list[str]:
        names: list[str] = []
        for node in selection.selections:
            if isinstance(node, FieldNode):
                names.append(node.name.value)
            elif isinstance(node, FragmentSpreadNode) and node.name.value in self.fragments:
                names += self._roots(self.fragments[node.name.value].selection_set)
            elif isinstance(node, InlineFragmentNode):
                names += self._roots(node.selection_set)
        return names

    def complexity(
        self, schema: GraphQLSchema, operation: OperationDefinitionNode, variables: Mapping[str, Any]
    ) -> int:
        """About 1 per scalar plus `limit` times what a list's children cost, never below 10. The real formula is not
        published."""
        root = schema.get_root_type(operation.operation)
        return max(MINIMUM_COMPLEXITY, self._cost(operation.selection_set, root, schema, variables))

    def _cost(self, selection: SelectionSetNode, kind: Any, schema: GraphQLSchema, variables: Mapping[str, Any]) -> int:
        total = 0
        for node in selection.selections:
            if isinstance(node, FieldNode):
                total += self._field_cost(node, kind, schema, variables)
            elif isinstance(node, FragmentSpreadNode):
                fragment = self.fragments[node.name.value]
                inner = schema.type_map[fragment.type_condition.name.value]
                total += self._cost(fragment.selection_set, inner, schema, variables)
            elif isinstance(node, InlineFragmentNode):
                inner = schema.type_map[node.type_condition.name.value] if node.type_condition else kind
                total += self._cost(node.selection_set, inner, schema, variables)
        return total

    def _field_cost(self, node: FieldNode, kind: Any, schema: GraphQLSchema, variables: Mapping[str, Any]) -> int:
        name = node.name.value
        if node.selection_set is None:
            return _DEAR_STOCK_COST if name in _DEAR_STOCK_FIELDS else 1
        definition = getattr(kind, "fields", {}).get(name)
        if definition is None:  # introspection
            return 1
        inner = self._cost(node.selection_set, get_named_type(definition.type), schema, variables)
        return inner * _list_size(node, definition, variables)


def _list_size(node: FieldNode, definition: Any, variables: Mapping[str, Any]) -> int:
    sizes = [name for name in ("limit", "first", "last") if name in definition.args]
    if not sizes:
        return 1
    for argument in node.arguments or ():
        if argument.name.value in sizes:
            value = argument.value
            if isinstance(value, IntValueNode):
                return max(1, int(value.value))
            given = variables.get(value.name.value) if isinstance(value, VariableNode) else None
            return given if isinstance(given, int) and given > 0 else DEFAULT_LIMIT
    return DEFAULT_LIMIT


# --- reading ------------------------------------------------------------------------------------------------------------
class Documents:
    """Documents by query text, for one schema."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._known: dict[str, Document] = {}

    def read(self, query: str) -> Document:
        found = self._known.get(query)
        if found is None:
            if len(self._known) >= KEPT_DOCUMENTS:
                self._known.clear()
            found = self._known[query] = read_document(self._schema, query)
        return found


def read_document(schema: GraphQLSchema, query: str) -> Document:
    try:
        node = parse(query)
    except GraphQLError as error:
        return Document(node=None, errors=(error,), fields_used=frozenset())
    errors = tuple(error for error in validate(schema, node) if not _RELAXED.search(error.message))
    return Document(
        node=node,
        errors=errors,
        fields_used=frozenset() if errors else _fields_used(schema, node),
        operations={
            item.name.value if item.name else "": item
            for item in node.definitions
            if isinstance(item, OperationDefinitionNode)
        },
        fragments={item.name.value: item for item in node.definitions if isinstance(item, FragmentDefinitionNode)},
    )


def is_mutation(operation: OperationDefinitionNode) -> bool:
    return operation.operation is OperationType.MUTATION


class _FieldCollector(Visitor):
    def __init__(self, info: TypeInfo) -> None:
        super().__init__()
        self.info, self.found = info, set[str]()

    def enter_field(self, node: FieldNode, *args: Any) -> None:
        parent = self.info.get_parent_type()
        if parent is not None:
            self.found.add(f"{parent.name}.{node.name.value}")


def _fields_used(schema: GraphQLSchema, node: DocumentNode) -> frozenset[str]:
    info = TypeInfo(schema)
    collector = _FieldCollector(info)
    visit(node, TypeInfoVisitor(info, collector))
    return frozenset(collector.found)
