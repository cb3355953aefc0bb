"""Runs all checks of `tocsin check`: settings, policy, database, Slack and paging. No finding shows a secret."""

from __future__ import annotations

from bot.check import database, paging, policy, slack
from bot.check.finding import Finding, fail, ok
from bot.settings import Settings


async def run(settings: Settings) -> list[Finding]:
    """Run every check. A check that depends on something broken is left out."""
    findings = _settings(settings)
    policy_in_force, policy_findings = policy.check(settings)
    findings += policy_findings
    findings += paging.check(settings, policy_in_force)
    findings += await database.check(settings)
    if policy_in_force is not None:
        findings += await paging.check_schedules(settings, policy_in_force)
    if settings.slack_bot_token is not None:
        findings += await slack.check(settings, policy_in_force)
    return findings


def _settings(settings: Settings) -> list[Finding]:
    if missing := settings.missing_for_serving():
        return [fail("settings", words) for words in missing]
    mode = "Socket Mode" if settings.socket_mode else f"HTTP on {settings.host}:{settings.port}"
    return [ok("settings", f"complete; {mode}")]
