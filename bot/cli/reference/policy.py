"""The page of the policy's schema."""

from __future__ import annotations

from bot.cli.reference.markdown import document
from bot.cli.reference.schema import fields_table, section
from bot.policy import json_schema

INTRODUCTION = (
    "Every setting of `policy.yml`. [The policy](../policy.md) explains them with examples. `tocsin policy "
    "--schema` prints the JSON Schema, with which editors complete and check the file. Durations are `10s`, `15m`, "
    "`2h`, `1d` or `1bd`."
)


def page() -> str:
    """The page: the document first, then its parts by name."""
    schema = json_schema()
    parts = [section(name, part) for name, part in sorted(schema["$defs"].items())]
    return document("Policy", INTRODUCTION, [f"## The file\n\n{fields_table(schema)}", *parts])
