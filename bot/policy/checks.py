"""What refers to what: every name that is used must be there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot.policy import models
from bot.policy.problems import Problem
from bot.policy.source import Source


@dataclass(frozen=True, slots=True)
class Found:
    problems: tuple[Problem, ...]
    warnings: tuple[str, ...]


def check(model: models.Document, source: Source, base: dict[str, Any]) -> Found:
    return Found((), ())
