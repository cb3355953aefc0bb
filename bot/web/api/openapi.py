"""Builds the OpenAPI document of the API from the table of operations and their models.

https://spec.openapis.org/oas/v3.1.1
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from bot.domain.policy.policy import Policy
from bot.operations.base import Arguments, NoArguments, Operation
from bot.operations.table import OPERATIONS
from bot.usecases.context import Context
from bot.web.api.problems import KINDS, TYPE

REFERENCE = "#/components/schemas/{model}"
_NAMES = {
    "id": "INC-1",
    "run": "1",
    "step": "1.1",
    "schedule": "primary",
    "communication": "1",
    "number": "1",
    "section": "lessons",
    "publication": "INC-1",
    "subscriber": "abc",
    "playbook": "database-outage",
    "rule": "high-error-rate",
    "channel": "C0123ABCD",
    "token": "ci",
}
_IDS = {"/alerts/": "AG-1", "/silences/": "SI-1"}
USER = "U0123"
PROBLEM = {
    "type": "object",
    "title": "Problem",
    "description": "Problem details (RFC 9457). `detail` says what to do.",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "example": {"type": "string", "description": "A command that would work."},
        "errors": {"type": "array", "items": {"type": "object"}},
    },
    "required": ["type", "title", "status", "detail"],
}


class Document:
    """The document, with the severities and roles of the policy in force."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._cached: tuple[tuple[str, date], bytes] | None = None

    def as_json(self) -> bytes:
        """The document as JSON."""
        policy = self._context.policy
        key = policy.digest, datetime.now(UTC).date()  # examples name days
        if self._cached is None or self._cached[0] != key:
            self._cached = key, json.dumps(build(policy), ensure_ascii=False).encode()
        return self._cached[1]


def build(policy: Policy) -> dict[str, Any]:
    """The OpenAPI document of all operations."""
    models = _models()
    keys, schemas = models_json_schema(
        [(model, "validation") for model in models], by_alias=True, ref_template=REFERENCE
    )
    components = schemas.get("$defs", {})
    for model in models:
        _require_one_of(components[keys[model, "validation"]["$ref"].rpartition("/")[2]], model)
    _name_severities(components, policy)
    _name_roles(components, policy)
    _name_components(components, policy)
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, keys, components, policy)
    paths["/incidents/{id}/timeline/stream"] = {"get": _stream()}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tocsin",
            "version": "1",
            "description": "Run incidents over HTTP, with the same permissions and the same record as in Slack.",
        },
        "servers": [{"url": "/api/v1"}],
        "security": [{"token": []}],
        "tags": [{"name": name} for name in dict.fromkeys(operation.tag for operation in OPERATIONS)],
        "paths": paths,
        "components": {
            "schemas": {**components, "Problem": PROBLEM},
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "`tocsin token create` makes one."}
            },
        },
    }


def _models() -> list[type[BaseModel]]:
    used = [model for operation in OPERATIONS for model in (operation.answer, operation.arguments)]
    return [model for model in dict.fromkeys(used) if model is not NoArguments]


def _operation(operation: Operation, keys: Mapping[Any, Any], components: Any, policy: Policy) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "description": _description(operation),
        "tags": [operation.tag],
        "parameters": _path_parameters(operation.path),
        "responses": _responses(operation, keys),
    }
    if operation.method == "GET":
        described["parameters"] += _query(operation, keys, components, policy)
        return described
    if operation.arguments is not NoArguments:
        schema = keys[operation.arguments, "validation"]
        described["requestBody"] = {
            "required": _is_required(operation.arguments),
            "content": {"application/json": {"schema": schema, "example": example(operation, policy)}},
        }
    return described


def _is_required(arguments: type[Arguments]) -> bool:
    required = any(field.is_required() for field in arguments.model_fields.values())
    return required or bool(arguments.exactly_one_of)


def _description(operation: Operation) -> str:
    """The scope, and the optional headers: as parameters, each value of them would have to be right."""
    sentences = [f"Scope: `{operation.scope}`."]
    if operation.method != "GET":
        sentences.append("Header `Idempotency-Key`: it happens once, however often it is sent within a day.")
    if operation.conditional:
        name = "If-None-Match" if operation.method == "GET" else "If-Match"
        sentences.append(f"Header `{name}`: the `ETag` of the incident as you read it.")
    return " ".join(sentences)


def example(operation: Operation, policy: Policy, tomorrow: str | None = None) -> dict[str, Any]:
    """The operation's example, with a severity of the policy, a person and, for what is planned, tomorrow."""
    severities = policy.severities
    values = {"{worst}": severities[0].key, "{mild}": severities[len(severities) // 2].key, "{user}": USER}
    values["{tomorrow}"] = tomorrow or f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%d}"
    text = json.dumps(dict(operation.example))
    for name, value in values.items():
        text = text.replace(name, value)
    filled: dict[str, Any] = json.loads(text)
    return filled


def _path_parameters(path: str) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "minLength": 1, "maxLength": 100, "pattern": r"^[A-Za-z0-9][A-Za-z0-9._-]*$"},
            "example": next((example_id for start, example_id in _IDS.items() if path.startswith(start)), _NAMES[name]),
        }
        for name in re.findall(r"{(\w+)}", path)
    ]


