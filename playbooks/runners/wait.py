"""Runs a playbook step that only waits, for something to start or to settle."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from bot.domain.errors import Refused
from bot.domain.playbook.job import Allowed, ExitKind, Invocation, InvocationResult
from bot.domain.policy.automation_rules import WaitRules
from bot.domain.values.durations import exact

CONCURRENCY = 100  # waiting is cheap


class Wait:
    """Waits for a number of seconds."""

    name = "wait"
    idempotent = True
    concurrency = CONCURRENCY
    secrets: tuple[str, ...] = ()

    def __init__(self, rules: WaitRules) -> None:
        self._rules = rules

    def check(self, invocation: Invocation) -> Allowed:
        """Permit a span up to the policy's longest. Raises `Refused` for a longer one."""
        span = _span(invocation)
        if span > self._rules.longest:
            raise Refused(f"It would wait {exact(span)}; the limit is {exact(self._rules.longest)}.")
        return Allowed("waiting is allowed", "in the bot", "the bot", exact(span), span + timedelta(seconds=1))

    async def run(self, invocation: Invocation, timeout: timedelta) -> InvocationResult:
        """Sleep for the span. Cancelling ends it at once."""
        try:
            self.check(invocation)
        except Refused as refused:
            return InvocationResult(ExitKind.NOT_STARTED, refused.message)
        span = _span(invocation)
        await asyncio.sleep(span.total_seconds())
        return InvocationResult(ExitKind.ENDED, f"{exact(span)} have passed", span.total_seconds())

    def describe(self) -> str:
        """The longest span that the policy permits."""
        return f"up to {exact(self._rules.longest)}"


def build(rules: WaitRules) -> Wait:
    """The runner for the policy's rules."""
    return Wait(rules)


def _span(invocation: Invocation) -> timedelta:
    try:
        seconds = float(invocation.args[0])
        if len(invocation.args) != 1 or not 0 <= seconds <= timedelta(days=1).total_seconds():
            raise ValueError
    except (ValueError, IndexError):
        raise Refused(f"“{invocation.quoted[:40]}” is not a number of seconds.") from None
    return timedelta(seconds=seconds)
