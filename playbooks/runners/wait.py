"""Waits: for something to start, or to settle."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from bot.domain.errors import Refused
from bot.domain.playbook.job import Allowed, ExitKind, Invocation, InvocationResult
from bot.domain.policy.automation_rules import WaitRules
from bot.domain.values.durations import exact

AT_ONCE = 100  # waiting costs nothing


class Wait:
    name = "wait"
    harmless = True
    concurrency = AT_ONCE
    secrets: tuple[str, ...] = ()

    def __init__(self, rules: WaitRules) -> None:
        self._rules = rules

    def allowed(self, piece: Invocation) -> Allowed:
        span = _span(piece)
        if span > self._rules.longest:
            raise Refused(f"It would wait {exact(span)}; {exact(self._rules.longest)} are the most.")
        return Allowed("waiting is allowed", "in the bot", "the bot", exact(span), span + timedelta(seconds=1))

    async def run(self, piece: Invocation, timeout: timedelta) -> InvocationResult:
        try:
            self.allowed(piece)
        except Refused as refused:
            return InvocationResult(ExitKind.NOT_STARTED, refused.message)
        span = _span(piece)
        await asyncio.sleep(span.total_seconds())
        return InvocationResult(ExitKind.ENDED, f"{exact(span)} have passed", span.total_seconds())

    def about(self) -> str:
        return f"up to {exact(self._rules.longest)}"


def build(rules: WaitRules) -> Wait:
    return Wait(rules)


def _span(piece: Invocation) -> timedelta:
    try:
        seconds = float(piece.words[0])
        if len(piece.words) != 1 or not 0 <= seconds <= timedelta(days=1).total_seconds():
            raise ValueError
    except (ValueError, IndexError):
        raise Refused(f"“{piece.shown[:40]}” is not a number of seconds.") from None
    return timedelta(seconds=seconds)
