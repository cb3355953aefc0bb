"""What every runner is: something that says whether a piece is allowed, and runs it once.

A runner never decides whether it worked, never repeats, and never raises for what the world does to it: that is an
`Ended` too. Being cancelled it stops what it started, wholly, before it lets the cancellation through.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Protocol

from bot.domain.playbook.job import Allowed, Invocation, InvocationResult


class Runner(Protocol):
    """One way of running a step.

    `harmless`: it changes nothing, so that what was interrupted may simply be done again. `secrets` are masked in what
    it says.
    """

    name: str
    idempotent: bool
    concurrency: int
    secrets: tuple[str, ...]

    def check(self, invocation: Invocation) -> Allowed:
        """Under which rule it may run, where, as whom and within which limits. Raises `Refused` with the reason."""
        ...

    async def run(self, invocation: Invocation, timeout: timedelta) -> InvocationResult:
        """Once. What is not allowed is asked again here, and is then `How.NOT_STARTED`."""
        ...

    def describe(self) -> str:
        """What is set up, in a line for `tocsin check`."""
        ...


Runners = Mapping[str, Runner]
