"""Decides by a stored instant whether a weekly message is due."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.figures.week import next_digest
from bot.domain.policy.figures import SheetMail, WeeklyDigest
from bot.usecases.context import Context
from storage.key_value import Key


async def take_lapsed(
    context: Context, conn: AsyncConnection, key: Key[dict[str, str]], rules: WeeklyDigest | SheetMail | None
) -> datetime | None:
    """Return the lapsed instant, and store the next one, in the transaction that queues the message. None: not due.

    The stored instant is a row: it outlasts a restart, and only one of several replicas finds it lapsed. Of weeks that
    passed while the bot was down only the last counts. A new day or time in the policy replaces the stored instant.
    """
    now, zone = context.clock.now(), context.policy.zone
    stored = await key.lock(conn, {})
    if rules is None:
        if stored:
            await key.put(conn, {})
        return None
    rule = f"{rules.weekday} {rules.at:%H:%M} {zone}"
    due_at = datetime.fromisoformat(stored["due_at"]) if stored.get("rule") == rule else None
    if due_at is not None and now < due_at:
        return None
    await key.put(conn, {"rule": rule, "due_at": next_digest(rules, now, zone).isoformat()})
    if due_at is None:
        return None
    while (following := next_digest(rules, due_at, zone)) <= now:
        due_at = following
    return due_at
