"""A shop with its own programs, a playbook that runs them, and an incident with a run of this playbook."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bot import policy as policy_reader
from bot.clock import Clock
from bot.domain.access.identity import Identity, Membership
from bot.domain.playbook.job import Job, JobState
from bot.domain.playbook.run import PlaybookRun
from bot.playbook_runners import RunnerFactory
from bot.settings import Settings
from bot.usecases.context import Context, Policies
from bot.usecases.playbooks import approvals, job_queue, runs
from bot.usecases.playbooks.unit_of_work import load_run
from bot.usecases.unit_of_work import locked_incident
from playbooks.library_cache import LibraryCache
from sandbox import Message
from storage import jobs, playbook_runs
from storage.database import Database
from tests.programs import USER_RULE, give
from tests.scenarios.running import World, running_world
from tests.waiting import WITHIN_S

MAYA, TOM = "U0MAYA0000", "U0TOM00000"

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
    """A folder of programs that log each of their runs; tests set their effects."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "log"
        self.log.write_text("")
        give(self.log)
        (folder / "playbooks").mkdir()
        (folder / "playbooks" / "mend.yml").write_text(PLAYBOOK)
        for name in ("look", "restart", "scale", "verify"):
            self.program(name, 'echo "$0 $*"')

    def program(self, name: str, does: str) -> None:
        path = self.folder / name
        path.write_text(f'#!/bin/sh\necho "{name} $*" >> {self.log}\n{does}\n')
        path.chmod(0o755)

    def playbook(self, old: str, new: str) -> None:
        path = self.folder / "playbooks" / "mend.yml"
        path.write_text(path.read_text().replace(old, new))

    @property
    def ran(self) -> list[str]:
        return self.log.read_text().splitlines()

    def policy(self, more: str = "", timeout: str = "10s", automation: str = "") -> Path:
        allow = "".join(
            f'        - {{executable: {self.folder}/{name}, arguments: ["(back-)?[a-z]+"], timeout: {timeout}, '
            f"working_directory: {self.folder}{USER_RULE}}}\n"
            for name in ("look", "restart", "scale", "verify")
        )
        path = self.folder / "policy.yml"
        path.write_text(
            f"preset: sev1-5\nannounce: '#incidents'\nautomation:\n  enabled: true\n  runners:\n    process:\n"
            f"      allow:\n{allow}{automation}{more}"
        )
        return path


@asynccontextmanager
async def running_playbook(url: str, shop: Shop, **policy: Any) -> AsyncIterator[tuple[World, PlaybookRun]]:
    """An incident with a run of the playbook."""
    async with running_world(
        url, policy=shop.policy(**policy), tocsin_playbooks=str(shop.folder / "playbooks")
    ) as world:
        await world.declare()
        run = await runs.open_run(world.tocsin.context, 1, "mend", MAYA)
        yield world, run


async def finished_job(world: World, step: str, action: str = "run") -> Job:
    """Wait until the last job of a step has ended, and return it."""
    of_step: list[Job] = []

    async def ended() -> bool:
        async with world.tocsin.database.reading() as conn:
            of_step[:] = [job for job in await jobs.of_run(conn, 1, 1) if job.step == step and job.action == action]
        return bool(of_step) and of_step[-1].state not in (JobState.QUEUED, JobState.RUNNING)

    await until(ended)
    return of_step[-1]


async def until(true: Any, within_s: float = WITHIN_S) -> None:
    end = time.monotonic() + within_s
    while not await true():
        if time.monotonic() > end:
            raise TimeoutError
        await asyncio.sleep(0.02)


async def current_run(world: World) -> PlaybookRun:
    async with world.tocsin.database.reading() as conn:
        run = await playbook_runs.get(conn, 1, 1)
    assert run is not None
    return run


async def playbook_texts(world: World) -> list[str]:
    return [one["text"] for one in (await world.show())["timeline"] if one["kind"] == "playbook"]


async def run_steps(world: World, *steps: str) -> None:
    """Run steps one after the other, as one person."""
    for step in steps:
        asked = await job_queue.queue_step(world.tocsin.context, 1, 1, step, MAYA)
        assert asked.refused is None, asked.refused
        assert (await finished_job(world, step)).state is JobState.DONE


async def approve_step(world: World, step: str, action: str = "run") -> None:
    """Maya asks, Tom approves."""
    async with locked_incident(world.tocsin.context, 1) as work:
        run, playbook = await load_run(work.conn, 1, 1)
        run = await approvals.request_approval_in(work, run, playbook, step, action, MAYA)
    request = run.step(step).asked
    assert request is not None
    await approvals.approve(world.tocsin.context, 1, 1, step, request.number, Identity(TOM, Membership.MEMBER))


def texts(world: World) -> list[str]:
    return [m.text for c in world.ws.state.channels for m in world.ws.bot_messages(c)]


async def until_waiting(world: World, step: str) -> None:
    async def waits() -> bool:
        return (await current_run(world)).step(step).state == "waiting"

    await until(waits)


async def until_ran(shop: Shop, count: int) -> None:
    async def ran() -> bool:
        return len(shop.ran) >= count

    await until(ran)


def run_message(world: World, channel: str) -> Message:
    return next(m for m in world.ws.bot_messages(channel) if set("▱▰") & set(str(m.blocks)))


def question(ws: Any) -> Message | None:
    channel = ws.find_channel("inc-1")
    return next((m for m in ws.bot_messages(channel.id) if "job_ran" in str(m.blocks)), None)


def question_text(ws: Any) -> list[str]:
    return [m.text for m in ws.bot_messages(ws.find_channel("inc-1").id)]


async def state_is(database: Database, state: JobState) -> bool:
    async with database.reading() as conn:
        return any(job.state is state for job in await jobs.of_run(conn, 1, 1))


def context_on(database: Database, policy: Path, shop: Shop) -> Context:
    """A context of our own on the same database, as another replica has."""
    loaded = policy_reader.read(policy)
    settings = Settings(_env_file=None)
    return Context(
        database,
        Policies(loaded.policy, loaded.document, policy_reader.from_document),
        Clock(),
        playbook_library=LibraryCache([shop.folder / "playbooks"]),
        runners=RunnerFactory(settings),
    )


def step_buttons(message: Message) -> list[str]:
    """The buttons of the current step."""
    step = next(one for one in message.blocks or [] if str(one.get("block_id", "")).startswith("step:"))
    return [one["text"]["text"] for one in step["elements"] if one["type"] == "button"]


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def has_ended(pid: int) -> bool:
    return not is_running(pid)
