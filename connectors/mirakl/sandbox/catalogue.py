"""The operator's catalogue as sellers read it: H11, PM11, VL11. Invented, for clothes; no two operators share theirs."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from connectors.mirakl.sandbox.market import Marketplace
from connectors.mirakl.sandbox.reading import Call
from connectors.mirakl.sandbox.reference import AttributeRow, CategoryRow
from connectors.sandboxkit import Reply

LOCALE = "en_GB"
LISTS = ("LIST", "LIST_MULTIPLE_VALUES")


@dataclass(frozen=True, kw_only=True)
class Tree:
    rows: dict[str, CategoryRow]
    children: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, market: Marketplace) -> "Tree":
        rows = {row.code: row for row in market.reference.categories}
        children: dict[str, list[str]] = {}
        for row in rows.values():
            children.setdefault(row.parent, []).append(row.code)
        return cls(rows=rows, children=children)

    def upwards(self, code: str) -> Iterator[str]:
        """The category, its parent, and so on to the top."""
        while code in self.rows:
            yield code
            code = self.rows[code].parent

    def downwards(self, code: str, *, levels: int | None) -> Iterator[str]:
        """Everything below, so many levels deep; None for all."""
        if levels == 0:
            return
        for child in self.children.get(code, ()):
            yield child
            yield from self.downwards(child, levels=None if levels is None else levels - 1)

    def related(self, code: str, *, levels: int | None) -> set[str]:
        return {*self.upwards(code), *self.downwards(code, levels=levels)}


def attributes_of(market: Marketplace, category: str) -> dict[str, AttributeRow]:
    """What a product in this category is asked: everybody's attributes, then those inherited, the nearest one first."""
    found: dict[str, AttributeRow] = {}
    for place in (*Tree.of(market).upwards(category), ""):
        for row in market.reference.attributes:
            if row.category == place:
                found.setdefault(row.code, row)
    return {code: row for code, row in found.items() if row.requirement != "DISABLED"}


def by_role(market: Marketplace, role: str) -> str:
    """The code of the attribute that has it; "" where none has."""
    return next((row.code for row in market.reference.attributes if row.role == role), "")


# --- what a shop reads ------------------------------------------------------------------------------------------------
def hierarchies(market: Marketplace, call: Call) -> Reply:
    tree = Tree.of(market)
    wanted = _wanted(tree, call)
    rows = [_category(tree, row) for row in tree.rows.values() if wanted is None or row.code in wanted]
    return Reply(body={"hierarchies": rows})


def attributes(market: Marketplace, call: Call) -> Reply:
    """Those of parents and of children of the category asked for. An unknown parameter is ignored, as everywhere."""
    wanted, with_roles = _wanted(Tree.of(market), call), call.flag("with_roles")
    rows = [
        _attribute(row)
        for row in market.reference.attributes
        if (wanted is None or row.category in {"", *wanted}) and (row.role or not with_roles)
    ]
    return Reply(body={"attributes": rows})


def value_lists(market: Marketplace, call: Call) -> Reply:
    wanted = call.word("code")
    lists = market.reference.value_lists
    rows = [
        {
            "code": code,
            "label": code,
            "label_translations": _translated(code),
            "values": [
                {"code": value, "label": label, "label_translations": _translated(label)}
                for value, label in values.items()
            ],
        }
        for code, values in lists.items()
        if wanted is None or code == wanted
    ]
    return Reply(body={"values_lists": rows})


def _wanted(tree: Tree, call: Call) -> set[str] | None:
    code = call.word("hierarchy")
    if code is None:
        return None
    levels = None if call.word("max_level") is None else call.number("max_level", 0)
    return tree.related(code, levels=levels)


def _category(tree: Tree, row: CategoryRow) -> dict[str, Any]:
    return {
        "code": row.code,
        "label": row.label,
        "label_translations": _translated(row.label),
        "level": len(list(tree.upwards(row.code))),
        "parent_code": row.parent,
    }


def _attribute(row: AttributeRow) -> dict[str, Any]:
    listed = row.values_list if row.kind in LISTS else None
    return {
        "code": row.code,
        "label": row.label,
        "label_translations": _translated(row.label),
        "description": None,
        "description_translations": [],
        "hierarchy_code": row.category,
        "type": row.kind,
        "type_parameter": listed,
        "type_parameters": [{"name": "LIST_CODE", "value": listed}] if listed else [],
        "values_list": listed,
        "required": row.requirement == "REQUIRED",
        "requirement_level": row.requirement,
        "roles": [{"type": row.role, "parameters": []}] if row.role else [],
        "validations": f"MAX_LENGTH|{row.max_length}" if row.max_length else None,
        "transformations": None,
        "variant": row.variant,
        "unique_code": row.code,
    }


def _translated(label: str) -> list[dict[str, str]]:
    return [{"locale": LOCALE, "value": label}]
