"""The process is killed, people go on, and it is killed again while it catches up: nothing is recorded twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox import Message, Workspace
from storage.open import open_database
from storage.timeline import entries as timeline
from storage.timeline.verify import chain_faults
from tests.scenarios import processes
from tests.scenarios.processes import Death
from tests.scenarios.running import policy_file
from tests.scenarios.test_kill import POLICY, declare_and_kill, run_again, settings, wait_until_quiet, workspace

DEATHS = [
    Death("commit", 4, before=False),
    Death("call", 1, before=True, method="pins.list"),
]
KINDS = ("message", "message_edited", "message_deleted", "keyed", "unkeyed", "reaction", "pin")


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    return policy_file(tmp_path, POLICY)


@pytest.mark.parametrize("death", DEATHS, ids=str)
async def test_changes_missed_while_dead_are_recorded_once_wherever_it_dies_again(
    database_url: str, policy: Path, death: Death
) -> None:
    async with workspace() as ws:
        channel = await declare_and_kill(ws, database_url, policy, "sev2 Checkout is down")
        first = await processes.start(settings(ws, database_url, policy))
        ws.request_url = f"http://127.0.0.1:{first.port}/slack/events"
        messages = await _before(ws, channel)
        await wait_until_quiet(ws, database_url)
        await first.kill()
        ws.delivery.faults.drop = True
        await _meanwhile(ws, messages)
        ws.delivery.faults.clear()
        bot = await processes.start(settings(ws, database_url, policy), death)
        assert await bot.ended()
        try:
            for _ in range(2):
                bot = await run_again(ws, bot, database_url, policy)
                await wait_until_quiet(ws, database_url)
                maya = ws.person("maya").id
                assert sorted(await _recorded(database_url)) == sorted(
                    [
                        ("message", maya, "a thread"), ("message", maya, "4512 is fine"), ("message", maya, "a secret"),
                        ("message", maya, "the cause"), ("message", maya, "pinned before"),
                        ("message_edited", maya, "4512 is broken"), ("message_deleted", maya, ""),
                        ("keyed", maya, ""), ("reaction", maya, ":eyes:"), ("reaction", maya, ":eyes: taken back"),
                        ("pin", maya, "pinned a message"), ("pin", "unknown", "unpinned a message"),
                        ("pin", maya, "pinned a message"),
                    ]
                )  # fmt: skip
        finally:
            await bot.kill()


async def _before(ws: Workspace, channel: str) -> dict[str, Message]:
    maya = ws.person("maya")
    messages = {line: await maya.say(channel, line) for line in ("a thread", "a secret", "the cause", "pinned before")}
    messages["reply"] = await maya.reply(messages["a thread"], "4512 is fine")
    await maya.react(messages["reply"], "eyes")
    await maya.pin(messages["pinned before"])
    return messages


async def _meanwhile(ws: Workspace, messages: dict[str, Message]) -> None:
    maya = ws.person("maya")
    await maya.edit(messages["reply"], "4512 is broken")
    await maya.unreact(messages["reply"], "eyes")
    await maya.delete(messages["a secret"])
    await maya.react(messages["the cause"], "pushpin")
    await maya.unpin(messages["pinned before"])
    await maya.pin(messages["the cause"])


async def _recorded(url: str) -> list[tuple[str, str, str]]:
    database = await open_database(url, migrate=False)
    try:
        async with database.reading() as conn:
            assert await chain_faults(conn, 1) == []
            entries = [record.entry for record in await timeline.read(conn, 1)]
            return [(entry.kind, entry.actor, entry.text) for entry in entries if entry.kind in KINDS]
    finally:
        await database.close()
