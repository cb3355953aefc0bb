"""Stores who enabled and disabled alerting rules, when and why. Rows are only ever added."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.schema import rule_switches

_c = rule_switches.c


@dataclass(frozen=True, slots=True)
class Switch:
    """A rule was enabled or disabled."""

    rule: str
    enabled: bool
    reason: str
    actor: str  # a Slack ID, `api` or `cli`
    at: datetime


async def add(conn: AsyncConnection, switch: Switch) -> None:
    """Record that a rule was enabled or disabled: it is so from now on."""
    values = {name: getattr(switch, name) for name in ("rule", "enabled", "reason", "actor", "at")}
    await conn.execute(sa.insert(rule_switches).values(**values))


async def newest(conn: AsyncConnection) -> dict[str, Switch]:
    """The newest switch of each rule, by its ID. Rules that nobody switched are not in it."""
    last = sa.select(sa.func.max(_c.id)).group_by(_c.rule)
    rows = await conn.execute(sa.select(rule_switches).where(_c.id.in_(last)))
    return {row.rule: Switch(row.rule, row.enabled, row.reason, row.actor, row.at) for row in rows}
