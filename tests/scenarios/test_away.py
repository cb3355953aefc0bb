"""The process is killed, people go on, it is started and killed again while it reads what it missed: nothing twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox import Message, Workspace
from storage.open import open_database
from storage.timeline import entries as timeline
from storage.timeline.verify import chain_faults
from tests.scenarios import processes
from tests.scenarios.processes import Death
from tests.scenarios.running import written
from tests.scenarios.test_kill import POLICY, declared, quiet, run_again, settings, workspace

DEATHS = [
    Death("commit", 4, before=False),
    Death("call", 1, before=True, method="pins.list"),
]
KINDS = ("message", "message_edited", "message_deleted", "keyed", "unkeyed", "reaction", "pin")


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    return written(tmp_path, POLICY)


@pytest.mark.parametrize("death", DEATHS, ids=str)
async def test_edits_deletions_and_marks_of_meanwhile_are_fetched_once_wherever_it_dies_again(
    database_url: str, policy: Path, death: Death
) -> None:
    async with workspace() as ws:
        channel = await declared(ws, database_url, policy, "sev2 Checkout is down")
        first = await processes.start(settings(ws, database_url, policy))
        ws.request_url = f"http://127.0.0.1:{first.port}/slack/events"
        said = await _before(ws, channel)
        await quiet(ws, database_url)
        await first.kill()
        ws.delivery.faults.drop = True
        await _meanwhile(ws, said)
        ws.delivery.faults.clear()
        bot = await processes.start(settings(ws, database_url, policy), death)
        assert await bot.ended()
        try:
            for _ in range(2):
                bot = await run_again(ws, bot, database_url, policy)
                await quiet(ws, database_url)
                maya = ws.person("maya").id
                assert sorted(await _told(database_url)) == sorted(
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
    said = {line: await maya.say(channel, line) for line in ("a thread", "a secret", "the cause", "pinned before")}
    said["reply"] = await maya.reply(said["a thread"], "4512 is fine")
    await maya.react(said["reply"], "eyes")
    await maya.pin(said["pinned before"])
    return said


async def _meanwhile(ws: Workspace, said: dict[str, Message]) -> None:
    maya = ws.person("maya")
    await maya.edit(said["reply"], "4512 is broken")
    await maya.unreact(said["reply"], "eyes")
    await maya.delete(said["a secret"])
    await maya.react(said["the cause"], "pushpin")
    await maya.unpin(said["pinned before"])
    await maya.pin(said["the cause"])


async def _told(url: str) -> list[tuple[str, str, str]]:
    database = await open_database(url, migrate=False)
    try:
        async with database.reading() as conn:
            assert await chain_faults(conn, 1) == []
            entries = [record.entry for record in await timeline.read(conn, 1)]
            return [(one.kind, one.actor, one.text) for one in entries if one.kind in KINDS]
    finally:
        await database.close()
