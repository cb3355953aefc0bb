"""Inhibits groups of alerts while others fire, and has them decided when those resolve."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.alerts import inhibition
from bot.domain.alerts.alert import Alert
from bot.domain.alerts.group import AlertGroup, Decision, decide
from bot.domain.alerts.inhibition import ActiveInhibition
from bot.domain.policy.alert_rules import AlertRules, Inhibition
from storage.alerts import deadlines, groups, inhibitors, members


async def remember(conn: AsyncConnection, fired: Sequence[tuple[int, Alert]], rules: AlertRules) -> None:
    """Store which of these alerts inhibit others."""
    if not rules.inhibit:
        return
    sources = [
        (key, group, alert) for group, alert in fired for key in inhibition.source_keys(alert.labels, rules.inhibit)
    ]
    await inhibitors.add(conn, sources)


async def lift(conn: AsyncConnection, numbers: Collection[int], now: datetime) -> None:
    """Have the groups that these groups inhibit decided now."""
    await deadlines.arm(conn, await groups.inhibited_by(conn, numbers), deadlines.DECIDE, now)


async def inhibition_of(conn: AsyncConnection, group: AlertGroup, rules: AlertRules) -> ActiveInhibition | None:
    """The inhibition of the group; None if any of its firing alerts is not inhibited."""
    if not rules.inhibit:
        return None
    active: tuple[int, Inhibition, Mapping[str, str]] | None = None
    async for page in members.firing_pages(conn, group.number):
        labels_of_page = [member.alert.labels for member in page]
        target_keys = [inhibition.target_keys(labels, rules.inhibit) for labels in labels_of_page]
        source_numbers = await inhibitors.firing(conn, {key for keys in target_keys for key in keys})
        if any(not keys.keys() & source_numbers.keys() for keys in target_keys):
            return None
        if active is None:
            key, rule = next((key, rule) for key, rule in target_keys[0].items() if key in source_numbers)
            active = source_numbers[key], rule, labels_of_page[0]
    source = await groups.get(conn, active[0]) if active is not None else None
    if active is None or source is None or source.number == group.number:
        return None
    return ActiveInhibition(source.number, inhibition.in_words(source, active[1], active[2]))


def inhibit(group: AlertGroup, by: ActiveInhibition, now: datetime) -> AlertGroup:
    """The group as inhibited."""
    if group.decision is Decision.INHIBITED and group.inhibited_by == by.by:
        return group
    return replace(decide(group, Decision.INHIBITED, by.reason, now, "inhibit"), inhibited_by=by.by)
