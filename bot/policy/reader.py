"""From a file to a policy: read, put onto its preset, validate, check what refers to what."""

from __future__ import annotations

import copy
import functools
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bot.domain.policy.policy import Policy
from bot.policy import build as values
from bot.policy import models, validation_messages
from bot.policy.checks import run
from bot.policy.problems import PolicyError, Problem, did_you_mean
from bot.policy.yaml_source import Source, parse_yaml

PRESETS = ("sev1-5", "severity-1-4", "p0-p3", "p0-p4", "level-1-4")


@dataclass(frozen=True, slots=True)
class LoadedPolicy:
    """A policy, the merged document it was made of (plain JSON, to keep), and what is odd about it but valid."""

    policy: Policy
    document: dict[str, Any]
    warnings: tuple[str, ...] = ()


def read(path: Path | None, preset: str = "sev1-5") -> LoadedPolicy:
    """The policy of a file, or the preset where there is none. Raises `PolicyError` with everything that is wrong.

    1. The file becomes plain values, each with its line; 2. it is laid over the preset it names; 3. the whole is
    validated; 4. what refers to something is looked up.
    """
    if path is None:
        return _of_source(Source(preset), preset)
    return _of_source(parse_yaml(_text(path), str(path)), preset)


def load(path: Path | None, preset: str = "sev1-5") -> Policy:
    """Like `read`, where the policy alone is wanted."""
    return read(path, preset).policy


@functools.cache
def preset(name: str) -> Policy:
    """One of `PRESETS` as it ships."""
    return read(None, name).policy


def from_document(document: dict[str, Any]) -> Policy:
    """The policy of a document that was kept with an incident; its digest is that of `document`.

    It was valid when it was kept, so a setting this version does not know is passed over.
    """
    kept = copy.deepcopy(document)
    while True:
        try:
            return values.build_policy(models.Document.model_validate(kept, context={"kept": True}), document)
        except ValidationError as invalid:
            unknown = [error["loc"] for error in invalid.errors() if error["type"] == "extra_forbidden"]
            if not unknown:
                problems = validation_messages.problems_from(invalid, Source("the kept policy"))
                raise PolicyError("the kept policy", problems) from None
            for path in unknown:
                _drop(kept, path)


def json_schema() -> dict[str, Any]:
    """JSON Schema of a policy file, for editors. All is optional there, since a preset stands under it."""
    schema = models.Document.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "Tocsin policy"
    schema["properties"]["preset"] = {
        "type": "string", "enum": list(PRESETS), "default": "sev1-5", "description": "What this file starts from.",
    }  # fmt: skip
    for part in (schema, *(schema["$defs"][name] for name in _LAID_OVER)):
        part.pop("required", None)
    for name in models.COLLECTIONS:
        collection = schema["properties"][name]
        collection.pop("minProperties", None)
        collection["additionalProperties"] = {"anyOf": [collection["additionalProperties"], {"type": "null"}]}
    return schema


# Headings that may stand there with all beneath them commented out.
_HEADINGS = (*models.COLLECTIONS, "order", "role_order", "nudges", "timeline", "executives")
_ENTRIES = tuple(name for name in models.COLLECTIONS if name not in ("bookmarks", "links"))
# The parts of which a preset may hold the rest.
_LAID_OVER = ("Severity", "Role", "Trigger", "Rule", "CustomField")


def _of_source(source: Source, preset: str) -> LoadedPolicy:
    base = _base(source, preset)
    if source.problems:
        raise PolicyError(source.name, source.problems)
    document = {**merge(base, _said(source)), "preset": base["preset"]}
    try:
        models.Document.model_validate(document)
        model = models.Document.model_validate(_without_the_removed(document, source))
    except ValidationError as invalid:
        raise PolicyError(source.name, validation_messages.problems_from(invalid, source, base)) from None
    found = run.check(model, source)
    if found.problems:
        raise PolicyError(source.name, found.problems)
    # Whoever keeps the document may not keep the order of its keys.
    document["order"] = list(model.order or document["severities"])
    document["role_order"] = list(model.role_order or document["roles"])
    return LoadedPolicy(values.build_policy(model, document), document, found.warnings)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        said = "There is no such file. Write one that begins with `preset: sev1-5`, or unset TOCSIN_POLICY."
    except UnicodeDecodeError as error:
        said = f"The file is not UTF-8 (byte {error.start}). Save it as UTF-8."
    except OSError as error:
        said = f"The file cannot be read: {error.strerror}."
    raise PolicyError(str(path), [Problem((), said)])


