"""Validates the values that limit a runner: programs, arguments, variables, hosts, networks, sizes and shares."""

from __future__ import annotations

import re
from ipaddress import ip_address, ip_network
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainValidator, ValidationInfo, WithJsonSchema

from bot.domain.values import patterns
from bot.policy.models.base import invalid, quote_value
from bot.policy.models.texts import as_text

_HOST = re.compile(r"^(?=.{2,253}$)[a-z0-9][a-z0-9.-]*[a-z0-9]$")


def _executable(value: Any) -> str:
    if not isinstance(value, str) or not re.match(r"^/(?:[^/\x00-\x1f]+/)*[^/\x00-\x1f]+$", value):
        raise invalid(f"must be an absolute path such as /usr/bin/kubectl, not {quote_value(value)}.")
    if ".." in value.split("/") or "." in value.split("/"):
        raise invalid(f"must be a path without . and .. in it, not {quote_value(value)}.")
    return value


def _argument(value: Any, info: ValidationInfo) -> str:
    """Any pattern is valid in a policy kept with an incident, since only the policy in force decides what may run."""
    text = as_text(value)
    if not isinstance(text, str):
        raise invalid("must be a pattern for one argument, in quotes.")
    error = None if (info.context or {}).get("kept") else patterns.pattern_error(text)
    if error is not None:
        raise invalid(f"is not a usable pattern: {quote_value(text)}. {error}")
    return text


def _forms(value: Any) -> Any:
    """A single list of patterns counts as a list of one."""
    return [value] if isinstance(value, list) and value and not isinstance(value[0], list) else value


def _environment_name(value: Any) -> str:
    if not isinstance(value, str) or not re.match(r"^[A-Za-z_][A-Za-z0-9_]*$", value):
        raise invalid(f"is not the name of an environment variable: {quote_value(value)}. Write it like KUBECONFIG.")
    return value


def _host_name(value: Any) -> str:
    text = value.lower() if isinstance(value, str) else ""
    try:
        ip_address(text.strip("[]"))
    except ValueError:
        if not _HOST.match(text) or re.match(r"^[0-9.]+$|^0x", text):
            raise invalid(f"must be the name of one host such as api.example.com, not {quote_value(value)}.") from None
    return text


def _network(value: Any) -> str:
    try:
        return str(ip_network(value if isinstance(value, str) else "", strict=True))
    except ValueError:
        raise invalid(f"must be a network such as 10.0.0.0/8, not {quote_value(value)}.") from None


def _bytes(value: Any) -> int:
    match = re.match(r"^(\d{1,6}) ?(k|M|G)i?B?$", value) if isinstance(value, str) else None
    if match is None or not int(match[1]):
        raise invalid(f"must be a size such as 64k or 2M, not {quote_value(value)}.")
    return int(match[1]) << (10 * " kMG".index(match[2]))


Program = Annotated[str, PlainValidator(_executable), WithJsonSchema({"type": "string", "pattern": "^/"})]
Argument = Annotated[str, PlainValidator(_argument), WithJsonSchema({"type": "string", "format": "regex"})]
_FORM_SCHEMA: dict[str, Any] = {"type": "array", "items": {"type": "string", "format": "regex"}}
Forms = Annotated[
    list[list[Argument]],
    BeforeValidator(_forms),
    WithJsonSchema({"anyOf": [_FORM_SCHEMA, {"type": "array", "items": _FORM_SCHEMA}]}),
]
Variable = Annotated[
    str, PlainValidator(_environment_name), WithJsonSchema({"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$"})
]
HostName = Annotated[
    str, PlainValidator(_host_name), WithJsonSchema({"type": "string", "examples": ["api.example.com"]})
]
Network = Annotated[str, PlainValidator(_network), WithJsonSchema({"type": "string", "examples": ["10.0.0.0/8"]})]
Size = Annotated[int, PlainValidator(_bytes), WithJsonSchema({"type": "string", "examples": ["64k", "2M"]})]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1, le=1000, strict=True)]
