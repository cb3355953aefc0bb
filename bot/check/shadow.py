"""Checks the progress of shadow mode: while it is on, nobody is paged, and it ends by itself."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.check.finding import Finding, warn
from bot.domain.policy.shadow import ShadowRules
from storage import key_value
from storage.database import Database


async def check(database: Database, rules: ShadowRules, now: datetime) -> list[Finding]:
    """Warn which day of shadow mode it is, or that shadow mode is over and Tocsin pages."""
    async with database.reading() as conn:
        stored = await key_value.SHADOW.get(conn) or {}
    if stored.get("source") != rules.source:
        return [warn("shadow", f"shadow mode begins when the bot reads the policy: then {rules.source} pages alone.")]
    since = datetime.fromisoformat(stored["since"])
    ends_at = rules.ends_at(since)
    if now >= ends_at:
        message = (
            f"shadow mode is over since {ends_at:%Y-%m-%d %H:%M} UTC: Tocsin pages. Remove `shadow` from the policy."
        )
        return [warn("shadow", message)]
    day = (now - since) // timedelta(days=1) + 1
    message = (
        f"shadow mode, day {day} of {rules.days}: {rules.source} pages, and Tocsin pages nobody "
        f"until {ends_at:%Y-%m-%d %H:%M} UTC. Remove `shadow` from the policy to end it now."
    )
    return [warn("shadow", message)]
