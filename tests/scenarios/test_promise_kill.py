"""A promised time of the next update survives a kill -9 anywhere: it is stored once, and reminded of once."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from bot.domain.deadlines import DeadlineState
from bot.domain.timeline.entry import Entry
from storage import deadlines
from storage.deadlines import LedgerRow
from storage.open import open_database
from storage.timeline import entries as timeline
from storage.timeline.verify import chain_faults
from tests.scenarios.processes import Death, start
from tests.scenarios.running import policy_file
from tests.scenarios.test_kill import (
    POLICY,
    STEP,
    deaths,
    declare_and_kill,
    doubled_counts,
    overdue,
    reminders,
    run_again,
    settings,
    wait_until_dead_or_quiet,
    wait_until_quiet,
    workspace,
)


@pytest.mark.parametrize("death", deaths(8, 4, max(1, STEP // 2)), ids=str)
async def test_a_promised_update_stands_once_however_the_bot_dies(
    database_url: str, tmp_path: Path, death: Death
) -> None:
    policy = policy_file(tmp_path, POLICY)  # sev2 has no cadence, and so no update is asked for that was not promised
    async with workspace() as ws:
        channel = await declare_and_kill(ws, database_url, policy, "sev2 Payments are down")
        bot = await start(settings(ws, database_url, policy), death)
        ws.request_url = f"http://127.0.0.1:{bot.port}/slack/events"
        reply = await ws.person("maya").command(channel, "/incident next 2s")
        await wait_until_dead_or_quiet(bot, ws, database_url)
        bot = await run_again(ws, bot, database_url, policy)
        try:
            await overdue(database_url)
            await wait_until_quiet(ws, database_url)
            promises, rows = await recorded(database_url)
            assert len(promises) == 1 or not (promises or reply.ok), "once, or never if it was not answered"
            assert [row.due_at for row in rows if row.state is DeadlineState.SENT] == [
                datetime.fromisoformat(promise.data["until"]) for promise in promises
            ]
            assert len(reminders(ws, channel)) == len(promises)
            said = [message for message in ws.bot_messages(channel) if "promises the next update" in message.text]
            assert len(said) == len(promises)
            assert doubled_counts(ws) == {}
        finally:
            await bot.kill()


async def recorded(url: str) -> tuple[list[Entry], list[LedgerRow]]:
    """The promises on the timeline, and the deadlines of updates."""
    database = await open_database(url, migrate=False)
    try:
        async with database.reading() as conn:
            promises = [entry for entry in await timeline.of_kind(conn, 1, "snoozed") if entry.data.get("promise")]
            rows = [row for row in await deadlines.ledger(conn, 1) if row.kind == "update"]
            assert await chain_faults(conn, 1) == []
    finally:
        await database.close()
    return promises, rows
