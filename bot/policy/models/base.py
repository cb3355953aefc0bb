"""Defines the base class of the policy schema's models, and the error for an invalid value."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic_core import PydanticCustomError


def invalid(message: str) -> PydanticCustomError:
    """The error for an invalid value. The file, the line and the key path are put before the message."""
    return PydanticCustomError("policy", "{message}", {"message": message})


def quote_value(value: Any) -> str:
    """The value in quotation marks, shortened, for a message."""
    return f"“{str(value)[:60]}”"


class StrictModel(BaseModel):
    """A group of settings. A setting that the model does not name is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
