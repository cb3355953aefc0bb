"""Reads a policy in four steps: parse the file, merge it into its preset, validate the result, check references."""

from __future__ import annotations

import copy
import functools
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bot.domain.policy.policy import Policy
from bot.policy import build, models, rule_presets, validation_messages
from bot.policy.checks import run
from bot.policy.merge import file_values, merge, remove_deleted
from bot.policy.problems import PolicyError, Problem, did_you_mean
from bot.policy.yaml_source import Source, parse_yaml

PRESETS = ("sev1-5", "severity-1-4", "p0-p3", "p0-p4", "level-1-4")
# Models whose required settings a preset may hold.
_IN_PRESETS = ("Severity", "Role", "Trigger", "Rule", "CustomField", "AlertingRule")


@dataclass(frozen=True, slots=True)
class LoadedPolicy:
    """A policy that was read."""

    policy: Policy
    document: dict[str, Any]  # the merged document it was built from, as plain JSON to keep
    warnings: tuple[str, ...] = ()  # what is odd about it, but valid


def read(path: Path | None, preset: str = "sev1-5", now: datetime | None = None) -> LoadedPolicy:
    """The policy of a file, or of the preset if there is no file. Raises `PolicyError` with every problem.

    1. Parse the file into plain values, each with its line. 2. Merge it into the preset it names. 3. Validate the
    result. 4. Check what refers to something else, and schedules from `now` on, which by default is the present.
    """
    source = Source(preset) if path is None else parse_yaml(_text(path), str(path))
    return _load(source, preset, now or datetime.now(UTC))


def read_text(text: str, name: str = "the policy", now: datetime | None = None) -> LoadedPolicy:
    """The policy in a text, such as a file that is not saved yet. Raises `PolicyError` with every problem."""
    return _load(parse_yaml(text, name), "sev1-5", now or datetime.now(UTC))


def with_fragment(document: dict[str, Any], source: Source) -> Policy:
    """The policy of a document with a fragment, such as rules to try, merged into it. Raises `PolicyError`."""
    return _validate(rule_presets.add_to(copy.deepcopy(document), source), source, datetime.now(UTC)).policy


def load(path: Path | None, preset: str = "sev1-5") -> Policy:
    """Read a policy file as `read` does, and return the policy alone."""
    return read(path, preset).policy


@functools.cache
def preset(name: str) -> Policy:
    """One of `PRESETS` as it ships."""
    return read(None, name).policy


def from_document(document: dict[str, Any]) -> Policy:
    """The policy of a document that was stored with an incident; its digest is that of `document`.

    The document was valid when it was stored, so settings that this version does not know are ignored.
    """
    settings = copy.deepcopy(document)
    while True:
        try:
            return build.build_policy(models.Document.model_validate(settings, context={"kept": True}), document)
        except ValidationError as error:
            unknown = [detail["loc"] for detail in error.errors() if detail["type"] == "extra_forbidden"]
            if not unknown:
                problems = validation_messages.problems_from(error, Source("the kept policy"))
                raise PolicyError("the kept policy", problems) from None
            for path in unknown:
                _delete(settings, path)


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a policy file, for editors. Every setting is optional, as the preset may have it."""
    schema = models.Document.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "Tocsin policy"
    schema["properties"]["preset"] = {
        "type": "string", "enum": list(PRESETS), "default": "sev1-5", "description": "What this file starts from.",
    }  # fmt: skip
    schema["properties"]["rules"]["properties"] = {
        "preset": {"type": "string", "enum": list(rule_presets.PRESETS), "description": "Rules that ship."}
    }
    for model in (schema, *(schema["$defs"][name] for name in _IN_PRESETS)):
        model.pop("required", None)
    for name in models.COLLECTIONS:
        collection = schema["properties"][name]
        collection.pop("minProperties", None)
        collection["additionalProperties"] = {"anyOf": [collection["additionalProperties"], {"type": "null"}]}
    return schema


def _load(source: Source, preset: str, now: datetime) -> LoadedPolicy:
    return _validate(rule_presets.add_to(_base(source, preset), source), source, now)


def _validate(base: dict[str, Any], source: Source, now: datetime) -> LoadedPolicy:
    if source.problems:
        raise PolicyError(source.name, source.problems)
    document = {**merge(base, file_values(source)), "preset": base["preset"]}
    try:
        models.Document.model_validate(document)
        model = models.Document.model_validate(remove_deleted(document, source))
    except ValidationError as error:
        raise PolicyError(source.name, validation_messages.problems_from(error, source, base)) from None
    result = run.check(model, source, now)
    if result.problems:
        raise PolicyError(source.name, result.problems)
    # The document may be kept where the order of its keys is lost.
    document["order"] = list(model.order or document["severities"])
    document["role_order"] = list(model.role_order or document["roles"])
    return LoadedPolicy(build.build_policy(model, document), document, result.warnings)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        message = "There is no such file. Write one that begins with `preset: sev1-5`, or unset TOCSIN_POLICY."
    except UnicodeDecodeError as error:
        message = f"The file is not UTF-8 (byte {error.start}). Save it as UTF-8."
    except OSError as error:
        message = f"The file cannot be read: {error.strerror}."
    raise PolicyError(str(path), [Problem((), message)])


def _base(source: Source, preset: str) -> dict[str, Any]:
    """The document of the preset that the file names, or of `preset`."""
    name = source.values.get("preset", preset)
    if name not in PRESETS:
        suggestion = did_you_mean(str(name), PRESETS, "There are")
        problem = Problem(("preset",), f"preset: there is no preset “{name}”.{suggestion}", source.line(("preset",)))
        raise PolicyError(source.name, [*source.problems, problem])
    return copy.deepcopy(_preset_document(name))


@functools.cache
def _preset_document(name: str) -> dict[str, Any]:
    text = resources.files("bot.policy").joinpath("presets", f"{name}.yml").read_text(encoding="utf-8")
    source = parse_yaml(text, f"{name}.yml")
    if source.problems:
        raise PolicyError(source.name, source.problems)
    return {"preset": name, **source.values}


def _delete(document: dict[str, Any], path: tuple[str | int, ...]) -> None:
    parent: Any = document
    for part in path[:-1]:
        parent = parent[part]
    del parent[path[-1]]
