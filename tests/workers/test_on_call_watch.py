"""Home tabs follow handoffs, also where no user group does."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from bot.usecases import personal
from bot.workers.on_call_watch import OnCallWatch
from storage.schema import outbox
from tests.usecases.conftest import START, MakeContext, MovableClock, clock, make_context

__all__ = ["clock", "make_context"]  # fixtures

POLICY = """
schedules:
  primary: {timezone: UTC, rotation: daily, handoff: "09:00", start: 2026-01-05, members: [U0ADA0000, U0BEN0000]}
"""


async def test_a_home_tab_that_is_open_over_a_handoff_is_published_anew(
    make_context: MakeContext, clock: MovableClock
) -> None:
    context, version = make_context(POLICY), sa.select(outbox.c.version).where(outbox.c.kind == "home")
    watch = OnCallWatch(context)
    await watch.look()
    await personal.open_home(context, "U0EVE0000")

    async def published() -> int:
        async with context.database.reading() as conn:
            return int(await conn.scalar(version) or 0)

    opened = await published()
    await watch.look()
    assert await published() == opened  # nothing has changed
    clock.instant = START + timedelta(hours=8)
    await watch.look()
    assert await published() == opened + 1
    await watch.look()
    assert await published() == opened + 1
