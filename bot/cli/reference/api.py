"""The page of the API's operations."""

from __future__ import annotations

import json
from itertools import groupby

from bot.cli.reference.json_shapes import title_of
from bot.cli.reference.markdown import block, code, document, table
from bot.cli.reference.schema import type_of
from bot.operations.base import NoArguments, Operation
from bot.operations.table import OPERATIONS
from bot.policy import preset
from bot.web.api.openapi import example

INTRODUCTION = (
    "Every operation under `/api/v1`. [API](../api.md) explains tokens, errors, limits and repetition; `GET "
    "/api/v1/openapi.json` is the OpenAPI document, and `/api` its page."
)


def page() -> str:
    """The page."""
    parts = []
    for tag, operations in groupby(
        sorted(OPERATIONS, key=lambda operation: operation.tag), key=lambda operation: operation.tag
    ):
        tagged = list(operations)
        rows = (
            (f"[`{operation.method} {operation.path}`](#{operation.name})", operation.summary, str(operation.scope))
            for operation in tagged
        )
        parts.append(f"## {tag}\n\n{table(('operation', 'what it does', 'scope'), rows)}")
        parts += [_section(operation) for operation in tagged]
    return document("API", INTRODUCTION, parts)


def _section(operation: Operation) -> str:
    title = title_of(operation.answer)
    parts = [
        f"### {operation.name}",
        f"{code(f'{operation.method} {operation.path}')}: {operation.summary}. Answers {operation.status} with "
        f"[{title}](json.md#{title.lower()}).",
    ]
    if operation.arguments is not NoArguments:
        schema = operation.arguments.model_json_schema(ref_template="#/{model}")
        required = set(schema.get("required", ()))
        rows = [
            (code(name), _inline(field), "required" if name in required else "")
            for name, field in schema["properties"].items()
        ]
        parts.append(table(("argument", "type", ""), rows))
        parts.append(block("json", json.dumps(example(operation, preset("sev1-5"), "YYYY-MM-DD"), ensure_ascii=False)))
    return "\n\n".join(parts)


def _inline(field: dict[str, object]) -> str:
    """The type without links: the models of arguments have no sections."""
    return type_of(field).replace("[", "").replace("]", " ").split("(#")[0].strip()
