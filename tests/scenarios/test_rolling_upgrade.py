"""Old and new side by side on one PostgreSQL while the new one migrates: nothing lost, nothing doubled."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import tarfile
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
import sqlalchemy as sa

import sandbox
from bot.domain.deadlines import DeadlineState
from sandbox import Workspace
from storage import deadlines, incidents, migrate
from storage.database import Database
from storage.engine.columns import to_microseconds
from storage.open import open_database
from storage.outbox import census
from storage.timeline import entries, verify
from tests.databases import PostgreSQL
from tests.scenarios.running import MANIFEST, ROOT

OLD = "417391a"  # the last version whose tables are those of 0003
BEFORE_SUBJECTS = "fe6684f"  # whose tables are those of 0008: deadlines are told apart by their keys
# The older one as well in `make torture`: each costs half a minute.
VERSIONS = [(BEFORE_SUBJECTS, "0008"), *([(OLD, "0003")] if os.environ.get("TOCSIN_TORTURE") else [])]
# Each incident pages rung 1 by its time, then rung 2 because nobody acknowledged.
POLICY = """
preset: sev1-5
severities:
  sev3:
    update_every: null
    respond_within: 6s
    escalate_after: null
    roles: []
    ladder:
      - {after: 1s, notify: ["channel:#general"], until: acknowledged}
      - {after: 1h, notify: ["channel:#general"], until: acknowledged}
