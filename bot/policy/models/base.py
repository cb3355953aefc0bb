"""The base class of every model of a document, and the error for a value that is not valid."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic_core import PydanticCustomError


def invalid(message: str) -> PydanticCustomError:
    """The error for a value that is not valid. The file, the line and the key path are put before the message."""
    return PydanticCustomError("policy", "{message}", {"message": message})


def quoted(value: Any) -> str:
    """The value in quotation marks, shortened, for a message."""
    return f"“{str(value)[:60]}”"


class StrictModel(BaseModel):
    """A group of settings. A setting that the model does not name is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)
