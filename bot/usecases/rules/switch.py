"""Enables and disables alerting rules, overriding the policy. The person and the reason are stored."""

from __future__ import annotations

from bot.domain.errors import NotFound, Refused
from bot.domain.values.one_line import one_line
from bot.usecases import authorize
from bot.usecases.context import Context
from bot.usecases.unit_of_work import claim_delivery
from storage.rules import switches
from storage.rules.switches import Switch

REASON_LENGTH = 500


async def switch_rule(
    context: Context, rule: str, reason: str, actor: str, *, enabled: bool, delivery: str | None = None
) -> None:
    """Enable or disable a rule. The alerts of a disabled rule resolve. Needs the permission `silence`.

    Raises `NotFound` for a rule that the policy does not have, and `Refused` without a reason or without permission.
    """
    rules = context.policy.rules
    authorize.require(context, "silence", actor)
    if rule not in rules:
        raise NotFound(f"There is no rule “{rule[:40]}”. There are: {', '.join(rules) or 'none'}.", "rules")
    if not one_line(reason):
        raise Refused("Say why, such as: noisy during the migration.")
    async with context.database.transaction() as conn:
        now = context.clock.now()
        await claim_delivery(conn, delivery, now)
        await switches.add(conn, Switch(rule, enabled, one_line(reason)[:REASON_LENGTH], actor, now))
