"""From a file to a policy: read, put onto its preset, validate, check what refers to what."""

from __future__ import annotations

import copy
import functools
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bot.domain.policy import Policy
from bot.policy import checks, complaints, models, values
from bot.policy.problems import PolicyError, Problem, did_you_mean
from bot.policy.source import Source, parse

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
    return _of_source(parse(_text(path), str(path)), preset)


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
            return values.policy_of(models.Document.model_validate(kept), document)
        except ValidationError as invalid:
            unknown = [error["loc"] for error in invalid.errors() if error["type"] == "extra_forbidden"]
            if not unknown:
                problems = complaints.problems_of(invalid, Source("the kept policy"))
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


# The parts of which a preset may hold the rest.
_LAID_OVER = ("Severity", "Role", "Trigger", "CustomField")


def _of_source(source: Source, preset: str) -> LoadedPolicy:
    base = _base(source, preset)
    if source.problems:
        raise PolicyError(source.name, source.problems)
    document = lay_over(base, source.values)
    document["preset"] = base["preset"]
    try:
        model = models.Document.model_validate(document)
    except ValidationError as invalid:
        raise PolicyError(source.name, complaints.problems_of(invalid, source, base)) from None
    document["order"] = _order(model.order, document["severities"])
    document["role_order"] = _order(model.role_order, document["roles"])
    found = checks.check(model, source, base)
    if found.problems:
        raise PolicyError(source.name, found.problems)
    ordered = model.model_copy(update={"order": document["order"], "role_order": document["role_order"]})
    return LoadedPolicy(values.policy_of(ordered, document), document, found.warnings)


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
    source = parse(text, f"{name}.yml")
    if source.problems:
        raise PolicyError(source.name, source.problems)
    return {"preset": name, **source.values}


def lay_over(base: dict[str, Any], file: dict[str, Any], depth: int = 0, collection: bool = False) -> dict[str, Any]:
    """What the file says, on what the preset says: settings are merged key by key, lists and values replace.

    In a collection, `key: null` takes the preset's entry out.
    """
    found = dict(base)
    for key, value in file.items():
        if value is None and (collection or (depth == 0 and key in models.COLLECTIONS)):
            found.pop(key, None)
        elif isinstance(value, dict) and isinstance(base.get(key), dict):
            found[key] = lay_over(base[key], value, depth + 1, depth == 0 and key in models.COLLECTIONS)
        elif isinstance(value, dict) and depth == 0 and key in models.COLLECTIONS:
            found[key] = {name: entry for name, entry in value.items() if entry is not None}
        else:
            found[key] = value
    return found


def _order(said: list[str], there: dict[str, Any]) -> list[str]:
    return list(said or there)


def _drop(document: dict[str, Any], path: tuple[str | int, ...]) -> None:
    inner: Any = document
    for part in path[:-1]:
        inner = inner[part]
    del inner[path[-1]]
