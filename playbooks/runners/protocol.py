"""Defines the protocol of runners: a runner says whether it permits an invocation, and runs it once.

An invocation is one command or request of a playbook step. A runner does not decide whether it succeeded, does not
retry, and does not raise for external failures: they are an `InvocationResult`, too. When cancelled it first stops
everything that it started.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Protocol

from bot.domain.playbook.job import Allowed, Invocation, InvocationResult


class Runner(Protocol):
    """One way to execute a playbook step."""

    name: str
    idempotent: bool  # an interrupted invocation can simply be repeated
    concurrency: int  # how many jobs it runs at the same time
    secrets: tuple[str, ...]  # masked in its output

    def check(self, invocation: Invocation) -> Allowed:
        """The rule that permits an invocation, with its limits. Raises `Refused` with the reason if none does."""
        ...

    async def run(self, invocation: Invocation, timeout: timedelta) -> InvocationResult:
        """Run an invocation once. It checks again, and one that is not permitted ends as `ExitKind.NOT_STARTED`."""
        ...

    def describe(self) -> str:
        """The configuration, in one line for `tocsin check`."""
        ...


Runners = Mapping[str, Runner]