"""
READY_S = 120.0
WITHIN_S = 180.0  # on a busy machine


@pytest.fixture
def old_version(tmp_path: Path) -> Path:
    return unpacked(OLD, tmp_path)


def unpacked(version: str, tmp_path: Path) -> Path:
    """The whole tree of an earlier version."""
    packed = subprocess.run(["git", "archive", version], cwd=ROOT, capture_output=True, check=False)
    if packed.returncode != 0:
        pytest.skip(f"this checkout has no history back to {version}")
    folder = tmp_path / "old"
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder


@dataclass
class Replica:
    """A process of one version."""

    process: asyncio.subprocess.Process
    port: int

    async def served(self) -> dict[str, float]:
        """How much it has acknowledged and sent, and how many lapsed deadlines it has claimed, by its own account."""
        async with aiohttp.ClientSession() as http, http.get(f"http://127.0.0.1:{self.port}/metrics") as answer:
            lines = (await answer.text()).splitlines()
        found = {}
        for name in (
            "tocsin_acknowledgement_seconds_count",
            "tocsin_outbox_results_total{kind=",
            "tocsin_reminder_lateness_seconds_count{kind=",
        ):
            found[name] = sum(float(line.split()[-1]) for line in lines if line.startswith(name))
        return found

    async def becomes_ready(self) -> None:
        """Wait until it says so; on a busy machine its scheduler or outbox may lag behind for a moment."""
        async with asyncio.timeout(WITHIN_S), aiohttp.ClientSession() as http:
            while True:
                async with http.get(f"http://127.0.0.1:{self.port}/readyz") as answer:
                    if answer.status == 200:
                        return
                await asyncio.sleep(0.2)

    async def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(self.process.wait(), READY_S) == 0


@contextlib.asynccontextmanager
async def replica(version: Path, folder: Path, ws: Workspace, url: str) -> AsyncIterator[Replica]:
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("SLACK_", "TOCSIN_", "DATABASE_"))
    }
    settings = {
        "SLACK_BOT_TOKEN": ws.settings.bot_token, "SLACK_SIGNING_SECRET": ws.settings.signing_secret,
        "SLACK_API_URL": ws.api_url, "DATABASE_URL": url, "PORT": "0", "LOG_LEVEL": "WARNING",
    }  # fmt: skip
    with (folder / f"{version.name}.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", "serve", cwd=folder, env={**kept, **settings, "PYTHONPATH": str(version)},
            stdout=asyncio.subprocess.PIPE, stderr=log,
        )  # fmt: skip
    try:
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), READY_S)
        assert line, (folder / f"{version.name}.log").read_text()[-3000:]
        yield Replica(process, json.loads(line)["port"])
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


class Crowd:
    """People who declare, write and note without pause. What was accepted is remembered."""

    def __init__(self, ws: Workspace) -> None:
        self.ws = ws
        self.ports: list[int] = []  # of the replicas that get traffic
        self.declared: list[str] = []
        self.noted: list[str] = []
        self.said: list[str] = []
        self.refused: list[str] = []
        self._count = 0
        self._acting: asyncio.Task[None]

    async def act(self) -> None:
        while True:
            self._count += 1
            title = f"Trouble {self._count}"
            self._next()
            reply = await self.ws.person("maya").command("#general", f"/incident declare sev3 {title}")
            (self.declared if reply.ok and "is declared" in reply.text else self.refused).append(title)
            for channel in [c for c in self.ws.channel_names() if self._inside(c)][-3:]:
                self._next()
                words = f"words {self._count} in {channel}"
                await self.ws.person("maya").say(channel, words)
                self.said.append(words)
                note = f"note {self._count} in {channel}"
                reply = await self.ws.person("maya").command(channel, f"/incident note {note}")
                (self.noted if reply.ok and "Noted" in reply.text else self.refused).append(note)
            await asyncio.sleep(0.05)

    def _next(self) -> None:
        """As a balancer does: each request to another replica."""
        self.ports.append(self.ports.pop(0))
        self.ws.request_url = f"http://127.0.0.1:{self.ports[0]}/slack/events"

    def _inside(self, name: str) -> bool:
        return name.startswith("inc-") and self.ws.person("maya").id in self.ws.channel(name).members

    def start(self) -> None:
        self._acting = asyncio.create_task(self.act())

    async def stop(self) -> None:
        self._acting.cancel()
        await asyncio.wait({self._acting})

    async def more(self, count: int) -> None:
        """Wait until so many more were accepted."""
        wanted = len(self.declared) + count
        async with asyncio.timeout(WITHIN_S):
            while len(self.declared) < wanted:
                if self._acting.done():
                    self._acting.result()
                await asyncio.sleep(0.05)


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("version", "revision"), VERSIONS)
async def test_old_and_new_work_side_by_side_through_an_upgrade(
    version: str, revision: str, tmp_path: Path, postgresql: PostgreSQL
) -> None:
    old_version = unpacked(version, tmp_path)
    url = postgresql.create(empty=True)
    (tmp_path / "policy.yml").write_text(POLICY)
    async with (
        sandbox.running(manifest=MANIFEST, retry_delays_s=(0.0, 0.3, 1.0), ack_timeout_s=15.0) as ws,
        contextlib.AsyncExitStack() as stack,
    ):
        crowd = Crowd(ws)

        async def joins(version: Path) -> Replica:
            one = await stack.enter_async_context(replica(version, tmp_path, ws, url))
            crowd.ports.append(one.port)
            return one

        async def leaves(one: Replica) -> None:
            """As a balancer does it: nothing new first, then the process."""
            crowd.ports.remove(one.port)
            crowd._next()
            await ws.settled(WITHIN_S)
            await one.stop()

        first, second = await joins(old_version), await joins(old_version)
        database = await open_database(url, migrate=False)
        stack.push_async_callback(database.close)
        assert await migrate.current_revision(database) == revision
        crowd.start()
        stack.push_async_callback(crowd.stop)
        await crowd.more(5)
        third = await joins(ROOT)  # migrates, while both others are at work
        assert await migrate.current_revision(database) == migrate.HEAD
        before = [await one.served() for one in (first, second, third)]
        async with asyncio.timeout(WITHIN_S):
            idle = True
            while idle:  # until all three have acknowledged, sent and claimed deadlines, side by side
                await crowd.more(2)
                after = [await one.served() for one in (first, second, third)]
                idle = any(
                    later[name] <= earlier[name] for earlier, later in zip(before, after, strict=True) for name in later
                )
        for one in (first, second, third):
            await one.becomes_ready()
        await leaves(first)
        fourth = await joins(ROOT)
        await crowd.more(3)
        await leaves(second)
        await crowd.more(3)
        await crowd.stop()
        await _every_deadline_is_decided(database)
        await _rest(database)
        await _nothing_lost_or_doubled(ws, database, crowd)
        await third.becomes_ready()
        await fourth.becomes_ready()
    postgresql.drop(url)


@pytest.mark.timeout(300)
async def test_an_old_version_does_not_start_on_the_tables_of_a_newer_one(
    old_version: Path, tmp_path: Path, postgresql: PostgreSQL
) -> None:
    url = postgresql.create()
    async with sandbox.running(manifest=MANIFEST) as ws:
        with pytest.raises(AssertionError, match="written by a newer Tocsin"):
            async with replica(old_version, tmp_path, ws, url):
                pass
    postgresql.give_back(url)


async def _rest(database: Database) -> None:
    async with asyncio.timeout(WITHIN_S):
        while True:
            async with database.reading() as conn:
                depth = await census.count_by_state(conn)
            if not any(depth[state] for state in ("held", "queued", "leased", "unknown")):
                assert depth["failed"] == 0
                return
            await asyncio.sleep(0.1)


async def _every_deadline_is_decided(database: Database) -> None:
    """Every page went out once, whichever version planned its deadline and whichever claimed it."""
    soon = to_microseconds(datetime.now(UTC) + timedelta(minutes=5))
    undecided = sa.text("SELECT count(*) FROM deadlines WHERE state IN ('waiting', 'due') AND due_at < :soon")
    async with asyncio.timeout(WITHIN_S):
        while True:
            async with database.reading() as conn:
                if not await conn.scalar(undecided, {"soon": soon}):
                    break
            await asyncio.sleep(0.1)
    async with database.reading() as conn:
        for incident in await incidents.newest(conn, limit=1000):
            rows = {row.dedup_key: row for row in await deadlines.ledger(conn, incident.number)}
            target = rows[f"respond:{incident.number}:1:sev3"]
            first, second = (rows[f"rung:{incident.number}:1:sev3:{rung}"] for rung in (1, 2))
            assert first.state is DeadlineState.SENT
            if second.state is DeadlineState.WAITING:  # on a slow machine one page may have answered for both
                paged_for_target = target.state is DeadlineState.SENT and first.reason.startswith("paged early")
                assert paged_for_target or target.state is DeadlineState.SKIPPED
            else:
                assert target.state is second.state is DeadlineState.SENT
        planned = await conn.scalars(sa.text("SELECT DISTINCT subject IS NULL FROM deadlines"))
    assert set(planned) == {True, False}, "both versions have planned some"


async def _nothing_lost_or_doubled(ws: Workspace, database: Database, crowd: Crowd) -> None:
    async with database.reading() as conn:
        stored = await incidents.newest(conn, limit=1000)
        written = [r for i in stored for r in await entries.read(conn, i.number)]
        notices = Counter((await conn.scalars(sa.text("SELECT metadata_key FROM outbox WHERE state = 'sent'"))).all())
    titles = Counter(incident.title for incident in stored)
    assert set(crowd.declared) <= titles.keys() <= {*crowd.declared, *crowd.refused}
    assert set(titles.values()) == {1}
    channels = [name for name in ws.channel_names() if name.startswith("inc-")]
    assert sorted(int(name.split("-")[1]) for name in channels) == sorted(incident.number for incident in stored)
    assert all(len(ws.pinned(ws.channel(name).id)) == 1 for name in channels)
    texts = Counter(record.entry.text for record in written if record.entry.kind in ("message", "note"))
    for words in (*crowd.said, *crowd.noted):
        assert texts[words] == 1, words
    assert [f.message async for r in verify.verify_all(database.snapshot) for f in r.faults] == []
    posted = Counter(
        message.metadata["event_payload"]["key"]
        for channel in ws.state.channels.values()
        for message in ws.bot_messages(channel.id)
        if message.metadata
    )
    assert set(posted.values()) == {1}
    assert posted.keys() <= notices.keys()
