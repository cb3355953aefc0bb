"""The policy file changes while the bot runs."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

import sandbox
from bot.workers import policy_watcher
from storage import policies
from tests.databases import PostgreSQL
from tests.scenarios.assertions import announcements, direct_messages, settle, until, words
from tests.scenarios.running import MANIFEST, World, running_world, start

TOM, PRIYA, LENA = "U0TOM00000", "U0PRIYA000", "U0LENA0000"
POLICY = """
preset: sev1-5
announce: "#incidents"
contacts: {{anna: {{slack: U0TOM00000, phone: "{phone}"}}}}
severities:
  sev1: {{respond_within: null, escalate_after: null, update_every: {every}, roles: [], notify_executives: false,
    ladder: [{{after: 0m, notify: ["user:{who}"]}}, {{after: 10m, notify: ["user:{then}"]}}]}}
"""
SECRET = "4915112345678"


def text(who: str = TOM, then: str = LENA, every: str = "15m", phone: str = "+4915112345678") -> str:
    return POLICY.format(who=who, then=then, every=every, phone=phone)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "policy.yml"
    file.write_text(text())
    return file


@pytest.fixture
async def world(database_url: str, path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    monkeypatch.setattr(policy_watcher, "LOOK_S", 0.03)
    async with running_world(database_url, policy=path) as running:
        yield running


async def metric(world: World, name: str) -> float:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{world.tocsin.port}/metrics") as answer,
    ):
        found = re.search(rf"^{name} (\S+)$", await answer.text(), re.MULTILINE)
        assert found, name
        return float(found[1])


async def ready(world: World) -> tuple[int, str]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{world.tocsin.port}/readyz") as answer,
    ):
        return answer.status, (await answer.json())["checks"]["policy"]


def page_texts(world: World, person: str) -> list[str]:
    return [m.text for m in direct_messages(world, person, "paged")]


async def test_a_changed_policy_applies_to_new_incidents_only(world: World, path: Path) -> None:
    await world.declare("sev1 Payments are down")
    before = world.tocsin.context.policy.digest
    path.write_text(text(who=PRIYA, then=PRIYA, every="5m"))
    await until(lambda: world.tocsin.context.policy.digest != before)
    await world.maya.command("#general", "/incident declare sev1 Search is down")
    await settle(world)
    assert [line for line in page_texts(world, PRIYA) if "INC-2" in line]
    await world.pass_time(minutes=10)
    assert [line for line in page_texts(world, LENA) if "INC-1" in line]
    assert not [line for line in page_texts(world, LENA) + page_texts(world, TOM) if "INC-2" in line]
    async with world.tocsin.database.reading() as conn:
        assert await policies.get(conn, before)
        assert await policies.get(conn, world.tocsin.context.policy.digest) == world.tocsin.context.policies.document
    assert len(announcements(world)) == 2  # nobody need read of every change


async def test_an_invalid_policy_file_changes_nothing_and_is_announced(world: World, path: Path) -> None:
    before = world.tocsin.context.policy
    path.write_text(text(phone=f"{SECRET}0000000000000000000000").replace("respond_within", "respond_witin"))
    await until(lambda: announcements(world))
    assert world.tocsin.context.policy is before
    (told,) = announcements(world)
    said = words(world, told)
    assert "2 mistakes" in said
    assert "tocsin check" in said
    assert "contacts.anna.phone" in said
    assert SECRET not in str(told.blocks)
    assert await metric(world, "tocsin_policy_stale") == 1
    assert await ready(world) == (200, world.tocsin.policy_watcher.trouble)
    os.utime(path)  # touched, not changed: not said again
    for _ in range(2):  # it reads a file once two looks have found the same
        await world.tocsin.policy_watcher.look()
    await world.declare("sev1 Payments are down")
    assert page_texts(world, TOM)
    assert len(announcements(world)) == 2
    path.write_text(text(every="20m"))
    await until(lambda: "valid again" in words(world, announcements(world)[0]))
    assert world.tocsin.context.policy is not before
    assert await metric(world, "tocsin_policy_stale") == 0
    assert (await ready(world))[1] == "ok"


async def test_a_mistake_that_was_corrected_and_made_again_is_announced_again(world: World, path: Path) -> None:
    for round_ in (1, 2):
        path.write_text("preset: sev1-6\n")
        await until(lambda: len(announcements(world)) == round_)  # noqa: B023 - awaited here
        path.write_text(text())
        await until(lambda: all("valid again" in words(world, told) for told in announcements(world)))


async def test_a_missing_policy_file_is_a_problem_and_not_a_preset(world: World, path: Path) -> None:
    before = world.tocsin.context.policy
    path.unlink()
    await until(lambda: world.tocsin.policy_watcher.trouble)
    assert world.tocsin.context.policy is before


async def test_two_replicas_announce_one_invalid_file_once(
    postgresql: PostgreSQL, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policy_watcher, "LOOK_S", 0.03)
    url = postgresql.create()
    async with running_world(url, policy=path) as world:
        other = await start(world.ws, world.settings)
        await other.policy_watcher.look()  # the first, which finds the file valid
        try:
            path.write_text("severities: []\n")
            await until(lambda: world.tocsin.policy_watcher.trouble and other.policy_watcher.trouble)
            await settle(world)
            await until(lambda: announcements(world))
            await settle(world)
            assert len(announcements(world)) == 1
            path.write_text(text(every="9m"))
            await until(lambda: not world.tocsin.policy_watcher.trouble and not other.policy_watcher.trouble)
            await until(lambda: "valid again" in words(world, announcements(world)[0]))
            assert world.tocsin.context.policy.digest == other.context.policy.digest
        finally:
            await other.stop()
    postgresql.give_back(url)


async def test_sighup_rereads_the_policy_file_and_does_not_stop_the_bot(sqlite_url: str, path: Path) -> None:
    async with sandbox.running(manifest=MANIFEST) as ws:
        settings = {
            "SLACK_BOT_TOKEN": ws.settings.bot_token, "SLACK_SIGNING_SECRET": ws.settings.signing_secret,
            "SLACK_API_URL": ws.api_url, "DATABASE_URL": sqlite_url, "TOCSIN_POLICY": str(path), "PORT": "0",
            "LOG_FORMAT": "json",
        }  # fmt: skip
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", "serve",
            env={**os.environ, **settings}, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            async with asyncio.timeout(30):
                assert b"ready" in await process.stdout.readline()
                process.send_signal(signal.SIGHUP)
                async for line in process.stderr:
                    if b"policy.unchanged" in line:
                        break
                path.write_text(text(every="25m"))
                process.send_signal(signal.SIGHUP)
                async for line in process.stderr:
                    if b"policy.in_force" in line:
                        assert b'["severities"]' in line
                        break
            assert process.returncode is None
        finally:
            process.terminate()
            await process.communicate()
