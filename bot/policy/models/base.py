"""What every part of a document is made of, and how a value that is wrong is said to be."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic_core import PydanticCustomError


def invalid(message: str) -> PydanticCustomError:
    """A problem in words; the reader puts file, line and key path before it."""
    return PydanticCustomError("policy", "{said}", {"said": message})


def quoted(value: Any) -> str:
    return f"“{str(value)[:60]}”"


class StrictModel(BaseModel):
    """Settings that stand together. What is not named here is a mistake, not a remark."""

    model_config = ConfigDict(extra="forbid", frozen=True)
