"""Checks shadow mode: its reports need a channel."""

from __future__ import annotations

from collections.abc import Iterator

from bot.policy.checks.context import CheckContext
from bot.policy.problems import Problem


def problems(context: CheckContext) -> Iterator[Problem]:
    """A problem where the policy names no channel for the reports."""
    if context.model.shadow is not None and context.model.announce is None:
        message = 'its reports have no channel. Set `announce`, such as announce: "#incidents".'
        yield context.problem(("shadow",), message)


def warnings(context: CheckContext) -> Iterator[Problem]:
    """A warning that nobody is paged."""
    if (shadow := context.model.shadow) is not None:
        text = (
            f"shadow mode: for {shadow.days} days from when the bot first reads this, {shadow.source} pages and Tocsin "
            "pages nobody. Remove `shadow` to end it."
        )
        yield context.problem(("shadow",), text)
