"""Builds the runners (executors of playbook steps) that the policy in force sets up.

docs/add-a-runner.md says how to add one.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.domain.policy.automation_rules import AutomationRules
from bot.secret_settings import secret_of
from bot.settings import Settings
from playbooks.runners import http, process, promql, wait
from playbooks.runners.protocol import Runner, Runners

RunnerBuilder = Callable[[Any, Settings, Mapping[str, str]], Runner]

# By name: builds a runner from its rules in the policy.
BUILDERS: dict[str, RunnerBuilder] = {
    "process": lambda rules, settings, environ: process.build(rules, environ),
    "http": lambda rules, settings, environ: http.build(rules, environ),
    "promql": lambda rules, settings, environ: promql.build(
        rules, settings.prometheus, secret_of(settings.prometheus_token) or None, settings.prometheus_ca
    ),
    "wait": lambda rules, settings, environ: wait.build(rules),
}


def build(rules: AutomationRules, settings: Settings, environ: Mapping[str, str]) -> Runners:
    """The runners by name; none while `automation` is off."""
    if not rules.enabled:
        return {}
    by_name = {name: getattr(rules, name, None) for name in BUILDERS}
    return {name: BUILDERS[name](own, settings, environ) for name, own in by_name.items() if own is not None}


@dataclass(slots=True)
class RunnerFactory:
    """The runners of the policy in force, rebuilt only when its rules change."""

    settings: Settings
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    _rules: AutomationRules | None = None
    _runners: Runners = field(default_factory=dict)

    def use(self, settings: Settings) -> None:
        """Build the runners from these settings from now on."""
        self.settings, self._rules = settings, None

    def __call__(self, rules: AutomationRules) -> Runners:
        """The runners for these rules, by name; the same objects as long as the rules stay the same."""
        if self._rules != rules:
            self._rules, self._runners = rules, build(rules, self.settings, self.environ)
        return self._runners
