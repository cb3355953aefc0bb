"""The process is killed during a playbook run: one message, and every recorded step stays, none twice."""

from __future__ import annotations

from pathlib import Path

import pytest

import sandbox
from sandbox import Workspace
from storage import playbook_runs
from storage.open import open_database
from storage.timeline import entries
from storage.timeline.verify import chain_faults
from tests.scenarios import processes
from tests.scenarios.processes import Death
from tests.scenarios.running import policy_file
from tests.scenarios.test_kill import (
    POLICY,
    deaths,
    declare_and_kill,
    doubled_counts,
    run_again,
    settings,
    wait_until_quiet,
    workspace,
)

COMMITS, CALLS = 10, 4  # of opening one and pressing Done twice


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    return policy_file(tmp_path, POLICY)


def run_messages(ws: Workspace, channel: str) -> list[sandbox.Message]:
    return [message for message in ws.bot_messages(channel) if "walk_steps" in str(message.blocks)]


@pytest.mark.parametrize("death", deaths(COMMITS, CALLS), ids=str)
async def test_a_run_survives_a_kill_at_any_point(database_url: str, policy: Path, death: Death) -> None:
    async with workspace() as ws:
        channel = await declare_and_kill(ws, database_url, policy, "sev2 Checkout is down")
        bot = await processes.start(settings(ws, database_url, policy), death)
        ws.request_url = f"http://127.0.0.1:{bot.port}/slack/events"
        maya = ws.person("maya")
        opened = (await maya.command(channel, "/incident playbook first-five-minutes")).ok
        pressed = 0
        if opened and bot.alive:
            pressed = await _two_steps(ws, channel)
        await bot.ended(0.6)
        bot = await run_again(ws, bot, database_url, policy)
        try:
            await wait_until_quiet(ws, database_url)
            if not opened and not run_messages(ws, channel):
                assert (await maya.command(channel, "/incident playbook first-five-minutes")).ok
                await wait_until_quiet(ws, database_url)
            (message,) = run_messages(ws, channel)
            settled = await _settled(database_url)
            assert len(settled) >= pressed  # what was acknowledged is recorded
            assert f"*{len(settled)} of 12*" in str(message.blocks)
            assert len(set(settled)) == len(settled)
            assert (await maya.press(message, "Done")).ok
            await wait_until_quiet(ws, database_url)
            assert f"*{len(settled) + 1} of 12*" in str(run_messages(ws, channel)[0].blocks)
            assert doubled_counts(ws) == {}
        finally:
            await bot.kill()


async def _two_steps(ws: Workspace, channel: str) -> int:
    """Press Done on whatever stands there; how many presses were acknowledged for a step of their own."""
    pressed: set[str] = set()
    for _ in range(2):
        try:
            await ws.until(lambda: run_messages(ws, channel), timeout_s=2.0)
            (message,) = run_messages(ws, channel)
            step = next(b["block_id"] for b in message.blocks or [] if str(b.get("block_id")).startswith("step:"))
            reply = await ws.person("maya").press(message, "Done")
        except TimeoutError:
            break
        if reply.ok:
            pressed.add(step)
        await ws.settled()
    return len(pressed)


async def _settled(url: str) -> list[str]:
    """The steps that are done, which the timeline has once each."""
    database = await open_database(url, migrate=False)
    try:
        async with database.reading() as conn:
            run = await playbook_runs.get(conn, 1, 1)
            assert run is not None
            assert await chain_faults(conn, 1) == []
            told = [r.entry.data["step"] for r in await entries.read(conn, 1) if r.entry.data.get("act") == "done"]
            assert sorted(told) == sorted(mark.key for mark in run.steps if mark.settled)
            return told
    finally:
        await database.close()
