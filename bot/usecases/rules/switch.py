"""Enables and disables alerting rules, overriding the policy. The person and the reason are stored."""

from __future__ import annotations

from datetime import datetime

from bot.domain.errors import NotFound, Refused
from bot.domain.policy.policy import Policy
from bot.domain.values.one_line import one_line
from storage.database import Database
from storage.rules import switches
from storage.rules.switches import Switch

REASON_LENGTH = 500


async def switch_rule(
    database: Database, policy: Policy, rule: str, reason: str, actor: str, now: datetime, *, enabled: bool
) -> None:
    """Enable or disable a rule. The alerts of a disabled rule resolve. Raises `NotFound` and `Refused`."""
    if rule not in policy.rules:
        raise NotFound(f"There is no rule “{rule[:40]}”. There are: {', '.join(policy.rules) or 'none'}.", "rules")
    if not one_line(reason):
        raise Refused("Say why, such as: noisy during the migration.")
    async with database.transaction() as conn:
        await switches.add(conn, Switch(rule, enabled, one_line(reason)[:REASON_LENGTH], actor, now))
