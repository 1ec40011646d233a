"""JSON Schema in words, for tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from tools.docs.markdown import code

Schema = Mapping[str, Any]

NULL: Schema = {"type": "null"}

# A bound this large only says that the number has 64 bits.
NO_BOUND = 2**53

BOUNDS = {
    "minimum": "≥ {}",
    "exclusiveMinimum": "> {}",
    "maximum": "≤ {}",
    "exclusiveMaximum": "< {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "≥ {} items",
    "maxItems": "≤ {} items",
    "pattern": "pattern `{}`",
}


def words(schema: Schema) -> str:
    """What a value is: ``whole number, ≥ 3, ≤ 10``.  A shape with a name becomes a link to its heading."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    for alternatives in ("anyOf", "oneOf"):
        if alternatives in schema:
            return " or ".join(words(each) for each in schema[alternatives])
    if "enum" in schema:
        return "one of " + ", ".join(code(choice) for choice in schema["enum"])
    if "const" in schema:
        return code(schema["const"])
    return ", ".join([_type(schema), *_bounds(schema)])


def _type(schema: Schema) -> str:
    match schema.get("type"):
        case "string" if schema.get("format") == "date-time":
            return "time"
        case "string":
            return "text"
        case "integer":
            return "whole number"
        case "array":
            return f"list of {words(schema.get('items', {}))}"
        case "object" if isinstance(values := schema.get("additionalProperties"), dict) and values:
            return f"object of {words(values)}"
        case str(name):
            return name
    return "anything"


def _bounds(schema: Schema) -> Iterator[str]:
    for key, text in BOUNDS.items():
        bound = schema.get(key, 0 if key == "minLength" else None)
        if bound is None or (key == "minLength" and not bound) or schema.get("format") == "date-time":
            continue
        if isinstance(bound, str):
            yield text.format(bound)
        elif bound < NO_BOUND:
            yield text.format(int(bound) if bound == int(bound) else bound)


def default(schema: Schema, *, required: bool) -> str:
    """What a field is if nobody gives it: ``needed``, or its default as people write it."""
    if required:
        return "needed"
    value = schema.get("default")
    return code(value if value and isinstance(value, str) else msgspec.json.encode(value).decode())


def resolve(schema: Schema, root: Schema) -> Schema:
    """The schema that a reference into its own ``$defs`` means."""
    while "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rpartition("/")[2]]
    return schema


def fields(schema: Schema, root: Schema | None = None) -> Iterator[tuple[str, str, str, str]]:
    """An object's fields: name, what it is, default, description."""
    needed = set(schema.get("required", ()))
    for name, given in schema.get("properties", {}).items():
        field = resolve(given, root) if root else given
        text = field.get("description") or _inner(field).get("description", "")
        yield code(name), words(field), default(given, required=name in needed), text


def _inner(field: Schema) -> Schema:
    """The one alternative of a field that may also be null."""
    choices = [choice for choice in field.get("anyOf", ()) if choice != NULL]
    return choices[0] if len(choices) == 1 else {}