def _base(source: Source, preset: str) -> dict[str, Any]:
    name = source.values.get("preset", preset)
    if name not in PRESETS:
        said = did_you_mean(str(name), PRESETS, "There are")
        problem = Problem(("preset",), f"preset: there is no preset “{name}”.{said}", source.line(("preset",)))
        raise PolicyError(source.name, [*source.problems, problem])
    return copy.deepcopy(_preset_document(name))


@functools.cache
def _preset_document(name: str) -> dict[str, Any]:
    text = resources.files("bot.policy").joinpath("presets", f"{name}.yml").read_text(encoding="utf-8")
    source = parse_yaml(text, f"{name}.yml")
    if source.problems:
        raise PolicyError(source.name, source.problems)
    return {"preset": name, **source.values}


def _said(source: Source) -> dict[str, Any]:
    """The file's values; a heading with nothing under it says nothing (`null` would take the preset's entry out)."""
    values = copy.deepcopy(source.values)
    for path in source.empty:
        if len(path) == 1 and path[0] in _HEADINGS:
            del values[path[0]]
        elif len(path) == 2 and path[0] in _ENTRIES:
            values[path[0]][path[1]] = {}
    return values


def merge(base: dict[str, Any], file: dict[str, Any]) -> dict[str, Any]:
    """What the file says, on what the preset says: settings are merged key by key, lists and values replace.

    In a collection, `key: null` takes the preset's entry out.
    """
    found = dict(base)
    for key, value in file.items():
        if key in models.COLLECTIONS and isinstance(value, dict):
            merged = _merged(base.get(key, {}), value)
            found[key] = {name: entry for name, entry in merged.items() if entry is not None}
        elif isinstance(value, dict) and isinstance(base.get(key), dict):
            found[key] = _merged(base[key], value)
        else:
            found[key] = value
    return found


def _merged(base: dict[str, Any], file: dict[str, Any]) -> dict[str, Any]:
    found = dict(base)
    for key, value in file.items():
        both = isinstance(value, dict) and isinstance(base.get(key), dict)
        found[key] = _merged(base[key], value) if both else value
    return found


# Lists of a preset that name entries which a file may take out.
_NAMING = (
    ("severities", "roles", "roles"),
    ("severities", "audiences", "audiences"),
    ("roles", "required_for", "severities"),
    ("triggers", "severities", "severities"),
)


def _without_the_removed(document: dict[str, Any], source: Source) -> dict[str, Any]:
    """What the file took out is also taken out of the preset's own lists; lists in the file are checked instead."""
    for collection, setting, named in _NAMING:
        for key, entry in list(document.get(collection, {}).items()):
            taken = {name for name in source.values.get(named) or {} if name not in document.get(named, {})}
            said = entry.get(setting, [])
            if source.contains((collection, key, setting)) or not taken & set(said):
                continue
            entry[setting] = [name for name in said if name not in taken]
            if collection == "triggers" and not entry[setting]:
                del document[collection][key]  # an empty list would mean every severity
    return _without_orphaned_rules(document, source)


def _without_orphaned_rules(document: dict[str, Any], source: Source) -> dict[str, Any]:
    """A rule of the preset goes with the severity it speaks for, and does without a category that was taken out."""
    for key, rule in list(document.get("classification", {}).items()):
        if _taken(rule, "severity", "severities", key, document, source):
            del document["classification"][key]
        elif _taken(rule, "category", "categories", key, document, source):
            rule["category"] = None
    return document


def _taken(
    rule: dict[str, Any], setting: str, collection: str, key: str, document: dict[str, Any], source: Source
) -> bool:
    name = rule.get(setting)
    taken = name in (source.values.get(collection) or {}) and name not in document.get(collection, {})
    return taken and not source.contains(("classification", key, setting))


def _drop(document: dict[str, Any], path: tuple[str | int, ...]) -> None:
    inner: Any = document
    for part in path[:-1]:
        inner = inner[part]
    del inner[path[-1]]
