"""Steps of playbooks that really run: programs of this machine, asked for in Slack's workspace."""

from __future__ import annotations

import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.domain.job import Job, State
from bot.domain.walk import Walk
from bot.usecases import jobs as running
from bot.usecases import playbook as playing
from storage import jobs, walks
from tests.scenarios.running import World, world

PLAYBOOK = """
id: mend
name: Mend it
category: availability
parameters:
  service: {description: Which, default: api}
phases:
  - title: Mend
    steps:
      - title: Look
        commands: ["look {service}"]
        automation: {runner: process}
      - title: Restart
        commands: ["restart {service}"]
        rollback: ["restart back-{service}"]
        automation: {runner: process, action: restart, confidence: 0.9}
      - title: Scale
        commands: ["scale {service}"]
        rollback: ["scale back-{service}"]
        requires_approval: true
        automation: {runner: process, action: scale_up}
      - title: Verify
        commands: ["verify {service}"]
        automation: {runner: process}
"""


class Shop:
    """A folder of programs, each of which writes down that it was run; what they do can be set."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "log"
        self.log.write_text("")
        (folder / "playbooks").mkdir()
        (folder / "playbooks" / "mend.yml").write_text(PLAYBOOK)
        for name in ("look", "restart", "scale", "verify"):
            self.program(name, 'echo "$0 $*"')

    def program(self, name: str, does: str) -> None:
        path = self.folder / name
        path.write_text(f'#!/bin/sh\necho "{name} $*" >> {self.log}\n{does}\n')
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    @property
    def ran(self) -> list[str]:
        return self.log.read_text().splitlines()

    def policy(self, more: str = "", timeout: str = "10s", automation: str = "") -> Path:
        allow = "".join(
            f'        - {{executable: {self.folder}/{name}, arguments: ["(back-)?[a-z]+"], timeout: {timeout}, '
            f"working_directory: {self.folder}}}\n"
            for name in ("look", "restart", "scale", "verify")
        )
        path = self.folder / "policy.yml"
        path.write_text(
            f"preset: sev1-5\nannounce: '#incidents'\nautomation:\n  enabled: true\n  runners:\n    process:\n"
            f"      allow:\n{allow}{automation}{more}"
        )
        return path


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


@asynccontextmanager
async def walking(url: str, shop: Shop, **policy: Any) -> AsyncIterator[tuple[World, Walk]]:
    """An incident in which the playbook is walked."""
    async with world(url, policy=shop.policy(**policy), tocsin_playbooks=str(shop.folder / "playbooks")) as here:
        await here.declared()
        walk = await playing.open_(here.tocsin.desk, 1, "mend", "U0MAYA00000")
        yield here, walk


async def over(here: World, step: str, action: str = "run") -> Job:
    """Wait until the last job of a step has come to its end."""
    found: list[Job] = []

    async def ended() -> bool:
        async with here.tocsin.database.reading() as conn:
            found[:] = [j for j in await jobs.of_walk(conn, 1, 1) if j.step == step and j.action == action]
        return bool(found) and found[-1].state not in (State.QUEUED, State.RUNNING)

    await until(ended)
    return found[-1]


async def until(true: Any, within_s: float = 20.0) -> None:
    import asyncio
    import time

    end = time.monotonic() + within_s
    while not await true():
        if time.monotonic() > end:
            raise TimeoutError
        await asyncio.sleep(0.02)


async def walk_of(here: World) -> Walk:
    async with here.tocsin.database.reading() as conn:
        found = await walks.get(conn, 1, 1)
    assert found is not None
    return found


async def said(here: World) -> list[str]:
    return [one["text"] for one in (await here.show())["timeline"] if one["kind"] == "playbook"]


async def test_a_step_is_run_and_what_it_printed_stands_in_the_thread(sqlite_url: str, shop: Shop) -> None:
    async with walking(sqlite_url, shop) as (here, _):
        asked = await running.run(here.tocsin.desk, 1, 1, "1.1", "U0MAYA00000")
        assert asked.refused is None
        job = await over(here, "1.1")
        assert (job.state, job.outcome) == (State.DONE, "exit code 0")
        assert shop.ran == ["look api"]
        assert (await walk_of(here)).mark("1.1").state == "succeeded"
        await here.delivered()
        assert [text for text in await said(here) if "1.1" in text] == [
            "Mend it, 1.1 Look: runs: look api",
            "Mend it, 1.1 Look: run succeeded: exit code 0",
        ]
        texts = [m.text for c in here.ws.state.channels for m in here.ws.bot_messages(c)]
        assert any("worked" in text for text in texts)
