"""Describes models by their JSON Schema: a table of fields with type, default and meaning."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bot.cli.reference.markdown import code, table

Schema = Mapping[str, Any]


def fields_table(schema: Schema, within: str = "") -> str:
    """The fields of an object. `within`: the page that has a section for each model."""
    required = set(schema.get("required", ()))
    rows = [
        (code(name), type_of(field, within), _default(field, name in required), _meaning(field))
        for name, field in schema.get("properties", {}).items()
    ]
    return table(("field", "type", "default", "meaning"), rows) if rows else "No fields."


def section(name: str, schema: Schema) -> str:
    """A part of a page about one model: its fields, or its values."""
    description = " ".join(str(schema.get("description", "")).split())
    values = ", ".join(code(str(value)) for value in schema.get("enum", ()))
    content = fields_table(schema) if "properties" in schema else values
    return "\n\n".join(part for part in (f"## {name}", description, content) if part)


def type_of(field: Schema, within: str = "") -> str:
    """The type in words, with a link to the section of each model."""
    if "$ref" in field:
        name = field["$ref"].rpartition("/")[2]
        return f"[{name}]({within}#{name.lower()})"
    for several in ("anyOf", "oneOf"):
        if several in field:
            return " or ".join(dict.fromkeys(type_of(option, within) for option in field[several]))
    if "allOf" in field and len(field["allOf"]) == 1:
        return type_of(field["allOf"][0], within)
    if "enum" in field:
        return ", ".join(code(str(value)) for value in field["enum"])
    if "const" in field:
        return code(str(field["const"]))
    return _plain(field, within)


def _plain(field: Schema, within: str) -> str:
    kind = field.get("type", "any")
    if kind == "array":
        return f"list of {type_of(field.get('items', {}), within)}"
    if kind == "object":
        values = field.get("additionalProperties") or next(iter(field.get("patternProperties", {}).values()), None)
        return f"map of {type_of(values, within)}" if isinstance(values, Mapping) else "object"
    return str(field.get("format") or kind) if isinstance(kind, str) else " or ".join(kind)


def _default(field: Schema, required: bool) -> str:
    if required:
        return "required"
    if field.get("default") in (None, "", [], {}):
        return "–"
    text = json.dumps(field["default"], ensure_ascii=False)
    return code(text) if len(text) <= LONGEST_DEFAULT else "see below its type"


def _meaning(field: Schema) -> str:
    description = str(field.get("description", ""))
    bounds = [
        f"{word} {field[name]}"
        for name, word in (("minimum", "at least"), ("maximum", "at most"), ("maxLength", "at most characters:"))
        if name in field
    ]
    return f"{description} ({', '.join(bounds)})" if description and bounds else description or ", ".join(bounds)


LONGEST_DEFAULT = 60
