"""Changes of one incident follow each other, on its timeline as in its row."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.usecases.context import Context
from bot.usecases.incidents import declare
from bot.usecases.incidents.acknowledge import acknowledge
from storage import incidents
from storage.timeline import entries as timeline
from tests.usecases.conftest import MakeContext, MovableClock
from tests.waiting import WITHIN_S

ONE_WAITS = sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_the_time_of_a_change_is_when_it_has_the_incident_not_when_it_began_to_wait_for_it(
    make_context: MakeContext, clock: MovableClock
) -> None:
    context: Context = make_context("preset: sev1-5")
    await declare.declare(context, declare.Declaration("Checkout is down", "sev1", "U0MAYA0000"), "d1")
    async with context.database.transaction() as conn:
        await incidents.lock(conn, 1)
        waiting = asyncio.create_task(acknowledge(context, 1, "U0LENA0000"))
        async with asyncio.timeout(WITHIN_S):
            while not await conn.scalar(ONE_WAITS):
                await asyncio.sleep(0.01)
        clock.instant += timedelta(minutes=1)
    await waiting
    async with context.database.reading() as conn:
        entries = [record.entry for record in await timeline.read(conn, 1)]
    assert {entry.at for entry in entries if entry.kind == "acknowledged"} == {clock.instant}
