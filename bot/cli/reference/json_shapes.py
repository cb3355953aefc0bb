"""The page of the JSON that the API returns and `--json` prints."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from bot.cli.reference.markdown import document
from bot.cli.reference.schema import section
from bot.operations.table import OPERATIONS

INTRODUCTION = (
    "The shapes of what the API answers; `tocsin … --json` prints the same. Instants are RFC 3339 in UTC, spans are "
    "seconds. New fields may come, and none changes its meaning."
)


def page() -> str:
    """The page."""
    return document("JSON", INTRODUCTION, [section(name, shape) for name, shape in sorted(definitions().items())])


def definitions() -> dict[str, Any]:
    """The schema of each model that an operation returns, and of the models inside it, by name."""
    models = sorted({operation.answer for operation in OPERATIONS}, key=lambda model: model.__name__)
    _, schemas = models_json_schema([(model, "serialization") for model in models])
    text = json.dumps(schemas["$defs"])
    for key, shape in schemas["$defs"].items():  # people know a model by its title
        text = text.replace(f'"#/$defs/{key}"', f'"#/$defs/{shape.get("title", key)}"')
    return {str(shape.get("title", key)): shape for key, shape in json.loads(text).items()}


def title_of(model: type[BaseModel]) -> str:
    """The name under which people know the model."""
    return str(model.model_config.get("title") or model.__name__)
