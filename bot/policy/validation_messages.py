"""Validation errors in the words of somebody who has the file open before them."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from bot.policy import models
from bot.policy.problems import KeyPath, Problem, did_you_mean, dotted, nearest
from bot.policy.yaml_source import Source

_WANTED = {
    "string_type": "must be a text",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "list_type": "must be a list",
    "dict_type": "must hold keys of its own",
    "model_type": "must hold settings",
}


def problems_from(
    invalid: ValidationError,
    source: Source,
    base: dict[str, Any] | None = None,
    root: type[BaseModel] = models.Document,
) -> list[Problem]:
    """Every error of a validation against `root`, each with its line in the file."""
    found: dict[Problem, None] = {}
    for error in invalid.errors():
        path = _path(error)
        found[Problem(path, _said(error, path, base or {}, root), source.line(path))] = None
    return list(found)


def _path(error: ErrorDetails) -> KeyPath:
    return tuple(part for part in error["loc"] if part != "[key]")


def _said(error: ErrorDetails, path: KeyPath, base: dict[str, Any], root: type[BaseModel]) -> str:
    kind, context, name = error["type"], error.get("ctx", {}), dotted(path)
    if kind == "policy":
        return f"{name} {context['said']}"
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
    wanted = _WANTED.get(kind, error["msg"])
    return f"{name} {wanted}, not {_shown(error['input'])}.{_how(kind, path, error['input'], root)}"


def _unknown(path: KeyPath, root: type[BaseModel]) -> str:
    model = _model_at(path[:-1], root)
    known = list(model.model_fields) if model else []
    return f"{dotted(path)} is not a setting here.{did_you_mean(str(path[-1]), known, 'Settings here')}"


def _missing(path: KeyPath, base: dict[str, Any]) -> str:
    owner, key = path[:-1], str(path[-1])
    if len(owner) == 2 and owner[0] in models.COLLECTIONS and owner[1] not in base.get(str(owner[0]), {}):
        known = [str(name) for name in base.get(str(owner[0]), {})]
        guess = nearest(str(owner[1]), known)
        meant = f" Did you mean {guess}?" if guess else ""
        return f"{dotted(owner)} is new, and needs {_article(key)} {key}: write `{_example(owner, key)}`.{meant}"
    return f"{dotted(owner) or 'The file'} needs {_article(key)} {key}: write `{_example(owner, key)}`."


def _article(key: str) -> str:
    return "an" if key[0] in "aeiou" else "a"


def _example(owner: KeyPath, key: str) -> str:
    text = owner[-1].replace("_", " ").capitalize() if owner and isinstance(owner[-1], str) else "…"
    return {
        "after": "after: 15m",
        "notify": 'notify: ["schedule:primary"]',
        "members": "members: [anna, ben]",
        "when": "when: manual",
        "severity": "severity: sev2",
    }.get(key, f"{key}: {text}")


def _not_one_of(name: str, path: KeyPath, error: ErrorDetails) -> str:
    known = [word.strip("'\" ") for word in error["ctx"]["expected"].replace(" or ", ",").split(",")]
    given = error["input"]
    guess = nearest(given, known) if isinstance(given, str) else None
    return f"{name} must be one of {', '.join(known)}, not {_shown(given)}.{f' Did you mean {guess}?' if guess else ''}"


def _how(kind: str, path: KeyPath, given: Any, root: type[BaseModel]) -> str:
    if kind == "list_type" and isinstance(given, str | int):
        return f" Write [{given}]."
    if kind == "list_type" and given is None:
        return " Write [] for none."
    if kind == "string_type" and isinstance(given, bool):
        return " Put it in quotes."
    if kind == "string_type" and isinstance(given, dict) and len(given) == 1:
        ((first, second),) = given.items()
        return f' Put it in quotes: "{first}: {second}".'
    if kind in ("bool_type", "bool_parsing") and str(given).lower() in ("on", "yes", "y"):
        return " Write true."
    if kind in ("bool_type", "bool_parsing") and str(given).lower() in ("off", "no", "n"):
        return " Write false."
    if kind == "dict_type":
        return " Name each on a line of its own beneath, as `name: {…}`."
    hint = _settings_hint(path, root)
    return f" {hint}" if hint and kind == "model_type" else ""


def _settings_hint(path: KeyPath, root: type[BaseModel]) -> str:
    model = _model_at(path, root)
    return f"Settings here: {', '.join(model.model_fields)}." if model else ""


def _shown(value: Any) -> str:
    if value is None:
        return "empty"
    if isinstance(value, dict):
        return "keys"
    if isinstance(value, list):
        return "a list"
    return str(value).lower() if isinstance(value, bool) else f"“{str(value)[:60]}”"


def _model_at(path: KeyPath, root: type[BaseModel]) -> type[BaseModel] | None:
    """The part of the document that stands at `path`."""
    here: Any = root
    for part in path:
        here = next((one for one in _alternatives(here) if isinstance(one, type) and issubclass(one, BaseModel)), here)
        if isinstance(here, type) and issubclass(here, BaseModel):
            field = here.model_fields.get(str(part))
            here = field.annotation if field else None
        else:
            here = _inside(here)
    found = [one for one in _alternatives(here) if isinstance(one, type) and issubclass(one, BaseModel)]
    return found[0] if found else None


def _inside(annotation: Any) -> Any:
    """What a list or a mapping holds."""
    arguments = typing.get_args(annotation)
    return arguments[-1] if arguments else None


def _alternatives(annotation: Any) -> Iterator[Any]:
    yield annotation
    if typing.get_origin(annotation) is not list and typing.get_origin(annotation) is not dict:
        yield from typing.get_args(annotation)
