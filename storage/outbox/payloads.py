"""Reads the payload of a notice, which an older or a newer version of the bot may have written."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

from pydantic import TypeAdapter

from bot.domain.routing.payloads import Payload

P = TypeVar("P", bound=Payload)
_adapters: dict[type[Payload], TypeAdapter[Any]] = {}  # each is built once, when first needed


class HasPayload(Protocol):
    """A notice as it is stored."""

    @property
    def payload(self) -> dict[str, Any]:
        """The JSON of one of `bot.domain.routing.payloads`."""
        ...


def read_payload(notice: HasPayload, shape: type[P]) -> P:
    """Read the payload in this shape: unknown fields are ignored, missing ones have their defaults.

    Raises pydantic's `ValidationError` if a field without a default is missing.
    """
    if shape not in _adapters:
        _adapters[shape] = TypeAdapter(shape)
    payload: P = _adapters[shape].validate_python(notice.payload)
    return payload
