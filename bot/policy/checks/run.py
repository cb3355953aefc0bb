"""Runs the checks of a policy that go beyond its values' form, such as that names exist."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.policy import models
from bot.policy.checks import (
    alerting_rules,
    alerts,
    automation,
    paging,
    permissions,
    references,
    schedules,
    shadow,
    status_page,
    templates,
)
from bot.policy.checks.context import CheckContext
from bot.policy.problems import Problem
from bot.policy.yaml_source import Source

_CHECKS = (
    references,
    schedules,
    paging,
    automation,
    permissions,
    alerts,
    alerting_rules,
    status_page,
    templates,
    shadow,
)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The problems and warnings that the checks found."""

    problems: tuple[Problem, ...]  # make the policy invalid
    warnings: tuple[str, ...]  # shown by `tocsin check` and at start


def check(model: models.Document, source: Source, now: datetime) -> CheckResult:
    """Check a document. Warnings are looked for only if there are no problems."""
    context = CheckContext(model, source, now)
    problems = tuple(problem for module in _CHECKS for problem in module.problems(context))
    if problems:
        return CheckResult(problems, ())
    warnings = (warning for module in _CHECKS for warning in module.warnings(context))
    return CheckResult((), tuple(warning.located(source.name) for warning in warnings))