def _query(operation: Operation, keys: Any, components: Any, policy: Policy) -> list[dict[str, Any]]:
    if operation.arguments is NoArguments:
        return []
    schema = components[keys[operation.arguments, "validation"]["$ref"].rpartition("/")[2]]
    values = example(operation, policy)
    parameters = []
    for name, its in schema["properties"].items():
        plain = dict(next((option for option in its.get("anyOf", []) if option.get("type") != "null"), its))
        described = {"name": name, "in": "query", "required": name in schema.get("required", ()), "schema": plain}
        description = plain.pop("description", None) or its.get("description")
        parameters.append(
            {
                **described,
                **({"description": description} if description else {}),
                **({"example": values[name]} if name in values else {}),
            }
        )
    return parameters


def _responses(operation: Operation, keys: Mapping[Any, Any]) -> dict[str, Any]:
    body = {"application/json": {"schema": keys[operation.answer, "validation"]}}
    success: dict[str, Any] = {"description": operation.summary, "content": body}
    if operation.conditional:
        success["headers"] = {"ETag": {"schema": {"type": "string"}}}
    statuses = {400, 401, 403, 404, 422, 429, 503}
    if operation.method != "GET":
        statuses |= {409, 413, 415} | ({412} if operation.conditional else set())
    problems = {str(status): _problem(status) for status in sorted(statuses)}
    unchanged = {"304": {"description": "Not changed"}} if operation.conditional and operation.method == "GET" else {}
    return {str(operation.status): success, **unchanged, **problems}


def _problem(status: int) -> dict[str, Any]:
    title = next(title for code, title in KINDS.values() if code == status)
    return {"description": title, "content": {TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}


def _stream() -> dict[str, Any]:
    return {
        "operationId": "stream_entries",
        "summary": "Follow the timeline live, as server-sent events",
        "description": "Scope: `read`. Each event has the entry's `seq` as `id` and the entry as `data`.",
        "tags": ["Incidents"],
        "parameters": [
            *_path_parameters("/incidents/{id}"),
            {"name": "Last-Event-ID", "in": "header", "schema": {"type": "string", "pattern": "^[0-9]{1,9}$"}},
        ],
        "responses": {
            "200": {"description": "The events", "content": {"text/event-stream": {"schema": {"type": "string"}}}},
            **{str(status): _problem(status) for status in (401, 403, 404, 422, 429, 503)},
        },
    }


def _require_one_of(schema: dict[str, Any], model: type[BaseModel]) -> None:
    names = model.exactly_one_of if issubclass(model, Arguments) else ()
    if names:
        schema["oneOf"] = [{"required": [name]} for name in names]
        for name in names:
            schema["properties"][name].pop("default", None)


def _name_severities(components: dict[str, Any], policy: Policy) -> None:
    """List the severities of the policy in each argument that is one."""
    names = [level.key for level in policy.severities]
    alternatives = "|".join(map(re.escape, names))
    for model in components.values():
        for name, its in model.get("properties", {}).items():
            if name != "severity" or not model["title"].endswith("Arguments"):
                continue
            several = model["title"] == "ListArguments"
            narrower = {"pattern": f"^({alternatives})(,({alternatives})){{0,9}}$"} if several else {"enum": names}
            for schema in (its, *its.get("anyOf", [])):
                if schema.get("type") == "string":
                    schema.update(narrower)


def _name_roles(components: dict[str, Any], policy: Policy) -> None:
    """List the roles of the policy in each argument that is a role, or a mapping by roles."""
    names = [role.key for role in policy.roles]
    for model in components.values():
        if not model["title"].endswith("Arguments"):
            continue
        if "role" in model.get("properties", {}):
            model["properties"]["role"]["enum"] = names
        if "roles" in model.get("properties", {}):
            model["properties"]["roles"]["propertyNames"] = {"enum": names}


def _name_components(components: dict[str, Any], policy: Policy) -> None:
    """List the components of the status page in each argument that takes some. A page without any takes none."""
    names = [component.key for component in policy.status_page.components]
    if not names:
        return
    for model in components.values():
        its = model.get("properties", {}).get("components")
        if its is None or not model["title"].endswith("Arguments"):
            continue
        for schema in (its, *its.get("anyOf", [])):
            if schema.get("type") == "array":
                schema["items"] = {"type": "string", "enum": names}
            elif schema.get("type") == "object":
                schema["propertyNames"] = {"enum": names}
