"""Holding our own contract against the vendor's published document, where that lies beside the repository."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.contracts import JSON_TYPE, Contract, Schema

VENDOR_DOCUMENTS = Path(__file__).resolve().parents[2].parent / "shared" / "platforms"
_SCALARS = {"integer": {"integer", "number"}, "number": {"number"}, "string": {"string"}, "boolean": {"boolean"}}


def differences(ours: Contract, theirs: Contract) -> list[str]:
    """Every operation, parameter and property that we name and they do not, or with another type."""
    return [fault for name in ours.operations for fault in _operation_faults(ours, theirs, name)]


def _operation_faults(ours: Contract, theirs: Contract, name: str) -> Iterator[str]:
    if name not in theirs.operations:
        yield f"{name}: no such operation"
        return
    method, path, operation = ours.operations[name]
    their_method, their_path, their_operation = theirs.operations[name]
    if (method, path) != (their_method, their_path):
        yield f"{name}: {method} {path} is {their_method} {their_path} there"
    own_parameters = [ours.resolved(item) for item in operation.get("parameters", ())]
    yield from _parameter_faults(name, own_parameters, their_operation, theirs)
    sides = [("request", operation.get("requestBody", {}), their_operation.get("requestBody", {}))]
    for status, response in operation["responses"].items():
        if status == "default":  # vendors document no refusals
            continue
        if status not in their_operation["responses"]:
            yield f"{name}: no answer {status}"
            continue
        sides.append((f"answer {status}", response, their_operation["responses"][status]))
    for side, own, other in sides:
        yield from _content_faults(f"{name} {side}", own, other, ours=ours, theirs=theirs)


def _parameter_faults(
    name: str, ours: list[dict[str, Any]], theirs: dict[str, Any], document: Contract
) -> Iterator[str]:
    known = {item["name"]: item for item in map(document.resolved, theirs.get("parameters", ()))}
    paging = theirs.get("x-pagination", {}).get("parameters", {})  # described there in prose only
    for item in ours:
        if item["name"] in paging:
            continue
        if item["name"] not in known:
            yield f"{name}: no parameter {item['name']}"
        elif item["in"] != known[item["name"]]["in"]:
            yield f"{name}: parameter {item['name']} is in {known[item['name']]['in']}"
        elif not _types_of(item["schema"]) <= _widened(document.resolved(known[item["name"]]["schema"])):
            yield f"{name}: parameter {item['name']} has another type"


def _content_faults(
    place: str, own: dict[str, Any], other: dict[str, Any], *, ours: Contract, theirs: Contract
) -> Iterator[str]:
    for kind, content in own.get("content", {}).items():
        their_content = other.get("content", {}).get(kind)
        if their_content is None:
            yield f"{place}: no {kind}"
        elif kind in (JSON_TYPE, "multipart/form-data"):
            yield from _schema_faults(place, content["schema"], their_content["schema"], ours=ours, theirs=theirs)


def _schema_faults(place: str, own: Schema, other: Schema, *, ours: Contract, theirs: Contract) -> Iterator[str]:
    own, other = _plain(ours.resolved(own), ours), theirs.resolved(other)
    types = _types_of(own)
    if types and not types <= _widened(other):
        yield f"{place}: {'/'.join(sorted(types))} is {other.get('type')} there"
        return
    if "items" in own:
        yield from _schema_faults(f"{place}[]", own["items"], other.get("items", {}), ours=ours, theirs=theirs)
    known = _properties_of(other, theirs)
    for name, schema in own.get("properties", {}).items():
        if name not in known:
            yield f"{place}.{name}: no such property"
        else:
            yield from _schema_faults(f"{place}.{name}", schema, known[name], ours=ours, theirs=theirs)


def _plain(schema: Schema, document: Contract) -> Schema:
    """The alternative that is not null."""
    parts = [part for part in schema.get("anyOf", ()) if part.get("type") != "null"]
    return document.resolved(parts[0]) if parts else schema


def _types_of(schema: Schema) -> set[str]:
    """Null is ours: the vendor's answers carry it, its document does not say so. Numeric strings go for numbers."""
    types = schema.get("type", [])
    named = set([types] if isinstance(types, str) else types) - {"null"}
    return named - {"string"} if "number" in named else named


def _widened(schema: Schema) -> set[str]:
    """What may stand for a type of theirs: an integer for a number."""
    types = _types_of(schema)
    widened = {wide for kind in types for wide in {kind, *(small for small, big in _SCALARS.items() if kind in big)}}
    return widened or {"object", "array", *_SCALARS}


def _properties_of(schema: Schema, document: Contract) -> dict[str, Schema]:
    """A schema's own properties, those of its parts, and those of every form that its discriminator names."""
    found: dict[str, Schema] = {}
    forms = [{"$ref": target} for target in schema.get("discriminator", {}).get("mapping", {}).values()]
    for part in (*schema.get("allOf", ()), *schema.get("oneOf", ()), *schema.get("anyOf", ()), *forms):
        resolved = document.resolved(part)
        found |= resolved.get("properties", {}) if part in forms else _properties_of(resolved, document)
    own: dict[str, Schema] = schema.get("properties", {})
    return found | own
