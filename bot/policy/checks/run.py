"""What a valid shape does not yet promise: that every name used is there, that people can be reached, and when."""

from __future__ import annotations

from dataclasses import dataclass

from bot.policy import models
from bot.policy.checks import automation, paging, permissions, references, schedules
from bot.policy.checks.context import CheckContext
from bot.policy.problems import Problem
from bot.policy.yaml_source import Source


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Problems make a policy invalid; warnings are said by `tocsin check` and at start."""

    problems: tuple[Problem, ...]
    warnings: tuple[str, ...]


def check(model: models.Document, source: Source) -> CheckResult:
    look = CheckContext(model, source)
    problems = [
        *references.problems(look), *schedules.problems(look), *paging.problems(look), *automation.problems(look),
        *permissions.problems(look),
    ]  # fmt: skip
    if problems:
        return CheckResult(tuple(problems), ())
    warnings = [
        *references.warnings(look), *schedules.warnings(look), *paging.warnings(look), *automation.warnings(look),
        *permissions.warnings(look),
    ]  # fmt: skip
    return CheckResult((), tuple(warning.located(source.name) for warning in warnings))
