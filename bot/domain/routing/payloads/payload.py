"""Defines the base of all payloads: a dataclass whose fields are its JSON."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from typing import Any


class Payload:
    """Base of the payloads."""

    def to_json(self) -> dict[str, Any]:
        """Every field, by its name."""
        return {field.name: _json(getattr(self, field.name)) for field in fields(self)}  # type: ignore[arg-type]


def _json(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple | list):
        return [_json(item) for item in value]
    if isinstance(value, dict):
        return {key: _json(item) for key, item in value.items()}
    return value
