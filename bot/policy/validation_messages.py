"""Turns pydantic's validation errors into messages for a person who has the policy file open."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from bot.policy import models
from bot.policy.problems import KeyPath, Problem, did_you_mean, nearest, path_text
from bot.policy.yaml_source import Source

_REQUIREMENTS = {
    "string_type": "must be text",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "list_type": "must be a list",
    "dict_type": "must be a mapping",
    "model_type": "must contain settings",
}


def problems_from(
    invalid: ValidationError,
    source: Source,
    base: dict[str, Any] | None = None,
    root: type[BaseModel] = models.Document,
) -> list[Problem]:
    """The problems of a failed validation against `root`, each with its line in the file.

    `base` has the values of the preset, if there is one.
    """
    problems: dict[Problem, None] = {}
    for error in invalid.errors():
        path = _path(error)
        problems[Problem(path, _message(error, path, base or {}, root), source.line(path))] = None
    return list(problems)


def _path(error: ErrorDetails) -> KeyPath:
    """The path of a setting: pydantic's `[key]` and the tags of forms such as `[rungs]` are no part of it."""
    return tuple(part for part in error["loc"] if not str(part).startswith("["))


def _message(  # noqa: PLR0911 - a table: one text for each kind of error
    error: ErrorDetails, path: KeyPath, base: dict[str, Any], root: type[BaseModel]
) -> str:
    kind, context, name = error["type"], error.get("ctx", {}), path_text(path)
    if kind == "policy":
        return f"{name} {context['message']}"
    if kind == "extra_forbidden":
        return _unknown(path, root)
    if kind == "missing":
        return _missing(path, base)
    if kind == "literal_error":
        return _not_one_of(name, path, error)
    if kind in ("too_short", "string_too_short"):
        return f"{name} is empty. {_settings_hint(path, root)}".rstrip()
    if kind in ("too_long", "string_too_long"):
        return f"{name} is too long: {context['max_length']} at most."
    if kind == "greater_than_equal":
        return f"{name} must be {context['ge']} or more, not {error['input']}."
    if kind == "less_than_equal":
        return f"{name} must be {context['le']:g} or less, not {error['input']}."
    requirement = _REQUIREMENTS.get(kind, error["msg"])
    hint = _hint(kind, path, error["input"], root)
    return f"{name} {requirement}, not {_value_text(error['input'])}.{hint}"


def _unknown(path: KeyPath, root: type[BaseModel]) -> str:
    model = _model_at(path[:-1], root)
    settings = _setting_names(model) if model else []
    return f"{path_text(path)} is not a setting here.{did_you_mean(str(path[-1]), settings, 'Settings here')}"


def _missing(path: KeyPath, base: dict[str, Any]) -> str:
    owner, key = path[:-1], str(path[-1])
    if len(owner) == 2 and owner[0] in models.COLLECTIONS and owner[1] not in base.get(str(owner[0]), {}):
        entries = [str(name) for name in base.get(str(owner[0]), {})]
        guess = nearest(str(owner[1]), entries)
        suggestion = f" Did you mean {guess}?" if guess else ""
        return f"{path_text(owner)} is new, and needs {_with_article(key)}: write `{_example(owner, key)}`.{suggestion}"
    return f"{path_text(owner) or 'The file'} needs {_with_article(key)}: write `{_example(owner, key)}`."


def _with_article(key: str) -> str:
    if key in ("conditions", "rungs"):
        return key
    if key in ("begins", "ends"):
        return f"`{key}`"
    return f"an {key}" if key[0] in "aeiou" else f"a {key}"


def _example(owner: KeyPath, key: str) -> str:
    text = owner[-1].replace("_", " ").capitalize() if owner and isinstance(owner[-1], str) else "…"
    return {
        "after": "after: 15m",
        "notify": 'notify: ["schedule:primary"]',
        "members": "members: [anna, ben]",
        "when": "when: manual",
        "severity": "severity: sev2",
        "conditions": "conditions: [{type: threshold, query: 'up', op: lt, value: 1}]",
        "rungs": 'rungs: [{after: 0m, notify: ["schedule:primary"]}]',
        "begins": "begins: 2026-01-05 09:00",
        "ends": "ends: 2026-01-06 09:00",
        "type": "type: threshold",
        "url": "url: https://example.com/health",
    }.get(key, f"{key}: {text}")


def _not_one_of(name: str, path: KeyPath, error: ErrorDetails) -> str:
    choices = [word.strip("'\" ") for word in error["ctx"]["expected"].replace(" or ", ",").split(",")]
    value = error["input"]
    guess = nearest(value, choices) if isinstance(value, str) else None
    suggestion = f" Did you mean {guess}?" if guess else ""
    return f"{name} must be one of {', '.join(choices)}, not {_value_text(value)}.{suggestion}"


def _hint(kind: str, path: KeyPath, value: Any, root: type[BaseModel]) -> str:
    if kind == "list_type" and isinstance(value, str | int):
        return f" Write [{value}]."
    if kind == "list_type" and value is None:
        return " Write [] for none."
    if kind == "string_type" and isinstance(value, bool):
        return " Put it in quotes."
    if kind == "string_type" and isinstance(value, dict) and len(value) == 1:
        ((first, second),) = value.items()
        return f' Put it in quotes: "{first}: {second}".'
    if kind in ("bool_type", "bool_parsing") and str(value).lower() in ("on", "yes", "y"):
        return " Write true."
    if kind in ("bool_type", "bool_parsing") and str(value).lower() in ("off", "no", "n"):
        return " Write false."
    if kind == "dict_type":
        return " Write each entry on a line of its own below, as `name: {…}`."
    hint = _settings_hint(path, root)
    return f" {hint}" if hint and kind == "model_type" else ""


def _settings_hint(path: KeyPath, root: type[BaseModel]) -> str:
    model = _model_at(path, root)
    return f"Settings here: {', '.join(_setting_names(model))}." if model else ""


def _setting_names(model: type[BaseModel]) -> list[str]:
    """The names of the settings as they are written in the file."""
    return [field.alias or name for name, field in model.model_fields.items()]


def _value_text(value: Any) -> str:
    if value is None:
        return "empty"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return str(value).lower() if isinstance(value, bool) else f"“{str(value)[:60]}”"


def _model_at(path: KeyPath, root: type[BaseModel]) -> type[BaseModel] | None:
    """The model of the settings at `path`; `None` if there is none."""
    annotation: Any = root
    for part in path:
        steps = (_step(alternative, part) for alternative in _alternatives(annotation))
        annotation = next((step for step in steps if step is not None), None)
    return _first_model(annotation)


def _step(annotation: Any, part: str | int) -> Any:
    """The type of the setting or item `part` of this type; `None` if it has none."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        field = annotation.model_fields.get(str(part))
        return field.annotation if field else None
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is (list if isinstance(part, int) else dict):
        return arguments[-1]
    return None


def _first_model(annotation: Any) -> type[BaseModel] | None:
    return next(
        (
            alternative
            for alternative in _alternatives(annotation)
            if isinstance(alternative, type) and issubclass(alternative, BaseModel)
        ),
        None,
    )


def _alternatives(annotation: Any) -> Iterator[Any]:
    """The annotation itself without its metadata, or the members of a union."""
    if typing.get_origin(annotation) is typing.Annotated:
        yield from _alternatives(typing.get_args(annotation)[0])
    elif typing.get_origin(annotation) in (typing.Union, types.UnionType):
        for member in typing.get_args(annotation):
            yield from _alternatives(member)
    else:
        yield annotation
