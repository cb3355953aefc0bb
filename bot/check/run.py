"""Runs all checks of `tocsin check`: settings, policy, database, Slack and paging. No finding shows a secret."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from bot.check import database, paging, policy, rules, slack
from bot.check import settings as settings_check
from bot.check.finding import Finding
from bot.settings import Settings


async def run(settings: Settings, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> list[Finding]:
    """Run every check, except those that depend on something broken."""
    findings = await settings_check.check(settings)
    policy_in_force, policy_findings = policy.check(settings)
    findings += policy_findings
    findings += paging.check(settings, policy_in_force)
    findings += await rules.check(settings, policy_in_force)
    workspace, database_findings = await database.check(settings, policy_in_force, now())
    findings += database_findings
    if policy_in_force is not None:
        findings += await paging.check_schedules(settings, policy_in_force)
    if settings.slack_bot_token is not None:
        findings += await slack.check(settings, policy_in_force, workspace, now)
    return findings
